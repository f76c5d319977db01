//! Cancel keys: what the front door issued, and the engine's keys behind them.
//! Owns the map and the CancelRequest to the engine.
//! Invariant: a key is known exactly as long as its session lives; unknown keys do nothing, as on PostgreSQL.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

const DEADLINE: Duration = Duration::from_secs(5);

/// A process id and its secret.
pub(crate) type Key = (i32, i32);

/// Keys of all living sessions.
#[derive(Clone, Debug, Default)]
pub(crate) struct CancelKeys {
    keys: Arc<Mutex<HashMap<Key, Key>>>,
}

impl CancelKeys {
    /// Issues a key of our own for an engine session. The process id is the engine's, so that `pg_backend_pid()` agrees.
    pub(crate) fn issue(&self, engine: Key) -> IssuedKey {
        let issued = (engine.0, rand::random());
        self.lock().insert(issued, engine);
        IssuedKey { registry: self.clone(), key: issued }
    }

    /// Cancels what the session with this key is doing; returns when the engine has taken the request.
    pub(crate) async fn cancel(&self, socket: &Path, key: Key) -> Result<()> {
        let Some((process_id, secret_key)) = self.lock().get(&key).copied() else { return Ok(()) };
        let mut request = BytesMut::new();
        frontend::cancel_request(process_id, secret_key, &mut request);
        tokio::time::timeout(DEADLINE, async {
            let mut stream = UnixStream::connect(socket).await?;
            stream.write_all(&request).await?;
            // The engine closes once the signal is sent; clients rely on that order.
            stream.read(&mut [0]).await?;
            Ok(())
        })
        .await?
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Key>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key in use; dropping it makes it unknown.
#[derive(Debug)]
pub(crate) struct IssuedKey {
    registry: CancelKeys,
    pub(crate) key: Key,
}

impl Drop for IssuedKey {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn unknown_key_touches_no_engine() {
        let nowhere = Path::new("/nonexistent/socket");
        let keys = CancelKeys::default();
        let issued = keys.issue((7, 8));
        let key = issued.key;
        assert!(keys.cancel(nowhere, (7, key.1.wrapping_add(1))).await.is_ok());
        assert!(keys.cancel(nowhere, key).await.is_err());
        drop(issued);
        assert!(keys.cancel(nowhere, key).await.is_ok());
    }
}

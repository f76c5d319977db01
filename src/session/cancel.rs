//! CancelRequest: ends the statement of a session from a connection of its own.
//!
//! The server closes that connection once the signal is on its way; [`Canceller::send`] returns only then (or at its
//! deadline), so that whoever waits for it knows that no later statement can be hit.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::tls::TlsClient;
use super::transport;

/// Time for one CancelRequest, per attempt.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Where the session's backend is.
#[derive(Clone)]
pub(super) struct Canceller {
    pub(super) address: SocketAddr,
    pub(super) tls: Option<TlsClient>,
    pub(super) process_id: i32,
    pub(super) secret_key: i32,
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canceller").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Canceller {
    /// Over TLS when the session uses it; if that fails, in plain text as the official drivers always do it. The key is
    /// worth a cancelled statement, nothing more. False when the request went out but nobody knows whether it still
    /// travels: the session must not be used again.
    pub(super) async fn send(self) -> bool {
        let sent = AtomicBool::new(false);
        for tls in [self.tls.as_ref(), None] {
            let ended = timeout(TIMEOUT, self.attempt(tls, &sent)).await == Ok(true);
            if ended || sent.load(Ordering::Relaxed) {
                return ended;
            }
        }
        true
    }

    /// Whether the request was sent and the server has closed the connection since.
    async fn attempt(&self, tls: Option<&TlsClient>, sent: &AtomicBool) -> bool {
        let Ok(socket) = TcpStream::connect(self.address).await else { return false };
        let Ok(mut transport) = transport::secure(socket, tls, "the server").await else { return false };
        let mut request = BytesMut::new();
        frontend::cancel_request(self.process_id, self.secret_key, &mut request);
        sent.store(true, Ordering::Relaxed);
        if transport.write_all(&request).await.is_ok() && transport.flush().await.is_ok() {
            let mut ignored = [0; 64];
            while let Ok(1..) = transport.read(&mut ignored).await {}
        }
        true
    }
}

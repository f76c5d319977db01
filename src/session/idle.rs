//! Closes a session that nobody uses any more, so that it holds no connection slot and no locks of a forgotten
//! transaction.
//!
//! It does not know who uses the session. Invariant: a session with a statement under way or a result that is not read
//! to its end is never idle.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::timeout;

use super::connection::{CLOSE_TIMEOUT, Session};

impl Session {
    /// Closes the session once it was not used for this long. The watch ends with the session.
    pub(crate) fn close_when_idle(self: &Arc<Self>, limit: Duration) {
        self.runtime.spawn(watch(Arc::downgrade(self), limit));
    }

    /// Closes if it is idle; otherwise answers when to look again.
    async fn close_if_idle(&self, limit: Duration) -> Option<Duration> {
        let rest = limit.saturating_sub(self.shared.unused_for());
        if !rest.is_zero() {
            return Some(rest);
        }
        let Ok(mut wire) = self.wire.try_lock() else { return Some(limit) };
        if wire.open.is_some() {
            return Some(limit);
        }
        self.shared.close(format!(
            "it was not used for {} s, and adbc.redshift.session.idle_timeout_seconds closes it then",
            limit.as_secs_f32()
        ));
        // A failed goodbye changes nothing: the socket is closed with the last user.
        let _ = timeout(CLOSE_TIMEOUT, wire.terminate()).await;
        None
    }
}

async fn watch(session: Weak<Session>, limit: Duration) {
    loop {
        // No share is held while it sleeps: the session lives as long as its users.
        let Some(session) = session.upgrade().filter(|session| !session.is_closed()) else { return };
        let Some(rest) = session.close_if_idle(limit).await else { return };
        drop(session);
        tokio::time::sleep(rest).await;
    }
}

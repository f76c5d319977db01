//! Which operations are running, so that `cancel` can reach them from any thread.
//!
//! An operation is registered before its first wait and removed when its guard is dropped; a result's guard lives
//! as long as its reader. Takes no lock that is held across a wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::session::CancelToken;

/// The running operations of one connection or statement.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<Vec<Arc<CancelToken>>>>);

/// Keeps an operation registered until dropped.
#[derive(Debug)]
pub(super) struct RunningOperation {
    token: Arc<CancelToken>,
    owners: Vec<Running>,
}

impl Running {
    /// Cancels all; false when there was nothing to cancel.
    pub(super) fn cancel(&self) -> bool {
        let tokens = self.lock();
        for token in tokens.iter() {
            token.cancel();
        }
        !tokens.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<CancelToken>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunningOperation {
    /// Registers a new operation with everything that may cancel it.
    pub(super) fn start(owners: &[&Running]) -> Self {
        let token = Arc::new(CancelToken::new());
        for owner in owners {
            owner.lock().push(Arc::clone(&token));
        }
        Self { token, owners: owners.iter().copied().cloned().collect() }
    }

    pub(super) fn token(&self) -> &CancelToken {
        &self.token
    }
}

impl Drop for RunningOperation {
    fn drop(&mut self) {
        for owner in &self.owners {
            owner.lock().retain(|token| !Arc::ptr_eq(token, &self.token));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancel_reaches_what_runs_and_nothing_else() {
        let (connection, statement, other) = (Running::default(), Running::default(), Running::default());
        let ours = RunningOperation::start(&[&connection, &statement]);
        let others = RunningOperation::start(&[&connection, &other]);
        assert!(statement.cancel());
        assert!(ours.token().is_cancelled() && !others.token().is_cancelled());
        assert!(connection.cancel());
        assert!(others.token().is_cancelled());
    }

    #[test]
    fn there_is_nothing_to_cancel_after_the_end() {
        let statement = Running::default();
        drop(RunningOperation::start(&[&statement]));
        assert!(!statement.cancel());
    }
}

//! [`Limits`]: what ends a wait for the server early.
//!
//! Does not send the cancel that follows. Invariant: no wait outlasts its deadline, whatever the server does.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use super::error::{Error, ErrorKind};
use super::{CancelToken, Operation};

/// How long a failed or cancelled operation waits for the server to follow. After that the wire stays as it is, and
/// whoever takes it next waits on: a cancel must be prompt even if the server is not.
const PATIENCE: Duration = Duration::from_millis(500);

/// What ends a wait early.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits<'a> {
    pub(super) cancel: Option<&'a CancelToken>,
    pub(super) deadline: Option<Instant>,
}

impl<'a> Limits<'a> {
    pub(super) fn of(operation: &'a Operation) -> Self {
        Self { cancel: Some(&operation.cancel), deadline: operation.deadline }
    }

    /// The same, but no longer than a server needs that has failed or been cancelled.
    pub(super) fn patient(self) -> Self {
        self.at_most_until(Instant::now() + PATIENCE)
    }

    /// The same, but no longer than until then.
    pub(super) fn at_most_until(self, grace: Instant) -> Self {
        Self { deadline: Some(self.deadline.map_or(grace, |deadline| deadline.min(grace))), ..self }
    }

    /// For work that finds all it waits for at once, time after time.
    pub(super) fn check(self) -> Result<(), Error> {
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Err(deadline_passed()),
            _ => Ok(()),
        }
    }

    /// Waits for the future, the token and the deadline.
    pub(super) async fn run<F: Future>(self, future: F) -> Result<F::Output, Error> {
        // A server that never stops talking keeps the future ready, and the timer would not be asked.
        self.check()?;
        let cancellable = async {
            match self.cancel {
                Some(cancel) if cancel.is_cancelled() => None,
                Some(cancel) => cancel.run_until_cancelled(future).await,
                None => Some(future.await),
            }
        };
        let outcome = match self.deadline {
            Some(deadline) => {
                timeout_at(deadline.into(), cancellable).await.map_err(|_| deadline_passed())?
            }
            None => cancellable.await,
        };
        outcome.ok_or_else(|| Error::new(ErrorKind::Cancelled, "cancelled by the caller"))
    }
}

fn deadline_passed() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the server did not answer in time (for a query: within adbc.redshift.result.query_timeout_seconds); the \
         statement was stopped",
    )
}

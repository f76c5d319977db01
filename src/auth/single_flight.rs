//! One load at a time for a value that many threads want.
//!
//! It does not know what is loaded. Invariant: callers that queued while a load was under way share its outcome,
//! failure included, so one refused login does not open a second browser window.

use std::future::Future;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::cancellable;
use super::error::{Error, ErrorKind};

#[derive(Debug)]
pub(super) struct SingleFlight<T> {
    value: Mutex<Option<T>>,
    landed: std::sync::Mutex<Landed>,
}

#[derive(Debug, Default)]
struct Landed {
    flights: u64,
    failure: Option<Error>,
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self { value: Mutex::default(), landed: std::sync::Mutex::default() }
    }
}

impl<T: Clone> SingleFlight<T> {
    /// The value kept when `usable` says so, else the outcome of the load under way, else that of `load`.
    pub(super) async fn load<F>(
        &self,
        cancel: &CancellationToken,
        usable: impl Fn(&T) -> bool,
        load: impl FnOnce(Option<T>) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let flights_before = self.landed().flights;
        let mut value = cancellable(cancel, async { Ok(self.value.lock().await) }).await?;
        if let Some(kept) = value.as_ref().filter(|kept| usable(kept)) {
            return Ok(kept.clone());
        }
        if let Some(failure) = self.failure_since(flights_before) {
            return Err(failure);
        }
        let outcome = cancellable(cancel, load(value.take())).await;
        match &outcome {
            Ok(loaded) => *value = Some(loaded.clone()),
            // The next in the queue did not cancel, and must try for itself.
            Err(error) if error.kind() == ErrorKind::Cancelled => {}
            Err(error) => self.land(Some(error.clone())),
        }
        outcome
    }

    /// Forgets the value if `matches` says so. Does nothing while a load is under way: its value is newer.
    pub(super) fn forget(&self, matches: impl FnOnce(&T) -> bool) {
        if let Ok(mut value) = self.value.try_lock()
            && value.as_ref().is_some_and(matches)
        {
            *value = None;
        }
    }

    /// Whether nobody would miss this entry: no load under way, and nothing kept that `usable` accepts.
    pub(super) fn is_idle(&self, usable: impl FnOnce(&T) -> bool) -> bool {
        self.value.try_lock().is_ok_and(|value| !value.as_ref().is_some_and(usable))
    }

    fn failure_since(&self, flights: u64) -> Option<Error> {
        let landed = self.landed();
        if landed.flights > flights { landed.failure.clone() } else { None }
    }

    fn land(&self, failure: Option<Error>) {
        let mut landed = self.landed();
        landed.flights += 1;
        landed.failure = failure;
    }

    fn landed(&self) -> std::sync::MutexGuard<'_, Landed> {
        self.landed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

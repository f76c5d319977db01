//! How far the connections of a script have come, for the test that watches.
//! Owns outcomes, marks and the count of CancelRequests.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What became of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps were played.
    Finished,
    /// The client left before the last step.
    Left,
    /// Steps are left to play.
    Playing,
    /// The client asked for something else: what was expected, and what came.
    Unscripted(String),
}

#[derive(Debug, Default)]
pub(super) struct Progress {
    state: Mutex<State>,
    marked: Condvar,
}

#[derive(Debug, Default)]
struct State {
    outcomes: Vec<Outcome>,
    marks: Vec<&'static str>,
    cancels: usize,
}

impl Progress {
    /// Counts a connection in; answers its number.
    pub(super) fn begin(&self) -> usize {
        let outcomes = &mut self.lock().outcomes;
        outcomes.push(Outcome::Playing);
        outcomes.len() - 1
    }

    pub(super) fn end(&self, number: usize, outcome: Outcome) {
        if let Some(slot) = self.lock().outcomes.get_mut(number) {
            *slot = outcome;
        }
    }

    pub(super) fn count_cancel(&self) {
        self.lock().cancels += 1;
    }

    pub(super) fn mark(&self, name: &'static str) {
        self.lock().marks.push(name);
        self.marked.notify_all();
    }

    pub(super) fn wait_for(&self, mark: &str, deadline: Duration) -> bool {
        let missing = |state: &mut State| !state.marks.contains(&mark);
        let waited = self.marked.wait_timeout_while(self.lock(), deadline, missing);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    pub(super) fn outcomes(&self) -> Vec<Outcome> {
        self.lock().outcomes.clone()
    }

    pub(super) fn cancels(&self) -> usize {
        self.lock().cancels
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

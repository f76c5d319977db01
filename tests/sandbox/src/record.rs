//! What clients asked for, kept for tests.
//! Owns the records and their bounds.
//! Invariant: memory stays bounded however long the sandbox runs: the oldest records go first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MAX_SESSIONS: usize = 256;
const MAX_BINDS: usize = 1024;

/// One Bind of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindRecord {
    /// The prepared statement, empty for the unnamed one.
    pub statement: String,
    /// The result format codes as sent: none, one, or one for each column.
    pub result_formats: Vec<i16>,
    /// How many parameter values came.
    pub parameters: usize,
}

/// One session, from its StartupMessage on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRecord {
    /// The startup parameters in the order they came.
    pub parameters: Vec<(String, String)>,
    /// Whether the session was encrypted.
    pub tls: bool,
    /// The protocol version in force, 0 when the client asked for none.
    pub protocol: u32,
    /// Whether the login succeeded.
    pub logged_in: bool,
    /// How often the client waited for ReadyForQuery: Sync and Query messages.
    pub round_trips: u64,
    /// The latest Bind messages, oldest first.
    pub binds: VecDeque<BindRecord>,
}

impl SessionRecord {
    /// The value of a startup parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// All records of a sandbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    sessions: Arc<Mutex<VecDeque<Arc<Mutex<SessionRecord>>>>>,
}

impl Recorder {
    /// Starts the record of a session.
    pub(crate) fn begin(&self, record: SessionRecord) -> SessionRecorder {
        let entry = Arc::new(Mutex::new(record));
        let mut sessions = lock(&self.sessions);
        if sessions.len() == MAX_SESSIONS {
            sessions.pop_front();
        }
        sessions.push_back(Arc::clone(&entry));
        SessionRecorder { entry }
    }

    /// A copy of all records, oldest first.
    pub(crate) fn sessions(&self) -> Vec<SessionRecord> {
        lock(&self.sessions).iter().map(|entry| lock(entry).clone()).collect()
    }
}

/// Writes to the record of one session.
#[derive(Clone, Debug)]
pub(crate) struct SessionRecorder {
    entry: Arc<Mutex<SessionRecord>>,
}

impl SessionRecorder {
    pub(crate) fn logged_in(&self) {
        lock(&self.entry).logged_in = true;
    }

    pub(crate) fn round_trip(&self) {
        lock(&self.entry).round_trips += 1;
    }

    pub(crate) fn bind(&self, bind: BindRecord) {
        let binds = &mut lock(&self.entry).binds;
        if binds.len() == MAX_BINDS {
            binds.pop_front();
        }
        binds.push_back(bind);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_sessions_and_binds_go_first() {
        let recorder = Recorder::default();
        let first = recorder.begin(SessionRecord { protocol: 1, ..SessionRecord::default() });
        for parameters in 0..MAX_BINDS + 2 {
            first.bind(BindRecord { statement: String::new(), result_formats: vec![1], parameters });
        }
        assert_eq!(recorder.sessions()[0].binds.front().unwrap().parameters, 2);
        for _ in 0..MAX_SESSIONS {
            recorder.begin(SessionRecord::default());
        }
        assert_eq!(recorder.sessions().len(), MAX_SESSIONS);
        assert_eq!(recorder.sessions()[0].protocol, 0);
    }
}

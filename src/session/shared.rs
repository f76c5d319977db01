//! What of a session can be read at any time without waiting: status, parameters, notices, and whether it is usable.
//!
//! Nothing here is locked across I/O.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::TransactionStatus;
use super::error::{Error, ErrorKind, ServerError};
use super::request::Close;

/// How many notices are kept.
const NOTICES: usize = 100;

/// How many parameters are kept. Servers report some twenty; one that makes up names must not fill the memory.
const PARAMETERS: usize = 1000;

/// Side state of one session.
#[derive(Debug)]
pub(super) struct Shared {
    process: u32,
    status: AtomicU8,
    closed: OnceLock<String>,
    /// By lower-case name: Redshift says `datestyle` where PostgreSQL says `DateStyle`.
    parameters: RwLock<HashMap<String, String>>,
    notices: Mutex<VecDeque<ServerError>>,
    closes: Mutex<Vec<Close>>,
    names: AtomicU32,
    last_used: Mutex<Instant>,
    operations: AtomicU64,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            process: std::process::id(),
            status: AtomicU8::new(b'I'),
            closed: OnceLock::new(),
            parameters: RwLock::default(),
            notices: Mutex::default(),
            closes: Mutex::default(),
            names: AtomicU32::new(0),
            last_used: Mutex::new(Instant::now()),
            operations: AtomicU64::new(0),
        }
    }

    /// True in a process forked from the one that connected.
    pub(super) fn is_foreign_process(&self) -> bool {
        self.process != std::process::id()
    }

    /// Fails in a forked process.
    pub(super) fn check_process(&self) -> Result<(), Error> {
        match self.is_foreign_process() {
            false => Ok(()),
            true => Err(Error::new(
                ErrorKind::Forked,
                "this connection belongs to the parent process; after a fork, connect anew in the child",
            )),
        }
    }

    /// Fails unless the session may be used.
    pub(super) fn check_usable(&self) -> Result<(), Error> {
        self.check_process()?;
        match self.closed.get() {
            None => Ok(()),
            Some(reason) => Err(Error::new(
                ErrorKind::Closed,
                format!("the connection cannot be used any more ({reason}); connect anew"),
            )
            .before_sending()),
        }
    }

    /// Marks the session unusable; the first reason stays.
    pub(super) fn close(&self, reason: impl Into<String>) {
        let _ = self.closed.set(reason.into());
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_foreign_process() || self.closed.get().is_some()
    }

    pub(super) fn set_transaction_status(&self, status: u8) -> Result<(), Error> {
        if !matches!(status, b'I' | b'T' | b'E') {
            return Err(Error::protocol(format!(
                "ReadyForQuery has unknown status {:?}",
                char::from(status)
            )));
        }
        self.status.store(status, Ordering::Release);
        Ok(())
    }

    /// BEGIN is under way: until its ReadyForQuery, COMMIT and ROLLBACK must know of the transaction.
    pub(super) fn transaction_begins(&self) {
        self.status.store(b'T', Ordering::Release);
    }

    pub(super) fn transaction_status(&self) -> TransactionStatus {
        match self.status.load(Ordering::Acquire) {
            b'T' => TransactionStatus::Open,
            b'E' => TransactionStatus::Failed,
            _ => TransactionStatus::Idle,
        }
    }

    pub(super) fn set_parameter(&self, name: &str, value: &str) {
        let mut parameters = self.parameters.write().unwrap_or_else(PoisonError::into_inner);
        let name = name.to_ascii_lowercase();
        if parameters.len() < PARAMETERS || parameters.contains_key(&name) {
            parameters.insert(name, value.to_owned());
        }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let parameters = self.parameters.read().unwrap_or_else(PoisonError::into_inner);
        parameters.get(&name.to_ascii_lowercase()).cloned()
    }

    pub(super) fn add_notice(&self, notice: ServerError) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.len() == NOTICES {
            notices.pop_front();
        }
        notices.push_back(notice);
    }

    pub(super) fn notices(&self) -> Vec<ServerError> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Leaves a statement or portal to be closed with the next request.
    pub(super) fn close_later(&self, close: Close) {
        self.closes.lock().unwrap_or_else(PoisonError::into_inner).push(close);
    }

    pub(super) fn take_closes(&self) -> Vec<Close> {
        std::mem::take(&mut *self.closes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn count_operation(&self) {
        self.operations.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn operations(&self) -> u64 {
        self.operations.load(Ordering::Acquire)
    }

    /// Starts the time without use anew.
    pub(super) fn touch(&self) {
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long nobody used the session.
    pub(super) fn unused_for(&self) -> Duration {
        self.last_used.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// A number for a statement's or portal's name, unique in the session.
    pub(super) fn next_number(&self) -> u32 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_process_may_not_use_the_session() {
        let shared = Shared { process: 0, ..Shared::new() };
        assert!(shared.is_closed());
        assert_eq!(shared.check_usable().unwrap_err().kind(), ErrorKind::Forked);
    }

    #[test]
    fn the_first_reason_for_closing_is_kept() {
        let shared = Shared::new();
        shared.close("first");
        shared.close("second");
        assert!(shared.check_usable().unwrap_err().to_string().contains("first"));
    }

    #[test]
    fn parameters_are_found_in_any_case() {
        let shared = Shared::new();
        shared.set_parameter("DateStyle", "ISO, MDY");
        assert_eq!(shared.parameter("datestyle").as_deref(), Some("ISO, MDY"));
        assert_eq!(shared.parameter("TimeZone"), None);
    }

    #[test]
    fn parameters_without_end_do_not_fill_the_memory() {
        let shared = Shared::new();
        for number in 0..=PARAMETERS {
            shared.set_parameter(&number.to_string(), "on");
        }
        shared.set_parameter("0", "off");
        assert_eq!(shared.parameter("0").as_deref(), Some("off"));
        assert_eq!(shared.parameter(&PARAMETERS.to_string()), None);
    }

    #[test]
    fn the_last_hundred_notices_are_kept() {
        let shared = Shared::new();
        for number in 0..=NOTICES {
            shared.add_notice(ServerError { message: number.to_string(), ..ServerError::default() });
        }
        let notices = shared.notices();
        assert_eq!((notices.len(), notices[0].message.as_str()), (NOTICES, "1"));
    }
}

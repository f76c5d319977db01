//! Transactions of a connection: autocommit, commit and rollback, read-only mode and isolation level.
//!
//! Statements begin transactions themselves, in their own round trip. Invariant: what a transaction runs under does not
//! change while it is open.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use adbc_core::error::{Error, Result};
use adbc_core::options::OptionValue;

use super::connection::Connection;
use super::error::{from_session, invalid_state, not_implemented, sqlstate};
use super::options::{self, OptionSpec};
use super::running::RunningOperation;
use super::runtime;
use super::settings::SessionSettings;
use crate::session::{CancelToken, Operation, Session, TransactionStatus};

/// How long the server may take for a setting.
const SETTING_TIMEOUT: Duration = Duration::from_secs(60);

/// The level that this connection's database has.
const DATABASE_LEVEL: &str =
    "SELECT database_isolation_level FROM svv_redshift_databases WHERE database_name = current_database()";

const LEVEL_PREFIX: &str = "adbc.connection.transaction.isolation.";

/// Levels that every database of Redshift gives, whatever its own is.
const ALWAYS_GIVEN: &[&str] =
    &["default", "read_uncommitted", "read_committed", "repeatable_read", "snapshot"];

/// Brings a new session to what its options ask for. Sends nothing when they ask for nothing.
pub(super) async fn prepare(
    session: &Arc<Session>,
    wanted: &SessionSettings,
    cancel: &CancelToken,
) -> Result<()> {
    let operation = setting(cancel.clone());
    check_isolation(session, &wanted.isolation, &operation).await?;
    if wanted.read_only {
        session.command("SET readonly=1", &operation).await.map_err(|error| from_session(&error))?;
    }
    if let Some(limit) = wanted.idle_timeout {
        session.close_when_idle(limit);
    }
    Ok(())
}

fn setting(cancel: CancelToken) -> Operation {
    Operation {
        cancel,
        deadline: Some(Instant::now() + SETTING_TIMEOUT),
        begin: false,
        buffer_bytes: usize::MAX,
        query_group: None,
    }
}

/// Refuses a level that the database does not give. Asks the server only where databases differ.
async fn check_isolation(session: &Arc<Session>, level: &str, operation: &Operation) -> Result<()> {
    let name = level.strip_prefix(LEVEL_PREFIX).unwrap_or(level);
    if ALWAYS_GIVEN.contains(&name) {
        return Ok(());
    }
    if name == "serializable" && database_level(session, operation).await? == "serializable" {
        return Ok(());
    }
    Err(not_implemented(format!(
        "the isolation level '{name}' is not given by this database; an administrator can raise it to serializable by \
         ALTER DATABASE … ISOLATION LEVEL SERIALIZABLE, and more Redshift does not offer"
    )))
}

/// `serializable` or `snapshot`.
async fn database_level(session: &Arc<Session>, operation: &Operation) -> Result<&'static str> {
    let rows = session.rows(DATABASE_LEVEL, operation).await.map_err(|error| from_session(&error))?;
    let level = rows.into_iter().flatten().flatten().next().unwrap_or_default();
    if level.eq_ignore_ascii_case("serializable") { Ok("serializable") } else { Ok("snapshot") }
}

impl Connection {
    /// Commits the open transaction, if one was started.
    ///
    /// # Errors
    ///
    /// `InvalidState` under autocommit, and when a failed statement had already doomed the transaction: it is rolled
    /// back then.
    pub fn commit(&self) -> Result<()> {
        self.require_manual_commit("commit")?;
        self.end_transaction("COMMIT")
    }

    /// Rolls back the open transaction, if one was started.
    ///
    /// # Errors
    ///
    /// `InvalidState` under autocommit.
    pub fn rollback(&self) -> Result<()> {
        self.require_manual_commit("roll back")?;
        self.end_transaction("ROLLBACK")
    }

    /// Turns read-only mode on or off; before `init`, it is kept for then.
    pub(super) fn set_read_only(&self, spec: &OptionSpec, value: &OptionValue) -> Result<()> {
        let on = spec.parse(value)? == "true";
        if let Ok(session) = self.session() {
            self.require_no_transaction(&session, spec.key)?;
            let running = RunningOperation::start(&[self.running()]);
            let sql = if on { "SET readonly=1" } else { "SET readonly=0" };
            let operation = self.metadata_operation(&running)?;
            runtime::block_on(session.command(sql, &operation))?.map_err(|error| from_session(&error))?;
        }
        self.options.set(spec.key, value)
    }

    /// Accepts an isolation level that the database gives; before `init`, it is checked then.
    pub(super) fn set_isolation(&self, spec: &OptionSpec, value: &OptionValue) -> Result<()> {
        let level = spec.parse(value)?;
        if let Ok(session) = self.session() {
            self.require_no_transaction(&session, spec.key)?;
            let running = RunningOperation::start(&[self.running()]);
            let operation = self.metadata_operation(&running)?;
            runtime::block_on(check_isolation(&session, &level, &operation))??;
        }
        self.options.set(spec.key, value)
    }

    /// The level that the database gives.
    pub(super) fn isolation(&self) -> Result<String> {
        let session = self.session()?;
        let running = RunningOperation::start(&[self.running()]);
        let operation = self.metadata_operation(&running)?;
        let level = runtime::block_on(database_level(&session, &operation))??;
        Ok(format!("{LEVEL_PREFIX}{level}"))
    }

    fn require_no_transaction(&self, session: &Session, key: &str) -> Result<()> {
        match session.transaction_status() {
            TransactionStatus::Idle => Ok(()),
            TransactionStatus::Open | TransactionStatus::Failed => Err(invalid_state(format!(
                "option '{key}' cannot change within a transaction; commit or roll back first"
            ))),
        }
    }

    pub(super) fn autocommit(&self) -> bool {
        self.autocommit.load(Ordering::Acquire)
    }

    pub(super) fn set_autocommit(&self, on: bool) -> Result<()> {
        if on && !self.autocommit() && self.session().is_ok() {
            self.end_transaction("COMMIT")?;
        }
        self.autocommit.store(on, Ordering::Release);
        Ok(())
    }

    fn require_manual_commit(&self, verb: &str) -> Result<()> {
        self.session()?;
        if self.autocommit() {
            let message = format!(
                "cannot {verb} while autocommit is on; set '{}' to 'false' first",
                options::AUTOCOMMIT
            );
            return Err(invalid_state(message));
        }
        Ok(())
    }

    fn end_transaction(&self, sql: &str) -> Result<()> {
        let session = self.session()?;
        if session.transaction_status() == TransactionStatus::Idle && !session.is_closed() {
            return Ok(());
        }
        let running = RunningOperation::start(&[self.running()]);
        let mut operation = self.metadata_operation(&running)?;
        operation.deadline = None;
        let tag =
            runtime::block_on(session.command(sql, &operation))?.map_err(|error| from_session(&error))?;
        if sql == "COMMIT" && tag.text == "ROLLBACK" {
            return Err(Error {
                // in_failed_sql_transaction
                sqlstate: sqlstate("25P02"),
                ..invalid_state(
                    "nothing was committed: an earlier statement of the transaction had failed, so the server rolled \
                     it back; run the transaction again",
                )
            });
        }
        Ok(())
    }
}

//! The ADBC connection: one session, and its metadata calls; its transactions are in `transaction`. Knows no sockets;
//! statements run through it.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use adbc_core::error::{Result, Status};
use adbc_core::options::OptionValue;
use arrow_schema::Schema;

use super::database::Database;
use super::error::{invalid_state, not_implemented};
use super::login;
use super::metadata;
use super::options::{self, Level};
use super::reader::Reader;
use super::running::{Running, RunningOperation};
use super::settings::{ResultSettings, StatementSettings};
use super::store::{self, OptionStore};
use super::{ObjectsFilter, runtime};
use crate::session::{Operation, Session};

/// How long the answer to one of the driver's own metadata queries may take. Catalog queries over external schemas
/// were seen to take minutes.
const METADATA_TIMEOUT: Duration = Duration::from_secs(300);

/// One session with the server.
#[derive(Debug)]
pub struct Connection {
    pub(super) options: OptionStore,
    running: Running,
    pub(super) autocommit: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    New,
    Connecting,
    Open { session: Arc<Session>, database: Arc<Database>, catalog: String },
    Released,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            options: OptionStore::new(Level::Connection),
            running: Running::default(),
            autocommit: AtomicBool::new(true),
            state: Mutex::new(State::New),
        }
    }
}

impl Connection {
    /// A connection that is not open yet. It takes options, and [`Self::cancel`] already reaches its `init`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an option; those set before `init` are applied then.
    ///
    /// # Errors
    ///
    /// `NotImplemented` for unknown and read-only keys, `InvalidArguments` for a value that does not fit, and the
    /// server's error when turning autocommit on fails to commit.
    pub fn set_option(&self, key: &str, value: OptionValue) -> Result<()> {
        let spec = self.options.spec(key, Status::NotImplemented)?;
        match spec.key {
            options::AUTOCOMMIT => self.set_autocommit(spec.parse(&value)? == "true"),
            options::ISOLATION_LEVEL => self.set_isolation(spec, &value),
            options::READ_ONLY => self.set_read_only(spec, &value),
            options::CURRENT_CATALOG | options::CURRENT_DB_SCHEMA => {
                let name = spec.parse(&value)?;
                self.options.set(key, &value)?;
                match *self.lock() {
                    State::New | State::Connecting => return Ok(()),
                    State::Open { .. } | State::Released => {}
                }
                metadata::set_current(self, spec.key, &name)
            }
            _ => self.options.set(key, &value),
        }
    }

    /// The value of an option, or its default. Asks the server for the current schema.
    ///
    /// # Errors
    ///
    /// `NotFound` for unknown keys and options without value and default, `InvalidState` for what only an open
    /// connection knows.
    pub fn get_option_string(&self, key: &str) -> Result<String> {
        match self.options.spec(key, Status::NotFound)?.key {
            options::AUTOCOMMIT => Ok(self.autocommit().to_string()),
            options::ISOLATION_LEVEL if self.session().is_ok() => self.isolation(),
            options::CURRENT_CATALOG => self.catalog(),
            options::CURRENT_DB_SCHEMA => metadata::current_schema(self),
            _ => self.options.shown(key),
        }
    }

    /// As [`Self::get_option_string`], as bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::get_option_string`].
    pub fn get_option_bytes(&self, key: &str) -> Result<Vec<u8>> {
        self.get_option_string(key).map(String::into_bytes)
    }

    /// As [`Self::get_option_string`], as an integer.
    ///
    /// # Errors
    ///
    /// As [`Self::get_option_string`], and `InvalidArguments` when the value is no integer.
    pub fn get_option_int(&self, key: &str) -> Result<i64> {
        store::to_int(key, &self.get_option_string(key)?)
    }

    /// As [`Self::get_option_string`], as a double.
    ///
    /// # Errors
    ///
    /// As [`Self::get_option_string`], and `InvalidArguments` when the value is no number.
    pub fn get_option_double(&self, key: &str) -> Result<f64> {
        store::to_double(key, &self.get_option_string(key)?)
    }

    /// Connects and logs in.
    ///
    /// # Errors
    ///
    /// `InvalidArguments` for missing options, `Unauthenticated`, `IO`, `Timeout`, `Cancelled`, or what the server
    /// answered; the connection can then be initialized again.
    pub fn init(&self, database: &Arc<Database>) -> Result<()> {
        let stores = [&self.options, database.options()?];
        let operation = RunningOperation::start(&[&self.running]);
        self.begin_connecting()?;
        let connected = runtime::block_on(login::connect(&stores, database.logins(), operation.token()))
            .and_then(|connected| connected);
        let mut state = self.lock();
        match (connected, &*state) {
            (Ok((session, catalog)), State::Connecting) => {
                *state = State::Open { session, database: Arc::clone(database), catalog };
                drop(state);
                metadata::set_currents(self, &self.options).inspect_err(|_| *self.lock() = State::New)
            }
            (Ok(_), _) => Err(invalid_state("the connection was released while it connected")),
            (Err(error), State::Connecting) => {
                *state = State::New;
                Err(error)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Ends the connection. The session closes now, or with the last result that still reads from it.
    ///
    /// # Errors
    ///
    /// None at present; the session is given up in any case.
    pub fn release(&self) -> Result<()> {
        let previous = std::mem::replace(&mut *self.lock(), State::Released);
        if let State::Open { session, .. } = previous
            && Arc::strong_count(&session) == 1
        {
            runtime::block_on(session.close())?;
        }
        Ok(())
    }

    /// Cancels everything that runs on this connection, `init` and its statements included.
    ///
    /// # Errors
    ///
    /// `InvalidState` when nothing runs.
    pub fn cancel(&self) -> Result<()> {
        if self.running.cancel() {
            Ok(())
        } else {
            Err(invalid_state("there is nothing to cancel on this connection"))
        }
    }

    /// Facts about driver and server; `None` asks for all codes, unknown codes are left out.
    ///
    /// # Errors
    ///
    /// `InvalidState` when the connection is not open.
    pub fn get_info(&self, codes: Option<&[u32]>) -> Result<Reader> {
        metadata::info(&*self.session()?, codes)
    }

    /// Catalogs, schemas, tables and columns down to a depth, with NULL below it. System schemas are left out unless a
    /// filter asks for them; tables of other databases come without constraints, which only their own database knows.
    ///
    /// # Errors
    ///
    /// `InvalidArguments` for an unknown depth.
    pub fn get_objects(&self, depth: i32, filter: &ObjectsFilter<'_>) -> Result<Reader> {
        metadata::objects(self, depth, filter)
    }

    /// The schema of a table: the types a query returns, with nullability.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such table.
    pub fn get_table_schema(
        &self,
        catalog: Option<&str>,
        db_schema: Option<&str>,
        table: &str,
    ) -> Result<Schema> {
        metadata::table_schema(self, catalog, db_schema, table)
    }

    /// The table types that Redshift knows.
    ///
    /// # Errors
    ///
    /// `InvalidState` when the connection is not open.
    pub fn get_table_types(&self) -> Result<Reader> {
        self.session()?;
        metadata::table_types()
    }

    /// What is known of the tables in the current database: of all that match the patterns, with `None` for no filter.
    ///
    /// # Errors
    ///
    /// `InvalidState` when the connection is not open.
    pub fn get_statistics(
        &self,
        catalog: Option<&str>,
        db_schema: Option<&str>,
        table: Option<&str>,
        approximate: bool,
    ) -> Result<Reader> {
        metadata::statistics(self, catalog, db_schema, table, approximate)
    }

    /// The names of the statistics that only this driver has.
    ///
    /// # Errors
    ///
    /// `InvalidState` when the connection is not open.
    pub fn get_statistic_names(&self) -> Result<Reader> {
        self.session()?;
        metadata::statistic_names()
    }

    /// Redshift results have no partitions.
    ///
    /// # Errors
    ///
    /// `NotImplemented`.
    pub fn read_partition(&self, _partition: &[u8]) -> Result<Reader> {
        self.session()?;
        Err(not_implemented("results are not partitioned; use ExecuteQuery"))
    }

    pub(super) fn session(&self) -> Result<Arc<Session>> {
        self.with_open(|session, _, _| Arc::clone(session))
    }

    /// The database of the session.
    pub(super) fn catalog(&self) -> Result<String> {
        self.with_open(|_, _, catalog| catalog.to_owned())
    }

    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    /// The settings of a statement on this connection, as `known` if they are still right.
    pub(super) fn settings(
        &self,
        statement: &OptionStore,
        known: Option<Arc<StatementSettings>>,
    ) -> Result<Arc<StatementSettings>> {
        let database = self.with_open(|_, database, _| Arc::clone(database))?;
        StatementSettings::current(known, [statement, &self.options, database.options()?])
    }

    /// What governs a user's statement: the deadline that was asked for, and a transaction when autocommit is off.
    pub(super) fn statement_operation(
        &self,
        running: &RunningOperation,
        settings: &ResultSettings,
    ) -> Operation {
        Operation {
            cancel: running.token().clone(),
            deadline: settings.query_timeout.map(|limit| Instant::now() + limit),
            begin: !self.autocommit(),
            buffer_bytes: settings.buffer_bytes,
            query_group: settings.query_group.clone(),
        }
    }

    /// What governs the driver's own queries: a deadline, and no transaction of their own making.
    pub(super) fn metadata_operation(&self, running: &RunningOperation) -> Result<Operation> {
        let database = self.with_open(|_, database, _| Arc::clone(database))?;
        let settings = ResultSettings::from_stores(&[&self.options, database.options()?])?;
        Ok(Operation {
            cancel: running.token().clone(),
            deadline: Some(Instant::now() + METADATA_TIMEOUT),
            begin: false,
            buffer_bytes: settings.buffer_bytes,
            query_group: settings.query_group,
        })
    }

    fn begin_connecting(&self) -> Result<()> {
        let mut state = self.lock();
        match *state {
            State::New => {
                *state = State::Connecting;
                Ok(())
            }
            State::Connecting => Err(invalid_state("the connection is being initialized by another thread")),
            State::Open { .. } => Err(invalid_state("the connection is already initialized")),
            State::Released => Err(invalid_state("the connection was released")),
        }
    }

    fn with_open<T>(&self, read: impl FnOnce(&Arc<Session>, &Arc<Database>, &str) -> T) -> Result<T> {
        match &*self.lock() {
            State::Open { session, database, catalog } => Ok(read(session, database, catalog)),
            State::Released => Err(invalid_state("the connection was released")),
            State::New | State::Connecting => {
                Err(invalid_state("the connection is not initialized; call AdbcConnectionInit first"))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

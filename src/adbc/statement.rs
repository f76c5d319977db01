//! The ADBC statement: a query, its settings, and at most one open result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adbc_core::error::{Result, Status};
use adbc_core::options::OptionValue;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::Schema;

use super::bound::Bound;
use super::columns;
use super::connection::Connection;
use super::error::{invalid_state, not_implemented};
use super::execute::{State, failed};
use super::insert;
use super::last_query::LastQuery;
use super::options::{self, Level};
use super::reader::Reader;
use super::running::{Running, RunningOperation};
use super::runtime;
use super::store::{self, OptionStore};

/// What a query replaces.
const INGEST_TARGET: &[&str] = &[
    options::INGEST_TARGET_TABLE,
    options::INGEST_TARGET_CATALOG,
    options::INGEST_TARGET_DB_SCHEMA,
    options::INGEST_MODE,
    options::INGEST_TEMPORARY,
];

/// One statement on a connection.
#[derive(Debug)]
pub struct Statement {
    pub(super) connection: Arc<Connection>,
    pub(super) options: OptionStore,
    pub(super) running: Running,
    state: Mutex<State>,
    pub(super) last_query: LastQuery,
}

impl Statement {
    /// A statement without a query.
    ///
    /// # Errors
    ///
    /// `InvalidState` when the connection is not open.
    pub fn new(connection: &Arc<Connection>) -> Result<Self> {
        connection.session()?;
        Ok(Self {
            connection: Arc::clone(connection),
            options: OptionStore::new(Level::Statement),
            running: Running::default(),
            state: Mutex::default(),
            last_query: LastQuery::default(),
        })
    }

    /// Sets an option; it applies from the next execution on.
    ///
    /// # Errors
    ///
    /// `NotImplemented` for an unknown key, `InvalidArguments` for a value that does not fit.
    pub fn set_option(&self, key: &str, value: OptionValue) -> Result<()> {
        let spec = self.options.spec(key, Status::NotImplemented)?;
        if spec.key == options::INCREMENTAL && spec.parse(&value)? == "true" {
            return Err(not_implemented(
                "incremental execution is not supported; results are not partitioned",
            ));
        }
        if spec.key == options::BIND_BY_NAME && spec.parse(&value)? == "true" {
            return Err(not_implemented(format!(
                "'{key}': Redshift's parameters have numbers and no names; write $1, $2 and so on in the query, and bind \
                 the values in that order (in Python as a list or tuple, not as a dict)"
            )));
        }
        if spec.key == options::QUERY_ID {
            return Err(not_implemented(format!("option '{key}' is read only")));
        }
        self.options.set(key, &value)?;
        if spec.key == options::INGEST_TARGET_TABLE {
            self.lock().forget_query();
        }
        Ok(())
    }

    /// The value of an option set on this statement, or the default.
    ///
    /// # Errors
    ///
    /// `NotFound` for unknown keys and options without value and default.
    pub fn get_option_string(&self, key: &str) -> Result<String> {
        match options::find(key).map(|spec| spec.key) {
            Some(options::QUERY_ID) => self.last_query.id(&self.connection),
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

    /// Sets the query. Several statements in one text are refused by the server when executed.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn set_sql_query(&self, sql: &str) -> Result<()> {
        let mut state = self.lock();
        state.forget_query();
        state.sql = Some(sql.to_owned());
        self.options.unset(INGEST_TARGET);
        Ok(())
    }

    /// Redshift takes no Substrait plans.
    ///
    /// # Errors
    ///
    /// `NotImplemented`.
    pub fn set_substrait_plan(&self, _plan: &[u8]) -> Result<()> {
        Err(not_implemented("Substrait plans are not supported; use SetSqlQuery"))
    }

    /// Prepares the query on the server. One with parameters waits for their types, which the bound data has: the server
    /// could not type `SELECT $1 + $2` on its own, and to fail would end the transaction.
    ///
    /// # Errors
    ///
    /// `InvalidState` without a query; the server's error otherwise.
    pub fn prepare(&self) -> Result<()> {
        let mut state = self.lock();
        let has_types = state.bound.is_some() || !insert::may_have_parameters(state.query()?);
        if has_types {
            let types = state.declared_types()?;
            let running = self.start();
            self.prepared(&mut state, types, &running)?;
        }
        state.prepare = true;
        Ok(())
    }

    /// Binds one batch; the next execution uses it up.
    ///
    /// # Errors
    ///
    /// None at present: what does not fit the query or cannot be sent is an error of the execution.
    pub fn bind(&self, batch: RecordBatch) -> Result<()> {
        self.lock().bound = Some(Bound::batch(batch));
        Ok(())
    }

    /// Binds a stream of batches, which the next execution reads one by one.
    ///
    /// # Errors
    ///
    /// As [`Self::bind`].
    pub fn bind_stream(&self, stream: Box<dyn RecordBatchReader + Send>) -> Result<()> {
        self.lock().bound = Some(Bound::stream(stream));
        Ok(())
    }

    /// One field per parameter of the prepared query, as the server types it.
    ///
    /// # Errors
    ///
    /// `InvalidState` before [`Self::prepare`], or the server's error.
    pub fn get_parameter_schema(&self) -> Result<Schema> {
        let mut state = self.lock();
        if !state.prepare {
            return Err(invalid_state("the statement is not prepared; call AdbcStatementPrepare first"));
        }
        let prepared = match &state.prepared {
            Some((_, prepared)) => Arc::clone(prepared),
            None => {
                let types = state.declared_types()?;
                self.prepared(&mut state, types, &self.start())?
            }
        };
        Ok(columns::parameter_schema(&prepared.description().parameters))
    }

    /// Runs the query. Answers its result and the number of rows affected, -1 when unknown.
    ///
    /// # Errors
    ///
    /// `InvalidState` without a query, `InvalidArguments` for an empty one, or the server's error.
    pub fn execute_query(&self) -> Result<(Reader, i64)> {
        let mut state = self.lock();
        let (reader, link, affected) = self.execute(&mut state)?.into_reader();
        state.result = link;
        Ok((reader, affected))
    }

    /// Runs the query to its end and discards its rows. Answers the number of rows affected, -1 when unknown.
    ///
    /// # Errors
    ///
    /// As [`Self::execute_query`].
    pub fn execute_update(&self) -> Result<i64> {
        self.execute(&mut self.lock())?.discard()
    }

    /// The schema of the query's result, without running it.
    ///
    /// # Errors
    ///
    /// `InvalidState` without a query, or the server's error.
    pub fn execute_schema(&self) -> Result<Schema> {
        let state = self.lock();
        let columns = match &state.prepared {
            Some((_, prepared)) => prepared.description().columns.clone(),
            None => {
                let types = state.declared_types()?;
                let running = self.start();
                let operation = self.connection.metadata_operation(&running)?;
                let session = self.connection.session()?;
                let described = runtime::block_on(session.describe(state.query()?, &types, &operation))?;
                described.map_err(failed)?.columns
            }
        };
        Ok(columns::schema(columns.as_deref()))
    }

    /// Redshift results have no partitions.
    ///
    /// # Errors
    ///
    /// `NotImplemented`.
    pub fn execute_partitions(&self) -> Result<(Schema, Vec<Vec<u8>>, i64)> {
        Err(not_implemented("results are not partitioned; use ExecuteQuery"))
    }

    /// Cancels what runs on this statement: prepare, execution, or the reading of its result.
    ///
    /// # Errors
    ///
    /// `InvalidState` when nothing runs.
    pub fn cancel(&self) -> Result<()> {
        if self.running.cancel() {
            Ok(())
        } else {
            Err(invalid_state("there is nothing to cancel on this statement"))
        }
    }

    pub(super) fn start(&self) -> RunningOperation {
        RunningOperation::start(&[&self.running, self.connection.running()])
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

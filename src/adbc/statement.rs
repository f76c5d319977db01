//! The ADBC statement: a query, its settings, and at most one open result.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adbc_core::error::{Error, Result, Status};
use adbc_core::options::OptionValue;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::Schema;

use super::columns;
use super::connection::Connection;
use super::error::{from_session, invalid_state, not_implemented};
use super::last_query::LastQuery;
use super::options::{self, Level};
use super::reader::{BatchReader, MemoryReader, Reader, ResultLink};
use super::running::{Running, RunningOperation};
use super::runtime;
use super::settings::ResultSettings;
use super::store::{self, OptionStore};
use crate::session::{self, Column, FetchError, Prepared, ResultFormats, RowStream};
use crate::types::BatchBuilder;

/// One statement on a connection.
#[derive(Debug)]
pub struct Statement {
    connection: Arc<Connection>,
    options: OptionStore,
    running: Running,
    state: Mutex<State>,
    last_query: LastQuery,
}

#[derive(Debug, Default)]
struct State {
    sql: Option<String>,
    prepared: Option<Prepared>,
    result: Option<ResultLink>,
}

/// A statement under way: its rows, and the registration that makes it cancellable.
struct Execution {
    rows: RowStream,
    running: RunningOperation,
    settings: ResultSettings,
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
        if spec.key == options::QUERY_ID {
            return Err(not_implemented(format!("option '{key}' is read only")));
        }
        self.options.set(key, &value)
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
        state.sql = Some(sql.to_owned());
        state.prepared = None;
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

    /// Prepares the query on the server.
    ///
    /// # Errors
    ///
    /// `InvalidState` without a query; the server's error otherwise.
    pub fn prepare(&self) -> Result<()> {
        let mut state = self.lock();
        let sql = state.query()?;
        let running = self.start();
        let settings = self.connection.result_settings(&self.options)?;
        let operation = self.connection.statement_operation(&running, &settings);
        let session = self.connection.session()?;
        let prepared = runtime::block_on(session.prepare(sql, &operation))?.map_err(failed)?;
        state.prepared = Some(prepared);
        Ok(())
    }

    /// Parameters are not offered yet.
    ///
    /// # Errors
    ///
    /// `NotImplemented`.
    pub fn bind(&self, _batch: RecordBatch) -> Result<()> {
        Err(not_implemented("bound parameters are not implemented yet"))
    }

    /// Parameters are not offered yet.
    ///
    /// # Errors
    ///
    /// `NotImplemented`.
    pub fn bind_stream(&self, _stream: Box<dyn RecordBatchReader + Send>) -> Result<()> {
        Err(not_implemented("bound parameters are not implemented yet"))
    }

    /// One field per parameter of the prepared query.
    ///
    /// # Errors
    ///
    /// `InvalidState` before [`Self::prepare`].
    pub fn get_parameter_schema(&self) -> Result<Schema> {
        let state = self.lock();
        let prepared =
            state.prepared.as_ref().ok_or_else(|| invalid_state("the statement is not prepared"))?;
        Ok(columns::parameter_schema(&prepared.description().parameters))
    }

    /// Runs the query. Answers its result and the number of rows affected, -1 when unknown.
    ///
    /// # Errors
    ///
    /// `InvalidState` without a query, `InvalidArguments` for an empty one, or the server's error.
    pub fn execute_query(&self) -> Result<(Reader, i64)> {
        let mut state = self.lock();
        let Execution { rows, running, settings } = self.execute(&mut state)?;
        let Some(described) = rows.columns() else {
            let affected = rows_affected(&rows);
            return Ok((Box::new(MemoryReader::new(Arc::new(Schema::empty()), Vec::new())), affected));
        };
        let builder = BatchBuilder::new(&columns::specs(described), settings.limits());
        let reader = BatchReader::new(rows, builder, running);
        state.result = Some(reader.link());
        Ok((Box::new(reader), -1))
    }

    /// Runs the query to its end and discards its rows. Answers the number of rows affected, -1 when unknown.
    ///
    /// # Errors
    ///
    /// As [`Self::execute_query`].
    pub fn execute_update(&self) -> Result<i64> {
        let mut state = self.lock();
        let mut execution = self.execute(&mut state)?;
        if execution.rows.columns().is_none() {
            return Ok(rows_affected(&execution.rows));
        }
        let discard = |_: &[u8]| Ok::<_, Infallible>(ControlFlow::Continue(()));
        match runtime::block_on(execution.rows.read_rows(discard))? {
            Ok(_) => Ok(-1),
            Err(FetchError::Session(error)) => Err(from_session(&error)),
            Err(FetchError::Row(never)) => match never {},
        }
    }

    /// The schema of the query's result, without running it.
    ///
    /// # Errors
    ///
    /// `InvalidState` without a query, or the server's error.
    pub fn execute_schema(&self) -> Result<Schema> {
        let state = self.lock();
        if let Some(prepared) = &state.prepared {
            return Ok(columns::schema(prepared.description().columns.as_deref()));
        }
        let running = self.start();
        let operation = self.connection.metadata_operation(&running)?;
        let session = self.connection.session()?;
        let description = runtime::block_on(session.describe(state.query()?, &operation))?.map_err(failed)?;
        Ok(columns::schema(description.columns.as_deref()))
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

    fn execute(&self, state: &mut State) -> Result<Execution> {
        if let Some(earlier) = state.result.take() {
            // Wakes a reader that waits for rows in another thread, so that the lock below is free soon.
            self.running.cancel();
            earlier.supersede();
        }
        let running = self.start();
        let settings = self.connection.result_settings(&self.options)?;
        let operation = self.connection.statement_operation(&running, &settings);
        let session = self.connection.session()?;
        let version = session.protocol_version();
        let binary_where_safe = move |column: &Column| columns::format(column, version);
        let formats =
            if settings.text { ResultFormats::Text } else { ResultFormats::PerColumn(&binary_where_safe) };
        let mut rows = match &state.prepared {
            Some(prepared) => runtime::block_on(session.execute(prepared, formats, &operation)),
            None => runtime::block_on(session.query(state.query()?, formats, &operation)),
        }?
        .map_err(failed)?;
        if rows.command_tag().is_some_and(|tag| tag.text.is_empty()) {
            let message = "the statement is empty; it needs SQL text besides comments and white space";
            return Err(Error::with_message_and_status(message, Status::InvalidArguments));
        }
        if let Some(deadline) = operation.deadline {
            rows.expire_at(deadline);
        }
        self.last_query.ran(&session);
        Ok(Execution { rows, running, settings })
    }

    fn start(&self) -> RunningOperation {
        RunningOperation::start(&[&self.running, self.connection.running()])
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn query(&self) -> Result<&str> {
        self.sql
            .as_deref()
            .ok_or_else(|| invalid_state("no query is set; call AdbcStatementSetSqlQuery first"))
    }
}

/// The extended protocol takes one statement at a time, and the server's words for that do not say what to do.
fn failed(error: session::Error) -> Error {
    let mut adbc = from_session(&error);
    if error.server().is_some_and(|server| server.message.contains("multiple commands")) {
        adbc.message.push_str("; execute one statement at a time");
    }
    adbc
}

fn rows_affected(rows: &RowStream) -> i64 {
    rows.command_tag().and_then(|tag| tag.rows).and_then(|rows| i64::try_from(rows).ok()).unwrap_or(-1)
}

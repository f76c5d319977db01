//! The ADBC statement: a query, its settings, and at most one open result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adbc_core::error::{Error, Result, Status};
use adbc_core::options::OptionValue;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::Schema;

use super::bind::{BoundStatement, RowBinder, check_count};
use super::bound::Bound;
use super::columns::{self, with_formats};
use super::connection::Connection;
use super::error::{from_encode, from_session, invalid_state, not_implemented};
use super::execution::{Execution, Outcome};
use super::ingest;
use super::insert;
use super::last_query::LastQuery;
use super::options::{self, Level};
use super::reader::{Reader, ResultLink};
use super::running::{Running, RunningOperation};
use super::runtime;
use super::settings::{IngestSettings, ResultSettings};
use super::store::{self, OptionStore};
use crate::session::{self, Parameters, Prepared};
use crate::types::{ParameterTarget, parameter_types};

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
    connection: Arc<Connection>,
    options: OptionStore,
    running: Running,
    state: Mutex<State>,
    last_query: LastQuery,
}

#[derive(Debug, Default)]
struct State {
    sql: Option<String>,
    /// Prepare was called for this query.
    prepare: bool,
    /// The query as prepared on the server, and the parameter types that were declared.
    prepared: Option<(Vec<u32>, Arc<Prepared>)>,
    bound: Option<Bound>,
    result: Option<ResultLink>,
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

    fn execute(&self, state: &mut State) -> Result<Execution> {
        if let Some(earlier) = state.result.take() {
            // Wakes a reader that waits for rows in another thread, so that the lock below is free soon.
            self.running.cancel();
            earlier.supersede();
        }
        let running = self.start();
        let settings = self.connection.result_settings(&self.options)?;
        let outcome = match (self.connection.ingest_settings(&self.options)?, state.bound.take()) {
            (Some(ingest), Some(bound)) => self.ingest(&ingest, bound, &running, &settings),
            (Some(_), None) => Err(invalid_state(
                "no data is bound to ingest; call AdbcStatementBind or AdbcStatementBindStream",
            )),
            (None, Some(bound)) => self.execute_bound(state, bound, &running, &settings),
            (None, None) => self.execute_unbound(state, &running, &settings),
        };
        if !state.prepare {
            state.prepared = None;
        }
        let outcome = outcome?;
        self.last_query.ran(&self.connection.session()?);
        Ok(Execution { outcome, running, settings })
    }

    fn execute_unbound(
        &self,
        state: &mut State,
        running: &RunningOperation,
        settings: &ResultSettings,
    ) -> Result<Outcome> {
        if state.prepared.is_none() && insert::may_have_parameters(state.query()?) {
            self.prepared(state, Vec::new(), running)?;
        }
        let operation = self.connection.statement_operation(running, settings);
        let session = self.connection.session()?;
        let rows = match &state.prepared {
            Some((_, prepared)) => {
                check_unbound(prepared)?;
                with_formats(&session, settings.text, |formats| {
                    runtime::block_on(session.execute(prepared, &Parameters::NONE, formats, &operation))
                })
            }
            None => {
                let sql = state.query()?;
                with_formats(&session, settings.text, |formats| {
                    runtime::block_on(session.query(sql, formats, &operation))
                })
            }
        }?;
        Outcome::of(rows.map_err(failed)?, operation.deadline)
    }

    fn ingest(
        &self,
        ingest: &IngestSettings,
        bound: Bound,
        running: &RunningOperation,
        settings: &ResultSettings,
    ) -> Result<Outcome> {
        let operation = self.connection.statement_operation(running, settings);
        ingest::ingest(&self.connection, ingest, bound, &operation).map(Outcome::Affected)
    }

    fn execute_bound(
        &self,
        state: &mut State,
        bound: Bound,
        running: &RunningOperation,
        settings: &ResultSettings,
    ) -> Result<Outcome> {
        let types = declared_types(&bound)?;
        let prepared = self.prepared(state, types, running)?;
        let description = prepared.description();
        check_count(bound.schema().fields().len(), state.query()?, description.parameters.len())?;
        let target = |oid: &u32| ParameterTarget { oid: *oid, max_bytes: None };
        let targets: Vec<_> = description.parameters.iter().map(target).collect();
        let statement = BoundStatement {
            session: self.connection.session()?,
            binder: RowBinder::new(&bound, &targets)?,
            prepared: Arc::clone(&prepared),
            operation: self.connection.statement_operation(running, settings),
            text: settings.text,
            bound,
        };
        if description.columns.is_none() {
            return statement.update(state.query()?).map(Outcome::Affected);
        }
        statement.query()
    }

    /// The query as prepared with these parameter types; prepared now unless it was before.
    fn prepared(
        &self,
        state: &mut State,
        types: Vec<u32>,
        running: &RunningOperation,
    ) -> Result<Arc<Prepared>> {
        if let Some((_, prepared)) = state.prepared.as_ref().filter(|(declared, _)| *declared == types) {
            return Ok(Arc::clone(prepared));
        }
        let settings = self.connection.result_settings(&self.options)?;
        let operation = self.connection.statement_operation(running, &settings);
        let session = self.connection.session()?;
        let prepared = runtime::block_on(session.prepare(state.query()?, &types, &operation))?;
        let prepared = Arc::new(prepared.map_err(failed)?);
        state.prepared = Some((types, Arc::clone(&prepared)));
        Ok(prepared)
    }

    fn start(&self) -> RunningOperation {
        RunningOperation::start(&[&self.running, self.connection.running()])
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_query(&mut self) {
        self.sql = None;
        self.prepare = false;
        self.prepared = None;
    }

    fn query(&self) -> Result<&str> {
        self.sql
            .as_deref()
            .ok_or_else(|| invalid_state("no query is set; call AdbcStatementSetSqlQuery first"))
    }

    /// The parameter types that the bound data has; none without.
    fn declared_types(&self) -> Result<Vec<u32>> {
        self.bound.as_ref().map_or(Ok(Vec::new()), declared_types)
    }
}

fn declared_types(bound: &Bound) -> Result<Vec<u32>> {
    parameter_types(bound.schema()).map_err(|error| from_encode(&error))
}

/// The extended protocol takes one statement at a time, and the server's words for that do not say what to do.
fn failed(error: session::Error) -> Error {
    let mut adbc = from_session(&error);
    if error.server().is_some_and(|server| server.message.contains("multiple commands")) {
        adbc.message.push_str("; execute one statement at a time");
    }
    adbc
}

/// Fails if the query has parameters, for which nothing is bound.
fn check_unbound(prepared: &Prepared) -> Result<()> {
    match prepared.description().parameters.len() {
        0 => Ok(()),
        count => Err(invalid_state(format!(
            "the query has {count} parameters and no data is bound; call AdbcStatementBind first, before each execution"
        ))),
    }
}

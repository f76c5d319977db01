//! How a statement runs: prepared or not, with bound data or without, as a query or as an ingest.
//!
//! Owns what a statement knows between calls. Invariant: an execution uses up the bound data, whatever becomes of it, so
//! that rows are never sent twice unasked.

use std::sync::Arc;

use adbc_core::error::{Error, Result};

use super::bind::{BoundStatement, RowBinder, check_count};
use super::bound::Bound;
use super::columns::with_formats;
use super::error::{from_encode, from_session, invalid_state};
use super::execution::{Execution, Outcome};
use super::ingest;
use super::insert;
use super::reader::ResultLink;
use super::running::RunningOperation;
use super::runtime;
use super::settings::{IngestSettings, ResultSettings, StatementSettings};
use super::statement::Statement;
use crate::session::{self, Parameters, Prepared};
use crate::types::{ParameterTarget, parameter_types};

/// What a statement knows between calls.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) sql: Option<String>,
    /// Prepare was called for this query.
    pub(super) prepare: bool,
    /// The query as prepared on the server, and the parameter types that were declared.
    pub(super) prepared: Option<(Vec<u32>, Arc<Prepared>)>,
    pub(super) bound: Option<Bound>,
    pub(super) result: Option<ResultLink>,
    settings: Option<Arc<StatementSettings>>,
}

impl Statement {
    pub(super) fn execute(&self, state: &mut State) -> Result<Execution> {
        if let Some(earlier) = state.result.take() {
            // Wakes a reader that waits for rows in another thread, so that the lock below is free soon.
            self.running.cancel();
            earlier.supersede();
        }
        let running = self.start();
        let settings = self.settings(state)?;
        let outcome = match (&settings.ingest, state.bound.take()) {
            (Some(ingest), Some(bound)) => self.ingest(ingest, bound, &running, &settings.result),
            (Some(_), None) => Err(invalid_state(
                "no data is bound to ingest; call AdbcStatementBind or AdbcStatementBindStream",
            )),
            (None, Some(bound)) => self.execute_bound(state, bound, &running, &settings.result),
            (None, None) => self.execute_unbound(state, &running, &settings.result),
        };
        if !state.prepare {
            state.prepared = None;
        }
        let outcome = outcome?;
        self.last_query.ran(&self.connection.session()?);
        Ok(Execution { outcome, running, limits: settings.result.limits() })
    }

    fn settings(&self, state: &mut State) -> Result<Arc<StatementSettings>> {
        let settings = self.connection.settings(&self.options, state.settings.take())?;
        Ok(Arc::clone(state.settings.insert(settings)))
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
    pub(super) fn prepared(
        &self,
        state: &mut State,
        types: Vec<u32>,
        running: &RunningOperation,
    ) -> Result<Arc<Prepared>> {
        if let Some((_, prepared)) = state.prepared.as_ref().filter(|(declared, _)| *declared == types) {
            return Ok(Arc::clone(prepared));
        }
        let settings = self.settings(state)?;
        let operation = self.connection.statement_operation(running, &settings.result);
        let session = self.connection.session()?;
        let prepared = runtime::block_on(session.prepare(state.query()?, &types, &operation))?;
        let prepared = Arc::new(prepared.map_err(failed)?);
        state.prepared = Some((types, Arc::clone(&prepared)));
        Ok(prepared)
    }
}

impl State {
    pub(super) fn forget_query(&mut self) {
        self.sql = None;
        self.prepare = false;
        self.prepared = None;
    }

    pub(super) fn query(&self) -> Result<&str> {
        self.sql
            .as_deref()
            .ok_or_else(|| invalid_state("no query is set; call AdbcStatementSetSqlQuery first"))
    }

    /// The parameter types that the bound data has; none without.
    pub(super) fn declared_types(&self) -> Result<Vec<u32>> {
        self.bound.as_ref().map_or(Ok(Vec::new()), declared_types)
    }
}

fn declared_types(bound: &Bound) -> Result<Vec<u32>> {
    parameter_types(bound.schema()).map_err(|error| from_encode(&error))
}

/// The extended protocol takes one statement at a time, and the server's words for that do not say what to do.
pub(super) fn failed(error: session::Error) -> Error {
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

//! Extended query: one statement at a time, unprepared or prepared, up to its first row or its end.
//!
//! Round trips: text results take one (Parse, Bind, Describe, Execute, Sync), per-column formats two (the columns must be
//! known to Bind), prepared statements one. BEGIN and pending Close messages ride along.

use std::sync::Arc;
use std::time::Instant;

use super::connection::Session;
use super::error::{Error, ErrorKind};
use super::limits::Limits;
use super::message::{self, Column, CommandTag, Format};
use super::request::{Close, Request};
use super::result::{OpenResult, PORTAL_ROWS, Portal};
use super::rows::RowStream;
use super::shared::Shared;
use super::wire::{Wire, unexpected};
use super::{Description, Operation, Parameters, ResultFormats, TransactionStatus};

/// A statement prepared under a name on the server.
#[derive(Debug)]
pub(crate) struct Prepared {
    statement: StatementName,
    description: Description,
}

/// The name of a statement on the server. Dropping it closes the statement with the session's next extended query.
#[derive(Debug)]
pub(crate) struct StatementName {
    pub(super) name: String,
    shared: Arc<Shared>,
}

/// A statement whose first row is there, or which is over.
pub(super) struct Started {
    pub(super) columns: Option<Vec<Column>>,
    pub(super) tag: Option<CommandTag>,
}

impl Prepared {
    /// Parameters and columns as described.
    pub(crate) fn description(&self) -> &Description {
        &self.description
    }

    /// The columns as a result in these formats has them.
    pub(super) fn columns(&self, formats: &ResultFormats<'_>) -> Option<Vec<Column>> {
        let mut columns = self.description.columns.clone();
        choose_formats(columns.as_deref_mut(), formats);
        columns
    }

    /// Its name, for a pipeline.
    pub(crate) fn statement(&self) -> &StatementName {
        &self.statement
    }
}

impl Drop for StatementName {
    fn drop(&mut self) {
        if !self.shared.is_foreign_process() {
            self.shared.close_later(Close::Statement(std::mem::take(&mut self.name)));
        }
    }
}

impl Session {
    /// Runs one statement unprepared. Without result columns it is complete on return; with columns it returns
    /// once the first row, the end, or an error arrived.
    pub(crate) async fn query(
        self: &Arc<Self>,
        sql: &str,
        formats: ResultFormats<'_>,
        operation: &Operation,
    ) -> Result<RowStream, Error> {
        let parse = Request::of_parse("", sql, &[])?;
        tracing::trace!(sql, "query");
        let started = Instant::now();
        let mut retried = false;
        loop {
            let mut wire = self.enter(operation).await?;
            let limits = Limits::of(operation);
            let outcome = match &formats {
                ResultFormats::Text => self.query_text(&mut wire, &parse, operation.begin, limits).await,
                ResultFormats::PerColumn(choose) => {
                    self.query_per_column(&mut wire, &parse, choose, operation.begin, limits).await
                }
            };
            if let Some(outcome) = self.conclude(&mut wire, outcome, &mut retried).await {
                log_answer(&outcome, started);
                return outcome.map(|started| self.row_stream(&wire, started, operation));
            }
        }
    }

    /// Runs a prepared statement: one round trip.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        prepared: &Prepared,
        parameters: &Parameters<'_>,
        formats: ResultFormats<'_>,
        operation: &Operation,
    ) -> Result<RowStream, Error> {
        self.check_owns(&prepared.statement)?;
        tracing::trace!(name = prepared.statement.name, "prepared query");
        let started = Instant::now();
        let mut retried = false;
        loop {
            let mut wire = self.enter(operation).await?;
            let limits = Limits::of(operation);
            let columns = prepared.columns(&formats);
            let name = &prepared.statement.name;
            let outcome =
                self.execute_prepared(&mut wire, name, parameters, columns, operation.begin, limits).await;
            if let Some(outcome) = self.conclude(&mut wire, outcome, &mut retried).await {
                log_answer(&outcome, started);
                return outcome.map(|started| self.row_stream(&wire, started, operation));
            }
        }
    }

    /// Parses and describes without keeping the statement. Types as in [`Session::prepare`].
    pub(crate) async fn describe(
        self: &Arc<Self>,
        sql: &str,
        types: &[u32],
        operation: &Operation,
    ) -> Result<Description, Error> {
        self.parse_and_describe("", sql, types, operation).await
    }

    /// Parses and describes under a name of its own. Parameters without a type, or of type 0, are the server's to type.
    pub(crate) async fn prepare(
        self: &Arc<Self>,
        sql: &str,
        types: &[u32],
        operation: &Operation,
    ) -> Result<Prepared, Error> {
        // Dropped on failure, it closes a statement whose Parse succeeded before Describe failed; closing what does not
        // exist is no error.
        let statement = self.statement_name();
        let description = self.parse_and_describe(&statement.name, sql, types, operation).await?;
        Ok(Prepared { statement, description })
    }

    /// A name for a statement that a pipeline parses.
    pub(crate) fn statement_name(&self) -> StatementName {
        StatementName { name: format!("s{}", self.shared.next_number()), shared: Arc::clone(&self.shared) }
    }

    pub(super) fn check_owns(&self, statement: &StatementName) -> Result<(), Error> {
        if Arc::ptr_eq(&statement.shared, &self.shared) {
            return Ok(());
        }
        let text = "the prepared statement belongs to another connection; prepare it on this one";
        Err(Error::new(ErrorKind::InvalidInput, text))
    }

    async fn parse_and_describe(
        &self,
        name: &str,
        sql: &str,
        types: &[u32],
        operation: &Operation,
    ) -> Result<Description, Error> {
        let parse = Request::of_parse(name, sql, types)?;
        tracing::trace!(name, sql, "prepare");
        let mut retried = false;
        loop {
            let mut wire = self.enter(operation).await?;
            let limits = Limits::of(operation);
            let outcome = self.described(&mut wire, name, &parse, operation.begin, limits).await;
            if let Some(outcome) = self.conclude(&mut wire, outcome, &mut retried).await {
                return outcome;
            }
        }
    }

    /// Parse, Describe, Sync, and their answers. `parse` is for the same name.
    async fn described(
        &self,
        wire: &mut Wire,
        name: &str,
        parse: &Request,
        begin: bool,
        limits: Limits<'_>,
    ) -> Result<Description, Error> {
        let (mut request, begins) = self.request(begin)?;
        request.append(parse).describe_statement(name)?.sync();
        wire.send(&request);
        await_begin(wire, begins, limits).await?;
        wire.expect(b'1', limits).await?;
        let frame = wire.expect(b't', limits).await?;
        let parameters = message::parameter_description(wire.buffer.body(&frame))?;
        let columns = self.columns(wire, limits).await?;
        wire.expect(b'Z', limits).await?;
        Ok(Description { parameters, columns })
    }

    async fn query_text(
        &self,
        wire: &mut Wire,
        parse: &Request,
        begin: bool,
        limits: Limits<'_>,
    ) -> Result<Started, Error> {
        let portal = self.portal(begin);
        let (name, max_rows) = named(portal.as_deref());
        let (mut request, begins) = self.request(begin)?;
        request.append(parse).bind(name, "", &Parameters::NONE, std::iter::empty())?;
        request.describe_portal(name)?.execute(name, max_rows)?.sync();
        wire.send(&request);
        await_begin(wire, begins, limits).await?;
        wire.expect(b'1', limits).await?;
        wire.expect(b'2', limits).await?;
        let columns = self.columns(wire, limits).await?;
        await_first_row(wire, portal, columns, limits).await
    }

    async fn query_per_column(
        &self,
        wire: &mut Wire,
        parse: &Request,
        choose: &(dyn Fn(&Column) -> Format + Send + Sync),
        begin: bool,
        limits: Limits<'_>,
    ) -> Result<Started, Error> {
        let mut columns = self.described(wire, "", parse, begin, limits).await?.columns;
        choose_formats(columns.as_deref_mut(), &ResultFormats::PerColumn(choose));
        self.execute_prepared(wire, "", &Parameters::NONE, columns, false, limits).await
    }

    /// Bind and Execute, up to the first row.
    async fn execute_prepared(
        &self,
        wire: &mut Wire,
        statement: &str,
        parameters: &Parameters<'_>,
        columns: Option<Vec<Column>>,
        begin: bool,
        limits: Limits<'_>,
    ) -> Result<Started, Error> {
        // A statement without rows has nothing to fetch in parts.
        let portal = columns.as_ref().and_then(|_| self.portal(begin));
        let (name, max_rows) = named(portal.as_deref());
        let formats = columns.as_deref().unwrap_or_default().iter().map(|column| column.format);
        let (mut request, begins) = self.request(begin)?;
        request.bind(name, statement, parameters, formats)?.execute(name, max_rows)?.sync();
        wire.send(&request);
        await_begin(wire, begins, limits).await?;
        wire.expect(b'2', limits).await?;
        await_first_row(wire, portal, columns, limits).await
    }

    pub(super) fn row_stream(
        self: &Arc<Self>,
        wire: &Wire,
        started: Started,
        operation: &Operation,
    ) -> RowStream {
        let inbox = wire.open.as_ref().map(|open| Arc::clone(&open.inbox)).unwrap_or_default();
        RowStream::new(Arc::clone(self), started.columns, inbox, started.tag, operation.cancel.clone())
    }

    /// What every request starts with: pending Close messages, and BEGIN if asked for and no block is open.
    pub(super) fn request(&self, begin: bool) -> Result<(Request, bool), Error> {
        let mut request = Request::new();
        for close in self.shared.take_closes() {
            request.close(&close)?;
        }
        let begins = begin && self.transaction_status() == TransactionStatus::Idle;
        if begins {
            request.begin()?;
        }
        Ok((request, begins))
    }

    /// Name of a portal if the statement will run in a transaction block.
    fn portal(&self, begin: bool) -> Option<String> {
        let in_block = begin || self.transaction_status() == TransactionStatus::Open;
        in_block.then(|| format!("p{}", self.shared.next_number()))
    }

    /// RowDescription or NoData.
    async fn columns(&self, wire: &mut Wire, limits: Limits<'_>) -> Result<Option<Vec<Column>>, Error> {
        let frame = wire.message(limits).await?;
        let body = wire.buffer.body(&frame);
        match frame.tag {
            b'T' => message::row_description(body, self.protocol_version(), Format::Text).map(Some),
            b'n' => Ok(None),
            b'E' => Err(wire.server_error(&frame)),
            found => Err(unexpected(found, "RowDescription or NoData")),
        }
    }
}

fn named(portal: Option<&str>) -> (&str, i32) {
    portal.map_or(("", 0), |name| (name, PORTAL_ROWS))
}

pub(super) async fn await_begin(wire: &mut Wire, begins: bool, limits: Limits<'_>) -> Result<(), Error> {
    if begins {
        for tag in [b'1', b'2', b'C'] {
            wire.expect(tag, limits).await?;
        }
    }
    Ok(())
}

/// Waits for the first row or the end, so that errors of the execution surface with the statement.
async fn await_first_row(
    wire: &mut Wire,
    portal: Option<String>,
    columns: Option<Vec<Column>>,
    limits: Limits<'_>,
) -> Result<Started, Error> {
    wire.open = Some(OpenResult::new(portal.map(Portal::new), columns.is_some()));
    let tag = match wire.peek(limits).await? {
        b'D' if columns.is_some() => None,
        _ => Some(wire.end_of_open(limits).await?),
    };
    Ok(Started { columns, tag })
}

fn choose_formats(columns: Option<&mut [Column]>, formats: &ResultFormats<'_>) {
    for column in columns.into_iter().flatten() {
        column.format = match formats {
            ResultFormats::Text => Format::Text,
            ResultFormats::PerColumn(choose) => choose(column),
        };
    }
}

/// Without the server's words: they may quote values.
fn log_answer<T>(outcome: &Result<T, Error>, started: Instant) {
    let failed = outcome.as_ref().err();
    let (kind, sqlstate) = (failed.map(Error::kind), failed.and_then(Error::sqlstate));
    tracing::debug!(elapsed = ?started.elapsed(), failed = ?kind, sqlstate, "statement answered");
}

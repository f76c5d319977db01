//! Extended query: one statement at a time, unprepared or prepared, up to its first row or its end.
//!
//! Round trips: text results take one (Parse, Bind, Describe, Execute, Sync), per-column formats two (the columns must be
//! known to Bind), prepared statements one. BEGIN and pending Close messages ride along.

use std::sync::Arc;
use std::time::Instant;

use super::connection::Session;
use super::error::{Error, ErrorKind};
use super::message::{self, Column, CommandTag, Format};
use super::request::{Close, Request};
use super::result::{OpenResult, PORTAL_ROWS, Portal};
use super::rows::RowStream;
use super::shared::Shared;
use super::wire::{Limits, Wire, unexpected};
use super::{Description, Operation, ResultFormats, TransactionStatus};

/// A statement prepared under a name on the server. Dropping it closes it with the session's next extended query.
#[derive(Debug)]
pub(crate) struct Prepared {
    name: String,
    description: Description,
    shared: Arc<Shared>,
}

/// A statement whose first row is there, or which is over.
struct Started {
    columns: Option<Vec<Column>>,
    tag: Option<CommandTag>,
}

impl Prepared {
    /// Parameters and columns as described.
    pub(crate) fn description(&self) -> &Description {
        &self.description
    }
}

impl Drop for Prepared {
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
        Request::default().parse("", sql)?;
        tracing::trace!(sql, "query");
        let started = Instant::now();
        let mut retried = false;
        loop {
            let mut wire = self.enter(operation).await?;
            let limits = Limits::of(operation);
            let outcome = match &formats {
                ResultFormats::Text => self.query_text(&mut wire, sql, operation.begin, limits).await,
                ResultFormats::PerColumn(choose) => {
                    self.query_per_column(&mut wire, sql, choose, operation.begin, limits).await
                }
            };
            if let Some(outcome) = self.conclude(&mut wire, outcome, &mut retried).await {
                log_answer(&outcome, started);
                return outcome.map(|started| self.row_stream(&wire, started, operation));
            }
        }
    }

    /// Runs a prepared statement without parameters: one round trip.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        prepared: &Prepared,
        formats: ResultFormats<'_>,
        operation: &Operation,
    ) -> Result<RowStream, Error> {
        if !Arc::ptr_eq(&prepared.shared, &self.shared) {
            let text = "the prepared statement belongs to another connection; prepare it on this one";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        tracing::trace!(name = prepared.name, "prepared query");
        let started = Instant::now();
        let mut retried = false;
        loop {
            let mut wire = self.enter(operation).await?;
            let limits = Limits::of(operation);
            let mut columns = prepared.description.columns.clone();
            choose_formats(columns.as_deref_mut(), &formats);
            let outcome =
                self.execute_prepared(&mut wire, &prepared.name, columns, operation.begin, limits).await;
            if let Some(outcome) = self.conclude(&mut wire, outcome, &mut retried).await {
                log_answer(&outcome, started);
                return outcome.map(|started| self.row_stream(&wire, started, operation));
            }
        }
    }

    /// Parses and describes without keeping the statement.
    pub(crate) async fn describe(
        self: &Arc<Self>,
        sql: &str,
        operation: &Operation,
    ) -> Result<Description, Error> {
        self.parse_and_describe("", sql, operation).await
    }

    /// Parses and describes under a name of its own.
    pub(crate) async fn prepare(
        self: &Arc<Self>,
        sql: &str,
        operation: &Operation,
    ) -> Result<Prepared, Error> {
        let name = format!("s{}", self.shared.next_number());
        match self.parse_and_describe(&name, sql, operation).await {
            Ok(description) => Ok(Prepared { name, description, shared: Arc::clone(&self.shared) }),
            Err(error) => {
                // Parse may have succeeded before Describe failed; closing what does not exist is no error.
                self.shared.close_later(Close::Statement(name));
                Err(error)
            }
        }
    }

    async fn parse_and_describe(
        &self,
        name: &str,
        sql: &str,
        operation: &Operation,
    ) -> Result<Description, Error> {
        Request::default().parse(name, sql)?;
        tracing::trace!(name, sql, "prepare");
        let mut retried = false;
        loop {
            let mut wire = self.enter(operation).await?;
            let outcome = self.described(&mut wire, name, sql, operation.begin, Limits::of(operation)).await;
            if let Some(outcome) = self.conclude(&mut wire, outcome, &mut retried).await {
                return outcome;
            }
        }
    }

    /// Parse, Describe, Sync, and their answers.
    async fn described(
        &self,
        wire: &mut Wire,
        name: &str,
        sql: &str,
        begin: bool,
        limits: Limits<'_>,
    ) -> Result<Description, Error> {
        let (mut request, begins) = self.request(begin)?;
        request.parse(name, sql)?.describe_statement(name)?.sync();
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
        sql: &str,
        begin: bool,
        limits: Limits<'_>,
    ) -> Result<Started, Error> {
        let portal = self.portal(begin);
        let (name, max_rows) = named(portal.as_deref());
        let (mut request, begins) = self.request(begin)?;
        request.parse("", sql)?.bind(name, "", std::iter::empty())?;
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
        sql: &str,
        choose: &(dyn Fn(&Column) -> Format + Send + Sync),
        begin: bool,
        limits: Limits<'_>,
    ) -> Result<Started, Error> {
        let mut columns = self.described(wire, "", sql, begin, limits).await?.columns;
        choose_formats(columns.as_deref_mut(), &ResultFormats::PerColumn(choose));
        self.execute_prepared(wire, "", columns, false, limits).await
    }

    /// Bind and Execute, up to the first row.
    async fn execute_prepared(
        &self,
        wire: &mut Wire,
        statement: &str,
        columns: Option<Vec<Column>>,
        begin: bool,
        limits: Limits<'_>,
    ) -> Result<Started, Error> {
        // A statement without rows has nothing to fetch in parts.
        let portal = columns.as_ref().and_then(|_| self.portal(begin));
        let (name, max_rows) = named(portal.as_deref());
        let formats = columns.iter().flatten().map(|column| column.format);
        let (mut request, begins) = self.request(begin)?;
        request.bind(name, statement, formats)?.execute(name, max_rows)?.sync();
        wire.send(&request);
        await_begin(wire, begins, limits).await?;
        wire.expect(b'2', limits).await?;
        await_first_row(wire, portal, columns, limits).await
    }

    fn row_stream(self: &Arc<Self>, wire: &Wire, started: Started, operation: &Operation) -> RowStream {
        let inbox = wire.open.as_ref().map(|open| Arc::clone(&open.inbox)).unwrap_or_default();
        RowStream::new(Arc::clone(self), started.columns, inbox, started.tag, operation.cancel.clone())
    }

    /// What every request starts with: pending Close messages, and BEGIN if asked for and no block is open.
    fn request(&self, begin: bool) -> Result<(Request, bool), Error> {
        let mut request = Request::default();
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

async fn await_begin(wire: &mut Wire, begins: bool, limits: Limits<'_>) -> Result<(), Error> {
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
        _ => Some(wire.discard_open(limits).await??),
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

//! The open result on the wire: taking its rows, moving them aside, throwing them away.
//!
//! In a transaction block a result runs on a named portal, some thousand rows per Execute, so that the rest can be dropped
//! without a cancel, which would fail the block. Outside a block it is one Execute without limit. Whoever takes rows
//! (the reader, a second statement, a drop) does it through [`Wire::pump`], so that the wire's state is the same for all.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Waker};

use super::error::{Error, ErrorKind};
use super::inbox::Inbox;
use super::limits::Limits;
use super::message::{self, CommandTag};
use super::request::{Close, Request};
use super::wire::{Wire, unexpected};
use crate::data_rows::{self, DataRows};

/// Rows per Execute on a named portal.
pub(super) const PORTAL_ROWS: i32 = 16_384;

/// Rows of one Execute after which the next is sent: early enough that the server never waits for it, late enough that a
/// small result ends without one.
const PORTAL_ROWS_BEFORE_NEXT: usize = 4_096;

/// The result that the server is sending.
#[derive(Debug)]
pub(super) struct OpenResult {
    pub(super) inbox: Arc<Inbox>,
    pub(super) portal: Option<Portal>,
    /// Without columns a DataRow is a protocol violation.
    pub(super) has_columns: bool,
    /// Rows of the Execute under way; `None` once a row was lost count of.
    rows: Option<usize>,
    /// Executions of the flight, when there may be many.
    executions: Option<u64>,
    /// Those of them that are complete.
    complete: u64,
    /// In a transaction block without a portal to close: what nobody reads is read to its end, since a cancel would fail
    /// the block.
    never_cancel: bool,
    outcome: Option<Result<CommandTag, Error>>,
}

/// A named portal.
#[derive(Debug)]
pub(super) struct Portal {
    name: String,
    /// Rows of Executes that ended with PortalSuspended.
    earlier_rows: u64,
    /// Suspended, and no further Execute is under way.
    idle: bool,
    next_sent: bool,
    closing: bool,
}

/// Why [`Wire::pump`] stopped.
#[derive(Debug)]
pub(super) enum Pump {
    /// The taker stopped or refused a row.
    Stopped,
    /// All complete messages are consumed.
    Starved,
    /// The result ended and the wire is idle.
    Ended(Result<CommandTag, Error>),
}

impl Portal {
    pub(super) fn new(name: String) -> Self {
        Self { name, earlier_rows: 0, idle: false, next_sent: false, closing: false }
    }
}

impl OpenResult {
    pub(super) fn new(portal: Option<Portal>, has_columns: bool) -> Self {
        Self {
            inbox: Arc::default(),
            portal,
            has_columns,
            rows: Some(0),
            executions: None,
            complete: 0,
            never_cancel: false,
            outcome: None,
        }
    }

    /// The results of all executions of a flight, one after the other.
    pub(super) fn of_many(executions: u32, has_columns: bool, in_block: bool) -> Self {
        let outcome = (executions == 0).then(|| Ok(CommandTag::empty()));
        let executions = Some(executions.into());
        Self { executions, never_cancel: in_block, outcome, ..Self::new(None, has_columns) }
    }
}

impl Wire {
    /// Feeds rows to `take` from what is in the buffer. Never waits.
    pub(super) fn pump<E>(
        &mut self,
        mut take: impl FnMut(&mut DataRows<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<Result<Pump, Error>, E> {
        loop {
            if self.open.is_some() && self.owed() == 0 {
                return Ok(self.finish_open());
            }
            let (rows, flow) = self.buffer.take_rows(&mut take).inspect_err(|_| {
                if let Some(open) = &mut self.open {
                    open.rows = None;
                }
            })?;
            if rows > 0
                && let Err(error) = self.count_rows(rows)
            {
                return Ok(Err(error));
            }
            if flow.is_break() {
                return Ok(Ok(Pump::Stopped));
            }
            match self.step() {
                Ok(Some(stop)) => return Ok(Ok(stop)),
                Ok(None) => {}
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    fn count_rows(&mut self, rows: usize) -> Result<(), Error> {
        let Some(open) = &mut self.open else { return Err(unexpected(b'D', "a statement")) };
        if !open.has_columns {
            return Err(unexpected(b'D', "the end of a statement without a result"));
        }
        open.rows = open.rows.map(|earlier| earlier + rows);
        let many = open.rows.is_some_and(|rows| rows >= PORTAL_ROWS_BEFORE_NEXT);
        let Some(portal) = &mut open.portal else { return Ok(()) };
        if many && !portal.next_sent && !portal.closing {
            portal.next_sent = true;
            self.send_next_execute()?;
        }
        Ok(())
    }

    fn send_next_execute(&mut self) -> Result<(), Error> {
        let Some(portal) = self.open.as_mut().and_then(|open| open.portal.as_mut()) else { return Ok(()) };
        portal.idle = false;
        let mut request = Request::default();
        request.execute(&portal.name, PORTAL_ROWS)?.sync();
        self.send(&request);
        self.write_now();
        Ok(())
    }

    /// Handles one message that is no DataRow.
    pub(super) fn step(&mut self) -> Result<Option<Pump>, Error> {
        if self.take_aside()? {
            return Ok(None);
        }
        // A DataRow here is incomplete.
        if self.buffer.peek()? == Some(b'D') {
            return Ok(Some(Pump::Starved));
        }
        let Some(frame) = self.next_answer()? else { return Ok(Some(Pump::Starved)) };
        let body = self.buffer.body(&frame);
        let Some(open) = &mut self.open else { return Err(unexpected(frame.tag, "a statement")) };
        match frame.tag {
            b'C' => {
                let tag = message::command_complete(body)?;
                open.execution_complete(tag)?;
            }
            b'I' => open.execution_complete(CommandTag::empty())?,
            b'2' if open.executions.is_some() => {}
            b'E' => {
                let error = Error::from_server(message::server_error(body));
                if error.kind() == ErrorKind::Closed {
                    return Err(error);
                }
                open.failed(error);
            }
            b's' => open.suspended()?,
            b'H' => open.end_with(Err(copy_unsupported("TO STDOUT"))),
            b'G' => {
                open.end_with(Err(copy_unsupported("FROM STDIN")));
                self.refuse_copy(true)?;
            }
            b'Z' | b'c' | b'd' => {}
            found => return Err(unexpected(found, "rows or their end")),
        }
        Ok(None)
    }

    /// No ReadyForQuery is owed: the result is over, or its portal wants the next Execute.
    fn finish_open(&mut self) -> Result<Pump, Error> {
        let Some(open) = &mut self.open else { return Ok(Pump::Starved) };
        let suspended = open.portal.as_ref().is_some_and(|portal| portal.idle && !portal.closing);
        if open.outcome.is_none() && suspended {
            self.send_next_execute()?;
            return Ok(Pump::Starved);
        }
        let closing = open.portal.as_ref().is_some_and(|portal| portal.closing);
        let outcome = open.outcome.take().or_else(|| closing.then(|| Ok(CommandTag::empty())));
        let outcome = outcome.ok_or_else(|| unexpected(b'Z', "CommandComplete"))?;
        if let Some(Portal { name, closing: false, .. }) = self.open.take().and_then(|open| open.portal) {
            self.shared.close_later(Close::Portal(name));
        }
        Ok(Pump::Ended(outcome))
    }

    pub(super) fn refuse_copy(&mut self, extended: bool) -> Result<(), Error> {
        let mut request = Request::default();
        request.copy_fail(extended)?;
        self.send(&request);
        Ok(())
    }

    /// Moves the open result into its reader's inbox, up to `limit_bytes` held there.
    pub(super) async fn park_open(&mut self, limit_bytes: usize, limits: Limits<'_>) -> Result<(), Error> {
        let Some(inbox) = self.open.as_ref().map(|open| Arc::clone(&open.inbox)) else { return Ok(()) };
        loop {
            let take = |rows: &mut DataRows<'_>| {
                let mut rest = rows.clone();
                while let Some(row) = rest.next() {
                    if !inbox.hold(row.get(), limit_bytes) {
                        return Ok(ControlFlow::Break(()));
                    }
                    *rows = rest.clone();
                }
                Ok::<_, Infallible>(ControlFlow::Continue(()))
            };
            let Ok(pumped) = self.pump(take);
            match pumped {
                Ok(Pump::Starved) => self.fill(limits).await?,
                Ok(Pump::Stopped) => return Err(busy(limit_bytes)),
                Ok(Pump::Ended(outcome)) => {
                    inbox.content().end = Some(outcome);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads the open result to its end and drops the rows.
    pub(super) async fn discard_open(
        &mut self,
        limits: Limits<'_>,
    ) -> Result<Result<CommandTag, Error>, Error> {
        loop {
            if self.open.is_none() {
                return Ok(Ok(CommandTag::empty()));
            }
            match self.pump_away()? {
                Pump::Ended(outcome) => return Ok(outcome),
                _ => self.fill(limits).await?,
            }
        }
    }

    /// [`Wire::discard_open`] for a statement whose outcome its caller waits for.
    pub(super) async fn end_of_open(&mut self, limits: Limits<'_>) -> Result<CommandTag, Error> {
        loop {
            match self.pump_away()? {
                Pump::Ended(outcome) => return outcome,
                _ => self.fill_open(limits).await?,
            }
        }
    }

    /// Drops the rows that are in the buffer.
    pub(super) fn pump_away(&mut self) -> Result<Pump, Error> {
        let Ok(pumped) = self.pump(data_rows::skip);
        pumped
    }

    /// Asks the server to drop the open result's portal. True when no cancel is needed, or none allowed.
    pub(super) fn close_open_portal(&mut self) -> Result<bool, Error> {
        if self.open.as_ref().is_some_and(|open| open.never_cancel) {
            return Ok(true);
        }
        let Some(portal) = self.open.as_mut().and_then(|open| open.portal.as_mut()) else { return Ok(false) };
        if !portal.closing {
            portal.closing = true;
            let mut request = Request::default();
            request.close(&Close::Portal(portal.name.clone()))?.sync();
            self.send(&request);
        }
        Ok(true)
    }

    /// Writes as much of the queue as the socket takes without waiting.
    fn write_now(&mut self) {
        // OK to lose the wake-up: the next read polls the queue again, and reports what failed.
        let _ = self.poll_write_queued(&mut Context::from_waker(Waker::noop()));
    }
}

impl OpenResult {
    /// The error it ended with.
    pub(super) fn failure(&self) -> Option<&Error> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn execution_complete(&mut self, tag: CommandTag) -> Result<(), Error> {
        self.check_rows(&tag)?;
        self.complete += 1;
        if self.executions.is_none_or(|executions| self.complete >= executions) {
            self.end_with(Ok(tag));
        }
        Ok(())
    }

    fn failed(&mut self, error: Error) {
        self.end_with(Err(match self.executions {
            Some(_) => error.after_executions(self.complete),
            None => error,
        }));
    }

    /// The first end counts on a named portal: an Execute sent ahead of it is answered too. Else an error comes after the
    /// end when the commit fails, and means that nothing was done.
    fn end_with(&mut self, outcome: Result<CommandTag, Error>) {
        let commit_failed = self.portal.is_none() && outcome.is_err();
        if self.failure().is_some() || (self.outcome.is_some() && !commit_failed) {
            return;
        }
        let earlier = self.portal.as_ref().map_or(0, |portal| portal.earlier_rows);
        self.outcome = Some(outcome.map(|tag| tag.plus(earlier)));
    }

    /// A server that counts its rows must have sent as many: a result that lost some must not look complete. Redshift
    /// does not count; PostgreSQL counts each Execute for itself.
    fn check_rows(&mut self, tag: &CommandTag) -> Result<(), Error> {
        match (self.rows.replace(0), tag.rows) {
            (Some(sent), Some(said)) if tag.text.starts_with("SELECT ") && said != sent as u64 => {
                Err(Error::protocol(format!("CommandComplete is \"{}\" after {sent} rows", tag.text)))
            }
            _ => Ok(()),
        }
    }

    fn suspended(&mut self) -> Result<(), Error> {
        let Some(portal) = &mut self.portal else {
            return Err(unexpected(b's', "the end of a result without row limit"));
        };
        portal.earlier_rows += PORTAL_ROWS.unsigned_abs() as u64;
        self.rows = Some(0);
        portal.idle = !portal.next_sent;
        portal.next_sent = false;
        Ok(())
    }
}

pub(super) fn copy_unsupported(direction: &str) -> Error {
    let text =
        format!("COPY {direction} is not supported; the statement was given up and the connection is usable");
    Error::new(ErrorKind::InvalidInput, text)
}

fn busy(limit_bytes: usize) -> Error {
    Error::new(
        ErrorKind::Busy,
        format!(
            "another result is still open on this connection and does not fit into {limit_bytes} bytes of buffer; read it \
             to its end or release it first, use a second connection, or raise adbc.redshift.result.buffer_bytes"
        ),
    )
}

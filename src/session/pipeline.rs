//! Many executions in one flight: Bind and Execute after each other, one Sync, answers read while requests are written.
//!
//! Owns the flow; what is executed comes from a feed, which is asked whenever the queue runs low, so that memory stays
//! bounded however many executions there are. Invariant: whatever fails, no further execution is sent and the wire is
//! at rest on return. What was executed before stays until its transaction is rolled back, which is the caller's to do.

use std::sync::Arc;

use super::buffer::Frame;
use super::connection::Session;
use super::error::Error;
use super::limits::Limits;
use super::message::{self, Column, Format};
use super::query::{Prepared, Started, StatementName, await_begin};
use super::request::Request;
use super::result::{OpenResult, Pump};
use super::rows::RowStream;
use super::wire::{Wire, unexpected};
use super::{Operation, Parameters, ResultFormats, TransactionStatus};

/// The queue is filled up to here before it is written.
const QUEUE_BYTES: usize = 1 << 18;

/// Executions whose results may be on the way together. More would have to be read to their end when the reader of
/// their results is dropped.
const QUERIES_PER_FLIGHT: u32 = 128;

/// Where a feed puts the next execution.
pub(crate) struct Pipeline<'a> {
    request: &'a mut Request,
    result_formats: &'a [Format],
    executions: u32,
}

/// What a pipeline has done.
#[derive(Debug, Default)]
pub(crate) struct Completed {
    executions: u64,
    /// Rows affected, as far as the server counted them.
    pub(crate) rows: u64,
}

impl Pipeline<'_> {
    /// Prepares a statement, whose rows, if any, are dropped.
    pub(crate) fn parse(&mut self, statement: &StatementName, sql: &str, types: &[u32]) -> Result<(), Error> {
        self.whole(|request| request.parse(&statement.name, sql, types).map(drop))
    }

    /// Executes a statement once.
    pub(crate) fn execute(
        &mut self,
        statement: &StatementName,
        parameters: &Parameters<'_>,
    ) -> Result<(), Error> {
        let formats = self.result_formats.iter().copied();
        self.whole(|request| {
            request.bind("", &statement.name, parameters, formats)?.execute("", 0).map(drop)
        })?;
        self.executions += 1;
        Ok(())
    }

    /// Messages that cannot be built leave nothing of themselves among those that can.
    fn whole(&mut self, build: impl FnOnce(&mut Request) -> Result<(), Error>) -> Result<(), Error> {
        let length = self.request.bytes.len();
        build(self.request).inspect_err(|_| self.request.bytes.truncate(length))
    }
}

impl Session {
    /// Executes what the feed adds, once per call, until it answers false; drops the rows of it. After an error the feed
    /// is not asked again.
    pub(crate) async fn pipeline<E: From<Error>>(
        self: &Arc<Self>,
        mut feed: impl FnMut(&mut Pipeline<'_>) -> Result<bool, E>,
        operation: &Operation,
    ) -> Result<Completed, E> {
        let mut wire = self.enter(operation).await?;
        let (request, begins) = self.request(operation.begin)?;
        let mut answers = Answers { begins, completed: Completed::default() };
        wire.send(&request);
        wire.start_flight();
        let limits = Limits::of(operation);
        let fed = send_all(&mut wire, &mut feed, &mut answers, limits).await;
        wire.queue(Request::end_flight);
        let finished = match &fed {
            Ok(()) => finish(&mut wire, &mut answers, limits).await,
            Err(Failure::Session(error)) => Err(error.clone()),
            // What was fed before is executed, which an error of the server's may tell more about.
            Err(Failure::Feed(_)) => finish(&mut wire, &mut answers, limits).await,
        };
        let finished = match finished {
            Ok(()) => Ok(answers.completed),
            Err(error) => Err(self.leave(&mut wire, error).await),
        };
        match (fed, finished) {
            (Err(Failure::Feed(error)), Ok(_)) => Err(error),
            (_, finished) => finished.map_err(E::from),
        }
    }

    /// Executes a prepared query for what the feed gives, up to a bounded number of times. The results follow each other
    /// in one stream; true means that the feed has more.
    pub(crate) async fn query_each<E: From<Error>>(
        self: &Arc<Self>,
        prepared: &Prepared,
        formats: ResultFormats<'_>,
        mut feed: impl FnMut(&mut Pipeline<'_>) -> Result<bool, E>,
        operation: &Operation,
    ) -> Result<(RowStream, bool), E> {
        self.check_owns(prepared.statement())?;
        let columns = prepared.columns(&formats);
        let result_formats: Vec<_> = columns.iter().flatten().map(|column| column.format).collect();
        let mut queries = Request::default();
        let (executions, more) = fill_flight(&mut queries, &result_formats, &mut feed)?;
        queries.sync();
        let mut wire = self.enter(operation).await?;
        let in_block = operation.begin || self.transaction_status() == TransactionStatus::Open;
        let (opening, begins) = self.request(operation.begin)?;
        wire.send(&opening);
        wire.send(&queries);
        let open = OpenResult::of_many(executions, columns.is_some(), in_block);
        let started = start_queries(&mut wire, begins, open, columns, Limits::of(operation));
        match started.await {
            Ok(started) => Ok((self.row_stream(&wire, started, operation), more)),
            Err(error) => Err(self.leave(&mut wire, error).await.into()),
        }
    }
}

/// Why nothing more is sent.
enum Failure<E> {
    Feed(E),
    Session(Error),
}

impl<E> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

/// Adds executions up to the bounds of a flight. Answers how many, and whether the feed has more.
fn fill_flight<E>(
    request: &mut Request,
    result_formats: &[Format],
    feed: &mut impl FnMut(&mut Pipeline<'_>) -> Result<bool, E>,
) -> Result<(u32, bool), E> {
    let mut pipeline = Pipeline { request, result_formats, executions: 0 };
    let mut more = true;
    while more && pipeline.executions < QUERIES_PER_FLIGHT && pipeline.request.bytes.len() < QUEUE_BYTES {
        more = feed(&mut pipeline)?;
    }
    Ok((pipeline.executions, more))
}

async fn send_all<E>(
    wire: &mut Wire,
    feed: &mut impl FnMut(&mut Pipeline<'_>) -> Result<bool, E>,
    answers: &mut Answers,
    limits: Limits<'_>,
) -> Result<(), Failure<E>> {
    let mut more = true;
    while more {
        while more && wire.queued() < QUEUE_BYTES {
            let add =
                |request: &mut Request| feed(&mut Pipeline { request, result_formats: &[], executions: 0 });
            more = wire.queue(add).map_err(Failure::Feed)?;
        }
        limits.check()?;
        wire.exchange(limits).await?;
        while let Some(frame) = wire.next_answer()? {
            answers.take(wire, &frame)?;
        }
    }
    Ok(())
}

async fn finish(wire: &mut Wire, answers: &mut Answers, limits: Limits<'_>) -> Result<(), Error> {
    while wire.owed() > 0 {
        let frame = wire.message(limits).await?;
        answers.take(wire, &frame)?;
    }
    Ok(())
}

/// Waits for the first row, or for the first error, which then surfaces with the statement.
async fn start_queries(
    wire: &mut Wire,
    begins: bool,
    open: OpenResult,
    columns: Option<Vec<Column>>,
    limits: Limits<'_>,
) -> Result<Started, Error> {
    await_begin(wire, begins, limits).await?;
    wire.open = Some(open);
    loop {
        match wire.peek(limits).await? {
            b'2' | b'C' => {
                if let Some(Pump::Starved) = wire.step()? {
                    wire.fill(limits).await?;
                }
            }
            b'D' if columns.is_some() => return Ok(Started { columns, tag: None }),
            _ => return Ok(Started { columns, tag: Some(wire.discard_open(limits).await??) }),
        }
    }
}

/// What the answers to a pipeline add up to.
struct Answers {
    /// The first CommandComplete is that of BEGIN.
    begins: bool,
    completed: Completed,
}

impl Answers {
    fn take(&mut self, wire: &Wire, frame: &Frame) -> Result<(), Error> {
        let complete = match frame.tag {
            b'C' => Some(message::command_complete(wire.buffer.body(frame))?.rows),
            b'I' => Some(None),
            b'E' => return Err(wire.server_error(frame).after_executions(self.completed.executions)),
            b'1' | b'2' | b'D' | b'Z' | b'n' | b'T' => None,
            found => return Err(unexpected(found, "the end of a bound statement")),
        };
        if complete.is_some() && !std::mem::take(&mut self.begins) {
            self.completed.executions += 1;
            self.completed.rows = self.completed.rows.saturating_add(complete.flatten().unwrap_or_default());
        }
        Ok(())
    }
}

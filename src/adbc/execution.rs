//! What an execution gives, and what becomes of it: a reader, or nothing but a count.

use std::sync::Arc;
use std::time::Instant;

use adbc_core::error::{Error, Result, Status};
use arrow_schema::Schema;

use super::bind::BoundQueries;
use super::columns;
use super::error::from_session;
use super::reader::{BatchReader, MemoryReader, Reader, ResultLink};
use super::running::RunningOperation;
use super::runtime;
use crate::data_rows;
use crate::session::{self, FetchError, RowStream};
use crate::types::{BatchBuilder, BatchLimits};

/// A statement under way: its outcome, and the registration that makes it cancellable.
pub(super) struct Execution {
    pub(super) outcome: Outcome,
    pub(super) running: RunningOperation,
    pub(super) limits: BatchLimits,
}

/// What a statement gave.
pub(super) enum Outcome {
    /// It has no result; the rows affected, -1 when unknown.
    Affected(i64),
    /// A result with these columns, for which no row was bound, so that nothing was executed.
    Nothing(Schema),
    /// One result.
    Rows(RowStream),
    /// The results of many executions: those of the first, and what executes the rest.
    ManyRows(RowStream, Box<BoundQueries>),
}

impl Outcome {
    /// The outcome of a statement that was executed once; its rows are waited for until the deadline.
    pub(super) fn of(mut rows: RowStream, deadline: Option<Instant>) -> Result<Self> {
        if rows.command_tag().is_some_and(|tag| tag.text.is_empty()) {
            let message = "the statement is empty; it needs SQL text besides comments and white space";
            return Err(Error::with_message_and_status(message, Status::InvalidArguments));
        }
        if let Some(deadline) = deadline {
            rows.expire_at(deadline);
        }
        Ok(match rows.columns() {
            Some(_) => Self::Rows(rows),
            None => Self::Affected(rows_affected(&rows)),
        })
    }
}

impl Execution {
    /// The result, its link if it reads on from the server, and the rows affected.
    pub(super) fn into_reader(self) -> (Reader, Option<ResultLink>, i64) {
        let Self { outcome, running, limits } = self;
        let builder =
            |rows: &RowStream| BatchBuilder::new(&columns::specs(rows.columns().unwrap_or_default()), limits);
        let reader = match outcome {
            Outcome::Affected(rows) => return (in_memory(Schema::empty()), None, rows),
            Outcome::Nothing(schema) => return (in_memory(schema), None, -1),
            Outcome::Rows(rows) => {
                let builder = builder(&rows);
                BatchReader::new(rows, builder, running)
            }
            Outcome::ManyRows(rows, queries) => {
                let builder = builder(&rows);
                BatchReader::of_many(rows, queries, builder, running)
            }
        };
        let link = reader.link();
        (Box::new(reader), Some(link), -1)
    }

    /// Reads to the end and drops the rows. Answers the rows affected.
    pub(super) fn discard(self) -> Result<i64> {
        match self.outcome {
            Outcome::Affected(rows) => return Ok(rows),
            Outcome::Nothing(_) => {}
            Outcome::Rows(mut rows) => discard(&mut rows, from_session)?,
            Outcome::ManyRows(mut rows, mut queries) => {
                let mut first_row = 1;
                loop {
                    discard(&mut rows, |error| BoundQueries::row_error(first_row, error))?;
                    first_row = queries.first_row();
                    match queries.next()? {
                        Some(next) => rows = next,
                        None => break,
                    }
                }
            }
        }
        Ok(-1)
    }
}

fn in_memory(schema: Schema) -> Reader {
    Box::new(MemoryReader::new(Arc::new(schema), Vec::new()))
}

fn discard(rows: &mut RowStream, to_adbc: impl FnOnce(&session::Error) -> Error) -> Result<()> {
    match runtime::block_on(rows.read_rows(data_rows::skip))? {
        Ok(_) => Ok(()),
        Err(FetchError::Session(error)) => Err(to_adbc(&error)),
        Err(FetchError::Row(never)) => match never {},
    }
}

fn rows_affected(rows: &RowStream) -> i64 {
    rows.command_tag().and_then(|tag| tag.rows).and_then(|rows| i64::try_from(rows).ok()).unwrap_or(-1)
}

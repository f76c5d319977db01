//! Simple query: statements of the driver's own (COMMIT, SET, small metadata queries), answered in text.

use std::sync::Arc;

use super::connection::Session;
use super::error::{Error, ErrorKind};
use super::limits::Limits;
use super::message::{self, CommandTag};
use super::request::Request;
use super::result::copy_unsupported;
use super::wire::{Wire, unexpected};
use super::{Operation, TransactionStatus};

/// All that a simple query returned.
#[derive(Debug, Default)]
struct Answers {
    rows: Vec<Vec<Option<String>>>,
    /// RowDescriptions seen.
    results: usize,
    tag: Option<CommandTag>,
    error: Option<Error>,
}

impl Session {
    /// Runs a statement without rows by the simple protocol (COMMIT, ROLLBACK, SET).
    pub(crate) async fn command(
        self: &Arc<Self>,
        sql: &str,
        operation: &Operation,
    ) -> Result<CommandTag, Error> {
        let answers = self.simple_query(sql, operation).await?;
        answers.tag.ok_or_else(|| unexpected(b'Z', "CommandComplete"))
    }

    /// Runs one statement by the simple protocol and keeps its rows: for the driver's own small metadata queries.
    pub(crate) async fn rows(
        self: &Arc<Self>,
        sql: &str,
        operation: &Operation,
    ) -> Result<Vec<Vec<Option<String>>>, Error> {
        let answers = self.simple_query(sql, operation).await?;
        match answers.results {
            0 | 1 => Ok(answers.rows),
            count => Err(Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "the query returned {count} results where one was expected; send one statement at a time"
                ),
            )),
        }
    }

    async fn simple_query(&self, sql: &str, operation: &Operation) -> Result<Answers, Error> {
        Request::default().simple_query(sql)?;
        tracing::trace!(sql, "simple query");
        let mut retried = false;
        loop {
            let mut wire = self.enter(operation).await?;
            let begins = operation.begin && self.transaction_status() == TransactionStatus::Idle;
            let outcome = answers(&mut wire, sql, begins, Limits::of(operation)).await;
            if let Some(outcome) = self.conclude(&mut wire, outcome, &mut retried).await {
                return outcome;
            }
        }
    }
}

async fn answers(wire: &mut Wire, sql: &str, begins: bool, limits: Limits<'_>) -> Result<Answers, Error> {
    let mut request = Request::default();
    // In one string: if BEGIN fails, the server skips the rest.
    match begins {
        true => request.simple_query(&format!("BEGIN;{sql}"))?,
        false => request.simple_query(sql)?,
    };
    request.begins = begins;
    wire.send(&request);
    let mut answers = Answers::default();
    while wire.owed() > 0 {
        answers.take(wire, limits).await?;
    }
    match answers.error.take() {
        Some(error) => Err(error),
        None => Ok(answers),
    }
}

impl Answers {
    async fn take(&mut self, wire: &mut Wire, limits: Limits<'_>) -> Result<(), Error> {
        let awaited = match &self.error {
            // What failed is known; it does not wait long for the ReadyForQuery.
            Some(error) => wire.message(limits.patient()).await.map_err(|late| match late.kind() {
                ErrorKind::Timeout => error.clone(),
                _ => late,
            }),
            None => wire.message(limits).await,
        };
        let frame = awaited?;
        let body = wire.buffer.body(&frame);
        match frame.tag {
            b'T' => self.results += 1,
            b'D' => self.rows.push(message::text_row(body)?),
            b'C' => self.tag = Some(message::command_complete(body)?),
            b'I' => self.tag = Some(CommandTag::empty()),
            b'E' => {
                let error = wire.server_error(&frame);
                if error.kind() == ErrorKind::Closed {
                    return Err(error);
                }
                self.error.get_or_insert(error);
            }
            b'G' => {
                self.error.get_or_insert_with(|| copy_unsupported("FROM STDIN"));
                wire.refuse_copy(false)?;
            }
            b'H' => {
                self.error.get_or_insert_with(|| copy_unsupported("TO STDOUT"));
            }
            b'Z' | b'c' | b'd' => {}
            found => return Err(unexpected(found, "the answer to a simple query")),
        }
        Ok(())
    }
}

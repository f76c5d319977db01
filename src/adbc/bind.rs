//! A query executed once per bound row: rows to parameters, executions in a pipeline, errors with their row.
//!
//! A plain INSERT becomes INSERTs of many rows. Outside of a transaction all bound rows are one transaction: either every
//! row is executed, or none. Inside of one they belong to it, and a row that fails fails it, as any statement does.

use std::sync::Arc;

use adbc_core::error::{Error, Result, Status};
use arrow_array::RecordBatch;
use bytes::{BufMut, BytesMut};

use super::atomic::in_transaction;
use super::bound::Bound;
use super::columns::{self, with_formats};
use super::error::{from_encode, from_session};
use super::execution::Outcome;
use super::insert::{InsertTemplate, highest_parameter};
use super::runtime;
use crate::session::{
    self, Format, MAX_PARAMETERS, Operation, Parameters, Pipeline, Prepared, RowStream, Session,
    StatementName,
};
use crate::types::{EncodeError, EncodedBatch, ParameterTarget, RowEncoder};

/// Bytes of values after which a statement of many rows is sent: the server takes 16 MB of statement, and what counts
/// towards that is its own affair.
const STATEMENT_BYTES: usize = 4 << 20;

/// The length of NULL.
const NULL: i32 = -1;

/// How rows become parameters of one statement.
#[derive(Debug)]
pub(super) struct RowBinder {
    encoder: RowEncoder,
    formats: Vec<Format>,
}

/// A failed execution, and the rows it stood for.
enum Failure {
    Encode(EncodeError),
    Session(session::Error),
}

impl From<session::Error> for Failure {
    fn from(error: session::Error) -> Self {
        Self::Session(error)
    }
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl Failure {
    /// `last_row` answers the number of the last row of an execution, counted from 0; rows count from 1.
    fn into_adbc(self, first_row: u64, last_row: impl Fn(u64) -> Option<u64>) -> Error {
        let error = match self {
            Self::Encode(error) => return from_encode(&error),
            Self::Session(error) => error,
        };
        let mut adbc = from_session(&error);
        if let Some(execution) = error.executions_before() {
            let first = match execution.checked_sub(1) {
                Some(earlier) => last_row(earlier).map_or(first_row, |row| row + 1),
                None => first_row,
            };
            let rows = match last_row(execution) {
                Some(last) if last > first => format!("rows {first} to {last} of the bound data"),
                _ => format!("row {first} of the bound data"),
            };
            adbc.message.push_str(&format!("; it happened with {rows}"));
        }
        adbc
    }
}

impl RowBinder {
    pub(super) fn new(bound: &Bound, targets: &[ParameterTarget]) -> Result<Self> {
        let encoder =
            RowEncoder::new(bound.schema().fields(), targets).map_err(|error| from_encode(&error))?;
        let format = |binary| if binary { Format::Binary } else { Format::Text };
        let formats = encoder.is_binary().map(format).collect();
        Ok(Self { encoder, formats })
    }

    fn batch(&self, batch: &RecordBatch, rows_before: u64) -> Result<EncodedBatch<'_>> {
        self.encoder.batch(batch, rows_before).map_err(|error| from_encode(&error))
    }

    /// Adds one row to `cells`.
    fn put_row(
        &self,
        batch: &EncodedBatch<'_>,
        row: usize,
        cells: &mut BytesMut,
    ) -> std::result::Result<(), EncodeError> {
        for column in 0..self.formats.len() {
            let start = cells.len();
            cells.put_i32(NULL);
            if batch.write(row, column, cells)? {
                let length = cells.len() - start - size_of::<i32>();
                // A value of 2 GiB is refused with its message, which is as long.
                let length = i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes();
                if let Some(place) = cells.get_mut(start..start + size_of::<i32>()) {
                    place.copy_from_slice(&length);
                }
            }
        }
        Ok(())
    }

    fn parameters<'a>(&'a self, rows: usize, cells: &'a BytesMut) -> Parameters<'a> {
        Parameters { count: rows * self.formats.len(), formats: &self.formats, cells }
    }
}

/// A prepared statement and the data for its parameters.
pub(super) struct BoundStatement {
    pub(super) session: Arc<Session>,
    pub(super) prepared: Arc<Prepared>,
    pub(super) binder: RowBinder,
    pub(super) operation: Operation,
    /// Results are to be text.
    pub(super) text: bool,
    pub(super) bound: Bound,
}

impl BoundStatement {
    /// Executes a statement without result columns for all rows. Answers the rows affected.
    pub(super) fn update(mut self, sql: &str) -> Result<i64> {
        let Some((first, many)) = self.first()? else { return Ok(0) };
        let template = InsertTemplate::recognise(sql, self.binder.formats.len()).filter(|_| many);
        let types: Vec<u32> = self.prepared.description().parameters.clone();
        let own = many && !self.operation.begin;
        let (session, operation) = (Arc::clone(&self.session), self.operation.clone());
        let rows = in_transaction(&session, &operation, own, |operation| match &template {
            Some(template) => {
                let mut inserter = Inserter::new(&self.session, &self.binder, template, &types);
                inserter.insert_all(first, &mut self.bound, operation)?;
                Ok(inserter.affected)
            }
            None => self.execute_each(first, operation),
        })?;
        Ok(i64::try_from(rows).unwrap_or(i64::MAX))
    }

    /// The first batch with rows, and whether there is more than one row in all.
    fn first(&mut self) -> Result<Option<(RecordBatch, bool)>> {
        let Some(first) = self.bound.next()? else { return Ok(None) };
        let many = first.num_rows() > 1 || {
            let second = self.bound.next()?;
            let many = second.is_some();
            self.bound.put_back(second);
            many
        };
        Ok(Some((first, many)))
    }

    fn execute_each(&mut self, first: RecordBatch, operation: &Operation) -> Result<u64> {
        let (mut affected, mut rows_before, mut next) = (0_u64, 0, Some(first));
        while let Some(batch) = next {
            affected = affected.saturating_add(self.execute_batch(&batch, rows_before, operation)?);
            rows_before += batch.num_rows() as u64;
            next = self.bound.next()?;
        }
        Ok(affected)
    }

    fn execute_batch(&self, batch: &RecordBatch, rows_before: u64, operation: &Operation) -> Result<u64> {
        let encoded = self.binder.batch(batch, rows_before)?;
        let (mut row, mut cells) = (0, BytesMut::new());
        let feed = |pipeline: &mut Pipeline<'_>| {
            cells.clear();
            self.binder.put_row(&encoded, row, &mut cells)?;
            pipeline.execute(self.prepared.statement(), &self.binder.parameters(1, &cells))?;
            row += 1;
            Ok::<_, Failure>(row < batch.num_rows())
        };
        let completed = runtime::block_on(self.session.pipeline(feed, operation))?;
        let first_row = rows_before + 1;
        match completed {
            Ok(completed) => Ok(completed.rows),
            Err(failure) => Err(failure.into_adbc(first_row, |execution| Some(first_row + execution))),
        }
    }

    /// Executes a query for the first row, or for the first of many.
    pub(super) fn query(mut self) -> Result<Outcome> {
        let Some((first, many)) = self.first()? else {
            return Ok(Outcome::Nothing(columns::schema(self.prepared.description().columns.as_deref())));
        };
        if many {
            let mut queries = BoundQueries { statement: self, batch: first, row: 0, rows_before: 0 };
            let rows = queries.start()?;
            return Ok(Outcome::ManyRows(rows, Box::new(queries)));
        }
        let mut cells = BytesMut::new();
        let encoded = self.binder.batch(&first, 0)?;
        self.binder.put_row(&encoded, 0, &mut cells).map_err(|error| from_encode(&error))?;
        let parameters = self.binder.parameters(1, &cells);
        let execution = with_formats(&self.session, self.text, |formats| {
            runtime::block_on(self.session.execute(&self.prepared, &parameters, formats, &self.operation))
        })?;
        Outcome::of(execution.map_err(|error| from_session(&error))?, self.operation.deadline)
    }
}

/// The executions of a query that are still to come.
pub(super) struct BoundQueries {
    statement: BoundStatement,
    batch: RecordBatch,
    row: usize,
    rows_before: u64,
}

impl std::fmt::Debug for BoundQueries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundQueries").field("row", &self.first_row()).finish_non_exhaustive()
    }
}

impl BoundQueries {
    /// The number of the row that is executed next, counted from 1.
    pub(super) fn first_row(&self) -> u64 {
        self.rows_before + self.row as u64 + 1
    }

    /// The results of the next executions.
    pub(super) fn next(&mut self) -> Result<Option<RowStream>> {
        if self.row >= self.batch.num_rows() {
            self.rows_before += self.batch.num_rows() as u64;
            self.row = 0;
            match self.statement.bound.next()? {
                Some(batch) => self.batch = batch,
                None => return Ok(None),
            }
        }
        self.start().map(Some)
    }

    /// Executes the next rows of the batch, of which some are left.
    fn start(&mut self) -> Result<RowStream> {
        let first_row = self.first_row();
        let BoundStatement { session, prepared, binder, operation, text, .. } = &self.statement;
        let encoded = binder.batch(&self.batch, self.rows_before)?;
        let (row, rows, mut cells) = (&mut self.row, self.batch.num_rows(), BytesMut::new());
        let feed = |pipeline: &mut Pipeline<'_>| {
            cells.clear();
            binder.put_row(&encoded, *row, &mut cells)?;
            pipeline.execute(prepared.statement(), &binder.parameters(1, &cells))?;
            *row += 1;
            Ok::<_, Failure>(*row < rows)
        };
        let started = with_formats(session, *text, |formats| {
            runtime::block_on(session.query_each(prepared, formats, feed, operation))
        })?;
        match started {
            Ok((mut rows, _)) => {
                if let Some(deadline) = operation.deadline {
                    rows.expire_at(deadline);
                }
                Ok(rows)
            }
            Err(failure) => Err(failure.into_adbc(first_row, |execution| Some(first_row + execution))),
        }
    }

    /// An error of the results that follow `first_row`, with the row that it belongs to.
    pub(super) fn row_error(first_row: u64, error: &session::Error) -> Error {
        Failure::Session(error.clone()).into_adbc(first_row, |execution| Some(first_row + execution))
    }
}

/// Sends rows by INSERTs of many rows, as many as parameters and bytes allow.
pub(super) struct Inserter<'a> {
    session: &'a Arc<Session>,
    binder: &'a RowBinder,
    template: &'a InsertTemplate,
    types: &'a [u32],
    rows_per_statement: usize,
    /// The statement of as many rows, once it was sent.
    whole: Option<StatementName>,
    rows: u64,
    affected: u64,
}

impl<'a> Inserter<'a> {
    pub(super) fn new(
        session: &'a Arc<Session>,
        binder: &'a RowBinder,
        template: &'a InsertTemplate,
        types: &'a [u32],
    ) -> Self {
        let rows_per_statement = (MAX_PARAMETERS / binder.formats.len().max(1)).max(1);
        Self { session, binder, template, types, rows_per_statement, whole: None, rows: 0, affected: 0 }
    }

    /// Inserts a batch and all that follow it.
    pub(super) fn insert_all(
        &mut self,
        first: RecordBatch,
        bound: &mut Bound,
        operation: &Operation,
    ) -> Result<u64> {
        let mut next = Some(first);
        while let Some(batch) = next {
            self.insert(&batch, operation)?;
            next = bound.next()?;
        }
        Ok(self.rows)
    }

    fn insert(&mut self, batch: &RecordBatch, operation: &Operation) -> Result<()> {
        let encoded = self.binder.batch(batch, self.rows)?;
        let (mut row, mut cells, mut last_rows) = (0, BytesMut::new(), Vec::new());
        let first_row = self.rows + 1;
        let session = Arc::clone(self.session);
        let feed = |pipeline: &mut Pipeline<'_>| {
            cells.clear();
            let start = row;
            while row < batch.num_rows()
                && row - start < self.rows_per_statement
                && cells.len() < STATEMENT_BYTES
            {
                self.binder.put_row(&encoded, row, &mut cells)?;
                row += 1;
            }
            self.execute(row - start, &cells, pipeline)?;
            last_rows.push(first_row + row as u64 - 1);
            Ok::<_, Failure>(row < batch.num_rows())
        };
        let completed = runtime::block_on(session.pipeline(feed, operation))?;
        let last_row = |execution: u64| {
            usize::try_from(execution).ok().and_then(|execution| last_rows.get(execution)).copied()
        };
        let completed = completed.map_err(|failure| failure.into_adbc(first_row, last_row))?;
        self.affected = self.affected.saturating_add(completed.rows);
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn execute(
        &mut self,
        rows: usize,
        cells: &BytesMut,
        pipeline: &mut Pipeline<'_>,
    ) -> std::result::Result<(), session::Error> {
        let parameters = self.binder.parameters(rows, cells);
        if let Some(whole) = self.whole.as_ref().filter(|_| rows == self.rows_per_statement) {
            return pipeline.execute(whole, &parameters);
        }
        let statement = self.session.statement_name();
        let types: Vec<u32> = self.types.iter().copied().cycle().take(rows * self.types.len()).collect();
        pipeline.parse(&statement, &self.template.statement(rows), &types)?;
        pipeline.execute(&statement, &parameters)?;
        if rows == self.rows_per_statement {
            self.whole = Some(statement);
        }
        Ok(())
    }
}

/// Fails unless there is a bound column for each parameter of the query, of which the server described so many. It
/// describes what was declared too, whether the query has it or not.
pub(super) fn check_count(bound: usize, sql: &str, described: usize) -> Result<()> {
    let parameters = described.min(highest_parameter(sql));
    if bound == parameters {
        return Ok(());
    }
    let message = format!(
        "the query has {parameters} parameters and {bound} columns are bound; bind one column for each parameter"
    );
    Err(Error::with_message_and_status(message, Status::InvalidArguments))
}

//! Bulk ingest: bound data into a table, by INSERTs of many rows.
//!
//! Owns the order of things: the target is found out, made if asked for, described, and filled; all of it in one
//! transaction unless told otherwise. DDL is `target`'s, rows are `bind`'s.

mod target;

use std::sync::Arc;

use adbc_core::error::{Error, Result, Status};
use arrow_array::RecordBatch;

use self::target::Target;
use super::atomic::in_transaction;
use super::bind::{Inserter, RowBinder};
use super::bound::Bound;
use super::connection::Connection;
use super::error::{from_encode, from_session, sqlstate};
use super::insert::InsertTemplate;
use super::metadata::{dialect, quoted};
use super::runtime;
use super::settings::{IngestMode, IngestSettings, VarcharLength};
use crate::session::{Column, Operation, ResultFormats, Session};
use crate::types::{
    Dialect, MAX_VARCHAR_BYTES, ParameterTarget, longest_text, max_bytes, parameter_types, value_expression,
};

/// SQLSTATEs of data whose columns are not the table's.
const OTHER_COLUMNS: &[&str] = &["42703", "42804"];

/// Ingests the bound data. Answers the rows.
pub(super) fn ingest(
    connection: &Connection,
    settings: &IngestSettings,
    bound: Bound,
    operation: &Operation,
) -> Result<i64> {
    if bound.schema().fields().is_empty() {
        let message = "the bound data has no columns, of which a table needs one at least";
        return Err(Error::with_message_and_status(message, Status::InvalidArguments));
    }
    let session = connection.session()?;
    let target = Target::find(connection, settings)?;
    let mut ingest = Ingest { session: &session, settings, target, dialect: dialect(&session), bound };
    let lengths = ingest.varchar_lengths()?;
    let own = settings.transaction && !operation.begin;
    let rows = in_transaction(&session, operation, own, |operation| {
        ingest.make_table(&lengths, operation)?;
        ingest.fill(operation)
    })?;
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
}

struct Ingest<'a> {
    session: &'a Arc<Session>,
    settings: &'a IngestSettings,
    target: Target,
    dialect: Dialect,
    bound: Bound,
}

impl Ingest<'_> {
    /// The length of each VARCHAR column. Measuring takes the whole data, which is kept for the INSERTs.
    fn varchar_lengths(&mut self) -> Result<Vec<u32>> {
        let columns = self.bound.schema().fields().len();
        let (VarcharLength::Measured, true) =
            (self.settings.varchar_length, self.settings.mode != IngestMode::Append)
        else {
            let fixed = match self.settings.varchar_length {
                VarcharLength::Fixed(bytes) => bytes,
                VarcharLength::Measured => MAX_VARCHAR_BYTES,
            };
            return Ok(vec![fixed; columns]);
        };
        let mut batches = Vec::new();
        let mut longest = vec![1; columns];
        while let Some(batch) = self.bound.next()? {
            for (index, bytes) in longest.iter_mut().enumerate() {
                *bytes = longest_text(&batch, index).map_err(|error| from_encode(&error))?.max(*bytes);
            }
            batches.push(batch);
        }
        self.bound = Bound::batches(Arc::clone(self.bound.schema()), batches);
        Ok(longest)
    }

    fn make_table(&self, varchar_lengths: &[u32], operation: &Operation) -> Result<()> {
        let ddl = self.target.ddl(self.settings, self.bound.schema(), self.dialect, varchar_lengths)?;
        for sql in ddl {
            self.run(&sql, operation)?;
        }
        Ok(())
    }

    fn run(&self, sql: &str, operation: &Operation) -> Result<()> {
        let ran = runtime::block_on(self.session.query(sql, ResultFormats::Text, operation))?;
        ran.map(drop).map_err(|error| from_session(&error))
    }

    fn fill(&mut self, operation: &Operation) -> Result<u64> {
        let table = self.target.name();
        let columns: Vec<String> =
            self.bound.schema().fields().iter().map(|field| quoted(field.name())).collect();
        let described = self.columns_of_table(&table, &columns, operation)?;
        let Some(first) = self.bound.next()? else { return Ok(0) };
        self.insert(&table, &columns, &described, first, operation).map_err(|error| self.mismatch(error))
    }

    /// The target's columns that the data has, by name and in the data's order.
    fn columns_of_table(
        &self,
        table: &str,
        columns: &[String],
        operation: &Operation,
    ) -> Result<Vec<Column>> {
        let sql = format!("SELECT {} FROM {table}", columns.join(", "));
        let description = runtime::block_on(self.session.describe(&sql, &[], operation))?
            .map_err(|error| self.mismatch(from_session(&error)))?;
        Ok(description.columns.unwrap_or_default())
    }

    fn insert(
        &mut self,
        table: &str,
        columns: &[String],
        described: &[Column],
        first: RecordBatch,
        operation: &Operation,
    ) -> Result<u64> {
        let schema = Arc::clone(self.bound.schema());
        let targets: Vec<_> = described.iter().map(|column| self.parameter_target(column)).collect();
        let expressions: Vec<_> = schema
            .fields()
            .iter()
            .zip(described)
            .map(|(field, column)| value_expression(field, column.type_oid))
            .collect();
        let template = InsertTemplate::new(table, columns, &expressions);
        let binder = RowBinder::new(&self.bound, &targets)?;
        let types = parameter_types(&schema).map_err(|error| from_encode(&error))?;
        let mut inserter = Inserter::new(self.session, &binder, &template, &types);
        inserter.insert_all(first, &mut self.bound, operation)
    }

    fn parameter_target(&self, column: &Column) -> ParameterTarget {
        let max_bytes = match self.dialect {
            Dialect::Redshift => max_bytes(column.type_oid, column.type_modifier),
            // PostgreSQL counts characters.
            Dialect::PostgreSql => None,
        };
        ParameterTarget { oid: column.type_oid, max_bytes }
    }

    /// Says of a table whose columns are not those of the data that it exists, as ADBC wants it.
    fn mismatch(&self, error: Error) -> Error {
        if !OTHER_COLUMNS.iter().any(|code| sqlstate(code) == error.sqlstate) {
            return error;
        }
        let message = format!(
            "table {} exists with other columns than the data: {}; columns are matched by name",
            self.target.name(),
            error.message
        );
        Error { message, status: Status::AlreadyExists, ..error }
    }
}

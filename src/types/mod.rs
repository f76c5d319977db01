//! Values: one table from OID, type modifier and protocol version to SQL name, Arrow type, wire format and
//! decoder. Knows no session and no ADBC.

// The contract towards `adbc` (to be implemented in files of this folder):

use std::ops::ControlFlow;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, SchemaRef};

/// A result column as the wire describes it.
#[derive(Clone, Debug)]
pub(crate) struct ColumnSpec {
    /// Label.
    pub(crate) name: String,
    /// Type OID.
    pub(crate) oid: u32,
    /// Type modifier, -1 when none.
    pub(crate) type_modifier: i32,
    /// Values come in binary.
    pub(crate) binary: bool,
    /// May hold NULL as far as known.
    pub(crate) nullable: bool,
}

/// When a batch is full, whichever comes first. A batch holds at least one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    /// Rows per batch.
    pub(crate) rows: usize,
    /// Bytes of value data per batch.
    pub(crate) bytes: usize,
}

/// A value that cannot be represented; names column, row, type and value form.
#[derive(Clone, Debug)]
pub(crate) struct DecodeError {}

/// Collects DataRow bodies into record batches. One decoder per column, chosen at `new`.
#[derive(Debug)]
pub(crate) struct BatchBuilder {}

/// Whether binary is the safe choice for a type at a protocol version (reference sections 4.1, 4.2).
#[allow(unused_variables)]
pub(crate) fn prefers_binary(oid: u32, type_modifier: i32, protocol: u8) -> bool {
    todo!()
}

/// The SQL type with its modifiers, as Redshift's documentation spells it in DDL: `VARCHAR(25)`, `NUMERIC(12,2)`.
#[allow(unused_variables)]
pub(crate) fn sql_type(oid: u32, type_modifier: i32) -> String {
    todo!()
}

/// The Arrow type a column decodes to.
#[allow(unused_variables)]
pub(crate) fn arrow_type(oid: u32, type_modifier: i32) -> DataType {
    todo!()
}

/// The Arrow field: type, nullability, `REDSHIFT:type` metadata, extension names.
#[allow(unused_variables)]
pub(crate) fn field(column: &ColumnSpec) -> Field {
    todo!()
}

#[allow(unused_variables)]
impl BatchBuilder {
    pub(crate) fn new(columns: &[ColumnSpec], limits: BatchLimits) -> Self {
        todo!()
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        todo!()
    }

    /// Adds one DataRow body; breaks when the batch is full with it.
    pub(crate) fn push(&mut self, row: &[u8]) -> Result<ControlFlow<()>, DecodeError> {
        todo!()
    }

    /// Rows collected since the last batch.
    pub(crate) fn rows(&self) -> usize {
        todo!()
    }

    /// The rows collected so far as a batch; the builder starts anew.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, DecodeError> {
        todo!()
    }
}

impl DecodeError {
    /// The SQLSTATE that fits.
    pub(crate) fn sqlstate(&self) -> &str {
        todo!()
    }
}
impl std::fmt::Display for DecodeError {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}

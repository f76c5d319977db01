//! Values: one table from OID and type modifier to SQL name, Arrow type, wire format and decoder, the builder that
//! turns DataRow bodies into record batches, and the writers that turn batches into parameters.
//!
//! Knows no session and no ADBC: it sees column descriptions and bytes. Invariant: a value is exact or an error that
//! names its column and row, never cut, rounded or guessed; an unknown type is text, never an error.
//!
//! | file | owns |
//! |---|---|
//! | `table` | the type table and what is derived from it: SQL name, Arrow field, format to ask for |
//! | `batch` | [`BatchBuilder`]: rows in place to record batches |
//! | `block` | where the cells of a few rows are |
//! | `decode` | the decoder of a column, chosen once |
//! | `encode` | the other way: the parameter type, the format and the writer of an Arrow column |
//! | `buffer` | the memory of a column, from values to an Arrow array |
//! | `lent` | memory of finished batches, used again |
//! | `list` | the memory of a column of lists, and the elements of one |
//! | `fast` | the common form of a value, without calls and with few branches |
//! | `scalar`, `numeric`, `temporal`, `interval`, `geometry` | one value from its wire bytes |
//! | `cells` | a row of text cells, for the driver's own queries |
//! | `spelling`, `xdbc` | a type's name in catalogs, and what ODBC and JDBC say of it |
//! | `error` | [`DecodeError`] |

mod batch;
mod block;
mod buffer;
mod cells;
mod decode;
mod encode;
mod error;
mod fast;
mod geometry;
mod interval;
mod lent;
mod list;
mod numeric;
mod scalar;
mod spelling;
mod table;
mod temporal;
mod xdbc;

pub(crate) use batch::BatchBuilder;
pub(crate) use cells::text_cells;
pub(crate) use encode::{
    Dialect, EncodeError, EncodedBatch, MAX_VARCHAR_BYTES, ParameterTarget, RowEncoder, column_type,
    longest_text, max_bytes, parameter_types, value_expression,
};
pub(crate) use error::DecodeError;
pub(crate) use spelling::{Lengths, spelled};
pub(crate) use table::{field, prefers_binary};
pub(crate) use xdbc::{Xdbc, xdbc};

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
    /// What the field's metadata says beside the SQL type.
    pub(crate) metadata: Vec<(&'static str, String)>,
}

/// When a batch is full, whichever comes first. A batch holds at least one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    /// Rows per batch.
    pub(crate) rows: usize,
    /// Bytes of value data per batch, as Arrow stores it; 1 GiB at most, so that 32-bit offsets suffice.
    pub(crate) bytes: usize,
}

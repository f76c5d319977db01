//! Arrow values as parameters: for each Arrow type the parameter type to declare, the wire format, the column type of
//! DDL, and the writer of its values.
//!
//! Numbers, booleans and timestamps travel in binary, in the forms that Amazon's own drivers send; everything else is
//! text. Text, binary data, intervals, nested types and nulls leave the parameter's type to the server, since a literal
//! fits where a typed value does not: a string into a DATE column, say. Invariant: a value is sent exactly or not at
//! all; what would be cut, rounded or refused half way is an [`EncodeError`] that names row and column.

mod column;
mod ddl;
mod error;
mod json;
mod numeric;
mod temporal;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, Fields, Schema};
use bytes::BytesMut;
use tokio_postgres::types::Type;

pub(crate) use ddl::{Dialect, MAX_VARCHAR_BYTES, column_type, longest_text, max_bytes, value_expression};
pub(crate) use error::EncodeError;

use self::column::{Demands, Writer};
use self::error::{ColumnLabel, Fault};
use self::temporal::IntervalKind;
use super::table::{INTERVAL_DAY_TO_SECOND, INTERVAL_YEAR_TO_MONTH};

/// The type of a parameter that the server is to find out.
const SERVERS_CHOICE: u32 = 0;

/// How the values of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Boolean,
    /// Raw bytes.
    Bytes,
    Date,
    Decimal,
    Float32,
    Float64,
    /// Hexadecimal digits of bytes.
    Hex,
    Int16,
    Int32,
    Int64,
    Interval,
    /// JSON text of anything.
    Json,
    Null,
    Text,
    Time,
    Timestamp,
    UInt64,
    Uuid,
}

impl Form {
    fn of(field: &Field) -> Result<Self, Fault> {
        Self::of_type(field.data_type(), extension(field))
    }

    fn of_type(data_type: &DataType, extension: Option<&str>) -> Result<Self, Fault> {
        Ok(match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::FixedSizeBinary(16) if extension == Some("arrow.uuid") => Self::Uuid,
            DataType::Binary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
            | DataType::LargeBinary => Self::Hex,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => Self::Decimal,
            DataType::Dictionary(_, values) => Self::of_type(values, extension)?,
            DataType::Duration(_) | DataType::Interval(_) => Self::Interval,
            DataType::Float16 | DataType::Float32 => Self::Float32,
            DataType::Float64 => Self::Float64,
            DataType::Int8 | DataType::UInt8 | DataType::Int16 => Self::Int16,
            DataType::UInt16 | DataType::Int32 => Self::Int32,
            DataType::UInt32 | DataType::Int64 => Self::Int64,
            DataType::UInt64 => Self::UInt64,
            DataType::FixedSizeList(..)
            | DataType::LargeList(_)
            | DataType::List(_)
            | DataType::Map(..)
            | DataType::Struct(_) => Self::Json,
            DataType::Null => Self::Null,
            DataType::RunEndEncoded(_, values) => Self::of_type(values.data_type(), extension)?,
            DataType::LargeUtf8 | DataType::Utf8 | DataType::Utf8View => Self::Text,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Timestamp(..) => Self::Timestamp,
            DataType::LargeListView(_) | DataType::ListView(_) | DataType::Union(..) => {
                return Err(Fault::UnsupportedType);
            }
        })
    }

    /// Whether values of this form travel in binary.
    fn is_binary(self) -> bool {
        match self {
            Self::Boolean
            | Self::Bytes
            | Self::Float32
            | Self::Float64
            | Self::Int16
            | Self::Int32
            | Self::Int64
            | Self::Timestamp => true,
            Self::Date
            | Self::Decimal
            | Self::Hex
            | Self::Interval
            | Self::Json
            | Self::Null
            | Self::Text
            | Self::Time
            | Self::UInt64
            | Self::Uuid => false,
        }
    }
}

/// The values without dictionary and run ends around them.
fn logical(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => logical(values),
        DataType::RunEndEncoded(_, values) => logical(values.data_type()),
        plain => plain,
    }
}

fn extension(field: &Field) -> Option<&str> {
    field.metadata().get(EXTENSION_TYPE_NAME_KEY).map(String::as_str)
}

/// The parameter types to declare for the columns of a schema, 0 where the server is to choose.
///
/// # Errors
///
/// A column of a type that cannot be sent.
pub(crate) fn parameter_types(schema: &Schema) -> Result<Vec<u32>, EncodeError> {
    let with_error = |(index, field): (usize, &Arc<Field>)| {
        parameter_type(field).map_err(|fault| EncodeError::column(ColumnLabel::new(index, field), fault))
    };
    schema.fields().iter().enumerate().map(with_error).collect()
}

fn parameter_type(field: &Field) -> Result<u32, Fault> {
    Ok(match Form::of(field)? {
        Form::Boolean => Type::BOOL.oid(),
        Form::Date => Type::DATE.oid(),
        Form::Decimal | Form::UInt64 => Type::NUMERIC.oid(),
        Form::Float32 => Type::FLOAT4.oid(),
        Form::Float64 => Type::FLOAT8.oid(),
        Form::Int16 => Type::INT2.oid(),
        Form::Int32 => Type::INT4.oid(),
        Form::Int64 => Type::INT8.oid(),
        Form::Time => Type::TIME.oid(),
        Form::Timestamp => match logical(field.data_type()) {
            DataType::Timestamp(_, Some(_)) => Type::TIMESTAMPTZ.oid(),
            _ => Type::TIMESTAMP.oid(),
        },
        Form::Bytes | Form::Hex | Form::Interval | Form::Json | Form::Null | Form::Text | Form::Uuid => {
            SERVERS_CHOICE
        }
    })
}

/// The writers of bound columns, once their parameters' types are known.
#[derive(Debug)]
pub(crate) struct RowEncoder {
    columns: Vec<Column>,
}

#[derive(Clone, Debug)]
struct Column {
    label: ColumnLabel,
    demands: Demands,
}

/// The values of one batch.
pub(crate) struct EncodedBatch<'a> {
    encoder: &'a RowEncoder,
    writers: Vec<Writer>,
    rows_before: u64,
}

/// A parameter as the server described it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParameterTarget {
    /// Its type, or that of the column it fills.
    pub(crate) oid: u32,
    /// The most bytes that the column takes, when known.
    pub(crate) max_bytes: Option<u32>,
}

impl RowEncoder {
    /// One target per field.
    ///
    /// # Errors
    ///
    /// A column of a type that cannot be sent.
    pub(crate) fn new(fields: &Fields, targets: &[ParameterTarget]) -> Result<Self, EncodeError> {
        let column = |(index, (field, target)): (usize, (&Arc<Field>, &ParameterTarget))| {
            let label = ColumnLabel::new(index, field);
            match Form::of(field) {
                Ok(form) => Ok(Column { label, demands: demands(form, *target) }),
                Err(fault) => Err(EncodeError::column(label, fault)),
            }
        };
        let columns = fields.iter().zip(targets).enumerate().map(column).collect::<Result<_, _>>()?;
        Ok(Self { columns })
    }

    /// Whether each column travels in binary.
    pub(crate) fn is_binary(&self) -> impl Iterator<Item = bool> {
        self.columns.iter().map(|column| column.demands.form.is_binary())
    }

    /// The writers of a batch with these columns; `rows_before` rows came before it.
    ///
    /// # Errors
    ///
    /// A nested column with values of a type that cannot be sent.
    pub(crate) fn batch(
        &self,
        batch: &RecordBatch,
        rows_before: u64,
    ) -> Result<EncodedBatch<'_>, EncodeError> {
        let writer = |(column, array): (&Column, &ArrayRef)| {
            Writer::new(array, column.demands)
                .map_err(|fault| EncodeError::column(column.label.clone(), fault))
        };
        let writers = self.columns.iter().zip(batch.columns()).map(writer).collect::<Result<_, _>>()?;
        Ok(EncodedBatch { encoder: self, writers, rows_before })
    }
}

impl EncodedBatch<'_> {
    /// Writes one value; false when it is null.
    ///
    /// # Errors
    ///
    /// A value that cannot be sent.
    #[inline]
    pub(crate) fn write(&self, row: usize, column: usize, out: &mut BytesMut) -> Result<bool, EncodeError> {
        let Some(writer) = self.writers.get(column) else { return Ok(false) };
        writer.write(row, out).map_err(|fault| self.error(row, column, fault))
    }

    #[cold]
    fn error(&self, row: usize, column: usize, fault: Fault) -> EncodeError {
        let label = self.encoder.columns.get(column).map(|column| column.label.clone());
        EncodeError::cell(label.unwrap_or_default(), self.rows_before + row as u64 + 1, fault)
    }
}

fn demands(form: Form, target: ParameterTarget) -> Demands {
    let form = if form == Form::Hex && target.oid == Type::BYTEA.oid() { Form::Bytes } else { form };
    let interval = match target.oid {
        INTERVAL_DAY_TO_SECOND => IntervalKind::DayToSecond,
        INTERVAL_YEAR_TO_MONTH => IntervalKind::YearToMonth,
        _ => IntervalKind::Any,
    };
    Demands { form, interval, max_integer: max_integer(form, target.oid), max_bytes: target.max_bytes }
}

/// The largest integer of a column that holds fewer than those of a form.
fn max_integer(form: Form, column_oid: u32) -> Option<i64> {
    let is = |sql_type: Type| column_oid == sql_type.oid();
    match form {
        Form::Int32 | Form::Int64 if is(Type::INT2) => Some(i16::MAX.into()),
        Form::Int64 if is(Type::INT4) => Some(i32::MAX.into()),
        _ => None,
    }
}

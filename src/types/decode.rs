//! Columns: the decoder of each, chosen once from form and format, and the buffer it fills.
//!
//! A cell costs one jump and no allocation. Does not know rows, messages or names, nor how one value is read.
//! Invariant: between two rows every column holds one slot per row of the batch; `truncate` restores that after a
//! row that failed half way.

use arrow_array::ArrayRef;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};
use arrow_schema::DataType;

use super::buffer::{BadCell, Bits, Bytes, Fixed, Nulls, ValueBuffer};
use super::error::Fault;
use super::numeric::Decimal;
use super::scalar::{boolean_binary, boolean_text, fixed, float_text, integer_text};
use super::table::Form;
use super::temporal::{
    date_binary, date_text, time_binary, time_text, timestamp_binary, timestamp_text, timestamptz_text,
};

/// The values of one column since the last batch.
#[derive(Debug)]
pub(super) struct Column {
    values: Values,
    nulls: Nulls,
    binary: bool,
    nullable: bool,
}

impl Column {
    pub(super) fn new(form: Form, binary: bool, nullable: bool) -> Self {
        Self { values: Values::new(form), nulls: Nulls::default(), binary, nullable }
    }

    /// Whether the bytes of a value count beside the fixed size of a row.
    pub(super) fn is_variable(&self) -> bool {
        matches!(self.values, Values::Hex(_) | Values::Text(_) | Values::TextOnly(_))
    }

    /// Adds a value. On error nothing is added.
    #[inline]
    pub(super) fn append(&mut self, cell: &[u8]) -> Result<(), Fault> {
        let wire = Wire { cell, binary: self.binary };
        match &mut self.values {
            Values::Boolean(column) => column.push(wire.read(boolean_binary, boolean_text)?),
            Values::Date(column) => column.push(wire.read(date_binary, date_text)?),
            Values::Decimal(column, decimal) => {
                column.push(wire.read(|cell| decimal.binary(cell), |cell| decimal.text(cell))?);
            }
            Values::Float32(column) => {
                column.push(wire.read(|cell| fixed(cell).map(f32::from_be_bytes), float_text)?);
            }
            Values::Float64(column) => {
                column.push(wire.read(|cell| fixed(cell).map(f64::from_be_bytes), float_text)?);
            }
            Values::Hex(column) => return column.append_hex(wire.text_only()?),
            Values::Int16(column) => {
                column.push(wire.read(|cell| fixed(cell).map(i16::from_be_bytes), integer_text)?);
            }
            Values::Int32(column) => {
                column.push(wire.read(|cell| fixed(cell).map(i32::from_be_bytes), integer_text)?);
            }
            Values::Int64(column) => {
                column.push(wire.read(|cell| fixed(cell).map(i64::from_be_bytes), integer_text)?);
            }
            Values::Text(column) => return column.append(cell),
            Values::TextOnly(column) => return column.append(wire.text_only()?),
            Values::Time(column) => column.push(wire.read(time_binary, time_text)?),
            Values::Timestamp(column) => column.push(wire.read(timestamp_binary, timestamp_text)?),
            Values::TimestampTz(column) => column.push(wire.read(timestamp_binary, timestamptz_text)?),
            Values::UInt32(column) => {
                column.push(wire.read(|cell| fixed(cell).map(u32::from_be_bytes), integer_text)?);
            }
        }
        Ok(())
    }

    /// Adds NULL as row `row` of the batch, counted from 0.
    #[inline]
    pub(super) fn append_null(&mut self, row: usize) -> Result<(), Fault> {
        if !self.nullable {
            return Err(Fault::Null);
        }
        self.nulls.push(row);
        self.values.buffer().push_null();
        Ok(())
    }

    /// Drops all but the first `rows` rows.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.nulls.truncate(rows);
        self.values.buffer().truncate(rows);
    }

    /// Makes room for as much as the last batch held.
    pub(super) fn reserve(&mut self) {
        self.values.buffer().reserve();
    }

    /// The `rows` rows as an array; the column starts anew, whatever the outcome.
    pub(super) fn take(&mut self, rows: usize, data_type: &DataType) -> Result<ArrayRef, BadCell> {
        let nulls = self.nulls.take(rows);
        self.values.buffer().take(data_type, nulls)
    }
}

/// A value and its format.
#[derive(Clone, Copy)]
struct Wire<'a> {
    cell: &'a [u8],
    binary: bool,
}

impl<'a> Wire<'a> {
    #[inline(always)]
    fn read<T>(
        self,
        from_binary: impl FnOnce(&'a [u8]) -> Result<T, Fault>,
        from_text: impl FnOnce(&'a [u8]) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.binary { from_binary(self.cell) } else { from_text(self.cell) }
    }

    #[inline]
    fn text_only(self) -> Result<&'a [u8], Fault> {
        if self.binary { Err(Fault::BinaryUnsupported) } else { Ok(self.cell) }
    }
}

/// A decoder and its buffer.
#[derive(Debug)]
enum Values {
    Boolean(Bits),
    Date(Fixed<Date32Type>),
    Decimal(Fixed<Decimal128Type>, Decimal),
    Float32(Fixed<Float32Type>),
    Float64(Fixed<Float64Type>),
    Hex(Bytes),
    Int16(Fixed<Int16Type>),
    Int32(Fixed<Int32Type>),
    Int64(Fixed<Int64Type>),
    Text(Bytes),
    TextOnly(Bytes),
    Time(Fixed<Time64MicrosecondType>),
    Timestamp(Fixed<TimestampMicrosecondType>),
    TimestampTz(Fixed<TimestampMicrosecondType>),
    UInt32(Fixed<UInt32Type>),
}

impl Values {
    fn new(form: Form) -> Self {
        match form {
            Form::Boolean => Self::Boolean(Bits::default()),
            Form::Date => Self::Date(Fixed::default()),
            Form::Decimal(precision, scale) => {
                Self::Decimal(Fixed::default(), Decimal::new(precision, scale))
            }
            Form::Float32 => Self::Float32(Fixed::default()),
            Form::Float64 => Self::Float64(Fixed::default()),
            Form::Hex => Self::Hex(Bytes::default()),
            Form::Int16 => Self::Int16(Fixed::default()),
            Form::Int32 => Self::Int32(Fixed::default()),
            Form::Int64 => Self::Int64(Fixed::default()),
            Form::Text => Self::Text(Bytes::default()),
            Form::Numeric | Form::TextOnly => Self::TextOnly(Bytes::default()),
            Form::Time => Self::Time(Fixed::default()),
            Form::Timestamp => Self::Timestamp(Fixed::default()),
            Form::TimestampTz => Self::TimestampTz(Fixed::default()),
            Form::UInt32 => Self::UInt32(Fixed::default()),
        }
    }

    /// The buffer without its decoder, for all that is not done once per value.
    fn buffer(&mut self) -> &mut dyn ValueBuffer {
        match self {
            Self::Boolean(column) => column,
            Self::Date(column) => column,
            Self::Decimal(column, _) => column,
            Self::Float32(column) => column,
            Self::Float64(column) => column,
            Self::Int16(column) => column,
            Self::Int32(column) => column,
            Self::Int64(column) => column,
            Self::Hex(column) | Self::Text(column) | Self::TextOnly(column) => column,
            Self::Time(column) => column,
            Self::Timestamp(column) | Self::TimestampTz(column) => column,
            Self::UInt32(column) => column,
        }
    }
}

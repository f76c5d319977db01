//! Columns: the decoder of each, chosen once from form and format, and the buffer it fills.
//!
//! A cell costs one jump and no allocation. Does not know rows, messages or names, nor how one value is read.
//! Invariant: between two rows every column holds one slot per row of the batch; `truncate` restores that after a
//! row that failed half way.

use arrow_array::ArrayRef;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};
use arrow_buffer::IntervalMonthDayNano;
use arrow_schema::DataType;

use super::buffer::{BadCell, Bits, Bytes, Fixed, Nulls, ValueBuffer};
use super::error::Fault;
use super::fast;
use super::geometry::{geography_to_iso_wkb, geometry_to_iso_wkb};
use super::interval::{
    day_to_second_binary, day_to_second_text, interval_binary, interval_text, year_to_month_binary,
};
use super::list::Lists;
use super::numeric::Decimal;
use super::scalar::{boolean_binary, boolean_text, bytea_text, fixed, float_text, hex_text, integer_text};
use super::table::{Element, Form, form};
use super::temporal::{
    date_binary, date_text, time_binary, time_text, timestamp_binary, timestamp_text, timestamptz_text,
    timetz_binary,
};
use crate::span::Span;

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
        Self { values: Values::new(form, binary), nulls: Nulls::default(), binary, nullable }
    }

    /// Rows so far.
    pub(super) fn len(&mut self) -> usize {
        self.values.buffer().len()
    }

    /// Bytes beside those that every row takes.
    pub(super) fn variable_bytes(&mut self) -> usize {
        match &mut self.values {
            Values::Array(column) | Values::Vector(column) => column.element_bytes(),
            Values::Bytes(column, _) | Values::Text(column) | Values::TextOnly(column) => column.data_bytes(),
            _ => 0,
        }
    }

    /// Whether its values are binary; `None` if that makes no difference.
    pub(super) fn binary(&self) -> Option<bool> {
        if matches!(self.values, Values::Text(_)) { None } else { Some(self.binary) }
    }

    /// Adds a value. On error nothing is added. The constants say which formats occur in the row.
    #[inline(always)]
    pub(super) fn append<const BINARY: bool, const TEXT: bool>(
        &mut self,
        cell: Span<'_>,
    ) -> Result<(), Fault> {
        let common = if BINARY && (self.binary || !TEXT) {
            self.values.append_common_binary(cell)
        } else {
            self.values.append_common_text(cell)
        };
        if common.is_some() { Ok(()) } else { self.append_any(cell.get()) }
    }

    // Never inlined: a loop that holds nothing but the common forms keeps its variables in registers.
    #[inline(never)]
    fn append_any(&mut self, cell: &[u8]) -> Result<(), Fault> {
        if self.binary { self.values.append_binary(cell) } else { self.values.append_text(cell) }
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

/// A value in its format, for the decoders behind a function pointer.
#[derive(Clone, Copy)]
enum Wire<'a> {
    Binary(&'a [u8]),
    Text(&'a [u8]),
}

/// A decoder and its buffer. What is rare goes through a function pointer: its cost is that of the value, and the jump
/// stays short for all others.
#[derive(Debug)]
enum Values {
    Array(Box<Lists>),
    Boolean(Bits),
    Bytes(Bytes, fn(Wire<'_>, &mut Vec<u8>) -> Result<(), Fault>),
    Date(Fixed<Date32Type>),
    Decimal(Fixed<Decimal128Type>, Decimal),
    Float32(Fixed<Float32Type>),
    Float64(Fixed<Float64Type>),
    Int16(Fixed<Int16Type>),
    Int32(Fixed<Int32Type>),
    Int64(Fixed<Int64Type>),
    Interval(Fixed<IntervalMonthDayNanoType>, fn(Wire<'_>) -> Result<IntervalMonthDayNano, Fault>),
    Text(Bytes),
    TextOnly(Bytes),
    Time(Fixed<Time64MicrosecondType>),
    Timestamp(Fixed<TimestampMicrosecondType>),
    TimestampTz(Fixed<TimestampMicrosecondType>),
    UInt32(Fixed<UInt32Type>),
    Vector(Box<Lists>),
}

impl Values {
    fn new(form: Form, binary: bool) -> Self {
        match form {
            Form::Array(element) => Self::Array(lists(element, binary)),
            Form::Boolean => Self::Boolean(Bits::default()),
            Form::Bytea => Self::Bytes(Bytes::default(), bytea),
            Form::Date => Self::Date(Fixed::default()),
            Form::Decimal(precision, scale) => {
                Self::Decimal(Fixed::default(), Decimal::new(precision, scale))
            }
            Form::Float32 => Self::Float32(Fixed::default()),
            Form::Float64 => Self::Float64(Fixed::default()),
            Form::Geography => Self::Bytes(Bytes::default(), geography),
            Form::Geometry => Self::Bytes(Bytes::default(), geometry),
            Form::Hex => Self::Bytes(Bytes::default(), hex),
            Form::Int16 => Self::Int16(Fixed::default()),
            Form::Int32 => Self::Int32(Fixed::default()),
            Form::Int64 => Self::Int64(Fixed::default()),
            Form::Interval => Self::Interval(Fixed::default(), interval),
            Form::IntervalDayToSecond => Self::Interval(Fixed::default(), day_to_second),
            Form::IntervalYearToMonth => Self::Interval(Fixed::default(), year_to_month),
            Form::Text => Self::Text(Bytes::default()),
            Form::Numeric | Form::TextOnly => Self::TextOnly(Bytes::default()),
            Form::Time => Self::Time(Fixed::default()),
            Form::TimeTz => Self::Bytes(Bytes::default(), timetz),
            Form::Timestamp => Self::Timestamp(Fixed::default()),
            Form::TimestampTz => Self::TimestampTz(Fixed::default()),
            Form::UInt32 => Self::UInt32(Fixed::default()),
            Form::Vector(element) => Self::Vector(lists(element, binary)),
        }
    }

    /// Adds a value in its common form; `None` if it has another, or none.
    #[inline(always)]
    fn append_common_binary(&mut self, cell: Span<'_>) -> Option<()> {
        match self {
            Self::Boolean(column) => column.push(fast::boolean(cell, true)?),
            Self::Date(column) => column.push(fast::date_binary(cell)?),
            Self::Decimal(column, decimal) => column.push(decimal.common_binary(cell)?),
            Self::Float32(column) => column.push(f32::from_be_bytes(cell.exactly()?)),
            Self::Float64(column) => column.push(f64::from_be_bytes(cell.exactly()?)),
            Self::Int16(column) => column.push(i16::from_be_bytes(cell.exactly()?)),
            Self::Int32(column) => column.push(i32::from_be_bytes(cell.exactly()?)),
            Self::Int64(column) => column.push(i64::from_be_bytes(cell.exactly()?)),
            Self::Text(column) => column.append_short(cell)?,
            Self::Time(column) => column.push(fast::time_binary(cell)?),
            Self::Timestamp(column) | Self::TimestampTz(column) => column.push(fast::timestamp_binary(cell)?),
            _ => return None,
        }
        Some(())
    }

    /// Adds a value in its common form; `None` if it has another, or none.
    #[inline(always)]
    fn append_common_text(&mut self, cell: Span<'_>) -> Option<()> {
        match self {
            Self::Boolean(column) => column.push(fast::boolean(cell, false)?),
            Self::Date(column) => column.push(fast::date_text(cell)?),
            Self::Decimal(column, decimal) => column.push(decimal.common_text(cell)?),
            Self::Float32(column) => column.push(float_text(cell.get()).ok()?),
            Self::Float64(column) => column.push(float_text(cell.get()).ok()?),
            Self::Int16(column) => column.push(fast::integer_text(cell)?),
            Self::Int32(column) => column.push(fast::integer_text(cell)?),
            Self::Int64(column) => column.push(fast::integer_text(cell)?),
            Self::Text(column) | Self::TextOnly(column) => column.append_short(cell)?,
            Self::Time(column) => column.push(fast::time_text(cell)?),
            Self::Timestamp(column) => column.push(fast::timestamp_text(cell)?),
            Self::TimestampTz(column) => column.push(fast::timestamptz_text(cell)?),
            _ => return None,
        }
        Some(())
    }

    fn append_binary(&mut self, cell: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Array(column) => return column.append_array_binary(cell),
            Self::Boolean(column) => column.push(boolean_binary(cell)?),
            Self::Bytes(column, read) => return column.append_with(|data| read(Wire::Binary(cell), data)),
            Self::Date(column) => column.push(date_binary(cell)?),
            Self::Decimal(column, decimal) => column.push(decimal.binary(cell)?),
            Self::Float32(column) => column.push(f32::from_be_bytes(fixed(cell)?)),
            Self::Float64(column) => column.push(f64::from_be_bytes(fixed(cell)?)),
            Self::Int16(column) => column.push(i16::from_be_bytes(fixed(cell)?)),
            Self::Int32(column) => column.push(i32::from_be_bytes(fixed(cell)?)),
            Self::Int64(column) => column.push(i64::from_be_bytes(fixed(cell)?)),
            Self::Interval(column, read) => column.push(read(Wire::Binary(cell))?),
            Self::Text(column) => return column.append(cell),
            Self::TextOnly(_) | Self::Vector(_) => return Err(Fault::BinaryUnsupported),
            Self::Time(column) => column.push(time_binary(cell)?),
            Self::Timestamp(column) | Self::TimestampTz(column) => column.push(timestamp_binary(cell)?),
            Self::UInt32(column) => column.push(u32::from_be_bytes(fixed(cell)?)),
        }
        Ok(())
    }

    fn append_text(&mut self, cell: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Array(column) => return column.append_array_text(cell),
            Self::Boolean(column) => column.push(boolean_text(cell)?),
            Self::Bytes(column, read) => return column.append_with(|data| read(Wire::Text(cell), data)),
            Self::Date(column) => column.push(date_text(cell)?),
            Self::Decimal(column, decimal) => column.push(decimal.text(cell)?),
            Self::Float32(column) => column.push(float_text(cell)?),
            Self::Float64(column) => column.push(float_text(cell)?),
            Self::Int16(column) => column.push(integer_text(cell)?),
            Self::Int32(column) => column.push(integer_text(cell)?),
            Self::Int64(column) => column.push(integer_text(cell)?),
            Self::Interval(column, read) => column.push(read(Wire::Text(cell))?),
            Self::Text(column) | Self::TextOnly(column) => return column.append(cell),
            Self::Time(column) => column.push(time_text(cell)?),
            Self::Timestamp(column) => column.push(timestamp_text(cell)?),
            Self::TimestampTz(column) => column.push(timestamptz_text(cell)?),
            Self::UInt32(column) => column.push(integer_text(cell)?),
            Self::Vector(column) => return column.append_vector_text(cell),
        }
        Ok(())
    }

    /// The buffer without its decoder, for all that is not done once per value.
    fn buffer(&mut self) -> &mut dyn ValueBuffer {
        match self {
            Self::Array(column) | Self::Vector(column) => column.as_mut(),
            Self::Boolean(column) => column,
            Self::Date(column) => column,
            Self::Decimal(column, _) => column,
            Self::Float32(column) => column,
            Self::Float64(column) => column,
            Self::Int16(column) => column,
            Self::Int32(column) => column,
            Self::Int64(column) => column,
            Self::Interval(column, _) => column,
            Self::Bytes(column, _) | Self::Text(column) | Self::TextOnly(column) => column,
            Self::Time(column) => column,
            Self::Timestamp(column) | Self::TimestampTz(column) => column,
            Self::UInt32(column) => column,
        }
    }
}

/// Elements travel as their list does, and any of them may be NULL.
fn lists(element: Element, binary: bool) -> Box<Lists> {
    let column = Column::new(form(element.oid, element.type_modifier), binary, true);
    Box::new(Lists::new(element.oid, column))
}

fn bytea(wire: Wire<'_>, data: &mut Vec<u8>) -> Result<(), Fault> {
    match wire {
        Wire::Binary(cell) => data.extend_from_slice(cell),
        Wire::Text(cell) => bytea_text(cell, data)?,
    }
    Ok(())
}

fn hex(wire: Wire<'_>, data: &mut Vec<u8>) -> Result<(), Fault> {
    match wire {
        Wire::Binary(_) => Err(Fault::BinaryUnsupported),
        Wire::Text(cell) => hex_text(cell, data),
    }
}

fn geography(wire: Wire<'_>, data: &mut Vec<u8>) -> Result<(), Fault> {
    let start = data.len();
    match wire {
        Wire::Binary(cell) => data.extend_from_slice(cell),
        Wire::Text(cell) => hex_text(cell, data)?,
    }
    geography_to_iso_wkb(data, start)
}

fn geometry(wire: Wire<'_>, data: &mut Vec<u8>) -> Result<(), Fault> {
    let start = data.len();
    hex(wire, data)?;
    geometry_to_iso_wkb(data, start)
}

fn timetz(wire: Wire<'_>, text: &mut Vec<u8>) -> Result<(), Fault> {
    match wire {
        Wire::Binary(cell) => timetz_binary(cell, text)?,
        Wire::Text(cell) => text.extend_from_slice(cell),
    }
    Ok(())
}

fn interval(wire: Wire<'_>) -> Result<IntervalMonthDayNano, Fault> {
    match wire {
        Wire::Binary(cell) => interval_binary(cell),
        Wire::Text(cell) => interval_text(cell),
    }
}

fn day_to_second(wire: Wire<'_>) -> Result<IntervalMonthDayNano, Fault> {
    match wire {
        Wire::Binary(cell) => day_to_second_binary(cell),
        Wire::Text(cell) => day_to_second_text(cell),
    }
}

fn year_to_month(wire: Wire<'_>) -> Result<IntervalMonthDayNano, Fault> {
    match wire {
        Wire::Binary(cell) => year_to_month_binary(cell),
        Wire::Text(cell) => interval_text(cell),
    }
}

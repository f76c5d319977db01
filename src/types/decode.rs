//! Columns: the decoder of each, chosen once from form and format, and the buffer it fills.
//!
//! A block of cells costs one jump, a cell none, and no allocation. Does not know rows, messages or names, nor how one value
//! is read. Invariant: between two blocks every column holds one slot per row of the batch; `truncate` restores that after
//! a row that failed.

use arrow_array::ArrayRef;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};
use arrow_buffer::IntervalMonthDayNano;
use arrow_schema::DataType;

use super::block::Cells;
use super::buffer::{BadCell, BadRow, Bits, Bytes, Fixed, Nulls, ValueBuffer};
use super::error::Fault;
use super::fast;
use super::geometry::{geography_to_iso_wkb, geometry_to_iso_wkb};
use super::interval::{
    day_to_second_binary, day_to_second_text, interval_binary, interval_text, year_to_month_binary,
};
use super::list::Lists;
use super::numeric::Decimal;
use super::scalar::{boolean_binary, boolean_text, bytea_text, float_text, hex_text, integer_text};
use super::table::{Element, Form, form};
use super::temporal::{
    date_binary, date_text, time_binary, time_text, timestamp_binary, timestamp_text, timestamptz_text,
    timetz_binary,
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

    /// Adds the cells of rows from `row` on, counted from the start of the batch. On error the rows before the one at fault
    /// are added; there may be more, for `truncate` to drop.
    pub(super) fn append(&mut self, cells: Cells<'_>, row: usize, has_null: bool) -> Result<(), BadRow> {
        let nulls = if has_null { self.append_nulls(cells, row) } else { Ok(()) };
        match (self.fill(cells), nulls) {
            (Err(value), Err(null)) if value.at < null.at => Err(value),
            (_, Err(null)) => Err(null),
            (filled, Ok(())) => filled,
        }
    }

    fn append_nulls(&mut self, cells: Cells<'_>, row: usize) -> Result<(), BadRow> {
        for (at, _) in cells.iter().enumerate().filter(|(_, cell)| cell.is_none()) {
            if !self.nullable {
                return Err(BadRow { at, fault: Fault::Null });
            }
            self.nulls.push(row + at);
        }
        Ok(())
    }

    fn fill(&mut self, cells: Cells<'_>) -> Result<(), BadRow> {
        if self.binary { self.values.fill_binary(cells) } else { self.values.fill_text(cells) }
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

/// A decoder and its buffer. What is rare goes through a function pointer, whose cost is small beside that of the value.
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

    /// Adds values: each in its common form, or else by the complete decoder.
    fn fill_binary(&mut self, cells: Cells<'_>) -> Result<(), BadRow> {
        match self {
            Self::Array(column) => column.fill_each(cells, Lists::append_array_binary),
            Self::Boolean(column) => column.fill(cells, |cell| fast::boolean(cell, true), boolean_binary),
            Self::Bytes(column, read) => column
                .fill_each(cells, |column, cell| column.append_with(|data| read(Wire::Binary(cell), data))),
            Self::Date(column) => column.fill(cells, fast::date_binary, date_binary),
            Self::Decimal(column, decimal) => {
                let decimal = *decimal;
                column.fill(cells, |cell| decimal.common_binary(cell), |cell| decimal.binary(cell))
            }
            Self::Float32(column) => column.fill_exact(cells, f32::from_be_bytes),
            Self::Float64(column) => column.fill_exact(cells, f64::from_be_bytes),
            Self::Int16(column) => column.fill_exact(cells, i16::from_be_bytes),
            Self::Int32(column) => column.fill_exact(cells, i32::from_be_bytes),
            Self::Int64(column) => column.fill_exact(cells, i64::from_be_bytes),
            Self::Interval(column, read) => column.fill(cells, |_| None, |cell| read(Wire::Binary(cell))),
            Self::Text(column) => column.fill(cells),
            Self::TextOnly(column) => column.fill_each(cells, |_, _| Err(Fault::BinaryUnsupported)),
            Self::Time(column) => column.fill(cells, fast::time_binary, time_binary),
            Self::Timestamp(column) | Self::TimestampTz(column) => {
                column.fill(cells, fast::timestamp_binary, timestamp_binary)
            }
            Self::UInt32(column) => column.fill_exact(cells, u32::from_be_bytes),
            Self::Vector(column) => column.fill_each(cells, |_, _| Err(Fault::BinaryUnsupported)),
        }
    }

    /// Adds values: each in its common form, or else by the complete decoder.
    fn fill_text(&mut self, cells: Cells<'_>) -> Result<(), BadRow> {
        match self {
            Self::Array(column) => column.fill_each(cells, Lists::append_array_text),
            Self::Boolean(column) => column.fill(cells, |cell| fast::boolean(cell, false), boolean_text),
            Self::Bytes(column, read) => column
                .fill_each(cells, |column, cell| column.append_with(|data| read(Wire::Text(cell), data))),
            Self::Date(column) => column.fill(cells, fast::date_text, date_text),
            Self::Decimal(column, decimal) => {
                let decimal = *decimal;
                column.fill(cells, |cell| decimal.common_text(cell), |cell| decimal.text(cell))
            }
            Self::Float32(column) => column.fill(cells, |_| None, float_text),
            Self::Float64(column) => column.fill(cells, |_| None, float_text),
            Self::Int16(column) => column.fill(cells, fast::integer_text, integer_text),
            Self::Int32(column) => column.fill(cells, fast::integer_text, integer_text),
            Self::Int64(column) => column.fill(cells, fast::integer_text, integer_text),
            Self::Interval(column, read) => column.fill(cells, |_| None, |cell| read(Wire::Text(cell))),
            Self::Text(column) | Self::TextOnly(column) => column.fill(cells),
            Self::Time(column) => column.fill(cells, fast::time_text, time_text),
            Self::Timestamp(column) => column.fill(cells, fast::timestamp_text, timestamp_text),
            Self::TimestampTz(column) => column.fill(cells, fast::timestamptz_text, timestamptz_text),
            Self::UInt32(column) => column.fill(cells, fast::integer_text, integer_text),
            Self::Vector(column) => column.fill_each(cells, Lists::append_vector_text),
        }
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

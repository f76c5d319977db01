//! Column buffers: the values of one column, appended from their wire bytes and handed over as one Arrow array.
//!
//! The decoder is chosen once per column; a cell costs one jump and no allocation. Does not know rows, messages or
//! names. Invariant: between two rows every column holds one slot per row of the batch; `truncate` restores that
//! after a row that failed half way.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};

use super::error::{Expected, Fault};
use super::numeric::Decimal;
use super::scalar::{boolean_binary, boolean_text, fixed, float_text, hex_digits, integer_text};
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

/// What makes a finished column unusable: a row of the batch, counted from 0, and its value.
#[derive(Debug)]
pub(super) struct BadCell {
    pub(super) fault: Fault,
    pub(super) row: usize,
    pub(super) value: Vec<u8>,
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
            Values::Boolean(column) => column.0.append(wire.read(boolean_binary, boolean_text)?),
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

trait ValueBuffer {
    /// Adds the slot of a NULL.
    fn push_null(&mut self);
    fn truncate(&mut self, rows: usize);
    /// Makes room for as much as was taken last.
    fn reserve(&mut self);
    fn take(&mut self, data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, BadCell>;
}

/// Values of one width.
#[derive(Debug)]
struct Fixed<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    taken: usize,
}

impl<T: ArrowPrimitiveType> Default for Fixed<T> {
    fn default() -> Self {
        Self { values: Vec::new(), taken: 0 }
    }
}

impl<T: ArrowPrimitiveType> Fixed<T> {
    #[inline]
    fn push(&mut self, value: T::Native) {
        self.values.push(value);
    }
}

impl<T: ArrowPrimitiveType> ValueBuffer for Fixed<T> {
    fn push_null(&mut self) {
        self.values.push(T::Native::default());
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    fn reserve(&mut self) {
        self.values.reserve_exact(self.taken);
    }

    fn take(&mut self, data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, BadCell> {
        self.taken = self.values.len();
        let values = ScalarBuffer::from(take_vec(&mut self.values));
        let array = PrimitiveArray::<T>::try_new(values, nulls).map_err(refused)?;
        // OK because both come from the form in the type table: they differ in precision, scale or zone alone.
        Ok(Arc::new(array.with_data_type(data_type.clone())))
    }
}

/// Booleans.
#[derive(Debug)]
struct Bits(BooleanBufferBuilder);

impl Default for Bits {
    fn default() -> Self {
        Self(BooleanBufferBuilder::new(0))
    }
}

impl ValueBuffer for Bits {
    fn push_null(&mut self) {
        self.0.append(false);
    }

    fn truncate(&mut self, rows: usize) {
        self.0.truncate(rows);
    }

    fn reserve(&mut self) {}

    fn take(&mut self, _data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, BadCell> {
        Ok(Arc::new(BooleanArray::new(self.0.finish(), nulls)))
    }
}

/// Strings or binary data.
#[derive(Debug)]
struct Bytes {
    /// Where each value ends in `data`, after a zero.
    offsets: Vec<i32>,
    data: Vec<u8>,
    taken_rows: usize,
    taken_bytes: usize,
}

impl Default for Bytes {
    fn default() -> Self {
        Self { offsets: vec![0], data: Vec::new(), taken_rows: 0, taken_bytes: 0 }
    }
}

impl Bytes {
    #[inline]
    fn append(&mut self, cell: &[u8]) -> Result<(), Fault> {
        let end = self.data.len().checked_add(cell.len()).and_then(|end| i32::try_from(end).ok());
        let end = end.ok_or(Fault::BatchTooLarge)?;
        self.data.extend_from_slice(cell);
        self.offsets.push(end);
        Ok(())
    }

    /// The server prints two digits per byte, without a prefix.
    fn append_hex(&mut self, cell: &[u8]) -> Result<(), Fault> {
        let (pairs, []) = cell.as_chunks::<2>() else { return Err(Fault::NotText(Expected::Hex)) };
        let start = self.data.len();
        self.data.extend(pairs.iter().map_while(|pair| hex_digits(*pair)));
        if self.data.len() - start < pairs.len() {
            self.data.truncate(start);
            return Err(Fault::NotText(Expected::Hex));
        }
        let Ok(end) = i32::try_from(self.data.len()) else {
            self.data.truncate(start);
            return Err(Fault::BatchTooLarge);
        };
        self.offsets.push(end);
        Ok(())
    }

    fn end(&self) -> i32 {
        self.offsets.last().copied().unwrap_or(0)
    }
}

impl ValueBuffer for Bytes {
    fn push_null(&mut self) {
        self.offsets.push(self.end());
    }

    fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.data.truncate(self.end().try_into().unwrap_or(0));
    }

    fn reserve(&mut self) {
        self.offsets.reserve_exact(self.taken_rows);
        // An eighth more, since the next batch may be a little longer and growing doubles.
        self.data.reserve_exact(self.taken_bytes + self.taken_bytes / 8);
    }

    fn take(&mut self, data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, BadCell> {
        (self.taken_rows, self.taken_bytes) = (self.offsets.len() - 1, self.data.len());
        let offsets = take_vec(&mut self.offsets);
        self.offsets.push(0);
        // OK because offsets start at 0 and never decrease.
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let data = Buffer::from_vec(take_vec(&mut self.data));
        if *data_type == DataType::Binary {
            return Ok(Arc::new(BinaryArray::try_new(offsets, data, nulls).map_err(refused)?));
        }
        // Checks UTF-8 over all data at once, then that no offset splits a character.
        match StringArray::try_new(offsets.clone(), data.clone(), nulls) {
            Ok(array) => Ok(Arc::new(array)),
            Err(error) => Err(bad_text(&offsets, &data).unwrap_or_else(|| refused(error))),
        }
    }
}

/// The first value that is not UTF-8 by itself.
#[cold]
fn bad_text(offsets: &[i32], data: &[u8]) -> Option<BadCell> {
    let ends = offsets.iter().filter_map(|end| usize::try_from(*end).ok());
    let cells = ends.clone().zip(ends.skip(1)).map(|(start, end)| data.get(start..end).unwrap_or_default());
    let mut bad = cells.enumerate().filter(|(_, cell)| std::str::from_utf8(cell).is_err());
    bad.next().map(|(row, cell)| BadCell { fault: Fault::Encoding, row, value: cell.to_vec() })
}

/// Arrow refused a column, which its invariants rule out.
#[cold]
fn refused(_error: ArrowError) -> BadCell {
    BadCell { fault: Fault::Batch, row: 0, value: Vec::new() }
}

/// Which rows are NULL: empty as long as none is.
#[derive(Debug, Default)]
struct Nulls {
    /// A bit per row up to the last NULL, set where there is a value.
    valid: Vec<u8>,
}

impl Nulls {
    #[inline]
    fn push(&mut self, row: usize) {
        if self.valid.len() <= row / 8 {
            self.valid.resize(row / 8 + 1, u8::MAX);
        }
        if let Some(bits) = self.valid.get_mut(row / 8) {
            *bits &= !(1 << (row % 8));
        }
    }

    fn truncate(&mut self, rows: usize) {
        self.valid.truncate(rows.div_ceil(8));
        if let Some(bits) = self.valid.get_mut(rows / 8) {
            *bits |= u8::MAX << (rows % 8);
        }
    }

    fn take(&mut self, rows: usize) -> Option<NullBuffer> {
        if self.valid.is_empty() {
            return None;
        }
        let mut valid = take_vec(&mut self.valid);
        valid.resize(rows.div_ceil(8), u8::MAX);
        let nulls = NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(valid), 0, rows));
        (nulls.null_count() > 0).then_some(nulls)
    }
}

/// The values, without the unused room that growing left, since the consumer may keep them for long.
fn take_vec<T>(values: &mut Vec<T>) -> Vec<T> {
    let mut values = std::mem::take(values);
    if values.capacity() > values.len() + values.len() / 4 {
        values.shrink_to_fit();
    }
    values
}

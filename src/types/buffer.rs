//! Column buffers: values appended a block at a time, then handed over as one Arrow array without a copy.
//!
//! Does not read wire values. Invariant: a column of a finished block has a slot for each of its rows.

use std::sync::Arc;

use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};

use super::block::Cells;
use super::error::Fault;
use super::lent::Lent;
use super::scalar::fixed;
use crate::span::Span;

/// Bytes copied for a string that is no longer, whatever its length: no call, and no branch on the length.
const WIDEST_WINDOW: usize = 48;

/// What makes a finished column unusable: a row of the batch, counted from 0, and its value.
#[derive(Debug)]
pub(super) struct BadCell {
    pub(super) fault: Fault,
    pub(super) row: usize,
    pub(super) value: Vec<u8>,
}

/// What stops a block: one of its rows, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadRow {
    pub(super) at: usize,
    pub(super) fault: Fault,
}

pub(super) trait ValueBuffer {
    /// Slots, those of NULLs included.
    fn len(&self) -> usize;
    /// Adds the slot of a NULL.
    fn push_null(&mut self);
    fn truncate(&mut self, rows: usize);
    /// Makes room for as much as was taken last.
    fn reserve(&mut self);
    fn take(&mut self, data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, BadCell>;

    /// Adds each cell by `append`, which adds nothing on error.
    fn fill_each(
        &mut self,
        cells: Cells<'_>,
        mut append: impl FnMut(&mut Self, &[u8]) -> Result<(), Fault>,
    ) -> Result<(), BadRow>
    where
        Self: Sized,
    {
        for (at, cell) in cells.iter().enumerate() {
            match cell {
                Some(cell) => append(self, cell.get()).map_err(|fault| BadRow { at, fault })?,
                None => self.push_null(),
            }
        }
        Ok(())
    }
}

/// Values of one width.
#[derive(Debug)]
pub(super) struct Fixed<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    taken: usize,
    lent: Lent,
}

impl<T: ArrowPrimitiveType> Default for Fixed<T> {
    fn default() -> Self {
        Self { values: Vec::new(), taken: 0, lent: Lent::default() }
    }
}

impl<T: ArrowPrimitiveType> Fixed<T> {
    /// Adds values: as `common` reads them or, where it does not, `any`.
    #[inline(always)]
    pub(super) fn fill(
        &mut self,
        cells: Cells<'_>,
        common: impl Fn(Span<'_>) -> Option<T::Native>,
        any: impl Fn(&[u8]) -> Result<T::Native, Fault>,
    ) -> Result<(), BadRow> {
        let mut bad = Ok(());
        // Not shared with `Bits`: one reader of a value for both made a result in text a tenth slower.
        self.values.extend(cells.iter().enumerate().map(|(at, cell)| {
            let Some(cell) = cell else { return T::Native::default() };
            common(cell).unwrap_or_else(|| {
                any(cell.get()).unwrap_or_else(|fault| {
                    bad = bad.and(Err(BadRow { at, fault }));
                    T::Native::default()
                })
            })
        }));
        bad
    }

    /// Adds values that are `N` bytes each.
    #[inline(always)]
    pub(super) fn fill_exact<const N: usize>(
        &mut self,
        cells: Cells<'_>,
        read: impl Fn([u8; N]) -> T::Native,
    ) -> Result<(), BadRow> {
        self.fill(cells, |cell| cell.exactly().map(&read), |cell| fixed(cell).map(&read))
    }
}

impl<T: ArrowPrimitiveType> ValueBuffer for Fixed<T> {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn push_null(&mut self) {
        self.values.push(T::Native::default());
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    fn reserve(&mut self) {
        self.lent.reclaim(&mut self.values);
        self.values.reserve_exact(with_slack(self.taken));
    }

    fn take(&mut self, data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, BadCell> {
        self.taken = self.values.len();
        let values = ScalarBuffer::new(self.lent.lend(&mut self.values), 0, self.taken);
        let array = PrimitiveArray::<T>::try_new(values, nulls).map_err(refused)?;
        // OK because both come from the form in the type table: they differ in precision, scale or zone alone.
        Ok(Arc::new(array.with_data_type(data_type.clone())))
    }
}

/// Booleans.
#[derive(Debug)]
pub(super) struct Bits(BooleanBufferBuilder);

impl Default for Bits {
    fn default() -> Self {
        Self(BooleanBufferBuilder::new(0))
    }
}

impl Bits {
    /// Adds values: as `common` reads them or, where it does not, `any`.
    #[inline(always)]
    pub(super) fn fill(
        &mut self,
        cells: Cells<'_>,
        common: impl Fn(Span<'_>) -> Option<bool>,
        any: impl Fn(&[u8]) -> Result<bool, Fault>,
    ) -> Result<(), BadRow> {
        for (at, cell) in cells.iter().enumerate() {
            self.0.append(match cell {
                None => false,
                Some(cell) => match common(cell) {
                    Some(value) => value,
                    None => any(cell.get()).map_err(|fault| BadRow { at, fault })?,
                },
            });
        }
        Ok(())
    }
}

impl ValueBuffer for Bits {
    fn len(&self) -> usize {
        self.0.len()
    }

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
pub(super) struct Bytes {
    /// Where each value ends in `data`, after a zero.
    offsets: Vec<i32>,
    data: Vec<u8>,
    taken_rows: usize,
    taken_bytes: usize,
    lent_offsets: Lent,
    lent_data: Lent,
}

impl Default for Bytes {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            data: Vec::new(),
            taken_rows: 0,
            taken_bytes: 0,
            lent_offsets: Lent::default(),
            lent_data: Lent::default(),
        }
    }
}

impl Bytes {
    /// Adds values as they are.
    pub(super) fn fill(&mut self, cells: Cells<'_>) -> Result<(), BadRow> {
        let (total, longest) =
            cells.lengths().fold((0, 0), |(total, longest), length| (total + length, length.max(longest)));
        if i32::try_from(self.data.len() + total).is_err() {
            return self.fill_each(cells, Self::append);
        }
        match longest {
            0..=8 => self.fill_by_windows::<8>(cells, total),
            9..=16 => self.fill_by_windows::<16>(cells, total),
            _ => self.fill_by_windows::<WIDEST_WINDOW>(cells, total),
        }
        Ok(())
    }

    /// Adds values that take `total` bytes, by copies of `N` bytes where that is enough.
    #[inline(always)]
    fn fill_by_windows<const N: usize>(&mut self, cells: Cells<'_>, total: usize) {
        let mut end = self.data.len();
        self.data.resize(end + total + N, 0);
        let data = self.data.as_mut_slice();
        self.offsets.extend(cells.iter().map(|cell| {
            if let Some(cell) = cell {
                copy::<N>(cell, data.get_mut(end..).unwrap_or_default());
                end += cell.len();
            }
            // OK because all offsets up to that of the total fit.
            end as i32
        }));
        self.data.truncate(end);
    }

    fn append(&mut self, cell: &[u8]) -> Result<(), Fault> {
        self.append_with(|data| {
            data.extend_from_slice(cell);
            Ok(())
        })
    }

    /// Adds a value that `write` puts at the end of the data. On error nothing is added.
    pub(super) fn append_with(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let start = self.data.len();
        let written = write(&mut self.data)
            .and_then(|()| i32::try_from(self.data.len()).map_err(|_| Fault::BatchTooLarge));
        match written {
            Ok(end) => self.offsets.push(end),
            Err(fault) => {
                self.data.truncate(start);
                return Err(fault);
            }
        }
        Ok(())
    }

    pub(super) fn data_bytes(&self) -> usize {
        self.data.len()
    }

    fn end(&self) -> i32 {
        self.offsets.last().copied().unwrap_or(0)
    }
}

impl ValueBuffer for Bytes {
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn push_null(&mut self) {
        self.offsets.push(self.end());
    }

    fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.data.truncate(self.end().try_into().unwrap_or(0));
    }

    fn reserve(&mut self) {
        self.lent_offsets.reclaim(&mut self.offsets);
        self.offsets.clear();
        self.offsets.push(0);
        self.offsets.reserve_exact(with_slack(self.taken_rows));
        self.lent_data.reclaim(&mut self.data);
        self.data.reserve_exact(with_slack(self.taken_bytes) + WIDEST_WINDOW);
    }

    fn take(&mut self, data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, BadCell> {
        (self.taken_rows, self.taken_bytes) = (self.offsets.len() - 1, self.data.len());
        let offsets = ScalarBuffer::new(self.lent_offsets.lend(&mut self.offsets), 0, self.taken_rows + 1);
        self.offsets.push(0);
        // OK because offsets start at 0 and never decrease.
        let offsets = OffsetBuffer::new(offsets);
        let data = self.lent_data.lend(&mut self.data);
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

/// Copies a value to the start of `data`, which has room for `N` bytes more.
#[inline(always)]
fn copy<const N: usize>(cell: Span<'_>, data: &mut [u8]) {
    let short = cell.window::<N>().filter(|_| cell.len() <= N);
    match (short, data.first_chunk_mut::<N>()) {
        (Some(window), Some(data)) => *data = *window,
        _ => copy_long(cell.get(), data),
    }
}

#[inline(never)]
fn copy_long(cell: &[u8], data: &mut [u8]) {
    if let Some(data) = data.get_mut(..cell.len()) {
        data.copy_from_slice(cell);
    }
}

/// An eighth more than the last batch took, since the next may be a little longer: growing doubles, and what is not used
/// is given back at the end.
fn with_slack(taken: usize) -> usize {
    taken + taken / 8
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
pub(super) fn refused(_error: ArrowError) -> BadCell {
    BadCell { fault: Fault::Batch, row: 0, value: Vec::new() }
}

/// Which rows are NULL: empty as long as none is.
#[derive(Debug, Default)]
pub(super) struct Nulls {
    /// A bit per row up to the last NULL, set where there is a value.
    valid: Vec<u8>,
}

impl Nulls {
    #[inline]
    pub(super) fn push(&mut self, row: usize) {
        if self.valid.len() <= row / 8 {
            self.valid.resize(row / 8 + 1, u8::MAX);
        }
        if let Some(bits) = self.valid.get_mut(row / 8) {
            *bits &= !(1 << (row % 8));
        }
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.valid.truncate(rows.div_ceil(8));
        if let Some(bits) = self.valid.get_mut(rows / 8) {
            *bits |= u8::MAX << (rows % 8);
        }
    }

    pub(super) fn take(&mut self, rows: usize) -> Option<NullBuffer> {
        if self.valid.is_empty() {
            return None;
        }
        let mut valid = std::mem::take(&mut self.valid);
        valid.resize(rows.div_ceil(8), u8::MAX);
        let nulls = NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(valid), 0, rows));
        (nulls.null_count() > 0).then_some(nulls)
    }
}

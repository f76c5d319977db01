//! [`BatchBuilder`]: walks the bodies of DataRow messages in place and cuts them into record batches.
//!
//! Owns the row: its fields, its number, its size, and what happens when it fails. Does not interpret values.
//! Invariant: a row is in the batch as a whole or not at all; one that fails is rolled back, and the rows before it
//! can still be taken with `finish`.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Schema, SchemaRef};

use super::buffer::BadCell;
use super::decode::Column;
use super::error::{DecodeError, Fault};
use super::table::{field, form};
use super::{BatchLimits, ColumnSpec};
use crate::span::Span;

/// The length of a NULL.
const NULL_LENGTH: i32 = -1;
/// Half of what 32-bit offsets span: the last row of a batch may be as long as the other half.
const MAX_BATCH_BYTES: usize = 1 << 30;

/// The format of all values whose format matters. A loop for one alone is shorter than a loop for both, and faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Binary,
    Text,
    Mixed,
}

/// Collects DataRow bodies into record batches. One decoder per column, chosen at `new`.
#[derive(Debug)]
pub(crate) struct BatchBuilder {
    specs: Vec<ColumnSpec>,
    columns: Vec<Column>,
    schema: SchemaRef,
    limits: BatchLimits,
    format: Format,
    /// What a row takes apart from the bytes of its strings.
    fixed_row_bytes: usize,
    rows: usize,
    /// At least what the rows take.
    bytes: usize,
    /// Rows of the batches already taken.
    rows_before: u64,
}

impl BatchBuilder {
    /// A builder without rows.
    pub(crate) fn new(columns: &[ColumnSpec], limits: BatchLimits) -> Self {
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let widths = schema.fields().iter().map(|field| field.data_type().primitive_width());
        let fixed_row_bytes = widths.map(|width| width.unwrap_or(size_of::<i32>())).sum();
        let column =
            |spec: &ColumnSpec| Column::new(form(spec.oid, spec.type_modifier), spec.binary, spec.nullable);
        let specs = columns.to_vec();
        let columns = columns.iter().map(column).collect::<Vec<_>>();
        Self {
            specs,
            format: common_format(&columns),
            columns,
            schema,
            limits: BatchLimits { bytes: limits.bytes.min(MAX_BATCH_BYTES), ..limits },
            fixed_row_bytes,
            rows: 0,
            bytes: 0,
            rows_before: 0,
        }
    }

    /// The schema of all batches.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds one DataRow body; breaks when the batch is full with it.
    ///
    /// # Errors
    ///
    /// A malformed row, or a value that Arrow cannot represent. The row is dropped; the rows before it stay.
    pub(crate) fn push<'a>(&mut self, row: impl Into<Span<'a>>) -> Result<ControlFlow<()>, DecodeError> {
        if self.rows == 0 {
            self.columns.iter_mut().for_each(Column::reserve);
        }
        let row = row.into();
        let (columns, bytes, length) = (&mut self.columns, row.onward(), row.len());
        let appended = match self.format {
            Format::Binary => append_row::<true, false>(columns, self.rows, bytes, length),
            Format::Text => append_row::<false, true>(columns, self.rows, bytes, length),
            Format::Mixed => append_row::<true, true>(columns, self.rows, bytes, length),
        };
        if let Err(fault) = appended {
            let rows = self.rows;
            self.columns.iter_mut().for_each(|column| column.truncate(rows));
            return Err(self.row_error(&fault));
        }
        self.rows += 1;
        self.bytes += self.fixed_row_bytes + row.len();
        let full = self.rows >= self.limits.rows || (self.bytes >= self.limits.bytes && self.is_long());
        Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Whether the rows take as many bytes as a batch may. Counted only once they might, and not with every value.
    #[cold]
    fn is_long(&mut self) -> bool {
        let variable = self.columns.iter_mut().map(Column::variable_bytes).sum::<usize>();
        self.bytes = self.rows * self.fixed_row_bytes + variable;
        self.bytes >= self.limits.bytes
    }

    /// Rows collected since the last batch.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The rows collected so far as a batch, which may be empty; the builder starts anew.
    ///
    /// # Errors
    ///
    /// A string that is not UTF-8. The rows of this batch are lost.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, DecodeError> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let rows_before = self.rows_before;
        self.rows_before += rows as u64;
        // All columns start anew before the first error is reported.
        let fields = self.schema.fields().iter();
        let arrays =
            self.columns.iter_mut().zip(fields).map(|(column, field)| column.take(rows, field.data_type()));
        let arrays = arrays.collect::<Vec<_>>();
        let mut checked = Vec::with_capacity(arrays.len());
        for (index, array) in arrays.into_iter().enumerate() {
            checked.push(array.map_err(|bad| self.cell_error(rows_before, index, &bad))?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), checked, &options)
            .map_err(|_| DecodeError::row(Fault::Batch, rows_before + 1))
    }

    #[cold]
    fn row_error(&self, failed: &RowFault<'_>) -> DecodeError {
        let row = self.rows_before + self.rows as u64 + 1;
        match failed.cell.and_then(|(index, cell)| Some((index, self.specs.get(index)?, cell))) {
            Some((index, spec, cell)) => DecodeError::cell(failed.fault, row, index, spec, cell),
            None => DecodeError::row(failed.fault, row),
        }
    }

    #[cold]
    fn cell_error(&self, rows_before: u64, index: usize, bad: &BadCell) -> DecodeError {
        let row = rows_before + bad.row as u64 + 1;
        match self.specs.get(index) {
            Some(spec) => DecodeError::cell(bad.fault, row, index, spec, Some(&bad.value)),
            None => DecodeError::row(bad.fault, row),
        }
    }
}

/// What is wrong with a row, and where: the column counted from 0, and its value unless NULL.
struct RowFault<'a> {
    fault: Fault,
    cell: Option<(usize, Option<&'a [u8]>)>,
}

impl From<Fault> for RowFault<'_> {
    fn from(fault: Fault) -> Self {
        Self { fault, cell: None }
    }
}

fn common_format(columns: &[Column]) -> Format {
    let mut formats = columns.iter().filter_map(Column::binary);
    match formats.next() {
        Some(first) if formats.any(|other| other != first) => Format::Mixed,
        Some(true) => Format::Binary,
        _ => Format::Text,
    }
}

/// Appends a DataRow body, the first `length` of the bytes: a field count, then per field a length and as many bytes.
/// The constants say which formats occur.
// Never inlined: each loop gets the registers for itself.
#[inline(never)]
fn append_row<'a, const BINARY: bool, const TEXT: bool>(
    columns: &mut [Column],
    row: usize,
    bytes: &'a [u8],
    length: usize,
) -> Result<(), RowFault<'a>> {
    // Cells see what lies behind the row, so that its end is where as much is left as follows it.
    let behind = bytes.len() - length;
    let (count, mut rest) = bytes.split_first_chunk().ok_or(Fault::Truncated)?;
    if rest.len() < behind {
        return Err(Fault::Truncated.into());
    }
    let count = i16::from_be_bytes(*count);
    if usize::try_from(count) != Ok(columns.len()) {
        return Err(Fault::FieldCount(count, columns.len().try_into().unwrap_or(u16::MAX)).into());
    }
    let width = columns.len();
    let mut columns = columns.iter_mut();
    while let Some(column) = columns.next() {
        let (length, tail) = rest.split_first_chunk().ok_or(Fault::Truncated)?;
        let left = tail.len().checked_sub(behind).ok_or(Fault::Truncated)?;
        let length = i32::from_be_bytes(*length);
        // Its index, which only a fault asks for.
        let index = || width - columns.len() - 1;
        let Ok(length) = usize::try_from(length) else {
            if length != NULL_LENGTH {
                return Err(Fault::NegativeLength.into());
            }
            column.append_null(row).map_err(|fault| RowFault { fault, cell: Some((index(), None)) })?;
            rest = tail;
            continue;
        };
        let cell = Span::new(tail, length).filter(|_| length <= left).ok_or(Fault::Truncated)?;
        column
            .append::<BINARY, TEXT>(cell)
            .map_err(|fault| RowFault { fault, cell: Some((index(), Some(cell.get()))) })?;
        rest = tail.get(length..).ok_or(Fault::Truncated)?;
    }
    if rest.len() == behind { Ok(()) } else { Err(Fault::TrailingBytes.into()) }
}

#[cfg(test)]
mod tests;

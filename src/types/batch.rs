//! [`BatchBuilder`]: reads DataRow messages in place, block by block, and cuts them into record batches.
//!
//! Owns the row: its number, its size, and what happens when it fails. Does not interpret values.
//! Invariant: a row is in the batch as a whole or not at all; one that fails is rolled back, and the rows before it
//! can still be taken with `finish`.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Schema, SchemaRef};

use super::block::Block;
use super::decode::Column;
use super::error::{DecodeError, Fault};
use super::table::{field, form};
use super::{BatchLimits, ColumnSpec};
use crate::data_rows::DataRows;

/// Half of what 32-bit offsets span: the last row of a batch may be as long as the other half.
const MAX_BATCH_BYTES: usize = 1 << 30;

/// Collects DataRow bodies into record batches. One decoder per column, chosen at `new`.
#[derive(Debug)]
pub(crate) struct BatchBuilder {
    specs: Vec<ColumnSpec>,
    columns: Vec<Column>,
    schema: SchemaRef,
    limits: BatchLimits,
    block: Block,
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
            columns,
            block: Block::default(),
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

    /// Adds rows, until the batch is full, which breaks, or none is left.
    ///
    /// # Errors
    ///
    /// A malformed row, or a value that Arrow cannot represent. The rows before it stay; some after it are lost.
    pub(crate) fn push(&mut self, rows: &mut DataRows<'_>) -> Result<ControlFlow<()>, DecodeError> {
        loop {
            let bytes = rows.onward();
            self.take_block(rows);
            let found = self.block.finish(bytes);
            self.read_block(bytes)?;
            found.map_err(|fault| DecodeError::row(fault, self.next_row()))?;
            if self.rows >= self.limits.rows || (self.bytes >= self.limits.bytes && self.is_long()) {
                return Ok(ControlFlow::Break(()));
            }
            if rows.is_empty() {
                return Ok(ControlFlow::Continue(()));
            }
        }
    }

    /// Takes rows into the block, until the batch may be full with them.
    fn take_block(&mut self, rows: &mut DataRows<'_>) {
        let bytes = rows.onward();
        self.block.start(self.columns.len(), rows.left());
        while self.block.has_room()
            && let Some(row) = rows.next()
        {
            let start = bytes.len() - row.onward().len();
            self.block.add(bytes, start..start + row.len());
            self.bytes += self.fixed_row_bytes + row.len();
            if self.rows + self.block.rows() >= self.limits.rows || self.bytes >= self.limits.bytes {
                break;
            }
        }
    }

    /// Reads the cells that were found, column by column.
    fn read_block(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let (before, mut rows) = (self.rows, self.block.found());
        if before == 0 {
            self.columns.iter_mut().for_each(Column::reserve);
        }
        let mut failed = None;
        for (index, column) in self.columns.iter_mut().enumerate() {
            // Behind the first row that failed no column matters.
            let cells = self.block.column(bytes, index, rows);
            if let Err(bad) = column.append(cells, before, self.block.has_null()) {
                rows = bad.at;
                failed = Some((index, bad.fault));
            }
        }
        self.rows += rows;
        let Some((index, fault)) = failed else { return Ok(()) };
        self.columns.iter_mut().for_each(|column| column.truncate(before + rows));
        let cell = self.block.column(bytes, index, rows + 1).iter().last().flatten();
        Err(self.cell_error(self.next_row(), index, fault, cell.as_deref()))
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
            let array = array.map_err(|bad| {
                let row = rows_before + bad.row as u64 + 1;
                self.cell_error(row, index, bad.fault, Some(&bad.value))
            });
            checked.push(array?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), checked, &options)
            .map_err(|_| DecodeError::row(Fault::Batch, rows_before + 1))
    }

    /// The number of the row after those collected, counted from 1 through the result.
    fn next_row(&self) -> u64 {
        self.rows_before + self.rows as u64 + 1
    }

    #[cold]
    fn cell_error(&self, row: u64, index: usize, fault: Fault, cell: Option<&[u8]>) -> DecodeError {
        match self.specs.get(index) {
            Some(spec) => DecodeError::cell(fault, row, index, spec, cell),
            None => DecodeError::row(fault, row),
        }
    }
}

#[cfg(test)]
mod block_tests;
#[cfg(test)]
mod tests;

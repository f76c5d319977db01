//! Data bound to a statement: one batch, or a stream of which no more than a batch is held at a time.

use std::fmt;
use std::iter;

use adbc_core::error::{Error, Result, Status};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};

/// Rows to execute with, or to ingest; taken by one execution.
pub(super) struct Bound {
    schema: SchemaRef,
    batches: Box<dyn Iterator<Item = std::result::Result<RecordBatch, ArrowError>> + Send>,
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Bound {
    pub(super) fn batch(batch: RecordBatch) -> Self {
        Self { schema: batch.schema(), batches: Box::new(iter::once(Ok(batch))) }
    }

    pub(super) fn stream(stream: Box<dyn RecordBatchReader + Send>) -> Self {
        Self { schema: stream.schema(), batches: stream }
    }

    pub(super) fn batches(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches: Box::new(batches.into_iter().map(Ok)) }
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next batch that has rows.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        let has_rows = |batch: &std::result::Result<RecordBatch, ArrowError>| {
            !batch.as_ref().is_ok_and(|batch| batch.num_rows() == 0)
        };
        match self.batches.find(has_rows).transpose() {
            Ok(Some(batch)) if batch.num_columns() != self.schema.fields().len() => {
                let message = format!(
                    "a batch of the bound stream has {} columns where its schema has {}",
                    batch.num_columns(),
                    self.schema.fields().len()
                );
                Err(Error::with_message_and_status(message, Status::InvalidArguments))
            }
            Ok(batch) => Ok(batch),
            Err(error) => {
                let message = format!("the bound stream failed: {error}; nothing more was read from it");
                Err(Error::with_message_and_status(message, Status::IO))
            }
        }
    }

    /// Puts a batch that was taken back to the front.
    pub(super) fn put_back(&mut self, batch: Option<RecordBatch>) {
        let rest = std::mem::replace(&mut self.batches, Box::new(iter::empty()));
        self.batches = Box::new(batch.map(Ok).into_iter().chain(rest));
    }
}

//! Results as record batches: from a row stream of the session, or already in memory.
//!
//! A reader owns a share of the session, so it outlives the statement and connection handles. After its end or an
//! error it gives nothing more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use adbc_core::error::Result;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::bind::BoundQueries;
use super::error::{from_decode, from_session, invalid_state};
use super::running::RunningOperation;
use super::runtime;
use crate::session::{Fetch, FetchError, RowStream};
use crate::types::BatchBuilder;

/// A result: batches with full ADBC errors.
pub trait ResultReader: Send {
    /// The schema of all batches.
    fn schema(&self) -> SchemaRef;

    /// The next batch; `None` at the end. After an error there is no more.
    fn next(&mut self) -> Option<Result<RecordBatch>>;
}

/// An owned result.
pub type Reader = Box<dyn ResultReader>;

/// Batches that are already in memory.
#[derive(Debug)]
pub(super) struct MemoryReader {
    schema: SchemaRef,
    batches: std::vec::IntoIter<RecordBatch>,
}

impl MemoryReader {
    pub(super) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches: batches.into_iter() }
    }
}

impl ResultReader for MemoryReader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        self.batches.next().map(Ok)
    }
}

/// Batches decoded from the wire as they are asked for.
#[derive(Debug)]
pub(super) struct BatchReader {
    schema: SchemaRef,
    source: Arc<Mutex<SourceState>>,
}

/// What a statement keeps of its result, to end it when it is executed again. It does not keep the result alive:
/// rows nobody can read any more are discarded at once.
#[derive(Clone, Debug)]
pub(super) struct ResultLink(Weak<Mutex<SourceState>>);

#[derive(Debug)]
enum SourceState {
    Open(Box<Open>),
    Finished,
    Superseded,
}

#[derive(Debug)]
struct Open {
    rows: RowStream,
    /// The executions after `rows`, and the number of the bound row that `rows` begin with.
    further: Option<(u64, Box<BoundQueries>)>,
    builder: BatchBuilder,
    #[expect(dead_code, reason = "registered for cancel as long as rows may come")]
    running: RunningOperation,
}

impl BatchReader {
    pub(super) fn new(rows: RowStream, builder: BatchBuilder, running: RunningOperation) -> Self {
        Self::of_open(Open { rows, further: None, builder, running })
    }

    /// The results of many executions as one: `rows` are those of the first, `queries` execute the rest.
    pub(super) fn of_many(
        rows: RowStream,
        queries: Box<BoundQueries>,
        builder: BatchBuilder,
        running: RunningOperation,
    ) -> Self {
        Self::of_open(Open { rows, further: Some((1, queries)), builder, running })
    }

    fn of_open(open: Open) -> Self {
        let schema = Arc::clone(open.builder.schema());
        let open = Box::new(open);
        Self { schema, source: Arc::new(Mutex::new(SourceState::Open(open))) }
    }

    pub(super) fn link(&self) -> ResultLink {
        ResultLink(Arc::downgrade(&self.source))
    }
}

impl ResultReader for BatchReader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        let mut state = lock(&self.source);
        let open = match &mut *state {
            SourceState::Open(open) => open,
            SourceState::Finished => return None,
            SourceState::Superseded => {
                *state = SourceState::Finished;
                return Some(Err(invalid_state("this result ended when its statement was executed again")));
            }
        };
        let (batch, more) = match open.next_batch() {
            Ok((batch, more)) => (batch.map(Ok), more),
            Err(error) => (Some(Err(error)), false),
        };
        if !more {
            *state = SourceState::Finished;
        }
        batch
    }
}

impl ResultLink {
    /// Ends the result: its rows are discarded, and its reader says why.
    pub(super) fn supersede(&self) {
        let Some(source) = self.0.upgrade() else { return };
        let mut state = lock(&source);
        if let SourceState::Open(_) = *state {
            *state = SourceState::Superseded;
        }
    }
}

fn lock(source: &Mutex<SourceState>) -> MutexGuard<'_, SourceState> {
    source.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Open {
    /// The next batch, if any rows are left, and whether more may follow.
    fn next_batch(&mut self) -> Result<(Option<RecordBatch>, bool)> {
        let more = loop {
            let Self { rows, builder, .. } = &mut *self;
            match runtime::block_on(rows.read_rows(|rows| builder.push(rows)))? {
                Ok(Fetch::Paused) => break true,
                Ok(Fetch::Finished) if self.continue_with_next()? => {}
                Ok(Fetch::Finished) => break false,
                Err(FetchError::Session(error)) => {
                    return Err(match &self.further {
                        Some((first_row, _)) => BoundQueries::row_error(*first_row, &error),
                        None => from_session(&error),
                    });
                }
                Err(FetchError::Row(error)) => return Err(from_decode(&error)),
            }
        };
        let builder = &mut self.builder;
        if builder.rows() == 0 {
            return Ok((None, more));
        }
        let batch = builder.finish().map_err(|error| from_decode(&error))?;
        Ok((Some(batch), more))
    }

    /// Starts the next executions of a bound query; false when there are none.
    fn continue_with_next(&mut self) -> Result<bool> {
        let Some((first_row, queries)) = &mut self.further else { return Ok(false) };
        let next_row = queries.first_row();
        match queries.next()? {
            Some(rows) => {
                self.rows = rows;
                *first_row = next_row;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

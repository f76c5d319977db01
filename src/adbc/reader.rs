//! Results as record batches: from a row stream of the session, or already in memory.
//!
//! A reader owns a share of the session, so it outlives the statement and connection handles. After its end or an
//! error it gives nothing more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use adbc_core::error::Result;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

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
    builder: BatchBuilder,
    #[expect(dead_code, reason = "registered for cancel as long as rows may come")]
    running: RunningOperation,
}

impl BatchReader {
    pub(super) fn new(rows: RowStream, builder: BatchBuilder, running: RunningOperation) -> Self {
        let schema = Arc::clone(builder.schema());
        let open = Box::new(Open { rows, builder, running });
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
        let Self { rows, builder, .. } = self;
        let fetched = runtime::block_on(rows.read_rows(|row| builder.push(row)))?;
        let more = match fetched {
            Ok(Fetch::Paused) => true,
            Ok(Fetch::Finished) => false,
            Err(FetchError::Session(error)) => return Err(from_session(&error)),
            Err(FetchError::Row(error)) => return Err(from_decode(&error)),
        };
        if builder.rows() == 0 {
            return Ok((None, more));
        }
        let batch = builder.finish().map_err(|error| from_decode(&error))?;
        Ok((Some(batch), more))
    }
}

//! [`Inbox`]: rows that were moved aside for another statement, where the reader of their result finds them.
//!
//! Does not read the wire, nor decide when rows are moved. Invariant: rows keep their order, and the end of a result
//! comes after its last row.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::Error;
use super::message::CommandTag;
use crate::data_rows::{self, DataRows, HEADER};

/// Where a reader finds rows that were moved aside for another statement, and the end of its result.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// The reader is gone.
    abandoned: AtomicBool,
    /// Bytes moved aside and not yet read.
    held_bytes: AtomicUsize,
    content: Mutex<Content>,
}

/// See [`Inbox`].
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) rows: VecDeque<Chunk>,
    pub(super) end: Option<Result<CommandTag, Error>>,
}

/// DataRow messages, one after the other.
#[derive(Default)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    /// How many of the bytes are read.
    read: usize,
}

impl Inbox {
    pub(super) fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    /// Takes a row, unless more than `limit_bytes` would be held then; whether it did.
    pub(super) fn hold(&self, row: &[u8], limit_bytes: usize) -> bool {
        let bytes = row.len() + HEADER;
        if self.held_bytes.load(Ordering::Relaxed).saturating_add(bytes) > limit_bytes {
            return false;
        }
        let mut content = self.content();
        if content.rows.back().is_none_or(Chunk::is_full) {
            content.rows.push_back(Chunk::default());
        }
        if let Some(chunk) = content.rows.back_mut() {
            chunk.push(row);
        }
        self.held_bytes.fetch_add(bytes, Ordering::Relaxed);
        true
    }

    /// The first rows moved aside. They count as held until [`Inbox::release`].
    pub(super) fn take_chunk(&self) -> Option<Chunk> {
        self.content().rows.pop_front()
    }

    pub(super) fn release(&self, chunk: &Chunk) {
        self.held_bytes.fetch_sub(chunk.bytes.len(), Ordering::Relaxed);
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Chunk {
    /// Small enough that a reader gives memory back while it reads.
    const BYTES: usize = 1 << 20;

    fn is_full(&self) -> bool {
        self.bytes.len() >= Self::BYTES
    }

    fn push(&mut self, row: &[u8]) {
        // OK because no message is longer than `buffer::MAX_MESSAGE`.
        let length = u32::try_from(row.len() + 4).unwrap_or(u32::MAX);
        self.bytes.push(data_rows::TAG);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(row);
    }

    /// The rows that are not yet read.
    pub(super) fn rows(&self) -> DataRows<'_> {
        let unread = self.bytes.get(self.read..).unwrap_or_default();
        DataRows::new(unread, unread.len())
    }

    /// All but the last `left` bytes are read.
    pub(super) fn read_all_but(&mut self, left: usize) {
        self.read = self.bytes.len() - left;
    }
}

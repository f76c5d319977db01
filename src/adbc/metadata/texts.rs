//! Columns of text and offsets of lists that grow row by row.
//!
//! Not arrow's builders: those panic where 32-bit offsets end. Invariant: nothing here is kept twice, so that a result
//! costs its own size while it is built.

use std::sync::Arc;

use adbc_core::error::{Error, Result, Status};
use arrow_array::{ArrayRef, StringArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};

/// A growing column of text.
#[derive(Debug)]
pub(super) struct Texts {
    offsets: Offsets,
    bytes: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl Default for Texts {
    fn default() -> Self {
        Self { offsets: Offsets::default(), bytes: Vec::new(), nulls: NullBufferBuilder::new(0) }
    }
}

impl Texts {
    pub(super) fn len(&self) -> usize {
        self.offsets.len()
    }

    pub(super) fn push(&mut self, text: &str) -> Result<()> {
        self.push_option(Some(text))
    }

    pub(super) fn push_option(&mut self, text: Option<&str>) -> Result<()> {
        self.bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        self.offsets.push(self.bytes.len())?;
        self.nulls.append(text.is_some());
        Ok(())
    }

    /// Whether this text is at a position.
    pub(super) fn is(&self, at: usize, text: &str) -> bool {
        self.offsets.range(at).and_then(|range| self.bytes.get(range)) == Some(text.as_bytes())
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef> {
        self.bytes.shrink_to_fit();
        let array = StringArray::try_new(self.offsets.finish(), self.bytes.into(), self.nulls.finish());
        Ok(Arc::new(array.map_err(Error::from)?))
    }
}

/// Where each element of a list or text ends.
#[derive(Debug)]
pub(super) struct Offsets(Vec<i32>);

impl Default for Offsets {
    fn default() -> Self {
        Self(vec![0])
    }
}

impl Offsets {
    /// How many elements have ended.
    pub(super) fn len(&self) -> usize {
        self.0.len() - 1
    }

    /// Ends an element.
    pub(super) fn push(&mut self, end: usize) -> Result<()> {
        let end = i32::try_from(end).map_err(|_| {
            let message = "the metadata is larger than 2 GiB, which Arrow's lists cannot hold; use filters";
            Error::with_message_and_status(message, Status::InvalidData)
        })?;
        self.0.push(end);
        Ok(())
    }

    /// Ends elements until there are `len`; those after the first are empty.
    pub(super) fn push_until(&mut self, len: usize, end: usize) -> Result<()> {
        while self.len() < len {
            self.push(end)?;
        }
        Ok(())
    }

    fn range(&self, at: usize) -> Option<std::ops::Range<usize>> {
        let bound = |at: usize| self.0.get(at).and_then(|bound| usize::try_from(*bound).ok());
        Some(bound(at)?..bound(at + 1)?)
    }

    pub(super) fn finish(mut self) -> OffsetBuffer<i32> {
        self.0.shrink_to_fit();
        // OK because offsets start at 0 and never decrease: ends are lengths of what only grows.
        OffsetBuffer::new(ScalarBuffer::from(self.0))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;

    use super::*;

    #[test]
    fn texts_and_nulls_come_back() {
        let mut texts = Texts::default();
        texts.push("é").unwrap();
        texts.push_option(None).unwrap();
        texts.push("").unwrap();
        assert!(texts.is(0, "é") && texts.is(2, "") && !texts.is(0, "e") && !texts.is(3, ""));
        let array = texts.finish().unwrap();
        let read: Vec<_> = array.as_string::<i32>().iter().collect();
        assert_eq!(read, [Some("é"), None, Some("")]);
    }

    #[test]
    fn skipped_lists_are_empty() {
        let mut lists = Offsets::default();
        lists.push_until(2, 0).unwrap();
        lists.push_until(3, 5).unwrap();
        assert_eq!(&*lists.finish(), &[0, 0, 0, 5]);
    }

    #[test]
    fn offsets_beyond_32_bits_are_an_error() {
        assert_eq!(Offsets::default().push(1 << 31).unwrap_err().status, Status::InvalidData);
    }
}

//! [`DataRows`]: DataRow messages in memory, one after the other, in place.
//!
//! What `session` hands to `types`: many rows at a time, so that a column's values are read in one go. Does not look into
//! rows. Invariant: only whole messages are taken, and what is not taken stays.

use std::convert::Infallible;
use std::ops::ControlFlow;

use crate::span::Span;

/// Type and length field of a message.
pub(crate) const HEADER: usize = 5;

/// The type of a DataRow.
pub(crate) const TAG: u8 = b'D';

/// The bodies (field count, then length and bytes per field) of the complete messages at the front of some bytes.
#[derive(Clone, Debug)]
pub(crate) struct DataRows<'a> {
    /// What is not taken, with what lies behind it in memory.
    bytes: &'a [u8],
    /// How many of them count.
    left: usize,
    taken: usize,
}

impl<'a> DataRows<'a> {
    /// The messages in the first `length` of the bytes.
    pub(crate) fn new(bytes: &'a [u8], length: usize) -> Self {
        Self { bytes, left: length.min(bytes.len()), taken: 0 }
    }

    /// What is not taken, with what lies behind it: every body ends before this does.
    #[inline(always)]
    pub(crate) fn onward(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many bytes are not taken.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// How many rows are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// Whether no complete DataRow is at the front.
    pub(crate) fn is_empty(&self) -> bool {
        self.clone().next().is_none()
    }
}

impl<'a> Iterator for DataRows<'a> {
    type Item = Span<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Span<'a>> {
        let ([TAG, length @ ..], onward) = self.bytes.split_first_chunk::<HEADER>()? else { return None };
        // OK because u32 fits usize; a length below 4 underflows to one that is never there, which is an error of the
        // header for whoever looks at the message next.
        let length = (u32::from_be_bytes(*length) as usize).wrapping_sub(4);
        let left = self.left.checked_sub(HEADER)?.checked_sub(length)?;
        let row = Span::new(onward, length)?;
        self.bytes = onward.get(length..)?;
        self.left = left;
        self.taken += 1;
        Some(row)
    }
}

/// Takes all rows, for readers that want none.
pub(crate) fn skip(rows: &mut DataRows<'_>) -> Result<ControlFlow<()>, Infallible> {
    rows.for_each(drop);
    Ok(ControlFlow::Continue(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_rows_are_taken_and_the_rest_stays() {
        let bytes = b"D\0\0\0\x05aD\0\0\0\x06bcD\0\0\0\x05";
        let mut rows = DataRows::new(bytes, bytes.len());
        assert_eq!(rows.next().map(|row| row.get().to_vec()), Some(b"a".to_vec()));
        assert_eq!(rows.next().map(|row| row.get().to_vec()), Some(b"bc".to_vec()));
        assert!(rows.next().is_none() && rows.is_empty());
        assert_eq!((rows.taken(), rows.left(), rows.onward()), (2, 5, &b"D\0\0\0\x05"[..]));
    }

    #[test]
    fn bytes_behind_those_that_count_are_no_rows() {
        let bytes = b"D\0\0\0\x05aD\0\0\0\x05b";
        for length in 0..bytes.len() {
            assert_eq!(DataRows::new(bytes, length).count(), length / 6, "{length}");
        }
    }

    #[test]
    fn other_messages_and_impossible_lengths_are_no_rows() {
        for bytes in [&b"Z\0\0\0\x05I"[..], b"D\0\0\0\x03rest", b"D\xff\xff\xff\xffrest", b"D\0\0\0\0rest"] {
            assert!(DataRows::new(bytes, bytes.len()).is_empty(), "{bytes:?}");
        }
    }
}

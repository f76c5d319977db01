//! [`Span`]: bytes in the read buffer, together with what lies behind them.
//!
//! Values are a few bytes long: a loop or a copy over so few costs more in mispredicted branches than in work. What lies
//! behind them is readable memory too, so that a decoder takes eight bytes in one step and leaves out those that are not
//! the value's. Knows neither messages nor types. Invariant: no result depends on what lies behind.

use std::ops::Deref;

/// Bytes, and all that follows them in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    /// At least `length` bytes.
    bytes: &'a [u8],
    length: usize,
}

impl<'a> Span<'a> {
    /// The first `length` of the bytes; `None` if there are fewer.
    #[inline(always)]
    pub(crate) fn new(bytes: &'a [u8], length: usize) -> Option<Self> {
        (length <= bytes.len()).then_some(Self { bytes, length })
    }

    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.length
    }

    /// Without what lies behind.
    #[inline(always)]
    pub(crate) fn get(self) -> &'a [u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// With what lies behind.
    #[inline(always)]
    pub(crate) fn onward(self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes, if there are as many.
    #[inline(always)]
    pub(crate) fn exactly<const N: usize>(self) -> Option<[u8; N]> {
        if self.length == N { self.bytes.first_chunk().copied() } else { None }
    }

    /// `N` bytes from its start, however many are its own; `None` where memory ends.
    #[inline(always)]
    pub(crate) fn window<const N: usize>(self) -> Option<&'a [u8; N]> {
        self.bytes.first_chunk()
    }

    /// Without its first `count` bytes, `None` if it has fewer.
    #[inline(always)]
    pub(crate) fn skip(self, count: usize) -> Option<Self> {
        Some(Self { length: self.length.checked_sub(count)?, bytes: self.bytes.get(count..)? })
    }
}

impl<'a, B: AsRef<[u8]> + ?Sized> From<&'a B> for Span<'a> {
    /// Bytes of which nothing is known behind their end.
    fn from(bytes: &'a B) -> Self {
        let bytes = bytes.as_ref();
        Self { bytes, length: bytes.len() }
    }
}

impl Deref for Span<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_reaches_behind_the_end_as_far_as_memory_goes() {
        let span = Span::new(b"12345678", 3).unwrap();
        assert_eq!((span.get(), span.len()), (&b"123"[..], 3));
        assert_eq!(span.window::<8>(), Some(b"12345678"));
        assert_eq!(span.window::<9>(), None);
        assert_eq!((span.exactly::<3>(), span.exactly::<4>()), (Some(*b"123"), None));
        assert_eq!(span.skip(3).map(|rest| (rest.len(), rest.onward())), Some((0, &b"45678"[..])));
        assert!(span.skip(4).is_none() && Span::new(b"12", 3).is_none());
    }
}

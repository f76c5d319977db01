//! The read buffer: raw bytes of the socket, cut into messages in place.
//!
//! It starts at 1 MiB and grows only for a single message that does not fit, and only as fast as its bytes arrive: a
//! hostile length allocates nothing. A message is checked (known type, sane length) before anything waits for its end.

use std::fmt;
use std::ops::{ControlFlow, Range};

use super::error::Error;
use super::message;
use crate::data_rows::{DataRows, HEADER};

/// Size of the buffer between large messages.
const CAPACITY: usize = 1 << 20;

/// Free space below which the unread bytes are moved to the front rather than reading a trickle.
const MIN_READ: usize = 1 << 16;

/// Longest message accepted: the server's own limit of 1 GiB for a field, and room for the rest of the row.
pub(super) const MAX_MESSAGE: usize = (1 << 30) + (1 << 20);

/// A message in the buffer; valid until the buffer is read into again.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) tag: u8,
    body: Range<usize>,
}

/// Bytes read and not yet consumed.
pub(super) struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    max_message: usize,
}

impl fmt::Debug for ReadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadBuffer").field("unread", &(self.end - self.start)).finish_non_exhaustive()
    }
}

impl ReadBuffer {
    pub(super) fn new(max_message: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, end: 0, max_message }
    }

    pub(super) fn set_max_message(&mut self, max_message: usize) {
        self.max_message = max_message;
    }

    fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Type of the first message, once its header is there.
    pub(super) fn peek(&self) -> Result<Option<u8>, Error> {
        self.header().map(|header| header.map(|(tag, _)| tag))
    }

    /// Type and total length of the first message.
    fn header(&self) -> Result<Option<(u8, usize)>, Error> {
        let Some(([tag, length @ ..], _)) = self.unread().split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        if !message::is_known(*tag) {
            return Err(Error::protocol(format!("unknown message type {:?}", char::from(*tag))));
        }
        // OK because u32 fits usize on every supported platform.
        let length = u32::from_be_bytes(*length) as usize;
        if length < 4 || length > self.max_message {
            let name = message::name(*tag);
            return Err(Error::protocol(format!("{name} claims an impossible length of {length} bytes")));
        }
        Ok(Some((*tag, 1 + length)))
    }

    /// Consumes the first message, if it is complete.
    pub(super) fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        let Some((tag, length)) = self.header()? else { return Ok(None) };
        if self.unread().len() < length {
            return Ok(None);
        }
        let body = self.start + HEADER..self.start + length;
        self.start = body.end;
        Ok(Some(Frame { tag, body }))
    }

    pub(super) fn body(&self, frame: &Frame) -> &[u8] {
        self.bytes.get(frame.body.clone()).unwrap_or_default()
    }

    /// Hands out the complete DataRows at the front, until `take` breaks or fails or none is left. Returns how many were taken
    /// and whether more are wanted: what follows then is incomplete or no DataRow. `take` takes at least one, or breaks.
    pub(super) fn take_rows<E>(
        &mut self,
        mut take: impl FnMut(&mut DataRows<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(usize, ControlFlow<()>), E> {
        let bytes = self.bytes.get(self.start..).unwrap_or_default();
        let mut rows = DataRows::new(bytes, self.end - self.start);
        let mut outcome = Ok(ControlFlow::Continue(()));
        while matches!(outcome, Ok(ControlFlow::Continue(()))) && !rows.is_empty() {
            outcome = take(&mut rows);
        }
        self.start = self.end - rows.left();
        outcome.map(|flow| (rows.taken(), flow))
    }

    /// Free space to read into; at least one byte.
    pub(super) fn space(&mut self) -> &mut [u8] {
        self.make_room();
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Counts bytes that were read into [`ReadBuffer::space`].
    pub(super) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.bytes.len() != CAPACITY {
                // Also gives back what one large message took.
                self.bytes = vec![0; CAPACITY];
            }
        }
        let wanted = self.header().ok().flatten().map_or(HEADER, |(_, length)| length);
        let fits = self.bytes.len() - self.start >= wanted.min(CAPACITY);
        let free = self.bytes.len() - self.end;
        if fits && (free >= MIN_READ || (self.start == 0 && free > 0)) {
            return;
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.bytes.len() {
            self.bytes.resize(self.end * 2, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_rows;

    fn buffer(bytes: &[u8]) -> ReadBuffer {
        let mut buffer = ReadBuffer::new(MAX_MESSAGE);
        push(&mut buffer, bytes);
        buffer
    }

    fn push(buffer: &mut ReadBuffer, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = buffer.space();
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            buffer.filled(count);
            bytes = &bytes[count..];
        }
    }

    #[test]
    fn messages_come_out_whole_whatever_the_cuts() {
        let bytes = b"Z\0\0\0\x05IC\0\0\0\x0bSELECT\0";
        let mut buffer = buffer(b"");
        let mut seen = Vec::new();
        for byte in bytes {
            push(&mut buffer, &[*byte]);
            while let Some(frame) = buffer.next_frame().unwrap() {
                seen.push((frame.tag, buffer.body(&frame).to_vec()));
            }
        }
        assert_eq!(seen, [(b'Z', b"I".to_vec()), (b'C', b"SELECT\0".to_vec())]);
    }

    #[test]
    fn impossible_headers_are_errors_before_their_body_arrives() {
        assert!(buffer(b"D\0\0\0\x03").next_frame().is_err());
        assert!(buffer(b"D\xff\xff\xff\xff").next_frame().is_err());
        assert!(buffer(b"HTTP/1.1").next_frame().is_err());
        assert!(buffer(b"\0\0\0\0\x08").next_frame().is_err());
        assert!(buffer(b"D\0\0").next_frame().unwrap().is_none());
    }

    /// Takes all rows.
    fn take_all(buffer: &mut ReadBuffer) -> usize {
        let (rows, flow) = buffer.take_rows(data_rows::skip).unwrap();
        assert_eq!(flow, ControlFlow::Continue(()));
        rows
    }

    #[test]
    fn rows_that_are_not_taken_stay() {
        let mut buffer = buffer(b"D\0\0\0\x05aD\0\0\0\x05bD\0\0\0\x05cZ\0\0\0\x05I");
        let stopped = buffer.take_rows(|rows| {
            assert_eq!(rows.next().unwrap().get(), b"a");
            Ok::<_, ()>(ControlFlow::Break(()))
        });
        assert_eq!(stopped, Ok((1, ControlFlow::Break(()))));
        let failed = buffer.take_rows(|rows| {
            assert_eq!(rows.next().unwrap().get(), b"b");
            Err("bad")
        });
        assert_eq!(failed, Err("bad"));
        assert_eq!(take_all(&mut buffer), 1);
        assert_eq!(buffer.peek().unwrap(), Some(b'Z'));
    }

    #[test]
    fn rows_with_an_impossible_length_are_left_to_the_header_check() {
        let mut buffer = buffer(b"D\0\0\0\x00rest");
        assert_eq!(take_all(&mut buffer), 0);
        assert!(buffer.next_frame().is_err());
    }

    #[test]
    fn the_buffer_grows_for_one_message_and_shrinks_after() {
        let length = 5 * CAPACITY;
        let mut buffer =
            buffer(&[b"D", u32::try_from(length + 4).unwrap().to_be_bytes().as_slice()].concat());
        assert_eq!(buffer.space().len(), CAPACITY - HEADER, "a claimed length allocates nothing");
        push(&mut buffer, &vec![7; length]);
        let frame = buffer.next_frame().unwrap().unwrap();
        assert_eq!(buffer.body(&frame).len(), length);
        assert_eq!(buffer.space().len(), CAPACITY);
    }

    #[test]
    fn a_message_across_the_end_of_the_buffer_survives_the_move() {
        let row = |fill: u8| [b"D\0\x09\0\0".as_slice(), &vec![fill; 0x90000 - 4]].concat();
        let mut buffer = buffer(&row(1));
        push(&mut buffer, &row(2)[..0x60000]);
        assert_eq!(take_all(&mut buffer), 1);
        push(&mut buffer, &row(2)[0x60000..]);
        let frame = buffer.next_frame().unwrap().unwrap();
        assert!(buffer.body(&frame).iter().all(|byte| *byte == 2));
        assert_eq!(buffer.bytes.len(), CAPACITY);
    }
}

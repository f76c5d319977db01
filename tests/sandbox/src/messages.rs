//! The sandbox's own codec: frames, cursors over message bodies, and the backend messages it writes itself.
//! Owns bytes only; no I/O but reading one whole frame. It shares nothing with the driver's codec, on purpose.
//! Invariant: a malformed message is an error, never a panic and never a wrong length.

use anyhow::{Context, Result, bail, ensure};
use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Tag and length of a message.
pub(crate) const HEADER: usize = 5;

/// PostgreSQL's own bound for a message of a client (1 GiB).
pub(crate) const MAX_MESSAGE: usize = 0x3fff_ffff;

/// One whole message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The type byte.
    pub(crate) tag: u8,
    /// What follows the length.
    pub(crate) body: Bytes,
}

/// The tag and the whole size of the message at the start of `bytes`, once its header is there.
pub(crate) fn header(bytes: &[u8]) -> Result<Option<(u8, usize)>> {
    let [tag, a, b, c, d, ..] = *bytes else { return Ok(None) };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    ensure!(
        (4..=MAX_MESSAGE).contains(&length),
        "message {:?} has the impossible length {length}",
        tag as char
    );
    Ok(Some((tag, length + 1)))
}

/// Reads one message and not a byte more.
pub(crate) async fn read_message(stream: &mut (impl AsyncRead + Unpin), max: usize) -> Result<Message> {
    let tag = stream.read_u8().await?;
    Ok(Message { tag, body: read_body(stream, max).await? })
}

/// Reads a message that has no tag: the first packets of a connection.
pub(crate) async fn read_body(stream: &mut (impl AsyncRead + Unpin), max: usize) -> Result<Bytes> {
    let length = stream.read_u32().await? as usize;
    ensure!((4..=max).contains(&length), "a packet of {length} bytes where at most {max} were expected");
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).await?;
    Ok(body.into())
}

/// Reads the fields of a message body.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.rest.split_at_checked(count).context("a message ends before its last field")?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().context("a message ends before its last field")?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn i16(&mut self) -> Result<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes up to a NUL, which is taken too.
    pub(crate) fn string_bytes(&mut self) -> Result<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == 0).context("a string without its final NUL")?;
        let text = self.bytes(end)?;
        self.u8()?;
        Ok(text)
    }

    pub(crate) fn string(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.string_bytes()?).context("a string that is not UTF-8")
    }
}

/// Appends a message whose body `write` makes; the length is filled in afterwards.
pub(crate) fn put_message(out: &mut BytesMut, tag: u8, write: impl FnOnce(&mut BytesMut)) {
    let mut body = BytesMut::new();
    write(&mut body);
    out.put_u8(tag);
    // OK because bodies made here come from one message of at most MAX_MESSAGE bytes plus names.
    out.put_u32(u32::try_from(body.len() + 4).unwrap_or(u32::MAX));
    out.extend_from_slice(&body);
}

pub(crate) fn put_string(out: &mut BytesMut, text: impl AsRef<[u8]>) {
    out.extend_from_slice(text.as_ref());
    out.put_u8(0);
}

pub(crate) fn put_parameter_status(out: &mut BytesMut, name: &str, value: &str) {
    put_message(out, b'S', |body| {
        put_string(body, name);
        put_string(body, value);
    });
}

pub(crate) fn put_ready(out: &mut BytesMut, status: u8) {
    put_message(out, b'Z', |body| body.put_u8(status));
}

/// An error as Redshift would state it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerError {
    /// SQLSTATE.
    pub(crate) code: &'static str,
    /// The primary message.
    pub(crate) message: String,
}

impl ServerError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Appends the ErrorResponse. Redshift sends no `V` field (it forked before PostgreSQL 9.6 brought it).
    pub(crate) fn put(&self, out: &mut BytesMut, severity: &str) {
        put_message(out, b'E', |body| {
            for (field, value) in [(b'S', severity), (b'C', self.code), (b'M', self.message.as_str())] {
                body.put_u8(field);
                put_string(body, value);
            }
            body.put_u8(0);
        });
    }
}

/// The fields of an ErrorResponse or NoticeResponse.
pub(crate) fn error_fields(body: &[u8]) -> Result<Vec<(u8, &[u8])>> {
    let mut cursor = Cursor::new(body);
    let mut fields = Vec::new();
    loop {
        match cursor.u8()? {
            0 if cursor.is_empty() => return Ok(fields),
            0 => bail!("an error message goes on after its end"),
            field => fields.push((field, cursor.string_bytes()?)),
        }
    }
}

/// Writes fields back, as a message with this tag.
pub(crate) fn put_error_fields(out: &mut BytesMut, tag: u8, fields: &[(u8, &[u8])]) {
    put_message(out, tag, |body| {
        for (field, value) in fields {
            body.put_u8(*field);
            put_string(body, value);
        }
        body.put_u8(0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_below_four_is_refused() {
        assert!(header(&[b'Q', 0, 0, 0, 3, 0]).is_err());
    }

    #[test]
    fn incomplete_header_asks_for_more() {
        assert_eq!(header(&[b'Q', 0, 0, 0]).unwrap(), None);
    }

    #[test]
    fn string_without_nul_is_refused() {
        assert!(Cursor::new(b"abc").string().is_err());
    }

    #[test]
    fn server_error_carries_no_unlocalised_severity() {
        let mut out = BytesMut::new();
        ServerError::new("42P01", "gone").put(&mut out, "ERROR");
        let fields = error_fields(&out[HEADER..]).unwrap();
        assert_eq!(fields, vec![(b'S', &b"ERROR"[..]), (b'C', b"42P01"), (b'M', b"gone")]);
    }

    #[test]
    fn error_body_that_ends_early_is_refused() {
        assert!(error_fields(b"SERROR\0Coops").is_err());
    }
}

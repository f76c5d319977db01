//! Messages of the server: pure parse, no I/O.
//!
//! They are read here and not by `postgres-protocol`, since Redshift's RowDescription and authentication requests differ
//! from PostgreSQL's. A parser fails on truncated bodies and on bytes
//! left over; it never panics, whatever the bytes.

use super::error::{Error, ServerError};

/// Wire format of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text.
    Text,
    /// The type's binary form.
    Binary,
}

/// One field of a RowDescription.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Label of the column.
    pub(crate) name: String,
    /// OID of the table, 0 when the column is no table column.
    pub(crate) table_oid: u32,
    /// Attribute number in that table, or 0.
    pub(crate) attribute: i16,
    /// OID of the type.
    pub(crate) type_oid: u32,
    /// Type modifier, -1 when none.
    pub(crate) type_modifier: i32,
    /// Format of the values in this result (the one asked for in Bind, not the one a statement Describe reports).
    pub(crate) format: Format,
    /// What protocol version 1 and above adds.
    pub(crate) extended: Option<ExtendedColumn>,
}

/// The part of a RowDescription field that protocol version 1 appends.
#[derive(Clone, Debug)]
pub(crate) struct ExtendedColumn {
    /// Schema of the base table, or empty.
    pub(crate) schema: String,
    /// Base table, or empty.
    pub(crate) table: String,
    /// Base column, or empty.
    pub(crate) column: String,
    /// Database, or empty.
    pub(crate) catalog: String,
    /// Flag bits, reference section 3.
    pub(crate) flags: i16,
}

/// A CommandComplete.
#[derive(Clone, Debug)]
pub(crate) struct CommandTag {
    /// The whole tag, such as `INSERT 0 5`; empty for an EmptyQueryResponse.
    pub(crate) text: String,
    /// The number at its end; Redshift's SELECT has none.
    pub(crate) rows: Option<u64>,
}

/// An authentication request, by its code.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Authentication<'a> {
    Ok,
    CleartextPassword,
    Md5Password([u8; 4]),
    Sasl(Vec<&'a str>),
    SaslContinue(&'a [u8]),
    SaslFinal(&'a [u8]),
    Digest { algorithm: i32, salt: &'a [u8], server_nonce: &'a [u8] },
    IdpToken,
    Other(i32),
}

impl ExtendedColumn {
    /// The column is declared NOT NULL.
    pub(crate) fn not_null(&self) -> bool {
        self.flags & 0x0001 != 0
    }

    /// The column is an IDENTITY column.
    pub(crate) fn auto_increment(&self) -> bool {
        self.flags & 0x0010 != 0
    }
}

impl Format {
    /// The number that Bind uses.
    pub(super) fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }
}

impl CommandTag {
    fn new(text: &str) -> Self {
        let rows = text.rsplit(' ').next().and_then(|word| word.parse().ok());
        Self { text: text.to_owned(), rows }
    }

    /// What an EmptyQueryResponse stands for.
    pub(super) fn empty() -> Self {
        Self { text: String::new(), rows: None }
    }

    /// The tag of a result fetched in parts: its own number counts the last part only.
    pub(super) fn plus(mut self, earlier_rows: u64) -> Self {
        if let (Some(rows), true) = (self.rows, earlier_rows > 0) {
            let total = rows.saturating_add(earlier_rows);
            let words = self.text.rsplit_once(' ').map_or("", |(words, _)| words);
            self.text = format!("{words} {total}");
            self.rows = Some(total);
        }
        self
    }
}

/// Name of a backend message, for errors.
pub(super) fn name(tag: u8) -> &'static str {
    match tag {
        b'1' => "ParseComplete",
        b'2' => "BindComplete",
        b'3' => "CloseComplete",
        b'A' => "NotificationResponse",
        b'C' => "CommandComplete",
        b'c' => "CopyDone",
        b'D' => "DataRow",
        b'd' => "CopyData",
        b'E' => "ErrorResponse",
        b'G' => "CopyInResponse",
        b'H' => "CopyOutResponse",
        b'I' => "EmptyQueryResponse",
        b'K' => "BackendKeyData",
        b'N' => "NoticeResponse",
        b'n' => "NoData",
        b'R' => "Authentication",
        b'S' => "ParameterStatus",
        b's' => "PortalSuspended",
        b'T' => "RowDescription",
        b't' => "ParameterDescription",
        b'v' => "NegotiateProtocolVersion",
        b'Z' => "ReadyForQuery",
        _ => "an unknown message",
    }
}

/// Whether a byte starts a backend message at all.
pub(super) fn is_known(tag: u8) -> bool {
    name(tag) != "an unknown message"
}

/// RowDescription in the layout of the negotiated protocol version. All formats are set to `format`.
pub(super) fn row_description(body: &[u8], protocol: u8, format: Format) -> Result<Vec<Column>, Error> {
    let mut body = Body::new("RowDescription", body);
    let count = body.i16()?;
    let Ok(expected) = usize::try_from(count) else {
        return Err(Error::protocol(format!("RowDescription claims {count} columns")));
    };
    let mut columns = Vec::with_capacity(expected.min(1600));
    for _ in 0..count {
        columns.push(column(&mut body, protocol, format)?);
    }
    body.end()?;
    Ok(columns)
}

fn column(body: &mut Body<'_>, protocol: u8, format: Format) -> Result<Column, Error> {
    let name = body.text()?.to_owned();
    let table_oid = body.u32()?;
    let attribute = body.i16()?;
    let type_oid = body.u32()?;
    let _type_length = body.i16()?;
    let type_modifier = body.i32()?;
    let _described_format = body.i16()?;
    let extended = if protocol >= 1 { Some(extended_column(body)?) } else { None };
    Ok(Column { name, table_oid, attribute, type_oid, type_modifier, format, extended })
}

fn extended_column(body: &mut Body<'_>) -> Result<ExtendedColumn, Error> {
    Ok(ExtendedColumn {
        schema: body.text()?.to_owned(),
        table: body.text()?.to_owned(),
        column: body.text()?.to_owned(),
        catalog: body.text()?.to_owned(),
        flags: body.i16()?,
    })
}

/// ParameterDescription: the OIDs.
pub(super) fn parameter_description(body: &[u8]) -> Result<Vec<u32>, Error> {
    let mut body = Body::new("ParameterDescription", body);
    let count = u16::from_be_bytes(body.array()?);
    let oids = (0..count).map(|_| body.u32()).collect::<Result<_, _>>()?;
    body.end()?;
    Ok(oids)
}

/// CommandComplete.
pub(super) fn command_complete(body: &[u8]) -> Result<CommandTag, Error> {
    let mut body = Body::new("CommandComplete", body);
    let tag = CommandTag::new(body.text()?);
    body.end()?;
    Ok(tag)
}

/// ErrorResponse or NoticeResponse. Lenient: what is readable is kept, since losing the server's words helps nobody.
pub(super) fn server_error(body: &[u8]) -> ServerError {
    let mut error = ServerError::default();
    for field in body.split(|byte| *byte == 0) {
        let Some((code, value)) = field.split_first() else { continue };
        let value = String::from_utf8_lossy(value).into_owned();
        match code {
            b'S' => error.severity = value,
            b'C' => error.code = value,
            b'M' => error.message = value,
            b'D' => error.detail = Some(value),
            b'H' => error.hint = Some(value),
            b'P' => error.position = Some(value),
            b'W' => error.context = Some(value),
            b'F' => error.file = Some(value),
            b'L' => error.line = Some(value),
            b'R' => error.routine = Some(value),
            // PostgreSQL 9.6 and above: the severity untranslated, and sent after the translated one.
            b'V' => error.severity = value,
            _ => {}
        }
    }
    error
}

/// ParameterStatus: name and value.
pub(super) fn parameter_status(body: &[u8]) -> Result<(&str, &str), Error> {
    let mut body = Body::new("ParameterStatus", body);
    let pair = (body.text()?, body.text()?);
    body.end()?;
    Ok(pair)
}

/// BackendKeyData: process and key.
pub(super) fn backend_key_data(body: &[u8]) -> Result<(i32, i32), Error> {
    let mut body = Body::new("BackendKeyData", body);
    let pair = (body.i32()?, body.i32()?);
    body.end()?;
    Ok(pair)
}

/// ReadyForQuery: the status byte.
pub(super) fn ready_for_query(body: &[u8]) -> Result<u8, Error> {
    let mut body = Body::new("ReadyForQuery", body);
    let [status] = body.array()?;
    body.end()?;
    Ok(status)
}

/// The cells of a DataRow in text format.
pub(super) fn text_row(body: &[u8]) -> Result<Vec<Option<String>>, Error> {
    let mut body = Body::new("DataRow", body);
    let count = body.i16()?;
    let mut row = Vec::new();
    for _ in 0..count {
        let length = body.i32()?;
        row.push(if length == -1 { None } else { Some(utf8("DataRow", body.counted(length)?)?.to_owned()) });
    }
    body.end()?;
    Ok(row)
}

/// An authentication request. Code 10 is SASL only when its payload reads as a list of mechanisms: drivers of Redshift
/// disagree on what it means there.
pub(super) fn authentication(body: &[u8]) -> Result<Authentication<'_>, Error> {
    let mut body = Body::new("Authentication", body);
    let code = body.i32()?;
    let request = match code {
        0 => Authentication::Ok,
        3 => Authentication::CleartextPassword,
        5 => Authentication::Md5Password(body.array()?),
        10 => match mechanisms(body.rest()) {
            Some(mechanisms) => Authentication::Sasl(mechanisms),
            None => Authentication::Other(10),
        },
        11 => Authentication::SaslContinue(body.rest()),
        12 => Authentication::SaslFinal(body.rest()),
        13 => digest_request(&mut body)?,
        14 => Authentication::IdpToken,
        code => Authentication::Other(code),
    };
    if !matches!(request, Authentication::IdpToken | Authentication::Other(_)) {
        body.end()?;
    }
    Ok(request)
}

fn digest_request<'a>(body: &mut Body<'a>) -> Result<Authentication<'a>, Error> {
    let algorithm = body.i32()?;
    if algorithm != 0 {
        body.rest();
        return Ok(Authentication::Digest { algorithm, salt: &[], server_nonce: &[] });
    }
    let length = body.i32()?;
    let salt = body.counted(length)?;
    let length = body.i32()?;
    Ok(Authentication::Digest { algorithm, salt, server_nonce: body.counted(length)? })
}

fn mechanisms(payload: &[u8]) -> Option<Vec<&str>> {
    let names = payload.strip_suffix(b"\0\0")?;
    let names: Vec<&str> =
        names.split(|byte| *byte == 0).map(std::str::from_utf8).collect::<Result<_, _>>().ok()?;
    let plausible = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    names.iter().all(plausible).then_some(names)
}

fn utf8<'a>(message: &str, bytes: &'a [u8]) -> Result<&'a str, Error> {
    std::str::from_utf8(bytes)
        .map_err(|cause| Error::protocol(format!("{message} holds text that is no UTF-8: {cause}")))
}

/// A cursor over a message body.
struct Body<'a> {
    message: &'static str,
    rest: &'a [u8],
}

impl<'a> Body<'a> {
    fn new(message: &'static str, rest: &'a [u8]) -> Self {
        Self { message, rest }
    }

    fn truncated(&self) -> Error {
        Error::protocol(format!("{} is truncated", self.message))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(|| self.truncated())?;
        self.rest = rest;
        Ok(*array)
    }

    fn i16(&mut self) -> Result<i16, Error> {
        self.array().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Result<i32, Error> {
        self.array().map(i32::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    fn counted(&mut self, length: i32) -> Result<&'a [u8], Error> {
        let taken = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (bytes, rest) = taken.ok_or_else(|| self.truncated())?;
        self.rest = rest;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<&'a str, Error> {
        let end = self.rest.iter().position(|byte| *byte == 0).ok_or_else(|| self.truncated())?;
        let (text, rest) = self.rest.split_at_checked(end).ok_or_else(|| self.truncated())?;
        self.rest = rest.get(1..).unwrap_or_default();
        utf8(self.message, text)
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    fn end(&self) -> Result<(), Error> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Error::protocol(format!("{} has {left} bytes too many", self.message))),
        }
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;

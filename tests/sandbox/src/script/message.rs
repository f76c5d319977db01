//! The bytes of single backend messages, right by construction; a test breaks them as it likes.
//! Owns the layouts of the server's messages at protocol version 1 and above.

use bytes::{BufMut, BytesMut};

use crate::messages::{put_message, put_parameter_status, put_ready, put_string};

/// A column of a result.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its label.
    pub name: &'static str,
    /// OID of its type.
    pub type_oid: u32,
    /// Type modifier, -1 for none.
    pub type_modifier: i32,
}

/// Any message.
pub fn raw(tag: u8, body: &[u8]) -> Vec<u8> {
    made(tag, |out| out.put_slice(body))
}

/// A message that claims another length than it has.
pub fn with_length(tag: u8, length: u32, body: &[u8]) -> Vec<u8> {
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

/// An authentication request of this code, with what follows the code.
pub fn authentication(code: u32, payload: &[u8]) -> Vec<u8> {
    made(b'R', |out| {
        out.put_u32(code);
        out.put_slice(payload);
    })
}

/// ParameterStatus.
pub fn parameter_status(name: &str, value: &str) -> Vec<u8> {
    let mut out = BytesMut::new();
    put_parameter_status(&mut out, name, value);
    out.to_vec()
}

/// All that follows the password: Ok, protocol version 2, a cancel key, ReadyForQuery.
pub fn greeting() -> Vec<u8> {
    [
        authentication(0, &[]),
        parameter_status("server_protocol_version", "2"),
        raw(b'K', &[7; 8]),
        ready(b'I'),
    ]
    .concat()
}

/// ReadyForQuery with this status: `I`, `T` or `E`.
pub fn ready(status: u8) -> Vec<u8> {
    let mut out = BytesMut::new();
    put_ready(&mut out, status);
    out.to_vec()
}

/// ErrorResponse.
pub fn error(severity: &str, code: &str, text: &str) -> Vec<u8> {
    said(b'E', severity, code, text)
}

/// NoticeResponse.
pub fn notice(text: &str) -> Vec<u8> {
    said(b'N', "INFO", "00000", text)
}

/// NotificationResponse.
pub fn notification() -> Vec<u8> {
    made(b'A', |out| {
        out.put_u32(7);
        put_string(out, "channel");
        put_string(out, "payload");
    })
}

/// ParseComplete.
pub fn parse_complete() -> Vec<u8> {
    raw(b'1', &[])
}

/// BindComplete.
pub fn bind_complete() -> Vec<u8> {
    raw(b'2', &[])
}

/// ParameterDescription of a statement without parameters.
pub fn no_parameters() -> Vec<u8> {
    raw(b't', &[0, 0])
}

/// RowDescription.
pub fn row_description(columns: &[Column]) -> Vec<u8> {
    made(b'T', |out| {
        put_count(out, columns.len());
        for column in columns {
            put_string(out, column.name);
            out.put_slice(&[0; 6]);
            out.put_u32(column.type_oid);
            out.put_i16(-1);
            out.put_i32(column.type_modifier);
            out.put_i16(0);
            // Schema, table, column, catalog: empty, as of a computed column; no flags.
            out.put_slice(&[0; 6]);
        }
    })
}

/// DataRow.
pub fn data_row(cells: &[Option<&[u8]>]) -> Vec<u8> {
    made(b'D', |out| {
        put_count(out, cells.len());
        for cell in cells {
            match cell {
                Some(bytes) => {
                    // OK because a test's cells are far below 2 GiB.
                    out.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                    out.put_slice(bytes);
                }
                None => out.put_i32(-1),
            }
        }
    })
}

/// CommandComplete.
pub fn command_complete(tag: &str) -> Vec<u8> {
    made(b'C', |out| put_string(out, tag))
}

fn said(tag: u8, severity: &str, code: &str, text: &str) -> Vec<u8> {
    made(tag, |out| {
        for (field, value) in [(b'S', severity), (b'C', code), (b'M', text)] {
            out.put_u8(field);
            put_string(out, value);
        }
        out.put_u8(0);
    })
}

fn put_count(out: &mut BytesMut, count: usize) {
    // OK because a test's rows have few columns.
    out.put_u16(u16::try_from(count).unwrap_or(u16::MAX));
}

fn made(tag: u8, write: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
    let mut out = BytesMut::new();
    put_message(&mut out, tag, write);
    out.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_their_published_layout() {
        assert_eq!(ready(b'I'), b"Z\0\0\0\x05I");
        assert_eq!(data_row(&[Some(b"x"), None]), b"D\0\0\0\x0f\0\x02\0\0\0\x01x\xff\xff\xff\xff");
        assert_eq!(error("FATAL", "57P01", "end"), b"E\0\0\0\x18SFATAL\0C57P01\0Mend\0\0");
        assert_eq!(authentication(5, b"salt"), b"R\0\0\0\x0c\0\0\0\x05salt");
        let column = Column { name: "a", type_oid: 23, type_modifier: -1 };
        let field = b"\0\x01a\0\0\0\0\0\0\0\0\0\0\x17\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0";
        assert_eq!(row_description(&[column]), raw(b'T', field));
    }
}

//! Bind: its parts, and the parameters whose binary form Redshift has and the engine has not.
//! Owns the layout of the message; what is prepared and what is answered belongs to `pipeline`.
//! Invariant: a message without such a parameter need not be written again.

use anyhow::Result;
use bytes::{BufMut, BytesMut};

use crate::interval::{Interval, IntervalKind};
use crate::messages::{Cursor, put_message, put_string};

const BINARY: i16 = 1;

/// The parts of a Bind.
#[derive(Debug)]
pub(crate) struct Bind<'a> {
    pub(crate) portal: &'a [u8],
    pub(crate) statement: &'a [u8],
    parameter_formats: Vec<i16>,
    pub(crate) parameters: Vec<Option<&'a [u8]>>,
    pub(crate) result_formats: Vec<i16>,
}

impl<'a> Bind<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(body);
        let (portal, statement) = (cursor.string_bytes()?, cursor.string_bytes()?);
        let parameter_formats = formats(&mut cursor)?;
        let mut parameters = Vec::new();
        for _ in 0..cursor.u16()? {
            let length = usize::try_from(cursor.i32()?);
            parameters.push(length.ok().map(|length| cursor.bytes(length)).transpose()?);
        }
        let result_formats = formats(&mut cursor)?;
        Ok(Self { portal, statement, parameter_formats, parameters, result_formats })
    }

    /// The same message with intervals as the engine reads them; none when nothing differs. `declared` are the types
    /// that Parse stated.
    pub(crate) fn for_engine(&self, declared: &[u32]) -> Result<Option<BytesMut>> {
        let mut converted = vec![None; self.parameters.len()];
        for (position, (place, parameter)) in converted.iter_mut().zip(&self.parameters).enumerate() {
            let kind = declared.get(position).and_then(|oid| IntervalKind::from_engine(*oid, -1));
            if let (Some(kind), Some(value), BINARY) = (kind, parameter, self.parameter_format(position)) {
                *place = engine_interval(kind, value)?;
            }
        }
        if converted.iter().all(Option::is_none) {
            return Ok(None);
        }
        let mut out = BytesMut::new();
        put_message(&mut out, b'B', |body| self.put(body, &converted));
        Ok(Some(out))
    }

    fn parameter_format(&self, position: usize) -> i16 {
        match self.parameter_formats.as_slice() {
            [all] => *all,
            each => each.get(position).copied().unwrap_or(0),
        }
    }

    fn put(&self, body: &mut BytesMut, converted: &[Option<BytesMut>]) {
        put_string(body, self.portal);
        put_string(body, self.statement);
        put_formats(body, &self.parameter_formats);
        put_count(body, self.parameters.len());
        for (parameter, converted) in self.parameters.iter().zip(converted) {
            match converted.as_deref().or(*parameter) {
                // OK because the values came in one message.
                Some(value) => {
                    body.put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
                    body.extend_from_slice(value);
                }
                None => body.put_i32(-1),
            }
        }
        put_formats(body, &self.result_formats);
    }
}

/// The value in the engine's form; none when it has that form already, as from a client of PostgreSQL.
fn engine_interval(kind: IntervalKind, value: &[u8]) -> Result<Option<BytesMut>> {
    let (_, length) = kind.oid_and_length();
    if usize::try_from(length) != Ok(value.len()) {
        return Ok(None);
    }
    let mut out = BytesMut::new();
    Interval::from_client_binary(kind, value)?.put_engine_binary(&mut out)?;
    Ok(Some(out))
}

fn formats(cursor: &mut Cursor<'_>) -> Result<Vec<i16>> {
    (0..cursor.u16()?).map(|_| cursor.i16()).collect()
}

fn put_formats(body: &mut BytesMut, formats: &[i16]) {
    put_count(body, formats.len());
    formats.iter().for_each(|format| body.put_i16(*format));
}

fn put_count(body: &mut BytesMut, count: usize) {
    // OK because the count was read from 16 bits.
    body.put_u16(u16::try_from(count).unwrap_or(u16::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::HEADER;

    const BODY: &[u8] = b"p\0s\0\0\x02\0\x01\0\0\0\x02\0\0\0\x04\xff\xff\xff\xf3\xff\xff\xff\xff\0\x01\0\x01";

    #[test]
    fn intervals_in_binary_get_the_engines_form() {
        let bind = Bind::parse(BODY).unwrap();
        assert_eq!((bind.portal, bind.statement), (&b"p"[..], &b"s"[..]));
        assert_eq!(bind.result_formats, [1]);
        let message = bind.for_engine(&[1188, 1190]).unwrap().unwrap();
        let expected = b"p\0s\0\0\x02\0\x01\0\0\0\x02\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xf3\
                         \xff\xff\xff\xff\0\x01\0\x01";
        assert_eq!(&message[HEADER..], expected);
    }

    #[test]
    fn other_parameters_pass() {
        let bind = Bind::parse(BODY).unwrap();
        // Another type, an undeclared one, and a length that is not Redshift's.
        for declared in [&[23, 23][..], &[], &[1190, 1190]] {
            assert!(bind.for_engine(declared).unwrap().is_none(), "{declared:?}");
        }
        assert!(Bind::parse(&BODY[..BODY.len() - 1]).is_err());
    }
}

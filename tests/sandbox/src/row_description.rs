//! RowDescription: read as PostgreSQL writes it, written as Redshift does for the negotiated version.
//! Owns the layouts of versions 0 to 3 and the flag bits; the names come from `catalog`.
//! Invariant: the first seven fields of a column are passed on as the engine stated them, but for the types of interval,
//! which the engine keeps in one.

use anyhow::{Result, ensure};
use bytes::{BufMut, BytesMut};

use crate::catalog::ColumnOrigin;
use crate::interval::IntervalKind;
use crate::messages::{Cursor, put_message, put_string};

/// Flag bits, as JDBC and ODBC read them.
const NOT_NULL: u16 = 0x0001;
/// Version 3 only.
const CASE_SENSITIVE: u16 = 0x0002;
const AUTO_INCREMENT: u16 = 0x0010;
const SEARCHABLE: u16 = 0x1000;

/// bpchar, varchar, text: what a collation applies to.
const CHARACTER_TYPES: &[u32] = &[25, 1042, 1043];

/// OID of NUMERIC.
pub(crate) const NUMERIC: u32 = 1700;

/// One field as PostgreSQL describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: Vec<u8>,
    pub(crate) table_oid: u32,
    pub(crate) attribute: i16,
    pub(crate) type_oid: u32,
    pub(crate) type_length: i16,
    pub(crate) type_modifier: i32,
    pub(crate) format: i16,
}

/// Reads the body of a RowDescription.
pub(crate) fn parse(body: &[u8]) -> Result<Vec<Field>> {
    let mut cursor = Cursor::new(body);
    let count = cursor.u16()?;
    let mut fields = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        fields.push(Field {
            name: cursor.string_bytes()?.to_vec(),
            table_oid: cursor.u32()?,
            attribute: cursor.i16()?,
            type_oid: cursor.u32()?,
            type_length: cursor.i16()?,
            type_modifier: cursor.i32()?,
            format: cursor.i16()?,
        });
    }
    ensure!(cursor.is_empty(), "a RowDescription goes on after its last field");
    Ok(fields)
}

/// Appends the layout of a version; `origin` finds what the catalog says of a column, which version 1 and above tell.
pub(crate) fn put<'a>(
    out: &mut BytesMut,
    protocol: u32,
    fields: &[Field],
    origin: impl Fn(&Field) -> Option<&'a ColumnOrigin>,
) {
    put_message(out, b'T', |body| {
        // OK because the count was read from an int16.
        body.put_u16(u16::try_from(fields.len()).unwrap_or(u16::MAX));
        for field in fields {
            put_field(body, field);
            if protocol == 0 {
                continue;
            }
            let origin = origin(field);
            let names = origin.map_or([""; 4], |it| [&it.schema, &it.table, &it.column, &it.catalog]);
            names.iter().for_each(|name| put_string(body, name));
            body.put_u16(flags(protocol, field, origin));
        }
    });
}

fn put_field(body: &mut BytesMut, field: &Field) {
    put_string(body, &field.name);
    body.put_u32(field.table_oid);
    body.put_i16(field.attribute);
    let (type_oid, type_length, type_modifier) = client_type(field);
    body.put_u32(type_oid);
    body.put_i16(type_length);
    body.put_i32(type_modifier);
    body.put_i16(field.format);
}

/// OID, length and modifier as Redshift has them.
fn client_type(field: &Field) -> (u32, i16, i32) {
    match IntervalKind::from_engine(field.type_oid, field.type_modifier) {
        Some(kind) => {
            let (type_oid, type_length) = kind.oid_and_length();
            (type_oid, type_length, -1)
        }
        None => (field.type_oid, field.type_length, field.type_modifier),
    }
}

fn flags(protocol: u32, field: &Field, origin: Option<&ColumnOrigin>) -> u16 {
    let mut flags = 0;
    if let Some(origin) = origin {
        flags |= SEARCHABLE;
        flags |= if origin.not_null { NOT_NULL } else { 0 };
        flags |= if origin.identity { AUTO_INCREMENT } else { 0 };
    }
    if protocol >= 3 && CHARACTER_TYPES.contains(&field.type_oid) {
        flags |= CASE_SENSITIVE;
    }
    flags
}

#[cfg(test)]
impl Field {
    /// A column of which only the type matters.
    pub(crate) fn of(type_oid: u32, type_modifier: i32) -> Self {
        Self { name: vec![], table_oid: 0, attribute: 0, type_oid, type_length: -1, type_modifier, format: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::HEADER;

    fn field() -> Field {
        Field {
            name: b"a".to_vec(),
            table_oid: 100,
            attribute: 1,
            type_oid: NUMERIC,
            type_length: -1,
            type_modifier: 0x0008_0006,
            format: 1,
        }
    }

    #[test]
    fn extended_field_has_the_published_layout() {
        let origin = ColumnOrigin {
            schema: "public".into(),
            table: "t".into(),
            column: "col".into(),
            catalog: "dev".into(),
            not_null: true,
            identity: true,
        };
        let mut out = BytesMut::new();
        put(&mut out, 2, &[field()], |_| Some(&origin));
        let expected = b"\0\x01a\0\0\0\0\x64\0\x01\0\0\x06\xa4\xff\xff\0\x08\0\x06\0\x01\
                         public\0t\0col\0dev\0\x10\x11";
        assert_eq!(&out[HEADER..], expected);
    }

    #[test]
    fn computed_column_has_empty_names_and_no_flags() {
        let mut out = BytesMut::new();
        put(&mut out, 3, &[field()], |_| None);
        assert!(out.ends_with(b"\0\x01\0\0\0\0\0\0"));
    }

    #[test]
    fn plain_layout_ends_with_the_format() {
        let mut out = BytesMut::new();
        put(&mut out, 0, &[field()], |_| None);
        assert_eq!(&out[HEADER..], b"\0\x01a\0\0\0\0\x64\0\x01\0\0\x06\xa4\xff\xff\0\x08\0\x06\0\x01");
    }

    #[test]
    fn intervals_have_the_type_that_the_engine_keeps_in_the_modifier() {
        let interval = |type_modifier| Field { type_oid: 1186, type_length: 16, type_modifier, ..field() };
        assert_eq!(client_type(&interval(458_751)), (1188, 4, -1));
        assert_eq!(client_type(&interval(470_351_871)), (1190, 8, -1));
        assert_eq!(client_type(&interval(-1)), (1186, 12, -1));
    }

    #[test]
    fn case_sensitivity_is_told_from_version_3_on() {
        let text = Field { type_oid: 1043, ..field() };
        assert_eq!(flags(2, &text, None), 0);
        assert_eq!(flags(3, &text, None), CASE_SENSITIVE);
    }

    #[test]
    fn description_cut_short_is_an_error() {
        assert!(parse(b"\0\x01a\0\0\0").is_err());
    }
}

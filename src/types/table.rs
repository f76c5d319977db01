//! The type table: for each OID its SQL name, the meaning of its type modifier, its physical form, the protocol
//! version from which its binary form is safe, and its Arrow extension; and what follows from a row and a modifier.
//!
//! The only place a type is known. Invariant: an OID without a row is text under its name, so a lookup never fails.

use std::collections::HashMap;

use arrow_schema::extension::{EXTENSION_TYPE_METADATA_KEY, EXTENSION_TYPE_NAME_KEY};
use arrow_schema::{DataType, Field, TimeUnit};
use tokio_postgres::types::{Kind, Type};

use super::ColumnSpec;
use super::numeric::MAX_PRECISION;

/// Field metadata key of the SQL type, shared with the other ADBC driver for Redshift.
const SQL_TYPE_KEY: &str = "REDSHIFT:type";
const VENDOR_NAME: &str = "Amazon Redshift";

/// How values of a type travel and which column they fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Boolean,
    Date,
    /// Arrow precision and scale.
    Decimal(u8, u8),
    Float32,
    Float64,
    /// Hexadecimal digits in text, for binary data.
    Hex,
    Int16,
    Int32,
    Int64,
    /// In a row of the table: a decimal whose precision and scale are in the type modifier, if at all.
    Numeric,
    /// Text whose bytes are the same in both formats.
    Text,
    /// Text, and a binary format that cannot be read.
    TextOnly,
    Time,
    Timestamp,
    TimestampTz,
    UInt32,
}

/// What a type modifier says.
#[derive(Clone, Copy)]
enum Modifier {
    /// Nothing that belongs into DDL.
    None,
    /// Length in bytes plus 4.
    Length,
    /// Precision and scale.
    Numeric,
    /// Digits of a second's fraction.
    Seconds,
}

/// What the Arrow field says beyond its storage type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extension {
    Json,
    None,
    Opaque,
}

/// The lowest protocol version at which the binary form is safe to ask for.
type BinaryFrom = Option<u8>;
const V0: BinaryFrom = Some(0);
const V2: BinaryFrom = Some(2);
const NEVER: BinaryFrom = None;

struct SqlType {
    oid: u32,
    name: &'static str,
    modifier: Modifier,
    form: Form,
    binary_from: BinaryFrom,
    extension: Extension,
}

/// Not in binary, though it would be possible: `"char"`, whose one byte may be zero or no UTF-8 where the text is
/// escaped; and date and time below version 2, where no driver of the vendor asks for them.
#[rustfmt::skip]
const TYPES: &[SqlType] = &[
    row(16,   "BOOLEAN",                Modifier::None,    Form::Boolean,     V0,    Extension::None),
    row(18,   "\"char\"",               Modifier::None,    Form::Text,        NEVER, Extension::None),
    row(19,   "NAME",                   Modifier::None,    Form::Text,        V0,    Extension::None),
    row(20,   "BIGINT",                 Modifier::None,    Form::Int64,       V0,    Extension::None),
    row(21,   "SMALLINT",               Modifier::None,    Form::Int16,       V0,    Extension::None),
    row(23,   "INTEGER",                Modifier::None,    Form::Int32,       V0,    Extension::None),
    row(25,   "TEXT",                   Modifier::None,    Form::Text,        V0,    Extension::None),
    row(26,   "OID",                    Modifier::None,    Form::UInt32,      V0,    Extension::None),
    row(700,  "REAL",                   Modifier::None,    Form::Float32,     V0,    Extension::None),
    row(701,  "DOUBLE PRECISION",       Modifier::None,    Form::Float64,     V0,    Extension::None),
    row(705,  "UNKNOWN",                Modifier::None,    Form::Text,        V0,    Extension::None),
    row(1042, "CHAR",                   Modifier::Length,  Form::Text,        V0,    Extension::None),
    row(1043, "VARCHAR",                Modifier::Length,  Form::Text,        V0,    Extension::None),
    row(1082, "DATE",                   Modifier::None,    Form::Date,        V2,    Extension::None),
    row(1083, "TIME",                   Modifier::Seconds, Form::Time,        V2,    Extension::None),
    row(1114, "TIMESTAMP",              Modifier::Seconds, Form::Timestamp,   V0,    Extension::None),
    row(1184, "TIMESTAMPTZ",            Modifier::Seconds, Form::TimestampTz, V0,    Extension::None),
    row(1186, "INTERVAL",               Modifier::None,    Form::TextOnly,    NEVER, Extension::Opaque),
    row(1188, "INTERVAL YEAR TO MONTH", Modifier::None,    Form::TextOnly,    NEVER, Extension::Opaque),
    row(1190, "INTERVAL DAY TO SECOND", Modifier::None,    Form::TextOnly,    NEVER, Extension::Opaque),
    row(1266, "TIMETZ",                 Modifier::Seconds, Form::TextOnly,    NEVER, Extension::Opaque),
    row(1700, "NUMERIC",                Modifier::Numeric, Form::Numeric,     V2,    Extension::None),
    row(2935, "HLLSKETCH",              Modifier::None,    Form::TextOnly,    NEVER, Extension::Opaque),
    row(3000, "GEOMETRY",               Modifier::None,    Form::TextOnly,    NEVER, Extension::Opaque),
    row(3001, "GEOGRAPHY",              Modifier::None,    Form::TextOnly,    NEVER, Extension::Opaque),
    row(3999, "GEOMETRY",               Modifier::None,    Form::TextOnly,    NEVER, Extension::Opaque),
    row(4000, "SUPER",                  Modifier::None,    Form::TextOnly,    NEVER, Extension::Json),
    row(6551, "VARBYTE",                Modifier::Length,  Form::Hex,         NEVER, Extension::None),
];

const fn row(
    oid: u32,
    name: &'static str,
    modifier: Modifier,
    form: Form,
    binary_from: BinaryFrom,
    extension: Extension,
) -> SqlType {
    SqlType { oid, name, modifier, form, binary_from, extension }
}

/// Whether binary is the safe choice for a type at a protocol version.
pub(crate) fn prefers_binary(oid: u32, type_modifier: i32, protocol: u8) -> bool {
    lookup(oid).is_some_and(|sql_type| {
        sql_type.binary_from.is_some_and(|from| protocol >= from)
            && form(oid, type_modifier) != Form::TextOnly
    })
}

/// The SQL type with its modifiers, as Redshift's documentation spells it in DDL: `VARCHAR(25)`, `NUMERIC(12,2)`.
pub(crate) fn sql_type(oid: u32, type_modifier: i32) -> String {
    let name = name(oid);
    match lookup(oid).map_or(Modifier::None, |sql_type| sql_type.modifier) {
        Modifier::Length if type_modifier >= 4 => format!("{name}({})", type_modifier - 4),
        Modifier::Numeric => match precision_and_scale(type_modifier) {
            Some((precision, scale)) => format!("{name}({precision},{scale})"),
            None => name,
        },
        Modifier::Seconds if (0..=6).contains(&type_modifier) => format!("{name}({type_modifier})"),
        _ => name,
    }
}

/// The Arrow type a column decodes to.
pub(crate) fn arrow_type(oid: u32, type_modifier: i32) -> DataType {
    match form(oid, type_modifier) {
        Form::Boolean => DataType::Boolean,
        Form::Date => DataType::Date32,
        // The scale is at most 38.
        Form::Decimal(precision, scale) => DataType::Decimal128(precision, scale.cast_signed()),
        Form::Float32 => DataType::Float32,
        Form::Float64 => DataType::Float64,
        Form::Hex => DataType::Binary,
        Form::Int16 => DataType::Int16,
        Form::Int32 => DataType::Int32,
        Form::Int64 => DataType::Int64,
        Form::Numeric | Form::Text | Form::TextOnly => DataType::Utf8,
        Form::Time => DataType::Time64(TimeUnit::Microsecond),
        Form::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        Form::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Form::UInt32 => DataType::UInt32,
    }
}

/// The Arrow field: type, nullability, `REDSHIFT:type` metadata, extension names.
pub(crate) fn field(column: &ColumnSpec) -> Field {
    let (oid, type_modifier) = (column.oid, column.type_modifier);
    let mut metadata = HashMap::from([(SQL_TYPE_KEY.to_owned(), sql_type(oid, type_modifier))]);
    match extension(oid, type_modifier) {
        Extension::None => {}
        Extension::Json => {
            metadata.insert(EXTENSION_TYPE_NAME_KEY.to_owned(), "arrow.json".to_owned());
            metadata.insert(EXTENSION_TYPE_METADATA_KEY.to_owned(), String::new());
        }
        Extension::Opaque => {
            // The names hold no character that JSON escapes.
            let opaque = format!(r#"{{"type_name": "{}", "vendor_name": "{VENDOR_NAME}"}}"#, name(oid));
            metadata.insert(EXTENSION_TYPE_NAME_KEY.to_owned(), "arrow.opaque".to_owned());
            metadata.insert(EXTENSION_TYPE_METADATA_KEY.to_owned(), opaque);
        }
    }
    Field::new(&column.name, arrow_type(oid, type_modifier), column.nullable).with_metadata(metadata)
}

/// How the values of a column travel; never [`Form::Numeric`].
pub(super) fn form(oid: u32, type_modifier: i32) -> Form {
    match lookup(oid).map_or(Form::TextOnly, |sql_type| sql_type.form) {
        Form::Numeric => decimal(type_modifier).unwrap_or(Form::TextOnly),
        form => form,
    }
}

fn lookup(oid: u32) -> Option<&'static SqlType> {
    TYPES.iter().find(|sql_type| sql_type.oid == oid)
}

/// The SQL name without modifiers. PostgreSQL's own types name themselves.
fn name(oid: u32) -> String {
    if let Some(sql_type) = lookup(oid) {
        return sql_type.name.to_owned();
    }
    match Type::from_oid(oid) {
        Some(known) => match known.kind() {
            Kind::Array(element) => format!("{}[]", name(element.oid())),
            _ => known.name().to_ascii_uppercase(),
        },
        None => format!("OID {oid}"),
    }
}

fn extension(oid: u32, type_modifier: i32) -> Extension {
    match lookup(oid) {
        None => Extension::Opaque,
        // A NUMERIC that no decimal holds.
        Some(SqlType { form: Form::Numeric, .. }) if form(oid, type_modifier) == Form::TextOnly => {
            Extension::Opaque
        }
        Some(sql_type) => sql_type.extension,
    }
}

/// Precision and scale of a NUMERIC; `None` when it has no modifier.
fn precision_and_scale(type_modifier: i32) -> Option<(i32, i32)> {
    let packed = type_modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    // Eleven bits with a sign, as PostgreSQL 15 packs it; the scales of Redshift and older PostgreSQL fit them too.
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    Some((packed >> 16, scale))
}

/// The decimal that holds every value of a NUMERIC, if 38 digits do.
fn decimal(type_modifier: i32) -> Option<Form> {
    let (precision, scale) = precision_and_scale(type_modifier)?;
    // Arrow wants the scale within 0 and the precision; PostgreSQL knows numeric(2,5) and numeric(3,-2).
    let (precision, scale) = if scale < 0 { (precision - scale, 0) } else { (precision.max(scale), scale) };
    let precision = u8::try_from(precision).ok().filter(|digits| (1..=MAX_PRECISION).contains(digits))?;
    Some(Form::Decimal(precision, u8::try_from(scale).ok()?))
}

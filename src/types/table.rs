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

#[cfg(test)]
mod tests {
    use super::*;

    const NO_MODIFIER: i32 = -1;

    fn numeric(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | (scale & 0x7ff)) + 4
    }

    fn column(oid: u32, type_modifier: i32) -> ColumnSpec {
        ColumnSpec { name: "c".into(), oid, type_modifier, binary: false, nullable: true }
    }

    #[test]
    fn rows_are_in_order_and_unique() {
        assert!(TYPES.is_sorted_by(|a, b| a.oid < b.oid));
    }

    #[test]
    fn names_need_no_escape_in_json() {
        let mut names = TYPES.iter().filter(|row| row.extension == Extension::Opaque).map(|row| row.name);
        assert!(names.all(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == ' ')));
        assert!(
            (0..20_000)
                .filter(|oid| lookup(*oid).is_none())
                .all(|oid| { name(oid).chars().all(|c| c.is_ascii_alphanumeric() || " _[]\"".contains(c)) })
        );
    }

    #[test]
    fn postgres_agrees_on_the_oids_it_has() {
        for (oid, wire_name) in [
            (16, "bool"),
            (18, "char"),
            (19, "name"),
            (20, "int8"),
            (21, "int2"),
            (23, "int4"),
            (25, "text"),
            (26, "oid"),
            (700, "float4"),
            (701, "float8"),
            (705, "unknown"),
            (1042, "bpchar"),
            (1043, "varchar"),
            (1082, "date"),
            (1083, "time"),
            (1114, "timestamp"),
            (1184, "timestamptz"),
            (1186, "interval"),
            (1266, "timetz"),
            (1700, "numeric"),
        ] {
            assert!(lookup(oid).is_some(), "{oid}");
            assert_eq!(Type::from_oid(oid).unwrap().name(), wire_name);
        }
    }

    #[test]
    fn sql_types_carry_their_modifiers() {
        for (oid, type_modifier, expected) in [
            (16, NO_MODIFIER, "BOOLEAN"),
            (18, NO_MODIFIER, "\"char\""),
            (25, NO_MODIFIER, "TEXT"),
            (701, NO_MODIFIER, "DOUBLE PRECISION"),
            (705, -2, "UNKNOWN"),
            (1042, 5, "CHAR(1)"),
            (1042, NO_MODIFIER, "CHAR"),
            (1043, 29, "VARCHAR(25)"),
            (1043, 65_539, "VARCHAR(65535)"),
            (1043, NO_MODIFIER, "VARCHAR"),
            (1083, 3, "TIME(3)"),
            (1114, NO_MODIFIER, "TIMESTAMP"),
            (1184, 0, "TIMESTAMPTZ(0)"),
            (1188, 7, "INTERVAL YEAR TO MONTH"),
            (1700, numeric(12, 2), "NUMERIC(12,2)"),
            (1700, numeric(3, -2), "NUMERIC(3,-2)"),
            (1700, numeric(1000, 1000), "NUMERIC(1000,1000)"),
            (1700, NO_MODIFIER, "NUMERIC"),
            (1700, i32::MIN, "NUMERIC"),
            (6551, 104, "VARBYTE(100)"),
            (2950, NO_MODIFIER, "UUID"),
            (1007, NO_MODIFIER, "INTEGER[]"),
            (1015, 29, "VARCHAR[]"),
            (99_999, NO_MODIFIER, "OID 99999"),
        ] {
            assert_eq!(sql_type(oid, type_modifier), expected);
        }
    }

    #[test]
    fn decimals_hold_every_value_of_their_type_or_give_way_to_text() {
        for (type_modifier, expected) in [
            (numeric(12, 2), DataType::Decimal128(12, 2)),
            (numeric(38, 37), DataType::Decimal128(38, 37)),
            (numeric(38, 0), DataType::Decimal128(38, 0)),
            (numeric(2, 5), DataType::Decimal128(5, 5)),
            (numeric(3, -2), DataType::Decimal128(5, 0)),
            (numeric(37, -2), DataType::Utf8),
            (numeric(39, 0), DataType::Utf8),
            (numeric(2, 39), DataType::Utf8),
            (numeric(1000, -1000), DataType::Utf8),
            (NO_MODIFIER, DataType::Utf8),
            (i32::MIN, DataType::Utf8),
            (i32::MAX, DataType::Utf8),
        ] {
            assert_eq!(arrow_type(1700, type_modifier), expected, "{type_modifier}");
            let binary = prefers_binary(1700, type_modifier, 2);
            assert_eq!(binary, expected != DataType::Utf8, "{type_modifier}");
        }
    }

    #[test]
    fn binary_is_asked_for_where_it_is_safe() {
        for oid in [16, 19, 20, 21, 23, 25, 26, 700, 701, 705, 1042, 1043, 1114, 1184] {
            assert!((0..=3).all(|protocol| prefers_binary(oid, NO_MODIFIER, protocol)), "{oid}");
        }
        for (oid, type_modifier) in [(1082, NO_MODIFIER), (1083, NO_MODIFIER), (1700, numeric(8, 2))] {
            assert!((0..=1).all(|protocol| !prefers_binary(oid, type_modifier, protocol)), "{oid}");
            assert!((2..=3).all(|protocol| prefers_binary(oid, type_modifier, protocol)), "{oid}");
        }
        for oid in [18, 1186, 1188, 1190, 1266, 2935, 2950, 3000, 3001, 4000, 6551, 1007, 99_999] {
            assert!((0..=3).all(|protocol| !prefers_binary(oid, NO_MODIFIER, protocol)), "{oid}");
        }
    }

    #[test]
    fn fields_carry_type_metadata_and_extensions() {
        let varchar = field(&ColumnSpec { nullable: false, ..column(1043, 29) });
        assert_eq!(
            varchar,
            Field::new("c", DataType::Utf8, false).with_metadata(
                [("REDSHIFT:type".to_owned(), "VARCHAR(25)".to_owned())]
                    .into_iter()
                    .collect::<HashMap<_, _>>()
            )
        );
        let zoned = field(&column(1184, NO_MODIFIER));
        assert_eq!(zoned.data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
        assert_eq!(field(&column(4000, NO_MODIFIER)).extension_type_name(), Some("arrow.json"));
    }

    #[test]
    fn types_without_an_arrow_type_are_opaque_text() {
        for (oid, type_modifier, type_name) in [
            (1700, NO_MODIFIER, "NUMERIC"),
            (1266, NO_MODIFIER, "TIMETZ"),
            (2950, NO_MODIFIER, "UUID"),
            (99_999, NO_MODIFIER, "OID 99999"),
        ] {
            let field = field(&column(oid, type_modifier));
            assert_eq!(field.data_type(), &DataType::Utf8);
            assert_eq!(field.extension_type_name(), Some("arrow.opaque"));
            let expected = format!(r#"{{"type_name": "{type_name}", "vendor_name": "Amazon Redshift"}}"#);
            assert_eq!(field.extension_type_metadata(), Some(expected.as_str()));
        }
    }
}

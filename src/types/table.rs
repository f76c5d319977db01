//! The type table: for each OID its SQL name, the meaning of its type modifier, its physical form, the protocol
//! version from which its binary form is safe, and its Arrow extension; and what follows from a row and a modifier.
//!
//! The only place a type is known. Invariant: an OID without a row is text under its name, so a lookup never fails.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::extension::{EXTENSION_TYPE_METADATA_KEY, EXTENSION_TYPE_NAME_KEY};
use arrow_schema::{DataType, Field, IntervalUnit, TimeUnit};
use tokio_postgres::types::{Kind, Type};

use super::ColumnSpec;
use super::numeric::MAX_PRECISION;

/// Field metadata key of the SQL type, shared with the other ADBC driver for Redshift.
const SQL_TYPE_KEY: &str = "REDSHIFT:type";
/// Metadata of the GeoArrow extensions, as their specification spells it.
const GEOGRAPHY_METADATA: &str =
    r#"{"crs": "EPSG:4326", "crs_type": "authority_code", "edges": "spherical"}"#;
/// Types that only Redshift has and the driver writes.
pub(super) const INTERVAL_YEAR_TO_MONTH: u32 = 1188;
pub(super) const INTERVAL_DAY_TO_SECOND: u32 = 1190;
pub(super) const GEOMETRY: u32 = 3000;
pub(super) const GEOGRAPHY: u32 = 3001;
pub(super) const SUPER: u32 = 4000;
pub(super) const VARBYTE: u32 = 6551;
/// What the type modifier of a length, or of precision and scale, counts beside it.
pub(super) const LENGTH_OFFSET: i32 = 4;
/// The type modifier that says nothing.
pub(super) const NO_MODIFIER: i32 = -1;
const VENDOR_NAME: &str = "Amazon Redshift";

/// How values of a type travel and which column they fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Elements in braces, or PostgreSQL's binary array.
    Array(Element),
    Boolean,
    /// Escaped text, for binary data.
    Bytea,
    Date,
    /// Arrow precision and scale.
    Decimal(u8, u8),
    Float32,
    Float64,
    /// EWKB in hexadecimal digits, or raw in binary.
    Geography,
    /// EWKB in hexadecimal digits.
    Geometry,
    /// Hexadecimal digits in text, for binary data.
    Hex,
    Int16,
    Int32,
    Int64,
    Interval,
    IntervalDayToSecond,
    IntervalYearToMonth,
    /// In a row of the table: a decimal whose precision and scale are in the type modifier, if at all.
    Numeric,
    /// Text whose bytes are the same in both formats.
    Text,
    /// Text, and a binary format that cannot be read.
    TextOnly,
    Time,
    /// Text that is made from the binary format as the server prints it.
    TimeTz,
    Timestamp,
    TimestampTz,
    UInt32,
    /// Elements between spaces.
    Vector(Element),
}

/// The type of a list's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) oid: u32,
    /// That of the list, since it has none of its own. In a row of the table: none.
    pub(super) type_modifier: i32,
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
    Geography,
    Geometry,
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

/// Why the open choices are as they are:
///
/// - **CHAR** keeps its padding, which is part of the value on the wire. Strings are `Utf8`, binary data is `Binary`: a
///   batch stays below 2 GiB, so wider offsets serve nobody, and every consumer reads these.
/// - **NUMERIC without modifier** (leader-node functions) may have any scale, and the field is out before the first
///   value: the server's digits as opaque text. So is one beyond 38 digits.
/// - **TIMETZ** has no Arrow type; a `time64` would lose the offset. The server's text keeps it, opaque.
/// - **Intervals** are `month_day_nano`, all kinds alike, since an expression without qualifier may hold any part.
/// - **Infinite** dates, timestamps and intervals, and decimals that are NaN, are errors that name column and row: no
///   number stands for them, and NULL would be a guess. BC and years above 9999 are ordinary values.
/// - **SUPER** is the server's JSON, unparsed; JSON `null` and SQL NULL stay apart.
/// - **GEOMETRY** declares no reference system, since each value has its own (see `geometry`); **GEOGRAPHY** declares
///   EPSG:4326, which Redshift always means, as an authority code for want of a projection library, and round edges.
/// - **UNKNOWN**, the type of a bare literal and of NULL, is text, so that one query has one schema whatever it returns.
/// - **Arrays** of the catalogs, INT2VECTOR and OIDVECTOR are lists. Arrays of other types, some of which are not even
///   separated by commas, are opaque text.
/// - **ABSTIME** is text: `infinity` is ordinary in it (an account that never expires), and must not fail a listing of
///   users. REGPROC and its kin are text, since binary has only a number where people want the name.
///
/// Not in binary, though it would be possible: `"char"`, whose one byte may be zero or no UTF-8 where the text is
/// escaped; date and time below version 2, where no driver of the vendor asks for them; all types and arrays that none
/// of them asks for in any version. The domains of the information schema share their OIDs with user types of a plain
/// PostgreSQL, which text survives.
#[rustfmt::skip]
const TYPES: &[SqlType] = &[
    row(16,    "BOOLEAN",                  Modifier::None,    Form::Boolean,             V0,    Extension::None),
    row(17,    "BYTEA",                    Modifier::None,    Form::Bytea,               V0,    Extension::None),
    row(18,    "\"char\"",                 Modifier::None,    Form::Text,                NEVER, Extension::None),
    row(19,    "NAME",                     Modifier::None,    Form::Text,                V0,    Extension::None),
    row(20,    "BIGINT",                   Modifier::None,    Form::Int64,               V0,    Extension::None),
    row(21,    "SMALLINT",                 Modifier::None,    Form::Int16,               V0,    Extension::None),
    row(22,    "INT2VECTOR",               Modifier::None,    vector(21),                NEVER, Extension::None),
    row(23,    "INTEGER",                  Modifier::None,    Form::Int32,               V0,    Extension::None),
    row(24,    "REGPROC",                  Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(25,    "TEXT",                     Modifier::None,    Form::Text,                V0,    Extension::None),
    row(26,    "OID",                      Modifier::None,    Form::UInt32,              V0,    Extension::None),
    row(27,    "TID",                      Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(28,    "XID",                      Modifier::None,    Form::UInt32,              NEVER, Extension::None),
    row(29,    "CID",                      Modifier::None,    Form::UInt32,              NEVER, Extension::None),
    row(30,    "OIDVECTOR",                Modifier::None,    vector(26),                NEVER, Extension::None),
    row(114,   "JSON",                     Modifier::None,    Form::TextOnly,            NEVER, Extension::Json),
    row(210,   "SMGR",                     Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(700,   "REAL",                     Modifier::None,    Form::Float32,             V0,    Extension::None),
    row(701,   "DOUBLE PRECISION",         Modifier::None,    Form::Float64,             V0,    Extension::None),
    row(702,   "ABSTIME",                  Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(703,   "RELTIME",                  Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(704,   "TINTERVAL",                Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(705,   "UNKNOWN",                  Modifier::None,    Form::Text,                V0,    Extension::None),
    row(1000,  "BOOLEAN[]",                Modifier::None,    array(16),                 NEVER, Extension::None),
    row(1001,  "BYTEA[]",                  Modifier::None,    array(17),                 NEVER, Extension::None),
    row(1002,  "\"char\"[]",               Modifier::None,    array(18),                 NEVER, Extension::None),
    row(1003,  "NAME[]",                   Modifier::None,    array(19),                 NEVER, Extension::None),
    row(1005,  "SMALLINT[]",               Modifier::None,    array(21),                 V2,    Extension::None),
    row(1006,  "INT2VECTOR[]",             Modifier::None,    array(22),                 NEVER, Extension::None),
    row(1007,  "INTEGER[]",                Modifier::None,    array(23),                 V2,    Extension::None),
    row(1009,  "TEXT[]",                   Modifier::None,    array(25),                 V2,    Extension::None),
    row(1010,  "TID[]",                    Modifier::None,    array(27),                 NEVER, Extension::None),
    row(1011,  "XID[]",                    Modifier::None,    array(28),                 NEVER, Extension::None),
    row(1012,  "CID[]",                    Modifier::None,    array(29),                 NEVER, Extension::None),
    row(1013,  "OIDVECTOR[]",              Modifier::None,    array(30),                 NEVER, Extension::None),
    row(1014,  "CHAR[]",                   Modifier::None,    array(1042),               NEVER, Extension::None),
    row(1015,  "VARCHAR[]",                Modifier::None,    array(1043),               V2,    Extension::None),
    row(1016,  "BIGINT[]",                 Modifier::None,    array(20),                 NEVER, Extension::None),
    row(1021,  "REAL[]",                   Modifier::None,    array(700),                V2,    Extension::None),
    row(1022,  "DOUBLE PRECISION[]",       Modifier::None,    array(701),                NEVER, Extension::None),
    row(1028,  "OID[]",                    Modifier::None,    array(26),                 V2,    Extension::None),
    row(1033,  "ACLITEM",                  Modifier::None,    Form::Text,                NEVER, Extension::Opaque),
    row(1034,  "ACLITEM[]",                Modifier::None,    array(1033),               NEVER, Extension::None),
    row(1042,  "CHAR",                     Modifier::Length,  Form::Text,                V0,    Extension::None),
    row(1043,  "VARCHAR",                  Modifier::Length,  Form::Text,                V0,    Extension::None),
    row(1082,  "DATE",                     Modifier::None,    Form::Date,                V2,    Extension::None),
    row(1083,  "TIME",                     Modifier::Seconds, Form::Time,                V2,    Extension::None),
    row(1114,  "TIMESTAMP",                Modifier::Seconds, Form::Timestamp,           V0,    Extension::None),
    row(1115,  "TIMESTAMP[]",              Modifier::None,    array(1114),               NEVER, Extension::None),
    row(1182,  "DATE[]",                   Modifier::None,    array(1082),               NEVER, Extension::None),
    row(1183,  "TIME[]",                   Modifier::None,    array(1083),               NEVER, Extension::None),
    row(1184,  "TIMESTAMPTZ",              Modifier::Seconds, Form::TimestampTz,         V0,    Extension::None),
    row(1185,  "TIMESTAMPTZ[]",            Modifier::None,    array(1184),               NEVER, Extension::None),
    row(1186,  "INTERVAL",                 Modifier::None,    Form::Interval,            V0,    Extension::None),
    row(1187,  "INTERVAL[]",               Modifier::None,    array(1186),               NEVER, Extension::None),
    row(1188,  "INTERVAL YEAR TO MONTH",   Modifier::None,    Form::IntervalYearToMonth, V0,    Extension::None),
    row(1189,  "INTERVAL YEAR TO MONTH[]", Modifier::None,    array(1188),               NEVER, Extension::None),
    row(1190,  "INTERVAL DAY TO SECOND",   Modifier::None,    Form::IntervalDayToSecond, V0,    Extension::None),
    row(1191,  "INTERVAL DAY TO SECOND[]", Modifier::None,    array(1190),               NEVER, Extension::None),
    row(1231,  "NUMERIC[]",                Modifier::None,    array(1700),               NEVER, Extension::None),
    row(1263,  "CSTRING[]",                Modifier::None,    array(2275),               NEVER, Extension::None),
    row(1266,  "TIMETZ",                   Modifier::Seconds, Form::TimeTz,              V0,    Extension::Opaque),
    row(1270,  "TIMETZ[]",                 Modifier::None,    array(1266),               NEVER, Extension::None),
    row(1700,  "NUMERIC",                  Modifier::Numeric, Form::Numeric,             V2,    Extension::None),
    row(1790,  "REFCURSOR",                Modifier::None,    Form::Text,                V0,    Extension::None),
    row(2202,  "REGPROCEDURE",             Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(2203,  "REGOPER",                  Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(2204,  "REGOPERATOR",              Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(2205,  "REGCLASS",                 Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(2206,  "REGTYPE",                  Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(2275,  "CSTRING",                  Modifier::None,    Form::Text,                NEVER, Extension::None),
    row(2935,  "HLLSKETCH",                Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(3000,  "GEOMETRY",                 Modifier::None,    Form::Geometry,            NEVER, Extension::Geometry),
    row(3001,  "GEOGRAPHY",                Modifier::None,    Form::Geography,           V2,    Extension::Geography),
    row(3999,  "GEOMETRY",                 Modifier::None,    Form::Geometry,            NEVER, Extension::Geometry),
    row(4000,  "SUPER",                    Modifier::None,    Form::TextOnly,            NEVER, Extension::Json),
    row(4600,  "USERITEM",                 Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(4601,  "USERITEM[]",               Modifier::None,    array(4600),               NEVER, Extension::None),
    row(4602,  "ROLEITEM",                 Modifier::None,    Form::TextOnly,            NEVER, Extension::Opaque),
    row(4603,  "ROLEITEM[]",               Modifier::None,    array(4602),               NEVER, Extension::None),
    row(6551,  "VARBYTE",                  Modifier::Length,  Form::Hex,                 NEVER, Extension::None),
    row(17329, "CARDINAL_NUMBER",          Modifier::None,    Form::Int32,               NEVER, Extension::None),
    row(17331, "CHARACTER_DATA",           Modifier::None,    Form::Text,                NEVER, Extension::None),
    row(17332, "SQL_IDENTIFIER",           Modifier::None,    Form::Text,                NEVER, Extension::None),
    row(17336, "TIME_STAMP",               Modifier::None,    Form::Timestamp,           NEVER, Extension::None),
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

const fn array(oid: u32) -> Form {
    Form::Array(Element { oid, type_modifier: NO_MODIFIER })
}

const fn vector(oid: u32) -> Form {
    Form::Vector(Element { oid, type_modifier: NO_MODIFIER })
}

/// Whether binary is the safe choice for a type at a protocol version.
pub(crate) fn prefers_binary(oid: u32, type_modifier: i32, protocol: u8) -> bool {
    lookup(oid).is_some_and(|sql_type| {
        sql_type.binary_from.is_some_and(|from| protocol >= from)
            && form(oid, type_modifier) != Form::TextOnly
    })
}

/// The SQL type with its modifiers, as Redshift's documentation spells it in DDL: `VARCHAR(25)`, `NUMERIC(12,2)`.
pub(super) fn sql_type(oid: u32, type_modifier: i32) -> String {
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
fn arrow_type(oid: u32, type_modifier: i32) -> DataType {
    match form(oid, type_modifier) {
        Form::Array(element) | Form::Vector(element) => DataType::List(Arc::new(item(element))),
        Form::Boolean => DataType::Boolean,
        Form::Bytea | Form::Geography | Form::Geometry | Form::Hex => DataType::Binary,
        Form::Date => DataType::Date32,
        // The scale is at most 38.
        Form::Decimal(precision, scale) => DataType::Decimal128(precision, scale.cast_signed()),
        Form::Float32 => DataType::Float32,
        Form::Float64 => DataType::Float64,
        Form::Int16 => DataType::Int16,
        Form::Int32 => DataType::Int32,
        Form::Int64 => DataType::Int64,
        Form::Interval | Form::IntervalDayToSecond | Form::IntervalYearToMonth => {
            DataType::Interval(IntervalUnit::MonthDayNano)
        }
        Form::Numeric | Form::Text | Form::TextOnly | Form::TimeTz => DataType::Utf8,
        Form::Time => DataType::Time64(TimeUnit::Microsecond),
        Form::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        Form::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Form::UInt32 => DataType::UInt32,
    }
}

/// The Arrow field: type, nullability, `REDSHIFT:type` metadata, extension names.
pub(crate) fn field(column: &ColumnSpec) -> Field {
    let mut field = typed_field(&column.name, column.oid, column.type_modifier, column.nullable);
    let extra = column.metadata.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
    field.metadata_mut().extend(extra);
    field
}

/// The field of a list's elements.
fn item(element: Element) -> Field {
    typed_field(Field::LIST_FIELD_DEFAULT_NAME, element.oid, element.type_modifier, true)
}

fn typed_field(label: &str, oid: u32, type_modifier: i32, nullable: bool) -> Field {
    let mut metadata = HashMap::from([(SQL_TYPE_KEY.to_owned(), sql_type(oid, type_modifier))]);
    let extension = match extension(oid, type_modifier) {
        Extension::None => None,
        Extension::Geography => Some(("geoarrow.wkb", Some(GEOGRAPHY_METADATA.to_owned()))),
        Extension::Geometry => Some(("geoarrow.wkb", None)),
        Extension::Json => Some(("arrow.json", Some(String::new()))),
        // The names hold no character that JSON escapes.
        Extension::Opaque => Some((
            "arrow.opaque",
            Some(format!(r#"{{"type_name": "{}", "vendor_name": "{VENDOR_NAME}"}}"#, name(oid))),
        )),
    };
    if let Some((extension, parameters)) = extension {
        metadata.insert(EXTENSION_TYPE_NAME_KEY.to_owned(), extension.to_owned());
        metadata.extend(parameters.map(|parameters| (EXTENSION_TYPE_METADATA_KEY.to_owned(), parameters)));
    }
    Field::new(label, arrow_type(oid, type_modifier), nullable).with_metadata(metadata)
}

/// How the values of a column travel; never [`Form::Numeric`].
pub(super) fn form(oid: u32, type_modifier: i32) -> Form {
    match lookup(oid).map_or(Form::TextOnly, |sql_type| sql_type.form) {
        Form::Array(element) => Form::Array(Element { type_modifier, ..element }),
        Form::Numeric => decimal(type_modifier).unwrap_or(Form::TextOnly),
        form => form,
    }
}

fn lookup(oid: u32) -> Option<&'static SqlType> {
    TYPES.iter().find(|sql_type| sql_type.oid == oid)
}

/// The SQL name without modifiers. PostgreSQL's own types name themselves.
pub(super) fn name(oid: u32) -> String {
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
pub(super) fn precision_and_scale(type_modifier: i32) -> Option<(i32, i32)> {
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

    fn numeric(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | (scale & 0x7ff)) + 4
    }

    fn column(oid: u32, type_modifier: i32) -> ColumnSpec {
        ColumnSpec {
            name: "c".into(),
            oid,
            type_modifier,
            binary: false,
            nullable: true,
            metadata: Vec::new(),
        }
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
            (17, "bytea"),
            (22, "int2vector"),
            (24, "regproc"),
            (27, "tid"),
            (28, "xid"),
            (29, "cid"),
            (30, "oidvector"),
            (114, "json"),
            (1033, "aclitem"),
            (1790, "refcursor"),
            (2202, "regprocedure"),
            (2203, "regoper"),
            (2204, "regoperator"),
            (2205, "regclass"),
            (2206, "regtype"),
            (2275, "cstring"),
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
            (1191, NO_MODIFIER, "INTERVAL DAY TO SECOND[]"),
            (1266, 6, "TIMETZ(6)"),
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
        for oid in [
            16, 17, 19, 20, 21, 23, 25, 26, 700, 701, 705, 1042, 1043, 1114, 1184, 1186, 1188, 1190, 1266,
            1790,
        ] {
            assert!((0..=3).all(|protocol| prefers_binary(oid, NO_MODIFIER, protocol)), "{oid}");
        }
        let from_2 = [1005, 1007, 1009, 1015, 1021, 1028, 1082, 1083, 3001].map(|oid| (oid, NO_MODIFIER));
        for (oid, type_modifier) in from_2.into_iter().chain([(1700, numeric(8, 2))]) {
            assert!((0..=1).all(|protocol| !prefers_binary(oid, type_modifier, protocol)), "{oid}");
            assert!((2..=3).all(|protocol| prefers_binary(oid, type_modifier, protocol)), "{oid}");
        }
        for oid in [
            18, 22, 24, 27, 28, 29, 30, 114, 702, 1002, 1016, 1033, 1034, 2205, 2935, 2950, 3000, 3999, 4000,
            6551, 17_329, 17_336, 99_999,
        ] {
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
    fn catalog_types_have_the_arrow_type_of_their_values() {
        let names =
            DataType::List(Arc::new(field(&ColumnSpec { name: "item".into(), ..column(19, NO_MODIFIER) })));
        for (oid, expected) in [
            (28, DataType::UInt32),
            (29, DataType::UInt32),
            (1003, names),
            (1186, DataType::Interval(IntervalUnit::MonthDayNano)),
            (1188, DataType::Interval(IntervalUnit::MonthDayNano)),
            (1190, DataType::Interval(IntervalUnit::MonthDayNano)),
            (1790, DataType::Utf8),
            (6551, DataType::Binary),
            (17_329, DataType::Int32),
            (17_331, DataType::Utf8),
            (17_332, DataType::Utf8),
            (17_336, DataType::Timestamp(TimeUnit::Microsecond, None)),
        ] {
            assert_eq!(arrow_type(oid, NO_MODIFIER), expected, "{oid}");
        }
    }

    #[test]
    fn arrays_hold_their_element_type_with_its_modifier() {
        for row in TYPES {
            let Form::Array(element) = row.form else { continue };
            assert_eq!(row.name, format!("{}[]", name(element.oid)));
            if let Some(kind) = Type::from_oid(row.oid).as_ref().map(Type::kind) {
                let known = matches!(kind, Kind::Array(known) if known.oid() == element.oid);
                assert!(known || row.oid == 4601, "{}", row.oid);
            }
            let DataType::List(item) = arrow_type(row.oid, NO_MODIFIER) else { panic!("{}", row.name) };
            assert_eq!(*item.data_type(), arrow_type(element.oid, NO_MODIFIER));
            assert_eq!(
                item.extension_type_name(),
                field(&column(element.oid, NO_MODIFIER)).extension_type_name()
            );
        }
        let DataType::List(item) = arrow_type(1231, numeric(8, 2)) else { panic!() };
        assert_eq!(item.data_type(), &DataType::Decimal128(8, 2));
        assert_eq!(item.metadata()[SQL_TYPE_KEY], "NUMERIC(8,2)");
    }

    #[test]
    fn geometries_are_wkb_and_only_geographies_declare_a_reference_system() {
        for oid in [3000, 3999] {
            let field = field(&column(oid, NO_MODIFIER));
            assert_eq!(
                (field.data_type(), field.extension_type_name()),
                (&DataType::Binary, Some("geoarrow.wkb"))
            );
            assert_eq!(field.extension_type_metadata(), None);
        }
        let field = field(&column(3001, NO_MODIFIER));
        assert_eq!(
            (field.data_type(), field.extension_type_name()),
            (&DataType::Binary, Some("geoarrow.wkb"))
        );
        assert_eq!(field.extension_type_metadata(), Some(GEOGRAPHY_METADATA));
        assert!(
            GEOGRAPHY_METADATA.contains(r#""EPSG:4326""#) && GEOGRAPHY_METADATA.contains(r#""spherical""#)
        );
    }

    #[test]
    fn types_without_an_arrow_type_are_opaque_text() {
        for (oid, type_modifier, type_name) in [
            (1700, NO_MODIFIER, "NUMERIC"),
            (24, NO_MODIFIER, "REGPROC"),
            (27, NO_MODIFIER, "TID"),
            (210, NO_MODIFIER, "SMGR"),
            (600, NO_MODIFIER, "POINT"),
            (702, NO_MODIFIER, "ABSTIME"),
            (1017, NO_MODIFIER, "POINT[]"),
            (1033, NO_MODIFIER, "ACLITEM"),
            (1266, NO_MODIFIER, "TIMETZ"),
            (2205, NO_MODIFIER, "REGCLASS"),
            (2249, NO_MODIFIER, "RECORD"),
            (2935, NO_MODIFIER, "HLLSKETCH"),
            (4600, NO_MODIFIER, "USERITEM"),
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

//! Why a row cannot become Arrow data: [`Fault`], the reason alone, small enough for the decode path, and
//! [`DecodeError`], the reason with its place, for people.
//!
//! Does not own any decision about values. Invariant: text from the server enters a message only escaped and
//! shortened.

use std::fmt;

use super::ColumnSpec;
use super::table::{Form, form, sql_type};

/// Longest excerpt of a value or a column name in a message, in characters.
const EXCERPT_CHARS: usize = 60;

/// A value or row that cannot be represented; names column, row, type and value form.
#[derive(Clone, Debug)]
pub(crate) struct DecodeError {
    fault: Fault,
    row: u64,
    column: Option<String>,
    value: Option<String>,
}

impl DecodeError {
    /// A value of one column. `index` counts from 0, `row` from 1.
    #[cold]
    pub(super) fn cell(
        fault: Fault,
        row: u64,
        index: usize,
        column: &ColumnSpec,
        value: Option<&[u8]>,
    ) -> Self {
        let label = format!(
            "column {} \"{}\" ({})",
            index + 1,
            excerpt(column.name.as_bytes()),
            sql_type(column.oid, column.type_modifier)
        );
        let readable = !column.binary || form(column.oid, column.type_modifier) == Form::Text;
        let value = value.map(|bytes| if readable { text_excerpt(bytes) } else { hex_excerpt(bytes) });
        Self { fault, row, column: Some(label), value }
    }

    /// A row as a whole. `row` counts from 1.
    #[cold]
    pub(super) fn row(fault: Fault, row: u64) -> Self {
        Self { fault, row, column: None, value: None }
    }

    /// The SQLSTATE of the same mistake on a server.
    pub(crate) fn sqlstate(&self) -> &'static str {
        self.fault.sqlstate()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "cannot read {column} in row {}: ", self.row)?,
            None => write!(f, "cannot read row {}: ", self.row)?,
        }
        if let Some(value) = &self.value {
            write!(f, "value {value} ")?;
        }
        write!(f, "{}; {}", self.fault, self.fault.advice())
    }
}

impl std::error::Error for DecodeError {}

/// What is wrong with a value or a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// An array of more than one dimension.
    ArrayDimensions,
    /// The strings of one column outgrow 32-bit offsets.
    BatchTooLarge,
    /// A binary array that is malformed or has elements of another type.
    BinaryArray,
    /// A binary value of another length than its type has; the length expected.
    BinaryWidth(BinaryWidth),
    /// A binary value where only text can be read.
    BinaryUnsupported,
    /// A date or time field beyond its calendar bounds.
    DatetimeField,
    /// A date or time that Arrow's integers cannot hold.
    DatetimeRange,
    /// A decimal with more digits than its type has.
    DecimalPrecision,
    /// A decimal with more fraction digits than its type has.
    DecimalScale,
    /// The time 24:00:00.
    EndOfDay,
    /// Bytes that are not UTF-8.
    Encoding,
    /// A row with another number of fields than described; what came and what was expected.
    FieldCount(i16, u16),
    /// A floating-point number beyond its type.
    FloatRange,
    /// Bytes that are not EWKB of a kind that Redshift has.
    Geometry,
    /// A geography in another reference system than its column declares.
    GeographySrid,
    /// `infinity` or `-infinity` as a date, timestamp or interval.
    InfiniteDatetime,
    /// An integer beyond its type.
    IntegerRange,
    /// An interval that Arrow's months, days and nanoseconds cannot hold.
    IntervalRange,
    /// NaN or infinity as a decimal.
    NonFiniteDecimal,
    /// Text that is not what the type prints.
    NotText(Expected),
    /// NULL in a column declared NOT NULL.
    Null,
    /// A field length below -1.
    NegativeLength,
    /// A row that ends before its last field.
    Truncated,
    /// Bytes after the last field of a row.
    TrailingBytes,
    /// Arrow refused the finished columns.
    Batch,
}

/// The length of a binary value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BinaryWidth {
    /// Exactly this many bytes.
    Bytes(u8),
    /// NUMERIC as Redshift sends it.
    Decimal,
    /// INTERVAL without qualifier, from Redshift or from PostgreSQL.
    Interval,
}

/// The text form of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Elements in braces.
    Array,
    /// `t` or `f`.
    Boolean,
    /// Hexadecimal digits after `\x`, or bytes with escapes.
    Bytea,
    /// Hexadecimal digits.
    Hex,
    /// Decimal digits.
    Integer,
    /// An interval in any style.
    Interval,
    /// A floating-point number.
    Float,
    /// Digits with a point.
    Decimal,
    /// `YYYY-MM-DD`.
    Date,
    /// `HH:MM:SS`.
    Time,
    /// Date and time.
    Timestamp,
    /// Date, time and offset.
    TimestampTz,
}

impl Fault {
    fn sqlstate(self) -> &'static str {
        match self {
            Self::DecimalPrecision
            | Self::DecimalScale
            | Self::FloatRange
            | Self::IntegerRange
            | Self::NonFiniteDecimal => "22003",
            Self::Null => "22004",
            Self::NotText(
                Expected::Date
                | Expected::Interval
                | Expected::Time
                | Expected::Timestamp
                | Expected::TimestampTz,
            ) => "22007",
            Self::DatetimeField | Self::DatetimeRange | Self::EndOfDay | Self::InfiniteDatetime => "22008",
            Self::IntervalRange => "22015",
            Self::Encoding => "22021",
            Self::GeographySrid => "22023",
            Self::Geometry | Self::NotText(_) => "22P02",
            Self::ArrayDimensions => "0A000",
            Self::BinaryArray | Self::BinaryUnsupported | Self::BinaryWidth(_) => "22P03",
            Self::FieldCount(..) | Self::NegativeLength | Self::Truncated | Self::TrailingBytes => "08P01",
            Self::BatchTooLarge => "54000",
            Self::Batch => "XX000",
        }
    }

    /// What the user can do about it.
    fn advice(self) -> &'static str {
        match self {
            Self::ArrayDimensions => "select single elements, or array_to_string of the column",
            Self::BinaryArray | Self::BinaryUnsupported | Self::BinaryWidth(_) => "ask for text results",
            Self::DatetimeField
            | Self::DatetimeRange
            | Self::EndOfDay
            | Self::InfiniteDatetime
            | Self::IntervalRange => "cast the column to VARCHAR or leave such values out",
            Self::DecimalPrecision | Self::DecimalScale | Self::NonFiniteDecimal => {
                "cast the column to VARCHAR or to a wider NUMERIC"
            }
            Self::FloatRange | Self::IntegerRange => "cast the column to a wider type",
            Self::NotText(Expected::Date | Expected::Time | Expected::Timestamp | Expected::TimestampTz) => {
                "set DateStyle to ISO, or cast the column to VARCHAR"
            }
            Self::Geometry | Self::GeographySrid => {
                "select ST_AsText of the column, or leave such values out"
            }
            Self::NotText(_) => "cast the column to VARCHAR",
            Self::Encoding => "cast the column to VARBYTE, or repair it in the table",
            Self::Null => "select an expression over the column instead, so that it counts as nullable",
            Self::BatchTooLarge => "ask for fewer rows or bytes per batch",
            Self::FieldCount(..) | Self::NegativeLength | Self::Truncated | Self::TrailingBytes => {
                "close this connection and open a new one"
            }
            Self::Batch => "report this as a defect of the driver",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ArrayDimensions => "has more than one dimension, which Arrow lists have not",
            Self::BatchTooLarge => "the strings of this column pass 2 GiB in one batch",
            Self::BinaryArray => "is not the binary form of this array type",
            Self::BinaryUnsupported => "came in binary, but only text of this type can be read",
            Self::BinaryWidth(BinaryWidth::Bytes(width)) => {
                return write!(f, "is not the binary form of this type, expected {width} bytes");
            }
            Self::BinaryWidth(BinaryWidth::Decimal) => {
                "is not the binary form of this type, expected 8 or 16 bytes"
            }
            Self::BinaryWidth(BinaryWidth::Interval) => {
                "is not the binary form of this type, expected 12 or 16 bytes"
            }
            Self::DatetimeField => "has a field out of range",
            Self::DatetimeRange => "is beyond the range of the Arrow type",
            Self::DecimalPrecision => "has more digits than the type's precision",
            Self::DecimalScale => "has more fraction digits than the type's scale",
            Self::EndOfDay => "is the end of the day, which Arrow times exclude",
            Self::Encoding => "is not valid UTF-8",
            Self::FieldCount(came, expected) => {
                return write!(f, "malformed DataRow message, field count {came} instead of {expected}");
            }
            Self::FloatRange | Self::IntegerRange => "is out of range",
            Self::Geometry => "is not EWKB of a point, line, polygon or collection of them",
            Self::GeographySrid => "has another SRID than 4326, which the column declares",
            Self::InfiniteDatetime => "is infinite, which Arrow dates, timestamps and intervals cannot be",
            Self::IntervalRange => "is beyond the range of Arrow's months, days and nanoseconds",
            Self::NegativeLength => "malformed DataRow message, negative field length",
            Self::NonFiniteDecimal => "is NaN or infinite, which Arrow decimals cannot be",
            Self::NotText(expected) => return write!(f, "is not {expected}"),
            Self::Null => "NULL in a column declared NOT NULL",
            Self::TrailingBytes => "malformed DataRow message, bytes left after the last field",
            Self::Truncated => "malformed DataRow message, it ends before its last field",
            Self::Batch => "the decoded columns do not form a batch",
        })
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Array => "an array in braces",
            Self::Boolean => "a boolean (t or f)",
            Self::Bytea => "a BYTEA (digits after \\x, or escaped bytes)",
            Self::Hex => "an even number of hexadecimal digits",
            Self::Integer => "an integer",
            Self::Interval => "an interval",
            Self::Float => "a floating-point number",
            Self::Decimal => "a plain decimal number",
            Self::Date => "an ISO date (YYYY-MM-DD)",
            Self::Time => "an ISO time (HH:MM:SS)",
            Self::Timestamp => "an ISO timestamp (YYYY-MM-DD HH:MM:SS)",
            Self::TimestampTz => "an ISO timestamp with offset (YYYY-MM-DD HH:MM:SS+00)",
        })
    }
}

fn text_excerpt(bytes: &[u8]) -> String {
    format!("\"{}\"", excerpt(bytes))
}

fn excerpt(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => shorten(text.escape_debug(), bytes.len()),
        Err(_) => shorten(bytes.escape_ascii().map(char::from), bytes.len()),
    }
}

fn hex_excerpt(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|&byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|nibble| char::from_digit(nibble.into(), 16));
    format!("0x{} ({} bytes)", shorten(digits, bytes.len()), bytes.len())
}

fn shorten(mut characters: impl Iterator<Item = char>, bytes: usize) -> String {
    let mut text: String = characters.by_ref().take(EXCERPT_CHARS).collect();
    if characters.next().is_some() {
        text.push_str(&format!("… ({bytes} bytes in all)"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(binary: bool) -> ColumnSpec {
        ColumnSpec {
            name: "am\"t\n".into(),
            oid: 1700,
            type_modifier: 786_438,
            binary,
            nullable: true,
            metadata: Vec::new(),
        }
    }

    #[test]
    fn message_names_place_type_value_reason_and_remedy() {
        let error = DecodeError::cell(Fault::NonFiniteDecimal, 7, 1, &column(false), Some(b"NaN"));
        assert_eq!(
            error.to_string(),
            "cannot read column 2 \"am\\\"t\\n\" (NUMERIC(12,2)) in row 7: value \"NaN\" is NaN or infinite, which \
             Arrow decimals cannot be; cast the column to VARCHAR or to a wider NUMERIC"
        );
        assert_eq!(error.sqlstate(), "22003");
    }

    #[test]
    fn long_values_are_shortened_and_unprintable_ones_escaped() {
        let long = "é".repeat(500);
        let text =
            DecodeError::cell(Fault::Encoding, 1, 0, &column(false), Some(long.as_bytes())).to_string();
        assert!(text.contains(&format!("{}… (1000 bytes in all)", "é".repeat(60))), "{text}");
        let text = DecodeError::cell(Fault::Encoding, 1, 0, &column(false), Some(b"a\xff\0")).to_string();
        assert!(text.contains(r#"value "a\xff\x00" is not valid UTF-8"#), "{text}");
    }

    #[test]
    fn binary_values_show_as_hexadecimal() {
        let fault = Fault::BinaryWidth(BinaryWidth::Decimal);
        let error = DecodeError::cell(fault, 1, 0, &column(true), Some(&[0, 0xab]));
        assert!(error.to_string().contains("value 0x00ab (2 bytes) is not the binary form"), "{error}");
        assert_eq!(error.sqlstate(), "22P03");
    }
}

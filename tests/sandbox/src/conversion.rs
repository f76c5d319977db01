//! What must be done to the columns and rows of the engine so that they are Redshift's.
//! Owns the choice for each column, made once for a result, and the rewriting of a row; the forms live in `numeric` and
//! `interval`.
//! Invariant: a value is converted for the format that its client asked for, or the row is an error.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::{BufMut, BytesMut};

use crate::interval::{Interval, IntervalKind};
use crate::messages::{Cursor, HEADER};
use crate::numeric::{NumericType, put_binary, put_misleading_binary};
use crate::row_description::{Field, NUMERIC};

const GEOMETRY: u32 = 3000;
const GEOGRAPHY: u32 = 3001;
const VARBYTE: u32 = 6551;

const TEXT: i16 = 0;
const BINARY: i16 = 1;

/// The protocol version from which values travel in Redshift's own binary forms.
const BINARY_PROTOCOL: u32 = 2;

/// What must be done to one column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// Hexadecimal digits asked for in binary, which is the EWKB itself.
    GeometryBinary,
    IntervalBinary(IntervalKind),
    IntervalText(IntervalKind),
    /// A NUMERIC in binary below version 2.
    MisleadingNumeric(Option<NumericType>),
    /// A NUMERIC in binary, with its declared type if it has one.
    Numeric(Option<NumericType>),
    /// Nothing.
    Pass,
    /// Hexadecimal digits without the engine's prefix.
    VarbyteText,
}

impl Conversion {
    fn new(field: &Field, format: i16, protocol: u32) -> Self {
        let interval = IntervalKind::from_engine(field.type_oid, field.type_modifier);
        match (field.type_oid, format, interval) {
            (_, BINARY, Some(kind)) => Self::IntervalBinary(kind),
            (_, TEXT, Some(kind)) => Self::IntervalText(kind),
            (NUMERIC, BINARY, _) => match NumericType::from_modifier(field.type_modifier) {
                declared if protocol >= BINARY_PROTOCOL => Self::Numeric(declared),
                declared => Self::MisleadingNumeric(declared),
            },
            (GEOGRAPHY | GEOMETRY, BINARY, _) if protocol >= BINARY_PROTOCOL => Self::GeometryBinary,
            (VARBYTE, TEXT, _) => Self::VarbyteText,
            _ => Self::Pass,
        }
    }

    /// Appends the converted value, without its length.
    fn put(self, out: &mut BytesMut, value: &[u8]) -> Result<()> {
        match self {
            Self::GeometryBinary => put_hex(out, value)?,
            Self::IntervalBinary(kind) => Interval::from_engine_binary(value)?.put_binary(out, kind)?,
            Self::IntervalText(kind) => match Interval::from_engine_text(value) {
                Some(interval) => out.extend_from_slice(interval.text(kind)?.as_bytes()),
                // Another IntervalStyle, which Redshift does not report either.
                None => out.extend_from_slice(value),
            },
            Self::MisleadingNumeric(kind) => put_misleading_binary(out, kind, value)?,
            Self::Numeric(Some(kind)) => put_binary(out, kind, value)?,
            Self::Numeric(None) => {
                bail!("a computed NUMERIC has no binary form in the sandbox: ask for text")
            }
            Self::Pass => out.extend_from_slice(value),
            Self::VarbyteText => out.extend_from_slice(value.strip_prefix(br"\x").unwrap_or(value)),
        }
        Ok(())
    }
}

/// The conversions of a result's rows; empty when rows pass untouched.
pub(crate) type Plan = Arc<[Conversion]>;

/// What each column needs, given the result format codes of Bind: none means text, one stands for all.
pub(crate) fn plan(fields: &[Field], formats: &[i16], protocol: u32) -> Plan {
    let format = |column: usize| match formats {
        [] => TEXT,
        [all] => *all,
        each => each.get(column).copied().unwrap_or(TEXT),
    };
    let conversions: Plan = fields
        .iter()
        .enumerate()
        .map(|(column, field)| Conversion::new(field, format(column), protocol))
        .collect();
    if conversions.iter().all(|conversion| *conversion == Conversion::Pass) {
        Plan::default()
    } else {
        conversions
    }
}

/// Appends a DataRow with its values converted.
pub(crate) fn put_row(out: &mut BytesMut, message: &[u8], plan: &Plan) -> Result<()> {
    let mut cursor = Cursor::new(message.get(HEADER..).unwrap_or_default());
    let count = cursor.u16()?;
    if usize::from(count) != plan.len() {
        bail!("a row of {count} columns where {} were described", plan.len());
    }
    let start = out.len();
    out.put_u8(b'D');
    out.put_u32(0);
    out.put_u16(count);
    for conversion in plan.iter() {
        let length = cursor.i32()?;
        let at = out.len();
        out.put_i32(length);
        if let Ok(size) = usize::try_from(length) {
            conversion.put(out, cursor.bytes(size)?)?;
            fill_length(out, at, out.len() - at - 4)?;
        }
    }
    fill_length(out, start + 1, out.len() - start - 1)
}

/// Appends the bytes that digits stand for.
fn put_hex(out: &mut BytesMut, digits: &[u8]) -> Result<()> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    for pair in digits.chunks(2) {
        let [high, low] = *pair else { bail!("an odd number of hexadecimal digits in a GEOMETRY") };
        let byte = digit(high).zip(digit(low)).map(|(high, low)| high << 4 | low);
        out.put_u8(byte.context("a GEOMETRY that is not hexadecimal digits")?);
    }
    Ok(())
}

/// Writes a length into the place left for it.
fn fill_length(out: &mut BytesMut, at: usize, length: usize) -> Result<()> {
    let length = u32::try_from(length)?;
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of one value, converted.
    fn converted(conversion: Conversion, value: &[u8]) -> Result<Vec<u8>> {
        let mut out = BytesMut::new();
        conversion.put(&mut out, value)?;
        Ok(out.to_vec())
    }

    #[test]
    fn format_codes_may_be_none_one_or_one_for_each_column() {
        let fields = [Field::of(23, -1), Field::of(NUMERIC, (8 << 16 | 2) + 4)];
        let numeric = Conversion::Numeric(NumericType::from_modifier((8 << 16 | 2) + 4));
        assert!(plan(&fields, &[], 2).is_empty());
        assert!(plan(&fields, &[0], 2).is_empty());
        assert_eq!(*plan(&fields, &[1], 2), [Conversion::Pass, numeric]);
        assert_eq!(*plan(&fields, &[0, 1], 2), [Conversion::Pass, numeric]);
        assert!(plan(&fields, &[1, 0], 2).is_empty());
    }

    #[test]
    fn forms_of_redshift_depend_on_format_and_version() {
        let fields = [
            Field::of(NUMERIC, -1),
            Field::of(GEOGRAPHY, -1),
            Field::of(VARBYTE, 24),
            Field::of(1186, 458_751),
        ];
        let interval = IntervalKind::YearToMonth;
        let text =
            [Conversion::Pass, Conversion::Pass, Conversion::VarbyteText, Conversion::IntervalText(interval)];
        let binary =
            |numeric, geography| [numeric, geography, Conversion::Pass, Conversion::IntervalBinary(interval)];
        for protocol in 0..=3 {
            assert_eq!(*plan(&fields, &[], protocol), text);
        }
        let old = binary(Conversion::MisleadingNumeric(None), Conversion::Pass);
        let new = binary(Conversion::Numeric(None), Conversion::GeometryBinary);
        for (protocol, expected) in [(0, old), (1, old), (2, new), (3, new)] {
            assert_eq!(*plan(&fields, &[1], protocol), expected, "{protocol}");
        }
    }

    #[test]
    fn digits_lose_their_prefix_or_become_bytes() {
        assert_eq!(converted(Conversion::VarbyteText, br"\x00ff").unwrap(), b"00ff");
        assert_eq!(converted(Conversion::VarbyteText, br"\x").unwrap(), b"");
        assert_eq!(converted(Conversion::GeometryBinary, b"01fF").unwrap(), [1, 0xff]);
        assert!(converted(Conversion::GeometryBinary, b"01f").is_err());
        assert!(converted(Conversion::GeometryBinary, b"0g").is_err());
    }

    #[test]
    fn interval_in_a_style_that_is_not_understood_passes_as_it_is() {
        let conversion = Conversion::IntervalText(IntervalKind::YearToMonth);
        assert_eq!(converted(conversion, b"1 year 1 mon").unwrap(), b"1 years 1 mons");
        assert_eq!(converted(conversion, b"P1Y1M").unwrap(), b"P1Y1M");
    }

    #[test]
    fn row_whose_column_count_differs_from_its_description_is_an_error() {
        let plan: Plan = [Conversion::Numeric(None)].into_iter().collect();
        let row = b"D\0\0\0\x0e\0\x02\xff\xff\xff\xff\xff\xff\xff\xff";
        assert!(put_row(&mut BytesMut::new(), row, &plan).is_err());
    }

    #[test]
    fn null_in_a_converted_column_stays_null() {
        let plan: Plan = [Conversion::Numeric(None)].into_iter().collect();
        let row = b"D\0\0\0\x0a\0\x01\xff\xff\xff\xff";
        let mut out = BytesMut::new();
        put_row(&mut out, row, &plan).unwrap();
        assert_eq!(&out[..], row);
    }
}

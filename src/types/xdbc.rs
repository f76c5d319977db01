//! What ODBC and JDBC would say of a column's type: one row per type, and what follows from it and the modifier.
//!
//! Names come from `table`. Codes are ODBC's, which ADBC's `xdbc_` fields mirror. Invariant: a type without a row has
//! its name and nothing else, so a lookup never fails.

use super::table;

/// ODBC's concise type codes.
const UNKNOWN: i16 = 0;
const CHAR: i16 = 1;
const NUMERIC: i16 = 2;
const INTEGER: i16 = 4;
const SMALLINT: i16 = 5;
const REAL: i16 = 7;
const DOUBLE: i16 = 8;
const INTERVAL: i16 = 10;
const VARCHAR: i16 = 12;
const DATE: i16 = 91;
const TIME: i16 = 92;
const TIMESTAMP: i16 = 93;
const INTERVAL_YEAR_TO_MONTH: i16 = 107;
const INTERVAL_DAY_TO_SECOND: i16 = 110;
const LONGVARCHAR: i16 = -1;
const VARBINARY: i16 = -3;
const LONGVARBINARY: i16 = -4;
const BIGINT: i16 = -5;
const BIT: i16 = -7;

/// ODBC's verbose codes of the two families that have subcodes.
const ANY_DATETIME: i16 = 9;
const ANY_INTERVAL: i16 = 10;

/// The type of a column in the words of ODBC and JDBC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Xdbc {
    /// Concise type code.
    pub(crate) data_type: i16,
    /// SQL name without modifiers.
    pub(crate) type_name: String,
    /// Bytes of strings, digits of numbers, characters of dates and times.
    pub(crate) column_size: Option<i32>,
    /// Digits after the point, of numbers and of seconds.
    pub(crate) decimal_digits: Option<i16>,
    /// 10 or 2: what `column_size` counts for a number.
    pub(crate) num_prec_radix: Option<i16>,
    /// Verbose type code.
    pub(crate) sql_data_type: i16,
    /// Subcode of dates, times and intervals.
    pub(crate) datetime_sub: Option<i16>,
    /// Bytes of strings.
    pub(crate) char_octet_length: Option<i32>,
}

/// How large a value is.
#[derive(Clone, Copy)]
enum Size {
    /// Characters of a date or time, and its fraction digits.
    Display(i32, Option<i16>),
    /// Always as many bytes.
    Fixed(i32),
    /// Bytes in the modifier, plus 4.
    Modifier,
    /// No bound that means anything.
    None,
    /// Digits to a radix, the digits after the point being known.
    Number(i32, i16, Option<i16>),
    /// Precision and scale in the modifier.
    PrecisionAndScale,
}

struct Row {
    oid: u32,
    data_type: i16,
    datetime_sub: Option<i16>,
    size: Size,
}

/// SUPER holds 16 MB; identifiers 127 bytes. `infinity` aside, no timestamp is longer than its display size.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(16,   BIT,                    None,     Size::Fixed(1)),
    row(17,   LONGVARBINARY,          None,     Size::None),
    row(18,   CHAR,                   None,     Size::Fixed(1)),
    row(19,   VARCHAR,                None,     Size::Fixed(127)),
    row(20,   BIGINT,                 None,     Size::Number(19, 10, Some(0))),
    row(21,   SMALLINT,               None,     Size::Number(5, 10, Some(0))),
    row(23,   INTEGER,                None,     Size::Number(10, 10, Some(0))),
    row(25,   VARCHAR,                None,     Size::None),
    row(26,   BIGINT,                 None,     Size::Number(10, 10, Some(0))),
    row(700,  REAL,                   None,     Size::Number(24, 2, None)),
    row(701,  DOUBLE,                 None,     Size::Number(53, 2, None)),
    row(1042, CHAR,                   None,     Size::Modifier),
    row(1043, VARCHAR,                None,     Size::Modifier),
    row(1082, DATE,                   Some(1),  Size::Display(10, None)),
    row(1083, TIME,                   Some(2),  Size::Display(15, Some(6))),
    row(1114, TIMESTAMP,              Some(3),  Size::Display(26, Some(6))),
    row(1184, TIMESTAMP,              Some(3),  Size::Display(32, Some(6))),
    row(1186, INTERVAL,               None,     Size::None),
    row(1188, INTERVAL_YEAR_TO_MONTH, Some(7),  Size::None),
    row(1190, INTERVAL_DAY_TO_SECOND, Some(10), Size::Display(32, Some(6))),
    row(1266, TIME,                   Some(2),  Size::Display(21, Some(6))),
    row(1700, NUMERIC,                None,     Size::PrecisionAndScale),
    row(2935, LONGVARCHAR,            None,     Size::None),
    row(3000, LONGVARBINARY,          None,     Size::None),
    row(3001, LONGVARBINARY,          None,     Size::None),
    row(3999, LONGVARBINARY,          None,     Size::None),
    row(4000, LONGVARCHAR,            None,     Size::Fixed(16 * 1024 * 1024)),
    row(6551, VARBINARY,              None,     Size::Modifier),
];

const fn row(oid: u32, data_type: i16, datetime_sub: Option<i16>, size: Size) -> Row {
    Row { oid, data_type, datetime_sub, size }
}

/// The description of a type.
pub(crate) fn xdbc(oid: u32, type_modifier: i32) -> Xdbc {
    let unknown = unnamed(table::name(oid));
    let Some(row) = ROWS.iter().find(|row| row.oid == oid) else { return unknown };
    let described = Xdbc {
        data_type: row.data_type,
        sql_data_type: verbose(row),
        datetime_sub: row.datetime_sub,
        ..unknown
    };
    sized(described, row.size, type_modifier)
}

/// The description of a type that has only a name.
pub(crate) fn unnamed(type_name: String) -> Xdbc {
    Xdbc {
        data_type: UNKNOWN,
        type_name,
        column_size: None,
        decimal_digits: None,
        num_prec_radix: None,
        sql_data_type: UNKNOWN,
        datetime_sub: None,
        char_octet_length: None,
    }
}

fn sized(xdbc: Xdbc, size: Size, type_modifier: i32) -> Xdbc {
    match size {
        Size::Display(characters, fraction_digits) => {
            Xdbc { column_size: Some(characters), decimal_digits: fraction_digits, ..xdbc }
        }
        Size::Fixed(bytes) => {
            let octets = (xdbc.data_type != BIT).then_some(bytes);
            Xdbc { column_size: Some(bytes), char_octet_length: octets, ..xdbc }
        }
        Size::Modifier => {
            let bytes = type_modifier.checked_sub(4).filter(|bytes| *bytes >= 0);
            Xdbc { column_size: bytes, char_octet_length: bytes, ..xdbc }
        }
        Size::None => xdbc,
        Size::Number(digits, radix, scale) => {
            Xdbc { column_size: Some(digits), decimal_digits: scale, num_prec_radix: Some(radix), ..xdbc }
        }
        Size::PrecisionAndScale => match table::precision_and_scale(type_modifier) {
            Some((precision, scale)) => Xdbc {
                column_size: Some(precision),
                decimal_digits: i16::try_from(scale).ok(),
                num_prec_radix: Some(10),
                ..xdbc
            },
            None => Xdbc { num_prec_radix: Some(10), ..xdbc },
        },
    }
}

fn verbose(row: &Row) -> i16 {
    match (row.datetime_sub, row.data_type) {
        (_, INTERVAL | INTERVAL_YEAR_TO_MONTH | INTERVAL_DAY_TO_SECOND) => ANY_INTERVAL,
        (Some(_), _) => ANY_DATETIME,
        (None, data_type) => data_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_unique() {
        assert!(ROWS.is_sorted_by(|a, b| a.oid < b.oid));
    }

    #[test]
    fn numbers_count_digits_and_strings_count_bytes() {
        let numeric = xdbc(1700, (12 << 16 | 2) + 4);
        assert_eq!((numeric.column_size, numeric.decimal_digits), (Some(12), Some(2)));
        assert_eq!((numeric.num_prec_radix, numeric.char_octet_length), (Some(10), None));
        let varchar = xdbc(1043, 29);
        assert_eq!((varchar.type_name.as_str(), varchar.column_size), ("VARCHAR", Some(25)));
        assert_eq!((varchar.char_octet_length, varchar.num_prec_radix), (Some(25), None));
        assert_eq!(xdbc(1700, -1).column_size, None);
        assert_eq!(xdbc(1043, -1).char_octet_length, None);
        assert_eq!(xdbc(1043, i32::MIN).char_octet_length, None);
    }

    #[test]
    fn dates_times_and_intervals_have_subcodes() {
        for (oid, data_type, sql_data_type, datetime_sub) in [
            (1082, 91, 9, Some(1)),
            (1083, 92, 9, Some(2)),
            (1114, 93, 9, Some(3)),
            (1184, 93, 9, Some(3)),
            (1186, 10, 10, None),
            (1188, 107, 10, Some(7)),
            (1190, 110, 10, Some(10)),
            (23, 4, 4, None),
        ] {
            let found = xdbc(oid, -1);
            assert_eq!(
                (found.data_type, found.sql_data_type, found.datetime_sub),
                (data_type, sql_data_type, datetime_sub),
                "{oid}"
            );
        }
    }

    #[test]
    fn unknown_types_have_a_name_and_no_code() {
        assert_eq!(xdbc(2950, -1), unnamed("UUID".into()));
    }
}

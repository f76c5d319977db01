//! Types by the names that catalogs spell out: SQL's long forms in the SVV views, Hive's in external tables.
//!
//! Knows no values. Invariant: a name without a row keeps its spelling and is of no known type, so a lookup never fails.

use super::xdbc::{Xdbc, unnamed, xdbc};

/// The type modifier that says nothing.
const NO_MODIFIER: i32 = -1;

/// What a catalog tells of a type beside its name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lengths {
    /// Bytes of a string.
    pub(crate) length: Option<i32>,
    /// Digits of a NUMERIC.
    pub(crate) precision: Option<i32>,
    /// Digits after the point of a NUMERIC.
    pub(crate) scale: Option<i32>,
}

/// Longest VARCHAR, which Hive's STRING becomes.
const MAX_VARCHAR: i32 = 65_535;

#[rustfmt::skip]
const SPELLINGS: &[(&str, u32)] = &[
    ("\"char\"",                    18),
    ("bigint",                      20),
    ("binary",                      6551),
    ("binary varying",              6551),
    ("bool",                        16),
    ("boolean",                     16),
    ("bpchar",                      1042),
    ("char",                        1042),
    ("character",                   1042),
    ("character varying",           1043),
    ("date",                        1082),
    ("decimal",                     1700),
    ("double",                      701),
    ("double precision",            701),
    // Only Hive's catalogs say FLOAT, and mean 4 bytes; SQL's FLOAT is spelled DOUBLE PRECISION there.
    ("float",                       700),
    ("float4",                      700),
    ("float8",                      701),
    ("geography",                   3001),
    ("geometry",                    3000),
    ("hllsketch",                   2935),
    ("int",                         23),
    ("int2",                        21),
    ("int4",                        23),
    ("int8",                        20),
    ("integer",                     23),
    ("interval",                    1186),
    ("interval day to second",      1190),
    ("interval year to month",      1188),
    ("name",                        19),
    ("numeric",                     1700),
    ("oid",                         26),
    ("real",                        700),
    ("smallint",                    21),
    ("string",                      1043),
    ("super",                       4000),
    ("text",                        25),
    ("time",                        1083),
    ("time with time zone",         1266),
    ("time without time zone",      1083),
    ("timestamp",                   1114),
    ("timestamp with time zone",    1184),
    ("timestamp without time zone", 1114),
    ("timestamptz",                 1184),
    ("timetz",                      1266),
    // Redshift reads Hive's one-byte integer as SMALLINT.
    ("tinyint",                     21),
    ("varbyte",                     6551),
    ("varchar",                     1043),
];

/// The description of a type that a catalog spells: `character varying(20)`, `timestamp(3) without time zone`.
/// Lengths in the spelling beat those beside it.
pub(crate) fn spelled(spelling: &str, beside: Lengths) -> Xdbc {
    let Some((name, arguments)) = split(spelling) else { return unnamed(spelling.to_owned()) };
    let Some((_, oid)) = SPELLINGS.iter().find(|(known, _)| *known == name) else {
        return unnamed(spelling.to_owned());
    };
    let modifier = match oid {
        1042 | 1043 | 6551 => {
            let hive_string = (name == "string").then_some(MAX_VARCHAR);
            length_modifier(arguments.first().copied().or(beside.length).or(hive_string))
        }
        1700 => match arguments.as_slice() {
            [precision, scale] => numeric_modifier(Some(*precision), Some(*scale)),
            [precision] => numeric_modifier(Some(*precision), Some(0)),
            _ => numeric_modifier(beside.precision, beside.scale),
        },
        _ => NO_MODIFIER,
    };
    xdbc(*oid, modifier)
}

/// The name in lower case without its arguments, and the arguments; `None` when they are no numbers.
fn split(spelling: &str) -> Option<(String, Vec<i32>)> {
    let lower = spelling.trim().to_ascii_lowercase();
    let Some((before, rest)) = lower.split_once('(') else { return Some((lower, Vec::new())) };
    let (inside, after) = rest.split_once(')')?;
    let arguments = inside.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<_>>>()?;
    let name = [before.trim(), after.trim()].join(" ");
    Some((name.trim().to_owned(), arguments))
}

fn length_modifier(bytes: Option<i32>) -> i32 {
    bytes.filter(|bytes| *bytes >= 0).and_then(|bytes| bytes.checked_add(4)).unwrap_or(NO_MODIFIER)
}

fn numeric_modifier(precision: Option<i32>, scale: Option<i32>) -> i32 {
    match (precision, scale.unwrap_or(0)) {
        (Some(precision @ 1..=1000), scale @ 0..=1000) => (precision << 16 | scale) + 4,
        _ => NO_MODIFIER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(spelling: &str) -> (String, Option<i32>) {
        let xdbc = spelled(spelling, Lengths::default());
        (xdbc.type_name, xdbc.column_size)
    }

    #[test]
    fn names_are_in_order_and_unique() {
        assert!(SPELLINGS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn long_sql_names_and_hive_names_mean_the_same_types() {
        for (spelling, name, size) in [
            ("character varying(20)", "VARCHAR", Some(20)),
            ("varchar(20)", "VARCHAR", Some(20)),
            ("string", "VARCHAR", Some(65_535)),
            ("CHARACTER(3)", "CHAR", Some(3)),
            ("decimal(10, 2)", "NUMERIC", Some(10)),
            ("timestamp(3) without time zone", "TIMESTAMP", Some(26)),
            ("timestamp with time zone", "TIMESTAMPTZ", Some(32)),
            ("interval day to second(3)", "INTERVAL DAY TO SECOND", Some(32)),
            ("binary varying(64)", "VARBYTE", Some(64)),
            ("tinyint", "SMALLINT", Some(5)),
            ("double", "DOUBLE PRECISION", Some(53)),
            ("super", "SUPER", Some(16_777_216)),
        ] {
            assert_eq!(of(spelling), (name.to_owned(), size), "{spelling}");
        }
    }

    #[test]
    fn lengths_beside_the_name_count_where_it_has_none() {
        let beside = Lengths { length: Some(9), precision: Some(8), scale: Some(3) };
        assert_eq!(spelled("character varying", beside).char_octet_length, Some(9));
        assert_eq!(spelled("varchar(4)", beside).char_octet_length, Some(4));
        let numeric = spelled("numeric", beside);
        assert_eq!((numeric.column_size, numeric.decimal_digits), (Some(8), Some(3)));
        // information_schema gives an integer its 32 bits as a precision.
        assert_eq!(spelled("integer", Lengths { precision: Some(32), ..beside }).column_size, Some(10));
    }

    #[test]
    fn what_is_not_known_keeps_its_spelling() {
        for spelling in ["array<struct<a:int>>", "no such type", "varchar(x)", "varchar(", "", "int[]"] {
            assert_eq!(of(spelling), (spelling.to_owned(), None));
        }
        for spelling in ["varchar(-5)", "varchar(2147483647)", "numeric(99999,1)", "numeric(3,-1)"] {
            assert_eq!(of(spelling).1, None, "{spelling}");
        }
    }
}

//! Every everyday type gives the same Arrow values at each protocol version and in each wire format.

use std::sync::Arc;

use arrow_array::types::{Decimal128Type, TimestampMicrosecondType};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    PrimitiveArray, RecordBatch, StringArray, Time64MicrosecondArray,
};
use arrow_schema::SchemaRef;

use crate::support::{SANDBOX, connect, execute, query};

/// Reads one column of the given type through every combination and answers what all of them gave.
fn read(sql_type: &str, literals: &[&str]) -> (SchemaRef, ArrayRef) {
    let rows: Vec<_> =
        literals.iter().enumerate().map(|(row, literal)| format!("({row}, {literal})")).collect();
    let mut answers = Vec::new();
    for protocol in [2, 0] {
        let uri = SANDBOX.uri_at_protocol(protocol).unwrap();
        for format in ["binary", "text"] {
            let mut connection = connect(&uri, &[("adbc.redshift.result.format", format)]);
            execute(&mut connection, &format!("CREATE TEMP TABLE t (row_number INTEGER, value {sql_type})"));
            execute(&mut connection, &format!("INSERT INTO t VALUES {}", rows.join(", ")));
            let answer = query(&mut connection, "SELECT value FROM t ORDER BY row_number");
            answers.push((format!("protocol {protocol} {format}"), answer));
        }
    }
    let (_, (schema, batches)) = answers.first().expect("four answers").clone();
    let column = only_column(&batches);
    for (combination, (other_schema, other_batches)) in &answers {
        // Where a column comes from is told from protocol 1 on, so the rest of the metadata may differ.
        let type_name = |schema: &SchemaRef| schema.field(0).metadata()["REDSHIFT:type"].clone();
        assert_eq!(type_name(other_schema), type_name(&schema), "{sql_type} at {combination}");
        assert_eq!(&only_column(other_batches), &column, "{sql_type} differs at {combination}");
    }
    (schema, column)
}

fn only_column(batches: &[RecordBatch]) -> ArrayRef {
    assert_eq!(batches.len(), 1);
    Arc::clone(batches[0].column(0))
}

#[track_caller]
fn check(sql_type: &str, name: &str, literals: &[&str], expected: impl arrow_array::Array + 'static) {
    let (schema, column) = read(sql_type, literals);
    let expected: ArrayRef = Arc::new(expected);
    assert_eq!(&column, &expected, "{sql_type}");
    let field = schema.field(0);
    assert_eq!((field.name().as_str(), field.is_nullable()), ("value", true));
    assert_eq!(field.metadata()["REDSHIFT:type"], name);
}

#[test]
fn booleans() {
    check(
        "BOOLEAN",
        "BOOLEAN",
        &["true", "false", "NULL"],
        BooleanArray::from(vec![Some(true), Some(false), None]),
    );
}

#[test]
fn integers() {
    check(
        "SMALLINT",
        "SMALLINT",
        &["-32768", "0", "32767", "NULL"],
        Int16Array::from(vec![Some(i16::MIN), Some(0), Some(i16::MAX), None]),
    );
    check(
        "INTEGER",
        "INTEGER",
        &["-2147483648", "0", "2147483647", "NULL"],
        Int32Array::from(vec![Some(i32::MIN), Some(0), Some(i32::MAX), None]),
    );
    check(
        "BIGINT",
        "BIGINT",
        &["-9223372036854775808", "0", "9223372036854775807", "NULL"],
        Int64Array::from(vec![Some(i64::MIN), Some(0), Some(i64::MAX), None]),
    );
}

#[test]
fn floats() {
    check(
        "REAL",
        "REAL",
        &["1.5", "'-3.4028235e38'", "'1e-45'", "'Infinity'", "'-Infinity'", "NULL"],
        Float32Array::from(vec![
            Some(1.5),
            Some(f32::MIN),
            Some(1e-45),
            Some(f32::INFINITY),
            Some(f32::NEG_INFINITY),
            None,
        ]),
    );
    check(
        "DOUBLE PRECISION",
        "DOUBLE PRECISION",
        &["0.1", "'1.7976931348623157e308'", "'5e-324'", "'-Infinity'", "NULL"],
        Float64Array::from(vec![Some(0.1), Some(f64::MAX), Some(5e-324), Some(f64::NEG_INFINITY), None]),
    );
}

#[test]
fn numerics_of_both_binary_widths() {
    let decimals = |values: Vec<Option<i128>>, precision, scale| {
        PrimitiveArray::<Decimal128Type>::from(values).with_precision_and_scale(precision, scale).unwrap()
    };
    check(
        "NUMERIC(8,2)",
        "NUMERIC(8,2)",
        &["12.34", "-12.34", "0", "-0.05", "999999.99", "NULL"],
        decimals(vec![Some(1234), Some(-1234), Some(0), Some(-5), Some(99_999_999), None], 8, 2),
    );
    check(
        "NUMERIC(36,14)",
        "NUMERIC(36,14)",
        &["135430.11999999999500", "-1", "NULL"],
        decimals(vec![Some(13_543_011_999_999_999_500), Some(-100_000_000_000_000), None], 36, 14),
    );
    let largest = 10_i128.pow(38) - 1;
    check(
        "NUMERIC(38,37)",
        "NUMERIC(38,37)",
        &["9.9999999999999999999999999999999999999", "-9.9999999999999999999999999999999999999"],
        decimals(vec![Some(largest), Some(-largest)], 38, 37),
    );
}

#[test]
fn strings() {
    let long = "é".repeat(32_767);
    check(
        "VARCHAR(65535)",
        "VARCHAR(65535)",
        &["''", "'täglich ✓'", &format!("'{long}'"), "NULL"],
        StringArray::from(vec![Some(""), Some("täglich ✓"), Some(long.as_str()), None]),
    );
    check("CHAR(4)", "CHAR(4)", &["'ab'", "NULL"], StringArray::from(vec![Some("ab  "), None]));
}

#[test]
fn dates_and_times() {
    check(
        "DATE",
        "DATE",
        &["'1970-01-01'", "'2025-12-31'", "'0001-01-01 BC'", "'9999-12-31'", "NULL"],
        Date32Array::from(vec![Some(0), Some(20_453), Some(-719_528), Some(2_932_896), None]),
    );
    check(
        "TIME",
        "TIME",
        &["'00:00:00'", "'12:34:56.789012'", "'23:59:59.999999'", "NULL"],
        Time64MicrosecondArray::from(vec![Some(0), Some(45_296_789_012), Some(86_399_999_999), None]),
    );
    let timestamps = |values: Vec<Option<i64>>| PrimitiveArray::<TimestampMicrosecondType>::from(values);
    let values = vec![Some(1_212_314_399_000_000), Some(-1), Some(-62_167_219_200_000_000), None];
    check(
        "TIMESTAMP",
        "TIMESTAMP",
        &["'2008-06-01 09:59:59'", "'1969-12-31 23:59:59.999999'", "'0001-01-01 00:00:00 BC'", "NULL"],
        timestamps(values.clone()),
    );
    check(
        "TIMESTAMPTZ",
        "TIMESTAMPTZ",
        &[
            "'2008-06-01 02:59:59-07'",
            "'1970-01-01 05:29:59.999999+05:30'",
            "'0001-01-01 00:00:00+00 BC'",
            "NULL",
        ],
        timestamps(values).with_timezone("UTC"),
    );
}

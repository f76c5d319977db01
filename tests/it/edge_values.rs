//! Values at the bounds of their types, catalog types, and values that Arrow has not: each has one defined outcome,
//! whatever the protocol and format.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::{Decimal128Type, Int16Type, Int32Type, TimestampMicrosecondType, UInt32Type};
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, IntervalMonthDayNanoArray, ListArray, PrimitiveArray, StringArray,
    UInt32Array,
};
use arrow_buffer::IntervalMonthDayNano;
use arrow_schema::Field;

use crate::values::{Column, check, check_query, check_refused, check_refused_as_text};

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

fn metadata<'a>(field: &'a Field, key: &str) -> Option<&'a str> {
    field.metadata().get(key).map(String::as_str)
}

#[test]
fn large_values_arrive_whole() {
    let string = "é✓".repeat(13_107);
    let strings = vec![Some(String::new()), Some(string), None];
    check(&[Column::new("VARCHAR(65535)", strings.clone(), StringArray::from(strings))]);

    let bytes: Vec<u8> = (0..1_024_000_u32).map(|number| (number % 251) as u8).collect();
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = BinaryArray::from(vec![Some(bytes.as_slice()), Some(&[]), Some(&[0]), None]);
    let texts = vec![Some(digits), Some(String::new()), Some("00".to_owned()), None];
    check(&[Column::new("VARBYTE(1024000)", texts, expected).by("FROM_HEX($v)")]);
}

#[test]
fn a_super_of_16_megabytes_arrives_whole() {
    let document = format!("[\"{}\"]", "x".repeat(16 * 1024 * 1024 - 4));
    let texts = vec![Some(document), Some("null".to_owned()), None];
    let expected = StringArray::from(texts.clone());
    let fields = check(&[Column::new("SUPER", texts, expected).by("JSON_PARSE($v)")]);
    assert_eq!(metadata(&fields[0], "ARROW:extension:name"), Some("arrow.json"));
    assert_eq!(metadata(&fields[0], "REDSHIFT:type"), Some("SUPER"));
}

#[test]
fn numerics_at_their_bounds() {
    let largest = 10_i128.pow(38) - 1;
    for (scale, least) in [(0, "1"), (37, "0.0000000000000000000000000000000000001")] {
        let mut digits = "9".repeat(38);
        if scale > 0 {
            digits.insert(1, '.');
        }
        let texts = some(&[&digits, &format!("-{digits}"), least, "-0", "0"]);
        let expected = PrimitiveArray::<Decimal128Type>::from(vec![largest, -largest, 1, 0, 0])
            .with_precision_and_scale(38, scale);
        check(&[Column::new(&format!("NUMERIC(38,{scale})"), texts, expected.unwrap())]);
    }
}

#[test]
fn a_numeric_without_modifier_is_its_digits() {
    let digits: ArrayRef = Arc::new(StringArray::from(vec!["1.50"]));
    let fields = check_query("SELECT 1.50 AS computed", &[("computed", digits)]);
    assert_eq!(metadata(&fields[0], "ARROW:extension:name"), Some("arrow.opaque"));
}

#[test]
fn dates_and_timestamps_before_christ_and_far_ahead() {
    let texts = some(&["4714-11-24 BC", "0001-12-31 BC", "0001-01-01", "9999-12-31", "5874897-12-31"]);
    let days = vec![-2_440_588, -719_163, -719_162, 2_932_896, 2_145_042_905];
    check(&[Column::new("DATE", texts, Date32Array::from(days))]);
    let texts = some(&["0044-03-15 12:00:00.25 BC", "294247-01-10 04:00:54.775807"]);
    let expected = PrimitiveArray::<TimestampMicrosecondType>::from(vec![-63_517_780_799_750_000, i64::MAX]);
    check(&[Column::new("TIMESTAMP", texts, expected)]);
}

#[test]
fn intervals_at_their_bounds() {
    let months = [i32::MIN, -1, 0, i32::MAX];
    let expected: IntervalMonthDayNanoArray =
        months.iter().map(|months| Some(IntervalMonthDayNano::new(*months, 0, 0))).collect();
    let texts = some(&["-178956970-8", "-1 mons", "0", "178956970-7"]);
    let fields = check(&[Column::new("INTERVAL YEAR TO MONTH", texts, expected)]);
    assert_eq!(metadata(&fields[0], "REDSHIFT:type"), Some("INTERVAL YEAR TO MONTH"));

    let texts = some(&["-106751991 days -04:00:54.775808", "106751991 04:00:54.775807", "10 days 48 hours"]);
    let expected = IntervalMonthDayNanoArray::from(vec![
        IntervalMonthDayNano::new(0, -106_751_991, -14_454_775_808_000),
        IntervalMonthDayNano::new(0, 106_751_991, 14_454_775_807_000),
        IntervalMonthDayNano::new(0, 12, 0),
    ]);
    let fields = check(&[Column::new("INTERVAL DAY TO SECOND", texts, expected)]);
    assert_eq!(metadata(&fields[0], "REDSHIFT:type"), Some("INTERVAL DAY TO SECOND"));
}

#[test]
fn geometries_are_geoarrow_without_their_srid() {
    let point = "0101000020E6100000000000000000F03F0000000000000040";
    let wkb: &[u8] = b"\x01\x01\0\0\0\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40";
    let expected = || BinaryArray::from(vec![Some(wkb), None]);
    let texts = vec![Some(point.to_owned()), None];
    let columns = ["GEOMETRY", "GEOGRAPHY"].map(|kind| Column::new(kind, texts.clone(), expected()));
    let fields = check(&columns);
    for field in &fields {
        assert_eq!(metadata(field, "ARROW:extension:name"), Some("geoarrow.wkb"));
    }
    assert!(metadata(&fields[1], "ARROW:extension:metadata").is_some_and(|json| json.contains("EPSG:4326")));
}

#[test]
fn what_arrow_has_not_is_an_error_that_names_the_place() {
    for infinite in ["'infinity'::date", "'-infinity'::timestamp", "'infinity'::timestamptz"] {
        check_refused(infinite, "infinite");
    }
    check_refused("'24:00:00'::time", "end of the day");
    check_refused("sandbox_unchecked_text(FROM_HEX('61ff'))::varchar(10)", "not valid UTF-8");
    check_refused("ST_SetSRID(ST_Point(1, 2), 3857)::geography", "SRID");
}

/// Redshift has no NaN, and so no binary form of it; PostgreSQL and what claims to be Redshift may send it as text.
#[test]
fn a_numeric_that_is_no_number_is_an_error() {
    check_refused_as_text("'NaN'::numeric(10,2)", "is NaN or infinite");
}

#[test]
fn catalog_types_and_their_arrays() {
    let strings = |values: &[&str]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let shorts = ListArray::from_iter_primitive::<Int16Type, _, _>([Some([Some(1), Some(-2)])]);
    let integers = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])]);
    let oids = ListArray::from_iter_primitive::<UInt32Type, _, _>([Some([Some(7), Some(u32::MAX)])]);
    let mut words = ListBuilder::new(StringBuilder::new());
    words.append_value([Some("a,b"), None, Some(""), Some("NULL")]);
    let expected: [(&str, ArrayRef); 8] = [
        ("name", strings(&["täglich"])),
        ("\"char\"", strings(&["r"])),
        ("oid", Arc::new(UInt32Array::from(vec![u32::MAX]))),
        ("regtype", strings(&["super"])),
        ("int2vector", Arc::new(shorts)),
        ("int4[]", Arc::new(integers)),
        ("oid[]", Arc::new(oids)),
        ("text[]", Arc::new(words.finish())),
    ];
    let sql = r#"SELECT 'täglich'::name, 'r'::"char", '4294967295'::oid, 'super'::regtype, '1 -2'::int2vector,
                        '{1,NULL}'::int4[], '{7,4294967295}'::oid[], ARRAY['a,b', NULL, '', 'NULL']::text[]"#;
    check_query(sql, &expected);
}

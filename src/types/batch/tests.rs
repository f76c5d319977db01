//! Rows to batches through the whole value layer.

use std::ops::ControlFlow;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use super::super::table::sql_type;
use super::*;

const LIMITS: BatchLimits = BatchLimits { rows: 1000, bytes: 1 << 20 };
const NO_MODIFIER: i32 = -1;
pub(super) const NUMERIC_8_2: i32 = (8 << 16 | 2) + 4;

pub(super) const BOOL: u32 = 16;
const CHAR: u32 = 1042;
pub(super) const DATE: u32 = 1082;
const GEOGRAPHY: u32 = 3001;
const GEOMETRY: u32 = 3000;
const INT2: u32 = 21;
pub(super) const INT4: u32 = 23;
const INT4_ARRAY: u32 = 1007;
const INT8: u32 = 20;
const INTERVAL: u32 = 1186;
const INTERVAL_D2S: u32 = 1190;
const INTERVAL_Y2M: u32 = 1188;
const FLOAT4: u32 = 700;
const FLOAT8: u32 = 701;
pub(super) const NUMERIC: u32 = 1700;
const OID: u32 = 26;
const SUPER: u32 = 4000;
const TIME: u32 = 1083;
pub(super) const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;
const TIMETZ: u32 = 1266;
const VARBYTE: u32 = 6551;
pub(super) const VARCHAR: u32 = 1043;
const VARCHAR_ARRAY: u32 = 1015;

pub(super) fn text(oid: u32) -> ColumnSpec {
    ColumnSpec {
        name: "c".into(),
        oid,
        type_modifier: NO_MODIFIER,
        binary: false,
        nullable: true,
        metadata: Vec::new(),
    }
}

pub(super) fn binary(oid: u32) -> ColumnSpec {
    ColumnSpec { binary: true, ..text(oid) }
}

pub(super) fn row(cells: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = i16::try_from(cells.len()).unwrap().to_be_bytes().to_vec();
    for cell in cells {
        let length = cell.map_or(-1, |cell| i32::try_from(cell.len()).unwrap());
        body.extend(length.to_be_bytes());
        body.extend(cell.unwrap_or_default());
    }
    body
}

pub(super) fn builder(columns: &[ColumnSpec]) -> BatchBuilder {
    BatchBuilder::new(columns, LIMITS)
}

/// One column through a builder.
fn decode(column: ColumnSpec, cells: &[Option<&[u8]>]) -> Result<RecordBatch, DecodeError> {
    let mut builder = builder(&[column]);
    for cell in cells {
        let _ = push(&mut builder, &row(&[*cell]))?;
    }
    builder.finish()
}

/// Adds one DataRow body.
pub(super) fn push(builder: &mut BatchBuilder, body: &[u8]) -> Result<ControlFlow<()>, DecodeError> {
    let length = u32::try_from(body.len() + 4).unwrap();
    let message = [&b"D"[..], &length.to_be_bytes(), body].concat();
    builder.push(&mut DataRows::new(&message, message.len()))
}

fn push_error(columns: &[ColumnSpec], body: &[u8]) -> DecodeError {
    push(&mut builder(columns), body).unwrap_err()
}

/// One value in both formats becomes the same array.
fn same(column: ColumnSpec, text_cell: &[u8], binary_cell: &[u8]) -> RecordBatch {
    let from_text = decode(column.clone(), &[Some(text_cell), None]).unwrap();
    let from_binary = decode(ColumnSpec { binary: true, ..column }, &[Some(binary_cell), None]).unwrap();
    assert_eq!(from_text, from_binary);
    assert!(from_text.column(0).is_null(1));
    from_text
}

#[test]
fn numbers_read_alike_in_text_and_binary() {
    let batch = same(text(BOOL), b"t", &[1]);
    assert!(batch.column(0).as_boolean().value(0));
    let batch = same(text(INT2), b"-2", &(-2_i16).to_be_bytes());
    assert_eq!(batch.column(0).as_primitive::<Int16Type>().value(0), -2);
    let batch = same(text(INT4), b"-70000", &(-70_000_i32).to_be_bytes());
    assert_eq!(batch.column(0).as_primitive::<Int32Type>().value(0), -70_000);
    let batch = same(text(INT8), b"9223372036854775807", &i64::MAX.to_be_bytes());
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(0), i64::MAX);
    let batch = same(text(OID), b"4294967295", &u32::MAX.to_be_bytes());
    assert_eq!(batch.column(0).as_primitive::<UInt32Type>().value(0), u32::MAX);
    let batch = same(text(FLOAT4), b"0.1", &0.1_f32.to_be_bytes());
    assert_eq!(batch.column(0).as_primitive::<Float32Type>().value(0).to_bits(), 0.1_f32.to_bits());
    let batch = same(text(FLOAT8), b"-Infinity", &f64::NEG_INFINITY.to_be_bytes());
    assert_eq!(batch.column(0).as_primitive::<Float64Type>().value(0), f64::NEG_INFINITY);
    let numeric = ColumnSpec { type_modifier: NUMERIC_8_2, ..text(NUMERIC) };
    let batch = same(numeric, b"-12.34", &(-1234_i64).to_be_bytes());
    assert_eq!(batch.column(0).as_primitive::<Decimal128Type>().value(0), -1234);
    assert_eq!(batch.column(0).data_type(), &DataType::Decimal128(8, 2));
}

#[test]
fn dates_and_times_read_alike_in_text_and_binary() {
    let batch = same(text(DATE), b"2025-12-31", &9496_i32.to_be_bytes());
    assert_eq!(batch.column(0).as_primitive::<Date32Type>().value(0), 20_453);
    let batch = same(text(TIME), b"00:00:01.5", &1_500_000_i64.to_be_bytes());
    assert_eq!(batch.column(0).as_primitive::<Time64MicrosecondType>().value(0), 1_500_000);
    let wire = 0x0000_f196_b5e3_e5c0_i64.to_be_bytes();
    let batch = same(text(TIMESTAMP), b"2008-06-01 09:59:59", &wire);
    assert_eq!(batch.column(0).as_primitive::<TimestampMicrosecondType>().value(0), 1_212_314_399_000_000);
    let batch = same(text(TIMESTAMPTZ), b"2008-06-01 02:59:59-07", &wire);
    assert_eq!(batch.column(0).as_primitive::<TimestampMicrosecondType>().value(0), 1_212_314_399_000_000);
}

#[test]
fn strings_keep_their_bytes() {
    let value = "  héllo – 世界 🚀  ";
    for oid in [18, 19, 25, 705, CHAR, VARCHAR] {
        let batch = same(text(oid), value.as_bytes(), value.as_bytes());
        assert_eq!(batch.column(0).as_string::<i32>().value(0), value);
    }
    let batch = decode(text(VARCHAR), &[Some(b""), None]).unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "");
    assert!(batch.column(0).is_valid(0));
}

#[test]
fn unknown_types_are_text_but_never_guessed_from_binary() {
    let batch = decode(text(99_999), &[Some(b"{1,2}"), None]).unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "{1,2}");
    let error = decode(binary(99_999), &[Some(&[0, 1])]).unwrap_err();
    assert_eq!(error.sqlstate(), "22P03");
    assert!(
        error.to_string().contains("(OID 99999) in row 1: value 0x0001 (2 bytes) came in binary"),
        "{error}"
    );
}

#[test]
fn numeric_without_precision_keeps_its_text() {
    let batch = decode(text(NUMERIC), &[Some(b"1.500"), Some(b"NaN")]).unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "1.500");
    assert_eq!(decode(binary(NUMERIC), &[Some(&[0; 8])]).unwrap_err().sqlstate(), "22P03");
}

#[test]
fn varbyte_is_binary_data() {
    let batch = decode(text(VARBYTE), &[Some(b"00fFaB"), None, Some(b"")]).unwrap();
    let values = batch.column(0).as_binary::<i32>();
    assert_eq!((values.value(0), values.is_null(1), values.value(2)), (&[0, 0xff, 0xab][..], true, &[][..]));
    for cell in [&b"0"[..], b"0g", b"00zz", b"\\x00"] {
        assert_eq!(decode(text(VARBYTE), &[Some(b"01"), Some(cell)]).unwrap_err().sqlstate(), "22P02");
    }
}

#[test]
fn values_of_extreme_length_are_kept_whole() {
    let varbyte: Vec<u8> = (0..1_024_000_u32).map(|number| (number % 251) as u8).collect();
    let digits: String = varbyte.iter().map(|byte| format!("{byte:02X}")).collect();
    let batch = decode(text(VARBYTE), &[Some(digits.as_bytes())]).unwrap();
    assert_eq!(batch.column(0).as_binary::<i32>().value(0), varbyte);
    for (oid, length) in [(VARCHAR, 1 << 16), (SUPER, 16 << 20)] {
        let value = format!("[\"{}\"]", "é".repeat(length / 2));
        let batch = decode(text(oid), &[Some(b""), Some(value.as_bytes()), Some(b"x")]).unwrap();
        let values = batch.column(0).as_string::<i32>();
        assert!(values.value(1) == value && values.value(0).is_empty() && values.value(2) == "x");
    }
}

#[test]
fn super_is_json_as_it_comes() {
    let batch = decode(text(SUPER), &[Some(br#"{"a":[1,null]}"#), Some(b"null"), None]).unwrap();
    let values = batch.column(0).as_string::<i32>();
    assert_eq!((values.value(0), values.value(1), values.is_null(2)), (r#"{"a":[1,null]}"#, "null", true));
    assert_eq!(batch.schema().field(0).extension_type_name(), Some("arrow.json"));
    assert_eq!(decode(text(SUPER), &[Some(b"\"\xff\"")]).unwrap_err().sqlstate(), "22021");
    assert_eq!(decode(binary(SUPER), &[Some(b"1")]).unwrap_err().sqlstate(), "22P03");
}

#[test]
fn decimals_of_the_widest_types_read_alike() {
    for scale in [0, 1, 37, 38] {
        let numeric = ColumnSpec { type_modifier: (38 << 16 | scale) + 4, ..text(NUMERIC) };
        for unscaled in [10_i128.pow(38) - 1, 1 - 10_i128.pow(38), 1, -1, 0] {
            let width = usize::try_from(scale).unwrap();
            let digits = format!("{:0>1$}", unscaled.unsigned_abs(), width + 1);
            let (whole, fraction) = digits.split_at(digits.len() - width);
            let point = if scale > 0 { "." } else { "" };
            let printed = format!("{}{whole}{point}{fraction}", if unscaled < 0 { "-" } else { "" });
            let batch = same(numeric.clone(), printed.as_bytes(), &unscaled.to_be_bytes());
            assert_eq!(batch.column(0).as_primitive::<Decimal128Type>().value(0), unscaled, "{printed}");
        }
        assert_eq!(decode(numeric, &[Some(b"NaN")]).unwrap_err().sqlstate(), "22003");
    }
}

#[test]
fn intervals_read_alike_in_text_and_binary() {
    let value = |batch: &RecordBatch| {
        let value = batch.column(0).as_primitive::<IntervalMonthDayNanoType>().value(0);
        (value.months, value.days, value.nanoseconds)
    };
    let batch = same(text(INTERVAL_Y2M), b"-1 years -1 mons", &[0xff, 0xff, 0xff, 0xf3]);
    assert_eq!(value(&batch), (-13, 0, 0));
    let batch = same(text(INTERVAL_D2S), b"0 days 0 hours 0 mins -0.000001 secs", &[0xff; 8]);
    assert_eq!(value(&batch), (0, 0, -1000));
    let five_days = [0, 0, 0, 0x64, 0x95, 0x34, 0xe0, 0, 0, 0, 0, 1];
    assert_eq!(value(&same(text(INTERVAL), b"1 mon 5 days", &five_days)), (1, 5, 0));
    let postgres = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 1];
    assert_eq!(value(&same(text(INTERVAL), b"1 mon 5 days 00:00:00.000001", &postgres)), (1, 5, 1000));
    let error = decode(text(INTERVAL), &[Some(b"3000000:00:00")]).unwrap_err();
    assert_eq!(error.sqlstate(), "22015");
    assert_eq!(decode(text(INTERVAL_D2S), &[Some(b"soon")]).unwrap_err().sqlstate(), "22007");
    assert_eq!(decode(text(INTERVAL), &[Some(b"infinity")]).unwrap_err().sqlstate(), "22008");
}

#[test]
fn times_with_zone_read_alike_in_text_and_binary() {
    let wire = [0, 0, 0, 0x0a, 0x8b, 0xe6, 0x26, 0x14, 0, 0, 0x62, 0x70];
    let batch = same(text(TIMETZ), b"12:34:56.789012-07", &wire);
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "12:34:56.789012-07");
}

#[test]
fn geometries_lose_their_srid() {
    let point = b"0101000020E6100000000000000000F03F0000000000000040";
    let raw =
        [&[1, 1, 0, 0, 0x20, 0xe6, 0x10, 0, 0][..], &1_f64.to_le_bytes(), &2_f64.to_le_bytes()].concat();
    let iso = [&[1, 1, 0, 0, 0][..], &1_f64.to_le_bytes(), &2_f64.to_le_bytes()].concat();
    let batch = same(text(GEOGRAPHY), point, &raw);
    assert_eq!(batch.column(0).as_binary::<i32>().value(0), iso);
    for oid in [GEOMETRY, 3999] {
        let batch = decode(text(oid), &[Some(point), None, Some(&point.to_ascii_lowercase())]).unwrap();
        let values = batch.column(0).as_binary::<i32>();
        assert_eq!((values.value(0), values.is_null(1), values.value(2)), (&iso[..], true, &iso[..]));
        assert_eq!(decode(binary(oid), &[Some(&raw)]).unwrap_err().sqlstate(), "22P03");
    }
    let elsewhere = b"0101000020110F0000000000000000F03F0000000000000040";
    assert!(decode(text(GEOMETRY), &[Some(elsewhere)]).is_ok());
    let error = decode(text(GEOGRAPHY), &[Some(point), Some(elsewhere)]).unwrap_err();
    assert!(error.to_string().contains("in row 2: "), "{error}");
    for bad in [&b"01"[..], b"", b"zz", b"0101"] {
        assert_eq!(decode(text(GEOMETRY), &[Some(bad)]).unwrap_err().sqlstate(), "22P02");
    }
}

#[test]
fn opaque_types_keep_the_text_of_the_server() {
    for (oid, value) in [
        (24, "now"),
        (27, "(0,1)"),
        (702, "infinity"),
        (1033, "admin=arwdRxt/admin"),
        (2205, "pg_class"),
        (2935, r#"{"version":1,"logm":15,"sparse":{"idx":[1],"val":[2]}}"#),
        (4600, "u"),
    ] {
        let batch = decode(text(oid), &[Some(value.as_bytes())]).unwrap();
        assert_eq!(batch.column(0).as_string::<i32>().value(0), value);
    }
    let batch = decode(text(28), &[Some(b"4294967295")]).unwrap();
    assert_eq!(batch.column(0).as_primitive::<UInt32Type>().value(0), u32::MAX);
}

/// A binary array of one dimension.
fn array(element_oid: u32, elements: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = [1_u32, 1, element_oid, elements.len() as u32, 1].map(u32::to_be_bytes).concat();
    body.extend(&row(elements)[2..]);
    body
}

#[test]
fn arrays_read_alike_in_text_and_binary() {
    let numbers = array(INT4, &[Some(&[0, 0, 0, 1]), None, Some(&[0xff; 4])]);
    let batch = same(text(INT4_ARRAY), b"{1,NULL,-1}", &numbers);
    let list = batch.column(0).as_list::<i32>().value(0);
    assert_eq!(list.as_primitive::<Int32Type>().iter().collect::<Vec<_>>(), [Some(1), None, Some(-1)]);
    let batch = same(text(INT4_ARRAY), b"[0:2]={1,NULL,-1}", &numbers);
    assert_eq!(batch.column(0).as_list::<i32>().value(0).len(), 3);
    let words = array(VARCHAR, &[Some(b"a"), Some(b"b"), None, Some(b"q\"x"), Some(b"NULL"), Some(b"")]);
    let batch = same(text(VARCHAR_ARRAY), br#"{a,b,NULL,"q\"x","NULL",""}"#, &words);
    let list = batch.column(0).as_list::<i32>().value(0);
    let expected = [Some("a"), Some("b"), None, Some("q\"x"), Some("NULL"), Some("")];
    assert_eq!(list.as_string::<i32>().iter().collect::<Vec<_>>(), expected);
    for empty in [[0, 0, INT4].map(u32::to_be_bytes).concat(), array(INT4, &[])] {
        let batch = same(text(INT4_ARRAY), b"{}", &empty);
        assert!(batch.column(0).is_valid(0) && batch.column(0).as_list::<i32>().value(0).is_empty());
    }
    let items = array(1033, &[Some(b"admin=arwdRxt/admin"), Some(b"group \"a b\"=r/admin")]);
    assert!(items.starts_with(&[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 4, 9, 0, 0, 0, 2, 0, 0, 0, 1]));
    let batch = same(text(1034), br#"{admin=arwdRxt/admin,"group \"a b\"=r/admin"}"#, &items);
    assert_eq!(batch.column(0).as_list::<i32>().value(0).len(), 2);
}

#[test]
fn lists_of_many_rows_stay_apart() {
    let cells = [Some(&b"{1,2}"[..]), None, Some(b"{}"), Some(b"{NULL}"), Some(b"{3,4,5}")];
    let batch = decode(text(INT4_ARRAY), &cells).unwrap();
    let lists = batch.column(0).as_list::<i32>();
    assert_eq!(lists.value_offsets(), [0, 2, 2, 2, 3, 6]);
    assert_eq!((lists.null_count(), lists.is_null(1), lists.values().null_count()), (1, true, 1));
    let batch = decode(text(22), &[Some(b"1 -2 3"), Some(b""), None]).unwrap();
    let lists = batch.column(0).as_list::<i32>();
    assert_eq!((lists.value_offsets(), lists.is_null(2)), (&[0, 3, 3, 3][..], true));
    assert_eq!(lists.values().as_primitive::<Int16Type>().values(), &[1, -2, 3]);
    let batch = decode(text(1013), &[Some(br#"{"1 2","",NULL,"4294967295"}"#)]).unwrap();
    let inner = batch.column(0).as_list::<i32>().value(0);
    assert_eq!(inner.as_list::<i32>().value_offsets(), [0, 2, 2, 2, 3]);
    let numeric = ColumnSpec { type_modifier: NUMERIC_8_2, ..text(1231) };
    let batch = decode(numeric, &[Some(b"{12.34,-0.05}")]).unwrap();
    let list = batch.column(0).as_list::<i32>().value(0);
    assert_eq!(list.as_primitive::<Decimal128Type>().values(), &[1234, -5]);
}

#[test]
fn a_list_that_fails_leaves_no_trace() {
    let mut builder = builder(&[text(INT4_ARRAY), text(INT4)]);
    let _ = push(&mut builder, &row(&[Some(b"{1,NULL}"), Some(b"1")])).unwrap();
    for bad in [[Some(&b"{7,NULL,x}"[..]), Some(b"1")], [Some(b"{8,NULL,9}"), Some(b"x")]] {
        push(&mut builder, &row(&bad)).unwrap_err();
    }
    let _ = push(&mut builder, &row(&[Some(b"{2}"), Some(b"1")])).unwrap();
    let batch = builder.finish().unwrap();
    let lists = batch.column(0).as_list::<i32>();
    assert_eq!(lists.value_offsets(), [0, 2, 3]);
    let expected = [Some(1), None, Some(2)];
    assert_eq!(lists.values().as_primitive::<Int32Type>().iter().collect::<Vec<_>>(), expected);
}

#[test]
fn arrays_of_more_dimensions_or_other_text_are_errors() {
    let two = [2_u32, 0, INT4, 1, 1, 1, 1, 4, 0].map(u32::to_be_bytes).concat();
    assert_eq!(decode(binary(INT4_ARRAY), &[Some(&two)]).unwrap_err().sqlstate(), "0A000");
    for cell in ["{{1,2},{3,4}}", "[1:1][1:1]={{1}}", "{{}}"] {
        let error = decode(text(INT4_ARRAY), &[Some(cell.as_bytes())]).unwrap_err();
        assert_eq!(error.sqlstate(), "0A000", "{cell}");
        assert!(error.to_string().contains("more than one dimension"), "{error}");
    }
    for cell in [
        "", "{", "}", "1,2", "{1", "1}", "{1,}", "{,1}", "{1,,2}", "{\"1}", "{\"1\"2}", "{1}{", "{1 }",
        "[0:1]",
    ] {
        let error = decode(text(INT4_ARRAY), &[Some(cell.as_bytes())]).unwrap_err();
        assert_eq!(error.sqlstate(), "22P02", "{cell}");
    }
    let whole = array(INT4, &[Some(&[0, 0, 0, 1]), None]);
    for end in 0..whole.len() {
        assert_eq!(
            decode(binary(INT4_ARRAY), &[Some(&whole[..end])]).unwrap_err().sqlstate(),
            "22P03",
            "{end}"
        );
    }
    for wrong in [
        array(INT8, &[None]),
        array(INT4, &[Some(b"12345")]),
        [&whole[..], &[0]].concat(),
        [u32::MAX, 0, INT4].map(u32::to_be_bytes).concat(),
        [1, 0, INT4, u32::MAX, 1].map(u32::to_be_bytes).concat(),
        [1, 0, INT4, 1, 1, u32::MAX - 1].map(u32::to_be_bytes).concat(),
    ] {
        assert_eq!(decode(binary(INT4_ARRAY), &[Some(&wrong)]).unwrap_err().sqlstate(), "22P03", "{wrong:?}");
    }
}

#[test]
fn invalid_utf8_in_a_list_names_its_row() {
    let cells = [Some(&b"{a,b}"[..]), None, Some(b"{}"), Some(b"{c,\xff}"), Some(b"{d}")];
    let error = decode(text(VARCHAR_ARRAY), &cells).unwrap_err();
    assert_eq!(error.sqlstate(), "22021");
    assert!(error.to_string().contains(r#"in row 4: value "\xff""#), "{error}");
}

#[test]
fn nulls_fall_on_their_rows() {
    let mut builder = builder(&[text(INT4), text(VARCHAR), text(BOOL)]);
    for number in 0..100 {
        let digits = number.to_string();
        let digits = (number % 7 == 3).then_some(digits.as_bytes());
        let flag = (number != 99).then_some(&b"t"[..]);
        let _ = push(&mut builder, &row(&[digits, digits, flag])).unwrap();
    }
    let batch = builder.finish().unwrap();
    for number in 0..100 {
        for column in [0, 1] {
            assert_eq!(batch.column(column).is_valid(number), number % 7 == 3, "{number}");
        }
        assert_eq!(batch.column(2).is_valid(number), number != 99);
    }
    assert_eq!(batch.column(1).as_string::<i32>().value(94), "94");
}

#[test]
fn columns_without_null_have_no_validity() {
    let mut builder = builder(&[text(INT4)]);
    let _ = push(&mut builder, &row(&[None])).unwrap();
    assert_eq!(builder.finish().unwrap().column(0).null_count(), 1);
    let _ = push(&mut builder, &row(&[Some(b"1")])).unwrap();
    assert!(builder.finish().unwrap().column(0).nulls().is_none());
}

#[test]
fn batches_are_cut_by_rows() {
    let mut builder = BatchBuilder::new(&[text(INT4)], BatchLimits { rows: 2, bytes: usize::MAX });
    assert_eq!(push(&mut builder, &row(&[Some(b"1")])).unwrap(), ControlFlow::Continue(()));
    assert_eq!(push(&mut builder, &row(&[Some(b"2")])).unwrap(), ControlFlow::Break(()));
    assert_eq!(builder.rows(), 2);
    assert_eq!(builder.finish().unwrap().num_rows(), 2);
    assert_eq!(builder.rows(), 0);
    assert_eq!(push(&mut builder, &row(&[Some(b"3")])).unwrap(), ControlFlow::Continue(()));
    let batch = builder.finish().unwrap();
    assert_eq!(batch.column(0).as_primitive::<Int32Type>().values(), &[3]);
}

#[test]
fn batches_are_cut_by_bytes_and_hold_at_least_one_row() {
    let mut builder = BatchBuilder::new(&[text(VARCHAR)], BatchLimits { rows: usize::MAX, bytes: 100 });
    assert_eq!(push(&mut builder, &row(&[Some(&[b'x'; 90])])).unwrap(), ControlFlow::Continue(()));
    assert_eq!(push(&mut builder, &row(&[Some(&[b'x'; 2])])).unwrap(), ControlFlow::Break(()));
    assert_eq!(builder.finish().unwrap().num_rows(), 2);
    assert_eq!(push(&mut builder, &row(&[Some(&[b'x'; 5000])])).unwrap(), ControlFlow::Break(()));
    let mut nothing = BatchBuilder::new(&[text(VARCHAR)], BatchLimits { rows: 0, bytes: 0 });
    assert_eq!(push(&mut nothing, &row(&[None])).unwrap(), ControlFlow::Break(()));
    assert_eq!(nothing.finish().unwrap().num_rows(), 1);
}

#[test]
fn nulls_count_towards_the_bytes_of_a_batch() {
    let numeric = ColumnSpec { type_modifier: NUMERIC_8_2, ..text(NUMERIC) };
    let mut builder = BatchBuilder::new(&[numeric], BatchLimits { rows: usize::MAX, bytes: 32 });
    assert_eq!(push(&mut builder, &row(&[None])).unwrap(), ControlFlow::Continue(()));
    assert_eq!(push(&mut builder, &row(&[None])).unwrap(), ControlFlow::Break(()));
}

#[test]
fn no_rows_make_an_empty_batch_with_the_schema() {
    let mut builder = builder(&[text(INT4), text(VARCHAR), text(BOOL), text(VARBYTE)]);
    let batch = builder.finish().unwrap();
    assert_eq!((batch.num_rows(), batch.num_columns()), (0, 4));
    assert_eq!(&batch.schema(), builder.schema());
}

#[test]
fn rows_without_columns_are_counted() {
    let mut builder = builder(&[]);
    let _ = push(&mut builder, &[0, 0]).unwrap();
    let _ = push(&mut builder, &[0, 0]).unwrap();
    let batch = builder.finish().unwrap();
    assert_eq!((batch.num_rows(), batch.num_columns()), (2, 0));
}

#[test]
fn duplicate_and_empty_names_are_kept() {
    let column = ColumnSpec { name: String::new(), ..text(INT4) };
    let mut builder = builder(&[column.clone(), column, text(INT4), text(INT4)]);
    let _ = push(&mut builder, &row(&[Some(b"1"), Some(b"2"), Some(b"3"), None])).unwrap();
    let names: Vec<_> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["", "", "c", "c"]);
    assert_eq!(builder.finish().unwrap().num_rows(), 1);
}

#[test]
fn a_failed_row_leaves_no_trace() {
    let columns = [text(VARCHAR), text(INT4), text(BOOL), text(INT2)];
    let mut builder = builder(&columns);
    for _ in 0..9 {
        let _ = push(&mut builder, &row(&[Some(b"good"), Some(b"1"), Some(b"t"), Some(b"1")])).unwrap();
    }
    for bad in [[Some(&b"bad"[..]), Some(b"2"), Some(b"t"), Some(b"x")], [None, None, None, Some(b"x")]] {
        let error = push(&mut builder, &row(&bad)).unwrap_err();
        assert!(error.to_string().starts_with(r#"cannot read column 4 "c" (SMALLINT) in row 10: value "x""#));
    }
    let _ = push(&mut builder, &row(&[Some(b"last"), Some(b"3"), None, Some(b"3")])).unwrap();
    let batch = builder.finish().unwrap();
    assert_eq!(batch.num_rows(), 10);
    assert_eq!(batch.column(0).as_string::<i32>().value(9), "last");
    assert_eq!(batch.column(1).as_primitive::<Int32Type>().value(9), 3);
    assert_eq!(batch.columns().iter().map(|column| column.null_count()).collect::<Vec<_>>(), [0, 0, 1, 0]);
}

#[test]
fn row_numbers_count_through_the_result() {
    let mut builder = builder(&[text(INT4)]);
    for _ in 0..3 {
        let _ = push(&mut builder, &row(&[Some(b"1")])).unwrap();
        let _ = push(&mut builder, &row(&[Some(b"1")])).unwrap();
        builder.finish().unwrap();
    }
    let error = push(&mut builder, &row(&[Some(b"1.5")])).unwrap_err();
    assert!(error.to_string().contains("in row 7: "), "{error}");
}

#[test]
fn malformed_rows_are_protocol_violations() {
    let columns = [text(INT4), text(VARCHAR)];
    let whole = row(&[Some(b"1"), Some(b"abc")]);
    for end in 0..whole.len() {
        assert_eq!(push_error(&columns, &whole[..end]).sqlstate(), "08P01", "{end}");
    }
    for (body, expected) in [
        (row(&[Some(b"1")]), "field count 1 instead of 2"),
        (row(&[None, None, None]), "field count 3 instead of 2"),
        (vec![0xff, 0xff], "field count -1 instead of 2"),
        ([&whole[..], b"x"].concat(), "bytes left"),
        ([&[0, 2][..], &(-2_i32).to_be_bytes(), &[0; 4]].concat(), "negative field length"),
        ([&[0, 2][..], &i32::MAX.to_be_bytes(), &[b'1'; 4]].concat(), "ends before its last field"),
    ] {
        let error = push_error(&columns, &body);
        assert_eq!(error.sqlstate(), "08P01");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn binary_values_of_another_width_are_errors() {
    for oid in [BOOL, INT2, INT4, INT8, FLOAT4, FLOAT8, OID, DATE, TIME, TIMESTAMP, TIMESTAMPTZ] {
        for width in [0, 3, 5, 9, 16] {
            let error = push_error(&[binary(oid)], &row(&[Some(&vec![0; width])]));
            assert_eq!(error.sqlstate(), "22P03", "{oid} {width}");
        }
    }
}

#[test]
fn null_in_a_column_declared_not_null_is_an_error() {
    let column = ColumnSpec { nullable: false, ..text(INT4) };
    let error = push_error(&[column], &row(&[None]));
    assert_eq!(error.sqlstate(), "22004");
    assert!(error.to_string().contains("(INTEGER) in row 1: NULL in a column declared NOT NULL"), "{error}");
}

#[test]
fn invalid_utf8_names_its_row() {
    let error = decode(text(VARCHAR), &[Some("é".as_bytes()), None, Some(b"ab\xff")]).unwrap_err();
    assert_eq!(error.sqlstate(), "22021");
    assert!(error.to_string().contains(r#"in row 3: value "ab\xff" is not valid UTF-8"#), "{error}");
}

#[test]
fn characters_split_between_two_values_are_invalid() {
    let error = decode(text(VARCHAR), &[Some(b"x"), Some(b"\xc3"), Some(b"\xa9")]).unwrap_err();
    assert!(error.to_string().contains("in row 2: "), "{error}");
}

#[test]
fn a_batch_that_fails_leaves_an_empty_builder() {
    let mut builder = builder(&[text(VARCHAR), text(INT4)]);
    let _ = push(&mut builder, &row(&[Some(b"\xff"), None])).unwrap();
    builder.finish().unwrap_err();
    let _ = push(&mut builder, &row(&[Some(b"ok"), Some(b"1")])).unwrap();
    let batch = builder.finish().unwrap();
    assert_eq!(batch.num_rows(), 1);
    assert_eq!(batch.column(1).null_count(), 0);
}

/// The address and values of an integer column.
fn integers(batch: &RecordBatch) -> (*const i32, Vec<i32>) {
    let values = batch.column(0).as_primitive::<Int32Type>().values();
    (values.as_ptr(), values.to_vec())
}

/// A batch of one row: a number, and its digits as a string.
fn numbered(builder: &mut BatchBuilder, number: i32) -> RecordBatch {
    let digits = number.to_string();
    let _ = push(builder, &row(&[Some(digits.as_bytes()), Some(digits.as_bytes())])).unwrap();
    builder.finish().unwrap()
}

#[test]
fn memory_of_dropped_batches_is_used_again() {
    let mut builder = builder(&[text(INT4), text(VARCHAR)]);
    let (first, _) = integers(&numbered(&mut builder, 1));
    let (second, values) = integers(&numbered(&mut builder, 2));
    assert_eq!((second, values), (first, vec![2]));
}

#[test]
fn batches_in_use_are_never_overwritten() {
    let mut builder = builder(&[text(INT4), text(VARCHAR)]);
    let mut kept = Vec::new();
    for number in 0..20 {
        kept.push(numbered(&mut builder, number));
        if number % 5 == 3 {
            kept.remove(0);
        }
    }
    for batch in kept {
        let (_, values) = integers(&batch);
        assert_eq!(batch.column(1).as_string::<i32>().value(0), values[0].to_string());
    }
}

#[test]
fn arbitrary_bytes_never_panic() {
    let oids = (0..20_000).filter(|oid| sql_type(*oid, NO_MODIFIER) != format!("OID {oid}"));
    let numeric = ColumnSpec { type_modifier: NUMERIC_8_2, ..text(NUMERIC) };
    let columns = oids.flat_map(|oid| [text(oid), binary(oid)]);
    let columns: Vec<_> = columns.chain([numeric]).collect();
    let alphabet = b"0123456789-:. +BCtf\x00\xff\x7f\x80NaInity{},\"\\PTD";
    let mut state = 1_u32;
    let mut random = move |bound: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % bound
    };
    for column in &columns {
        let mut builder = builder(std::slice::from_ref(column));
        for _ in 0..500 {
            let cell: Vec<u8> = (0..random(24)).map(|_| alphabet[random(alphabet.len())]).collect();
            let mut body = row(&[Some(&cell)]);
            if random(4) == 0 {
                body.truncate(random(body.len()));
            }
            let rows = builder.rows();
            let pushed = push(&mut builder, &body).is_ok();
            assert_eq!(builder.rows(), rows + usize::from(pushed));
            if random(50) == 0 {
                let _ = builder.finish();
            }
        }
    }
}

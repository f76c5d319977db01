//! Parameters: one execution per bound row, every Arrow type, errors that name row and column.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adbc_core::error::{Error, Status};
use adbc_core::options::{OptionStatement, OptionValue};
use adbc_core::{Optionable as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedStatement};
use arrow_array::builder::{Int64Builder, MapBuilder, StringBuilder, StringDictionaryBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Float16Type, Int8Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Date64Array, Decimal32Array,
    Decimal64Array, Decimal128Array, Decimal256Array, DurationMicrosecondArray, DurationMillisecondArray,
    DurationNanosecondArray, DurationSecondArray, FixedSizeBinaryArray, FixedSizeListArray, Float16Array,
    Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, IntervalDayTimeArray,
    IntervalMonthDayNanoArray, IntervalYearMonthArray, LargeBinaryArray, LargeListArray, LargeStringArray,
    ListArray, NullArray, PrimitiveArray, RecordBatch, RecordBatchIterator, RecordBatchReader, RunArray,
    StringArray, StringViewArray, StructArray, Time32MillisecondArray, Time32SecondArray,
    Time64MicrosecondArray, Time64NanosecondArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::{IntervalDayTime, IntervalMonthDayNano, i256};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use redshift_sandbox::SandboxConfig;

use crate::support::{SANDBOX, connect, execute, query, sandbox, statement};

fn batch(columns: Vec<ArrayRef>) -> RecordBatch {
    let field =
        |(index, column): (usize, &ArrayRef)| Field::new(index.to_string(), column.data_type().clone(), true);
    let schema = Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn integers(values: impl IntoIterator<Item = i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(values))
}

fn bound(connection: &mut ManagedConnection, sql: &str, columns: Vec<ArrayRef>) -> ManagedStatement {
    let mut statement = statement(connection, sql);
    statement.bind(batch(columns)).unwrap();
    statement
}

fn ask(connection: &mut ManagedConnection, sql: &str, columns: Vec<ArrayRef>) -> Vec<RecordBatch> {
    let mut statement = bound(connection, sql, columns);
    let reader = statement.execute().unwrap_or_else(|error| panic!("{sql}: {error}"));
    reader.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn update(
    connection: &mut ManagedConnection,
    sql: &str,
    columns: Vec<ArrayRef>,
) -> Result<Option<i64>, Error> {
    bound(connection, sql, columns).execute_update()
}

fn count(connection: &mut ManagedConnection, table: &str) -> i64 {
    let (_, batches) = query(connection, &format!("SELECT count(*)::BIGINT FROM {table}"));
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// Sends the values to columns of a type and reads them back as text, the server's word for what it got.
#[track_caller]
fn check(sql_type: &str, values: impl Array + 'static, expected: &[Option<&str>]) {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "SET intervalstyle = 'postgres'");
    let values: ArrayRef = Arc::new(values);
    let answers = ask(&mut connection, &format!("SELECT ($1::{sql_type})::VARCHAR"), vec![values]);
    let answers: Vec<Option<String>> = answers
        .iter()
        .flat_map(|batch| {
            batch.column(0).as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
        })
        .collect();
    let expected: Vec<Option<String>> = expected.iter().map(|text| text.map(str::to_owned)).collect();
    assert_eq!(answers, expected, "{sql_type}");
}

#[test]
fn booleans_and_integers_of_every_width_keep_their_extremes() {
    check(
        "BOOLEAN",
        BooleanArray::from(vec![Some(true), Some(false), None]),
        &[Some("true"), Some("false"), None],
    );
    check("SMALLINT", Int8Array::from(vec![i8::MIN, i8::MAX]), &[Some("-128"), Some("127")]);
    check("SMALLINT", UInt8Array::from(vec![0, u8::MAX]), &[Some("0"), Some("255")]);
    check("SMALLINT", Int16Array::from(vec![Some(i16::MIN), None]), &[Some("-32768"), None]);
    check("INTEGER", UInt16Array::from(vec![u16::MAX]), &[Some("65535")]);
    check("INTEGER", Int32Array::from(vec![i32::MIN, i32::MAX]), &[Some("-2147483648"), Some("2147483647")]);
    check("BIGINT", UInt32Array::from(vec![u32::MAX]), &[Some("4294967295")]);
    check(
        "BIGINT",
        Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None]),
        &[Some("-9223372036854775808"), Some("9223372036854775807"), None],
    );
    check("NUMERIC(20,0)", UInt64Array::from(vec![0, u64::MAX]), &[Some("0"), Some("18446744073709551615")]);
}

fn half(value: f32) -> <Float16Type as ArrowPrimitiveType>::Native {
    <Float16Type as ArrowPrimitiveType>::Native::from_f32(value)
}

#[test]
fn floats_keep_every_bit() {
    check(
        "REAL",
        Float16Array::from_iter_values([half(65_504.0), half(f32::NEG_INFINITY)]),
        &[Some("65504"), Some("-Infinity")],
    );
    check("REAL", Float32Array::from(vec![f32::MIN, 0.1]), &[Some("-3.4028235e+38"), Some("0.1")]);
    check(
        "DOUBLE PRECISION",
        Float64Array::from(vec![Some(f64::MAX), Some(5e-324), Some(f64::NAN), None]),
        &[Some("1.7976931348623157e+308"), Some("5e-324"), Some("NaN"), None],
    );
}

#[test]
fn decimals_of_every_width_and_negative_scales_keep_every_digit() {
    let scaled = |values: Decimal128Array, precision, scale| {
        values.with_precision_and_scale(precision, scale).unwrap()
    };
    check(
        "NUMERIC",
        Decimal32Array::from(vec![-5]).with_precision_and_scale(9, 2).unwrap(),
        &[Some("-0.05")],
    );
    check(
        "NUMERIC",
        Decimal64Array::from(vec![1234]).with_precision_and_scale(18, 0).unwrap(),
        &[Some("1234")],
    );
    let largest = 10_i128.pow(38) - 1;
    check(
        "NUMERIC",
        scaled(Decimal128Array::from(vec![Some(largest), Some(-largest), Some(0), None]), 38, 37),
        &[
            Some("9.9999999999999999999999999999999999999"),
            Some("-9.9999999999999999999999999999999999999"),
            Some("0.0000000000000000000000000000000000000"),
            None,
        ],
    );
    check("NUMERIC", scaled(Decimal128Array::from(vec![-12]), 5, -3), &[Some("-12000")]);
    let wide =
        Decimal256Array::from(vec![i256::from_i128(-largest)]).with_precision_and_scale(76, 1).unwrap();
    check("NUMERIC", wide, &[Some("-9999999999999999999999999999999999999.9")]);
}

#[test]
fn text_and_binary_data_of_every_layout_arrive_whole() {
    let texts = [Some("täglich ✓ \\ ' \""), Some(""), None];
    check("VARCHAR", StringArray::from(texts.to_vec()), &texts);
    check("VARCHAR", LargeStringArray::from(texts.to_vec()), &texts);
    check("VARCHAR", StringViewArray::from(texts.to_vec()), &texts);
    let mut words = StringDictionaryBuilder::<Int8Type>::new();
    words.extend([Some("a"), None, Some("b"), Some("a")]);
    check("VARCHAR", words.finish(), &[Some("a"), None, Some("b"), Some("a")]);
    let ends = Int32Array::from(vec![2, 3]);
    let runs = RunArray::<Int32Type>::try_new(&ends, &StringArray::from(vec![Some("r"), None])).unwrap();
    check("VARCHAR", runs, &[Some("r"), Some("r"), None]);

    let bytes = [Some(&b"\0\xff\\x"[..]), Some(&b""[..]), None];
    let hex = [Some("\\x00ff5c78"), Some("\\x"), None];
    check("BYTEA", BinaryArray::from(bytes.to_vec()), &hex);
    check("BYTEA", LargeBinaryArray::from(bytes.to_vec()), &hex);
    check("BYTEA", BinaryViewArray::from(bytes.to_vec()), &hex);
    let fixed = FixedSizeBinaryArray::try_from_iter([[0_u8, 255]].into_iter()).unwrap();
    check("BYTEA", fixed, &[Some("\\x00ff")]);
    // Where no binary type is asked for, the digits of Redshift's VARBYTE.
    check("VARCHAR", BinaryArray::from(vec![&b"\0\xff"[..]]), &[Some("00ff")]);
}

#[test]
fn dates_and_times_of_every_unit() {
    check(
        "DATE",
        Date32Array::from(vec![Some(-719_162), Some(0), Some(2_932_896), Some(-719_528), None]),
        &[Some("0001-01-01"), Some("1970-01-01"), Some("9999-12-31"), Some("0001-01-01 BC"), None],
    );
    check("DATE", Date64Array::from(vec![86_400_000 * 365]), &[Some("1971-01-01")]);
    check("TIME", Time32SecondArray::from(vec![86_399]), &[Some("23:59:59")]);
    check("TIME", Time32MillisecondArray::from(vec![1]), &[Some("00:00:00.001")]);
    check("TIME", Time64MicrosecondArray::from(vec![86_399_999_999]), &[Some("23:59:59.999999")]);
    check("TIME", Time64NanosecondArray::from(vec![Some(1000), None]), &[Some("00:00:00.000001"), None]);
}

#[test]
fn timestamps_of_every_unit_with_and_without_zone() {
    let expected = [Some("2009-02-13 23:31:30"), Some("1969-12-31 23:59:59"), None];
    let values = |unit: i64| vec![Some(1_234_567_890 * unit), Some(-unit), None];
    check("TIMESTAMP", TimestampSecondArray::from(values(1)), &expected);
    check("TIMESTAMP", TimestampMillisecondArray::from(values(1000)), &expected);
    check("TIMESTAMP", TimestampMicrosecondArray::from(values(1_000_000)), &expected);
    check("TIMESTAMP", TimestampNanosecondArray::from(values(1_000_000_000)), &expected);
    let with_zone = [Some("2009-02-13 23:31:30+00"), Some("1969-12-31 23:59:59+00"), None];
    check("TIMESTAMPTZ", TimestampSecondArray::from(values(1)).with_timezone("UTC"), &with_zone);
    check(
        "TIMESTAMPTZ",
        TimestampNanosecondArray::from(values(1_000_000_000)).with_timezone("+05:30"),
        &with_zone,
    );
}

#[test]
fn durations_and_intervals() {
    check(
        "INTERVAL",
        DurationMillisecondArray::from(vec![90_061_001, -1]),
        &[Some("1 day 01:01:01.001"), Some("-00:00:00.001")],
    );
    check("INTERVAL", DurationSecondArray::from(vec![-1]), &[Some("-00:00:01")]);
    check("INTERVAL", DurationMicrosecondArray::from(vec![1]), &[Some("00:00:00.000001")]);
    check(
        "INTERVAL",
        DurationNanosecondArray::from(vec![Some(2000), None]),
        &[Some("00:00:00.000002"), None],
    );
    check(
        "INTERVAL",
        IntervalYearMonthArray::from(vec![Some(14), Some(0), None]),
        &[Some("1 year 2 mons"), Some("00:00:00"), None],
    );
    check(
        "INTERVAL",
        IntervalDayTimeArray::from(vec![IntervalDayTime::new(-3, 500)]),
        &[Some("-3 days +00:00:00.5")],
    );
    let mixed = IntervalMonthDayNano::new(1, -2, 3_000_000);
    check("INTERVAL", IntervalMonthDayNanoArray::from(vec![mixed]), &[Some("1 mon -2 days +00:00:00.003")]);
}

#[test]
fn nested_values_are_json_and_nulls_have_any_type() {
    let values = || [Some(vec![Some(1), None]), None];
    let lists = [Some("[1,null]"), None];
    check("VARCHAR", ListArray::from_iter_primitive::<Int64Type, _, _>(values()), &lists);
    check("VARCHAR", LargeListArray::from_iter_primitive::<Int64Type, _, _>(values()), &lists);
    check("VARCHAR", FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(values(), 2), &lists);
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("\"é\""), None]));
    let field = |name, data_type| Arc::new(Field::new(name, data_type, true));
    let rows = StructArray::from(vec![
        (field("n", DataType::Int32), integers([1, 2])),
        (field("t", DataType::Utf8), texts),
    ]);
    check("VARCHAR", rows, &[Some(r#"{"n":1,"t":"\"é\""}"#), Some(r#"{"n":2,"t":null}"#)]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("a");
    map.values().append_value(1);
    map.append(true).unwrap();
    map.append(false).unwrap();
    check("VARCHAR", map.finish(), &[Some(r#"{"a":1}"#), None]);
    check("INTEGER", NullArray::new(2), &[None, None]);
    check("DATE", NullArray::new(1), &[None]);
}

#[test]
fn untyped_text_takes_the_type_that_the_query_needs() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let text = |text| vec![Arc::new(StringArray::from(vec![text])) as ArrayRef];
    let answer = ask(
        &mut connection,
        "SELECT count(*)::BIGINT FROM generate_series(1, 5) AS i WHERE i > $1",
        text("3"),
    );
    assert_eq!(answer[0].column(0).as_primitive::<Int64Type>().value(0), 2);
    execute(&mut connection, "CREATE TEMP TABLE dated (day DATE)");
    assert_eq!(
        update(&mut connection, "INSERT INTO dated VALUES ($1)", text("2024-02-29")).unwrap(),
        Some(1)
    );
    // The type of a number is the number's.
    let answer = ask(&mut connection, "SELECT $1 + 1", vec![Arc::new(Float64Array::from(vec![1.5]))]);
    assert_eq!(answer[0].column(0).data_type(), &DataType::Float64);
}

#[test]
fn results_of_all_rows_follow_each_other_in_order() {
    for (autocommit, format) in [("true", "binary"), ("true", "text"), ("false", "binary")] {
        let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.format", format)]);
        connection.set_option("adbc.connection.autocommit".into(), autocommit.into()).unwrap();
        // More rows than one flight takes, some without a result, some with several rows.
        let sql = "SELECT $1 * 10 + i FROM generate_series(1, $1 % 3) AS i";
        let batches = ask(&mut connection, sql, vec![integers(0..1000)]);
        let found: Vec<i32> = batches
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<Int32Type>().values().to_vec())
            .collect();
        let expected: Vec<i32> = (0..1000).flat_map(|n| (1..=n % 3).map(move |i| n * 10 + i)).collect();
        assert_eq!(found, expected, "{autocommit} {format}");
        assert_eq!(batches.len(), 1, "rows of many executions share a batch");
    }
}

#[test]
fn a_bound_stream_is_read_batch_by_batch() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE streamed (i INTEGER)");
    let batches = [vec![], vec![1, 2], vec![], vec![3]].map(|values| Ok(batch(vec![integers(values)])));
    let schema = batch(vec![integers([])]).schema();
    let mut insert = statement(&mut connection, "INSERT INTO streamed VALUES ($1)");
    insert.bind_stream(Box::new(RecordBatchIterator::new(batches, Arc::clone(&schema)))).unwrap();
    assert_eq!(insert.execute_update().unwrap(), Some(3));
    assert_eq!(count(&mut connection, "streamed"), 3);

    let nothing: [Result<RecordBatch, ArrowError>; 0] = [];
    insert.bind_stream(Box::new(RecordBatchIterator::new(nothing, schema))).unwrap();
    assert_eq!(insert.execute_update().unwrap(), Some(0));
}

#[test]
fn no_bound_row_means_no_execution_and_a_schema_all_the_same() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let mut select = bound(&mut connection, "SELECT $1 AS n", vec![integers([])]);
    let mut reader = select.execute().unwrap();
    assert_eq!(reader.schema().field(0).name(), "n");
    assert!(reader.next().is_none());
}

#[test]
fn rows_affected_are_summed_over_all_rows() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE summed AS SELECT i FROM generate_series(1, 10) AS i");
    assert_eq!(
        update(&mut connection, "DELETE FROM summed WHERE i <= $1", vec![integers([3, 2, 5])]).unwrap(),
        Some(5)
    );
    assert_eq!(
        update(&mut connection, "INSERT INTO summed VALUES ($1)", vec![integers(0..5000)]).unwrap(),
        Some(5000)
    );
    assert_eq!(count(&mut connection, "summed"), 5005);
}

#[test]
fn an_executed_many_insert_is_sent_as_few_statements_of_many_rows() {
    let sandbox = sandbox(SandboxConfig::default());
    let mut connection = connect(&sandbox.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE few (a INTEGER, b INTEGER, c VARCHAR(9))");
    let columns =
        vec![integers(0..30_000), integers(0..30_000), Arc::new(StringArray::from(vec!["x"; 30_000])) as _];
    assert_eq!(
        update(&mut connection, "INSERT INTO few VALUES ($1, $2, $3)", columns).unwrap(),
        Some(30_000)
    );
    let binds = sandbox.sessions().last().unwrap().binds.clone();
    let parameters: Vec<usize> =
        binds.iter().map(|bind| bind.parameters).filter(|count| *count > 0).collect();
    assert!(parameters.iter().all(|count| *count <= 32_767), "{parameters:?}");
    assert_eq!(parameters.iter().sum::<usize>(), 90_000);
    assert_eq!(parameters.len(), 3, "{parameters:?}");
}

/// A build for AddressSanitizer computes slowly; one by one the executions would take 40 seconds.
const HURRIED: Duration = Duration::from_secs(if cfg!(asan) { 10 } else { 1 });

#[test]
fn a_thousand_inserts_over_a_slow_network_finish_within_a_second() {
    let slow = sandbox(SandboxConfig { latency: Duration::from_millis(20), ..SandboxConfig::default() });
    let mut connection = connect(&slow.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE hurried (i INTEGER)");
    // Not recognised as a plain INSERT, so that each row is an execution.
    for (sql, rows) in [("INSERT INTO hurried SELECT $1", 1000), ("INSERT INTO hurried VALUES ($1)", 1000)] {
        let mut insert = bound(&mut connection, sql, vec![integers(0..rows)]);
        let start = Instant::now();
        assert_eq!(insert.execute_update().unwrap(), Some(i64::from(rows)));
        let taken = start.elapsed();
        assert!(taken < HURRIED, "{sql}: {taken:?}");
    }
    let mut select = bound(&mut connection, "SELECT $1", vec![integers(0..1000)]);
    let start = Instant::now();
    assert_eq!(select.execute().unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 1000);
    let taken = start.elapsed();
    assert!(taken < HURRIED, "{taken:?}");
}

#[test]
fn outside_of_a_transaction_all_rows_are_executed_or_none() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE all_or_none (i INTEGER NOT NULL)");
    let rows = || vec![Arc::new(Int32Array::from(vec![Some(1), Some(2), None, Some(4)])) as ArrayRef];
    for (sql, place) in [
        ("INSERT INTO all_or_none SELECT $1", "row 3 of the bound data"),
        ("INSERT INTO all_or_none VALUES ($1)", "rows 1 to 4 of the bound data"),
    ] {
        let error = update(&mut connection, sql, rows()).unwrap_err();
        assert_eq!(error.status, Status::Integrity, "{error}");
        assert!(error.message.contains(place), "{error}");
        assert_eq!(count(&mut connection, "all_or_none"), 0);
    }
}

#[test]
fn inside_a_transaction_the_rows_belong_to_it() {
    let mut other = connect(&SANDBOX.uri(), &[]);
    execute(&mut other, "DROP TABLE IF EXISTS bound_inside");
    execute(&mut other, "CREATE TABLE bound_inside (i INTEGER)");
    let mut connection = connect(&SANDBOX.uri(), &[]);
    connection.set_option("adbc.connection.autocommit".into(), "false".into()).unwrap();
    update(&mut connection, "INSERT INTO bound_inside VALUES ($1)", vec![integers(0..10)]).unwrap();
    update(&mut connection, "INSERT INTO bound_inside SELECT $1", vec![integers(0..10)]).unwrap();
    assert_eq!(count(&mut other, "bound_inside"), 0);
    adbc_core::Connection::commit(&mut connection).unwrap();
    assert_eq!(count(&mut other, "bound_inside"), 20);
}

#[test]
fn many_results_dropped_half_read_leave_a_transaction_intact() {
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_rows", "10")]);
    connection.set_option("adbc.connection.autocommit".into(), "false".into()).unwrap();
    execute(&mut connection, "CREATE TEMP TABLE kept_bound (i INTEGER)");
    for rows in [1, 500] {
        let sql = "SELECT $1, repeat('x', 100) FROM generate_series(1, 1000)";
        let mut select = bound(&mut connection, sql, vec![integers(0..rows)]);
        let mut reader = select.execute().unwrap();
        reader.next().unwrap().unwrap();
        drop(reader);
        assert_eq!(execute(&mut connection, "INSERT INTO kept_bound VALUES (1)"), Some(1));
    }
    assert_eq!(count(&mut connection, "kept_bound"), 2);
}

#[test]
fn errors_of_one_execution_among_many_name_its_row() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let values: Vec<i32> = (0..300).map(|n| if n == 200 { 0 } else { 1 }).collect();
    let mut select = bound(&mut connection, "SELECT 1 / $1", vec![integers(values)]);
    let error = select.execute().unwrap().find_map(Result::err).unwrap().to_string();
    assert!(error.contains("row 201 of the bound data") && error.contains("22012"), "{error}");
    let error = update(&mut connection, "SELECT 1 / $1", vec![integers([1, 0])]).unwrap_err();
    assert!(error.message.contains("row 2 of the bound data"), "{error}");
    assert_eq!(count(&mut connection, "generate_series(1, 3)"), 3);
}

#[test]
fn values_that_cannot_be_sent_name_row_and_column_and_spare_the_transaction() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    connection.set_option("adbc.connection.autocommit".into(), "false".into()).unwrap();
    execute(&mut connection, "CREATE TEMP TABLE spared (a INTEGER, b VARCHAR(20))");
    let year_300000 = Date32Array::from(vec![Some(0), Some(108_853_221)]);
    let cases: Vec<(ArrayRef, &str, &str)> = vec![
        (Arc::new(StringArray::from(vec!["a", "b\0c"])), "NUL", "22021"),
        (Arc::new(year_300000), "294276", "22008"),
        (Arc::new(TimestampSecondArray::from(vec![0, i64::MAX])), "294276", "22008"),
        (Arc::new(TimestampNanosecondArray::from(vec![0, 1])), "microsecond", "22008"),
        (Arc::new(Time64NanosecondArray::from(vec![0, 1])), "microsecond", "22008"),
        (Arc::new(Decimal256Array::from(vec![i256::ZERO, i256::from_parts(0, 9)])), "38 digits", "22003"),
    ];
    for (values, word, sqlstate) in cases {
        let columns = vec![integers([1, 2]), values];
        let error =
            update(&mut connection, "INSERT INTO spared SELECT $1, $2::VARCHAR", columns).unwrap_err();
        assert_eq!(error.status, Status::InvalidData, "{error}");
        for word in [word, "column 2 \"1\"", "row 2"] {
            assert!(error.message.contains(word), "{word}: {error}");
        }
        let found: Vec<u8> = error.sqlstate.iter().map(|c| *c as u8).collect();
        assert_eq!(found, sqlstate.as_bytes());
    }
    // The rows before the refused one were executed; the transaction goes on.
    assert_eq!(count(&mut connection, "spared"), 6);
}

#[test]
fn a_value_too_large_for_its_column_is_the_servers_error() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE small (i SMALLINT, n NUMERIC(4,2), t VARCHAR(65535))");
    let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(65_536)]));
    let error = update(&mut connection, "INSERT INTO small (t) VALUES ($1)", vec![long]).unwrap_err();
    assert_eq!(error.status, Status::InvalidData, "{error}");
    let error =
        update(&mut connection, "INSERT INTO small (i) VALUES ($1)", vec![integers([1 << 20])]).unwrap_err();
    assert_eq!(error.status, Status::InvalidData, "{error}");
    let number = Decimal128Array::from(vec![1000]).with_precision_and_scale(4, 0).unwrap();
    let error =
        update(&mut connection, "INSERT INTO small (n) VALUES ($1)", vec![Arc::new(number)]).unwrap_err();
    assert_eq!(error.status, Status::InvalidData, "{error}");
    assert_eq!(count(&mut connection, "small"), 0);
}

#[test]
fn the_number_of_bound_columns_must_be_that_of_the_parameters() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    for (sql, columns) in [
        ("SELECT $1, $2", vec![integers([1])]),
        ("SELECT $1::INTEGER", vec![integers([1]), integers([1])]),
        ("SELECT 1", vec![integers([1])]),
    ] {
        let error = bound(&mut connection, sql, columns).execute().err().unwrap();
        assert_eq!(error.status, Status::InvalidArguments, "{sql}: {error}");
        assert!(error.message.contains("parameters"), "{error}");
    }
    let mut unbound = statement(&mut connection, "SELECT $1::INTEGER");
    for _ in 0..2 {
        let error = unbound.execute().err().unwrap();
        assert_eq!(error.status, Status::InvalidState, "{error}");
        assert!(error.message.contains("AdbcStatementBind"), "{error}");
        unbound.prepare().unwrap();
    }
    let mut empty = connection_statement(&mut connection);
    empty.bind(batch(vec![integers([1])])).unwrap();
    assert_eq!(empty.execute().err().unwrap().status, Status::InvalidState);
    assert_eq!(count(&mut connection, "generate_series(1, 3)"), 3);
}

fn connection_statement(connection: &mut ManagedConnection) -> ManagedStatement {
    adbc_core::Connection::new_statement(connection).unwrap()
}

#[test]
fn several_statements_in_one_text_are_refused_with_advice() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let sql = "SELECT $1; SELECT 2";
    let error = bound(&mut connection, sql, vec![integers([1])]).execute().err().unwrap();
    assert_eq!(error.status, Status::InvalidArguments, "{error}");
    assert!(error.message.contains("one statement at a time"), "{error}");
    assert_eq!(count(&mut connection, "generate_series(1, 3)"), 3);
}

#[test]
fn a_failing_bound_stream_undoes_what_it_inserted() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE undone_stream (i INTEGER)");
    let good = batch(vec![integers(0..10)]);
    let failure = ArrowError::ComputeError("the disk is on fire".into());
    let mut insert = statement(&mut connection, "INSERT INTO undone_stream VALUES ($1)");
    let batches = [Ok(good.clone()), Ok(good.clone()), Err(failure)];
    insert.bind_stream(Box::new(RecordBatchIterator::new(batches, good.schema()))).unwrap();
    let error = insert.execute_update().unwrap_err();
    assert!(error.message.contains("the disk is on fire"), "{error}");
    assert_eq!(count(&mut connection, "undone_stream"), 0);
}

#[test]
fn types_that_cannot_be_sent_are_named() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let children = vec![integers([1])];
    let fields = [(0, Arc::new(Field::new("a", DataType::Int32, true)))].into_iter().collect();
    let union = arrow_array::UnionArray::try_new(fields, vec![0].into(), None, children).unwrap();
    let error = bound(&mut connection, "SELECT $1", vec![Arc::new(union)]).execute().err().unwrap();
    assert_eq!(error.status, Status::NotImplemented, "{error}");
    assert!(error.message.contains("column 1") && error.message.contains("cast"), "{error}");
}

#[test]
fn parameters_have_no_names_to_be_bound_by() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let mut select = bound(&mut connection, "SELECT $1::INTEGER", vec![integers([7])]);
    let key = || OptionStatement::from("adbc.statement.bind_by_name");
    let error = select.set_option(key(), OptionValue::from("true")).unwrap_err();
    assert_eq!(error.status, Status::NotImplemented, "{error}");
    assert!(error.message.contains("$1, $2") && error.message.contains("order"), "{error}");
    select.set_option(key(), OptionValue::from("false")).unwrap();
    assert_eq!(select.get_option_string(key()).unwrap(), "false");
    assert_eq!(select.execute().unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 1);
}

#[test]
fn parameters_are_described_after_prepare() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE described (a SMALLINT, b NUMERIC(5,2), c TIMESTAMPTZ)");
    let mut insert = statement(&mut connection, "INSERT INTO described VALUES ($1, $2, $3)");
    assert_eq!(insert.get_parameter_schema().unwrap_err().status, Status::InvalidState);
    insert.prepare().unwrap();
    let schema = insert.get_parameter_schema().unwrap();
    let types: Vec<_> =
        schema.fields().iter().map(|field| field.metadata()["REDSHIFT:type"].as_str()).collect();
    assert_eq!(types, ["SMALLINT", "NUMERIC", "TIMESTAMPTZ"]);
    // Describing does not get in the way of other types, and preparing once serves many executions.
    for _ in 0..2 {
        insert
            .bind(batch(vec![
                integers([1]),
                Arc::new(Float64Array::from(vec![1.25])),
                Arc::new(StringArray::from(vec!["2024-02-29 12:00+02"])),
            ]))
            .unwrap();
        assert_eq!(insert.execute_update().unwrap(), Some(1));
    }
    assert_eq!(count(&mut connection, "described"), 2);
}

#[test]
fn the_schema_of_a_query_with_parameters_is_known_without_running_it() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let mut select = statement(&mut connection, "SELECT $1 AS n, 1 / 0 AS never");
    select.bind(batch(vec![Arc::new(Float64Array::from(vec![1.5]))])).unwrap();
    assert_eq!(select.execute_schema().unwrap().field(0).data_type(), &DataType::Float64);
    let mut prepared = statement(&mut connection, "SELECT $1::BIGINT AS n");
    prepared.prepare().unwrap();
    assert_eq!(prepared.execute_schema().unwrap().field(0).data_type(), &DataType::Int64);
}

#[test]
fn odd_schemas_survive_the_driver_manager() {
    // A sliced batch, and a decimal whose type the server must not round.
    let numbers =
        Decimal128Array::from((0..10).collect::<Vec<i128>>()).with_precision_and_scale(10, 4).unwrap();
    let sliced = batch(vec![Arc::new(numbers), integers(0..10)]).slice(7, 2);
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let mut select = statement(&mut connection, "SELECT $1::NUMERIC(10,4), $2");
    select.bind(sliced).unwrap();
    let batches = select.execute().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let values = batches[0].column(0).as_primitive::<Decimal128Type>().values().to_vec();
    assert_eq!((values, batches[0].num_rows()), (vec![7, 8], 2));
}

#[test]
fn an_interval_comes_back_as_it_went() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let values =
        vec![IntervalMonthDayNano::new(-13, 40, 3_600_000_001_000), IntervalMonthDayNano::new(0, 0, 0)];
    let sent = PrimitiveArray::<IntervalMonthDayNanoType>::from(values.clone());
    let batches = ask(&mut connection, "SELECT $1::INTERVAL", vec![Arc::new(sent)]);
    assert_eq!(batches[0].column(0).as_primitive::<IntervalMonthDayNanoType>().values().to_vec(), values);
}

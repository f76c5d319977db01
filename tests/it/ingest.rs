//! Bulk ingest: modes, names, types, and that a failure leaves nothing behind.

use std::collections::HashMap;
use std::sync::Arc;

use adbc_core::error::{Error, Status};
use adbc_core::options::{OptionStatement, OptionValue};
use adbc_core::{Connection as _, Optionable as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedStatement};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type, IntervalMonthDayNanoType, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DurationNanosecondArray,
    Float64Array, Int8Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, IntervalYearMonthArray,
    ListArray, RecordBatch, RecordBatchIterator, StringArray, StringViewArray, Time64NanosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_buffer::IntervalMonthDayNano;
use arrow_schema::{ArrowError, DataType, Field, Schema};

use crate::support::{SANDBOX, connect, execute, query, statement};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .unwrap()
}

fn numbers(values: std::ops::Range<i32>) -> RecordBatch {
    batch(vec![("n", Arc::new(Int32Array::from_iter_values(values)))])
}

fn target(connection: &mut ManagedConnection, table: &str, mode: &str) -> ManagedStatement {
    let mut statement = connection.new_statement().unwrap();
    set(&mut statement, "adbc.ingest.target_table", table);
    set(&mut statement, "adbc.ingest.mode", &format!("adbc.ingest.mode.{mode}"));
    statement
}

fn set(statement: &mut ManagedStatement, key: &str, value: &str) {
    statement.set_option(OptionStatement::from(key), OptionValue::from(value)).unwrap();
}

fn ingest(
    connection: &mut ManagedConnection,
    table: &str,
    mode: &str,
    data: RecordBatch,
) -> Result<Option<i64>, Error> {
    let mut statement = target(connection, table, mode);
    statement.bind(data)?;
    statement.execute_update()
}

fn count(connection: &mut ManagedConnection, table: &str) -> i64 {
    let (_, batches) = query(connection, &format!("SELECT count(*)::BIGINT FROM {table}"));
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

fn fresh(name: &str) -> ManagedConnection {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, &format!("DROP TABLE IF EXISTS {name}"));
    connection
}

#[test]
fn each_mode_does_what_it_says_to_the_table() {
    let mut connection = fresh("modes");
    let error = ingest(&mut connection, "modes", "append", numbers(0..1)).unwrap_err();
    assert_eq!(error.status, Status::NotFound, "{error}");
    assert_eq!(ingest(&mut connection, "modes", "create", numbers(0..10)).unwrap(), Some(10));
    let error = ingest(&mut connection, "modes", "create", numbers(0..10)).unwrap_err();
    assert_eq!(error.status, Status::AlreadyExists, "{error}");
    assert_eq!(ingest(&mut connection, "modes", "append", numbers(0..5)).unwrap(), Some(5));
    assert_eq!(ingest(&mut connection, "modes", "create_append", numbers(0..5)).unwrap(), Some(5));
    assert_eq!(count(&mut connection, "modes"), 20);
    assert_eq!(ingest(&mut connection, "modes", "replace", numbers(0..3)).unwrap(), Some(3));
    assert_eq!(count(&mut connection, "modes"), 3);
    execute(&mut connection, "DROP TABLE modes");
    assert_eq!(ingest(&mut connection, "modes", "create_append", numbers(0..4)).unwrap(), Some(4));
    execute(&mut connection, "DROP TABLE modes");
    assert_eq!(ingest(&mut connection, "modes", "replace", numbers(0..0)).unwrap(), Some(0));
    assert_eq!(count(&mut connection, "modes"), 0);
}

#[test]
fn columns_are_matched_by_name_and_others_are_left_to_the_server() {
    let mut connection = fresh("by_name");
    execute(
        &mut connection,
        "CREATE TABLE by_name (id BIGINT IDENTITY(10, 5), a VARCHAR(9) DEFAULT 'dflt', n BIGINT, b VARCHAR(9))",
    );
    let data = batch(vec![
        ("b", Arc::new(StringArray::from(vec!["x"]))),
        ("n", Arc::new(Int32Array::from(vec![7]))),
    ]);
    for _ in 0..2 {
        assert_eq!(ingest(&mut connection, "by_name", "append", data.clone()).unwrap(), Some(1));
    }
    let shown =
        "SELECT id::VARCHAR || ' ' || a || ' ' || n::VARCHAR || ' ' || b FROM by_name ORDER BY id DESC";
    let (_, rows) = query(&mut connection, shown);
    assert_eq!(rows[0].column(0).as_string::<i32>().value(0), "15 dflt 7 x");
}

#[test]
fn a_table_with_other_columns_is_named_and_left_alone() {
    let mut connection = fresh("other_columns");
    execute(&mut connection, "CREATE TABLE other_columns (n DATE)");
    let unknown = batch(vec![("m", Arc::new(Int32Array::from(vec![7])))]);
    for mode in ["append", "create_append"] {
        for data in [unknown.clone(), numbers(0..10)] {
            let error = ingest(&mut connection, "other_columns", mode, data).unwrap_err();
            assert_eq!(error.status, Status::AlreadyExists, "{error}");
            assert!(error.message.contains("other_columns") && error.message.contains("by name"), "{error}");
        }
    }
    assert_eq!(count(&mut connection, "other_columns"), 0);
}

#[test]
fn types_come_back_as_they_went() {
    let mut connection = fresh("typed");
    let decimals = Decimal128Array::from(vec![Some(-5), None]).with_precision_and_scale(10, 2).unwrap();
    let thousands = Decimal128Array::from(vec![Some(-12), None]).with_precision_and_scale(5, -3).unwrap();
    let data = batch(vec![
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("tiny", Arc::new(Int8Array::from(vec![Some(i8::MIN), None]))),
        ("big", Arc::new(Int64Array::from(vec![Some(i64::MIN), None]))),
        ("unsigned", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
        ("real", Arc::new(Float64Array::from(vec![Some(0.1), None]))),
        ("amount", Arc::new(decimals)),
        ("thousands", Arc::new(thousands)),
        ("text", Arc::new(StringViewArray::from(vec![Some("täglich ✓"), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(-719_528), None]))),
        ("clock", Arc::new(Time64NanosecondArray::from(vec![Some(86_399_999_999_000), None]))),
        ("stamp", Arc::new(TimestampMillisecondArray::from(vec![Some(-1), None]))),
        ("instant", Arc::new(TimestampNanosecondArray::from(vec![Some(1000), None]).with_timezone("UTC"))),
    ]);
    assert_eq!(ingest(&mut connection, "typed", "create", data).unwrap(), Some(2));
    let (schema, batches) = query(&mut connection, "SELECT * FROM typed ORDER BY big NULLS LAST");
    let types: Vec<_> =
        schema.fields().iter().map(|field| field.metadata()["REDSHIFT:type"].as_str()).collect();
    assert_eq!(
        types,
        [
            "BOOLEAN",
            "SMALLINT",
            "BIGINT",
            "NUMERIC(20,0)",
            "DOUBLE PRECISION",
            "NUMERIC(10,2)",
            "NUMERIC(8,0)",
            "VARCHAR(65535)",
            "DATE",
            "TIME",
            "TIMESTAMP",
            "TIMESTAMPTZ"
        ]
    );
    let row = &batches[0];
    assert!(row.columns().iter().all(|column| column.null_count() == 1));
    assert_eq!(row.column(3).as_primitive::<Decimal128Type>().value(0), i128::from(u64::MAX));
    assert_eq!(row.column(5).as_primitive::<Decimal128Type>().value(0), -5);
    assert_eq!(row.column(6).as_primitive::<Decimal128Type>().value(0), -12_000);
    assert_eq!(row.column(7).as_string::<i32>().value(0), "täglich ✓");
    assert_eq!(row.column(10).as_primitive::<TimestampMicrosecondType>().value(0), -1000);
    assert_eq!(row.column(11).as_primitive::<TimestampMicrosecondType>().value(0), 1);
}

#[test]
fn binary_and_nested_data_reach_a_postgresql_server() {
    let uri = SANDBOX.postgres_uri();
    let mut connection = connect(&uri, &[("adbc.redshift.tls.mode", "disable")]);
    execute(&mut connection, "DROP TABLE IF EXISTS blobs");
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None])]);
    let data = batch(vec![
        ("bytes", Arc::new(BinaryArray::from(vec![&b"\0\xff\\x\0"[..]]))),
        ("list", Arc::new(lists)),
    ]);
    assert_eq!(ingest(&mut connection, "blobs", "create", data).unwrap(), Some(1));
    let (_, rows) = query(&mut connection, "SELECT bytes, list FROM blobs");
    assert_eq!(rows[0].column(0).as_binary::<i32>().value(0), b"\0\xff\\x\0");
    assert_eq!(rows[0].column(1).as_string::<i32>().value(0), "[1,null]");
}

#[test]
fn binary_and_nested_data_become_varbyte_and_super() {
    let mut connection = fresh("own_types");
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), None]);
    let bytes = vec![Some(&b"\0\xff\\x\0"[..]), None];
    let data = batch(vec![("bytes", Arc::new(BinaryArray::from(bytes))), ("list", Arc::new(lists))]);
    for mode in ["create", "append"] {
        assert_eq!(ingest(&mut connection, "own_types", mode, data.clone()).unwrap(), Some(2));
    }
    let (schema, rows) = query(&mut connection, "SELECT bytes, list FROM own_types ORDER BY bytes");
    let types: Vec<_> =
        schema.fields().iter().map(|field| field.metadata()["REDSHIFT:type"].as_str()).collect();
    assert_eq!(types, ["VARBYTE(1024000)", "SUPER"]);
    assert_eq!(rows[0].column(0).as_binary::<i32>().value(0), b"\0\xff\\x\0");
    assert_eq!(rows[0].column(1).as_string::<i32>().value(0), "[1,null]");
    assert_eq!((rows[0].column(0).null_count(), rows[0].column(1).null_count()), (2, 2));
}

#[test]
fn durations_and_months_have_columns_of_their_own_kinds() {
    let mut connection = fresh("spans");
    let spans = |months| {
        batch(vec![
            ("lasts", Arc::new(DurationNanosecondArray::from(vec![90_061_000_001_000])) as ArrayRef),
            ("every", Arc::new(IntervalYearMonthArray::from(vec![14]))),
            (
                "mixed",
                Arc::new(IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(months, 1, 0)])),
            ),
        ])
    };
    assert_eq!(ingest(&mut connection, "spans", "create", spans(0)).unwrap(), Some(1));
    let (schema, rows) = query(&mut connection, "SELECT * FROM spans");
    let types: Vec<_> =
        schema.fields().iter().map(|field| field.metadata()["REDSHIFT:type"].as_str()).collect();
    assert_eq!(types, ["INTERVAL DAY TO SECOND", "INTERVAL YEAR TO MONTH", "INTERVAL DAY TO SECOND"]);
    let value = |index| rows[0].column(index).as_primitive::<IntervalMonthDayNanoType>().value(0);
    assert_eq!(value(0), IntervalMonthDayNano::new(0, 1, 3_661_000_001_000));
    assert_eq!(value(1), IntervalMonthDayNano::new(14, 0, 0));
    let error = ingest(&mut connection, "spans", "append", spans(1)).unwrap_err();
    assert_eq!(error.status, Status::InvalidData, "{error}");
    assert!(error.message.contains("column 3") && error.message.contains("two columns"), "{error}");
}

#[test]
fn fields_that_are_not_nullable_become_not_null() {
    let mut connection = fresh("strict");
    let schema = Schema::new(vec![Field::new("n", DataType::Int32, false)]);
    let data = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int32Array::from(vec![1]))]).unwrap();
    ingest(&mut connection, "strict", "create", data).unwrap();
    let error = statement(&mut connection, "INSERT INTO strict VALUES (NULL)").execute_update().unwrap_err();
    assert_eq!(error.status, Status::Integrity, "{error}");
}

#[test]
fn names_may_hold_anything() {
    let mut connection = fresh("\"a \"\"b\"\"-.c\"");
    let data = batch(vec![("x \"y\" $1 {}", Arc::new(Int32Array::from(vec![1, 2])))]);
    assert_eq!(ingest(&mut connection, "a \"b\"-.c", "create", data).unwrap(), Some(2));
    assert_eq!(count(&mut connection, "\"a \"\"b\"\"-.c\""), 2);
}

#[test]
fn a_schema_and_the_own_catalog_are_honoured() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "DROP SCHEMA IF EXISTS elsewhere CASCADE");
    execute(&mut connection, "CREATE SCHEMA elsewhere");
    let catalog = SANDBOX.database().to_owned();
    for (mode, keys) in [
        ("create", vec![("adbc.ingest.target_db_schema", "elsewhere")]),
        (
            "append",
            vec![("adbc.ingest.target_db_schema", "elsewhere"), ("adbc.ingest.target_catalog", &catalog)],
        ),
    ] {
        let mut statement = target(&mut connection, "placed", mode);
        keys.iter().for_each(|(key, value)| set(&mut statement, key, value));
        statement.bind(numbers(0..2)).unwrap();
        assert_eq!(statement.execute_update().unwrap(), Some(2));
    }
    assert_eq!(count(&mut connection, "elsewhere.placed"), 4);
}

#[test]
fn temporary_and_permanent_tables_of_a_name_are_told_apart() {
    let mut connection = fresh("twice");
    ingest(&mut connection, "twice", "create", numbers(0..10)).unwrap();
    for (mode, rows) in [("create", 1), ("append", 2), ("replace", 3), ("create_append", 4)] {
        let mut temporary = target(&mut connection, "twice", mode);
        set(&mut temporary, "adbc.ingest.temporary", "true");
        temporary.bind(numbers(0..rows)).unwrap();
        assert_eq!(temporary.execute_update().unwrap(), Some(rows.into()), "{mode}");
    }
    assert_eq!(count(&mut connection, "twice"), 7, "the temporary table goes first");
    assert_eq!(count(&mut connection, "public.twice"), 10);
    ingest(&mut connection, "twice", "append", numbers(0..5)).unwrap();
    assert_eq!(count(&mut connection, "public.twice"), 15);
    ingest(&mut connection, "twice", "replace", numbers(0..1)).unwrap();
    assert_eq!((count(&mut connection, "twice"), count(&mut connection, "public.twice")), (7, 1));

    let mut missing = target(&mut connection, "never_made", "append");
    set(&mut missing, "adbc.ingest.temporary", "true");
    missing.bind(numbers(0..1)).unwrap();
    assert_eq!(missing.execute_update().unwrap_err().status, Status::NotFound);
}

#[test]
fn a_temporary_table_has_no_schema() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    for key in ["adbc.ingest.target_db_schema", "adbc.ingest.target_catalog"] {
        let mut statement = target(&mut connection, "exclusive", "create");
        set(&mut statement, "adbc.ingest.temporary", "true");
        set(&mut statement, key, "public");
        statement.bind(numbers(0..1)).unwrap();
        assert_eq!(statement.execute_update().unwrap_err().status, Status::InvalidState);
    }
}

#[test]
fn the_statement_serves_queries_before_and_after() {
    let mut connection = fresh("reused");
    let mut statement = target(&mut connection, "reused", "create");
    assert_eq!(statement.execute_update().unwrap_err().status, Status::InvalidState, "nothing is bound");
    statement.bind(numbers(0..3)).unwrap();
    assert_eq!(statement.execute_update().unwrap(), Some(3));
    statement.set_sql_query("SELECT count(*)::BIGINT FROM reused").unwrap();
    let batches = statement.execute().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), 3);
}

#[test]
fn many_batches_and_many_columns_are_one_table() {
    let mut connection = fresh("wide");
    let column = |index: i32| Arc::new(Int32Array::from_iter_values(index..index + 1000)) as ArrayRef;
    let names: Vec<String> = (0..100).map(|index| format!("c{index}")).collect();
    let wide = batch(names.iter().zip(0..).map(|(name, index)| (name.as_str(), column(index))).collect());
    let mut statement = target(&mut connection, "wide", "create");
    let batches = [Ok(wide.clone()), Ok(wide.slice(0, 0)), Ok(wide.slice(990, 10))];
    statement.bind_stream(Box::new(RecordBatchIterator::new(batches, wide.schema()))).unwrap();
    assert_eq!(statement.execute_update().unwrap(), Some(1010));
    let (_, rows) = query(&mut connection, "SELECT sum(c99)::BIGINT FROM wide");
    assert_eq!(
        rows[0].column(0).as_primitive::<Int64Type>().value(0),
        (99..1099).sum::<i64>() + (1089..1099).sum::<i64>()
    );
}

#[test]
fn long_values_are_split_over_statements_below_their_limit() {
    let mut connection = fresh("long_values");
    let text = "x".repeat(65_535);
    let data = batch(vec![("t", Arc::new(StringArray::from(vec![text.as_str(); 500])))]);
    assert_eq!(ingest(&mut connection, "long_values", "create", data).unwrap(), Some(500));
    let (_, rows) = query(&mut connection, "SELECT sum(length(t))::BIGINT FROM long_values");
    assert_eq!(rows[0].column(0).as_primitive::<Int64Type>().value(0), 500 * 65_535);
}

#[test]
fn a_failure_leaves_nothing_half_written() {
    let mut connection = fresh("half");
    let too_long = batch(vec![("t", Arc::new(StringArray::from(vec!["a".to_owned(), "é".repeat(32_768)])))]);
    let error = ingest(&mut connection, "half", "create", too_long.clone()).unwrap_err();
    assert_eq!(error.status, Status::InvalidData, "{error}");
    for word in ["65535 bytes", "row 2", "column 1 \"t\""] {
        assert!(error.message.contains(word), "{word}: {error}");
    }
    let missing = statement(&mut connection, "SELECT * FROM half").execute().err().unwrap();
    assert_eq!(missing.status, Status::NotFound, "the table was not made");

    // The table that was there is there still.
    ingest(&mut connection, "half", "create", numbers(0..5)).unwrap();
    ingest(&mut connection, "half", "replace", too_long).unwrap_err();
    assert_eq!(count(&mut connection, "half"), 5);

    let failure = ArrowError::ComputeError("the disk is on fire".into());
    let mut append = target(&mut connection, "half", "append");
    let batches = [Ok(numbers(0..40_000)), Err(failure)];
    append.bind_stream(Box::new(RecordBatchIterator::new(batches, numbers(0..0).schema()))).unwrap();
    assert!(append.execute_update().unwrap_err().message.contains("the disk is on fire"));
    assert_eq!(count(&mut connection, "half"), 5);
}

#[test]
fn an_integer_that_its_column_does_not_hold_is_named_before_it_is_sent() {
    let mut connection = fresh("narrow");
    execute(&mut connection, "CREATE TABLE narrow (n SMALLINT, m INTEGER)");
    let (small, middle) = (i64::from(i16::MAX), i64::from(i32::MAX));
    for (row, words) in [
        ([small + 1, 0], ["column 1 \"n\"", "row 3", "-32768 to 32767"]),
        ([0, -middle - 2], ["column 2 \"m\"", "row 3", "-2147483648 to 2147483647"]),
    ] {
        let column = |at: usize, edge: i64| {
            Arc::new(Int64Array::from(vec![Some(edge), None, Some(row[at])])) as ArrayRef
        };
        let data = batch(vec![("n", column(0, -small - 1)), ("m", column(1, middle))]);
        let error = ingest(&mut connection, "narrow", "append", data.clone()).unwrap_err();
        assert_eq!(error.status, Status::InvalidData, "{error}");
        assert_eq!(error.sqlstate.map(|letter| letter as u8), *b"22003");
        for word in words {
            assert!(error.message.contains(word), "{word}: {error}");
        }
        assert_eq!(ingest(&mut connection, "narrow", "append", data.slice(0, 2)).unwrap(), Some(2));
    }
    let narrow = batch(vec![("n", Arc::new(Int32Array::from(vec![1 << 15])) as ArrayRef)]);
    let error = ingest(&mut connection, "narrow", "append", narrow).unwrap_err();
    assert!(error.message.contains("row 1"), "{error}");
    assert_eq!(count(&mut connection, "narrow"), 4);
}

#[test]
fn without_a_transaction_of_its_own_what_came_before_a_failure_stays() {
    let mut connection = fresh("stays");
    let mut statement = target(&mut connection, "stays", "create");
    set(&mut statement, "adbc.redshift.ingest.transaction", "false");
    let failure = ArrowError::ComputeError("the disk is on fire".into());
    let batches = [Ok(numbers(0..10)), Err(failure)];
    statement.bind_stream(Box::new(RecordBatchIterator::new(batches, numbers(0..0).schema()))).unwrap();
    statement.execute_update().unwrap_err();
    assert_eq!(count(&mut connection, "stays"), 10);
}

#[test]
fn inside_a_transaction_an_ingest_belongs_to_it() {
    let mut other = fresh("inside");
    let mut connection = connect(&SANDBOX.uri(), &[]);
    connection.set_option("adbc.connection.autocommit".into(), "false".into()).unwrap();
    ingest(&mut connection, "inside", "create", numbers(0..10)).unwrap();
    connection.rollback().unwrap();
    assert!(statement(&mut other, "SELECT * FROM inside").execute().is_err());
    ingest(&mut connection, "inside", "create", numbers(0..10)).unwrap();
    connection.commit().unwrap();
    assert_eq!(count(&mut other, "inside"), 10);
}

#[test]
fn distribution_and_sort_keys_are_the_callers() {
    let mut connection = fresh("placed_by_key");
    let data = || {
        let days = Date32Array::from_iter_values(0..100);
        let numbers = Int32Array::from_iter_values(0..100);
        batch(vec![("day, \"x\"", Arc::new(days)), ("n", Arc::new(numbers))])
    };
    for (mode, sort_key) in [("create", "n"), ("replace", r#"["day, \"x\"", "n"]"#), ("append", "n")] {
        let mut statement = target(&mut connection, "placed_by_key", mode);
        set(&mut statement, "adbc.redshift.ingest.dist_key", "n");
        set(&mut statement, "adbc.redshift.ingest.sort_key", sort_key);
        statement.bind(data()).unwrap();
        assert_eq!(statement.execute_update().unwrap(), Some(100), "{mode}");
    }
    let (schema, rows) = query(&mut connection, "SELECT * FROM placed_by_key ORDER BY n");
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["day, \"x\"", "n"]);
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 200);
}

fn extended(name: &str, data_type: DataType, extension: &str, metadata: &str) -> Field {
    Field::new(name, data_type, true).with_metadata(HashMap::from([
        ("ARROW:extension:name".to_owned(), extension.to_owned()),
        ("ARROW:extension:metadata".to_owned(), metadata.to_owned()),
    ]))
}

/// Little-endian WKB.
fn point(x: f64, y: f64) -> Vec<u8> {
    [&[1_u8, 1, 0, 0, 0][..], &x.to_le_bytes(), &y.to_le_bytes()].concat()
}

#[test]
fn geometry_and_json_have_columns_of_their_own_types() {
    let mut connection = fresh("places");
    let fields = vec![
        extended("place", DataType::Binary, "geoarrow.wkb", "{}"),
        extended("globe", DataType::Binary, "geoarrow.wkb", r#"{"edges": "spherical"}"#),
        extended("document", DataType::Utf8, "arrow.json", ""),
    ];
    let (there, around) = (point(1.0, -2.5), point(180.0, 0.0));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(BinaryArray::from(vec![Some(there.as_slice()), None])),
        Arc::new(BinaryArray::from(vec![Some(around.as_slice()), None])),
        Arc::new(StringArray::from(vec![Some(r#"{"a":[1,null]}"#), None])),
    ];
    let data = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    assert_eq!(ingest(&mut connection, "places", "create", data).unwrap(), Some(2));

    let (schema, rows) = query(&mut connection, "SELECT * FROM places ORDER BY place IS NULL");
    let metadata = |key: &str| -> Vec<_> {
        schema.fields().iter().map(|field| field.metadata()[key].as_str()).collect()
    };
    assert_eq!(metadata("REDSHIFT:type"), ["GEOMETRY", "GEOGRAPHY", "SUPER"]);
    assert_eq!(metadata("ARROW:extension:name"), ["geoarrow.wkb", "geoarrow.wkb", "arrow.json"]);
    assert!(rows[0].columns().iter().all(|column| column.is_null(1)));
    assert_eq!(rows[0].column(0).as_binary::<i32>().value(0), there);
    assert_eq!(rows[0].column(1).as_binary::<i32>().value(0), around);
    assert_eq!(rows[0].column(2).as_string::<i32>().value(0), r#"{"a":[1,null]}"#);
    let (_, kinds) =
        query(&mut connection, "SELECT JSON_TYPEOF(document) FROM places WHERE place IS NOT NULL");
    assert_eq!(kinds[0].column(0).as_string::<i32>().value(0), "object", "and not the text as a string");

    // Their texts fill the same columns.
    let text = extended("place", DataType::Utf8, "geoarrow.wkt", "{}");
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["POINT (3 4)"]));
    let data = RecordBatch::try_new(Arc::new(Schema::new(vec![text])), vec![texts]).unwrap();
    assert_eq!(ingest(&mut connection, "places", "append", data).unwrap(), Some(1));
    let (_, rows) =
        query(&mut connection, "SELECT place FROM places WHERE globe IS NULL AND place IS NOT NULL");
    assert_eq!(rows[0].column(0).as_binary::<i32>().value(0), point(3.0, 4.0));
}

#[test]
fn lengths_and_types_of_new_columns_are_the_callers() {
    let mut connection = fresh("sized");
    let texts = || Arc::new(StringArray::from(vec!["é", "abc"])) as ArrayRef;
    for (key, value, expected) in [
        ("adbc.redshift.ingest.varchar_length", "100", "VARCHAR(100)"),
        ("adbc.redshift.ingest.varchar_length", "measured", "VARCHAR(3)"),
        ("adbc.redshift.ingest.column_types", r#"{"t": "CHAR(8)"}"#, "CHAR(8)"),
    ] {
        let mut statement = target(&mut connection, "sized", "replace");
        set(&mut statement, key, value);
        statement.bind(batch(vec![("t", texts())])).unwrap();
        assert_eq!(statement.execute_update().unwrap(), Some(2));
        let (schema, _) = query(&mut connection, "SELECT t FROM sized");
        assert_eq!(schema.field(0).metadata()["REDSHIFT:type"], expected);
    }
    for (key, value) in [
        ("adbc.redshift.ingest.varchar_length", "70000"),
        ("adbc.redshift.ingest.column_types", r#"{"t": "INT); DROP TABLE sized"}"#),
        ("adbc.redshift.ingest.column_types", r#"{"unknown": "INT"}"#),
        ("adbc.redshift.ingest.dist_key", "unknown"),
    ] {
        let mut statement = target(&mut connection, "sized", "replace");
        set(&mut statement, key, value);
        statement.bind(batch(vec![("t", texts())])).unwrap();
        let error = statement.execute_update().unwrap_err();
        assert_eq!(error.status, Status::InvalidArguments, "{value}: {error}");
    }
    assert_eq!(count(&mut connection, "sized"), 2);
}

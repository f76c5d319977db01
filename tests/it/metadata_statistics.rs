//! GetStatistics and GetStatisticNames against what the tables hold.

use std::collections::BTreeMap;

use adbc_core::Connection as _;
use adbc_core::schemas::{GET_STATISTIC_NAMES_SCHEMA, GET_STATISTICS_SCHEMA};
use adbc_driver_manager::ManagedConnection;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int16Type, Int64Type};
use arrow_array::{Array, RecordBatchReader as _};

use crate::support::{SANDBOX, connect, execute, query};

const BYTE_WIDTH: i16 = 0;
const DISTINCT_COUNT: i16 = 1;
const NULL_COUNT: i16 = 5;
const ROW_COUNT: i16 = 6;
const SIZE_BYTES: i16 = 1024;

/// Value and whether it is approximate, by table, column and key.
type Statistics = BTreeMap<(String, Option<String>, i16), (f64, bool)>;

fn statistics(connection: &ManagedConnection, filters: [Option<&str>; 3], approximate: bool) -> Statistics {
    let [catalog, db_schema, table] = filters;
    let reader = connection.get_statistics(catalog, db_schema, table, approximate).unwrap();
    assert_eq!(reader.schema(), *GET_STATISTICS_SCHEMA);
    let mut found = Statistics::new();
    for batch in reader {
        let batch = batch.unwrap();
        let schemas = batch.column(1).as_list::<i32>().values().as_struct().clone();
        let rows = schemas.column(1).as_list::<i32>().values().as_struct().clone();
        let [tables, columns] = [0, 1].map(|at| rows.column(at).as_string::<i32>());
        let keys = rows.column(2).as_primitive::<Int16Type>();
        let values = rows.column(3).as_union();
        let approximate = rows.column(4).as_boolean();
        for row in 0..rows.len() {
            let value = values.value(row);
            let value = match values.type_id(row) {
                0 => value.as_primitive::<Int64Type>().value(0) as f64,
                2 => value.as_primitive::<Float64Type>().value(0),
                other => panic!("type id {other}"),
            };
            let column = columns.is_valid(row).then(|| columns.value(row).to_owned());
            let key = (tables.value(row).to_owned(), column, keys.value(row));
            assert!(found.insert(key, (value, approximate.value(row))).is_none(), "twice");
        }
    }
    found
}

/// A schema with a table of 1,000 rows, of which a quarter has no label and each label comes ten times or more.
fn analysed(schema: &str) -> ManagedConnection {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    for statement in [
        format!("DROP SCHEMA IF EXISTS {schema} CASCADE"),
        format!("CREATE SCHEMA {schema}"),
        format!("CREATE TABLE {schema}.filled (id int, label varchar(20))"),
        format!("CREATE TABLE {schema}.bare (id int)"),
        format!("CREATE VIEW {schema}.seen AS SELECT 1 AS a"),
        format!(
            "INSERT INTO {schema}.filled SELECT i, CASE WHEN i % 4 = 0 THEN NULL ELSE 'label ' || i % 50 END \
             FROM generate_series(1, 1000) AS i"
        ),
        format!("ANALYZE {schema}.filled"),
    ] {
        execute(&mut connection, &statement);
    }
    connection
}

fn key(table: &str, column: Option<&str>, key: i16) -> (String, Option<String>, i16) {
    (table.to_owned(), column.map(str::to_owned), key)
}

#[test]
fn estimates_after_analyze_agree_with_the_rows() {
    let mut connection = analysed("estimated");
    let found = statistics(&connection, [Some("dev"), Some("estimated"), None], true);
    let (_, batches) = query(&mut connection, "SELECT count(*)::bigint FROM estimated.filled");
    let count = batches[0].column(0).as_primitive::<Int64Type>().value(0) as f64;
    assert_eq!(found[&key("filled", None, ROW_COUNT)], (count, true));
    assert_eq!(found[&key("filled", Some("label"), NULL_COUNT)], (250.0, true));
    assert_eq!(found[&key("filled", Some("id"), NULL_COUNT)], (0.0, true));
    assert_eq!(found[&key("filled", Some("id"), DISTINCT_COUNT)], (1000.0, true));
    let (distinct, _) = found[&key("filled", Some("label"), DISTINCT_COUNT)];
    assert!((30.0..=50.0).contains(&distinct), "{distinct}");
    assert_eq!(found[&key("filled", Some("id"), BYTE_WIDTH)], (4.0, true));
    assert_eq!(found[&key("filled", None, SIZE_BYTES)], (1_048_576.0, true));
    assert!(found.keys().all(|(table, ..)| table == "filled"), "never analysed, or a view: {found:?}");
}

#[test]
fn exact_row_counts_are_counted() {
    let mut connection = analysed("counted");
    execute(&mut connection, "DELETE FROM counted.filled WHERE id > 600");
    let exact = statistics(&connection, [None, Some("counted"), None], false);
    assert_eq!(exact[&key("filled", None, ROW_COUNT)], (600.0, false));
    assert_eq!(exact[&key("bare", None, ROW_COUNT)], (0.0, false));
    let estimated = statistics(&connection, [None, Some("counted"), None], true);
    assert_eq!(estimated[&key("filled", None, ROW_COUNT)], (1000.0, true));
}

#[test]
fn more_tables_than_one_statement_counts_are_counted() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "DROP SCHEMA IF EXISTS counted_many CASCADE");
    execute(&mut connection, "CREATE SCHEMA counted_many");
    let fill = "DO $$ BEGIN FOR i IN 1..205 LOOP \
                EXECUTE format('CREATE TABLE counted_many.\"t %s\" AS SELECT generate_series(1, %s) AS a', i, i); \
                END LOOP; END $$";
    execute(&mut connection, fill);
    let found = statistics(&connection, [None, Some("counted_many"), None], false);
    for table in 1..=205 {
        assert_eq!(found[&key(&format!("t {table}"), None, ROW_COUNT)], (f64::from(table), false));
    }
}

#[test]
fn filters_are_patterns_and_other_databases_are_skipped() {
    let connection = analysed("filtered");
    let of = |filters| statistics(&connection, filters, true);
    assert!(!of([Some("d%"), Some("filter_d"), Some("fil%")]).is_empty());
    for filters in [
        [Some("sales_share"), None, None],
        [Some(""), None, None],
        [None, Some(""), None],
        [None, Some("filtered"), Some("no such table")],
        [None, Some("filtered"), Some("fill\\ed")],
    ] {
        assert!(of(filters).is_empty(), "{filters:?}");
    }
    assert!(of([None, Some("filtere_"), None]).contains_key(&key("filled", None, ROW_COUNT)));
}

#[test]
fn a_user_without_the_systems_views_gets_the_planners_rows() {
    let mut connection = analysed("unprivileged");
    for statement in [
        "DROP ROLE IF EXISTS statistics_reader",
        "CREATE ROLE statistics_reader",
        "GRANT statistics_reader TO awsuser",
        "SET ROLE statistics_reader",
    ] {
        execute(&mut connection, statement);
    }
    let found = statistics(&connection, [None, Some("unprivileged"), None], true);
    assert_eq!(found[&key("filled", None, ROW_COUNT)], (1000.0, true));
    assert!(!found.contains_key(&key("filled", None, SIZE_BYTES)));
    // It may not read the table either, so that counting leaves the estimate.
    let found = statistics(&connection, [None, Some("unprivileged"), None], false);
    assert_eq!(found[&key("filled", None, ROW_COUNT)], (1000.0, true));
}

#[test]
fn own_statistics_have_names() {
    let connection = connect(&SANDBOX.uri(), &[]);
    let reader = connection.get_statistic_names().unwrap();
    assert_eq!(reader.schema(), *GET_STATISTIC_NAMES_SCHEMA);
    let batch = reader.into_iter().next().unwrap().unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "redshift.size_bytes");
    assert_eq!(batch.column(1).as_primitive::<Int16Type>().value(0), SIZE_BYTES);
}

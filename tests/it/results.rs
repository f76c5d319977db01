//! How results live together: batches, a second statement, early drops, re-execution, errors half way.

use adbc_core::Statement as _;
use adbc_core::error::Status;
use adbc_core::options::{OptionStatement, OptionValue};
use arrow_array::RecordBatchReader;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;

use crate::support::{SANDBOX, connect, execute, query, statement};

/// A million rows of about 1 KiB: far more than any socket buffer holds.
const LARGE: &str =
    "SELECT i::BIGINT AS i, repeat('x', 1000)::VARCHAR(1000) AS pad FROM generate_series(1, 1000000) AS i";

#[test]
fn batches_are_cut_by_rows() {
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_rows", "1000")]);
    let (_, batches) = query(&mut connection, "SELECT i FROM generate_series(1, 2500) AS i");
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).collect::<Vec<_>>(), [1000, 1000, 500]);
}

#[test]
fn batches_are_cut_by_bytes_and_hold_at_least_one_row() {
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_bytes", "1024")]);
    let (_, batches) = query(&mut connection, "SELECT repeat('x', 5000) FROM generate_series(1, 3)");
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn an_empty_result_has_a_schema_and_no_batch() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let (schema, batches) = query(&mut connection, "SELECT 1::INTEGER AS one WHERE false");
    assert_eq!(schema.field(0).name(), "one");
    assert!(batches.is_empty());
}

#[test]
fn a_second_statement_runs_while_a_result_is_open_and_both_are_complete() {
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_rows", "100")]);
    let mut first = statement(&mut connection, "SELECT i::BIGINT FROM generate_series(1, 50000) AS i");
    let mut rows = first.execute().unwrap();
    let mut sum: i64 = sum_of(&rows.next().unwrap().unwrap());
    let (_, other) = query(&mut connection, "SELECT 7::BIGINT");
    assert_eq!(sum_of(&other[0]), 7);
    for batch in rows {
        sum += sum_of(&batch.unwrap());
    }
    assert_eq!(sum, 50_000 * 50_001 / 2);
}

fn sum_of(batch: &arrow_array::RecordBatch) -> i64 {
    batch.column(0).as_primitive::<Int64Type>().values().iter().sum()
}

#[test]
fn a_second_statement_fails_itself_when_the_open_result_does_not_fit_its_buffer() {
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_rows", "10")]);
    let mut first = statement(&mut connection, LARGE);
    let mut rows = first.execute().unwrap();
    let mut sum = sum_of(&rows.next().unwrap().unwrap());

    let mut second = statement(&mut connection, "SELECT 1::BIGINT");
    let bound = OptionStatement::from("adbc.redshift.result.buffer_bytes");
    adbc_core::Optionable::set_option(&mut second, bound, OptionValue::Int(1_000_000)).unwrap();
    let error = second.execute().err().expect("one of the two must wait");
    assert_eq!(error.status, Status::InvalidState, "{error}");
    assert!(
        error.message.contains("adbc.redshift.result.buffer_bytes") || error.message.contains("buffer"),
        "{error}"
    );

    for batch in rows.by_ref().take(99_999) {
        sum += sum_of(&batch.unwrap());
    }
    assert!(rows.next().is_none());
    assert_eq!(sum, 1_000_000 * 1_000_001 / 2, "the open result lost rows");
    assert_eq!(sum_of(&query(&mut connection, "SELECT 2::BIGINT").1[0]), 2);
}

#[test]
fn dropping_a_large_unread_result_leaves_the_connection_usable_at_once() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    for _ in 0..5 {
        let mut first = statement(&mut connection, LARGE);
        let mut rows = first.execute().unwrap();
        rows.next().unwrap().unwrap();
        drop(rows);
        assert_eq!(sum_of(&query(&mut connection, "SELECT 3::BIGINT").1[0]), 3);
    }
}

#[test]
fn executing_a_statement_again_ends_its_earlier_result() {
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_rows", "10")]);
    let mut again = statement(&mut connection, "SELECT i::BIGINT FROM generate_series(1, 100000) AS i");
    let mut earlier = again.execute().unwrap();
    earlier.next().unwrap().unwrap();
    let later = again.execute().unwrap();
    let error = earlier.next().unwrap().unwrap_err();
    assert!(error.to_string().contains("executed again"), "{error}");
    assert!(earlier.next().unwrap().is_err(), "a result that ended early never looks complete");
    assert_eq!(later.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 100_000);
}

#[test]
fn a_prepared_statement_runs_many_times_and_sees_new_data() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE grows (i BIGINT)");
    let mut prepared = statement(&mut connection, "SELECT i FROM grows");
    prepared.prepare().unwrap();
    for rows in 1..=3 {
        assert_eq!(execute(&mut connection, "INSERT INTO grows VALUES (1)"), Some(1));
        let count: usize = prepared.execute().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
        assert_eq!(count, rows);
    }
}

#[test]
fn an_error_after_some_rows_carries_its_text_and_sqlstate() {
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_rows", "10")]);
    let mut failing =
        statement(&mut connection, "SELECT (1 / (5000 - i))::BIGINT FROM generate_series(1, 10000) AS i");
    let mut rows = failing.execute().unwrap();
    let error = rows.find_map(Result::err).expect("the division fails");
    let text = error.to_string();
    assert!(text.contains("division by zero") && text.contains("22012"), "{text}");
    assert!(rows.next().unwrap().is_err(), "a broken result never looks complete");
    drop(rows);
    assert_eq!(sum_of(&query(&mut connection, "SELECT 4::BIGINT").1[0]), 4);
}

#[test]
fn the_schema_is_known_without_running_the_query() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let sql = "SELECT 1::INTEGER AS i, 'x'::VARCHAR(5) AS s, 1.5::NUMERIC(5,2) AS n";
    let described = statement(&mut connection, sql).execute_schema().unwrap();
    let (schema, _) = query(&mut connection, sql);
    assert_eq!(described, *schema);
    let nothing =
        statement(&mut connection, "CREATE TEMP TABLE never_made (i INTEGER)").execute_schema().unwrap();
    assert!(nothing.fields().is_empty());
    let error = statement(&mut connection, "SELECT * FROM never_made").execute().err().unwrap();
    assert_eq!(error.status, Status::NotFound);
}

#[test]
fn a_result_outlives_its_statement_and_its_connection() {
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_rows", "100")]);
    let mut short_lived = statement(&mut connection, "SELECT i::BIGINT FROM generate_series(1, 10000) AS i");
    let rows = short_lived.execute().unwrap();
    drop(short_lived);
    drop(connection);
    assert_eq!(rows.schema().fields().len(), 1);
    assert_eq!(rows.map(|batch| sum_of(&batch.unwrap())).sum::<i64>(), 10_000 * 10_001 / 2);
}

//! Autocommit off, commit and rollback, with results read in part.

use adbc_core::Connection as _;
use adbc_core::error::Status;
use adbc_core::options::{OptionConnection, OptionValue};
use adbc_core::{Optionable as _, Statement as _};
use adbc_driver_manager::ManagedConnection;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;

use crate::support::{SANDBOX, connect, execute, query, statement};

fn manual_commit() -> ManagedConnection {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    set_autocommit(&mut connection, "false");
    connection
}

fn set_autocommit(connection: &mut ManagedConnection, value: &str) {
    connection.set_option(OptionConnection::AutoCommit, OptionValue::from(value)).unwrap();
}

fn count(connection: &mut ManagedConnection, table: &str) -> i64 {
    let (_, batches) = query(connection, &format!("SELECT count(*)::BIGINT FROM {table}"));
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// A table of its own, dropped with the guard, and a second connection to look at it.
fn table(name: &str) -> ManagedConnection {
    let mut other = connect(&SANDBOX.uri(), &[]);
    execute(&mut other, &format!("DROP TABLE IF EXISTS {name}"));
    execute(&mut other, &format!("CREATE TABLE {name} (i BIGINT)"));
    other
}

#[test]
fn others_see_an_insert_only_after_the_commit() {
    let mut other = table("seen_after_commit");
    let mut connection = manual_commit();
    assert_eq!(execute(&mut connection, "INSERT INTO seen_after_commit VALUES (1), (2)"), Some(2));
    assert_eq!(count(&mut other, "seen_after_commit"), 0);
    connection.commit().unwrap();
    assert_eq!(count(&mut other, "seen_after_commit"), 2);
}

#[test]
fn a_rollback_undoes_the_insert() {
    let mut other = table("undone");
    let mut connection = manual_commit();
    execute(&mut connection, "INSERT INTO undone VALUES (1)");
    connection.rollback().unwrap();
    connection.commit().unwrap();
    assert_eq!(count(&mut other, "undone"), 0);
}

#[test]
fn a_large_result_read_in_part_and_dropped_does_not_lose_the_insert() {
    let mut other = table("kept");
    let mut connection = manual_commit();
    execute(&mut connection, "INSERT INTO kept VALUES (1)");
    let large = "SELECT i::BIGINT, repeat('x', 1000) FROM generate_series(1, 3000000) AS i";
    let mut select = statement(&mut connection, large);
    let mut rows = select.execute().unwrap();
    rows.next().unwrap().unwrap();
    drop(rows);
    connection.commit().unwrap();
    assert_eq!(count(&mut other, "kept"), 1);
}

#[test]
fn a_result_spans_many_fetches_inside_a_transaction() {
    let mut connection = manual_commit();
    let (_, batches) = query(&mut connection, "SELECT i::BIGINT FROM generate_series(1, 100000) AS i");
    let sum: i64 =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).sum();
    assert_eq!(sum, 100_000 * 100_001 / 2);
}

#[test]
fn turning_autocommit_on_commits() {
    let mut other = table("committed_by_autocommit");
    let mut connection = manual_commit();
    execute(&mut connection, "INSERT INTO committed_by_autocommit VALUES (1)");
    set_autocommit(&mut connection, "true");
    assert_eq!(count(&mut other, "committed_by_autocommit"), 1);
}

#[test]
fn commit_and_rollback_need_autocommit_off() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    for error in [connection.commit().unwrap_err(), connection.rollback().unwrap_err()] {
        assert_eq!(error.status, Status::InvalidState);
        assert!(error.message.contains("adbc.connection.autocommit"), "{}", error.message);
    }
}

#[test]
fn committing_a_failed_transaction_says_that_nothing_was_committed() {
    let mut other = table("doomed");
    let mut connection = manual_commit();
    execute(&mut connection, "INSERT INTO doomed VALUES (1)");
    statement(&mut connection, "SELECT 1 / 0").execute_update().unwrap_err();
    let error = statement(&mut connection, "SELECT 1").execute_update().unwrap_err();
    assert_eq!(error.status, Status::InvalidState, "{error}");
    let error = connection.commit().unwrap_err();
    assert!(error.message.contains("nothing was committed"), "{error}");
    assert_eq!(count(&mut other, "doomed"), 0);
    execute(&mut connection, "INSERT INTO doomed VALUES (2)");
    connection.commit().unwrap();
    assert_eq!(count(&mut other, "doomed"), 1);
}

//! What options make of a session: time limits, read-only mode, isolation level, query group and query id; and cancelling
//! from another thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adbc_core::error::{Error, Status};
use adbc_core::options::{IsolationLevel, OptionConnection, OptionDatabase, OptionStatement, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Optionable as _, Statement as _};
use adbc_driver_manager::ManagedConnection;
use adbc_driver_redshift::adbc;
use arrow_array::cast::AsArray;

use crate::support::{SANDBOX, connect, driver, execute, query, statement, try_connect};

const QUERY_TIMEOUT: &str = "adbc.redshift.result.query_timeout_seconds";
const QUERY_GROUP: &str = "adbc.redshift.session.query_group";
const QUERY_ID: &str = "adbc.redshift.statement.query_id";

fn connect_with(options: &[(&str, &str)]) -> Result<ManagedConnection, Error> {
    let database = driver()
        .new_database_with_opts([(OptionDatabase::Uri, OptionValue::from(SANDBOX.uri().as_str()))])
        .unwrap();
    let options =
        options.iter().map(|(key, value)| (OptionConnection::from(*key), OptionValue::from(*value)));
    database.new_connection_with_opts(options)
}

fn set(connection: &mut ManagedConnection, key: &str, value: &str) -> Result<(), Error> {
    connection.set_option(OptionConnection::from(key), OptionValue::from(value))
}

fn read(connection: &ManagedConnection, key: &str) -> Result<String, Error> {
    connection.get_option_string(OptionConnection::from(key))
}

fn text(connection: &mut ManagedConnection, sql: &str) -> String {
    let (_, batches) = query(connection, sql);
    batches[0].column(0).as_string::<i32>().value(0).to_owned()
}

fn detail(error: &Error, key: &str) -> Option<String> {
    let found = error.details.iter().flatten().find(|(name, _)| name == key)?;
    Some(String::from_utf8(found.1.clone()).unwrap())
}

#[test]
fn a_query_over_its_time_is_cancelled_and_the_connection_goes_on() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let mut slow = statement(&mut connection, "SELECT pg_sleep(60)");
    slow.set_option(OptionStatement::from(QUERY_TIMEOUT), OptionValue::Int(1)).unwrap();
    let started = Instant::now();
    let error = slow.execute().err().expect("it takes too long");
    assert_eq!(error.status, Status::Timeout, "{error}");
    assert!(error.message.contains(QUERY_TIMEOUT), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(text(&mut connection, "SELECT 'alive'::VARCHAR(9)"), "alive");
    assert_eq!(execute(&mut connection, "SELECT 1"), None, "the limit was the other statement's");
}

#[test]
fn the_time_of_a_query_ends_with_its_last_row() {
    let mut connection = connect_with(&[(QUERY_TIMEOUT, "1")]).unwrap();
    let rows = "SELECT i::BIGINT, repeat('x', 1000), pg_sleep(0.01) FROM generate_series(1, 6000) AS i";
    let mut slow = statement(&mut connection, rows);
    slow.set_option(OptionStatement::from("adbc.redshift.result.batch_rows"), OptionValue::Int(10)).unwrap();
    let outcome: Result<Vec<_>, _> = slow.execute().unwrap().collect();
    assert!(outcome.unwrap_err().to_string().contains("query_timeout_seconds"));
    assert_eq!(text(&mut connection, "SELECT 'alive'::VARCHAR(9)"), "alive");
}

#[test]
fn an_unused_connection_closes_and_says_why() {
    let mut other = connect(&SANDBOX.uri(), &[]);
    let options = [
        ("adbc.redshift.session.idle_timeout_seconds", "1"),
        ("adbc.redshift.session.application_name", "idler"),
    ];
    let mut connection = connect_with(&options).unwrap();
    execute(&mut connection, "SELECT 1");
    let count = "SELECT count(*)::VARCHAR(9) FROM pg_stat_activity WHERE application_name = 'idler'";
    assert_eq!(text(&mut other, count), "1");
    let started = Instant::now();
    while text(&mut other, count) != "0" {
        assert!(started.elapsed() < Duration::from_secs(20), "the connection stays open");
        std::thread::sleep(Duration::from_millis(50));
    }
    let error = statement(&mut connection, "SELECT 1").execute_update().unwrap_err();
    assert_eq!(error.status, Status::IO, "{error}");
    assert!(error.message.contains("idle_timeout_seconds"), "{error}");
    assert_eq!(detail(&error, "retryable").as_deref(), Some("true"), "nothing was sent");
}

#[test]
fn a_read_only_connection_refuses_writes_until_it_is_told_otherwise() {
    let mut other = connect(&SANDBOX.uri(), &[]);
    execute(&mut other, "DROP TABLE IF EXISTS read_only");
    execute(&mut other, "CREATE TABLE read_only (i BIGINT)");
    let mut connection = connect_with(&[("adbc.connection.readonly", "true")]).unwrap();
    assert_eq!(read(&connection, "adbc.connection.readonly").unwrap(), "true");
    let insert = "INSERT INTO read_only VALUES (1)";
    let error = statement(&mut connection, insert).execute_update().unwrap_err();
    assert_eq!(error.status, Status::InvalidState, "{error}");
    assert!(error.message.contains("adbc.connection.readonly"), "{error}");
    set(&mut connection, "adbc.connection.readonly", "false").unwrap();
    assert_eq!(execute(&mut connection, insert), Some(1));
    set(&mut connection, "adbc.connection.readonly", "true").unwrap();
    statement(&mut connection, insert).execute_update().unwrap_err();
    set(&mut connection, "adbc.connection.readonly", "maybe").unwrap_err();
}

#[test]
fn what_a_transaction_runs_under_does_not_change_while_it_is_open() {
    let mut connection = connect_with(&[("adbc.connection.autocommit", "false")]).unwrap();
    execute(&mut connection, "SELECT 1");
    let level = IsolationLevel::Snapshot;
    for error in [
        set(&mut connection, "adbc.connection.readonly", "true").unwrap_err(),
        connection.set_option(OptionConnection::IsolationLevel, level.into()).unwrap_err(),
    ] {
        assert_eq!(error.status, Status::InvalidState, "{error}");
        assert!(error.message.contains("commit or roll back"), "{error}");
    }
    connection.rollback().unwrap();
    set(&mut connection, "adbc.connection.readonly", "true").unwrap();
}

#[test]
fn isolation_levels_are_those_of_the_database() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    // A view of its own in front of the system's, to see both kinds of database.
    execute(&mut connection, "DROP SCHEMA IF EXISTS isolation CASCADE");
    execute(&mut connection, "CREATE SCHEMA isolation");
    execute(&mut connection, "SET search_path TO isolation, pg_catalog, public");
    for (database_has, effective, serializable) in
        [("Snapshot Isolation", "snapshot", false), ("Serializable", "serializable", true)]
    {
        execute(&mut connection, "DROP VIEW IF EXISTS isolation.svv_redshift_databases");
        execute(
            &mut connection,
            &format!(
                "CREATE VIEW isolation.svv_redshift_databases AS SELECT current_database()::VARCHAR(128) AS \
                 database_name, '{database_has}'::VARCHAR(128) AS database_isolation_level"
            ),
        );
        for level in [
            IsolationLevel::Default,
            IsolationLevel::ReadUncommitted,
            IsolationLevel::ReadCommitted,
            IsolationLevel::RepeatableRead,
            IsolationLevel::Snapshot,
        ] {
            connection.set_option(OptionConnection::IsolationLevel, level.into()).unwrap();
        }
        let outcome =
            connection.set_option(OptionConnection::IsolationLevel, IsolationLevel::Serializable.into());
        assert_eq!(outcome.is_ok(), serializable, "{outcome:?}");
        let error = connection
            .set_option(OptionConnection::IsolationLevel, IsolationLevel::Linearizable.into())
            .unwrap_err();
        assert_eq!(error.status, Status::NotImplemented, "{error}");
        let key = "adbc.connection.transaction.isolation_level";
        let expected = format!("adbc.connection.transaction.isolation.{effective}");
        assert_eq!(read(&connection, key).unwrap(), expected);
        let error = set(&mut connection, key, "adbc.connection.transaction.isolation.perfect").unwrap_err();
        assert_eq!(error.status, Status::InvalidArguments, "{error}");
    }
}

#[test]
fn a_connection_with_a_level_that_the_database_does_not_give_is_refused() {
    let key = "adbc.connection.transaction.isolation_level";
    let level = |name: &str| format!("adbc.connection.transaction.isolation.{name}");
    for refused in ["serializable", "linearizable"] {
        let error = connect_with(&[(key, &level(refused))]).err().expect("the sandbox has snapshots");
        assert_eq!(error.status, Status::NotImplemented, "{error}");
        assert!(error.message.contains(refused), "{error}");
    }
    let connection = connect_with(&[(key, &level("read_committed"))]).unwrap();
    assert_eq!(read(&connection, key).unwrap(), level("snapshot"), "the one in effect");
}

#[test]
fn statements_run_in_their_query_group_and_others_in_the_connections() {
    let mut connection = connect_with(&[(QUERY_GROUP, "it's nightly")]).unwrap();
    let shown = "SHOW query_group";
    assert_eq!(text(&mut connection, shown), "it's nightly");
    let mut own = statement(&mut connection, shown);
    own.set_option(OptionStatement::from(QUERY_GROUP), OptionValue::from("dashboard")).unwrap();
    let batch = own.execute().unwrap().next().unwrap().unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "dashboard");
    assert_eq!(text(&mut connection, shown), "it's nightly");
    set(&mut connection, QUERY_GROUP, "").unwrap();
    assert_eq!(text(&mut connection, shown), "default");
    let error = set(&mut connection, QUERY_GROUP, "a\\b")
        .and_then(|()| statement(&mut connection, shown).execute_update())
        .unwrap_err();
    assert_eq!(error.status, Status::InvalidArguments, "{error}");
}

#[test]
fn a_query_group_outlives_the_rollback_of_the_transaction_that_set_it() {
    let mut connection =
        connect_with(&[(QUERY_GROUP, "first"), ("adbc.connection.autocommit", "false")]).unwrap();
    let shown = "SHOW query_group";
    assert_eq!(text(&mut connection, shown), "first");
    set(&mut connection, QUERY_GROUP, "second").unwrap();
    assert_eq!(text(&mut connection, shown), "second");
    connection.rollback().unwrap();
    assert_eq!(text(&mut connection, shown), "second");
}

#[test]
fn the_id_of_a_statements_query_is_asked_for_once_and_only_of_its_own() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "DROP SCHEMA IF EXISTS ids CASCADE");
    execute(&mut connection, "CREATE SCHEMA ids");
    execute(&mut connection, "SET search_path TO ids, pg_catalog, public");
    execute(
        &mut connection,
        "CREATE FUNCTION ids.pg_last_query_id() RETURNS BIGINT LANGUAGE sql AS $$ SELECT 4711::BIGINT $$",
    );
    let mut counted = statement(&mut connection, "SELECT i::BIGINT FROM generate_series(1, 100000) AS i");
    let id = |statement: &adbc_driver_manager::ManagedStatement| {
        statement.get_option_string(OptionStatement::from(QUERY_ID))
    };
    assert_eq!(id(&counted).unwrap_err().status, Status::NotFound, "it has not run");
    let mut rows = counted.execute().unwrap();
    rows.next().unwrap().unwrap();
    assert_eq!(id(&counted).unwrap(), "4711", "while its result is open");
    assert_eq!(counted.get_option_int(OptionStatement::from(QUERY_ID)).unwrap(), 4711, "kept");
    assert_eq!(rows.map(|batch| batch.unwrap().num_rows()).sum::<usize>() + 65_536, 100_000);
    let mut other = statement(&mut connection, "SELECT 1");
    other.execute_update().unwrap();
    assert_eq!(id(&counted).unwrap(), "4711", "kept");
    counted.execute_update().unwrap();
    assert_eq!(id(&other).unwrap_err().status, Status::InvalidState, "another query ran since");
    let error = other.set_option(OptionStatement::from(QUERY_ID), OptionValue::from("1")).unwrap_err();
    assert_eq!(error.status, Status::NotImplemented, "{error}");
}

/// The driver's own objects, which the driver manager guards with a lock that a call holds.
fn own_connection() -> Arc<adbc::Connection> {
    let database = Arc::new(adbc::Database::new());
    database.set_option("uri", OptionValue::String(SANDBOX.uri())).unwrap();
    database.init().unwrap();
    let connection = Arc::new(adbc::Connection::new());
    connection.init(&database).unwrap();
    connection
}

/// Cancels again and again until the call ends: it may not have begun.
fn cancelled<T: Send>(connection: &Arc<adbc::Connection>, call: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let call = scope.spawn(call);
        let started = Instant::now();
        while !call.is_finished() {
            assert!(started.elapsed() < Duration::from_secs(20), "the call goes on");
            // Nothing runs before the call begins.
            let _ = connection.cancel();
            std::thread::sleep(Duration::from_millis(20));
        }
        call.join().unwrap()
    })
}

#[test]
fn a_connection_cancels_metadata_calls_and_statements_from_another_thread() {
    let mut other = connect(&SANDBOX.uri(), &[]);
    execute(&mut other, "DROP TABLE IF EXISTS locked");
    execute(&mut other, "CREATE TABLE locked (i BIGINT)");
    other.set_option(OptionConnection::AutoCommit, OptionValue::from("false")).unwrap();
    execute(&mut other, "LOCK TABLE locked");
    let connection = own_connection();
    assert_eq!(connection.cancel().unwrap_err().status, Status::InvalidState, "nothing runs");
    let error = cancelled(&connection, || connection.get_table_schema(None, None, "locked").unwrap_err());
    assert_eq!(error.status, Status::Cancelled, "{error}");
    let sleeper = adbc::Statement::new(&connection).unwrap();
    sleeper.set_sql_query("SELECT pg_sleep(60)").unwrap();
    let error = cancelled(&connection, || sleeper.execute_query().err().expect("it is cancelled"));
    assert_eq!(error.status, Status::Cancelled, "{error}");
    other.rollback().unwrap();
    assert_eq!(connection.get_table_schema(None, None, "locked").unwrap().fields().len(), 1);
    assert_eq!(sleeper.cancel().unwrap_err().status, Status::InvalidState, "nothing runs any more");
}

#[test]
fn an_error_has_the_fields_of_the_server_as_details() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let error = statement(&mut connection, "SELECT no_such_column").execute_update().unwrap_err();
    assert_eq!(detail(&error, "severity").as_deref(), Some("ERROR"));
    assert_eq!(detail(&error, "sqlstate").as_deref(), Some("42703"));
    assert_eq!(detail(&error, "position").as_deref(), Some("8"));
    assert_eq!(detail(&error, "retryable").as_deref(), Some("false"));
    assert!(detail(&error, "routine").is_some());
    let mut rows = statement(&mut connection, "SELECT 1 / (3 - i) FROM generate_series(1, 5) AS i");
    rows.set_option(OptionStatement::from("adbc.redshift.result.batch_rows"), OptionValue::Int(1)).unwrap();
    let reader = rows.execute();
    let text = match reader {
        Ok(mut reader) => reader.find_map(Result::err).expect("it fails").to_string(),
        Err(error) => error.to_string(),
    };
    assert!(text.contains("division by zero"), "{text}");
}

#[test]
fn a_refused_login_tells_whether_to_try_again() {
    let uri = SANDBOX.uri().replace(&format!(":{}/", SANDBOX.port()), ":1/");
    let database =
        driver().new_database_with_opts([(OptionDatabase::Uri, OptionValue::from(uri.as_str()))]).unwrap();
    let error = database.new_connection().err().expect("nobody listens there");
    assert_eq!(error.status, Status::IO, "{error}");
    assert_eq!(detail(&error, "retryable").as_deref(), Some("true"), "{error:?}");
    let error = try_connect(&SANDBOX.uri(), &[("password", "wrong")]).err().expect("it is refused");
    assert_eq!(error.status, Status::Unauthenticated, "{error}");
    assert_eq!(detail(&error, "retryable").as_deref(), Some("false"), "{error:?}");
}

#[test]
fn schema_changes_are_part_of_a_transaction_and_some_statements_cannot_be() {
    let mut connection = connect_with(&[("adbc.connection.autocommit", "false")]).unwrap();
    execute(&mut connection, "DROP TABLE IF EXISTS made_in_vain");
    connection.commit().unwrap();
    execute(&mut connection, "CREATE TABLE made_in_vain (i BIGINT)");
    execute(&mut connection, "INSERT INTO made_in_vain VALUES (1)");
    connection.rollback().unwrap();
    let error = statement(&mut connection, "SELECT * FROM made_in_vain").execute_update().unwrap_err();
    assert_eq!(error.status, Status::NotFound, "{error}");
    let error = statement(&mut connection, "SELECT 1").execute_update().unwrap_err();
    assert_eq!(error.status, Status::InvalidState, "{error}");
    assert!(error.message.contains("roll back"), "{error}");
    connection.rollback().unwrap();
    let error = statement(&mut connection, "VACUUM").execute_update().unwrap_err();
    assert_eq!(error.status, Status::InvalidState, "{error}");
    assert!(error.message.contains("adbc.connection.autocommit"), "{error}");
    connection.rollback().unwrap();
    connection.set_option(OptionConnection::AutoCommit, OptionValue::from("true")).unwrap();
    execute(&mut connection, "VACUUM");
}

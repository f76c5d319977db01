//! Cancel from another thread of what is more than one query: metadata calls, ingests, and many bound executions.
//!
//! What is cancelled waits for a lock or sleeps on the server, or is asked for further data, so that it is under way for
//! certain. It ends with `Cancelled` in time, nothing of it stays, and the connection goes on.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use adbc_core::error::{Error, Status};
use adbc_core::options::{ObjectDepth, OptionConnection, OptionStatement, OptionValue};
use adbc_core::{CancelHandle, Connection as _, Optionable as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedStatement};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Int32Array, RecordBatch, RecordBatchIterator, StringArray};
use redshift_sandbox::SandboxConfig;

use crate::support::{SANDBOX, connect, execute, query, sandbox, statement};

/// More than any of these calls takes to get under way.
const LIMIT: Duration = Duration::from_secs(20);

/// How soon a cancelled call ends, with its transaction rolled back.
const PROMPT: Duration = Duration::from_secs(3);

/// A lock on a table, held in a transaction of its own.
struct Lock {
    holder: ManagedConnection,
    table: &'static str,
}

impl Lock {
    fn take(uri: &str, table: &'static str, mode: &str) -> Self {
        let mut holder = connect(uri, &[]);
        set_autocommit(&mut holder, "false");
        execute(&mut holder, &format!("LOCK TABLE {table} IN {mode} MODE"));
        Self { holder, table }
    }

    fn is_waited_for(&mut self) -> bool {
        let waiting = format!(
            "SELECT count(*)::BIGINT FROM pg_locks WHERE NOT granted AND relation = '{}'::regclass",
            self.table
        );
        number(&mut self.holder, &waiting) > 0
    }

    fn release(mut self) {
        self.holder.rollback().unwrap();
    }
}

fn set_autocommit(connection: &mut ManagedConnection, value: &str) {
    connection.set_option(OptionConnection::AutoCommit, OptionValue::from(value)).unwrap();
}

fn number(connection: &mut ManagedConnection, sql: &str) -> i64 {
    query(connection, sql).1[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// Whether a session whose query begins like this sleeps.
fn sleeps(observer: &mut ManagedConnection, start: &str) -> bool {
    let sleeping = format!(
        "SELECT count(*)::BIGINT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '{start}%'"
    );
    number(observer, &sleeping) > 0
}

/// Makes the call in a thread, cancels it once it is under way, and answers what came of it.
#[track_caller]
fn cancelled<T: Send + 'static>(
    cancel: &dyn CancelHandle,
    mut is_under_way: impl FnMut() -> bool,
    call: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(call()));
    let deadline = Instant::now() + LIMIT;
    while !is_under_way() {
        assert!(Instant::now() < deadline, "the call did not get under way");
        thread::yield_now();
    }
    cancel.try_cancel().expect("a call under way can be cancelled");
    receiver.recv_timeout(PROMPT).expect("a cancelled call ends in time")
}

fn numbers(rows: i32) -> RecordBatch {
    let numbers = Arc::new(Int32Array::from_iter_values(0..rows)) as _;
    RecordBatch::try_from_iter_with_nullable([("n", numbers, true)]).unwrap()
}

fn ingest(connection: &mut ManagedConnection, table: &str, mode: &str) -> ManagedStatement {
    let mut statement = connection.new_statement().unwrap();
    for (key, value) in [("target_table", table), ("mode", &format!("adbc.ingest.mode.{mode}"))] {
        let key = OptionStatement::from(format!("adbc.ingest.{key}").as_str());
        statement.set_option(key, OptionValue::from(value)).unwrap();
    }
    statement
}

type MetadataCall = fn(&ManagedConnection) -> Result<(), Error>;

#[test]
fn metadata_calls_end_when_cancelled() {
    // Of its own, since nobody else's metadata calls get past these locks.
    let sandbox = sandbox(SandboxConfig::default());
    let mut connection = connect(&sandbox.uri(), &[]);
    execute(&mut connection, "CREATE TABLE counted AS SELECT 1 AS n");
    let calls: [(&'static str, MetadataCall); 3] = [
        ("pg_internal.external_schemas", |connection| {
            connection.get_objects(ObjectDepth::Columns, None, None, None, None, None).map(drop)
        }),
        ("public.counted", |connection| {
            connection.get_statistics(None, Some("public"), Some("counted"), false).map(drop)
        }),
        ("public.counted", |connection| {
            connection.get_table_schema(None, Some("public"), "counted").map(drop)
        }),
    ];
    for (table, call) in calls {
        let mut lock = Lock::take(&sandbox.uri(), table, "ACCESS EXCLUSIVE");
        let cancel = connection.get_cancel_handle();
        let answer;
        (connection, answer) = cancelled(
            &*cancel,
            || lock.is_waited_for(),
            move || {
                let answer = call(&connection);
                (connection, answer)
            },
        );
        assert_eq!(answer.unwrap_err().status, Status::Cancelled, "{table}");
        lock.release();
        call(&connection).unwrap();
    }
    let error = connection.get_cancel_handle().try_cancel().unwrap_err();
    assert_eq!(error.status, Status::InvalidState, "nothing runs any more");
}

#[test]
fn an_ingest_whose_server_does_not_read_on_ends_when_cancelled() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "DROP TABLE IF EXISTS not_read_on");
    execute(&mut connection, "CREATE TABLE not_read_on (t VARCHAR(100))");
    execute(&mut connection, "INSERT INTO not_read_on VALUES ('before')");
    // More than the buffers between here and there hold.
    let texts = Arc::new(StringArray::from(vec!["x".repeat(100); 200_000])) as _;
    let data = RecordBatch::try_from_iter_with_nullable([("t", texts, true)]).unwrap();
    for autocommit in ["true", "false"] {
        set_autocommit(&mut connection, autocommit);
        let mut lock = Lock::take(&SANDBOX.uri(), "not_read_on", "SHARE");
        let mut append = ingest(&mut connection, "not_read_on", "append");
        append.bind(data.clone()).unwrap();
        let cancel = append.get_cancel_handle();
        let answer = cancelled(&*cancel, || lock.is_waited_for(), move || append.execute_update());
        assert_eq!(answer.unwrap_err().status, Status::Cancelled);
        lock.release();
        if autocommit == "false" {
            connection.rollback().unwrap();
        }
        assert_eq!(number(&mut connection, "SELECT count(*)::BIGINT FROM not_read_on"), 1);
    }
}

#[test]
fn an_ingest_of_a_stream_without_end_ends_when_cancelled_and_leaves_no_table() {
    for (autocommit, by_connection) in [("true", false), ("true", true), ("false", false)] {
        let mut connection = connect(&SANDBOX.uri(), &[]);
        set_autocommit(&mut connection, autocommit);
        let mut create = ingest(&mut connection, "without_end", "create");
        let (sender, receiver) = mpsc::channel();
        let batches = (0..).map(move |batch| {
            if batch == 3 {
                sender.send(()).unwrap();
            }
            Ok(numbers(1000))
        });
        create.bind_stream(Box::new(RecordBatchIterator::new(batches, numbers(0).schema()))).unwrap();
        let cancel = if by_connection { connection.get_cancel_handle() } else { create.get_cancel_handle() };
        let is_under_way = || receiver.recv_timeout(LIMIT).is_ok();
        let answer = cancelled(&*cancel, is_under_way, move || create.execute_update());
        assert_eq!(answer.unwrap_err().status, Status::Cancelled);
        if autocommit == "false" {
            connection.rollback().unwrap();
        }
        let missing = statement(&mut connection, "SELECT * FROM without_end").execute().err().unwrap();
        assert_eq!(missing.status, Status::NotFound, "the table was not made");
    }
}

#[test]
fn executions_in_a_pipeline_end_when_cancelled_and_are_undone() {
    let mut observer = connect(&SANDBOX.uri(), &[]);
    execute(&mut observer, "DROP TABLE IF EXISTS piped");
    execute(&mut observer, "CREATE TABLE piped (n INTEGER)");
    for autocommit in ["true", "false"] {
        let mut connection = connect(&SANDBOX.uri(), &[]);
        set_autocommit(&mut connection, autocommit);
        let sql = "INSERT INTO piped SELECT $1 FROM pg_sleep(CASE WHEN $1 = 500 THEN 60 ELSE 0 END)";
        let mut insert = statement(&mut connection, sql);
        insert.bind(numbers(10_000)).unwrap();
        let cancel = insert.get_cancel_handle();
        let is_under_way = || sleeps(&mut observer, "INSERT INTO piped");
        let answer = cancelled(&*cancel, is_under_way, move || insert.execute_update());
        assert_eq!(answer.unwrap_err().status, Status::Cancelled);
        if autocommit == "false" {
            connection.rollback().unwrap();
        }
        assert_eq!(number(&mut connection, "SELECT count(*)::BIGINT FROM piped"), 0);
    }
}

#[test]
fn results_of_many_executions_end_when_cancelled() {
    let mut observer = connect(&SANDBOX.uri(), &[]);
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_rows", "100")]);
    let sql = "SELECT $1 AS piped_result, pg_sleep(CASE WHEN $1 = 500 THEN 60 ELSE 0 END)::VARCHAR";
    let mut select = statement(&mut connection, sql);
    select.bind(numbers(1000)).unwrap();
    let cancel = select.get_cancel_handle();
    let mut rows = select.execute().unwrap();
    rows.next().unwrap().unwrap();
    let is_under_way = || sleeps(&mut observer, "SELECT $1 AS piped_result");
    let error = cancelled(&*cancel, is_under_way, move || rows.find_map(Result::err));
    let error = error.expect("the rows end in an error").to_string();
    assert!(error.contains("57014"), "{error}");
    assert_eq!(number(&mut connection, "SELECT 5::BIGINT"), 5);
    select.bind(numbers(3)).unwrap();
    let rows: usize = select.execute().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 3, "the statement serves on");
}

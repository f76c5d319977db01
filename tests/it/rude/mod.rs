//! The driver against servers that break the rules: script mode plays them, the loaded library meets them.
//!
//! Every meeting ends within its deadline, with an error that says what happened, and the next connection works.

mod cancel;
mod connecting;
mod fuzz;
mod leaks;
mod querying;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use adbc_core::Statement as _;
use adbc_core::error::{Error, Status};
use adbc_driver_manager::ManagedConnection;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use redshift_sandbox::script::message::{
    Column, bind_complete, command_complete, data_row, greeting, parse_complete, ready, row_description,
};
use redshift_sandbox::script::{Outcome, Script, ScriptServer, Step};

use crate::support::{Options, SANDBOX, connect, query, statement};

/// More than any of these takes, and less than any deadline of the driver's that they do not set themselves.
const LIMIT: Duration = Duration::from_secs(10);

/// One request, so that one answer is all a script needs.
const TEXT: Options<'static> = &[("adbc.redshift.result.format", "text")];

/// The messages of a query under [`TEXT`].
const TEXT_QUERY: Step = Step::Expect(b"PBDES");

/// Runs `work` and fails when it takes longer than `limit`.
#[track_caller]
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || {
        let _ = sender.send(work());
    });
    match receiver.recv_timeout(limit) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it did not end within {limit:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match worker.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => panic!("the worker ended without a result"),
        },
    }
}

fn server(script: Script) -> ScriptServer {
    ScriptServer::start(script).expect("a script server starts")
}

/// A login without a password, then the steps given.
fn logged_in(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    [Step::Startup, Step::Send(greeting())].into_iter().chain(steps).collect()
}

/// ParseComplete, BindComplete, and one INTEGER column.
fn accepted() -> Vec<u8> {
    let column = Column { name: "a", type_oid: 23, type_modifier: -1 };
    [parse_complete(), bind_complete(), row_description(&[column])].concat()
}

fn row(value: &str) -> Vec<u8> {
    data_row(&[Some(value.as_bytes())])
}

/// CommandComplete and ReadyForQuery.
fn finished(tag: &str) -> Vec<u8> {
    [command_complete(tag), ready(b'I')].concat()
}

/// A whole good answer: 1, 2, 3.
fn good_answer() -> Vec<u8> {
    [accepted(), row("1"), row("2"), row("3"), finished("SELECT 3")].concat()
}

/// Runs a query to its end.
fn batches(connection: &mut ManagedConnection) -> Result<Vec<RecordBatch>, Failure> {
    Ok(statement(connection, "select a from t").execute()?.collect::<Result<_, _>>()?)
}

/// The integers of a query's first column.
fn values(connection: &mut ManagedConnection) -> Result<Vec<i32>, Failure> {
    let batches = batches(connection)?;
    let columns = batches.iter().map(|batch| batch.column(0).as_primitive::<Int32Type>());
    Ok(columns.flat_map(|column| column.iter().flatten().collect::<Vec<_>>()).collect())
}

/// A failed query. Arrow's reader keeps no more than the text of an error in mid-stream, which holds the SQLSTATE.
#[derive(Debug)]
struct Failure {
    status: Option<Status>,
    text: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = format!("{} (SQLSTATE {})", error.message, sqlstate(&error));
        Self { status: Some(error.status), text }
    }
}

impl From<arrow_schema::ArrowError> for Failure {
    fn from(error: arrow_schema::ArrowError) -> Self {
        Self { status: None, text: error.to_string() }
    }
}

fn sqlstate(error: &Error) -> String {
    error.sqlstate.iter().map(|&byte| char::from(byte as u8)).filter(|letter| *letter != '\0').collect()
}

/// Whatever went wrong before, a good server is reached and answers.
#[track_caller]
fn the_next_connection_works() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    let (_, batches) = query(&mut connection, "SELECT 7::INTEGER");
    assert_eq!(batches[0].column(0).as_primitive::<Int32Type>().values(), &[7]);
}

/// No connection asked for anything that its script does not have.
#[track_caller]
fn all_went_by_the_script(server: &ScriptServer) {
    for outcome in server.outcomes() {
        assert!(!matches!(outcome, Outcome::Unscripted(_)), "{outcome:?}");
    }
}

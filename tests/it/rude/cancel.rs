//! Cancel at every moment: against the end of a query, during connect, and while a server says nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use adbc_core::error::Status;
use adbc_core::options::{OptionConnection, OptionValue};
use adbc_core::{CancelHandle, Connection as _, Optionable as _, Statement as _};
use adbc_driver_manager::ManagedConnection;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use redshift_sandbox::script::message::{error, ready};
use redshift_sandbox::script::{Script, Step};

use super::{
    Failure, LIMIT, TEXT, TEXT_QUERY, accepted, all_went_by_the_script, good_answer, logged_in, row, server,
    the_next_connection_works, values, within,
};
use crate::support::{SANDBOX, connect, execute, query, statement};

/// How soon a cancelled call ends, whatever the server does.
const PROMPT: Duration = Duration::from_secs(1);

const ROUNDS: usize = 1000;

/// Calls `cancel` when the server has reached the mark, and answers when that was.
fn cancel_at(
    server: &redshift_sandbox::script::ScriptServer,
    mark: &str,
    cancel: &dyn CancelHandle,
) -> Instant {
    assert!(server.wait_for(mark), "the server did not get to '{mark}'");
    let cancelled = Instant::now();
    cancel.try_cancel().expect("something runs that can be cancelled");
    cancelled
}

#[test]
fn a_query_that_is_never_answered_can_be_cancelled_promptly() {
    // Before its first row, and while the next is awaited.
    for begun in [vec![], [accepted(), row("1")].concat()] {
        let answer = [Step::Send(begun), Step::Mark("waiting"), Step::Silence];
        let script = Script::new(logged_in([TEXT_QUERY].into_iter().chain(answer)));
        for steps in [vec![], vec![Step::Silence]] {
            let server = server(script.clone().on_cancel(steps));
            let mut connection = connect(&server.uri(), TEXT);
            let mut waiting = statement(&mut connection, "select a from t");
            let cancel = waiting.get_cancel_handle();
            let query = thread::spawn(move || -> Result<(), Failure> {
                waiting.execute()?.collect::<Result<Vec<_>, _>>()?;
                Ok(())
            });
            let cancelled = cancel_at(&server, "waiting", &*cancel);
            let failure = within(LIMIT, move || query.join().unwrap()).unwrap_err();
            assert!(cancelled.elapsed() < PROMPT, "it took {:?}", cancelled.elapsed());
            assert!(failure.text.contains("cancelled by the caller"), "{failure:?}");
            assert!(failure.text.contains("57014"), "{failure:?}");
            let deadline = Instant::now() + LIMIT;
            while server.cancels() == 0 {
                assert!(Instant::now() < deadline, "no CancelRequest came");
                thread::yield_now();
            }
        }
    }
    the_next_connection_works();
}

#[test]
fn after_a_cancel_that_the_server_follows_late_the_connection_goes_on() {
    let late = Duration::from_millis(1500);
    let ended = [error("ERROR", "57014", "cancelled"), ready(b'I')].concat();
    let steps = [TEXT_QUERY, Step::Mark("waiting"), Step::Wait(late), Step::Send(ended)];
    let then = [TEXT_QUERY, Step::Send(good_answer()), Step::Expect(b"X")];
    let server = server(Script::new(logged_in(steps.into_iter().chain(then))));
    let mut connection = connect(&server.uri(), TEXT);
    let mut waiting = statement(&mut connection, "select a from t");
    let cancel = waiting.get_cancel_handle();
    let query = thread::spawn(move || waiting.execute().err().expect("it is cancelled").status);
    let cancelled = cancel_at(&server, "waiting", &*cancel);
    assert_eq!(within(LIMIT, move || query.join().unwrap()), Status::Cancelled);
    assert!(cancelled.elapsed() < PROMPT, "it took {:?}", cancelled.elapsed());
    assert_eq!(within(LIMIT, move || values(&mut connection)).unwrap(), [1, 2, 3]);
    all_went_by_the_script(&server);
}

#[test]
fn a_connection_whose_server_never_follows_a_cancel_is_given_up() {
    let steps = [TEXT_QUERY, Step::Mark("waiting"), Step::Silence];
    let server = server(Script::new(logged_in(steps)));
    let mut connection = connect(&server.uri(), TEXT);
    let mut waiting = statement(&mut connection, "select a from t");
    let cancel = waiting.get_cancel_handle();
    let query = thread::spawn(move || waiting.execute().err().expect("it is cancelled").status);
    cancel_at(&server, "waiting", &*cancel);
    assert_eq!(within(LIMIT, move || query.join().unwrap()), Status::Cancelled);
    let failure = within(LIMIT, move || values(&mut connection)).unwrap_err();
    assert_eq!(failure.status, Some(Status::IO), "{failure:?}");
    assert!(failure.text.contains("did not end"), "{failure:?}");
    the_next_connection_works();
}

#[test]
fn a_rollback_after_a_cancelled_first_statement_ends_the_transaction() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    connection.set_option(OptionConnection::AutoCommit, OptionValue::from("false")).unwrap();
    let mut waiting = statement(&mut connection, "SELECT pg_sleep(60)");
    let cancel = waiting.get_cancel_handle();
    let query = thread::spawn(move || waiting.execute().err().expect("it is cancelled").status);
    cancel_until(&*cancel, || query.is_finished());
    assert_eq!(within(LIMIT, move || query.join().unwrap()), Status::Cancelled);
    connection.rollback().unwrap();
    assert_eq!(number(&mut connection, "SELECT 1::BIGINT"), 1);
}

/// Cancels as soon as there is something to cancel, and again until `done`: the first may come before the server knows
/// of the query, as any cancel may.
fn cancel_until(cancel: &dyn CancelHandle, done: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !done() {
        assert!(Instant::now() < deadline, "the query did not end");
        let _ = cancel.try_cancel();
        thread::yield_now();
    }
}

fn number(connection: &mut ManagedConnection, sql: &str) -> i64 {
    query(connection, sql).1[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// What came of a query that was raced: its sum, or nothing when it was cancelled.
fn sum(batches: Result<Vec<RecordBatch>, Failure>, round: usize) -> Option<i64> {
    match batches {
        Ok(batches) => Some(
            batches
                .iter()
                .flat_map(|batch| batch.column(0).as_primitive::<Int32Type>().values())
                .map(|&value| i64::from(value))
                .sum(),
        ),
        Err(failure) => {
            assert!(failure.text.contains("57014"), "round {round}: {failure:?}");
            None
        }
    }
}

#[test]
fn a_cancel_that_races_the_end_of_a_query_never_hits_its_successor() {
    // Without TLS and in one round trip, so that a round is short.
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.tls.mode", "disable"), TEXT[0]]);
    let mut raced = statement(&mut connection, "SELECT i FROM generate_series(1, 300) AS i");
    let handles = [raced.get_cancel_handle(), connection.get_cancel_handle()];
    let (mut cancelled, mut finished) = (0, 0);
    for round in 0..ROUNDS {
        let over = Arc::new(AtomicBool::new(false));
        let outcome = thread::scope(|threads| {
            let cancel = &handles[round % 2];
            threads.spawn({
                let over = Arc::clone(&over);
                move || {
                    // Sweeps over the time that the query takes.
                    let moment = Instant::now() + Duration::from_micros(5 * (round as u64 % 400));
                    while Instant::now() < moment {
                        std::hint::spin_loop();
                    }
                    while cancel.try_cancel().is_err() && !over.load(Ordering::Acquire) {
                        thread::yield_now();
                    }
                }
            });
            let outcome =
                raced.execute().map_err(Failure::from).and_then(|rows| Ok(rows.collect::<Result<_, _>>()?));
            over.store(true, Ordering::Release);
            outcome
        });
        match sum(outcome, round) {
            Some(sum) => {
                assert_eq!(sum, 300 * 301 / 2, "round {round}");
                finished += 1;
            }
            None => cancelled += 1,
        }
        let marker = i64::try_from(round).unwrap();
        assert_eq!(number(&mut connection, &format!("SELECT {round}::BIGINT")), marker, "round {round}");
    }
    assert!(cancelled > 0 && finished > 0, "no race: {cancelled} cancelled, {finished} finished");
}

#[test]
fn a_fetch_can_be_cancelled_and_the_connection_goes_on() {
    let long =
        "SELECT a, repeat('x', 1000) FROM generate_series(1, 10000) AS a, generate_series(1, 10000) AS b";
    let mut connection = connect(&SANDBOX.uri(), &[("adbc.redshift.result.batch_rows", "100")]);
    for _ in 0..5 {
        let mut fetched = statement(&mut connection, long);
        let cancel = fetched.get_cancel_handle();
        let mut rows = fetched.execute().unwrap();
        rows.next().unwrap().unwrap();
        cancel.try_cancel().unwrap();
        let cancelled = Instant::now();
        let error = rows.find_map(Result::err).expect("the rows end in an error");
        assert!(cancelled.elapsed() < PROMPT, "it took {:?}", cancelled.elapsed());
        assert!(error.to_string().contains("57014"), "{error}");
        assert_eq!(number(&mut connection, "SELECT 5::BIGINT"), 5);
    }
}

#[test]
fn work_that_was_cancelled_does_not_undo_what_was_committed() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE committed (i BIGINT)");
    for round in 1..=20 {
        execute(&mut connection, "INSERT INTO committed VALUES (1)");
        let mut slow = statement(&mut connection, "INSERT INTO committed SELECT 1 FROM pg_sleep(60)");
        let cancel = slow.get_cancel_handle();
        let query = thread::spawn(move || slow.execute_update().expect_err("it is cancelled").status);
        cancel_until(&*cancel, || query.is_finished());
        assert_eq!(within(LIMIT, move || query.join().unwrap()), Status::Cancelled);
        assert_eq!(number(&mut connection, "SELECT count(*)::BIGINT FROM committed"), round);
    }
}

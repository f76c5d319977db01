//! What goes wrong while a query is answered, from its first message to the idle time after it.

use std::time::Duration;

use adbc_core::error::Status;
use redshift_sandbox::script::message::{
    bind_complete, command_complete, data_row, error, no_parameters, notice, notification, parameter_status,
    parse_complete, raw, ready, row_description, with_length,
};
use redshift_sandbox::script::{Script, ScriptServer, Step};

use super::{
    Failure, LIMIT, TEXT, TEXT_QUERY, accepted, all_went_by_the_script, finished, good_answer, logged_in,
    row, server, the_next_connection_works, values, within,
};
use crate::support::{connect, execute};

/// What the server answers a query with before it closes, the status if it fails before its first row, and what the
/// error says.
type Case = (&'static str, Vec<u8>, Option<Status>, &'static [&'static str]);

fn outcome(server: &ScriptServer) -> Result<Vec<i32>, Failure> {
    let uri = server.uri();
    within(LIMIT, move || values(&mut connect(&uri, TEXT)))
}

fn answered(steps: impl IntoIterator<Item = Step>) -> Result<Vec<i32>, Failure> {
    let server = server(Script::new(logged_in([TEXT_QUERY].into_iter().chain(steps))));
    let outcome = outcome(&server);
    all_went_by_the_script(&server);
    outcome
}

#[track_caller]
fn check(cases: Vec<Case>) {
    for (name, bytes, status, words) in cases {
        let failure = answered([Step::Send(bytes)]).expect_err(name);
        assert_eq!(failure.status, status, "{name}: {failure:?}");
        for word in words {
            assert!(failure.text.contains(word), "{name}: no '{word}' in {failure:?}");
        }
    }
    the_next_connection_works();
}

const BROKEN: Option<Status> = Some(Status::Internal);

/// Before the first row.
fn broken(name: &'static str, bytes: Vec<u8>, words: &'static [&'static str]) -> Case {
    (name, bytes, BROKEN, words)
}

/// After the first row.
fn broken_later(name: &'static str, bytes: Vec<u8>, words: &'static [&'static str]) -> Case {
    (name, [accepted(), row("1"), bytes].concat(), None, words)
}

#[test]
fn garbage_before_the_rows_is_told() {
    let parsed = parse_complete();
    let prepared = [parse_complete(), bind_complete()].concat();
    let described = |body: &[u8]| [prepared.clone(), raw(b'T', body)].concat();
    let field = &row_description(&[])[5..];
    assert_eq!(field, [0, 0]);
    check(vec![
        broken("zeros", vec![0; 64], &["unknown message type", "08P01"]),
        broken("HTTP", b"HTTP/1.1 400\r\n".to_vec(), &["impossible length", "08P01"]),
        broken("a row first", row("1"), &["DataRow while waiting for ParseComplete"]),
        broken("ready first", ready(b'I'), &["ReadyForQuery while waiting for ParseComplete"]),
        broken("no bind", [parsed, ready(b'I')].concat(), &["while waiting for BindComplete"]),
        broken("a negative count", described(&[0xff, 0xff]), &["RowDescription", "-1"]),
        broken("a column missing", described(&[0, 1]), &["RowDescription is truncated"]),
        broken("half a column", described(b"\0\x01name\0\0\0"), &["RowDescription is truncated"]),
        broken("a label without end", described(b"\0\x01name"), &["RowDescription is truncated"]),
        broken("bytes too many", described(b"\0\0x"), &["RowDescription has 1 bytes too many"]),
        broken("a label that is no text", described(b"\0\x01\xff\xfe\0"), &["no UTF-8"]),
        broken("no description", [prepared, row("1")].concat(), &["while waiting for RowDescription"]),
        broken("no end", [accepted(), ready(b'I')].concat(), &["while waiting for CommandComplete"]),
        broken("a tag without end", [accepted(), raw(b'C', b"SELECT")].concat(), &["CommandComplete is"]),
        broken("a tag that is no text", [accepted(), raw(b'C', b"\xff\0")].concat(), &["no UTF-8"]),
        broken(
            "an unknown status",
            [accepted(), command_complete("SELECT"), ready(b'?')].concat(),
            &["status '?'"],
        ),
        broken("a portal", [accepted(), raw(b's', &[])].concat(), &["PortalSuspended while waiting"]),
        broken(
            "a second description",
            [accepted(), row_description(&[])].concat(),
            &["RowDescription while waiting for rows"],
        ),
        ("the end", accepted(), Some(Status::IO), &["closed it without a word", "08006"]),
    ]);
}

#[test]
fn garbage_among_the_rows_is_told() {
    let cells = |body: &[u8]| raw(b'D', body);
    let whole = row("22");
    check(vec![
        broken_later("an unknown message", vec![b'!', 0, 0, 0, 4], &["unknown message type '!'", "08P01"]),
        broken_later("an authentication", raw(b'R', &[0; 4]), &["Authentication while waiting", "08P01"]),
        broken_later("a description", row_description(&[]), &["RowDescription while waiting", "08P01"]),
        broken_later("ready", ready(b'I'), &["ReadyForQuery while waiting for CommandComplete"]),
        broken_later("oversized", with_length(b'D', u32::MAX >> 1, b""), &["impossible length", "08P01"]),
        broken_later("negative", with_length(b'D', u32::MAX, b""), &["impossible length"]),
        broken_later("too short", with_length(b'D', 3, b""), &["impossible length"]),
        broken_later("no fields", data_row(&[]), &["cannot read row 2", "field count 0 instead of 1"]),
        broken_later(
            "two fields",
            data_row(&[Some(b"1"), None]),
            &["cannot read row 2", "field count 2 instead of 1"],
        ),
        broken_later("a negative count", cells(&[0xff, 0xff]), &["cannot read row 2", "field count -1"]),
        broken_later("an empty row", cells(&[]), &["cannot read row 2", "it ends before"]),
        broken_later("half a length", cells(&[0, 1, 0, 0]), &["cannot read row 2"]),
        broken_later("a negative length", cells(&[0, 1, 0xff, 0xff, 0xff, 0xfe]), &["cannot read row 2"]),
        broken_later("a length too large", cells(&[0, 1, 0, 0, 0, 9, b'1']), &["cannot read row 2"]),
        broken_later("bytes left over", cells(b"\0\x01\0\0\0\x011x"), &["cannot read row 2"]),
        broken_later("no number", row("x"), &["column 1 \"a\"", "row 2", "\"x\""]),
        broken_later("cut in a row", whole[..whole.len() - 1].to_vec(), &["without a word", "08006"]),
        broken_later("cut in a header", whole[..3].to_vec(), &["without a word", "08006"]),
        broken_later("fewer rows than said", finished("SELECT 2"), &["\"SELECT 2\" after 1 rows", "08P01"]),
        broken_later(
            "more rows than said",
            [row("2"), finished("SELECT 1")].concat(),
            &["\"SELECT 1\" after 2 rows", "08P01"],
        ),
    ]);
}

#[test]
fn rows_of_a_statement_without_a_result_are_refused() {
    let nothing = [parse_complete(), bind_complete(), raw(b'n', &[])].concat();
    let failure = answered([Step::Send([nothing, row("1"), finished("UPDATE 1")].concat())]).unwrap_err();
    assert!(failure.text.contains("DataRow while waiting"), "{failure:?}");
}

#[test]
fn a_connection_reset_among_the_rows_is_told() {
    let some = [accepted(), row("1"), row("2")[..7].to_vec()].concat();
    let steps = [Step::Send(some), Step::Wait(Duration::from_millis(20)), Step::Reset];
    let failure = answered(steps).unwrap_err();
    assert!(failure.text.contains("connection lost") && failure.text.contains("08006"), "{failure:?}");
    the_next_connection_works();
}

#[test]
fn a_half_closed_connection_among_the_rows_is_told_at_once() {
    let some = [accepted(), row("1")].concat();
    let failure = answered([Step::Send(some), Step::HalfClose, Step::Silence]).unwrap_err();
    assert!(failure.text.contains("closed it without a word"), "{failure:?}");
    the_next_connection_works();
}

#[test]
fn an_answer_in_any_pieces_is_read_whole() {
    for size in [1, 2, 3, 7] {
        let drip = Step::Drip(good_answer(), size, Duration::from_micros(100));
        assert_eq!(answered([drip]).unwrap(), [1, 2, 3], "pieces of {size}");
    }
    // Longer than a read holds its thread.
    let drip = Step::Drip(good_answer(), 10, Duration::from_millis(5));
    assert_eq!(answered([drip]).unwrap(), [1, 2, 3]);
}

#[test]
fn notices_parameters_and_notifications_may_come_anywhere() {
    let asides = [notice("aside"), parameter_status("TimeZone", "UTC"), notification()].concat();
    let column = redshift_sandbox::script::message::Column { name: "a", type_oid: 23, type_modifier: -1 };
    let messages = [
        parse_complete(),
        bind_complete(),
        row_description(&[column]),
        row("1"),
        row("2"),
        command_complete("SELECT 2"),
        ready(b'I'),
    ];
    let chatty: Vec<u8> =
        messages.iter().flat_map(|message| [&asides[..], message].concat()).chain(asides.clone()).collect();
    let steps = [TEXT_QUERY, Step::Send(chatty), TEXT_QUERY, Step::Send(good_answer()), Step::Expect(b"X")];
    let server = server(Script::new(logged_in(steps)));
    let uri = server.uri();
    let (first, second) = within(LIMIT, move || {
        let mut connection = connect(&uri, TEXT);
        (values(&mut connection).unwrap(), values(&mut connection).unwrap())
    });
    assert_eq!((first, second), (vec![1, 2], vec![1, 2, 3]));
    all_went_by_the_script(&server);
}

#[test]
fn an_error_after_some_rows_leaves_the_connection_usable() {
    let failed = [accepted(), row("1"), error("ERROR", "22012", "division by zero"), ready(b'I')].concat();
    let steps = [TEXT_QUERY, Step::Send(failed), TEXT_QUERY, Step::Send(good_answer()), Step::Expect(b"X")];
    let server = server(Script::new(logged_in(steps)));
    let uri = server.uri();
    let (failure, after) = within(LIMIT, move || {
        let mut connection = connect(&uri, TEXT);
        (values(&mut connection).unwrap_err(), values(&mut connection))
    });
    assert!(failure.text.contains("division by zero") && failure.text.contains("22012"), "{failure:?}");
    assert_eq!(after.unwrap(), [1, 2, 3]);
    all_went_by_the_script(&server);
}

#[test]
fn an_error_without_an_end_is_told_although_the_server_falls_silent() {
    for rows in [vec![], row("1")] {
        let failed = [accepted(), rows, error("ERROR", "22012", "division by zero")].concat();
        let failure = answered([Step::Send(failed), Step::Silence]).unwrap_err();
        assert!(failure.text.contains("division by zero"), "{failure:?}");
    }
    the_next_connection_works();
}

#[test]
fn a_commit_that_fails_after_the_end_of_a_statement_is_told() {
    let conflict = error("ERROR", "XX000", "1023");
    let update = [parse_complete(), bind_complete(), raw(b'n', &[]), command_complete("UPDATE 3")].concat();
    for (begun, status) in
        [(update, BROKEN), ([accepted(), row("1"), command_complete("SELECT 1")].concat(), None)]
    {
        let steps = [
            Step::Send([begun, conflict.clone(), ready(b'I')].concat()),
            TEXT_QUERY,
            Step::Send(good_answer()),
            Step::Expect(b"X"),
        ];
        let server = server(Script::new(logged_in([TEXT_QUERY].into_iter().chain(steps))));
        let uri = server.uri();
        let (failure, after) = within(LIMIT, move || {
            let mut connection = connect(&uri, TEXT);
            (values(&mut connection).unwrap_err(), values(&mut connection))
        });
        assert_eq!(failure.status, status, "{failure:?}");
        assert!(failure.text.contains("1023"), "{failure:?}");
        assert_eq!(after.unwrap(), [1, 2, 3]);
        all_went_by_the_script(&server);
    }
}

#[test]
fn an_end_while_idle_is_told_by_the_next_query_in_the_servers_words() {
    let last_words =
        Step::Send(error("FATAL", "57P01", "terminating connection due to administrator command"));
    for end in [vec![last_words.clone()], vec![last_words, Step::HalfClose, Step::Silence]] {
        let served = [TEXT_QUERY, Step::Send(good_answer())];
        let server = server(Script::new(logged_in(served.into_iter().chain(end))));
        let uri = server.uri();
        let (first, second, third) = within(LIMIT, move || {
            let mut connection = connect(&uri, TEXT);
            (values(&mut connection), values(&mut connection), values(&mut connection))
        });
        assert_eq!(first.unwrap(), [1, 2, 3]);
        let second = second.unwrap_err();
        assert_eq!(second.status, Some(Status::IO), "{second:?}");
        assert!(second.text.contains("administrator command (SQLSTATE 57P01)"), "{second:?}");
        let third = third.unwrap_err();
        assert_eq!(third.status, Some(Status::IO), "{third:?}");
        assert!(third.text.contains("connect anew"), "{third:?}");
    }
    the_next_connection_works();
}

#[test]
fn words_nobody_asked_for_are_not_taken_for_an_answer() {
    for unasked in [ready(b'I'), row("9"), finished("SELECT 1"), good_answer()] {
        let steps = [TEXT_QUERY, Step::Send([good_answer(), unasked].concat()), TEXT_QUERY, Step::Silence];
        let server = server(Script::new(logged_in(steps)));
        let uri = server.uri();
        let (first, second) = within(LIMIT, move || {
            let mut connection = connect(&uri, TEXT);
            (values(&mut connection), values(&mut connection))
        });
        assert_eq!(first.unwrap(), [1, 2, 3]);
        let second = second.unwrap_err();
        assert!(second.text.contains("08P01"), "{second:?}");
    }
}

#[test]
fn a_description_that_fits_no_query_is_refused_before_anything_runs() {
    let described =
        |parameters: Vec<u8>| [parse_complete(), parameters, raw(b'n', &[]), ready(b'I')].concat();
    for (parameters, words) in [
        (raw(b't', &[0]), "ParameterDescription is truncated"),
        (raw(b't', &[0, 2, 0, 0, 0, 23]), "ParameterDescription is truncated"),
        (raw(b't', &[0, 0, 0]), "ParameterDescription has 1 bytes too many"),
        (row("1"), "DataRow while waiting for ParameterDescription"),
    ] {
        let steps = [Step::Expect(b"PDS"), Step::Send(described(parameters)), Step::Silence];
        let server = server(Script::new(logged_in(steps)));
        let uri = server.uri();
        let failure = within(LIMIT, move || values(&mut connect(&uri, &[]))).unwrap_err();
        assert_eq!(failure.status, BROKEN, "{failure:?}");
        assert!(failure.text.contains(words), "{failure:?}");
        all_went_by_the_script(&server);
    }
}

#[test]
fn an_update_is_counted_in_two_round_trips() {
    let described = [parse_complete(), no_parameters(), raw(b'n', &[]), ready(b'I')].concat();
    let done = [bind_complete(), finished("INSERT 0 3")].concat();
    let steps = [Step::Expect(b"PDS"), Step::Send(described), Step::Expect(b"BES"), Step::Send(done)];
    let server = server(Script::new(logged_in(steps.into_iter().chain([Step::Expect(b"X")]))));
    let uri = server.uri();
    let affected = within(LIMIT, move || execute(&mut connect(&uri, &[]), "insert into t select 1"));
    assert_eq!(affected, Some(3));
    all_went_by_the_script(&server);
}

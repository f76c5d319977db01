//! What goes wrong before a connection is there: TLS request, startup, login, greeting.

use std::time::{Duration, Instant};

use adbc_core::error::{Error, Status};
use redshift_sandbox::script::message::{
    authentication, error, greeting, notice, notification, parameter_status, raw, ready, with_length,
};
use redshift_sandbox::script::{Script, Step};

use super::{LIMIT, all_went_by_the_script, server, sqlstate, the_next_connection_works, within};
use crate::support::{Options, try_connect};

/// For cases that end by themselves; only a hang would meet it.
const PATIENT: Options<'static> = &[("adbc.redshift.target.connect_timeout_seconds", "30")];
const HASTY: Options<'static> = &[("adbc.redshift.target.connect_timeout_seconds", "1")];
const TLS: Options<'static> = &[("adbc.redshift.tls.mode", "require")];
const HASTY_TLS: Options<'static> = &[TLS[0], HASTY[0]];

/// What the server does, and how the driver reports it: status, SQLSTATE, words.
type Case = (&'static str, Vec<Step>, Status, &'static str, &'static str);

fn refused(steps: Vec<Step>, options: Options<'static>) -> Error {
    let server = server(Script::always(steps));
    let uri = server.uri();
    let error = within(LIMIT, move || try_connect(&uri, options).err()).expect("the connect fails");
    all_went_by_the_script(&server);
    error
}

#[track_caller]
fn check(cases: Vec<Case>, options: Options<'static>) {
    for (name, steps, status, state, words) in cases {
        let error = refused(steps, options);
        assert_eq!((error.status, sqlstate(&error).as_str()), (status, state), "{name}: {error:?}");
        assert!(error.message.contains(words), "{name}: {}", error.message);
        assert!(!format!("{error:?}").contains("Secr3t"), "{name}: {error:?}");
    }
    the_next_connection_works();
}

/// The server takes the startup packet and sends these bytes.
fn answers(bytes: Vec<u8>) -> Vec<Step> {
    vec![Step::Startup, Step::Send(bytes)]
}

/// The server lets the user in and goes on with these bytes.
fn welcomes(bytes: Vec<u8>) -> Vec<Step> {
    answers([authentication(0, &[]), bytes].concat())
}

#[test]
fn every_wrong_answer_to_the_tls_request_is_told() {
    let broken = |bytes: &[u8]| vec![Step::Startup, Step::Send(bytes.to_vec())];
    let handshake = vec![Step::Startup, Step::Send(b"S".to_vec()), Step::Take];
    let cut = handshake.clone();
    let garbage = [handshake, vec![Step::Send(b"HTTP/1.1 400 Bad Request\r\n".to_vec())]].concat();
    check(
        vec![
            ("another protocol", broken(b"HTTP"), Status::Internal, "08P01", "something else"),
            ("bytes behind the S", broken(b"Sxyz"), Status::Internal, "08P01", "before the TLS handshake"),
            ("no TLS", broken(b"N"), Status::IO, "08001", "tls.mode=disable"),
            ("an error", broken(&error("FATAL", "53300", "full")), Status::IO, "08001", "with an error"),
            ("the end", broken(b""), Status::IO, "08001", "closed the connection when asked for TLS"),
            ("a reset", vec![Step::Startup, Step::Reset], Status::IO, "08001", "when asked for TLS"),
            ("the end of the handshake", cut, Status::IO, "08001", "TLS handshake"),
            ("no handshake", garbage, Status::IO, "08001", "TLS handshake"),
        ],
        TLS,
    );
}

#[test]
fn every_wrong_answer_to_the_startup_packet_is_told() {
    let half_an_error = error("FATAL", "57P03", "starting up")[..20].to_vec();
    check(
        vec![
            ("the end", answers(vec![]), Status::IO, "08001", "without an answer"),
            ("a reset", vec![Step::Startup, Step::Reset], Status::IO, "08001", "without an answer"),
            ("HTTP", answers(b"HTTP/1.1 400\r\n".to_vec()), Status::Internal, "08P01", "does not speak"),
            ("zeros", answers(vec![0; 64]), Status::Internal, "08P01", "does not speak"),
            ("ready at once", answers(ready(b'I')), Status::Internal, "08P01", "ReadyForQuery while waiting"),
            (
                "starting up",
                answers(error("FATAL", "57P03", "the system is starting up")),
                Status::IO,
                "57P03",
                "refused the connection: the system is starting up",
            ),
            (
                "too many",
                answers(error("FATAL", "53300", "sorry, too many")),
                Status::IO,
                "53300",
                "too many",
            ),
            ("an error without fields", answers(raw(b'E', &[0])), Status::Internal, "", "gave no reason"),
            ("half an error", answers(half_an_error), Status::IO, "08001", "closed it without a word"),
        ],
        PATIENT,
    );
}

#[test]
fn every_wrong_authentication_request_is_told() {
    let digest =
        |algorithm: u32, rest: &[u8]| answers(authentication(13, &[&algorithm.to_be_bytes(), rest].concat()));
    let (denied, broken) = ((Status::Unauthenticated, "28000"), (Status::Internal, "08P01"));
    let case = |name, steps, (status, state), words| -> Case { (name, steps, status, state, words) };
    check(
        vec![
            case("an unknown code", answers(authentication(99, &[])), denied, "authentication 99 (unknown)"),
            case("Kerberos", answers(authentication(2, &[])), denied, "Kerberos V5"),
            case("an identity token", answers(authentication(14, &[])), denied, "not supported"),
            case("an unknown digest", digest(7, &[]), denied, "algorithm 7 (unknown)"),
            case("scrypt", digest(1, b"rest"), denied, "scrypt"),
            case("a digest without its salt", digest(0, &[]), broken, "truncated"),
            case("a salt that never ends", digest(0, &[0x7f, 0xff, 0xff, 0xff, 1]), broken, "truncated"),
            case("a salt of negative length", digest(0, &[0xff; 8]), broken, "truncated"),
            case("half a salt", answers(authentication(5, b"sa")), broken, "truncated"),
            case("too much salt", answers(authentication(5, b"saltsalt")), broken, "4 bytes too many"),
            case("no code", answers(raw(b'R', &[0, 0])), broken, "truncated"),
            case("another SASL", answers(authentication(10, b"OTHER\0\0")), denied, "mechanisms OTHER"),
            case("SASL without a start", answers(authentication(11, b"r=")), broken, "outside of SASL"),
            case("oversized", answers(with_length(b'R', u32::MAX >> 1, b"")), broken, "impossible length"),
            case("negative", answers(with_length(b'R', u32::MAX, b"")), broken, "impossible length"),
            case("too short", answers(with_length(b'R', 3, b"")), broken, "impossible length"),
        ],
        PATIENT,
    );
}

#[test]
fn a_login_that_scram_does_not_prove_does_not_count() {
    let offer = Step::Send(authentication(10, b"SCRAM-SHA-256\0\0"));
    let start = vec![Step::Startup, offer, Step::Expect(b"p")];
    let then = |bytes: Vec<u8>| [start.clone(), vec![Step::Send(bytes)]].concat();
    check(
        vec![
            ("Ok at once", then(greeting()), Status::Internal, "08P01", "before the server proved"),
            (
                "another nonce",
                then(authentication(11, b"r=other,s=c2FsdA==,i=4096")),
                Status::Unauthenticated,
                "28000",
                "SCRAM-SHA-256 login failed",
            ),
            (
                "years of hashing",
                then(authentication(11, b"r=x,s=c2FsdA==,i=4000000000")),
                Status::Internal,
                "08P01",
                "iteration count",
            ),
        ],
        PATIENT,
    );
}

#[test]
fn every_wrong_greeting_is_told() {
    let cut = welcomes(with_length(b'S', 40, b"server_ver"));
    let case = |name, bytes, words| -> Case { (name, welcomes(bytes), Status::Internal, "08P01", words) };
    check(
        vec![
            case("a name without end", raw(b'S', b"name"), "ParameterStatus is truncated"),
            case("a value that is no text", raw(b'S', b"name\0\xff\xfe\0"), "no UTF-8"),
            case("a version of the future", parameter_status("server_protocol_version", "9"), "is \"9\""),
            case("half a key", raw(b'K', &[0; 4]), "BackendKeyData is truncated"),
            case("an unknown status", ready(b'X'), "unknown status 'X'"),
            case("a status too long", raw(b'Z', b"II"), "ReadyForQuery has 1 bytes too many"),
            case("a second Ok", authentication(0, &[]), "Authentication while waiting for ReadyForQuery"),
            case("a row", raw(b'D', &[0, 0]), "DataRow while waiting for ReadyForQuery"),
            case("no message", vec![1, 2, 3, 4, 5], "unknown message type"),
            ("the end", welcomes(vec![]), Status::IO, "08001", "closed it without a word"),
            ("half a parameter", cut, Status::IO, "08001", "closed it without a word"),
            (
                "a limit",
                welcomes(error("FATAL", "53300", "connection limit")),
                Status::IO,
                "53300",
                "connection limit",
            ),
        ]
        .into_iter()
        .map(|case| if case.0 == "a version of the future" { ready_after(case) } else { case })
        .collect(),
        PATIENT,
    );
}

/// The version is judged once the greeting is complete.
fn ready_after((name, mut steps, status, state, words): Case) -> Case {
    steps.push(Step::Send(ready(b'I')));
    (name, steps, status, state, words)
}

#[test]
fn a_server_that_says_nothing_is_given_up_at_the_deadline() {
    let flood = notice("still starting").repeat(100);
    let drip = Step::Drip(greeting(), 1, Duration::from_millis(100));
    let started = Instant::now();
    let case = |name, steps, words| -> Case { (name, steps, Status::Timeout, "08001", words) };
    check(
        vec![
            case("silence", vec![Step::Silence], "it stopped at startup"),
            case("half an answer", [answers(vec![b'R', 0]), vec![Step::Silence]].concat(), "at startup"),
            case("silence after Ok", [welcomes(vec![]), vec![Step::Silence]].concat(), "at login"),
            case("a slow drip", vec![Step::Startup, drip, Step::Silence], "at login"),
            case("a flood", vec![Step::Startup, Step::Forever(vec![Step::Send(flood)])], "1 s"),
        ],
        HASTY,
    );
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "five deadlines of 1 s took {:?}",
        started.elapsed()
    );
}

#[test]
fn silence_after_the_tls_request_is_given_up_at_the_deadline() {
    let handshake = vec![Step::Startup, Step::Send(b"S".to_vec()), Step::Silence];
    check(
        vec![
            ("no answer", vec![Step::Silence], Status::Timeout, "08001", "it stopped at TLS"),
            ("no handshake", handshake, Status::Timeout, "08001", "it stopped at TLS"),
        ],
        HASTY_TLS,
    );
}

#[test]
fn a_greeting_in_any_pieces_with_anything_allowed_in_between_logs_in() {
    let parameters = parameter_status("TimeZone", "UTC");
    let asides = [notice("hello"), parameters, notification()].concat();
    let chatty = [
        asides.clone(),
        authentication(0, &[]),
        asides.clone(),
        raw(b'v', &[0; 8]),
        raw(b'K', &[7; 8]),
        asides,
        ready(b'I'),
    ];
    for bytes in [greeting(), chatty.concat()] {
        let drip = Step::Drip(bytes, 1, Duration::ZERO);
        let server = server(Script::new(vec![Step::Startup, drip, Step::Expect(b"X")]));
        let uri = server.uri();
        within(LIMIT, move || drop(try_connect(&uri, HASTY).expect("the login succeeds")));
        all_went_by_the_script(&server);
    }
}

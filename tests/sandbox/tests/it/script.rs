//! Script mode, met by a bare socket.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use redshift_sandbox::script::message::{error, raw, ready};
use redshift_sandbox::script::{Outcome, Script, ScriptServer, Step};

use crate::DEADLINE;

/// A StartupMessage without parameters.
const STARTUP: &[u8] = &[0, 0, 0, 9, 0, 3, 0, 0, 0];
const CANCEL: &[u8] = &[0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 7, 0, 0, 0, 9];
const SYNC: &[u8] = b"S\0\0\0\x04";

fn start(script: Script) -> ScriptServer {
    ScriptServer::start(script).unwrap()
}

fn client(server: &ScriptServer) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn rest(mut stream: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// The outcomes of so many connections, once each has one.
fn outcomes(server: &ScriptServer, count: usize) -> Vec<Outcome> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let outcomes = server.outcomes();
        let complete = outcomes.len() == count && !outcomes.contains(&Outcome::Playing);
        if complete || Instant::now() > deadline {
            return outcomes;
        }
        std::thread::yield_now();
    }
}

#[test]
fn steps_are_played_in_order_and_the_end_is_a_close() {
    let drip = Step::Drip(b"drip".to_vec(), 1, Duration::from_millis(1));
    let twice = Step::Repeat(2, vec![Step::Expect(b"S"), Step::Send(ready(b'I'))]);
    let server = start(Script::new(vec![Step::Startup, drip, twice]));
    let mut stream = client(&server);
    stream.write_all(&[STARTUP, SYNC, SYNC].concat()).unwrap();
    assert_eq!(rest(&stream), [b"drip".as_slice(), &ready(b'I'), &ready(b'I')].concat());
    drop(stream);
    assert_eq!(outcomes(&server, 1), [Outcome::Finished]);
}

#[test]
fn what_is_not_in_the_script_is_refused_at_once() {
    let server = start(Script::new(vec![Step::Startup, Step::Expect(b"Q"), Step::Silence]));
    let mut stream = client(&server);
    stream.write_all(&[STARTUP, SYNC].concat()).unwrap();
    let text = "message 'S' where 'Q' was expected";
    assert_eq!(rest(&stream), error("FATAL", "XX000", &format!("unscripted: {text}")));
    let further = client(&server);
    (&further).write_all(STARTUP).unwrap();
    assert!(String::from_utf8(rest(&further)).unwrap().contains("a connection that is not in the script"));
    drop((stream, further));
    let outcomes = outcomes(&server, 2);
    assert_eq!(outcomes[0], Outcome::Unscripted(text.to_owned()));
    assert!(matches!(outcomes[1], Outcome::Unscripted(_)), "{outcomes:?}");
}

#[test]
fn a_client_that_leaves_is_told_from_one_that_goes_astray() {
    let server = start(Script::always(vec![Step::Startup, Step::Expect(b"Q")]));
    for goodbye in [b"".as_slice(), b"X\0\0\0\x04"] {
        let mut stream = client(&server);
        stream.write_all(&[STARTUP, goodbye].concat()).unwrap();
    }
    assert_eq!(outcomes(&server, 2), [Outcome::Left, Outcome::Left]);
}

#[test]
fn a_half_closed_connection_still_listens() {
    let steps = vec![Step::Startup, Step::HalfClose, Step::Expect(b"S"), Step::Mark("heard")];
    let server = start(Script::new(steps));
    let mut stream = client(&server);
    stream.write_all(STARTUP).unwrap();
    assert_eq!(rest(&stream), b"");
    stream.write_all(SYNC).unwrap();
    assert!(server.wait_for("heard"));
}

#[test]
fn a_reset_is_a_reset() {
    let server = start(Script::new(vec![Step::Startup, Step::Take, Step::Reset]));
    let mut stream = client(&server);
    stream.write_all(STARTUP).unwrap();
    stream.write_all(&raw(b'S', &[])).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_cancel_request_is_counted_apart_from_the_connections() {
    let server = start(Script::new(vec![Step::Startup]).on_cancel(vec![Step::Mark("cancelled")]));
    let mut stream = client(&server);
    stream.write_all(CANCEL).unwrap();
    assert!(server.wait_for("cancelled"));
    assert_eq!(rest(&stream), b"");
    assert_eq!((server.cancels(), server.outcomes()), (1, vec![]));
}

//! A session against a scripted server: a TCP listener in the test that reads what it expects and plays bytes.
//!
//! Each test ends within [`LIMIT`], whatever goes wrong.

use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::secret::Secret;

mod flood;
mod pipeline;

const LIMIT: Duration = Duration::from_secs(20);

/// Tags of the messages of an unprepared query in text format.
const TEXT_QUERY: &[u8] = b"PBDES";

/// A connection seen from the server.
struct Peer(TcpStream);

impl Peer {
    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// A message without type: startup, cancel, TLS request.
    async fn untyped(&mut self) -> Vec<u8> {
        let length = self.0.read_u32().await.unwrap();
        let mut body = vec![0; length as usize - 4];
        self.0.read_exact(&mut body).await.unwrap();
        body
    }

    async fn message(&mut self) -> (u8, Vec<u8>) {
        let tag = self.0.read_u8().await.unwrap();
        (tag, self.untyped().await)
    }

    /// Messages with exactly these tags.
    async fn expect(&mut self, tags: &[u8]) {
        for tag in tags {
            assert_eq!(char::from(self.message().await.0), char::from(*tag));
        }
    }

    async fn closed(&mut self) {
        assert_eq!(self.0.read(&mut [0; 1]).await.unwrap(), 0);
    }

    /// Startup and a login without password.
    async fn log_in(&mut self) {
        self.untyped().await;
        self.send(&message(b'R', &[0, 0, 0, 0])).await;
        self.ready().await;
    }

    async fn ready(&mut self) {
        let mut bytes = message(b'S', b"server_protocol_version\x002\0");
        bytes.extend(message(b'K', &[0, 0, 0, 7, 0, 0, 0, 9]));
        bytes.extend(idle());
        self.send(&bytes).await;
    }
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[tag][..], &length, body].concat()
}

fn idle() -> Vec<u8> {
    message(b'Z', b"I")
}

fn in_block() -> Vec<u8> {
    message(b'Z', b"T")
}

fn error(severity: &str, code: &str, text: &str) -> Vec<u8> {
    message(b'E', format!("S{severity}\0C{code}\0M{text}\0\0").as_bytes())
}

/// ParseComplete, BindComplete, RowDescription of one text column in the layout of version 2.
fn one_column() -> Vec<u8> {
    let field = b"\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0";
    [message(b'1', b""), message(b'2', b""), message(b'T', field)].concat()
}

fn row(value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_be_bytes();
    message(b'D', &[b"\0\x01", &length[..], value].concat())
}

fn end(tag: &str) -> Vec<u8> {
    message(b'C', format!("{tag}\0").as_bytes())
}

/// A listener and a configuration that leads to it.
async fn listener() -> (TcpListener, SessionConfig) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = SessionConfig {
        host: "127.0.0.1".to_owned(),
        connect_host: None,
        port: listener.local_addr().unwrap().port(),
        database: "dev".to_owned(),
        tls: TlsConfig {
            mode: TlsMode::Disable,
            root_cert: None,
            server_name: None,
            min_version: TlsVersion::Tls12,
        },
        connect_timeout: LIMIT,
        keepalive: Keepalive { idle: Duration::from_secs(60), interval: Duration::from_secs(10), count: 3 },
        application_name: None,
    };
    (listener, config)
}

async fn accept(listener: &TcpListener) -> Peer {
    Peer(listener.accept().await.unwrap().0)
}

fn login() -> Login {
    Login { user: "awsuser".to_owned(), password: Some(Secret::new("Secr3tPassw0rd")) }
}

async fn connect(config: &SessionConfig) -> Result<Arc<Session>, Error> {
    Session::connect(config, &login(), &CancelToken::new()).await
}

/// Connects while `script` plays the server on the first connection.
async fn connect_to<F: Future<Output = ()> + Send>(
    script: impl FnOnce(Peer) -> F + Send + 'static,
) -> Result<Arc<Session>, Error> {
    let (listener, config) = listener().await;
    timeout(LIMIT, async {
        tokio::join!(connect(&config), async { script(accept(&listener).await).await }).0
    })
    .await
    .unwrap()
}

/// A logged-in session and its server, which runs `script`.
async fn session<F>(
    script: impl FnOnce(Peer, TcpListener) -> F + Send + 'static,
) -> (Arc<Session>, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (listener, config) = listener().await;
    let server = tokio::spawn(async move {
        let mut peer = accept(&listener).await;
        peer.log_in().await;
        timeout(LIMIT, script(peer, listener)).await.unwrap();
    });
    (connect(&config).await.unwrap(), server)
}

fn operation() -> Operation {
    Operation {
        cancel: CancelToken::new(),
        deadline: None,
        begin: false,
        buffer_bytes: 1 << 20,
        query_group: None,
    }
}

async fn query(session: &Arc<Session>, operation: &Operation) -> Result<RowStream, Error> {
    timeout(LIMIT, session.query("select a from t", ResultFormats::Text, operation)).await.unwrap()
}

/// The values of at most `limit` rows.
async fn read(stream: &mut RowStream, limit: usize) -> Result<Vec<Vec<u8>>, Error> {
    let mut values = Vec::new();
    let reading = stream.read_rows(|rows| {
        for row in rows {
            values.push(row[6..].to_vec());
            if values.len() == limit {
                return Ok::<_, ()>(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    });
    match timeout(LIMIT, reading).await.unwrap() {
        Ok(_) => Ok(values),
        Err(FetchError::Session(error)) => Err(error),
        Err(FetchError::Row(())) => unreachable!(),
    }
}

#[tokio::test]
async fn startup_asks_for_version_3_and_follows_the_answer() {
    let session = connect_to(|mut peer| async move {
        let startup = String::from_utf8(peer.untyped().await).unwrap();
        for pair in [
            "user\0awsuser\0",
            "database\0dev\0",
            "client_encoding\0UTF8\0",
            "client_protocol_version\x003\0",
        ] {
            assert!(startup.contains(pair), "{startup:?}");
        }
        peer.send(&message(b'N', b"SINFO\0C00000\0Mhello\0\0")).await;
        peer.send(&message(b'R', &[0, 0, 0, 0])).await;
        peer.ready().await;
    })
    .await
    .unwrap();
    assert_eq!(session.protocol_version(), 2);
    assert_eq!(session.parameter("SERVER_protocol_version").as_deref(), Some("2"));
    assert_eq!(session.notices()[0].message, "hello");
}

#[tokio::test]
async fn a_server_that_refuses_redshift_parameters_is_asked_again_without() {
    let (listener, config) = listener().await;
    let server = async {
        let mut peer = accept(&listener).await;
        peer.untyped().await;
        let text = "unrecognized configuration parameter \"client_protocol_version\"";
        peer.send(&error("FATAL", "42704", text)).await;
        let mut peer = accept(&listener).await;
        let startup = String::from_utf8(peer.untyped().await).unwrap();
        assert!(
            !startup.contains("client_protocol_version") && !startup.contains("driver_version"),
            "{startup:?}"
        );
        peer.send(&[message(b'R', &[0; 4]), message(b'K', &[0; 8]), idle()].concat()).await;
    };
    let (session, ()) = timeout(LIMIT, async { tokio::join!(connect(&config), server) }).await.unwrap();
    assert_eq!(session.unwrap().protocol_version(), 0);
}

#[tokio::test]
async fn each_password_request_gets_its_answer() {
    let digest = [&[0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 1][..], b"s", &[0, 0, 0, 1], b"n"].concat();
    let cases = [
        (vec![0, 0, 0, 3], b'p', &b"Secr3tPassw0rd\0"[..]),
        (vec![0, 0, 0, 5, 1, 2, 3, 4], b'p', b"md527b966288ac3d24564ef9dfd479e272a\0"),
        (digest, b'd', b"\0\0\0 "),
        (b"\0\0\0\x0aSCRAM-SHA-256\0\0".to_vec(), b'p', b"SCRAM-SHA-256\0"),
    ];
    for (request, tag, start) in cases {
        let is_scram = request[3] == 10;
        let outcome = connect_to(move |mut peer| async move {
            peer.untyped().await;
            peer.send(&message(b'R', &request)).await;
            let (answered, body) = peer.message().await;
            assert_eq!(answered, tag);
            assert!(body.starts_with(start), "{body:?}");
            peer.send(&message(b'R', &[0; 4])).await;
            peer.ready().await;
        })
        .await;
        // A SCRAM exchange cut short must not count as a login.
        assert_eq!(outcome.is_err(), is_scram);
    }
}

#[tokio::test]
async fn a_wrong_password_keeps_the_words_of_the_server() {
    let error = connect_to(|mut peer| async move {
        peer.untyped().await;
        peer.send(&message(b'R', &[0, 0, 0, 3])).await;
        peer.message().await;
        peer.send(&error("FATAL", "28000", "password authentication failed for user \"awsuser\"")).await;
    })
    .await
    .unwrap_err();
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Authentication, Some("28000")));
    assert!(error.server().unwrap().message.contains("awsuser"));
    assert!(!format!("{error:?}").contains("Secr3t"));
}

#[tokio::test]
async fn broken_startups_are_told_apart() {
    let unknown_code = message(b'R', &[0, 0, 0, 99]);
    let cases: [(&[u8], ErrorKind, &str); 6] = [
        (b"", ErrorKind::Closed, "closed the connection after the startup packet"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ErrorKind::Protocol, "does not speak the PostgreSQL protocol"),
        (&unknown_code, ErrorKind::Authentication, "99"),
        (b"R\0\0\0\x06\0\0", ErrorKind::Protocol, "truncated"),
        (b"R\0\0\0\x08\0", ErrorKind::Closed, "connection"),
        (b"Z\0\0\0\x05I", ErrorKind::Protocol, "ReadyForQuery while waiting for an authentication request"),
    ];
    for (bytes, kind, text) in cases {
        let bytes = bytes.to_vec();
        let outcome = connect_to(move |mut peer| async move {
            peer.untyped().await;
            peer.send(&bytes).await;
        });
        let error = outcome.await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_at_its_stage() {
    for (mode, stage) in [(TlsMode::Disable, "startup"), (TlsMode::Require, "TLS")] {
        let (_listener, mut config) = listener().await;
        config.connect_timeout = Duration::from_millis(100);
        config.tls.mode = mode;
        let error = timeout(LIMIT, connect(&config)).await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Timeout, Some("08001")));
        assert!(error.to_string().contains(stage), "{error}");
    }
}

#[tokio::test]
async fn a_cancelled_connect_stops() {
    let (_listener, config) = listener().await;
    let cancel = CancelToken::new();
    cancel.cancel();
    let error = Session::connect(&config, &login(), &cancel).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn answers_to_the_tls_request_are_told_apart() {
    let cases: [(&[u8], ErrorKind, &str); 5] = [
        (b"N", ErrorKind::Tls, "tls.mode=disable"),
        (b"E\0\0\0\x05\0", ErrorKind::Tls, "answered the TLS request with an error"),
        (b"HTTP", ErrorKind::Protocol, "something else"),
        (b"Sinjected", ErrorKind::Protocol, "before the TLS handshake"),
        (b"", ErrorKind::Closed, "closed the connection when asked for TLS"),
    ];
    for (answer, kind, text) in cases {
        let (listener, mut config) = listener().await;
        config.tls.mode = TlsMode::Require;
        let server = async {
            let mut peer = accept(&listener).await;
            assert_eq!(peer.untyped().await, 80_877_103_u32.to_be_bytes());
            peer.send(answer).await;
        };
        let (outcome, ()) = timeout(LIMIT, async { tokio::join!(connect(&config), server) }).await.unwrap();
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn an_error_in_mid_stream_follows_the_rows_before_it() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(TEXT_QUERY).await;
        let failure = error("ERROR", "22012", "division by zero");
        peer.send(&[one_column(), row(b"1"), row(b"2"), failure, idle()].concat()).await;
        peer.expect(b"X").await;
        peer.closed().await;
    })
    .await;
    let mut stream = query(&session, &operation()).await.unwrap();
    assert_eq!(stream.columns().unwrap()[0].name, "a");
    assert_eq!(read(&mut stream, 2).await.unwrap(), [b"1", b"2"]);
    let error = read(&mut stream, 1).await.unwrap_err();
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Server, Some("22012")));
    assert!(!session.is_closed());
    session.close().await;
    assert_eq!(query(&session, &operation()).await.unwrap_err().kind(), ErrorKind::Closed);
    server.await.unwrap();
}

#[tokio::test]
async fn a_connection_lost_in_mid_stream_breaks_the_session() {
    for last_words in
        [Vec::new(), error("FATAL", "57P01", "terminating connection"), b"D\0\0\0\x09\0".to_vec()]
    {
        let (session, server) = session(|mut peer, _| async move {
            peer.expect(TEXT_QUERY).await;
            peer.send(&[one_column(), row(b"1"), last_words].concat()).await;
        })
        .await;
        let mut stream = query(&session, &operation()).await.unwrap();
        let error = read(&mut stream, usize::MAX).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(error.to_string().starts_with("connection lost"), "{error}");
        assert!(session.is_closed());
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_message_out_of_turn_is_named_and_breaks_the_session() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(TEXT_QUERY).await;
        peer.send(&message(b'K', &[0; 8])).await;
        peer.closed().await;
    })
    .await;
    let error = query(&session, &operation()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "protocol violation by the server: BackendKeyData while waiting for ParseComplete"
    );
    assert!(session.is_closed());
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn a_second_statement_moves_the_first_result_aside() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(TEXT_QUERY).await;
        peer.send(&[one_column(), row(b"1"), row(b"2"), row(b"3"), end("SELECT"), idle()].concat()).await;
        peer.expect(b"Q").await;
        peer.send(&[end("SET"), idle()].concat()).await;
    })
    .await;
    let mut first = query(&session, &operation()).await.unwrap();
    assert_eq!(read(&mut first, 1).await.unwrap(), [b"1"]);
    assert_eq!(session.command("SET x = 1", &operation()).await.unwrap().text, "SET");
    assert_eq!(read(&mut first, 1).await.unwrap(), [b"2"]);
    assert_eq!(read(&mut first, 9).await.unwrap(), [b"3"]);
    assert_eq!(first.command_tag().unwrap().text, "SELECT");
    server.await.unwrap();
}

#[tokio::test]
async fn past_the_bound_the_second_statement_fails_and_the_first_result_is_intact() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(TEXT_QUERY).await;
        peer.send(&[one_column(), row(b"1"), row(b"2"), row(b"3"), end("SELECT 3"), idle()].concat()).await;
        peer.expect(b"X").await;
    })
    .await;
    let mut first = query(&session, &operation()).await.unwrap();
    // Room for one body of seven bytes.
    let tight = Operation { buffer_bytes: 10, ..operation() };
    for _ in 0..2 {
        assert_eq!(session.command("SET x = 1", &tight).await.unwrap_err().kind(), ErrorKind::Busy);
    }
    assert_eq!(read(&mut first, 9).await.unwrap(), [b"1", b"2", b"3"]);
    session.close().await;
    server.await.unwrap();
}

#[tokio::test]
async fn dropping_a_result_outside_a_block_cancels_before_the_next_statement() {
    let (session, server) = session(|mut peer, listener| async move {
        peer.expect(TEXT_QUERY).await;
        peer.send(&[one_column(), row(b"1")].concat()).await;
        let mut cancel = accept(&listener).await;
        assert_eq!(
            cancel.untyped().await,
            [80_877_102_u32.to_be_bytes(), [0, 0, 0, 7], [0, 0, 0, 9]].concat()
        );
        peer.send(&[row(b"2"), error("ERROR", "57014", "cancelled"), idle()].concat()).await;
        // Nothing may be sent while the cancel connection is open.
        let early = timeout(Duration::from_millis(100), peer.0.read_u8()).await;
        assert!(early.is_err(), "a statement overtook the cancel");
        drop(cancel);
        peer.expect(b"Q").await;
        peer.send(&[end("SET"), idle()].concat()).await;
    })
    .await;
    drop(query(&session, &operation()).await.unwrap());
    let tag = timeout(LIMIT, session.command("SET x = 1", &operation())).await.unwrap().unwrap();
    assert_eq!(tag.text, "SET");
    server.await.unwrap();
}

#[tokio::test]
async fn dropping_a_result_inside_a_block_closes_its_portal_without_a_cancel() {
    let (session, server) = session(|mut peer, listener| async move {
        // BEGIN rides along: Parse, Bind, Execute of its own.
        peer.expect(b"PBE").await;
        peer.expect(TEXT_QUERY).await;
        let begun = [message(b'1', b""), message(b'2', b""), end("BEGIN")].concat();
        peer.send(&[begun, one_column(), row(b"1")].concat()).await;
        let (tag, body) = peer.message().await;
        assert_eq!((tag, body.as_slice()), (b'C', &b"Pp0\0"[..]));
        peer.expect(b"S").await;
        peer.send(&[message(b's', b""), in_block(), message(b'3', b""), in_block()].concat()).await;
        peer.expect(b"Q").await;
        peer.send(&[end("COMMIT"), idle()].concat()).await;
        assert!(timeout(Duration::from_millis(50), listener.accept()).await.is_err(), "a cancel was sent");
    })
    .await;
    drop(query(&session, &Operation { begin: true, ..operation() }).await.unwrap());
    let tag = timeout(LIMIT, session.command("COMMIT", &operation())).await.unwrap().unwrap();
    assert_eq!(tag.text, "COMMIT");
    assert_eq!(session.transaction_status(), TransactionStatus::Idle);
    server.await.unwrap();
}

#[tokio::test]
async fn a_suspended_portal_is_fetched_on_and_its_rows_are_counted() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(b"PBE").await;
        peer.expect(TEXT_QUERY).await;
        let begun = [message(b'1', b""), message(b'2', b""), end("BEGIN")].concat();
        peer.send(&[begun, one_column(), row(b"1"), message(b's', b""), in_block()].concat()).await;
        peer.expect(b"ES").await;
        peer.send(&[row(b"2"), end("SELECT 1"), in_block()].concat()).await;
    })
    .await;
    let mut stream = query(&session, &Operation { begin: true, ..operation() }).await.unwrap();
    assert_eq!(read(&mut stream, 9).await.unwrap(), [b"1", b"2"]);
    assert_eq!(stream.command_tag().unwrap().rows, Some(16_385));
    server.await.unwrap();
}

#[tokio::test]
async fn a_cancelled_statement_leaves_the_session_usable() {
    let (session, server) = session(|mut peer, listener| async move {
        peer.expect(TEXT_QUERY).await;
        accept(&listener).await.untyped().await;
        peer.send(&[error("ERROR", "57014", "cancelled"), idle()].concat()).await;
        peer.expect(b"Q").await;
        peer.send(&[end("SET"), idle()].concat()).await;
    })
    .await;
    let operation = operation();
    let cancel = operation.cancel.clone();
    tokio::spawn(async move { cancel.cancel() });
    assert_eq!(query(&session, &operation).await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(session.command("SET x = 1", &super::tests::operation()).await.is_ok());
    server.await.unwrap();
}

#[tokio::test]
async fn a_cancel_that_came_before_its_statement_is_sent_again() {
    let (session, server) = session(|mut peer, listener| async move {
        peer.expect(TEXT_QUERY).await;
        accept(&listener).await.untyped().await;
        // The server knew of no statement then, and runs this one now.
        accept(&listener).await.untyped().await;
        peer.send(&[error("ERROR", "57014", "cancelled"), idle()].concat()).await;
        peer.expect(b"Q").await;
        peer.send(&[end("SET"), idle()].concat()).await;
    })
    .await;
    let first = operation();
    let cancel = first.cancel.clone();
    tokio::spawn(async move { cancel.cancel() });
    assert_eq!(query(&session, &first).await.unwrap_err().kind(), ErrorKind::Cancelled);
    timeout(LIMIT, session.command("SET x = 1", &operation())).await.unwrap().unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_deadline_ends_a_statement_like_a_cancel() {
    let (session, server) = session(|mut peer, listener| async move {
        peer.expect(TEXT_QUERY).await;
        accept(&listener).await.untyped().await;
        peer.send(&[error("ERROR", "57014", "cancelled"), idle()].concat()).await;
    })
    .await;
    let deadline = Some(Instant::now() + Duration::from_millis(50));
    let error = query(&session, &Operation { deadline, ..operation() }).await.unwrap_err();
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Timeout, Some("57014")));
    assert!(!session.is_closed());
    server.await.unwrap();
}

#[tokio::test]
async fn a_late_cancel_of_our_own_is_retried_once() {
    let (session, server) = session(|mut peer, listener| async move {
        peer.expect(TEXT_QUERY).await;
        peer.send(&[one_column(), row(b"1")].concat()).await;
        accept(&listener).await.untyped().await;
        // The statement ends before the cancel hits it.
        peer.send(&[end("SELECT"), idle()].concat()).await;
        for _ in 0..2 {
            peer.expect(b"Q").await;
            peer.send(&[error("ERROR", "57014", "cancelled"), idle()].concat()).await;
        }
    })
    .await;
    drop(query(&session, &operation()).await.unwrap());
    let outcome = timeout(LIMIT, session.command("SET x = 1", &operation())).await.unwrap();
    assert_eq!(outcome.unwrap_err().sqlstate(), Some("57014"));
    server.await.unwrap();
}

#[tokio::test]
async fn a_statement_whose_future_is_dropped_breaks_the_session() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(TEXT_QUERY).await;
        peer.closed().await;
    })
    .await;
    let operation = operation();
    let abandoned = session.query("select a from t", ResultFormats::Text, &operation);
    assert!(timeout(Duration::from_millis(50), abandoned).await.is_err());
    assert!(session.is_closed());
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn prepared_statements_run_in_one_round_trip_and_are_closed_with_the_next_query() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(b"PDS").await;
        let described = [message(b'1', b""), message(b't', b"\0\0"), message(b'n', b""), idle()].concat();
        peer.send(&described).await;
        peer.expect(b"BES").await;
        peer.send(&[message(b'2', b""), end("INSERT 0 2"), idle()].concat()).await;
        peer.expect(b"C").await;
        peer.expect(TEXT_QUERY).await;
        let empty = [message(b'n', b""), message(b'I', b""), idle()].concat();
        peer.send(&[message(b'3', b""), message(b'1', b""), message(b'2', b""), empty].concat()).await;
    })
    .await;
    let prepared = session.prepare("insert into t values (1), (2)", &[], &operation()).await.unwrap();
    assert!(prepared.description().columns.is_none());
    let done =
        session.execute(&prepared, &Parameters::NONE, ResultFormats::Text, &operation()).await.unwrap();
    assert_eq!(done.command_tag().unwrap().rows, Some(2));
    drop(prepared);
    let empty = query(&session, &operation()).await.unwrap();
    assert_eq!(empty.command_tag().unwrap().text, "");
    server.await.unwrap();
}

#[tokio::test]
async fn copy_is_refused_and_the_session_goes_on() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(TEXT_QUERY).await;
        let started = [message(b'1', b""), message(b'2', b""), message(b'n', b"")].concat();
        peer.send(&[started, message(b'G', b"\0\0\0")].concat()).await;
        peer.expect(b"fS").await;
        peer.send(&[error("ERROR", "57014", "COPY failed"), idle()].concat()).await;
        peer.expect(b"Q").await;
        peer.send(
            &[message(b'H', b"\0\0\0"), message(b'd', b"1"), message(b'c', b""), end("COPY 1"), idle()]
                .concat(),
        )
        .await;
    })
    .await;
    let error = query(&session, &operation()).await.unwrap_err();
    assert!(error.to_string().contains("COPY FROM STDIN"), "{error}");
    let error = session.rows("copy t to stdout", &operation()).await.unwrap_err();
    assert!(error.to_string().contains("COPY TO STDOUT"), "{error}");
    assert!(!session.is_closed());
    server.await.unwrap();
}

#[tokio::test]
async fn a_statement_larger_than_the_socket_buffers_meets_an_answer_as_large() {
    let (session, server) = session(|mut peer, _| async move {
        // Answers in part before it reads on, as a server with pipelined statements does.
        assert_eq!(peer.0.read_u8().await.unwrap(), b'Q');
        let value = vec![b'x'; 16 << 20];
        peer.send(&[message(b'T', b"\0\0"), row(&value)].concat()).await;
        peer.untyped().await;
        peer.send(&[end("SELECT"), idle()].concat()).await;
    })
    .await;
    let sql = "x".repeat(16 << 20);
    let operation = operation();
    let rows = timeout(LIMIT, session.rows(&sql, &operation)).await.unwrap().unwrap();
    assert_eq!(rows[0][0].as_ref().unwrap().len(), 16 << 20);
    server.await.unwrap();
}

#[tokio::test]
async fn operations_can_be_spawned() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(TEXT_QUERY).await;
        peer.send(&[one_column(), row(b"1"), end("SELECT"), idle()].concat()).await;
    })
    .await;
    let task = tokio::spawn(async move {
        let mut stream = query(&session, &operation()).await.unwrap();
        read(&mut stream, 9).await.unwrap()
    });
    assert_eq!(task.await.unwrap(), [b"1"]);
    server.await.unwrap();
}

#[tokio::test]
async fn a_query_group_is_set_ahead_of_its_statement_without_waiting_and_taken_back_after() {
    let (session, server) = session(|mut peer, _| async move {
        let set = |expected: &'static [u8]| {
            move |(tag, body): (u8, Vec<u8>)| {
                assert_eq!((tag, body.as_slice()), (b'Q', expected));
            }
        };
        let rows = || [one_column(), row(b"1"), end("SELECT"), idle()].concat();
        // Nothing is answered before the statement is there too.
        set(b"SET query_group TO 'it''s'\0")(peer.message().await);
        peer.expect(TEXT_QUERY).await;
        peer.send(&[end("SET"), idle(), rows()].concat()).await;
        peer.expect(TEXT_QUERY).await;
        peer.send(&rows()).await;
        set(b"RESET query_group\0")(peer.message().await);
        peer.expect(TEXT_QUERY).await;
        peer.send(&[error("ERROR", "XX000", "no"), idle(), rows()].concat()).await;
        set(b"RESET query_group\0")(peer.message().await);
        peer.expect(TEXT_QUERY).await;
        peer.send(&[end("RESET"), idle(), rows()].concat()).await;
    })
    .await;
    let grouped = Operation { query_group: Some("it's".into()), ..operation() };
    for operation in [grouped.clone(), grouped, operation(), operation()] {
        let mut rows = query(&session, &operation).await.unwrap();
        assert_eq!(read(&mut rows, 10).await.unwrap(), [b"1"]);
    }
    assert_eq!(session.notices()[0].message, "no");
    server.await.unwrap();
}

#[tokio::test]
async fn a_query_group_of_a_transaction_is_set_again_since_a_rollback_may_have_undone_it() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(b"Q").await;
        peer.send(&[end("BEGIN"), in_block()].concat()).await;
        // The second closes the portal of the first.
        for tags in [&b"QPBDES"[..], b"QCPBDES"] {
            peer.expect(tags).await;
            peer.send(&[end("SET"), in_block(), one_column(), end("SELECT"), in_block()].concat()).await;
        }
    })
    .await;
    session.command("BEGIN", &operation()).await.unwrap();
    let grouped = Operation { query_group: Some("g".into()), ..operation() };
    for _ in 0..2 {
        query(&session, &grouped).await.unwrap();
    }
    server.await.unwrap();
}

#[tokio::test]
async fn a_result_that_is_not_complete_by_its_deadline_fails_and_the_session_goes_on() {
    let (session, server) = session(|mut peer, listener| async move {
        peer.expect(TEXT_QUERY).await;
        peer.send(&[one_column(), row(b"1")].concat()).await;
        let mut cancel = accept(&listener).await;
        assert_eq!(cancel.untyped().await.len(), 12);
        drop(cancel);
        peer.send(&[error("ERROR", "57014", "cancelled"), idle()].concat()).await;
        peer.expect(TEXT_QUERY).await;
        peer.send(&[one_column(), end("SELECT"), idle()].concat()).await;
    })
    .await;
    let mut rows = query(&session, &operation()).await.unwrap();
    rows.expire_at(Instant::now() + Duration::from_millis(50));
    let error = read(&mut rows, 10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("query_timeout_seconds"), "{error}");
    query(&session, &operation()).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_session_closes_when_nobody_used_it_and_not_while_a_result_is_open() {
    let limit = Duration::from_millis(100);
    let (session, server) = session(move |mut peer, _| async move {
        peer.expect(TEXT_QUERY).await;
        peer.send(&[one_column(), row(b"1")].concat()).await;
        // The result stays open for longer than the limit.
        tokio::time::sleep(limit * 3).await;
        peer.send(&[end("SELECT"), idle()].concat()).await;
        peer.expect(b"X").await;
        peer.closed().await;
    })
    .await;
    session.close_when_idle(limit);
    let mut rows = query(&session, &operation()).await.unwrap();
    assert_eq!(read(&mut rows, 10).await.unwrap(), [b"1"]);
    timeout(LIMIT, async {
        while !session.is_closed() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    let error = query(&session, &operation()).await.unwrap_err();
    assert!(error.is_unsent() && error.to_string().contains("idle_timeout_seconds"), "{error}");
    drop((rows, session));
    server.await.unwrap();
}

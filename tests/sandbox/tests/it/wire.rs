//! Raw messages: what no finished client shows or sends.

use std::sync::Arc;
use std::time::Duration;

use redshift_sandbox::{AuthMode, Sandbox, SandboxConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::DEADLINE;

pub(crate) struct Wire {
    stream: TcpStream,
}

impl Wire {
    async fn open(sandbox: &Sandbox) -> Self {
        Self { stream: TcpStream::connect(("127.0.0.1", sandbox.port())).await.unwrap() }
    }

    pub(crate) async fn login(sandbox: &Sandbox, protocol: &str) -> (Self, Vec<(u8, Vec<u8>)>) {
        let mut wire = Self::open(sandbox).await;
        let mut startup = 196_608_i32.to_be_bytes().to_vec();
        for text in ["user", "awsuser", "database", "dev", "client_protocol_version", protocol, ""] {
            startup.extend_from_slice(text.as_bytes());
            startup.push(0);
        }
        wire.packet(&startup).await;
        assert_eq!(wire.message().await, (b'R', vec![0, 0, 0, 3]));
        wire.send(b'p', format!("{}\0", sandbox.password()).as_bytes()).await;
        let greeting = wire.until_ready().await;
        (wire, greeting)
    }

    async fn packet(&mut self, body: &[u8]) {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        self.stream.write_all(&[&length, body].concat()).await.unwrap();
    }

    pub(crate) async fn send(&mut self, tag: u8, body: &[u8]) {
        self.stream.write_all(&[tag]).await.unwrap();
        self.packet(body).await;
    }

    async fn message(&mut self) -> (u8, Vec<u8>) {
        let read = async {
            let tag = self.stream.read_u8().await.unwrap();
            let mut body = vec![0; self.stream.read_u32().await.unwrap() as usize - 4];
            self.stream.read_exact(&mut body).await.unwrap();
            (tag, body)
        };
        timeout(DEADLINE, read).await.expect("a message in time")
    }

    pub(crate) async fn until_ready(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut messages = Vec::new();
        loop {
            let message = self.message().await;
            let ready = message.0 == b'Z';
            messages.push(message);
            if ready {
                return messages;
            }
        }
    }

    pub(crate) async fn query(&mut self, sql: &str) -> Vec<(u8, Vec<u8>)> {
        self.send(b'Q', format!("{sql}\0").as_bytes()).await;
        self.until_ready().await
    }

    /// Parse, Bind with these result formats, Describe of the portal, Execute, Sync, in one go.
    pub(crate) async fn extended(&mut self, sql: &str, formats: &[i16]) -> Vec<(u8, Vec<u8>)> {
        self.send(b'P', format!("\0{sql}\0\0\0").as_bytes()).await;
        let mut bind = vec![0; 6];
        bind.extend(i16::try_from(formats.len()).unwrap().to_be_bytes());
        bind.extend(formats.iter().flat_map(|format| format.to_be_bytes()));
        self.send(b'B', &bind).await;
        self.send(b'D', b"P\0").await;
        self.send(b'E', &[0; 5]).await;
        self.send(b'S', &[]).await;
        self.until_ready().await
    }
}

async fn cleartext(max_protocol: u32) -> Sandbox {
    let config = SandboxConfig { auth: AuthMode::Cleartext, max_protocol, ..SandboxConfig::default() };
    Sandbox::start(config).await.unwrap()
}

fn tags(messages: &[(u8, Vec<u8>)]) -> String {
    messages.iter().map(|(tag, _)| *tag as char).collect()
}

pub(crate) fn body(messages: &[(u8, Vec<u8>)], tag: u8) -> &[u8] {
    &messages.iter().find(|(found, _)| *found == tag).unwrap_or_else(|| panic!("no {}", tag as char)).1
}

#[tokio::test]
async fn granted_protocol_is_the_lower_of_asked_and_offered() {
    let sandbox = cleartext(1).await;
    for (asked, granted) in [("0", "0"), ("1", "1"), ("3", "1")] {
        let (_, greeting) = Wire::login(&sandbox, asked).await;
        let expected = format!("server_protocol_version\0{granted}\0").into_bytes();
        let position = greeting.iter().position(|(_, body)| *body == expected).unwrap();
        assert_eq!(tags(&greeting[position + 1..]), "KZ", "it stands right before the key");
    }
}

#[tokio::test]
async fn numeric_in_binary_is_an_integer_of_8_or_16_bytes() {
    let sandbox = cleartext(2).await;
    let (mut wire, _) = Wire::login(&sandbox, "2").await;
    let sql = "SELECT 7, '-12.34'::numeric(8,2), '-12.34'::numeric(20,2), NULL::numeric(8,2)";
    let messages = wire.extended(sql, &[0, 1, 1, 1]).await;
    assert_eq!(tags(&messages), "12TDCZ");
    let mut row = b"\0\x04\0\0\0\x017\0\0\0\x08".to_vec();
    row.extend((-1234_i64).to_be_bytes());
    row.extend(b"\0\0\0\x10");
    row.extend((-1234_i128).to_be_bytes());
    row.extend(b"\xff\xff\xff\xff");
    assert_eq!(body(&messages, b'D'), row);
}

#[tokio::test]
async fn computed_numeric_in_binary_is_refused_not_guessed() {
    let sandbox = cleartext(2).await;
    let (mut wire, _) = Wire::login(&sandbox, "2").await;
    wire.send(b'P', b"s\0SELECT 12.34\0\0\0").await;
    wire.send(b'S', &[]).await;
    assert_eq!(tags(&wire.until_ready().await), "1Z");
    wire.send(b'B', b"\0s\0\0\0\0\0\0\x01\0\x01").await;
    wire.send(b'S', &[]).await;
    let messages = wire.until_ready().await;
    assert_eq!(tags(&messages), "EZ");
    assert!(body(&messages, b'E').windows(7).any(|field| field == b"C0A000\0"));
}

#[tokio::test]
async fn computed_numeric_in_binary_that_nobody_described_ends_the_session_with_an_error() {
    let sandbox = cleartext(2).await;
    let (mut wire, _) = Wire::login(&sandbox, "2").await;
    wire.send(b'P', b"\0SELECT 12.34\0\0\0").await;
    wire.send(b'B', b"\0\0\0\0\0\0\0\x01\0\x01").await;
    wire.send(b'E', &[0; 5]).await;
    wire.send(b'S', &[]).await;
    let messages = [wire.message().await, wire.message().await, wire.message().await];
    assert_eq!(tags(&messages), "12E");
    assert!(body(&messages, b'E').starts_with(b"SFATAL\0"));
}

#[tokio::test]
async fn description_names_the_origin_of_a_column_from_version_1_on() {
    let sandbox = cleartext(3).await;
    let (mut wire, _) = Wire::login(&sandbox, "1").await;
    wire.query("CREATE TABLE t (a int NOT NULL, b varchar(5))").await;
    let messages = wire.query("SELECT a AS label, b, 1 FROM t").await;
    let description = String::from_utf8_lossy(body(&messages, b'T')).into_owned();
    assert!(description.contains("public\0t\0a\0dev\0\u{10}\u{1}b\0"), "{description:?}");
    assert!(description.contains("public\0t\0b\0dev\0\u{10}\0?column?\0"), "{description:?}");
    assert!(description.ends_with("\0\0\0\0\0\0"), "{description:?}");
    let (mut latest, _) = Wire::login(&sandbox, "3").await;
    let messages = latest.extended("SELECT b FROM t", &[]).await;
    assert!(body(&messages, b'T').ends_with(b"public\0t\0b\0dev\0\x10\x02"));
}

#[tokio::test]
async fn select_tag_has_no_count() {
    let sandbox = cleartext(2).await;
    let (mut wire, _) = Wire::login(&sandbox, "2").await;
    assert_eq!(body(&wire.query("SELECT 1").await, b'C'), b"SELECT\0");
    wire.query("CREATE TABLE t (a int)").await;
    assert_eq!(body(&wire.query("INSERT INTO t VALUES (1), (2)").await, b'C'), b"INSERT 0 2\0");
}

#[tokio::test]
async fn error_skips_the_rest_of_the_pipeline_and_the_next_round_works() {
    let sandbox = cleartext(2).await;
    let (mut wire, _) = Wire::login(&sandbox, "2").await;
    assert_eq!(tags(&wire.extended("SELECT nonsense", &[1]).await), "EZ");
    assert_eq!(tags(&wire.extended("SAVEPOINT s", &[1]).await), "EZ");
    assert_eq!(tags(&wire.extended("SELECT 1; SELECT 2", &[]).await), "EZ");
    assert_eq!(tags(&wire.extended("", &[]).await), "12nIZ");
    assert_eq!(tags(&wire.extended("SELECT 1.5::numeric(3,1)", &[1]).await), "12TDCZ");
}

#[tokio::test]
async fn only_parameters_redshift_reports_are_reported() {
    let sandbox = cleartext(2).await;
    let (mut wire, greeting) = Wire::login(&sandbox, "2").await;
    assert!(!greeting.iter().any(|(_, body)| body.starts_with(b"standard_conforming_strings")));
    assert_eq!(body(&wire.query("SET DateStyle TO German").await, b'S'), b"datestyle\0German, DMY\0");
    assert_eq!(tags(&wire.query("SET IntervalStyle TO iso_8601").await), "CZ");
}

#[tokio::test]
async fn backslash_escapes_in_literals_as_before_postgresql_9() {
    let sandbox = cleartext(2).await;
    let (mut wire, _) = Wire::login(&sandbox, "2").await;
    assert_eq!(body(&wire.query(r"SELECT 'it\'s'").await, b'D'), b"\0\x01\0\0\0\x04it's");
}

#[tokio::test]
async fn cancel_works_over_tls_and_only_with_the_right_key() {
    let sandbox = cleartext(2).await;
    let (mut wire, greeting) = Wire::login(&sandbox, "2").await;
    let key = body(&greeting, b'K').to_vec();
    wire.send(b'Q', b"SELECT pg_sleep(600)\0").await;
    let mut wrong = key.clone();
    wrong[7] ^= 1;
    cancel_over_tls(&sandbox, &wrong).await;
    let early = timeout(Duration::from_millis(200), wire.stream.peek(&mut [0])).await;
    assert!(early.is_err(), "a wrong key cancelled the statement");
    // Until the statement runs, a cancel has nothing to hit; it may be sent again.
    let cancelled = async {
        while timeout(Duration::from_millis(100), wire.stream.peek(&mut [0])).await.is_err() {
            cancel_over_tls(&sandbox, &key).await;
        }
    };
    timeout(DEADLINE, cancelled).await.unwrap();
    let messages = wire.until_ready().await;
    assert!(body(&messages, b'E').windows(7).any(|field| field == b"C57014\0"));
}

#[tokio::test]
async fn a_cancel_hits_nothing_that_comes_after_the_end_of_its_connection() {
    let sandbox = cleartext(2).await;
    let (mut wire, greeting) = Wire::login(&sandbox, "2").await;
    let key = body(&greeting, b'K').to_vec();
    for _ in 0..10 {
        cancel_over_tls(&sandbox, &key).await;
        wire.send(b'Q', b"SELECT pg_sleep(0.05)\0").await;
        let answer = wire.until_ready().await;
        assert!(answer.iter().all(|(tag, _)| *tag != b'E'), "{answer:?}");
    }
}

async fn cancel_over_tls(sandbox: &Sandbox, key: &[u8]) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(sandbox.ca_file()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut wire = Wire::open(sandbox).await;
    wire.packet(&80_877_103_i32.to_be_bytes()).await;
    assert_eq!(wire.stream.read_u8().await.unwrap(), b'S');
    let name = "localhost".try_into().unwrap();
    let mut tls = TlsConnector::from(Arc::new(config)).connect(name, wire.stream).await.unwrap();
    tls.write_all(&[&16_i32.to_be_bytes(), &80_877_102_i32.to_be_bytes(), key].concat()).await.unwrap();
    // The server closes without a word, with or without a closing alert.
    let _ = timeout(DEADLINE, tls.read(&mut [0])).await.unwrap();
}

#[tokio::test]
async fn gss_encryption_is_declined_and_nonsense_ends_the_connection() {
    let sandbox = cleartext(2).await;
    let mut wire = Wire::open(&sandbox).await;
    wire.packet(&80_877_104_i32.to_be_bytes()).await;
    assert_eq!(wire.stream.read_u8().await.unwrap(), b'N');
    wire.packet(&1234_i32.to_be_bytes()).await;
    let (tag, error) = wire.message().await;
    assert_eq!(tag, b'E');
    assert!(error.starts_with(b"SFATAL\0"));
    let mut rest = Vec::new();
    timeout(DEADLINE, wire.stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(rest.is_empty());
}

#[tokio::test]
async fn unknown_message_in_a_session_ends_it_with_an_error() {
    let sandbox = cleartext(2).await;
    let (mut wire, _) = Wire::login(&sandbox, "2").await;
    wire.send(b'!', b"what").await;
    let (tag, error) = wire.message().await;
    assert_eq!(tag, b'E');
    assert!(error.starts_with(b"SFATAL\0"), "{}", String::from_utf8_lossy(&error));
}

#[tokio::test]
async fn large_row_and_large_parameter_pass_whole() {
    let sandbox = cleartext(2).await;
    let (mut wire, _) = Wire::login(&sandbox, "2").await;
    let text = "x".repeat(5_000_000);
    let messages = wire.query(&format!("SELECT '{text}', 1.5::numeric(3,1)")).await;
    assert_eq!(body(&messages, b'D').len(), 2 + 4 + text.len() + 4 + 3);
    let messages = wire.extended("SELECT repeat('x', 5000000), 1.5::numeric(3,1)", &[0, 1]).await;
    assert_eq!(body(&messages, b'D').len(), 2 + 4 + text.len() + 4 + 8);
}

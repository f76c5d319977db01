//! The replay server: the rows of a case, over and over, as fast as the socket takes them.
//!
//! Speaks enough of the protocol for any client that logs in without a password: TLS on request, the version asked for up
//! to 3, simple and extended queries, a format per column, row limits. It makes no round trip of its own and computes
//! nothing while it sends.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::case::{Case, Column, Kind};
use crate::encode::Encoded;

const SSL_REQUEST: u32 = 80_877_103;
const CANCEL_REQUEST: u32 = 80_877_102;
const PROTOCOL: u32 = 196_608;
const NEWEST_VERSION: u8 = 3;
const LONGEST_MESSAGE: usize = 1 << 20;

/// What all connections share.
#[derive(Debug)]
struct Server {
    tls: Arc<ServerConfig>,
    /// Made when first asked for.
    encoded: Mutex<HashMap<Request, Arc<Encoded>>>,
}

/// A case and which of its columns are binary.
type Request = (Case, Vec<bool>);

/// A socket, encrypted or not.
trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// What a statement asks for.
#[derive(Clone, Copy, Debug)]
enum Query {
    /// `SELECT 1`.
    One,
    /// `SELECT * FROM` a case, with or without LIMIT.
    Rows(Case, u64),
    /// A statement without a result, and its tag.
    Other(&'static str),
}

#[derive(Debug)]
struct Portal {
    query: Query,
    binary: Vec<bool>,
    sent: u64,
}

struct Connection<'a> {
    server: &'a Server,
    stream: BufReader<Box<dyn Stream>>,
    out: Vec<u8>,
    version: u8,
    statements: HashMap<String, Query>,
    portals: HashMap<String, Portal>,
    in_transaction: bool,
    /// After an error: skip to the next Sync.
    skipping: bool,
}

/// Serves until the process ends. Writes the certificate to `certificate` and tells the port.
pub(crate) fn serve(certificate: &Path, ready: impl FnOnce(u16) -> Result<()>) -> Result<()> {
    let key = KeyPair::generate()?;
    let own =
        CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?.self_signed(&key)?;
    std::fs::write(certificate, own.pem()).context("cannot write the certificate")?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![own.der().clone()], key)?;
    let server: &_ = Box::leak(Box::new(Server { tls: Arc::new(tls), encoded: Mutex::default() }));
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    ready(listener.local_addr()?.port())?;
    for socket in listener.incoming() {
        let socket = socket?;
        thread::spawn(move || {
            if let Err(error) = server.converse(socket) {
                eprintln!("replay server: {error:#}");
            }
        });
    }
    Ok(())
}

impl Server {
    fn converse(&self, socket: TcpStream) -> Result<()> {
        socket.set_nodelay(true)?;
        let mut stream: Box<dyn Stream> = Box::new(socket.try_clone()?);
        let (mut code, mut body) = startup_packet(&mut stream)?;
        if code == SSL_REQUEST {
            stream.write_all(b"S")?;
            stream = Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(&self.tls))?, socket));
            (code, body) = startup_packet(&mut stream)?;
        }
        match code {
            PROTOCOL => {}
            CANCEL_REQUEST => return Ok(()),
            other => bail!("startup packet with code {other}"),
        }
        let mut connection = Connection {
            server: self,
            stream: BufReader::new(stream),
            out: Vec::new(),
            version: asked_version(&body),
            statements: HashMap::new(),
            portals: HashMap::new(),
            in_transaction: false,
            skipping: false,
        };
        match connection.run(&body) {
            Err(error) if is_disconnect(&error) => Ok(()),
            outcome => outcome,
        }
    }

    fn encoded(&self, case: Case, binary: &[bool]) -> Result<Arc<Encoded>> {
        let mut encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (case, binary.to_vec());
        if let Some(rows) = encoded.get(&key) {
            return Ok(Arc::clone(rows));
        }
        let rows = Encoded::new(case, binary, case.distinct_rows())?;
        encoded.insert(key, Arc::clone(&rows));
        Ok(rows)
    }
}

/// A client may leave in the middle of a result.
fn is_disconnect(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    matches!(kind, Some(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof))
}

fn startup_packet(stream: &mut dyn Stream) -> Result<(u32, Vec<u8>)> {
    let mut head = [0; 8];
    stream.read_exact(&mut head)?;
    let [l0, l1, l2, l3, code @ ..] = head;
    let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    if !(8..LONGEST_MESSAGE).contains(&length) {
        bail!("startup packet of {length} bytes");
    }
    let mut body = vec![0; length - 8];
    stream.read_exact(&mut body)?;
    Ok((u32::from_be_bytes(code), body))
}

fn parameter<'a>(startup: &'a [u8], name: &str) -> Option<&'a str> {
    let mut words = startup.split(|byte| *byte == 0);
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        if key == name.as_bytes() {
            return std::str::from_utf8(value).ok();
        }
    }
    None
}

fn asked_version(startup: &[u8]) -> u8 {
    let asked = parameter(startup, "client_protocol_version").and_then(|text| text.parse().ok());
    asked.unwrap_or(0).min(NEWEST_VERSION)
}

impl Connection<'_> {
    fn run(&mut self, startup: &[u8]) -> Result<()> {
        self.message(b'R', &0_i32.to_be_bytes());
        let version = self.version.to_string();
        for (name, value) in
            [("server_version", "8.0.2"), ("client_encoding", "UTF8"), ("integer_datetimes", "on")]
        {
            self.message(b'S', format!("{name}\0{value}\0").as_bytes());
        }
        if parameter(startup, "client_protocol_version").is_some() {
            self.message(b'S', format!("server_protocol_version\0{version}\0").as_bytes());
        }
        self.message(b'K', &[0, 0, 0, 1, 0, 0, 0, 1]);
        self.ready()?;
        while let Some((tag, body)) = self.read()? {
            if self.skipping && tag != b'S' {
                continue;
            }
            self.handle(tag, &mut Body(&body))?;
        }
        Ok(())
    }

    /// The next message; `None` at the end.
    fn read(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        if self.stream.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let [tag, length @ ..] = head;
        let length = u32::from_be_bytes(length) as usize;
        if !(4..LONGEST_MESSAGE).contains(&length) {
            bail!("message of {length} bytes");
        }
        let mut body = vec![0; length - 4];
        self.stream.read_exact(&mut body)?;
        Ok((tag != b'X').then_some((tag, body)))
    }

    fn message(&mut self, tag: u8, body: &[u8]) {
        self.out.push(tag);
        // OK because no message of this server is longer.
        self.out.extend((body.len() as u32 + 4).to_be_bytes());
        self.out.extend(body);
    }

    fn flush(&mut self) -> Result<()> {
        self.stream.get_mut().write_all(&self.out)?;
        self.out.clear();
        Ok(self.stream.get_mut().flush()?)
    }

    fn ready(&mut self) -> Result<()> {
        self.message(b'Z', if self.in_transaction { b"T" } else { b"I" });
        self.flush()
    }

    fn refuse(&mut self, code: &str, text: &str) {
        self.message(b'E', format!("SERROR\0C{code}\0M{text}\0\0").as_bytes());
        self.skipping = true;
    }

    fn handle(&mut self, tag: u8, body: &mut Body<'_>) -> Result<()> {
        match tag {
            b'P' => {
                let (name, sql) = (body.text()?, body.text()?);
                match Query::parse(&sql) {
                    Some(query) => {
                        self.statements.insert(name, query);
                        self.message(b'1', &[]);
                    }
                    None => self.refuse("0A000", &format!("the replay server has no answer to {sql}")),
                }
            }
            b'D' => self.describe(body.byte()?, &body.text()?)?,
            b'B' => self.bind(body)?,
            b'E' => {
                let (name, limit) = (body.text()?, body.number()?);
                self.execute(&name, u64::try_from(limit).unwrap_or(0))?;
            }
            b'C' => {
                let (kind, name) = (body.byte()?, body.text()?);
                match kind {
                    b'S' => drop(self.statements.remove(&name)),
                    _ => drop(self.portals.remove(&name)),
                }
                self.message(b'3', &[]);
            }
            b'S' => {
                self.skipping = false;
                self.ready()?;
            }
            b'H' => self.flush()?,
            b'Q' => {
                self.simple(&body.text()?)?;
                self.skipping = false;
                self.ready()?;
            }
            other => self.refuse("08P01", &format!("unexpected message {:?}", char::from(other))),
        }
        Ok(())
    }

    fn simple(&mut self, sql: &str) -> Result<()> {
        let Some(query) = Query::parse(sql) else {
            self.refuse("0A000", &format!("the replay server has no answer to {sql}"));
            return Ok(());
        };
        let binary = vec![false; query.columns().len()];
        if !binary.is_empty() {
            self.row_description(query, &binary);
        }
        self.portals.insert(String::new(), Portal { query, binary, sent: 0 });
        self.execute("", 0)
    }

    fn describe(&mut self, kind: u8, name: &str) -> Result<()> {
        let (query, binary) = match kind {
            b'S' => {
                let Some(query) = self.statements.get(name).copied() else { bail!("no statement {name}") };
                self.message(b't', &[0, 0]);
                (query, vec![false; query.columns().len()])
            }
            _ => {
                let Some(portal) = self.portals.get(name) else { bail!("no portal {name}") };
                (portal.query, portal.binary.clone())
            }
        };
        match binary.is_empty() {
            true => self.message(b'n', &[]),
            false => self.row_description(query, &binary),
        }
        Ok(())
    }

    fn row_description(&mut self, query: Query, binary: &[bool]) {
        let columns = query.columns();
        let mut body = (columns.len() as u16).to_be_bytes().to_vec();
        for (index, (column, binary)) in columns.iter().zip(binary).enumerate() {
            body.extend(column.name.as_bytes());
            body.extend(b"\0\0\0\0\x64");
            body.extend((index as u16 + 1).to_be_bytes());
            body.extend(column.kind.oid().to_be_bytes());
            body.extend(column.kind.size().to_be_bytes());
            body.extend(column.kind.modifier().to_be_bytes());
            body.extend(u16::from(*binary).to_be_bytes());
            if self.version > 0 {
                let table = query.table();
                body.extend(format!("public\0{table}\0{}\0dev\0", column.name).as_bytes());
                body.extend(0_u16.to_be_bytes());
            }
        }
        self.message(b'T', &body);
    }

    fn bind(&mut self, body: &mut Body<'_>) -> Result<()> {
        let (portal, statement) = (body.text()?, body.text()?);
        let Some(query) = self.statements.get(&statement).copied() else {
            bail!("no statement {statement}");
        };
        for _ in 0..body.short()? {
            body.short()?;
        }
        for _ in 0..body.short()? {
            let length = usize::try_from(body.number()?).unwrap_or(0);
            body.skip(length)?;
        }
        let formats = (0..body.short()?).map(|_| body.short()).collect::<Result<Vec<_>>>()?;
        let columns = query.columns();
        let binary: Vec<_> = match formats.as_slice() {
            [] => vec![false; columns.len()],
            [all] => vec![*all == 1; columns.len()],
            each => each.iter().map(|format| *format == 1).collect(),
        };
        // Redshift answers such a request with a wrong weight; better none than that.
        let is_numeric = |column: &Column| matches!(column.kind, Kind::Numeric { .. });
        if self.version < 2
            && columns.iter().zip(&binary).any(|(column, binary)| *binary && is_numeric(column))
        {
            self.refuse("0A000", "binary NUMERIC needs protocol version 2");
            return Ok(());
        }
        self.portals.insert(portal, Portal { query, binary, sent: 0 });
        self.message(b'2', &[]);
        Ok(())
    }

    fn execute(&mut self, name: &str, limit: u64) -> Result<()> {
        let Some(mut portal) = self.portals.remove(name) else { bail!("no portal {name}") };
        match portal.query {
            Query::One => {
                let cell: &[u8] = if portal.binary.first() == Some(&true) {
                    b"\0\0\0\x04\0\0\0\x01"
                } else {
                    b"\0\0\0\x011"
                };
                self.message(b'D', &[&[0, 1], cell].concat());
                self.message(b'C', b"SELECT\0");
            }
            Query::Other(tag) => {
                self.in_transaction = if tag == "BEGIN" { true } else { self.in_transaction && tag == "SET" };
                self.message(b'C', format!("{tag}\0").as_bytes());
            }
            Query::Rows(case, total) => {
                let rest = total - portal.sent;
                let count = if limit == 0 { rest } else { limit.min(rest) };
                self.flush()?;
                self.send_rows(case, &portal, count)?;
                portal.sent += count;
                if limit > 0 && count == limit {
                    self.portals.insert(name.to_owned(), portal);
                    self.message(b's', &[]);
                } else {
                    self.message(b'C', b"SELECT\0");
                }
            }
        }
        Ok(())
    }

    fn send_rows(&mut self, case: Case, portal: &Portal, count: u64) -> Result<()> {
        let encoded = self.server.encoded(case, &portal.binary)?;
        let mut from = usize::try_from(portal.sent % case.distinct_rows())?;
        let mut left = usize::try_from(count)?;
        while left > 0 {
            let to = encoded.rows().min(from + left);
            self.stream.get_mut().write_all(encoded.slice(from, to))?;
            left -= to - from;
            from = 0;
        }
        Ok(())
    }
}

impl Query {
    fn parse(sql: &str) -> Option<Self> {
        let sql = sql.trim().trim_end_matches(';').to_lowercase();
        let words: Vec<_> = sql.split_whitespace().collect();
        let case = |name: &str| Case::ALL.into_iter().find(|case| case.name() == name);
        match words.as_slice() {
            ["select", "1"] => Some(Self::One),
            ["select", "*", "from", name] => case(name).map(|case| Self::Rows(case, case.result_rows())),
            ["select", "*", "from", name, "limit", rows] => Some(Self::Rows(case(name)?, rows.parse().ok()?)),
            ["begin", ..] | ["start", ..] => Some(Self::Other("BEGIN")),
            ["commit", ..] => Some(Self::Other("COMMIT")),
            ["rollback", ..] => Some(Self::Other("ROLLBACK")),
            ["set", ..] => Some(Self::Other("SET")),
            _ => None,
        }
    }

    fn columns(self) -> &'static [Column] {
        const ONE: &[Column] = &[Column { name: "one", kind: Kind::Integer }];
        match self {
            Self::One => ONE,
            Self::Rows(case, _) => case.columns(),
            Self::Other(_) => &[],
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Rows(case, _) => case.name(),
            _ => "",
        }
    }
}

/// The rest of a message.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().context("a message is too short")?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take().map(|[byte]| byte)
    }

    fn short(&mut self) -> Result<i16> {
        self.take().map(i16::from_be_bytes)
    }

    fn number(&mut self) -> Result<i32> {
        self.take().map(i32::from_be_bytes)
    }

    fn skip(&mut self, length: usize) -> Result<()> {
        self.0 = self.0.get(length..).context("a message is too short")?;
        Ok(())
    }

    fn text(&mut self) -> Result<String> {
        let end = self.0.iter().position(|byte| *byte == 0).context("a string without an end")?;
        let text = String::from_utf8(self.0.get(..end).unwrap_or_default().to_vec())?;
        self.skip(end + 1)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    use super::*;
    use crate::client::Target;
    use crate::encode::replayed_checksum;
    use crate::floor;
    use crate::reference::{self, Reading};

    /// Serves in the background.
    fn start() -> (u16, std::path::PathBuf) {
        static STARTS: AtomicUsize = AtomicUsize::new(0);
        let number = STARTS.fetch_add(1, Ordering::Relaxed);
        let certificate = format!("redshift-bench-{}-{number}.pem", std::process::id());
        let certificate = std::env::temp_dir().join(certificate);
        let (sender, receiver) = channel();
        let path = certificate.clone();
        thread::spawn(move || serve(&path, |port| Ok(sender.send(port)?)));
        (receiver.recv().unwrap(), certificate)
    }

    #[test]
    fn readers_find_the_same_rows_by_every_way() {
        let (port, certificate) = start();
        let uri = format!("redshift://bench@localhost:{port}/bench");
        let sql = "SELECT * FROM lineitem LIMIT 1000";
        let expected = replayed_checksum(Case::Lineitem, 1000).to_string();
        for tls in [None, Some(certificate.clone())] {
            let target = Target::new(&uri, tls).unwrap();
            for (binary, threaded) in [(false, false), (true, false), (true, true)] {
                let reading = Reading { binary, threaded };
                let report = reference::run(&target, Some(3), Case::Lineitem, sql, reading).unwrap();
                assert_eq!(report["checksum"], expected, "{target:?} {reading:?}");
            }
            let report = floor::run(&target, Some(3), sql, true).unwrap();
            assert!(report["bytes"].as_u64().unwrap() > 100_000);
        }
        std::fs::remove_file(certificate).unwrap();
    }

    #[test]
    fn what_it_cannot_answer_is_an_error_and_not_a_silence() {
        let (port, certificate) = start();
        let target = Target::new(&format!("redshift://bench@localhost:{port}/bench"), None).unwrap();
        let reading = Reading { binary: true, threaded: false };
        let unknown = reference::run(&target, Some(3), Case::Narrow, "SELECT 2", reading);
        assert!(unknown.unwrap_err().to_string().contains("no answer"));
        let old = reference::run(&target, Some(1), Case::Lineitem, "SELECT * FROM lineitem", reading);
        assert!(old.unwrap_err().to_string().contains("version 2"));
        std::fs::remove_file(certificate).unwrap();
    }
}

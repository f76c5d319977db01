//! A bare connection: TCP or TLS, login, and requests as bytes. Beside the driver it does the least that works.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fmt, fs};

use anyhow::{Context, Result, bail};
use bytes::BytesMut;
use percent_encoding::percent_decode_str;
use postgres_protocol::IsNull;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use url::Url;

/// Where to connect.
#[derive(Clone)]
pub(crate) struct Target {
    uri: Url,
    /// The certificate to trust; without it, no TLS.
    certificate: Option<PathBuf>,
}

/// A socket, encrypted or not.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Stream {
    /// As the socket's; an end without the TLS farewell is an end too.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => match stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
                outcome => outcome,
            },
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

impl fmt::Debug for Target {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl Target {
    pub(crate) fn new(uri: &str, certificate: Option<PathBuf>) -> Result<Self> {
        Ok(Self { uri: Url::parse(uri).context("the URI cannot be read")?, certificate })
    }

    pub(crate) fn address(&self) -> (String, u16) {
        (self.uri.host_str().unwrap_or("127.0.0.1").to_owned(), self.uri.port().unwrap_or(5439))
    }

    /// Connected and logged in. `version` is the Redshift protocol version to ask for; PostgreSQL knows none.
    pub(crate) fn connect(&self, version: Option<u8>) -> Result<Stream> {
        let address = self.address();
        let socket =
            TcpStream::connect(&address).with_context(|| format!("cannot connect to {address:?}"))?;
        socket.set_nodelay(true)?;
        let mut stream = match &self.certificate {
            None => Stream::Plain(socket),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(&fs::read(path)?)?)?;
                secure(socket, roots, &address.0)?
            }
        };
        self.log_in(&mut stream, version)?;
        Ok(stream)
    }

    fn log_in(&self, stream: &mut Stream, version: Option<u8>) -> Result<()> {
        let version = version.map(|version| version.to_string());
        let mut parameters =
            vec![("user", self.uri.username()), ("database", self.uri.path().trim_start_matches('/'))];
        parameters.extend(version.as_deref().map(|version| ("client_protocol_version", version)));
        let mut out = BytesMut::new();
        frontend::startup_message(parameters, &mut out)?;
        let password: Vec<u8> = percent_decode_str(self.uri.password().unwrap_or_default()).collect();
        let mut scram = ScramSha256::new(&password, ChannelBinding::unsupported());
        loop {
            stream.write_all(&out.split())?;
            let (tag, body) = read_message(stream)?;
            let (code, data) = body.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
            match (tag, u32::from_be_bytes(*code)) {
                (b'R', 0) | (b'S' | b'K' | b'N', _) => {}
                (b'R', 10) => frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut out)?,
                (b'R', 11) => {
                    scram.update(data)?;
                    frontend::sasl_response(scram.message(), &mut out)?;
                }
                (b'R', 12) => scram.finish(data)?,
                (b'Z', _) => return Ok(()),
                _ => bail!("the login failed: {} {}", char::from(tag), String::from_utf8_lossy(&body)),
            }
        }
    }
}

fn secure(mut socket: TcpStream, roots: RootCertStore, host: &str) -> Result<Stream> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    socket.write_all(&request)?;
    let mut answer = [0];
    socket.read_exact(&mut answer)?;
    if answer != *b"S" {
        bail!("the server has no TLS");
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(host.to_owned())?)?;
    Ok(Stream::Tls(Box::new(StreamOwned::new(connection, socket))))
}

fn read_message(stream: &mut Stream) -> Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [tag, length @ ..] = head;
    let length = u32::from_be_bytes(length).checked_sub(4).context("a message without a length")?;
    let mut body = vec![0; usize::try_from(length)?];
    stream.read_exact(&mut body)?;
    Ok((tag, body))
}

/// Parse, Bind, Execute, Sync: the whole result in one format.
pub(crate) fn query(sql: &str, binary: bool) -> Result<BytesMut> {
    let mut out = BytesMut::new();
    frontend::parse("", sql, [], &mut out)?;
    frontend::bind("", "", [], [(); 0], |(), _| Ok(IsNull::Yes), [i16::from(binary)], &mut out)
        .map_err(|_| anyhow::anyhow!("Bind cannot be built"))?;
    frontend::execute("", 0, &mut out)?;
    frontend::sync(&mut out);
    Ok(out)
}

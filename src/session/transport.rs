//! The socket: resolve, TCP, the TLS request, keepalive. Knows nothing of messages beyond the first byte exchanged.
//!
//! [`Transport`] is the one seam to the network. Deadlines are the caller's: every function here may be dropped at any
//! await.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::config::{Keepalive, SessionConfig};
use super::error::{Error, ErrorKind};
use super::socket::Socket;
use super::tls::TlsClient;
use crate::platform;

/// How long one address may stay silent before the next is tried beside it (RFC 8305 calls it the attempt delay).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A connected socket.
#[derive(Debug)]
pub(super) enum Transport {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl Transport {
    /// See [`Socket::set_patient`].
    pub(super) fn set_patient(&mut self, patient: bool) {
        match self {
            Self::Plain(socket) => socket.set_patient(patient),
            Self::Tls(stream) => stream.get_mut().0.set_patient(patient),
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// The TCP host.
fn tcp_host(config: &SessionConfig) -> &str {
    config.connect_host.as_deref().unwrap_or(&config.host)
}

/// `host:port` for errors.
pub(super) fn target(config: &SessionConfig) -> String {
    format!("{}:{}", tcp_host(config), config.port)
}

/// All addresses of the configured host.
pub(super) async fn resolve(config: &SessionConfig) -> Result<Vec<SocketAddr>, Error> {
    let host = tcp_host(config);
    let fail = |text: String| Error::new(ErrorKind::Io, text);
    let addresses: Vec<SocketAddr> = lookup_host((host, config.port))
        .await
        .map_err(|cause| {
            fail(format!("host \"{host}\" cannot be resolved: {cause}; check its spelling, DNS and VPN"))
                .because(cause)
        })?
        .collect();
    if addresses.is_empty() {
        return Err(fail(format!("host \"{host}\" has no address")));
    }
    Ok(addresses)
}

/// The first of the addresses that accepts. A slow or refusing address does not keep the others waiting.
pub(super) async fn dial(config: &SessionConfig, addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut last = None;
    loop {
        let more = waiting.next().map(|address| attempts.spawn(TcpStream::connect(address))).is_some();
        let finished = match more {
            true => timeout(ATTEMPT_DELAY, attempts.join_next()).await.ok().flatten(),
            false => attempts.join_next().await,
        };
        match finished {
            Some(Ok(Ok(socket))) => {
                tune(&socket, config.keepalive).map_err(|cause| unreachable_target(config, cause))?;
                return Ok(socket);
            }
            Some(Ok(Err(cause))) => last = Some(cause),
            Some(Err(cause)) => last = Some(io::Error::other(cause)),
            None if more => {}
            None => {
                return Err(unreachable_target(
                    config,
                    last.unwrap_or_else(|| io::ErrorKind::NotFound.into()),
                ));
            }
        }
    }
}

fn unreachable_target(config: &SessionConfig, cause: io::Error) -> Error {
    let hint = match cause.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there; check host, port and that the server runs"
        }
        _ => "check host, port, security groups, firewall and VPN",
    };
    Error::new(ErrorKind::Io, format!("cannot connect to {}: {cause}; {hint}", target(config))).because(cause)
}

fn tune(socket: &TcpStream, keepalive: Keepalive) -> io::Result<()> {
    socket.set_nodelay(true)?;
    if keepalive.idle.is_zero() {
        return Ok(());
    }
    // The limits are Linux's; beyond them the socket refuses the option.
    let clamp = |time: Duration| time.clamp(Duration::from_secs(1), Duration::from_secs(32_767));
    let (idle, interval, count) =
        (clamp(keepalive.idle), clamp(keepalive.interval), keepalive.count.clamp(1, 127));
    let options = TcpKeepalive::new().with_time(idle).with_interval(interval).with_retries(count);
    let socket = SockRef::from(socket);
    socket.set_tcp_keepalive(&options)?;
    // Keepalive probes only an idle connection. A dead peer with our bytes in flight is found by this limit, set to
    // the time that keepalive would take.
    platform::limit_unacknowledged(&socket, idle + interval * count)
}

/// Asks for TLS and does the handshake; without a TLS client the socket stays as it is.
pub(super) async fn secure(
    socket: TcpStream,
    tls: Option<&TlsClient>,
    target: &str,
) -> Result<Transport, Error> {
    let Some(tls) = tls else { return Ok(Transport::Plain(Socket::new(socket).map_err(Error::lost)?)) };
    let socket = Socket::new(request_tls(socket, target).await?).map_err(Error::lost)?;
    Ok(Transport::Tls(Box::new(tls.handshake(socket).await?)))
}

async fn request_tls(mut socket: TcpStream, target: &str) -> Result<TcpStream, Error> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    let lost = |cause: io::Error| {
        Error::new(ErrorKind::Io, format!("{target} broke the connection when asked for TLS: {cause}"))
            .because(cause)
    };
    socket.write_all(&request).await.map_err(lost)?;
    // Room for more than one byte: the server has nothing to say after `S` before our handshake, so that bytes behind
    // it were put there by somebody who wants them taken for decrypted data.
    let mut answer = [0; 64];
    let length = socket.read(&mut answer).await.map_err(lost)?;
    match answer.get(..length).unwrap_or_default() {
        b"S" => Ok(socket),
        [] => Err(Error::new(
            ErrorKind::Closed,
            format!(
                "{target} closed the connection when asked for TLS; check that it is a Redshift or PostgreSQL server"
            ),
        )),
        [b'S', ..] => {
            Err(Error::protocol(format!("{target} sent unencrypted bytes before the TLS handshake")))
        }
        [b'N', ..] => Err(Error::new(
            ErrorKind::Tls,
            format!("{target} does not support TLS; only if the network is trusted, set tls.mode=disable"),
        )),
        [b'E', ..] => Err(Error::new(
            ErrorKind::Tls,
            format!(
                "{target} answered the TLS request with an error; it may be overloaded or starting up, try again"
            ),
        )),
        _ => Err(Error::protocol(format!(
            "{target} answered the TLS request with something else; check that the port is a database's"
        ))),
    }
}

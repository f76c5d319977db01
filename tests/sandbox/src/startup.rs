//! The first packets of a connection, up to the end of authentication.
//! Owns SSLRequest, GSSENCRequest, CancelRequest, StartupMessage and the password exchange; the session that follows
//! belongs to `front_door` and `proxy`.
//! Invariant: every refusal is an ErrorResponse with the words and SQLSTATE of a cluster, then the end of the connection.

use anyhow::{Result, bail};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::auth::{AuthMode, Challenge};
use crate::aws::{CredentialStore, Issued, Verdict};
use crate::messages::{Cursor, ServerError, put_message, read_body, read_message};

const SSL_REQUEST: u32 = 80_877_103;
const GSS_ENCRYPTION_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;
const PROTOCOL_3_0: u32 = 196_608;

/// PostgreSQL's own bound for a startup packet.
const MAX_STARTUP: usize = 10_000;
/// Tokens and passwords are the largest things a client sends before it is logged in.
const MAX_PASSWORD: usize = 65_536;

/// A byte stream of any kind: plain, encrypted, delayed.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What a new connection turned out to be.
pub(crate) enum Opening {
    /// A client asks to cancel the statement of this session. Clients take the end of the stream for the end of the
    /// cancel: until then it must stay open.
    Cancel { stream: Box<dyn Stream>, process_id: i32, secret_key: i32 },
    /// The peer left before it said anything.
    Closed,
    /// A client wants a session.
    Session(Box<dyn Stream>, StartupMessage),
}

/// The parameters of a StartupMessage, in the order they came.
#[derive(Clone, Debug)]
pub(crate) struct StartupMessage {
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) tls: bool,
}

impl StartupMessage {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The user, empty when none was named.
    pub(crate) fn user(&self) -> &str {
        self.parameter("user").unwrap_or_default()
    }

    /// Goes on as another user.
    pub(crate) fn set_user(&mut self, user: String) {
        self.parameters.retain(|(name, _)| name != "user");
        self.parameters.push(("user".to_owned(), user));
    }

    /// The database; like PostgreSQL's, it defaults to the user's name.
    pub(crate) fn database(&self) -> &str {
        self.parameter("database").filter(|name| !name.is_empty()).unwrap_or_else(|| self.user())
    }

    /// The version a client asks for; none when it does not ask.
    pub(crate) fn asked_protocol(&self) -> Option<u32> {
        self.parameter("client_protocol_version")?.parse().ok()
    }
}

/// Answers encryption requests until the packet that says what the client wants.
pub(crate) async fn open(stream: Box<dyn Stream>, acceptor: &TlsAcceptor) -> Result<Opening> {
    let (mut stream, mut tls) = (stream, false);
    loop {
        let packet = match read_body(&mut stream, MAX_STARTUP).await {
            Ok(packet) => packet,
            Err(error) if is_end_of_file(&error) => return Ok(Opening::Closed),
            Err(error) => return Err(error),
        };
        let mut cursor = Cursor::new(&packet);
        match cursor.u32()? {
            // JDBC and ODBC cancel in clear text; PostgreSQL also takes a CancelRequest after an SSLRequest.
            CANCEL_REQUEST => {
                let (process_id, secret_key) = (cursor.i32()?, cursor.i32()?);
                return Ok(Opening::Cancel { stream, process_id, secret_key });
            }
            SSL_REQUEST if !tls => {
                stream.write_all(b"S").await?;
                stream.flush().await?;
                stream = Box::new(acceptor.accept(stream).await?);
                tls = true;
            }
            GSS_ENCRYPTION_REQUEST | SSL_REQUEST => {
                stream.write_all(b"N").await?;
                stream.flush().await?;
            }
            PROTOCOL_3_0 => {
                let parameters = startup_parameters(&packet)?;
                return Ok(Opening::Session(stream, StartupMessage { parameters, tls }));
            }
            version => {
                let words = format!(
                    "unsupported frontend protocol {}.{}: server supports 3.0",
                    version >> 16,
                    version & 0xffff
                );
                refuse(&mut stream, &ServerError::new("0A000", words)).await?;
                bail!("a client spoke the protocol {version:#x}");
            }
        }
    }
}

fn startup_parameters(packet: &Bytes) -> Result<Vec<(String, String)>> {
    let mut cursor = Cursor::new(packet);
    cursor.u32()?;
    let mut parameters = Vec::new();
    loop {
        match cursor.string()? {
            "" => return Ok(parameters),
            name => parameters.push((name.to_owned(), cursor.string()?.to_owned())),
        }
    }
}

fn is_end_of_file(error: &anyhow::Error) -> bool {
    error
        .downcast_ref()
        .is_some_and(|cause: &std::io::Error| cause.kind() == std::io::ErrorKind::UnexpectedEof)
}

/// Who logged in.
#[derive(Debug)]
pub(crate) enum Login {
    /// Somebody with a temporary login of the AWS side.
    Issued(Issued),
    /// The sandbox's own user.
    User,
}

/// Who may log in, and how.
#[derive(Debug)]
pub(crate) struct Gate<'a> {
    pub(crate) auth: AuthMode,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
    pub(crate) issued: &'a CredentialStore,
    pub(crate) require_tls: bool,
    /// The client's address, for the text a cluster gives when it wants TLS.
    pub(crate) peer: std::net::IpAddr,
}

impl Gate<'_> {
    /// Runs the password exchange. An inner error is what the client must be told.
    pub(crate) async fn admit(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        startup: &StartupMessage,
    ) -> Result<Result<Login, ServerError>> {
        if self.require_tls && !startup.tls {
            return Ok(Err(self.no_entry(startup)));
        }
        let user = startup.user();
        let rejected =
            || ServerError::new("28000", format!("password authentication failed for user \"{user}\""));
        if user.is_empty() {
            // Only logins by an identity provider's token, which the sandbox does not take, may leave the user out.
            return Ok(Err(ServerError::new("28000", "no PostgreSQL user name specified in startup packet")));
        }
        let challenge = Challenge::new(self.auth);
        let mut request = BytesMut::new();
        challenge.put(&mut request);
        stream.write_all(&request).await?;
        stream.flush().await?;
        let reply = read_message(stream, MAX_PASSWORD).await?;
        match challenge.check(user, self.password, &reply) {
            Ok(true) if user == self.user => Ok(Ok(Login::User)),
            Ok(_) => {
                let proof = |password: &str| challenge.check(user, password, &reply).unwrap_or(false);
                Ok(match self.issued.check(user, proof) {
                    Verdict::Accepted(issued) => Ok(Login::Issued(issued)),
                    // Seen in public reports of the JDBC driver.
                    Verdict::Expired => {
                        Err(ServerError::new("28000", "IAM Authentication token has expired"))
                    }
                    Verdict::Unknown => Err(rejected()),
                })
            }
            Err(error) => Ok(Err(ServerError::new("08P01", error.to_string()))),
        }
    }

    /// The words of a cluster whose parameter `require_ssl` is true; it maps IPv4 addresses into IPv6.
    fn no_entry(&self, startup: &StartupMessage) -> ServerError {
        let (host, user, database) = (self.peer, startup.user(), startup.database());
        ServerError::new(
            "28000",
            format!(
                "no pg_hba.conf entry for host \"::ffff:{host}\", user \"{user}\", database \"{database}\", SSL off"
            ),
        )
    }
}

/// Appends AuthenticationOk.
pub(crate) fn put_authentication_ok(out: &mut BytesMut) {
    put_message(out, b'R', |body| body.extend_from_slice(&0_i32.to_be_bytes()));
}

/// Sends a FATAL error and ends the connection so that the client gets to read it.
pub(crate) async fn refuse(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    error: &ServerError,
) -> std::io::Result<()> {
    let mut out = BytesMut::new();
    error.put(&mut out, "FATAL");
    stream.write_all(&out).await?;
    stream.shutdown().await?;
    // Closing with unread input resets the connection, and a reset can overtake the message.
    let mut rest = [0; 4096];
    let drain = async { while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {} };
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), drain).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn startup(parameters: &[(&str, &str)]) -> StartupMessage {
        let parameters = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        StartupMessage { parameters, tls: false }
    }

    #[test]
    fn protocol_that_is_no_number_counts_as_not_asked() {
        assert_eq!(startup(&[("client_protocol_version", "two")]).asked_protocol(), None);
        assert_eq!(startup(&[("client_protocol_version", "2")]).asked_protocol(), Some(2));
    }

    #[test]
    fn database_defaults_to_the_user() {
        assert_eq!(startup(&[("user", "u")]).database(), "u");
        assert_eq!(startup(&[("user", "u"), ("database", "d")]).database(), "d");
    }

    #[test]
    fn startup_packet_without_final_nul_is_refused() {
        assert!(startup_parameters(&Bytes::from_static(b"\0\x03\0\0user\0me\0")).is_err());
    }
}

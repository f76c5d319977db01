//! From a configuration to a connection that is ready: resolve, TCP, TLS, startup, login, version negotiation.
//!
//! Runs under one deadline, set by the caller, which also reads from [`Progress`] how far it came. Redshift takes startup
//! parameters that PostgreSQL refuses; a refusal that names them leads to one more attempt without them.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use postgres_protocol::message::frontend;

use super::authentication::{Answer, Authenticator};
use super::buffer::MAX_MESSAGE;
use super::cancel::Canceller;
use super::config::{Login, SessionConfig, TlsMode};
use super::error::{Error, ErrorKind};
use super::limits::Limits;
use super::message;
use super::request::Request;
use super::shared::Shared;
use super::tls::TlsClient;
use super::transport;
use super::wire::{Wire, unexpected};

/// Highest protocol version this driver knows.
const PROTOCOL: u8 = 3;

/// No honest message before ReadyForQuery is longer; other protocols' greetings read as lengths far above.
const MAX_STARTUP_MESSAGE: usize = 1 << 16;

/// Startup parameters that only Redshift knows.
const REDSHIFT_PARAMETERS: [&str; 3] = ["client_protocol_version", "driver_version", "os_version"];

/// The step that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    Resolve,
    Tcp,
    Tls,
    Startup,
    Login,
}

/// Tells a caller whose deadline passed where it passed.
#[derive(Debug)]
pub(super) struct Progress(Mutex<Stage>);

/// A ready connection.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) wire: Wire,
    pub(super) canceller: Option<Canceller>,
    pub(super) protocol: u8,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Stage::Resolve))
    }

    fn enter(&self, stage: Stage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// The step and what usually keeps it waiting.
    pub(super) fn describe(&self) -> &'static str {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Stage::Resolve => "resolving the host name; check DNS",
            Stage::Tcp => "TCP connect; check host, port, security groups, firewall and VPN",
            Stage::Tls => {
                "TLS; something accepts on this port but does not answer, check that it is the database"
            }
            Stage::Startup => {
                "startup; the server accepts but does not answer, it may be resuming or overloaded"
            }
            Stage::Login => "login; the server is slow to check the password, try again",
        }
    }
}

/// Connects and logs in.
pub(super) async fn establish(
    config: &SessionConfig,
    login: &Login,
    limits: Limits<'_>,
    progress: &Progress,
) -> Result<Established, Error> {
    let tls = load_tls(config).await?;
    match attempt(config, login, tls.as_ref(), limits, progress, true).await {
        Err(error) if is_about_redshift_parameters(&error) => {
            attempt(config, login, tls.as_ref(), limits, progress, false).await
        }
        outcome => outcome,
    }
}

async fn load_tls(config: &SessionConfig) -> Result<Option<TlsClient>, Error> {
    let config = config.clone();
    // Reads files.
    tokio::task::spawn_blocking(move || TlsClient::new(&config))
        .await
        .map_err(|cause| Error::new(ErrorKind::Tls, format!("TLS cannot be set up: {cause}")))?
}

async fn attempt(
    config: &SessionConfig,
    login: &Login,
    tls: Option<&TlsClient>,
    limits: Limits<'_>,
    progress: &Progress,
    redshift: bool,
) -> Result<Established, Error> {
    progress.enter(Stage::Resolve);
    let addresses = transport::resolve(config).await?;
    tracing::debug!(step = "resolve", target = transport::target(config), ?addresses);
    progress.enter(Stage::Tcp);
    let socket = transport::dial(config, &addresses).await?;
    let address = socket.peer_addr().map_err(Error::lost)?;
    tracing::debug!(step = "tcp", %address);
    progress.enter(Stage::Tls);
    let transport = transport::secure(socket, tls, &transport::target(config)).await?;
    tracing::debug!(step = "tls", mode = ?config.tls.mode);
    progress.enter(Stage::Startup);
    let mut wire = Wire::new(transport, MAX_STARTUP_MESSAGE, Arc::new(Shared::new()));
    wire.send(&startup_message(config, login, redshift)?);
    let cleartext_allowed = tls.is_some() || config.tls.mode == TlsMode::Disable;
    let authenticator = Authenticator::new(login, cleartext_allowed);
    let key = log_in(&mut wire, authenticator, config, limits, progress).await?;
    wire.buffer.set_max_message(MAX_MESSAGE);
    let canceller =
        key.map(|(process_id, secret_key)| Canceller { address, tls: tls.cloned(), process_id, secret_key });
    let protocol = granted_protocol(&wire.shared)?;
    tracing::debug!(step = "login", protocol);
    Ok(Established { wire, canceller, protocol })
}

fn startup_message(config: &SessionConfig, login: &Login, redshift: bool) -> Result<Request, Error> {
    let version = PROTOCOL.to_string();
    let driver = concat!("ADBC Redshift Driver ", env!("CARGO_PKG_VERSION"));
    let os = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let mut parameters = vec![("user", login.user.as_str()), ("database", config.database.as_str())];
    parameters.push(("client_encoding", "UTF8"));
    parameters.extend(config.application_name.as_deref().map(|name| ("application_name", name)));
    if redshift {
        parameters.extend(REDSHIFT_PARAMETERS.into_iter().zip([version.as_str(), driver, &os]));
    }
    let mut bytes = BytesMut::new();
    frontend::startup_message(parameters, &mut bytes).map_err(|cause| {
        let text = "user, database and application_name must not hold NUL bytes";
        Error::new(ErrorKind::InvalidInput, text).because(cause)
    })?;
    Ok(Request { bytes, syncs: 1, begins: false })
}

/// From the startup message to ReadyForQuery; returns the key for CancelRequest.
async fn log_in(
    wire: &mut Wire,
    mut authenticator: Authenticator<'_>,
    config: &SessionConfig,
    limits: Limits<'_>,
    progress: &Progress,
) -> Result<Option<(i32, i32)>, Error> {
    let mut key = None;
    let mut logged_in = false;
    wire.peek(limits).await.map_err(|error| explain_silence(error, config))?;
    progress.enter(Stage::Login);
    loop {
        let frame = wire.message(limits).await?;
        let body = wire.buffer.body(&frame);
        match frame.tag {
            b'R' if !logged_in => match authenticator.answer(&message::authentication(body)?)? {
                Answer::Done => logged_in = true,
                Answer::Nothing => {}
                Answer::Send(bytes) => wire.send(&Request { bytes, syncs: 0, begins: false }),
            },
            b'K' if logged_in => key = Some(message::backend_key_data(body)?),
            b'Z' if logged_in => return Ok(key),
            b'E' => return Err(wire.server_error(&frame)),
            b'v' => {}
            found if logged_in => return Err(unexpected(found, "ReadyForQuery after the login")),
            found => return Err(unexpected(found, "an authentication request")),
        }
    }
}

fn explain_silence(error: Error, config: &SessionConfig) -> Error {
    let target = transport::target(config);
    match error.kind() {
        ErrorKind::Closed | ErrorKind::Io => {
            let text = format!(
                "{target} closed the connection after the startup packet without an answer; check that it is a Redshift or \
                 PostgreSQL server, that it runs, and that its security group admits this machine"
            );
            Error::new(ErrorKind::Closed, text).because(error)
        }
        ErrorKind::Protocol => {
            let text =
                format!("{target} does not speak the PostgreSQL protocol ({error}); check host and port");
            Error::new(ErrorKind::Protocol, text).because(error)
        }
        _ => error,
    }
}

/// PostgreSQL names the setting it does not know, in the user's language; poolers have words of their own.
fn is_about_redshift_parameters(error: &Error) -> bool {
    error.server().is_some_and(|server| {
        server.code == "42704" || REDSHIFT_PARAMETERS.iter().any(|name| server.message.contains(name))
    })
}

/// The server's answer counts, whatever was asked for; none means 0.
fn granted_protocol(shared: &Shared) -> Result<u8, Error> {
    let Some(answer) = shared.parameter("server_protocol_version") else { return Ok(0) };
    match answer.parse() {
        Ok(version @ 0..=PROTOCOL) => Ok(version),
        _ => {
            Err(Error::protocol(format!("server_protocol_version is \"{answer}\"; expected 0 to {PROTOCOL}")))
        }
    }
}

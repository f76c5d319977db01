//! What a session needs to know before it connects. Plain values, already checked by the caller.

use std::path::PathBuf;
use std::time::Duration;

use crate::secret::Secret;

/// Where and how to connect.
#[derive(Clone, Debug)]
pub(crate) struct SessionConfig {
    /// The server's name: what TLS verifies (unless `tls.server_name` says otherwise) and what errors show.
    pub(crate) host: String,
    /// The TCP host, when it differs from `host` (tunnels, PrivateLink).
    pub(crate) connect_host: Option<String>,
    /// TCP port.
    pub(crate) port: u16,
    /// Database to open.
    pub(crate) database: String,
    /// TLS settings.
    pub(crate) tls: TlsConfig,
    /// One deadline over resolve, TCP, TLS, startup and login, for all addresses together.
    pub(crate) connect_timeout: Duration,
    /// TCP keepalive.
    pub(crate) keepalive: Keepalive,
    /// Startup parameter `application_name`.
    pub(crate) application_name: Option<String>,
}

/// Who logs in.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// Database user, sent exactly as given.
    pub(crate) user: String,
    /// Password, when the server may ask for one.
    pub(crate) password: Option<Secret>,
}

/// TLS settings.
#[derive(Clone, Debug)]
pub(crate) struct TlsConfig {
    /// How much is verified.
    pub(crate) mode: TlsMode,
    /// PEM file whose certificates replace all other roots.
    pub(crate) root_cert: Option<PathBuf>,
    /// Name to verify and to send as SNI instead of the host.
    pub(crate) server_name: Option<String>,
    /// Lowest protocol version accepted.
    pub(crate) min_version: TlsVersion,
}

/// How much of the server's certificate is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS without verification.
    Require,
    /// The chain is verified, the name is not.
    VerifyCa,
    /// Chain and name are verified.
    VerifyFull,
}

/// Lowest TLS version accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// TCP keepalive; zero idle seconds turn it off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keepalive {
    /// Time without traffic before the first probe.
    pub(crate) idle: Duration,
    /// Time between probes.
    pub(crate) interval: Duration,
    /// Unanswered probes before the connection counts as dead.
    pub(crate) count: u32,
}

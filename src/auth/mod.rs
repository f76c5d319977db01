//! How to obtain a login: by password, by IAM, by AWS IAM Identity Center (SSO).
//!
//! Knows AWS, its profiles, its caches and the browser; knows neither ADBC nor the wire nor Arrow. [`provider`] is the
//! one list of methods. It checks forms and contradictions and sends nothing; the network is used only by
//! [`CredentialProvider::credentials`] and the two listings of [`Sso`].

mod access;
mod api;
mod authentication_profile;
mod browser;
mod chain;
mod check;
mod config;
mod credential_cache;
mod environment;
mod error;
mod host;
mod http;
mod iam;
mod password;
mod profile;
mod single_flight;
mod sources;
mod sso;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

pub(crate) use self::authentication_profile::authentication_profile;
pub(crate) use self::config::{
    Api, AuthConfig, AwsConfig, CredentialSource, Flow, IamConfig, Method, SsoConfig, TargetConfig, Toggle,
    TokenCache,
};
pub(crate) use self::environment::Environment;
pub(crate) use self::error::{Error, ErrorKind};
pub(crate) use self::sso::{
    SsoProgress, accounts as sso_accounts, logout as sso_logout, profiles as sso_profiles, roles as sso_roles,
};
use crate::secret::Secret;

/// A future that can be stored and sent to another thread.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a new connection logs in with, and where to.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    /// Database user, to be sent exactly so (`IAM:name`, `IAMA:name`, `IAMR:role` keep their prefix).
    pub(crate) user: String,
    /// Password, when there is one.
    pub(crate) password: Option<Secret>,
    /// Host name: what TLS verifies, and where to connect unless a tunnel is configured.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// When the server stops accepting the password for new connections.
    pub(crate) expires_at: Option<SystemTime>,
}

/// One way to obtain [`Credentials`], called before each new connection.
pub(crate) trait CredentialProvider: Send + Sync + Debug {
    /// Credentials that are valid now. May take as long as a person needs to sign in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cancelled`] soon after `cancel`; otherwise see [`ErrorKind`].
    fn credentials<'a>(&'a self, cancel: &'a CancellationToken) -> BoxFuture<'a, Result<Credentials, Error>>;

    /// The passwords are temporary credentials, which must not leave unencrypted.
    fn requires_tls(&self) -> bool {
        false
    }

    /// The server refused these credentials as expired. Forgets them, and says whether asking once more may help.
    fn rejected(&self, _credentials: &Credentials) -> bool {
        false
    }

    /// What a person who is waited for needs to know, readable from any thread.
    fn progress(&self) -> Option<SsoProgress> {
        None
    }
}

/// The provider for the method chosen, or for the method that the options present imply.
///
/// # Errors
///
/// [`ErrorKind::NotConfigured`] names what the method needs and was not given; [`ErrorKind::InvalidConfig`] names
/// malformed and contradicting options. Nothing is sent.
pub(crate) fn provider(
    config: AuthConfig,
    environment: Environment,
) -> Result<Arc<dyn CredentialProvider>, Error> {
    check::forms(&config)?;
    Ok(match check::method(&config)? {
        Method::Password => Arc::new(password::PasswordProvider::new(config)?),
        Method::Sso => Arc::new(iam::IamProvider::new(config, environment, true)?),
        Method::Iam | Method::Auto => Arc::new(iam::IamProvider::new(config, environment, false)?),
    })
}

/// Waits for the future, but no longer than until `cancel`.
async fn cancellable<T>(
    cancel: &CancellationToken,
    future: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::cancelled()),
        result = future => result,
    }
}

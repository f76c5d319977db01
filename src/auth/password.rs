//! The plain login: the database user and password that were given.
//!
//! It knows nothing of AWS. Invariant: it never fails once made.

use tokio_util::sync::CancellationToken;

use super::config::AuthConfig;
use super::{BoxFuture, CredentialProvider, Credentials, Error};

const DEFAULT_PORT: u16 = 5439;

#[derive(Debug)]
pub(super) struct PasswordProvider(Credentials);

impl PasswordProvider {
    pub(super) fn new(config: AuthConfig) -> Result<Self, Error> {
        let host = config.target.host.ok_or_else(|| {
            Error::missing(
                "a password login needs the host: set adbc.redshift.target.host, or the host of the uri; the endpoint \
                 is looked up only with IAM or SSO",
            )
        })?;
        let user = config.username.ok_or_else(|| {
            Error::missing(
                "a password login needs the database user: set username; for a login without one set \
                 adbc.redshift.auth.method to iam or sso",
            )
        })?;
        Ok(Self(Credentials {
            user,
            password: config.password,
            host,
            port: config.target.port.unwrap_or(DEFAULT_PORT),
            expires_at: None,
        }))
    }
}

impl CredentialProvider for PasswordProvider {
    fn credentials<'a>(
        &'a self,
        _cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Credentials, Error>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

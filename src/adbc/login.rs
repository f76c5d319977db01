//! From options to a session: asks the login method for credentials and connects with them.
//!
//! Owns the one retry after an expired temporary password, and what a tool may read while a person is waited for.
//! Knows no AWS and no wire.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use adbc_core::error::Result;

use super::auth_profile;
use super::error::{from_auth, from_session};
use super::settings::{self, SessionSettings};
use super::store::OptionStore;
use super::transaction;
use crate::auth::{self, CredentialProvider, Credentials, Environment, SsoProgress};
use crate::session::{CancelToken, ErrorKind, Session};

/// The login that was started last, for the options that show how it goes on.
#[derive(Debug, Default)]
pub(super) struct Logins(Mutex<Option<Arc<dyn CredentialProvider>>>);

impl Logins {
    /// What the person who is waited for needs to know.
    pub(super) fn progress(&self) -> Option<SsoProgress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.progress()
    }

    fn started(&self, provider: &Arc<dyn CredentialProvider>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(provider));
    }
}

/// Logs in as the options say; answers the session and its database.
pub(super) async fn connect(
    stores: &[&OptionStore],
    logins: &Logins,
    cancel: &CancelToken,
) -> Result<(Arc<Session>, String)> {
    let from_profile = auth_profile::load(stores, cancel).await?;
    let stores: Vec<_> = stores.iter().copied().chain(&from_profile).collect();
    let stores = stores.as_slice();
    let config = settings::auth(stores)?;
    let provider = auth::provider(config, Environment::process()).map_err(|error| from_auth(&error))?;
    settings::check_connection(stores, provider.requires_tls())?;
    let wanted = SessionSettings::from_stores(stores)?;
    logins.started(&provider);
    tracing::debug!("asking for credentials");
    let started = Instant::now();
    let mut retried = false;
    loop {
        let credentials = provider.credentials(cancel).await.map_err(|error| from_auth(&error))?;
        let (config, login) = settings::session(stores, credentials.clone())?;
        tracing::debug!(host = config.host, port = config.port, "connecting");
        match Session::connect(&config, &login, cancel).await {
            Ok(session) => {
                transaction::prepare(&session, &wanted, cancel).await?;
                let (elapsed, user) = (started.elapsed(), login.user);
                tracing::info!(host = config.host, user, database = config.database, ?elapsed, "logged in");
                return Ok((session, config.database));
            }
            Err(error) if !retried && is_expired(&error, &provider, &credentials) => {
                tracing::warn!("the temporary password has expired; asking AWS for another");
                retried = true;
            }
            Err(error) => return Err(from_session(&error)),
        }
    }
}

/// Whether a fresh temporary password may help. The words are Redshift's, seen in public reports.
fn is_expired(
    error: &crate::session::Error,
    provider: &Arc<dyn CredentialProvider>,
    credentials: &Credentials,
) -> bool {
    error.kind() == ErrorKind::Authentication
        && error.server().is_some_and(|server| server.message.contains("token has expired"))
        && provider.rejected(credentials)
}

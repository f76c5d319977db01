//! The portal token: from memory, from the shared cache, by refresh, or by a login.
//!
//! Decides which of these; how each is done is elsewhere. Invariant: the cache file is read again after the wait for
//! one's turn and before any refresh, so a login or refresh by the CLI or another thread is used.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::cache::Cache;
use super::{Portal, Sso};
use crate::auth::config::{Flow, TokenCache};
use crate::auth::error::{Error, ErrorKind};
use crate::auth::profile::Profiles;
use crate::auth::single_flight::SingleFlight;
use crate::secret::Secret;

/// What the portal accepts in place of a person.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) access_token: Secret,
    pub(super) expires_at: SystemTime,
    pub(super) refresh: Option<Refresh>,
    /// The shared cache could not be written, so memory is the only place that has it.
    pub(super) unsaved: bool,
}

/// What a new token can be had with, without a person.
#[derive(Clone, Debug)]
pub(super) struct Refresh {
    pub(super) token: Secret,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) registration_expires_at: SystemTime,
}

type Flights = Mutex<HashMap<String, Arc<SingleFlight<Token>>>>;

/// As botocore: a refreshable token is refreshed when a quarter of an hour is left.
const REFRESH_WINDOW: Duration = Duration::from_secs(15 * 60);
/// A token must live this long to be worth an exchange.
const MARGIN: Duration = Duration::from_secs(60);

impl Token {
    fn lives_beyond(&self, margin: Duration) -> bool {
        self.expires_at > SystemTime::now() + margin
    }

    fn is_fresh(&self) -> bool {
        self.lives_beyond(if self.refresh.is_some() { REFRESH_WINDOW } else { MARGIN })
    }

    fn is(&self, other: Option<&Self>) -> bool {
        other.is_some_and(|other| other.access_token.expose() == self.access_token.expose())
    }
}

impl Sso {
    /// A token other than `dead`, which the portal refused.
    pub(super) async fn token(
        &self,
        portal: &Portal,
        flow: Flow,
        dead: Option<&Token>,
        profiles: &Profiles,
        cancel: &CancellationToken,
    ) -> Result<Token, Error> {
        let in_memory = self.config.sso.token_cache == TokenCache::Memory;
        let usable = |token: &Token| in_memory && token.is_fresh() && !token.is(dead);
        self.flight(portal, flow)
            .load(cancel, usable, |kept| self.find_token(portal, flow, dead, kept, profiles, cancel))
            .await
    }

    async fn find_token(
        &self,
        portal: &Portal,
        flow: Flow,
        dead: Option<&Token>,
        kept: Option<Token>,
        profiles: &Profiles,
        cancel: &CancellationToken,
    ) -> Result<Token, Error> {
        let cache = self.cache();
        let on_disk = cache.as_ref().map(|cache| cache.read_token(portal)).transpose()?.flatten();
        let kept = kept.filter(|token| cache.is_none() || token.unsaved);
        let known = on_disk.or(kept);
        if let Some(token) = known.as_ref().filter(|token| token.is_fresh() && !token.is(dead)) {
            return Ok(token.clone());
        }
        let mut refusal = None;
        if let Some(token) = &known {
            match self.refreshed(portal, token, profiles).await {
                Ok(Some(token)) => return Ok(self.saved(portal, token)),
                Ok(None) => {}
                Err(error) => refusal = Some(error),
            }
            if token.lives_beyond(MARGIN) && !token.is(dead) {
                return Ok(token.clone());
            }
        }
        if flow == Flow::CachedOnly {
            return Err(self.not_logged_in(portal, known.as_ref(), refusal));
        }
        // AWS cannot be reached: a login would fail the same way, after asking a person.
        if let Some(error) = refusal.filter(|error| error.kind() != ErrorKind::Rejected) {
            return Err(error);
        }
        let token = self.login(portal, flow, profiles, cancel).await;
        self.set_progress(None);
        Ok(self.saved(portal, token?))
    }

    fn not_logged_in(&self, portal: &Portal, known: Option<&Token>, refusal: Option<Error>) -> Error {
        let place = match self.cache() {
            Some(cache) => cache.token_path(portal).display().to_string(),
            None => "this process".to_owned(),
        };
        let command = match &portal.session {
            Some(session) => format!("aws sso login --sso-session {session}"),
            None => "aws sso login --profile <profile>".to_owned(),
        };
        let state = match known {
            None => format!("there is no token for {} in {place}", portal.start_url),
            Some(token) if token.refresh.is_none() && !token.lives_beyond(Duration::ZERO) => format!(
                "the token for {} in {place} expired, and a profile without sso_session cannot be refreshed",
                portal.start_url
            ),
            Some(_) => format!("the token for {} in {place} is no longer accepted", portal.start_url),
        };
        let error = Error::rejected(format!(
            "not signed in to IAM Identity Center: {state}; run `{command}`, or set adbc.redshift.auth.method to sso \
             with a flow other than cached_only"
        ));
        match refusal {
            Some(refusal) => error.with_cause(refusal),
            None => error,
        }
    }

    /// Keeps the token where the CLI finds it. Not being able to is no reason to refuse the login.
    fn saved(&self, portal: &Portal, mut token: Token) -> Token {
        if let Some(cache) = self.cache()
            && let Err(error) = cache.write_token(portal, &token)
        {
            token.unsaved = true;
            self.environment.notice(&format!(
                "Amazon Redshift: the SSO token is kept in memory only: {} cannot be written ({error})",
                cache.token_path(portal).display()
            ));
        }
        token
    }

    pub(super) fn cache(&self) -> Option<Cache> {
        match self.config.sso.token_cache {
            TokenCache::Memory => None,
            TokenCache::Shared => Cache::new(&self.environment),
        }
    }

    /// `cached_only` has its own flight: it must neither wait for a person nor fail those who may ask one.
    fn flight(&self, portal: &Portal, flow: Flow) -> Arc<SingleFlight<Token>> {
        static FLIGHTS: LazyLock<Flights> = LazyLock::new(Mutex::default);
        let cached_only = flow == Flow::CachedOnly;
        let key = format!(
            "{portal:?} {cached_only} {:?} {:?} {:?}",
            self.config.sso.token_cache,
            self.environment.home(),
            self.config.aws.endpoint_url,
        );
        let mut flights = FLIGHTS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(flights.entry(key).or_default())
    }
}

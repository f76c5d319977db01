//! The state behind all services, and the questions that several of them ask.
//!
//! Owns configuration, keys, faults, policy and log in one place behind one lock; the services are functions
//! over it. The invariant: whether an action is allowed is decided here only.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::config::AwsConfig;
use super::failure::Common;
use super::fault::Faults;
use super::identity::{Identities, Principal};
use super::log::Recorded;
use super::sso::Sso;

/// Everything that the services share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: AwsConfig,
    pub(crate) address: SocketAddr,
    pub(crate) identities: Identities,
    pub(crate) faults: Faults,
    pub(crate) sso: Sso,
    pub(crate) log: Vec<Recorded>,
    /// Texts of authentication profiles, by name.
    pub(crate) authentication_profiles: BTreeMap<String, String>,
    /// The actions that policies allow; `None` allows all.
    pub(crate) allowed_actions: Option<Vec<String>>,
}

impl World {
    pub(crate) fn new(config: AwsConfig, address: SocketAddr) -> Self {
        Self {
            identities: Identities::new(&config),
            sso: Sso::new(&config),
            faults: Faults::default(),
            log: Vec::new(),
            authentication_profiles: BTreeMap::new(),
            allowed_actions: None,
            config,
            address,
        }
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The start URL, which is the issuer too.
    pub(crate) fn start_url(&self) -> String {
        format!("{}/start", self.endpoint_url())
    }

    /// `arn:aws:redshift:region:account:kind:name`.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.config.region, self.config.account_id)
    }

    /// Asks the policies.
    ///
    /// # Errors
    ///
    /// `AccessDenied` naming principal, action and resource as AWS does.
    pub(crate) fn authorize(
        &mut self,
        operation: &str,
        principal: &Principal,
        action: &str,
        resource: &str,
    ) -> Result<(), Common> {
        let allowed = self
            .allowed_actions
            .as_ref()
            .is_none_or(|actions| actions.iter().any(|allowed| allowed == action));
        if allowed && !self.faults.denies(operation, action, resource) {
            return Ok(());
        }
        Err(Common::AccessDenied(format!(
            "User: {} is not authorized to perform: {action} on resource: {resource} because no identity-based \
             policy allows the {action} action",
            principal.arn(),
        )))
    }
}

/// The time on a clock that may be wrong.
pub(crate) fn now(skew_seconds: i64) -> Timestamp {
    let now = Timestamp::now();
    now.checked_add(SignedDuration::from_secs(skew_seconds)).unwrap_or(now)
}

/// A duration in seconds from a request, held to AWS's bounds; `Err` says what was sent.
pub(crate) fn duration_within(
    text: Option<&str>,
    bounds: (u64, u64),
    default_seconds: u64,
) -> Result<Duration, String> {
    let Some(text) = text else { return Ok(Duration::from_secs(default_seconds)) };
    match text.parse::<u64>() {
        Ok(seconds) if (bounds.0..=bounds.1).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(text.to_owned()),
    }
}

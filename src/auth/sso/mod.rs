//! Login by IAM Identity Center: from who is meant to the role's AWS credentials.
//!
//! Tokens come from `login` (a person signs in) and `cache` (shared with the AWS CLI). It does not fetch database
//! credentials. Invariant: however many connections wait for the same portal, one of them signs in.

mod cache;
mod device;
mod listing;
mod login;
mod logout;
mod page;
mod pkce;
mod token;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use tokio_util::sync::CancellationToken;

pub(crate) use self::listing::{accounts, profiles, roles};
pub(crate) use self::logout::logout;
use self::token::Token;
use super::api::Failure;
use super::cancellable;
use super::chain::profile_name;
use super::config::{AuthConfig, Flow};
use super::environment::Environment;
use super::error::{Error, ErrorKind};
use super::http::{self, Service};
use super::profile::{Profiles, SsoSettings};

/// Where the person who waits has to go, and which code the page will show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SsoProgress {
    /// Address to open.
    pub(crate) verification_uri: String,
    /// Code to compare, with the device flow.
    pub(crate) user_code: Option<String>,
}

/// A portal: what a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Portal {
    pub(super) session: Option<String>,
    pub(super) start_url: String,
    pub(super) region: String,
    pub(super) scopes: Vec<String>,
}

/// A role of an account, by way of a portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) portal: Portal,
    pub(super) account_id: String,
    pub(super) role_name: String,
}

/// Signs in and exchanges tokens for role credentials.
#[derive(Clone, Debug)]
pub(super) struct Sso {
    config: Arc<AuthConfig>,
    environment: Environment,
    progress: Arc<Mutex<Option<SsoProgress>>>,
}

/// What the portal's roles need of a token, and all that is asked for unless more is said.
pub(super) const ACCOUNT_ACCESS: &str = "sso:account:access";

impl Portal {
    fn new(settings: &SsoSettings, whence: &str) -> Result<Self, Error> {
        let need = |value: &Option<String>, key: &str| {
            value.clone().ok_or_else(|| Error::missing(format!("an SSO login needs {key}: {whence}")))
        };
        let scopes = if settings.scopes.is_empty() {
            vec![ACCOUNT_ACCESS.to_owned()]
        } else {
            settings.scopes.clone()
        };
        Ok(Self {
            session: settings.session.clone(),
            start_url: need(&settings.start_url, "the start URL (adbc.redshift.sso.start_url)")?,
            region: need(&settings.region, "the region of Identity Center (adbc.redshift.sso.region)")?,
            scopes,
        })
    }
}

impl Identity {
    /// The identity of a profile that must be complete.
    pub(super) fn from_profile(profile: &str, settings: SsoSettings) -> Result<Self, Error> {
        Self::new(settings, &format!("profile {profile:?} does not say it"))
    }

    fn new(settings: SsoSettings, whence: &str) -> Result<Self, Error> {
        let portal = Portal::new(&settings, whence)?;
        let need = |value: Option<String>, key: &str| {
            value.ok_or_else(|| Error::missing(format!("an SSO login needs {key}: {whence}")))
        };
        Ok(Self {
            portal,
            account_id: need(settings.account_id, "the account (adbc.redshift.sso.account_id)")?,
            role_name: need(settings.role_name, "the role (adbc.redshift.sso.role_name)")?,
        })
    }
}

impl Sso {
    pub(super) fn new(config: &AuthConfig, environment: Environment) -> Self {
        Self { config: Arc::new(config.clone()), environment, progress: Arc::default() }
    }

    /// What the person needs to know now, while a login waits.
    pub(super) fn progress(&self) -> Option<SsoProgress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_progress(&self, progress: Option<SsoProgress>) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    /// Typed fields together with the profile's: what is typed wins, the profile fills the rest.
    fn settings(&self, profiles: &Profiles) -> Result<(SsoSettings, String), Error> {
        let typed = &self.config.sso;
        let named = typed.profile.as_ref().or(self.config.aws.profile.as_ref());
        let from_profile = match (named, &typed.session) {
            (_, Some(session)) => profiles.sso_session(session)?,
            (Some(name), None) => {
                let profile = profiles.profile("adbc.redshift.sso.profile", name)?;
                profiles.sso(profile)?.unwrap_or_default()
            }
            (None, None) if typed.start_url.is_none() => {
                let name = profile_name(&self.config, &self.environment);
                let profile = profiles.find(&name).map(|profile| profiles.sso(profile)).transpose()?;
                profile.flatten().unwrap_or_default()
            }
            (None, None) => SsoSettings::default(),
        };
        // A session names the cache entry of its own portal only.
        let same_portal = typed.start_url.is_none() || typed.start_url == from_profile.start_url;
        let whence = match named {
            Some(name) => format!("profile {name:?} does not say it, and it was not given"),
            None => "it was not given, and no profile (adbc.redshift.sso.profile) was named".to_owned(),
        };
        let settings = SsoSettings {
            session: from_profile.session.filter(|_| same_portal),
            start_url: typed.start_url.clone().or(from_profile.start_url),
            region: typed.region.clone().or(from_profile.region),
            account_id: typed.account_id.clone().or(from_profile.account_id),
            role_name: typed.role_name.clone().or(from_profile.role_name),
            scopes: if typed.scopes.is_empty() { from_profile.scopes } else { typed.scopes.clone() },
        };
        Ok((settings, whence))
    }

    /// Who logs in.
    pub(super) fn identity(&self, profiles: &Profiles) -> Result<Identity, Error> {
        let (settings, whence) = self.settings(profiles)?;
        Identity::new(settings, &whence)
    }

    fn portal(&self, profiles: &Profiles) -> Result<Portal, Error> {
        let (settings, whence) = self.settings(profiles)?;
        Portal::new(&settings, &whence)
    }

    async fn profiles(&self) -> Result<Profiles, Error> {
        let name = profile_name(&self.config, &self.environment);
        Profiles::load(&self.config.aws, &self.environment, Some(&name)).await
    }

    /// The role's AWS credentials. A token that the portal no longer knows is replaced once.
    pub(super) async fn role_credentials(
        &self,
        identity: &Identity,
        flow: Flow,
        cancel: &CancellationToken,
    ) -> Result<Credentials, Error> {
        let profiles = self.profiles().await?;
        let mut token = self.token(&identity.portal, flow, None, &profiles, cancel).await?;
        let exchange = |token: Token| {
            let profiles = &profiles;
            async move { cancellable(cancel, self.exchange(identity, &token, profiles)).await }
        };
        let mut outcome = exchange(token.clone()).await;
        if outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::Rejected) {
            token = self.token(&identity.portal, flow, Some(&token), &profiles, cancel).await?;
            outcome = exchange(token.clone()).await;
        }
        match outcome {
            Err(error) if error.kind() == ErrorKind::Denied => {
                let client = self.portal_client(&identity.portal, &profiles)?;
                Err(cancellable(cancel, async { Ok(with_assigned(error, &client, identity, &token).await) })
                    .await?)
            }
            outcome => outcome,
        }
    }

    async fn exchange(
        &self,
        identity: &Identity,
        token: &Token,
        profiles: &Profiles,
    ) -> Result<Credentials, Error> {
        let answer = self
            .portal_client(&identity.portal, profiles)?
            .get_role_credentials()
            .role_name(&identity.role_name)
            .account_id(&identity.account_id)
            .access_token(token.access_token.expose())
            .send()
            .await
            .map_err(|error| role_not_given(Failure::new(&error), identity))?;
        tracing::debug!(action = "sso:GetRoleCredentials", role = identity.role_name, "AWS answered");
        let given = answer.role_credentials.ok_or_else(|| {
            Error::unavailable("sso:GetRoleCredentials answered without credentials; try again")
        })?;
        let (Some(id), Some(secret)) = (given.access_key_id, given.secret_access_key) else {
            return Err(Error::unavailable("sso:GetRoleCredentials answered without keys; try again"));
        };
        let expires_at = u64::try_from(given.expiration)
            .ok()
            .map(|ms| SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(ms));
        Ok(Credentials::new(id, secret, given.session_token, expires_at, "sso"))
    }

    fn portal_client(&self, portal: &Portal, profiles: &Profiles) -> Result<aws_sdk_sso::Client, Error> {
        let (aws, environment) = (&self.config.aws, &self.environment);
        let builder = http::client_config(aws, environment, profiles, Service::Sso, &portal.region)?;
        Ok(aws_sdk_sso::Client::new(&builder.build()))
    }
}

/// The refusal with what the person may use instead, where the portal tells.
async fn with_assigned(
    refusal: Error,
    client: &aws_sdk_sso::Client,
    identity: &Identity,
    token: &Token,
) -> Error {
    let account = &identity.account_id;
    let found = match listing::role_names(client, token, account).await {
        Ok(roles) if !roles.is_empty() => {
            format!("roles assigned to you in account {account}: {}", roles.join(", "))
        }
        _ => match listing::account_ids(client, token).await {
            Ok(accounts) if !accounts.is_empty() => {
                format!("accounts assigned to you: {}", accounts.join(", "))
            }
            _ => return refusal,
        },
    };
    refusal.with_advice(&found)
}

fn role_not_given(failure: Failure, identity: &Identity) -> Error {
    let action = format!(
        "sso:GetRoleCredentials for role {:?} in account {}",
        identity.role_name, identity.account_id
    );
    match failure.code() {
        "Unauthorized" => failure.error(
            ErrorKind::Rejected,
            &action,
            "the Identity Center session has ended: log in again (aws sso login, or adbc.redshift.auth.method=sso)",
        ),
        "Forbidden" | "AccessDenied" => failure.error(
            ErrorKind::Denied,
            &action,
            "the role is not assigned to you in that account: read adbc.redshift.sso.accounts and \
             adbc.redshift.sso.roles, or ask for the assignment in Identity Center",
        ),
        "ResourceNotFound" | "InvalidRequest" => failure.error(
            ErrorKind::InvalidConfig,
            &action,
            "check adbc.redshift.sso.account_id (12 digits) and adbc.redshift.sso.role_name",
        ),
        _ => failure.into_error(&action),
    }
}

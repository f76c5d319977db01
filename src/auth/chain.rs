//! AWS credentials: keys, profiles with their chains of roles, Identity Center; what is in no profile is `sources`'.
//!
//! Walks `role_arn` + `source_profile` itself, so that SSO profiles of every form can be the base and every role is
//! assumed at the configured endpoint. It caches nothing. Invariant: a profile
//! that was named is never silently replaced by another source.

use std::collections::HashSet;

use aws_config::credential_process::CredentialProcessProvider;
use aws_config::profile::Profile;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_types::error::display::DisplayErrorContext;
use tokio_util::sync::CancellationToken;

use super::cancellable;
use super::config::{AuthConfig, CredentialSource, Flow};
use super::environment::Environment;
use super::error::{Error, ErrorKind};
use super::http::{self, Service};
use super::profile::Profiles;
use super::sources::{Source, WebIdentity};
use super::sso::{Identity, Sso};

/// What resolving needs, borrowed for one load.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    pub(super) config: &'a AuthConfig,
    pub(super) environment: &'a Environment,
    pub(super) profiles: &'a Profiles,
    pub(super) sso: &'a Sso,
    pub(super) region: &'a str,
    pub(super) cancel: &'a CancellationToken,
}

#[derive(Debug)]
struct Role {
    arn: String,
    external_id: Option<String>,
    session_name: Option<String>,
}

enum Base<'a> {
    Keys(Credentials),
    Process { profile: &'a str, command: &'a str },
    Source(Source),
    Sso(Identity),
    WebIdentity(WebIdentity),
}

/// The profile that applies: the one named by option, else the environment's, else `default`.
pub(super) fn profile_name(config: &AuthConfig, environment: &Environment) -> String {
    let named = config.sso.profile.clone().or_else(|| config.aws.profile.clone());
    named.or_else(|| environment.variable("AWS_PROFILE")).unwrap_or_else(|| "default".into())
}

impl Chain<'_> {
    /// Credentials for method `iam`.
    pub(super) async fn iam_credentials(&self) -> Result<Credentials, Error> {
        let base = match self.config.aws.credential_source {
            CredentialSource::Auto | CredentialSource::Static => self.first_credentials().await?,
            CredentialSource::Profile => {
                let name = profile_name(self.config, self.environment);
                self.profile_credentials(self.profiles.profile("adbc.redshift.aws.profile", &name)?).await?
            }
            CredentialSource::Container => self.ask_source(Source::Container).await?,
            CredentialSource::Environment => self.ask_source(Source::Environment).await?,
            CredentialSource::Instance => self.ask_source(Source::Instance).await?,
            CredentialSource::WebIdentity => self.web_identity_of_environment().await?,
        };
        self.assume_configured_roles(base).await
    }

    /// Of the keys, the profile and the default chain, the first that is there.
    async fn first_credentials(&self) -> Result<Credentials, Error> {
        let aws = &self.config.aws;
        if let (Some(id), Some(secret)) = (&aws.access_key_id, &aws.secret_access_key) {
            let token = aws.session_token.as_ref().map(|token| token.expose().to_owned());
            return Ok(Credentials::new(id.expose(), secret.expose(), token, None, "options"));
        }
        match &aws.profile {
            Some(name) => {
                self.profile_credentials(self.profiles.profile("adbc.redshift.aws.profile", name)?).await
            }
            None => self.default_credentials().await,
        }
    }

    /// Credentials for method `sso`.
    pub(super) async fn sso_credentials(&self, identity: &Identity) -> Result<Credentials, Error> {
        let base = self.sso.role_credentials(identity, self.config.sso.flow, self.cancel).await?;
        self.assume_configured_roles(base).await
    }

    async fn assume_configured_roles(&self, base: Credentials) -> Result<Credentials, Error> {
        let arns = self.config.aws.role_arn.iter().flat_map(|list| list.split(','));
        let role = |arn: &str| Role {
            arn: arn.trim().into(),
            external_id: self.config.aws.role_external_id.clone(),
            session_name: None,
        };
        let roles: Vec<Role> = arns.map(role).collect();
        self.assume(base, roles).await
    }

    /// Keys in the environment win over an unnamed profile, as everywhere in AWS.
    async fn default_credentials(&self) -> Result<Credentials, Error> {
        let name = profile_name(self.config, self.environment);
        let keys_in_environment = self.environment.variable("AWS_ACCESS_KEY_ID").is_some();
        if !keys_in_environment {
            if self.environment.variable("AWS_PROFILE").is_some() {
                return self.profile_credentials(self.profiles.profile("AWS_PROFILE", &name)?).await;
            }
            if let Some(profile) = self.profiles.find(&name).filter(|profile| holds_credentials(profile)) {
                return self.profile_credentials(profile).await;
            }
        }
        self.default_source().await
    }

    async fn profile_credentials(&self, profile: &Profile) -> Result<Credentials, Error> {
        let (base, roles) = self.walk(profile)?;
        let base = match base {
            Base::Keys(keys) => keys,
            Base::Process { profile, command } => self.provided_by_process(profile, command).await?,
            Base::Source(source) => self.ask_source(source).await?,
            Base::WebIdentity(identity) => self.web_identity(&identity).await?,
            // Without an explicit choice of SSO no window opens: servers use profiles too.
            Base::Sso(identity) => {
                self.sso.role_credentials(&identity, Flow::CachedOnly, self.cancel).await?
            }
        };
        self.assume(base, roles).await
    }

    /// Asked for directly: by way of the profile, `aws-config` traces what the program printed.
    async fn provided_by_process(&self, profile: &str, command: &str) -> Result<Credentials, Error> {
        let provider = CredentialProcessProvider::new(command.to_owned());
        let what = format!("credential_process of profile {profile:?}");
        self.provide(&provider, &what).await.map_err(|error| match error.kind() {
            ErrorKind::Cancelled | ErrorKind::TimedOut => error,
            // The text and its causes quote what the program printed, which may be a secret.
            _ => Error::rejected(format!(
                "{what} gave no credentials{}: run its command by hand to see why",
                exit_status(&error.to_string())
            )),
        })
    }

    /// The base of a profile's chain and the roles to assume on it, innermost first.
    fn walk<'p>(&'p self, profile: &'p Profile) -> Result<(Base<'p>, Vec<Role>), Error> {
        let mut profile = profile;
        let mut roles = Vec::new();
        let mut names = vec![profile.name()];
        let mut seen = HashSet::from([profile.name()]);
        let base = loop {
            let keys = static_keys(profile);
            let Some(role) = role(profile) else { break self.base(profile)? };
            // Keys beside a role are the source of the role when the profile names itself.
            let source = profile.get("source_profile");
            if let (Some(keys), true) = (keys, names.len() > 1) {
                break Base::Keys(keys);
            }
            roles.push(role);
            match (source, profile.get("credential_source")) {
                (Some(_), Some(_)) => {
                    return Err(Error::invalid(format!(
                        "profile {:?} has both source_profile and credential_source: keep one",
                        profile.name()
                    )));
                }
                (Some(source), None) if source == profile.name() && static_keys(profile).is_some() => {
                    break self.base(profile)?;
                }
                (Some(source), None) => {
                    let option = format!("source_profile of profile {:?}", profile.name());
                    profile = self.profiles.profile(&option, source)?;
                    names.push(profile.name());
                    if !seen.insert(profile.name()) {
                        return Err(Error::invalid(format!(
                            "source_profile runs in a circle: {}",
                            names.join(" → ")
                        )));
                    }
                }
                (None, Some(source)) => break Base::Source(Source::named(source)?),
                (None, None) => {
                    return Err(Error::invalid(format!(
                        "profile {:?} has role_arn but neither source_profile nor credential_source",
                        profile.name()
                    )));
                }
            }
        };
        roles.reverse();
        Ok((base, roles))
    }

    fn base<'p>(&'p self, profile: &'p Profile) -> Result<Base<'p>, Error> {
        if let Some(keys) = static_keys(profile) {
            return Ok(Base::Keys(keys));
        }
        if let Some(identity) = web_identity(profile) {
            return Ok(Base::WebIdentity(identity));
        }
        if let Some(settings) = self.profiles.sso(profile)? {
            return Ok(Base::Sso(Identity::from_profile(profile.name(), settings)?));
        }
        match profile.get("credential_process") {
            Some(command) => Ok(Base::Process { profile: profile.name(), command }),
            None if profile.get("login_session").is_some() => Err(Error::invalid(format!(
                "profile {:?} signs in by `aws login` (login_session), which is not supported: use an sso-session, keys \
                 or a role",
                profile.name()
            ))),
            None => Err(Error::invalid(format!(
                "profile {:?} holds no credentials: expected aws_access_key_id and aws_secret_access_key, role_arn, \
                 credential_process, web_identity_token_file or sso_*",
                profile.name()
            ))),
        }
    }

    async fn assume(&self, base: Credentials, roles: Vec<Role>) -> Result<Credentials, Error> {
        let mut credentials = base;
        for role in roles {
            let (aws, environment) = (&self.config.aws, self.environment);
            let sts = http::client_config(aws, environment, self.profiles, Service::Sts, self.region)?;
            let mut builder = AssumeRoleProvider::builder(&role.arn)
                .configure(&http::signed(sts, credentials))
                .session_name(role.session_name.unwrap_or_else(|| aws.role_session_name.clone()));
            if let Some(id) = role.external_id {
                builder = builder.external_id(id);
            }
            let provider = builder.build().await;
            credentials = self.provide(&provider, &format!("sts:AssumeRole on {}", role.arn)).await?;
        }
        Ok(credentials)
    }

    pub(super) async fn provide(
        &self,
        provider: &impl ProvideCredentials,
        what: &str,
    ) -> Result<Credentials, Error> {
        let limit = self.config.aws.timeout;
        cancellable(self.cancel, async {
            match tokio::time::timeout(limit, provider.provide_credentials()).await {
                Ok(result) => result.map_err(|cause| not_provided(what, cause)),
                Err(_) => Err(Error::timed_out(format!(
                    "AWS credentials from {what} did not arrive within {} s: raise adbc.redshift.aws.timeout_seconds, \
                     or name the source you mean",
                    limit.as_secs()
                ))),
            }
        })
        .await
    }
}

fn not_provided(what: &str, cause: CredentialsError) -> Error {
    // The chain of causes ends with what AWS said (code, message, request id).
    let said = DisplayErrorContext(&cause).to_string();
    let denied = said.contains("AccessDenied");
    let (kind, advice) = match &cause {
        _ if denied => (ErrorKind::Denied, "allow sts:AssumeRole for the identity that AWS names"),
        CredentialsError::CredentialsNotLoaded(_) => {
            (ErrorKind::NotConfigured, "check that the source is set up")
        }
        CredentialsError::InvalidConfiguration(_) => {
            (ErrorKind::InvalidConfig, "correct the AWS configuration file")
        }
        CredentialsError::ProviderTimedOut(_) => (ErrorKind::TimedOut, "check the network, then try again"),
        _ => (ErrorKind::Rejected, "check the source, then try again"),
    };
    Error::new(kind, format!("AWS credentials could not be obtained from {what}: {said}; {advice}"))
}

/// The exit status within the text of `aws-config`, without the output that follows it.
fn exit_status(text: &str) -> String {
    let after = text.split_once("exited with code ").map(|(_, after)| after);
    let status = after.and_then(|after| after.split_once(". Stderr")).map(|(status, _)| status);
    status.map_or_else(String::new, |status| format!(" ({status})"))
}

fn role(profile: &Profile) -> Option<Role> {
    // A role with a token file is assumed by web identity, which is a base and not a link of the chain.
    if profile.get("web_identity_token_file").is_some() {
        return None;
    }
    Some(Role {
        arn: profile.get("role_arn")?.to_owned(),
        external_id: profile.get("external_id").map(Into::into),
        session_name: profile.get("role_session_name").map(Into::into),
    })
}

fn web_identity(profile: &Profile) -> Option<WebIdentity> {
    Some(WebIdentity {
        token_file: profile.get("web_identity_token_file")?.into(),
        role_arn: profile.get("role_arn")?.to_owned(),
        session_name: profile.get("role_session_name").map(Into::into),
    })
}

fn static_keys(profile: &Profile) -> Option<Credentials> {
    let (id, secret) = (profile.get("aws_access_key_id")?, profile.get("aws_secret_access_key")?);
    Some(Credentials::new(id, secret, profile.get("aws_session_token").map(Into::into), None, "profile"))
}

fn holds_credentials(profile: &Profile) -> bool {
    [
        "aws_access_key_id",
        "aws_secret_access_key",
        "role_arn",
        "credential_process",
        "web_identity_token_file",
        "login_session",
        "sso_session",
        "sso_start_url",
    ]
    .into_iter()
    .any(|key| profile.get(key).is_some())
}

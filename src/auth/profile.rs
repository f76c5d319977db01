//! The AWS configuration files, read as the AWS CLI reads them.
//!
//! Parsing is `aws-config`'s; the rules for `sso_*` are ours, because `aws-config` refuses profiles that the CLI takes
//! (a start URL repeated beside `sso_session`, no account or role). It does not contact AWS. Invariant: values that go
//! into URLs are checked before they leave.

use std::borrow::Cow;

use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::Fs;

use super::check;
use super::config::AwsConfig;
use super::environment::Environment;
use super::error::Error;

/// All profiles and SSO sessions.
#[derive(Clone, Debug)]
pub(super) struct Profiles {
    set: ProfileSet,
    files: String,
}

/// What a profile says about Identity Center.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SsoSettings {
    pub(super) session: Option<String>,
    pub(super) start_url: Option<String>,
    pub(super) region: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) role_name: Option<String>,
    pub(super) scopes: Vec<String>,
}

/// The files to read.
fn files(aws: &AwsConfig) -> EnvConfigFiles {
    let builder = EnvConfigFiles::builder();
    let builder = match &aws.config_file {
        Some(path) => builder.with_file(EnvConfigFileKind::Config, path),
        None => builder.include_default_config_file(true),
    };
    match &aws.credentials_file {
        Some(path) => builder.with_file(EnvConfigFileKind::Credentials, path),
        None => builder.include_default_credentials_file(true),
    }
    .build()
}

impl Profiles {
    /// Reads both files; `selected` is the profile whose endpoint settings apply.
    pub(super) async fn load(
        aws: &AwsConfig,
        environment: &Environment,
        selected: Option<&str>,
    ) -> Result<Self, Error> {
        let selected = selected.map(|name| Cow::Owned(name.to_owned()));
        let shown = shown_files(aws, environment);
        let set = aws_config::profile::load(&Fs::real(), &environment.for_aws(), &files(aws), selected)
            .await
            .map_err(|cause| {
                // The cause's text names file and line; a parse error does not quote values.
                Error::invalid(format!("the AWS configuration files ({shown}) cannot be read: {cause}"))
                    .with_cause(cause)
            })?;
        Ok(Self { set, files: shown })
    }

    pub(super) fn sections(&self) -> &ProfileSet {
        &self.set
    }

    /// The profile, or an error that lists those that exist.
    pub(super) fn profile(&self, option: &str, name: &str) -> Result<&Profile, Error> {
        self.set.get_profile(name).ok_or_else(|| {
            let mut names: Vec<&str> = self.set.profiles().collect();
            names.sort_unstable();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Error::invalid(format!(
                "{option} names profile {name:?}, which is not in {}; profiles found: {known}",
                self.files
            ))
        })
    }

    pub(super) fn find(&self, name: &str) -> Option<&Profile> {
        self.set.get_profile(name)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.set.profiles().collect();
        names.sort_unstable();
        names
    }

    /// The region a profile names for its services (never `sso_region`).
    pub(super) fn region(&self, name: &str) -> Option<&str> {
        self.set.get_profile(name)?.get("region")
    }

    /// The `sso_*` settings of a profile, `None` when it has none.
    pub(super) fn sso(&self, profile: &Profile) -> Result<Option<SsoSettings>, Error> {
        let value = |key: &str| profile.get(key).map(|text| text.trim().to_owned());
        let mut settings = SsoSettings {
            session: value("sso_session"),
            start_url: value("sso_start_url"),
            region: value("sso_region"),
            account_id: value("sso_account_id"),
            role_name: value("sso_role_name"),
            scopes: Vec::new(),
        };
        if settings == SsoSettings::default() {
            return Ok(None);
        }
        self.merge_session(&format!("profile {:?}", profile.name()), &mut settings)?;
        let named = |key: &str| format!("{key} of profile {:?}", profile.name());
        check::url(&named("sso_start_url"), settings.start_url.as_deref())?;
        check::region(&named("sso_region"), settings.region.as_deref())?;
        check::account_id(&named("sso_account_id"), settings.account_id.as_deref())?;
        Ok(Some(settings))
    }

    /// The settings of a session that is named without a profile.
    pub(super) fn sso_session(&self, name: &str) -> Result<SsoSettings, Error> {
        let mut settings = SsoSettings { session: Some(name.to_owned()), ..SsoSettings::default() };
        self.merge_session("adbc.redshift.sso.session", &mut settings)?;
        check::url("sso_start_url", settings.start_url.as_deref())?;
        check::region("sso_region", settings.region.as_deref())?;
        Ok(settings)
    }

    fn merge_session(&self, named_by: &str, settings: &mut SsoSettings) -> Result<(), Error> {
        let Some(name) = settings.session.clone() else { return Ok(()) };
        let session = self.set.sso_session(&name).ok_or_else(|| {
            Error::invalid(format!(
                "{named_by} names sso-session {name}, but there is no section [sso-session {name}] in {}",
                self.files
            ))
        })?;
        merge("sso_start_url", named_by, &name, session.get("sso_start_url"), &mut settings.start_url)?;
        merge("sso_region", named_by, &name, session.get("sso_region"), &mut settings.region)?;
        let scopes = session.get("sso_registration_scopes").unwrap_or_default();
        settings.scopes =
            scopes.split(',').map(str::trim).filter(|s| !s.is_empty()).map(Into::into).collect();
        Ok(())
    }
}

/// The CLI takes a key repeated in the profile when it equals the session's, and refuses it otherwise.
fn merge(
    key: &str,
    named_by: &str,
    session: &str,
    in_session: Option<&str>,
    slot: &mut Option<String>,
) -> Result<(), Error> {
    match (in_session.map(str::trim), slot.as_deref()) {
        (Some(one), Some(other)) if one != other => Err(Error::invalid(format!(
            "{key} differs between {named_by} and [sso-session {session}]: remove it from the profile"
        ))),
        (Some(one), _) => {
            *slot = Some(one.to_owned());
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

fn shown_files(aws: &AwsConfig, environment: &Environment) -> String {
    let path = |option: &Option<std::path::PathBuf>, variable: &str, default: &str| match option {
        Some(path) => path.display().to_string(),
        None => environment.variable(variable).unwrap_or_else(|| default.to_owned()),
    };
    format!(
        "{} and {}",
        path(&aws.config_file, "AWS_CONFIG_FILE", "~/.aws/config"),
        path(&aws.credentials_file, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    )
}

//! The ADBC database: the options that its connections share. Opens no connection itself.

use std::sync::OnceLock;

use adbc_core::error::{Error, Result, Status};
use adbc_core::options::OptionValue;

use super::error::{from_auth, invalid_state, not_implemented};
use super::login::Logins;
use super::options::{self, Level};
use super::store::{self, OptionStore};
use super::{log, runtime, settings};
use crate::auth::{self, AuthConfig, Environment, SsoProgress};
use crate::session::CancelToken;

const READ_ONLY: &[&str] = &[
    options::SSO_PROFILES,
    options::SSO_ACCOUNTS,
    options::SSO_ROLES,
    options::SSO_VERIFICATION_URI,
    options::SSO_USER_CODE,
];

/// Options of one cluster or workgroup. They may be changed at any time; connections made afterwards use them.
#[derive(Debug)]
pub struct Database {
    options: OptionStore,
    initialized: OnceLock<()>,
    logins: Logins,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            options: OptionStore::new(Level::Database),
            initialized: OnceLock::new(),
            logins: Logins::default(),
        }
    }
}

impl Database {
    /// A database without options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an option.
    ///
    /// # Errors
    ///
    /// `NotImplemented` for an unknown key, `InvalidArguments` for a value that does not fit.
    pub fn set_option(&self, key: &str, value: OptionValue) -> Result<()> {
        if options::find(key).is_some_and(|spec| READ_ONLY.contains(&spec.key)) {
            return Err(not_implemented(format!("option '{key}' is read only")));
        }
        self.options.set(key, &value)
    }

    /// The value of an option, or its default. The `sso` lists are made when read: that of profiles from files alone,
    /// those of accounts and roles by asking the portal, which may ask the person to sign in.
    ///
    /// # Errors
    ///
    /// `NotFound` for unknown keys, secrets, and options without value and default; for the lists, as a login.
    pub fn get_option_string(&self, key: &str) -> Result<String> {
        match options::find(key).map_or(key, |spec| spec.key) {
            options::SSO_PROFILES => self.sso_list(|config, _| async move {
                auth::sso_profiles(&config, &Environment::process()).await
            }),
            options::SSO_ACCOUNTS => self.sso_list(|config, cancel| async move {
                auth::sso_accounts(&config, Environment::process(), &cancel).await
            }),
            options::SSO_ROLES => self.sso_list(|config, cancel| async move {
                auth::sso_roles(&config, Environment::process(), &cancel).await
            }),
            options::SSO_VERIFICATION_URI => self.progress(key, |progress| Some(progress.verification_uri)),
            options::SSO_USER_CODE => self.progress(key, |progress| progress.user_code),
            _ => self.options.shown(key),
        }
    }

    /// As [`Self::get_option_string`], as bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::get_option_string`].
    pub fn get_option_bytes(&self, key: &str) -> Result<Vec<u8>> {
        self.get_option_string(key).map(String::into_bytes)
    }

    /// As [`Self::get_option_string`], as an integer.
    ///
    /// # Errors
    ///
    /// As [`Self::get_option_string`], and `InvalidArguments` when the value is no integer.
    pub fn get_option_int(&self, key: &str) -> Result<i64> {
        store::to_int(key, &self.get_option_string(key)?)
    }

    /// As [`Self::get_option_string`], as a double.
    ///
    /// # Errors
    ///
    /// As [`Self::get_option_string`], and `InvalidArguments` when the value is no number.
    pub fn get_option_double(&self, key: &str) -> Result<f64> {
        store::to_double(key, &self.get_option_string(key)?)
    }

    /// Ends the sign-in to IAM Identity Center that the `sso` options name, for this driver and the AWS CLI. Answers
    /// whether there was one.
    ///
    /// # Errors
    ///
    /// `InvalidState` before [`Self::init`], `InvalidArguments` without a portal, `IO` when it does not answer.
    pub fn sso_logout(&self) -> Result<bool> {
        let config = settings::auth(&[self.options()?])?;
        let cancel = CancelToken::new();
        let logout = auth::sso_logout(&config, Environment::process(), &cancel);
        runtime::block_on(logout)?.map_err(|error| from_auth(&error))
    }

    /// Checks forms and contradictions. Asks for no network and no required option: those are reported by
    /// [`Connection::init`](super::Connection::init).
    ///
    /// # Errors
    ///
    /// `InvalidState` when called twice, `NotImplemented` for a reserved login method.
    pub fn init(&self) -> Result<()> {
        if self.initialized.get().is_some() {
            return Err(invalid_state("the database is already initialized"));
        }
        settings::check_database(&self.options)?;
        if let Some(settings) = settings::log(&self.options) {
            log::configure(&settings)?;
        }
        self.initialized.set(()).map_err(|()| invalid_state("the database is already initialized"))
    }

    /// The logins of this database's connections.
    pub(super) fn logins(&self) -> &Logins {
        &self.logins
    }

    fn sso_list<F>(&self, list: impl FnOnce(AuthConfig, CancelToken) -> F) -> Result<String>
    where
        F: Future<Output = std::result::Result<String, auth::Error>>,
    {
        let config = settings::auth(&[self.options()?])?;
        runtime::block_on(list(config, CancelToken::new()))?.map_err(|error| from_auth(&error))
    }

    fn progress(&self, key: &str, part: impl FnOnce(SsoProgress) -> Option<String>) -> Result<String> {
        self.logins.progress().and_then(part).ok_or_else(|| {
            let message = format!("option '{key}' has no value: no login waits for a person now");
            Error::with_message_and_status(message, Status::NotFound)
        })
    }

    /// The options, once initialized.
    pub(super) fn options(&self) -> Result<&OptionStore> {
        match self.initialized.get() {
            Some(()) => Ok(&self.options),
            None => Err(invalid_state("the database is not initialized; call AdbcDatabaseInit first")),
        }
    }
}

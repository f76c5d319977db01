//! The ADBC database: the options that its connections share. Opens no connection itself.

use std::sync::OnceLock;

use adbc_core::error::Result;
use adbc_core::options::OptionValue;

use super::error::invalid_state;
use super::options::Level;
use super::settings;
use super::store::{self, OptionStore};

/// Options of one cluster or workgroup. They may be changed at any time; connections made afterwards use them.
#[derive(Debug)]
pub struct Database {
    options: OptionStore,
    initialized: OnceLock<()>,
}

impl Default for Database {
    fn default() -> Self {
        Self { options: OptionStore::new(Level::Database), initialized: OnceLock::new() }
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
        self.options.set(key, &value).map(drop)
    }

    /// The value of an option, or its default.
    ///
    /// # Errors
    ///
    /// `NotFound` for unknown keys, secrets, and options without value and default.
    pub fn get_option_string(&self, key: &str) -> Result<String> {
        self.options.shown(key)
    }

    /// As [`Self::get_option_string`], as bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::get_option_string`].
    pub fn get_option_bytes(&self, key: &str) -> Result<Vec<u8>> {
        self.options.shown(key).map(String::into_bytes)
    }

    /// As [`Self::get_option_string`], as an integer.
    ///
    /// # Errors
    ///
    /// As [`Self::get_option_string`], and `InvalidArguments` when the value is no integer.
    pub fn get_option_int(&self, key: &str) -> Result<i64> {
        store::to_int(key, &self.options.shown(key)?)
    }

    /// As [`Self::get_option_string`], as a double.
    ///
    /// # Errors
    ///
    /// As [`Self::get_option_string`], and `InvalidArguments` when the value is no number.
    pub fn get_option_double(&self, key: &str) -> Result<f64> {
        store::to_double(key, &self.options.shown(key)?)
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
        self.initialized.set(()).map_err(|()| invalid_state("the database is already initialized"))
    }

    /// The options, once initialized.
    pub(super) fn options(&self) -> Result<&OptionStore> {
        match self.initialized.get() {
            Some(()) => Ok(&self.options),
            None => Err(invalid_state("the database is not initialized; call AdbcDatabaseInit first")),
        }
    }
}

//! Keeps the option values of one ADBC object and answers its typed getters.
//!
//! Values set by key and values of the `uri` are kept apart, so that a key beats the URI in whatever order they
//! came: driver managers hand over pre-init options unordered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use adbc_core::error::{Error, Result, Status};
use adbc_core::options::OptionValue;

use super::options::{self, Kind, Level, OptionSpec, TABLE};
use super::spellings::{self, Spelling};
use super::uri;
use crate::secret::Secret;

/// The options of a database, connection or statement.
#[derive(Debug)]
pub(super) struct OptionStore {
    level: Level,
    values: Mutex<Values>,
    /// Counts the changes.
    revision: AtomicU64,
}

#[derive(Debug, Default)]
struct Values {
    by_key: BTreeMap<&'static str, Set>,
    by_uri: BTreeMap<&'static str, Secret>,
    /// What was set under another driver's name and translated, for reading it back.
    translated: BTreeMap<String, Secret>,
}

/// A value and the spelling of the key that it was set by.
#[derive(Clone, Debug)]
struct Set {
    spelling: String,
    value: Secret,
}

impl OptionStore {
    pub(super) fn new(level: Level) -> Self {
        Self { level, values: Mutex::default(), revision: AtomicU64::new(0) }
    }

    /// The row of a key at this object.
    ///
    /// # Errors
    ///
    /// `status` with the nearest known key, or with the object the key belongs to.
    pub(super) fn spec(&self, key: &str, status: Status) -> Result<&'static OptionSpec> {
        let Some(spec) = options::find(key) else {
            let hint = match options::nearest(key, TABLE.iter().map(|spec| spec.key)) {
                Some(nearest) => format!("; did you mean '{nearest}'?"),
                None => "; the README lists all options".to_owned(),
            };
            let message = format!("unknown {} option '{key}'{hint}", self.level.name());
            return Err(Error::with_message_and_status(message, status));
        };
        if spec.levels.contains(&self.level) {
            return Ok(spec);
        }
        let owners: Vec<_> = spec.levels.iter().map(|level| level.name()).collect();
        let message = format!(
            "'{key}' is an option of the {}, not of the {}; set it there",
            owners.join(" and the "),
            self.level.name()
        );
        Err(Error::with_message_and_status(message, status))
    }

    /// A number that tells whether anything was set since it was last asked for. What was read after it is no older.
    pub(super) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Checks and keeps a value.
    pub(super) fn set(&self, key: &str, value: &OptionValue) -> Result<()> {
        match spellings::find(key).filter(|_| self.level == Level::Database) {
            Some(spelling) => self.set_translated(key, spelling, value),
            None => self.set_option(key, value),
        }
    }

    fn set_option(&self, key: &str, value: &OptionValue) -> Result<()> {
        let spec = self.spec(key, Status::NotImplemented)?;
        let text = if key == spec.key { spec.parse(value)? } else { spec.parse_foreign(value)? };
        let mut values = self.change();
        let set = values.set(spec, key, text)?;
        if spec.key == options::URI {
            values.by_uri = parse_uri(set.value.expose())?;
        }
        values.by_key.insert(spec.key, set);
        Ok(())
    }

    fn set_translated(&self, key: &str, spelling: &Spelling, value: &OptionValue) -> Result<()> {
        let text = options::text_of(value)
            .ok_or_else(|| invalid(format!("option '{key}' takes a text, not a value of this type")))?;
        let settings = spelling.translate(&text).map_err(|refusal| {
            Error::with_message_and_status(format!("option '{key}': {}", refusal.reason), refusal.status)
        })?;
        let mut values = self.change();
        let mut sets = Vec::new();
        for (option, value) in settings {
            let spec = self.spec(option, Status::NotImplemented)?;
            sets.push((spec.key, values.set(spec, key, spec.parse(&OptionValue::String(value))?)?));
        }
        // What the name stood for before goes, even where it stands for other options now.
        values.by_key.retain(|_, set| set.spelling != key);
        values.by_key.extend(sets);
        values.translated.insert(key.to_owned(), Secret::new(text));
        Ok(())
    }

    /// Forgets the values set by these keys.
    pub(super) fn unset(&self, keys: &[&str]) {
        self.change().by_key.retain(|key, _| !keys.contains(key));
    }

    /// The value set by key or by URI, not the default.
    pub(super) fn value(&self, key: &str) -> Option<Secret> {
        let values = self.lock();
        values.by_key.get(key).map(|set| &set.value).or_else(|| values.by_uri.get(key)).cloned()
    }

    /// What `get_option` shows: the value or the default.
    ///
    /// # Errors
    ///
    /// `NotFound` for unknown keys, secrets, and options that have neither value nor default.
    pub(super) fn shown(&self, key: &str) -> Result<String> {
        if let Some(text) = self.lock().translated.get(key) {
            return Ok(text.expose().to_owned());
        }
        let spec = self.spec(key, Status::NotFound)?;
        if spec.is_secret() {
            return Err(not_found(format!("'{key}' is a secret and cannot be read back")));
        }
        match (self.value(spec.key), spec.default) {
            (Some(text), _) if spec.kind == Kind::Uri => Ok(uri::without_password(text.expose())),
            (Some(text), _) => Ok(text.expose().to_owned()),
            (None, Some(default)) => Ok(default.to_owned()),
            (None, None) => Err(not_found(format!("option '{key}' is not set"))),
        }
    }

    /// The values, to be changed. Counted under the lock, so that nobody reads old values under the new number.
    fn change(&self) -> MutexGuard<'_, Values> {
        let values = self.lock();
        self.revision.fetch_add(1, Ordering::Release);
        values
    }

    fn lock(&self) -> MutexGuard<'_, Values> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Values {
    /// The value to keep for an option that `spelling` sets.
    ///
    /// # Errors
    ///
    /// `InvalidArguments` when another spelling gave it a value that contradicts: driver managers hand options over
    /// unordered, so that no spelling could win by being the later one.
    fn set(&self, spec: &OptionSpec, spelling: &str, text: String) -> Result<Set> {
        let earlier = self.by_key.get(spec.key).filter(|set| set.spelling != spelling);
        let Some(earlier) = earlier else {
            return Ok(Set { spelling: spelling.to_owned(), value: Secret::new(text) });
        };
        match spec.agreed(earlier.value.expose(), &text) {
            Some(agreed) if agreed == text => {
                Ok(Set { spelling: spelling.to_owned(), value: Secret::new(text) })
            }
            Some(_) => Ok(earlier.clone()),
            None => Err(invalid(format!(
                "options '{}' and '{spelling}' give different values to '{}'; set one of them",
                earlier.spelling, spec.key
            ))),
        }
    }
}

/// An option text as an integer.
pub(super) fn to_int(key: &str, text: &str) -> Result<i64> {
    text.parse().map_err(|_| wrong_type(key, "an integer"))
}

/// An option text as a double.
pub(super) fn to_double(key: &str, text: &str) -> Result<f64> {
    text.parse().map_err(|_| wrong_type(key, "a double"))
}

fn parse_uri(text: &str) -> Result<BTreeMap<&'static str, Secret>> {
    match uri::parse(text) {
        Ok(found) => Ok(found.into_iter().map(|(spec, value)| (spec.key, Secret::new(value))).collect()),
        Err(error) => {
            Err(Error::with_message_and_status(format!("cannot parse the uri {error}"), error.status))
        }
    }
}

fn wrong_type(key: &str, wanted: &str) -> Error {
    let message = format!("the value of option '{key}' is not {wanted}; read it as a string");
    Error::with_message_and_status(message, Status::InvalidArguments)
}

fn invalid(message: String) -> Error {
    Error::with_message_and_status(message, Status::InvalidArguments)
}

fn not_found(message: String) -> Error {
    Error::with_message_and_status(message, Status::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> OptionValue {
        OptionValue::String(text.into())
    }

    #[test]
    fn a_key_beats_the_uri_in_either_order() {
        for uri_first in [true, false] {
            let store = OptionStore::new(Level::Database);
            let set_uri = || store.set("uri", &text("redshift://h:1/dev")).unwrap();
            let set_port = || store.set(options::PORT, &OptionValue::Int(2)).unwrap();
            if uri_first {
                set_uri();
                set_port();
            } else {
                set_port();
                set_uri();
            }
            assert_eq!(store.shown(options::PORT).unwrap(), "2");
            assert_eq!(store.shown(options::HOST).unwrap(), "h");
        }
    }

    #[test]
    fn two_spellings_of_one_option_must_agree() {
        let store = OptionStore::new(Level::Database);
        store.set("redshift.ssl_mode", &text("require")).unwrap();
        store.set(options::TLS_MODE, &text("require")).unwrap();
        store.set(options::TLS_MODE, &text("verify-ca")).unwrap();
        let error = store.set("redshift.ssl_mode", &text("disable")).unwrap_err();
        assert_eq!(error.status, Status::InvalidArguments);
        assert!(
            error.message.contains("'adbc.redshift.tls.mode' and 'redshift.ssl_mode'"),
            "{}",
            error.message
        );
        assert_eq!(store.shown(options::TLS_MODE).unwrap(), "verify-ca");
    }

    #[test]
    fn another_drivers_name_sets_what_it_means_and_is_read_back() {
        let store = OptionStore::new(Level::Database);
        store.set("redshift.cluster_type", &text("redshift-serverless")).unwrap();
        assert_eq!(store.shown("redshift.cluster_type").unwrap(), "redshift-serverless");
        assert_eq!(store.shown(options::SERVERLESS).unwrap(), "true");
        store.set("redshift.cluster_type", &text("redshift")).unwrap();
        assert_eq!(store.shown(options::AUTH_METHOD).unwrap(), "password");
        assert_eq!(store.shown(options::SERVERLESS).unwrap(), "auto", "nothing of the old value is left");
    }

    #[test]
    fn iam_of_another_driver_leaves_sso_and_contradicts_password() {
        for sso_first in [true, false] {
            let store = OptionStore::new(Level::Database);
            let mut sets = [(options::AUTH_METHOD, "sso"), ("redshift.cluster_type", "redshift-iam")];
            if !sso_first {
                sets.reverse();
            }
            for (key, value) in sets {
                store.set(key, &text(value)).unwrap();
            }
            assert_eq!(store.shown(options::AUTH_METHOD).unwrap(), "sso");
            let error = store.set("redshift.auth.provider", &text("userpass")).unwrap_err();
            assert_eq!(error.status, Status::InvalidArguments);
            assert!(error.message.contains("'redshift.auth.provider'"), "{}", error.message);
            assert_eq!(store.shown("redshift.auth.provider").unwrap_err().status, Status::NotFound);
        }
    }

    #[test]
    fn a_new_uri_replaces_all_of_the_old_one() {
        let store = OptionStore::new(Level::Database);
        store.set("uri", &text("redshift://h:1/dev")).unwrap();
        store.set("uri", &text("redshift://g")).unwrap();
        assert_eq!(store.shown(options::PORT).unwrap(), "5439");
        assert_eq!(store.shown(options::DATABASE).unwrap_err().status, Status::NotFound);
    }

    #[test]
    fn a_uri_that_does_not_parse_is_not_kept() {
        let store = OptionStore::new(Level::Database);
        let error = store.set("uri", &text("redshift://u:planted@h:x")).unwrap_err();
        assert!(error.message.starts_with("cannot parse the uri at character 24"), "{}", error.message);
        assert_eq!(error.status, Status::InvalidArguments);
        assert_eq!(store.shown("uri").unwrap_err().status, Status::NotFound);
    }

    #[test]
    fn secrets_are_neither_read_back_nor_printed() {
        let store = OptionStore::new(Level::Database);
        store.set("password", &text("planted")).unwrap();
        store.set("uri", &text("redshift://u:planted@h/dev")).unwrap();
        assert_eq!(store.shown("password").unwrap_err().status, Status::NotFound);
        assert_eq!(store.shown("uri").unwrap(), "redshift://u@h/dev");
        assert!(!format!("{store:?}").contains("planted"));
    }

    #[test]
    fn an_unknown_key_names_the_nearest_one() {
        let store = OptionStore::new(Level::Database);
        let error = store.set("adbc.redshift.tls.mod", &text("require")).unwrap_err();
        assert_eq!(error.status, Status::NotImplemented);
        assert_eq!(
            error.message,
            "unknown database option 'adbc.redshift.tls.mod'; did you mean 'adbc.redshift.tls.mode'?"
        );
        assert_eq!(store.shown("nothing.like.it").unwrap_err().status, Status::NotFound);
    }

    #[test]
    fn a_key_of_another_object_says_which() {
        let store = OptionStore::new(Level::Statement);
        let error = store.set(options::PORT, &OptionValue::Int(1)).unwrap_err();
        assert_eq!(error.status, Status::NotImplemented);
        assert!(
            error.message.contains("an option of the database, not of the statement"),
            "{}",
            error.message
        );
    }
}

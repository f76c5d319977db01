//! Turns option texts into the typed settings of a session, a login and a result. Knows every option's use; the
//! table knows its form.

use std::path::PathBuf;
use std::time::Duration;

use adbc_core::error::{Error, Result, Status};

use super::options;
use super::store::OptionStore;
use crate::secret::Secret;
use crate::session::{Keepalive, Login, SessionConfig, TlsConfig, TlsMode, TlsVersion};
use crate::types::BatchLimits;

/// How results are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResultSettings {
    pub(super) batch_rows: usize,
    pub(super) batch_bytes: usize,
    pub(super) text: bool,
    pub(super) buffer_bytes: usize,
}

impl ResultSettings {
    pub(super) fn limits(self) -> BatchLimits {
        BatchLimits { rows: self.batch_rows, bytes: self.batch_bytes }
    }

    /// The settings of the innermost store that has each; stores are given innermost first.
    pub(super) fn from_stores(stores: &[&OptionStore]) -> Result<Self> {
        let options = Options(stores);
        Ok(Self {
            batch_rows: options.size(options::BATCH_ROWS)?,
            batch_bytes: options.size(options::BATCH_BYTES)?,
            text: options.text(options::RESULT_FORMAT)? == "text",
            buffer_bytes: options.size(options::BUFFER_BYTES)?,
        })
    }
}

/// Checks what `AdbcDatabaseInit` can check without a network: forms and contradictions, not missing fields.
pub(super) fn check_database(store: &OptionStore) -> Result<()> {
    let options = Options(&[store]);
    let method = options.text(options::AUTH_METHOD)?;
    if !matches!(method.as_str(), "auto" | "password") {
        let message = format!(
            "'{}' = '{method}' is reserved and not implemented yet; use 'password' with 'username' and 'password'",
            options::AUTH_METHOD
        );
        return Err(Error::with_message_and_status(message, Status::NotImplemented));
    }
    Ok(())
}

/// Where to connect and as whom.
///
/// # Errors
///
/// `InvalidArguments`, naming every required option that is missing.
pub(super) fn session(stores: &[&OptionStore]) -> Result<(SessionConfig, Login)> {
    let options = Options(stores);
    let host = options.optional(options::HOST);
    let database = options.optional(options::DATABASE);
    let user = options.optional(options::USERNAME);
    let (Some(host), Some(database), Some(user)) = (&host, &database, &user) else {
        let missing = [(options::HOST, &host), (options::DATABASE, &database), (options::USERNAME, &user)];
        return Err(missing_options(
            missing.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| *key),
        ));
    };
    let config = SessionConfig {
        host: host.clone(),
        connect_host: options.optional(options::CONNECT_HOST),
        port: options.number(options::PORT)?,
        database: database.clone(),
        tls: options.tls()?,
        connect_timeout: options.seconds(options::CONNECT_TIMEOUT)?,
        keepalive: Keepalive {
            idle: options.seconds(options::KEEPALIVE_IDLE)?,
            interval: options.seconds(options::KEEPALIVE_INTERVAL)?,
            count: options.number(options::KEEPALIVE_COUNT)?,
        },
        application_name: options.optional(options::APPLICATION_NAME),
    };
    Ok((config, Login { user: user.clone(), password: options.secret(options::PASSWORD) }))
}

fn missing_options<'a>(keys: impl Iterator<Item = &'a str>) -> Error {
    let keys: Vec<_> = keys.map(|key| format!("'{key}'")).collect();
    let message = format!(
        "cannot connect: {} not set; give {} by key or in the uri 'redshift://user:password@host:5439/database'",
        match keys.as_slice() {
            [one] => format!("option {one} is"),
            many => format!("options {} are", many.join(", ")),
        },
        if keys.len() == 1 { "it" } else { "them" },
    );
    Error::with_message_and_status(message, Status::InvalidArguments)
}

/// Reads through a chain of stores, innermost first, and ends at the default.
struct Options<'a>(&'a [&'a OptionStore]);

impl Options<'_> {
    fn secret(&self, key: &str) -> Option<Secret> {
        self.0.iter().find_map(|store| store.value(key))
    }

    /// The value or default; an empty text counts as not set, as form fields send it.
    fn optional(&self, key: &str) -> Option<String> {
        let value = self.secret(key).map(|text| text.expose().to_owned()).filter(|text| !text.is_empty());
        value.or_else(|| options::find(key)?.default.map(str::to_owned))
    }

    fn text(&self, key: &str) -> Result<String> {
        self.optional(key).ok_or_else(|| missing_options([key].into_iter()))
    }

    fn number<T: TryFrom<i64>>(&self, key: &str) -> Result<T> {
        let number = super::store::to_int(key, &self.text(key)?)?;
        T::try_from(number).map_err(|_| {
            let message = format!("option '{key}': {number} is too large for this platform");
            Error::with_message_and_status(message, Status::InvalidArguments)
        })
    }

    fn size(&self, key: &str) -> Result<usize> {
        self.number(key)
    }

    fn seconds(&self, key: &str) -> Result<Duration> {
        self.number(key).map(Duration::from_secs)
    }

    fn tls(&self) -> Result<TlsConfig> {
        Ok(TlsConfig {
            mode: match self.text(options::TLS_MODE)?.as_str() {
                "disable" => TlsMode::Disable,
                "require" => TlsMode::Require,
                "verify-ca" => TlsMode::VerifyCa,
                _ => TlsMode::VerifyFull,
            },
            root_cert: self.optional(options::TLS_ROOT_CERT).map(PathBuf::from),
            server_name: self.optional(options::TLS_SERVER_NAME),
            min_version: match self.text(options::TLS_MIN_VERSION)?.as_str() {
                "1.3" => TlsVersion::Tls13,
                _ => TlsVersion::Tls12,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use adbc_core::options::OptionValue;

    use super::*;
    use crate::adbc::options::Level;

    fn database(options: &[(&str, &str)]) -> OptionStore {
        let store = OptionStore::new(Level::Database);
        for (key, value) in options {
            store.set(key, &OptionValue::String((*value).into())).unwrap();
        }
        store
    }

    #[test]
    fn defaults_verify_fully_and_use_redshifts_port() {
        let store = database(&[("uri", "redshift://me:pw@h/dev")]);
        let (config, login) = session(&[&store]).unwrap();
        assert_eq!((config.host.as_str(), config.port, config.database.as_str()), ("h", 5439, "dev"));
        assert_eq!(config.tls.mode, TlsMode::VerifyFull);
        assert_eq!(config.connect_timeout, Duration::from_secs(30));
        assert_eq!(login.password.unwrap().expose(), "pw");
    }

    #[test]
    fn every_missing_field_is_named_at_once() {
        let store = database(&[(options::HOST, "h"), (options::DATABASE, "")]);
        let error = session(&[&store]).unwrap_err();
        assert_eq!(error.status, Status::InvalidArguments);
        assert!(
            error.message.contains("options 'adbc.redshift.target.database', 'username' are not set"),
            "{error}"
        );
    }

    #[test]
    fn the_inner_store_beats_the_outer_one() {
        let outer = database(&[(options::BATCH_ROWS, "10"), (options::RESULT_FORMAT, "text")]);
        let inner = OptionStore::new(Level::Statement);
        inner.set(options::BATCH_ROWS, &OptionValue::Int(5)).unwrap();
        let settings = ResultSettings::from_stores(&[&inner, &outer]).unwrap();
        assert_eq!((settings.batch_rows, settings.text, settings.batch_bytes), (5, true, 8_388_608));
    }

    #[test]
    fn a_reserved_method_is_refused_before_any_connection() {
        let error = check_database(&database(&[(options::AUTH_METHOD, "iam")])).unwrap_err();
        assert_eq!(error.status, Status::NotImplemented);
        assert!(error.message.contains("'iam' is reserved"));
    }
}

//! Turns option texts into the typed settings of a session, a login and a result. Knows every option's use; the
//! table knows its form.

mod ingest;
mod login;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adbc_core::error::{Error, Result, Status};

pub(super) use self::ingest::{IngestMode, IngestSettings, VarcharLength};
pub(super) use self::login::{auth, auth_profile};
use super::log::LogSettings;
use super::options;
use super::store::OptionStore;
use crate::auth::Credentials;
use crate::secret::Secret;
use crate::session::{Keepalive, Login, SessionConfig, TlsConfig, TlsMode, TlsVersion};
use crate::types::BatchLimits;

/// How results are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResultSettings {
    pub(super) batch_rows: usize,
    pub(super) batch_bytes: usize,
    pub(super) text: bool,
    pub(super) buffer_bytes: usize,
    pub(super) query_timeout: Option<Duration>,
    pub(super) query_group: Option<Arc<str>>,
}

/// What governs the executions of a statement, as read from its options, its connection's and its database's.
#[derive(Debug)]
pub(super) struct StatementSettings {
    pub(super) result: ResultSettings,
    /// If a target table is set.
    pub(super) ingest: Option<IngestSettings>,
    /// Of the stores they were read from.
    revisions: [u64; 3],
}

/// What a session is brought to once it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SessionSettings {
    pub(super) idle_timeout: Option<Duration>,
    pub(super) read_only: bool,
    pub(super) isolation: String,
}

impl ResultSettings {
    pub(super) fn limits(&self) -> BatchLimits {
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
            query_timeout: options.limit(options::QUERY_TIMEOUT)?,
            query_group: options.query_group()?,
        })
    }
}

impl StatementSettings {
    /// The settings as `known`, unless an option was set since; stores are given innermost first.
    pub(super) fn current(known: Option<Arc<Self>>, stores: [&OptionStore; 3]) -> Result<Arc<Self>> {
        // Before the values: a change in between is then read twice rather than missed.
        let revisions = stores.map(OptionStore::revision);
        if let Some(known) = known.filter(|known| known.revisions == revisions) {
            return Ok(known);
        }
        Ok(Arc::new(Self {
            result: ResultSettings::from_stores(&stores)?,
            ingest: IngestSettings::from_stores(&stores)?,
            revisions,
        }))
    }
}

impl SessionSettings {
    /// As [`ResultSettings::from_stores`].
    pub(super) fn from_stores(stores: &[&OptionStore]) -> Result<Self> {
        let options = Options(stores);
        Ok(Self {
            idle_timeout: options.limit(options::IDLE_TIMEOUT)?,
            read_only: options.is_on(options::READ_ONLY)?,
            isolation: options.text(options::ISOLATION_LEVEL)?,
        })
    }
}

/// Checks what `AdbcDatabaseInit` can check without a network: forms, not missing fields.
pub(super) fn check_database(store: &OptionStore) -> Result<()> {
    let options = Options(&[store]);
    let method = options.text(options::AUTH_METHOD)?;
    if matches!(method.as_str(), "idc" | "token") {
        let message = format!(
            "'{}' = '{method}' is reserved and not implemented yet; use 'password', 'iam' or 'sso'",
            options::AUTH_METHOD
        );
        return Err(Error::with_message_and_status(message, Status::NotImplemented));
    }
    Ok(())
}

/// What to log, if the database says anything about it.
pub(super) fn log(store: &OptionStore) -> Option<LogSettings> {
    let options = Options(&[store]);
    Some(LogSettings {
        level: options.optional(options::LOG_LEVEL)?.parse().ok()?,
        file: options.path(options::LOG_FILE),
        json: options.optional(options::LOG_FORMAT).is_some_and(|format| format == "json"),
    })
}

/// How to connect with what a login method answered.
///
/// # Errors
///
/// `InvalidArguments` when the database is missing, or when a temporary credential would travel unencrypted.
pub(super) fn session(stores: &[&OptionStore], credentials: Credentials) -> Result<(SessionConfig, Login)> {
    let options = Options(stores);
    let config = SessionConfig {
        host: credentials.host,
        connect_host: options.optional(options::CONNECT_HOST),
        port: credentials.port,
        database: options.database().ok_or_else(missing_database)?,
        tls: options.tls()?,
        connect_timeout: options.seconds(options::CONNECT_TIMEOUT)?,
        keepalive: Keepalive {
            idle: options.seconds(options::KEEPALIVE_IDLE)?,
            interval: options.seconds(options::KEEPALIVE_INTERVAL)?,
            count: options.number(options::KEEPALIVE_COUNT)?,
        },
        application_name: options.optional(options::APPLICATION_NAME),
    };
    Ok((config, Login { user: credentials.user, password: credentials.password }))
}

/// What every login needs and no AWS call can find, checked before a credential is fetched.
pub(super) fn check_connection(stores: &[&OptionStore], requires_tls: bool) -> Result<()> {
    let options = Options(stores);
    options.database().ok_or_else(missing_database)?;
    if requires_tls && options.tls()?.mode == TlsMode::Disable {
        let message = format!(
            "a login by IAM or SSO is refused with '{}' = 'disable': its temporary password would travel in clear text; \
             use 'verify-full', 'verify-ca' or 'require'",
            options::TLS_MODE
        );
        return Err(Error::with_message_and_status(message, Status::InvalidArguments));
    }
    Ok(())
}

fn missing_database() -> Error {
    missing_options([options::DATABASE].into_iter())
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
    /// The value set; an empty text counts as not set, as form fields send it.
    fn secret(&self, key: &str) -> Option<Secret> {
        self.0.iter().find_map(|store| store.value(key)).filter(|text| !text.expose().is_empty())
    }

    /// The value or default.
    fn optional(&self, key: &str) -> Option<String> {
        let value = self.secret(key).map(|text| text.expose().to_owned());
        value.or_else(|| options::find(key)?.default.map(str::to_owned))
    }

    /// The database to connect to. A catalog set on a connection that is not open yet is one.
    fn database(&self) -> Option<String> {
        self.optional(options::CURRENT_CATALOG).or_else(|| self.optional(options::DATABASE))
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

    /// A time limit; 0 is none.
    fn limit(&self, key: &str) -> Result<Option<Duration>> {
        Ok(Some(self.seconds(key)?).filter(|limit| !limit.is_zero()))
    }

    fn query_group(&self) -> Result<Option<Arc<str>>> {
        let Some(group) = self.optional(options::QUERY_GROUP) else { return Ok(None) };
        if group.contains('\\') {
            // SET takes a literal and no expression, and a server may take a backslash in one for an escape or for itself.
            let message = format!(
                "option '{}': a query group cannot hold a backslash; write it with another character",
                options::QUERY_GROUP
            );
            return Err(Error::with_message_and_status(message, Status::InvalidArguments));
        }
        Ok(Some(group.into()))
    }

    fn set_number<T: TryFrom<i64>>(&self, key: &str) -> Result<Option<T>> {
        if self.secret(key).is_some() { self.number(key).map(Some) } else { Ok(None) }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        self.optional(key).map(PathBuf::from)
    }

    /// Whether a switch is on.
    fn is_on(&self, key: &str) -> Result<bool> {
        Ok(self.text(key)? == "true")
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

/// A list of names: separated by commas, or a JSON array of plain strings as the other ADBC driver takes it.
fn names(text: &str) -> Vec<String> {
    // Only a JSON array can hold a name with a comma.
    if let Ok(names) = serde_json::from_str(text) {
        return names;
    }
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    let names = bare.split(',').map(|name| name.trim().trim_matches('"').to_owned());
    names.filter(|name| !name.is_empty()).collect()
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

    fn credentials() -> Credentials {
        Credentials {
            user: "me".into(),
            password: Some(Secret::new("pw")),
            host: "h".into(),
            port: 5439,
            expires_at: None,
        }
    }

    #[test]
    fn defaults_verify_fully() {
        let store = database(&[("uri", "redshift://me:pw@h/dev")]);
        let (config, login) = session(&[&store], credentials()).unwrap();
        assert_eq!((config.host.as_str(), config.port, config.database.as_str()), ("h", 5439, "dev"));
        assert_eq!(config.tls.mode, TlsMode::VerifyFull);
        assert_eq!(config.connect_timeout, Duration::from_secs(30));
        assert_eq!(login.password.unwrap().expose(), "pw");
    }

    #[test]
    fn a_temporary_password_never_travels_unencrypted() {
        let store = database(&[("uri", "redshift://h/dev?tls.mode=disable")]);
        let error = check_connection(&[&store], true).unwrap_err();
        assert!(error.message.contains("refused with 'adbc.redshift.tls.mode' = 'disable'"), "{error}");
        check_connection(&[&store], false).unwrap();
    }

    #[test]
    fn a_missing_database_is_named() {
        let store = database(&[(options::HOST, "h"), (options::DATABASE, "")]);
        let error = check_connection(&[&store], false).unwrap_err();
        assert_eq!(error.status, Status::InvalidArguments);
        assert!(error.message.contains("option 'adbc.redshift.target.database' is not set"), "{error}");
    }

    #[test]
    fn groups_are_taken_as_a_comma_list_or_a_json_array() {
        for text in ["a, b", r#"["a", "b"]"#, "[a,b]"] {
            assert_eq!(names(text), ["a", "b"]);
        }
        assert_eq!(names(r#"["a, b", "c \"d\""]"#), ["a, b", "c \"d\""]);
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
    fn settings_are_read_anew_after_an_option_of_any_object_was_set_and_only_then() {
        let (statement, connection) =
            (OptionStore::new(Level::Statement), OptionStore::new(Level::Connection));
        let database = database(&[]);
        let stores = [&statement, &connection, &database];
        let mut known = StatementSettings::current(None, stores).unwrap();
        assert!(known.ingest.is_none());
        for (rows, store) in [(30, &database), (20, &connection), (10, &statement)] {
            let same = StatementSettings::current(Some(Arc::clone(&known)), stores).unwrap();
            assert!(Arc::ptr_eq(&same, &known));
            store.set(options::BATCH_ROWS, &OptionValue::Int(rows)).unwrap();
            known = StatementSettings::current(Some(known), stores).unwrap();
            assert_eq!(known.result.batch_rows, usize::try_from(rows).unwrap());
        }
        statement.unset(&[options::BATCH_ROWS]);
        assert_eq!(StatementSettings::current(Some(known), stores).unwrap().result.batch_rows, 20);
    }

    #[test]
    fn a_reserved_method_is_refused_before_any_connection() {
        let error = check_database(&database(&[(options::AUTH_METHOD, "idc")])).unwrap_err();
        assert_eq!(error.status, Status::NotImplemented);
        assert!(error.message.contains("'idc' is reserved"));
    }
}

//! The option table: every key the driver knows, with its level, kind, default and documentation.
//!
//! This is the only place where a key is spelled in Rust. `set_option`, `get_option`, the unknown-key message, URI
//! parameters, the README table, the C header macros and the constants of the bindings are generated from
//! [`TABLE`] or tested against it. It does not know what a setting is used for: that is `settings`.

use adbc_core::error::{Error, Result, Status};
use adbc_core::options::OptionValue;

/// Prefix of the driver's own keys; URI parameters leave it out.
pub const PREFIX: &str = "adbc.redshift.";

/// The ADBC objects that accept a key. A value set on a statement beats the connection's, which beats the
/// database's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// `AdbcDatabase`.
    Database,
    /// `AdbcConnection`.
    Connection,
    /// `AdbcStatement`.
    Statement,
}

impl Level {
    /// The object's name in messages and in the README table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Connection => "connection",
            Self::Statement => "statement",
        }
    }
}

/// What values a key takes. Each is accepted as a string, and as an integer or double where that is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// One of the names listed.
    Choice(&'static [&'static str]),
    /// A whole number within bounds, both included.
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// A file path.
    Path,
    /// Text that is never read back or shown.
    Secret,
    /// Any text.
    Text,
    /// A connection URI; its password is not read back.
    Uri,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OptionSpec {
    /// The key.
    pub key: &'static str,
    /// Where it may be set.
    pub levels: &'static [Level],
    /// What it takes.
    pub kind: Kind,
    /// Its value when unset.
    pub default: Option<&'static str>,
    /// Other spellings, in lower case: names of the JDBC, ODBC and Python drivers (URI parameters, any case), and
    /// the `redshift.…` keys of the other ADBC driver (accepted as option keys too).
    pub aliases: &'static [&'static str],
    /// Meaning and unit, in a sentence or two.
    pub doc: &'static str,
}

impl OptionSpec {
    /// Whether the value is never read back.
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }

    /// The name as a URI parameter.
    pub fn short_name(&self) -> &'static str {
        self.key.strip_prefix(PREFIX).unwrap_or(self.key)
    }

    fn markdown_aliases(&self) -> String {
        match self.aliases {
            [] => String::new(),
            aliases => format!(" Also `{}`.", aliases.join("`, `")),
        }
    }

    /// Checks a value against the kind and gives its canonical text.
    ///
    /// # Errors
    ///
    /// `InvalidArguments`, naming the key, what it takes and (unless secret) what it was given.
    pub fn parse(&self, value: &OptionValue) -> Result<String> {
        let text = match value {
            OptionValue::String(text) => text.clone(),
            OptionValue::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => return Err(self.refusal("bytes that are not UTF-8")),
            },
            OptionValue::Int(number) => number.to_string(),
            // `{:.0}` of a whole double is its exact decimal form.
            OptionValue::Double(number) if number.fract() == 0.0 => format!("{number:.0}"),
            OptionValue::Double(number) => number.to_string(),
            _ => return Err(self.refusal("a value of an unknown type")),
        };
        self.check(text)
    }

    fn check(&self, text: String) -> Result<String> {
        if text.contains('\0') {
            return Err(self.refusal("text with a NUL character"));
        }
        let fits = match self.kind {
            Kind::Boolean => text == "true" || text == "false",
            Kind::Choice(names) => names.contains(&text.as_str()),
            Kind::Integer { min, max } => {
                text.trim().parse::<i64>().is_ok_and(|number| (min..=max).contains(&number))
            }
            Kind::Path | Kind::Secret | Kind::Text | Kind::Uri => true,
        };
        match (fits, self.kind) {
            (true, Kind::Integer { .. }) => Ok(text.trim().to_owned()),
            (true, _) => Ok(text),
            (false, _) => Err(self.refusal(&format!("'{}'", shorten(&text)))),
        }
    }

    fn refusal(&self, given: &str) -> Error {
        let message = format!("option '{}' takes {}, not {given}", self.key, self.kind.describe());
        Error::with_message_and_status(message, Status::InvalidArguments)
    }
}

impl Kind {
    /// What the kind takes, in words.
    pub fn describe(self) -> String {
        match self {
            Self::Boolean => "'true' or 'false'".into(),
            Self::Choice(names) => format!("one of '{}'", names.join("', '")),
            Self::Integer { min, max: i64::MAX } => format!("a whole number of at least {min}"),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Path => "a file path".into(),
            Self::Secret => "a secret text".into(),
            Self::Text => "a text".into(),
            Self::Uri => "a URI such as 'redshift://user@host:5439/database'".into(),
        }
    }
}

/// The row of an option key, by its canonical name or a `redshift.…` spelling.
pub fn find(key: &str) -> Option<&'static OptionSpec> {
    TABLE.iter().find(|spec| spec.key == key || (key.starts_with("redshift.") && spec.aliases.contains(&key)))
}

/// The row of a URI parameter: the key with or without its prefix, or any alias, in any case.
pub fn find_parameter(name: &str) -> Option<&'static OptionSpec> {
    let name = name.to_ascii_lowercase();
    TABLE
        .iter()
        .find(|spec| spec.key == name || spec.short_name() == name || spec.aliases.contains(&name.as_str()))
}

/// The known name closest to an unknown one, if any is close.
pub fn nearest(unknown: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let unknown = unknown.to_ascii_lowercase();
    candidates
        .map(|name| (strsim::jaro_winkler(&unknown, name), name))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The table as the README shows it.
pub fn markdown_table() -> String {
    let mut table = String::from("| Option | Set on | Takes | Default | Meaning |\n|---|---|---|---|---|\n");
    for spec in TABLE {
        let levels: Vec<_> = spec.levels.iter().map(|level| level.name()).collect();
        let default = spec.default.map_or(String::new(), |default| format!("`{default}`"));
        table.push_str(&format!(
            "| `{}` | {} | {} | {default} | {}{} |\n",
            spec.key,
            levels.join(", "),
            spec.kind.describe().replace('\'', "`"),
            spec.doc,
            spec.markdown_aliases()
        ));
    }
    table
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

use Level::{Connection, Database, Statement};

const D: &[Level] = &[Database];
const C: &[Level] = &[Connection];
const S: &[Level] = &[Statement];
const DC: &[Level] = &[Database, Connection];
const DCS: &[Level] = &[Database, Connection, Statement];

const SECONDS: Kind = Kind::Integer { min: 1, max: 86_400 };

const fn row(
    key: &'static str,
    levels: &'static [Level],
    kind: Kind,
    default: Option<&'static str>,
    aliases: &'static [&'static str],
    doc: &'static str,
) -> OptionSpec {
    OptionSpec { key, levels, kind, default, aliases, doc }
}

/// Every option, in the order of the README.
pub static TABLE: &[OptionSpec] = &[
    row(
        URI,
        D,
        Kind::Uri,
        None,
        &["redshift.connection_uri"],
        "Connection URI: `redshift://[user[:password]@][host][:port][/database][?name=value&…]` (`postgresql://` and \
         `postgres://` too). Parameters are the keys below without `adbc.redshift.`. An option set by its own key \
         beats the URI.",
    ),
    row(USERNAME, D, Kind::Text, None, &["user", "uid", "logonid"], "Database user."),
    row(PASSWORD, D, Kind::Secret, None, &["pwd"], "Password of the database user. Cannot be read back."),
    row(
        AUTH_METHOD,
        D,
        Kind::Choice(&["auto", "password", "iam", "sso", "idc", "token"]),
        Some("auto"),
        &[],
        "How to log in. `auto` decides by the options present. `iam`, `sso`, `idc` and `token` are reserved and \
         refused for now.",
    ),
    row(
        HOST,
        D,
        Kind::Text,
        None,
        &["host", "server", "hostname"],
        "Endpoint of the cluster or workgroup; the name that TLS verifies.",
    ),
    row(PORT, D, Kind::Integer { min: 1, max: 65_535 }, Some("5439"), &["port"], "TCP port."),
    row(
        DATABASE,
        D,
        Kind::Text,
        None,
        &["database", "dbname", "db", "redshift.db_name"],
        "Database to open. Required.",
    ),
    row(
        CONNECT_HOST,
        D,
        Kind::Text,
        None,
        &["vpc_endpoint_url"],
        "Host to open the TCP connection to, when it differs from `target.host`: a tunnel, a proxy, a PrivateLink name.",
    ),
    row(
        CONNECT_TIMEOUT,
        D,
        SECONDS,
        Some("30"),
        &["connect_timeout", "logintimeout", "redshift.connect_timeout"],
        "Seconds for resolving, TCP, TLS, startup and login together, over all addresses.",
    ),
    row(
        TLS_MODE,
        D,
        Kind::Choice(&["disable", "require", "verify-ca", "verify-full"]),
        Some("verify-full"),
        &["sslmode", "redshift.ssl_mode"],
        "`verify-full` checks certificate chain and name, `verify-ca` the chain only, `require` encrypts without \
         checking, `disable` sends everything, the password included, in clear text.",
    ),
    row(
        TLS_ROOT_CERT,
        D,
        Kind::Path,
        None,
        &["sslrootcert", "cafile", "redshift.ssl_root_key"],
        "PEM file of root certificates that replace the bundled and the system's roots.",
    ),
    row(
        TLS_SERVER_NAME,
        D,
        Kind::Text,
        None,
        &[],
        "Name that the certificate must carry instead of `target.host`, for tunnels and aliases.",
    ),
    row(
        TLS_MIN_VERSION,
        D,
        Kind::Choice(&["1.2", "1.3"]),
        Some("1.2"),
        &["min_tls"],
        "Lowest TLS version accepted.",
    ),
    row(
        KEEPALIVE_IDLE,
        D,
        Kind::Integer { min: 0, max: 86_400 },
        Some("60"),
        &["tcp_keepalive_idle"],
        "Seconds without traffic before the first TCP keepalive probe; 0 turns keepalive off. Firewalls and load \
         balancers drop connections that are silent for minutes while a query runs.",
    ),
    row(
        KEEPALIVE_INTERVAL,
        D,
        SECONDS,
        Some("15"),
        &["tcp_keepalive_interval"],
        "Seconds between keepalive probes.",
    ),
    row(
        KEEPALIVE_COUNT,
        D,
        Kind::Integer { min: 1, max: 100 },
        Some("4"),
        &["tcp_keepalive_count"],
        "Unanswered probes after which the connection counts as lost.",
    ),
    row(
        APPLICATION_NAME,
        DC,
        Kind::Text,
        Some("adbc-driver-redshift"),
        &["application_name", "applicationname", "redshift.application_name"],
        "Name that the server's connection log shows. Applies to connections made afterwards.",
    ),
    row(
        BATCH_ROWS,
        DCS,
        Kind::Integer { min: 1, max: 16_777_216 },
        Some("65536"),
        &[],
        "Rows in a record batch, at most.",
    ),
    row(
        BATCH_BYTES,
        DCS,
        Kind::Integer { min: 1_024, max: 1_073_741_824 },
        Some("8388608"),
        &[],
        "Bytes of values in a record batch, at most; one row always fits.",
    ),
    row(
        RESULT_FORMAT,
        DCS,
        Kind::Choice(&["auto", "binary", "text"]),
        Some("auto"),
        &[],
        "Wire format of results. `text` saves a round trip on statements that are not prepared; `binary` (today's \
         `auto`) uses it for each type where it is safe at the negotiated protocol version.",
    ),
    row(
        BUFFER_BYTES,
        DCS,
        Kind::Integer { min: 0, max: 1_099_511_627_776 },
        Some("67108864"),
        &[],
        "Bytes of another statement's open result that may be held in memory so that this statement can run; past \
         that, this statement fails and the open result stays intact.",
    ),
    row(
        AUTOCOMMIT,
        C,
        Kind::Boolean,
        Some("true"),
        &[],
        "Whether each statement is a transaction of its own. Turning it on commits the open transaction.",
    ),
    row(CURRENT_CATALOG, C, Kind::Text, None, &[], "The connection's database. Read only."),
    row(CURRENT_DB_SCHEMA, C, Kind::Text, None, &[], "The connection's current schema. Read only."),
    row(
        INCREMENTAL,
        S,
        Kind::Boolean,
        Some("false"),
        &[],
        "Incremental execution of partitions; only `false` is supported.",
    ),
];

macro_rules! keys {
    ($($name:ident = $key:expr;)*) => {
        $(
            #[doc = concat!("The key `", $key, "`.")]
            pub const $name: &str = $key;
        )*
        /// The constants above, to prove that each has a row.
        #[cfg(test)]
        const KEYS: &[&str] = &[$($name),*];
    };
}

keys! {
    URI = "uri";
    USERNAME = "username";
    PASSWORD = "password";
    AUTH_METHOD = "adbc.redshift.auth.method";
    HOST = "adbc.redshift.target.host";
    PORT = "adbc.redshift.target.port";
    DATABASE = "adbc.redshift.target.database";
    CONNECT_HOST = "adbc.redshift.target.connect_host";
    CONNECT_TIMEOUT = "adbc.redshift.target.connect_timeout_seconds";
    TLS_MODE = "adbc.redshift.tls.mode";
    TLS_ROOT_CERT = "adbc.redshift.tls.root_cert";
    TLS_SERVER_NAME = "adbc.redshift.tls.server_name";
    TLS_MIN_VERSION = "adbc.redshift.tls.min_version";
    KEEPALIVE_IDLE = "adbc.redshift.session.keepalive_idle_seconds";
    KEEPALIVE_INTERVAL = "adbc.redshift.session.keepalive_interval_seconds";
    KEEPALIVE_COUNT = "adbc.redshift.session.keepalive_count";
    APPLICATION_NAME = "adbc.redshift.session.application_name";
    BATCH_ROWS = "adbc.redshift.result.batch_rows";
    BATCH_BYTES = "adbc.redshift.result.batch_bytes";
    RESULT_FORMAT = "adbc.redshift.result.format";
    BUFFER_BYTES = "adbc.redshift.result.buffer_bytes";
    AUTOCOMMIT = "adbc.connection.autocommit";
    CURRENT_CATALOG = "adbc.connection.catalog";
    CURRENT_DB_SCHEMA = "adbc.connection.db_schema";
    INCREMENTAL = "adbc.statement.exec.incremental";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_constant_has_one_row_and_every_row_a_constant() {
        let rows: Vec<_> = TABLE.iter().map(|spec| spec.key).collect();
        assert_eq!(rows, KEYS);
    }

    #[test]
    fn no_spelling_means_two_options() {
        let mut seen = HashSet::new();
        for spec in TABLE {
            let names: HashSet<_> =
                [spec.key, spec.short_name()].into_iter().chain(spec.aliases.iter().copied()).collect();
            for name in names {
                assert!(seen.insert(name), "'{name}' is spelled by two options");
                assert_eq!(name, name.to_ascii_lowercase());
            }
        }
    }

    #[test]
    fn defaults_are_values_their_kind_takes() {
        for spec in TABLE {
            if let Some(default) = spec.default {
                spec.parse(&OptionValue::String(default.into())).unwrap();
            }
        }
    }

    #[test]
    fn numbers_are_taken_as_strings_integers_and_whole_doubles() {
        let port = find(PORT).unwrap();
        for value in
            [OptionValue::String(" 5440 ".into()), OptionValue::Int(5440), OptionValue::Double(5440.0)]
        {
            assert_eq!(port.parse(&value).unwrap(), "5440");
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_names_the_key_what_it_takes_and_what_it_got() {
        let error = find(PORT).unwrap().parse(&OptionValue::Double(1.5)).unwrap_err();
        assert_eq!(
            error.message,
            "option 'adbc.redshift.target.port' takes a whole number from 1 to 65535, not '1.5'"
        );
        assert_eq!(error.status, Status::InvalidArguments);
        let error = find(TLS_MODE).unwrap().parse(&OptionValue::String("prefer".into())).unwrap_err();
        assert!(error.message.contains("'disable', 'require', 'verify-ca', 'verify-full', not 'prefer'"));
    }

    #[test]
    fn a_refused_secret_is_not_shown() {
        let error = find(PASSWORD).unwrap().parse(&OptionValue::String("plan\0ted".into())).unwrap_err();
        assert!(!error.message.contains("plan"), "{}", error.message);
    }

    #[test]
    fn a_parameter_is_found_by_any_of_its_names_in_any_case() {
        for name in ["tls.mode", "SSLMode", "adbc.redshift.tls.mode", "redshift.ssl_mode"] {
            assert_eq!(find_parameter(name).unwrap().key, TLS_MODE);
        }
        assert!(find("sslmode").is_none(), "short names are for URIs");
    }

    #[test]
    fn a_misspelled_key_has_a_nearest_one() {
        let keys = || TABLE.iter().map(|spec| spec.key);
        assert_eq!(nearest("adbc.redshift.target.hots", keys()), Some(HOST));
        assert_eq!(nearest("colour", keys()), None);
    }
}

//! The option table: every key the driver knows, with its level, kind, default and documentation.
//!
//! This is the only place where a key is spelled in Rust. `set_option`, `get_option`, the unknown-key message, URI
//! parameters, the README table, the C header macros and the constants of the bindings are generated from
//! [`TABLE`] or tested against it. It does not know what a setting is used for: that is `settings`.

use adbc_core::error::{Error, Result, Status};
use adbc_core::options::OptionValue;

use super::spellings;

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
    /// those that begin with `redshift.` (the other ADBC driver's) or with [`PREFIX`] (accepted as option keys too).
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

    /// Whether a name is the key itself, whole or short, in any case, and not an alias.
    pub(super) fn is_ours(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.key) || name.eq_ignore_ascii_case(self.short_name())
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
        let text = text_of(value).ok_or_else(|| self.refusal("bytes that are not UTF-8"))?;
        self.check(text)
    }

    /// As [`Self::parse`], for a value under another driver's name: case does not matter to a choice, and 1 and 0 are
    /// booleans, as those drivers have it.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_foreign(&self, value: &OptionValue) -> Result<String> {
        let Some(text) = text_of(value) else { return self.parse(value) };
        let boolean = spellings::boolean(&text).map(|on| on.to_string());
        let usual = match self.kind {
            Kind::Boolean => boolean,
            Kind::Choice(names) => boolean
                .filter(|on| names.contains(&on.as_str()))
                .or_else(|| Some((*names.iter().find(|name| name.eq_ignore_ascii_case(&text))?).to_owned())),
            _ => None,
        };
        self.check(usual.unwrap_or(text))
    }

    /// The value that two spellings of this option agree on, if they do. A driver that says `iam` does not say where the
    /// AWS credentials come from, so that `sso` agrees with it.
    pub(super) fn agreed<'a>(&self, one: &'a str, other: &'a str) -> Option<&'a str> {
        match (self.key, one, other) {
            _ if one == other => Some(one),
            (AUTH_METHOD, "iam", "sso") | (AUTH_METHOD, "sso", "iam") => Some("sso"),
            _ => None,
        }
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

/// A value as text, where it has one.
pub(super) fn text_of(value: &OptionValue) -> Option<String> {
    Some(match value {
        OptionValue::String(text) => text.clone(),
        OptionValue::Bytes(bytes) => std::str::from_utf8(bytes).ok()?.to_owned(),
        OptionValue::Int(number) => number.to_string(),
        // `{:.0}` of a whole double is its exact decimal form.
        OptionValue::Double(number) if number.fract() == 0.0 => format!("{number:.0}"),
        OptionValue::Double(number) => number.to_string(),
        _ => return None,
    })
}

/// The row of an option key, by its canonical name or a spelling that is a key too.
pub fn find(key: &str) -> Option<&'static OptionSpec> {
    TABLE.iter().find(|spec| spec.key == key || (is_key(key) && spec.aliases.contains(&key)))
}

/// The row of a URI parameter: the key with or without its prefix, or any alias, in any case.
pub fn find_parameter(name: &str) -> Option<&'static OptionSpec> {
    let name = name.to_ascii_lowercase();
    TABLE.iter().find(|spec| spec.key == name || spec.short_name() == name || is_among(spec.aliases, &name))
}

/// Whether a name has the form of an option key; others are URI parameters only.
pub(super) fn is_key(name: &str) -> bool {
    name.starts_with("redshift.") || name.starts_with(PREFIX)
}

/// Whether a URI parameter is one of the names; it may leave out the driver's prefix.
pub(super) fn is_among(names: &[&str], parameter: &str) -> bool {
    names.iter().any(|name| *name == parameter || name.strip_prefix(PREFIX) == Some(parameter))
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
        .push_str("\nNames of other drivers that mean these options with other values, or nothing here:\n\n");
    table.push_str(&spellings::markdown_table());
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
    row(
        USERNAME,
        D,
        Kind::Text,
        None,
        &["user", "uid", "logonid", "dbuser", "db_user", "adbc.redshift.iam.db_user"],
        "Database user. With IAM and SSO: the user to ask `GetClusterCredentials` for; without it, \
         `GetClusterCredentialsWithIAM` answers with the user of the IAM identity.",
    ),
    row(PASSWORD, D, Kind::Secret, None, &["pwd"], "Password of the database user. Cannot be read back."),
    row(
        AUTH_METHOD,
        D,
        Kind::Choice(&["auto", "password", "iam", "sso", "idc", "token"]),
        Some("auto"),
        &[],
        "How to log in: by database `password`, by `iam` (temporary database credentials from AWS credentials), or by \
         `sso` (the same, with AWS credentials from IAM Identity Center). `auto` decides by the options present. `idc` \
         and `token` are reserved and refused for now.",
    ),
    row(
        HOST,
        D,
        Kind::Text,
        None,
        &["host", "server", "hostname"],
        "Endpoint of the cluster or workgroup; the name that TLS verifies. When empty with IAM or SSO, AWS is asked for \
         it (`DescribeClusters`, `GetWorkgroup`).",
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
        CLUSTER_IDENTIFIER,
        D,
        Kind::Text,
        None,
        &["cluster_identifier", "clusterid", "clusteridentifier", "redshift.cluster_identifier"],
        "Identifier of the provisioned cluster, for IAM and SSO. Taken from a standard host name when not given.",
    ),
    row(
        WORKGROUP,
        D,
        Kind::Text,
        None,
        &[
            "workgroup",
            "serverlessworkgroup",
            "serverless_work_group",
            "workgroup_name",
            "redshift.workgroup_name",
        ],
        "Name of the Serverless workgroup, for IAM and SSO. Taken from a standard host name when not given.",
    ),
    row(
        SERVERLESS,
        D,
        Kind::Choice(&["auto", "true", "false"]),
        Some("auto"),
        &["serverless", "isserverless", "is_serverless"],
        "Whether the target is Serverless. With `true` and no workgroup, `target.cluster_identifier` is taken as the workgroup.",
    ),
    row(
        ACCOUNT_ID,
        D,
        Kind::Text,
        None,
        &["serverlessacctid", "serverless_acct_id"],
        "AWS account of the workgroup, 12 digits.",
    ),
    row(
        CUSTOM_DOMAIN_NAME,
        D,
        Kind::Text,
        None,
        &["custom_domain_name", "customdomainname", "redshift.custom_domain_name"],
        "Custom domain name registered for the cluster or workgroup.",
    ),
    row(
        AWS_REGION,
        D,
        Kind::Text,
        None,
        &["region", "awsregion", "aws_region", "redshift.aws.region"],
        "Region of the cluster or workgroup. When not given: from the host name, the profile, or `AWS_REGION`.",
    ),
    row(
        AWS_PROFILE,
        D,
        Kind::Text,
        None,
        &["profile", "awsprofile", "aws_profile", "redshift.aws.profile"],
        "Profile of `~/.aws/config` and `~/.aws/credentials`.",
    ),
    row(
        AWS_ACCESS_KEY_ID,
        D,
        Kind::Secret,
        None,
        &["access_key_id", "accesskeyid", "aws_access_key_id", "redshift.aws.access_key_id"],
        "AWS access key id. Refused in a URI; cannot be read back.",
    ),
    row(
        AWS_SECRET_ACCESS_KEY,
        D,
        Kind::Secret,
        None,
        &["secret_access_key", "secretaccesskey", "aws_secret_access_key", "redshift.aws.secret_access_key"],
        "AWS secret access key. Refused in a URI; cannot be read back.",
    ),
    row(
        AWS_SESSION_TOKEN,
        D,
        Kind::Secret,
        None,
        &["session_token", "sessiontoken", "aws_session_token", "redshift.aws.session_token"],
        "Session token of temporary AWS keys. Refused in a URI; cannot be read back.",
    ),
    row(
        AWS_ROLE_ARN,
        D,
        Kind::Text,
        None,
        &["role_arn"],
        "Role to assume with the AWS credentials found; several, separated by commas, form a chain.",
    ),
    row(
        AWS_ROLE_EXTERNAL_ID,
        D,
        Kind::Text,
        None,
        &[],
        "External id that the roles of `aws.role_arn` ask for.",
    ),
    row(
        AWS_ROLE_SESSION_NAME,
        D,
        Kind::Text,
        Some("adbc-driver-redshift"),
        &["role_session_name"],
        "Name of the session of an assumed role, as AWS CloudTrail shows it.",
    ),
    row(AWS_CONFIG_FILE, D, Kind::Path, None, &[], "Replaces `~/.aws/config` and `AWS_CONFIG_FILE`."),
    row(
        AWS_CREDENTIALS_FILE,
        D,
        Kind::Path,
        None,
        &[],
        "Replaces `~/.aws/credentials` and `AWS_SHARED_CREDENTIALS_FILE`.",
    ),
    row(
        AWS_ENDPOINT_URL,
        D,
        Kind::Text,
        None,
        &["endpoint_url", "endpointurl"],
        "Replaces the endpoints of all AWS services: https, or http on a literal loopback address.",
    ),
    row(
        AWS_STS_ENDPOINT_URL,
        D,
        Kind::Text,
        None,
        &["stsendpointurl", "sts_endpoint_url"],
        "Replaces the endpoint of AWS STS alone.",
    ),
    row(
        AWS_CREDENTIAL_SOURCE,
        D,
        Kind::Choice(&["auto", "static", "profile", "env", "web_identity", "ecs", "imds"]),
        Some("auto"),
        &[],
        "Where IAM takes AWS credentials from: the access keys given (`static`), a `profile`, variables (`env`), a \
         `web_identity` token, the container (`ecs`) or the instance (`imds`). `auto` takes the first that is there, in \
         this order.",
    ),
    row(AWS_TIMEOUT, D, SECONDS, Some("30"), &[], "Seconds that one AWS call may take with its retries."),
    row(
        AWS_PROXY_URL,
        D,
        Kind::Secret,
        None,
        &[],
        "HTTP proxy for AWS calls, instead of `HTTPS_PROXY`. It may hold a password: refused in a URI; cannot be read back.",
    ),
    row(
        AWS_PROXY_HOST,
        D,
        Kind::Text,
        None,
        &["https_proxy_host"],
        "Host of that proxy, for those who give it in parts, as the ODBC driver takes it.",
    ),
    row(
        AWS_PROXY_PORT,
        D,
        Kind::Integer { min: 1, max: 65_535 },
        None,
        &["https_proxy_port"],
        "Port of `aws.proxy_host`.",
    ),
    row(
        AWS_PROXY_USERNAME,
        D,
        Kind::Text,
        None,
        &["https_proxy_username"],
        "User to log in to `aws.proxy_host` with, if it asks for one.",
    ),
    row(
        AWS_PROXY_PASSWORD,
        D,
        Kind::Secret,
        None,
        &["https_proxy_password"],
        "Password of `aws.proxy_username`. Refused in a URI; cannot be read back.",
    ),
    row(
        IAM_DB_GROUPS,
        D,
        Kind::Text,
        None,
        &["db_groups", "dbgroups", "redshift.db_groups"],
        "Database groups to join for the session, separated by commas (`GetClusterCredentials` only).",
    ),
    row(
        IAM_FORCE_LOWERCASE,
        D,
        Kind::Boolean,
        Some("false"),
        &["forcelowercase", "force_lowercase"],
        "Put the names of `iam.db_groups` in lower case, as AWS wants them.",
    ),
    row(
        IAM_AUTO_CREATE,
        D,
        Kind::Boolean,
        Some("false"),
        &["auto_create", "autocreate", "auto_create_user", "redshift.auto_create_user"],
        "Create the database user when it does not exist; needs `redshift:CreateClusterUser`.",
    ),
    row(
        IAM_DURATION,
        D,
        Kind::Integer { min: 900, max: 3_600 },
        Some("900"),
        &["iamduration"],
        "Seconds that the database credentials are good for.",
    ),
    row(
        IAM_API,
        D,
        Kind::Choice(&["auto", "cluster", "cluster_with_iam", "serverless"]),
        Some("auto"),
        &[],
        "AWS operation that fetches the credentials: `GetClusterCredentials`, `GetClusterCredentialsWithIAM`, or \
         `GetCredentials` of Serverless. Serverless has that one alone, and takes `cluster_with_iam` as `auto`.",
    ),
    row(
        IAM_AUTH_PROFILE,
        D,
        Kind::Text,
        None,
        &["authprofile", "auth_profile"],
        "Redshift authentication profile to take target, database user and IAM options from where they are not set here \
         (`DescribeAuthenticationProfiles`); what else it holds is for other drivers.",
    ),
    row(
        CACHE_MODE,
        D,
        Kind::Choice(&["memory", "off"]),
        Some("memory"),
        &[],
        "Keep temporary database credentials in `memory` until shortly before their end, or fetch them for every \
         connection (`off`).",
    ),
    row(
        SSO_PROFILE,
        D,
        Kind::Text,
        None,
        &["ssoprofile"],
        "Profile with `sso_session` or `sso_start_url` settings; the other `sso` options fill what it leaves out.",
    ),
    row(
        SSO_SESSION,
        D,
        Kind::Text,
        None,
        &[],
        "An `[sso-session]` section of `~/.aws/config` to take start URL, region and scopes from, without a profile.",
    ),
    row(
        SSO_START_URL,
        D,
        Kind::Text,
        None,
        &["ssostarturl", "sso_start_url", "sso_oidc_start_url"],
        "Start URL of the AWS access portal.",
    ),
    row(
        SSO_REGION,
        D,
        Kind::Text,
        None,
        &["ssoregion", "sso_region", "sso_oidc_region"],
        "Region of IAM Identity Center; often not the cluster's.",
    ),
    row(
        SSO_ACCOUNT_ID,
        D,
        Kind::Text,
        None,
        &["ssoaccountid", "sso_account_id", "sso_oidc_account_id"],
        "AWS account to log in to, 12 digits.",
    ),
    row(
        SSO_ROLE_NAME,
        D,
        Kind::Text,
        None,
        &["ssorolename", "sso_role_name", "sso_oidc_role_name"],
        "Permission set (role) to use in that account.",
    ),
    row(
        SSO_SCOPES,
        D,
        Kind::Text,
        None,
        &[],
        "Scopes to register the client with, separated by commas; `sso:account:access` must be among them, and is all that \
         is asked for by default. Replaces `sso_registration_scopes` of the `[sso-session]`.",
    ),
    row(
        SSO_FLOW,
        D,
        Kind::Choice(&["auto", "pkce", "device", "cached_only"]),
        Some("auto"),
        &[],
        "How a person signs in: `pkce` in a browser on this machine, `device` with a code on any, `cached_only` never asks. `auto` takes `pkce` where a browser can be opened.",
    ),
    row(
        SSO_OPEN_BROWSER,
        D,
        Kind::Choice(&["auto", "true", "false"]),
        Some("auto"),
        &[],
        "Whether to open the browser; the address is always printed on standard error.",
    ),
    row(
        SSO_TIMEOUT,
        D,
        SECONDS,
        Some("600"),
        &[
            "idp_response_timeout",
            "idp_response_timeout_seconds",
            "redshift.auth.idp_response_timeout_seconds",
        ],
        "Seconds to wait for the person.",
    ),
    row(
        SSO_LISTEN_PORT,
        D,
        Kind::Integer { min: 0, max: 65_535 },
        Some("0"),
        &["listen_port", "redshift.auth.listen_port"],
        "Loopback port for the redirect of `pkce`; 0 takes a free one.",
    ),
    row(
        SSO_TOKEN_CACHE,
        D,
        Kind::Choice(&["shared", "memory"]),
        Some("shared"),
        &[],
        "Keep tokens in `~/.aws/sso/cache`, shared with the AWS CLI, or in this process only.",
    ),
    row(
        SSO_CLIENT_NAME,
        D,
        Kind::Text,
        Some("adbc-driver-redshift"),
        &["idc_client_display_name", "redshift.auth.idc_client_display_name"],
        "Name that the sign-in page shows for the application.",
    ),
    row(
        SSO_PROFILES,
        D,
        Kind::Text,
        None,
        &[],
        "The profiles that can sign in by SSO, as JSON. Read only; uses no network.",
    ),
    row(
        SSO_ACCOUNTS,
        D,
        Kind::Text,
        None,
        &[],
        "The accounts that the signed-in person may use, as JSON. Read only.",
    ),
    row(
        SSO_ROLES,
        D,
        Kind::Text,
        None,
        &[],
        "The roles that the signed-in person may use in `sso.account_id`, as JSON. Read only.",
    ),
    row(
        SSO_VERIFICATION_URI,
        D,
        Kind::Text,
        None,
        &[],
        "Where the person who is waited for has to sign in. Read only, while a connection waits.",
    ),
    row(
        SSO_USER_CODE,
        D,
        Kind::Text,
        None,
        &[],
        "The code that the sign-in page shows. Read only, while a connection waits.",
    ),
    row(
        TLS_MODE,
        D,
        Kind::Choice(&["disable", "require", "verify-ca", "verify-full"]),
        Some("verify-full"),
        &["sslmode", "authmech", "ssl_mode", "redshift.ssl_mode"],
        "`verify-full` checks certificate chain and name, `verify-ca` the chain only, `require` encrypts without \
         checking, `disable` sends everything, the password included, in clear text.",
    ),
    row(
        TLS_ROOT_CERT,
        D,
        Kind::Path,
        None,
        &["sslrootcert", "cafile", "ssl_root_key", "redshift.ssl_root_key"],
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
        IDLE_TIMEOUT,
        DC,
        Kind::Integer { min: 0, max: 2_592_000 },
        Some("0"),
        &[],
        "Seconds without use after which the driver closes the connection, an open transaction included; 0 never does. \
         A result that is not read to its end counts as use. Applies to connections made afterwards.",
    ),
    row(
        QUERY_GROUP,
        DCS,
        Kind::Text,
        None,
        &["querygroup", "query_group"],
        "Query group of statements, for the queues of workload management and for system views. Set on a statement, it \
         applies to that one alone.",
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
        QUERY_TIMEOUT,
        DCS,
        Kind::Integer { min: 0, max: 2_592_000 },
        Some("0"),
        &[],
        "Seconds from the start of a query to its last row, after which it is cancelled and fails with `Timeout`; 0 sets \
         no limit. The connection stays usable.",
    ),
    row(
        QUERY_ID,
        S,
        Kind::Text,
        None,
        &[],
        "Redshift's id of the statement's last query, as in system views. Read only; asks the server when read.",
    ),
    row(
        VARCHAR_LENGTH,
        DCS,
        Kind::Text,
        Some("max"),
        &[],
        "Length in bytes of the VARCHAR columns that an ingest makes: a number from 1 to 65535, `max`, or `measured`, which \
         reads all data into memory to find the longest value of each column.",
    ),
    row(
        COLUMN_TYPES,
        S,
        Kind::Text,
        None,
        &[],
        "SQL types of columns that an ingest makes, as a JSON object: `{\"name\": \"VARCHAR(20)\"}`. Columns without one \
         get the type of their Arrow type.",
    ),
    row(
        DIST_KEY,
        S,
        Kind::Text,
        None,
        &[],
        "Column that distributes the rows of a table that an ingest makes.",
    ),
    row(
        SORT_KEY,
        S,
        Kind::Text,
        None,
        &[],
        "Columns that sort a table that an ingest makes: a comma list, or a JSON array of names.",
    ),
    row(
        INGEST_TRANSACTION,
        DCS,
        Kind::Boolean,
        Some("true"),
        &[],
        "Whether an ingest outside of a transaction is one transaction, so that a failure leaves nothing behind. With \
         `false` the table is made, and each batch stays, as it comes.",
    ),
    row(
        LOG_LEVEL,
        D,
        Kind::Choice(&["off", "error", "warn", "info", "debug", "trace"]),
        None,
        &[],
        "What the driver logs: `info` logins, `debug` AWS calls, connection steps and statements too, `trace` their \
         text as well; never parameters and secrets. One log serves the process: the database initialized last with \
         this option decides.",
    ),
    row(LOG_FILE, D, Kind::Path, None, &[], "File to append the log to, instead of standard error."),
    row(LOG_FORMAT, D, Kind::Choice(&["text", "json"]), Some("text"), &[], "Form of a line of the log."),
    row(
        AUTOCOMMIT,
        C,
        Kind::Boolean,
        Some("true"),
        &[],
        "Whether each statement is a transaction of its own. Turning it on commits the open transaction.",
    ),
    row(
        READ_ONLY,
        C,
        Kind::Boolean,
        Some("false"),
        &[],
        "Whether the server refuses statements that write. Cannot change within a transaction.",
    ),
    row(
        ISOLATION_LEVEL,
        C,
        Kind::Choice(&[
            "adbc.connection.transaction.isolation.default",
            "adbc.connection.transaction.isolation.read_uncommitted",
            "adbc.connection.transaction.isolation.read_committed",
            "adbc.connection.transaction.isolation.repeatable_read",
            "adbc.connection.transaction.isolation.snapshot",
            "adbc.connection.transaction.isolation.serializable",
            "adbc.connection.transaction.isolation.linearizable",
        ]),
        Some("adbc.connection.transaction.isolation.default"),
        &[],
        "The weakest isolation wanted. Redshift isolates by database, `snapshot` or `serializable`: a level that this \
         database does not give is refused. Reads back the level that it gives.",
    ),
    row(
        CURRENT_CATALOG,
        C,
        Kind::Text,
        None,
        &[],
        "The connection's database. Set before the connection is opened, it is the one to connect to, whatever \
         `adbc.redshift.target.database` says; afterwards no other can be set.",
    ),
    row(
        CURRENT_DB_SCHEMA,
        C,
        Kind::Text,
        None,
        &[],
        "The connection's current schema; setting it makes it the search path.",
    ),
    row(
        INCREMENTAL,
        S,
        Kind::Boolean,
        Some("false"),
        &[],
        "Incremental execution of partitions; only `false` is supported.",
    ),
    row(
        BIND_BY_NAME,
        S,
        Kind::Boolean,
        Some("false"),
        &[],
        "Binding columns to parameters by name; only `false` is supported, as Redshift's parameters have numbers and no \
         names: `$1` is the first bound column.",
    ),
    row(
        INGEST_TARGET_TABLE,
        S,
        Kind::Text,
        None,
        &[],
        "Table that the bound data is ingested into when the statement is executed. Setting a query unsets it, and all \
         of `adbc.ingest`.",
    ),
    row(
        INGEST_TARGET_CATALOG,
        S,
        Kind::Text,
        None,
        &[],
        "Database of the target table; the connection's without.",
    ),
    row(
        INGEST_TARGET_DB_SCHEMA,
        S,
        Kind::Text,
        None,
        &[],
        "Schema of the target table; the current one without.",
    ),
    row(
        INGEST_MODE,
        S,
        Kind::Choice(&[
            "adbc.ingest.mode.create",
            "adbc.ingest.mode.append",
            "adbc.ingest.mode.replace",
            "adbc.ingest.mode.create_append",
        ]),
        Some("adbc.ingest.mode.create"),
        &[],
        "Whether the table is made (and must not exist), appended to, dropped and made anew, or made if it does not \
         exist. Data is appended by column name.",
    ),
    row(
        INGEST_TEMPORARY,
        S,
        Kind::Boolean,
        Some("false"),
        &[],
        "Whether the target is a temporary table of this connection; it has no catalog and schema then.",
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
    CLUSTER_IDENTIFIER = "adbc.redshift.target.cluster_identifier";
    WORKGROUP = "adbc.redshift.target.workgroup";
    SERVERLESS = "adbc.redshift.target.serverless";
    ACCOUNT_ID = "adbc.redshift.target.account_id";
    CUSTOM_DOMAIN_NAME = "adbc.redshift.target.custom_domain_name";
    AWS_REGION = "adbc.redshift.aws.region";
    AWS_PROFILE = "adbc.redshift.aws.profile";
    AWS_ACCESS_KEY_ID = "adbc.redshift.aws.access_key_id";
    AWS_SECRET_ACCESS_KEY = "adbc.redshift.aws.secret_access_key";
    AWS_SESSION_TOKEN = "adbc.redshift.aws.session_token";
    AWS_ROLE_ARN = "adbc.redshift.aws.role_arn";
    AWS_ROLE_EXTERNAL_ID = "adbc.redshift.aws.role_external_id";
    AWS_ROLE_SESSION_NAME = "adbc.redshift.aws.role_session_name";
    AWS_CONFIG_FILE = "adbc.redshift.aws.config_file";
    AWS_CREDENTIALS_FILE = "adbc.redshift.aws.credentials_file";
    AWS_ENDPOINT_URL = "adbc.redshift.aws.endpoint_url";
    AWS_STS_ENDPOINT_URL = "adbc.redshift.aws.sts_endpoint_url";
    AWS_CREDENTIAL_SOURCE = "adbc.redshift.aws.credential_source";
    AWS_TIMEOUT = "adbc.redshift.aws.timeout_seconds";
    AWS_PROXY_URL = "adbc.redshift.aws.proxy_url";
    AWS_PROXY_HOST = "adbc.redshift.aws.proxy_host";
    AWS_PROXY_PORT = "adbc.redshift.aws.proxy_port";
    AWS_PROXY_USERNAME = "adbc.redshift.aws.proxy_username";
    AWS_PROXY_PASSWORD = "adbc.redshift.aws.proxy_password";
    IAM_DB_GROUPS = "adbc.redshift.iam.db_groups";
    IAM_FORCE_LOWERCASE = "adbc.redshift.iam.force_lowercase";
    IAM_AUTO_CREATE = "adbc.redshift.iam.auto_create";
    IAM_DURATION = "adbc.redshift.iam.duration_seconds";
    IAM_API = "adbc.redshift.iam.api";
    IAM_AUTH_PROFILE = "adbc.redshift.iam.auth_profile";
    CACHE_MODE = "adbc.redshift.cache.mode";
    SSO_PROFILE = "adbc.redshift.sso.profile";
    SSO_SESSION = "adbc.redshift.sso.session";
    SSO_START_URL = "adbc.redshift.sso.start_url";
    SSO_REGION = "adbc.redshift.sso.region";
    SSO_ACCOUNT_ID = "adbc.redshift.sso.account_id";
    SSO_ROLE_NAME = "adbc.redshift.sso.role_name";
    SSO_SCOPES = "adbc.redshift.sso.scopes";
    SSO_FLOW = "adbc.redshift.sso.flow";
    SSO_OPEN_BROWSER = "adbc.redshift.sso.open_browser";
    SSO_TIMEOUT = "adbc.redshift.sso.timeout_seconds";
    SSO_LISTEN_PORT = "adbc.redshift.sso.listen_port";
    SSO_TOKEN_CACHE = "adbc.redshift.sso.token_cache";
    SSO_CLIENT_NAME = "adbc.redshift.sso.client_name";
    SSO_PROFILES = "adbc.redshift.sso.profiles";
    SSO_ACCOUNTS = "adbc.redshift.sso.accounts";
    SSO_ROLES = "adbc.redshift.sso.roles";
    SSO_VERIFICATION_URI = "adbc.redshift.sso.verification_uri";
    SSO_USER_CODE = "adbc.redshift.sso.user_code";
    TLS_MODE = "adbc.redshift.tls.mode";
    TLS_ROOT_CERT = "adbc.redshift.tls.root_cert";
    TLS_SERVER_NAME = "adbc.redshift.tls.server_name";
    TLS_MIN_VERSION = "adbc.redshift.tls.min_version";
    KEEPALIVE_IDLE = "adbc.redshift.session.keepalive_idle_seconds";
    KEEPALIVE_INTERVAL = "adbc.redshift.session.keepalive_interval_seconds";
    KEEPALIVE_COUNT = "adbc.redshift.session.keepalive_count";
    IDLE_TIMEOUT = "adbc.redshift.session.idle_timeout_seconds";
    QUERY_GROUP = "adbc.redshift.session.query_group";
    APPLICATION_NAME = "adbc.redshift.session.application_name";
    BATCH_ROWS = "adbc.redshift.result.batch_rows";
    BATCH_BYTES = "adbc.redshift.result.batch_bytes";
    RESULT_FORMAT = "adbc.redshift.result.format";
    BUFFER_BYTES = "adbc.redshift.result.buffer_bytes";
    QUERY_TIMEOUT = "adbc.redshift.result.query_timeout_seconds";
    QUERY_ID = "adbc.redshift.statement.query_id";
    VARCHAR_LENGTH = "adbc.redshift.ingest.varchar_length";
    COLUMN_TYPES = "adbc.redshift.ingest.column_types";
    DIST_KEY = "adbc.redshift.ingest.dist_key";
    SORT_KEY = "adbc.redshift.ingest.sort_key";
    INGEST_TRANSACTION = "adbc.redshift.ingest.transaction";
    LOG_LEVEL = "adbc.redshift.log.level";
    LOG_FILE = "adbc.redshift.log.file";
    LOG_FORMAT = "adbc.redshift.log.format";
    AUTOCOMMIT = "adbc.connection.autocommit";
    READ_ONLY = "adbc.connection.readonly";
    ISOLATION_LEVEL = "adbc.connection.transaction.isolation_level";
    CURRENT_CATALOG = "adbc.connection.catalog";
    CURRENT_DB_SCHEMA = "adbc.connection.db_schema";
    INCREMENTAL = "adbc.statement.exec.incremental";
    BIND_BY_NAME = "adbc.statement.bind_by_name";
    INGEST_TARGET_TABLE = "adbc.ingest.target_table";
    INGEST_TARGET_CATALOG = "adbc.ingest.target_catalog";
    INGEST_TARGET_DB_SCHEMA = "adbc.ingest.target_db_schema";
    INGEST_MODE = "adbc.ingest.mode";
    INGEST_TEMPORARY = "adbc.ingest.temporary";
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

//! Names of other drivers that are no plain alias: each is translated to options of ours, or refused with what to do
//! instead.
//!
//! A name that means one option with the same values is an alias in the option table. Invariant: no name is in both
//! tables, and a refusal never repeats the value, which may be a secret.

use std::fmt::Write as _;

use adbc_core::error::Status;

use super::options;

/// What a name is turned into.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Meaning {
    /// Not offered; the text says what to do instead.
    Refused(&'static str),
    /// Other options.
    Translated(fn(&str) -> Result<Settings, Refusal>),
}

/// Option keys with their values.
pub type Settings = Vec<(&'static str, String)>;

/// Why a value means nothing here. Holds no value.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// `InvalidArguments` for what the other driver would not take either, `NotImplemented` for the rest.
    pub status: Status,
    /// What the name takes, or what to do instead.
    pub reason: String,
}

/// Names with one meaning.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Spelling {
    /// In lower case; those that have the form of an option key are keys too, the others URI parameters only.
    pub names: &'static [&'static str],
    /// What they mean.
    pub meaning: Meaning,
    /// The meaning in a sentence, for the README.
    pub doc: &'static str,
}

impl Spelling {
    /// The options that a value stands for; an empty text stands for none, as form fields send it.
    ///
    /// # Errors
    ///
    /// Why it stands for nothing that can be done.
    pub fn translate(&self, value: &str) -> Result<Settings, Refusal> {
        match self.meaning {
            _ if value.is_empty() => Ok(Vec::new()),
            Meaning::Refused(reason) => Err(not_offered(reason)),
            Meaning::Translated(translate) => translate(value),
        }
    }
}

/// The meaning of an option key that has no row in the option table.
pub fn find(key: &str) -> Option<&'static Spelling> {
    TABLE.iter().find(|spelling| options::is_key(key) && spelling.names.contains(&key))
}

/// The meaning of a URI parameter, in any case.
pub fn find_parameter(name: &str) -> Option<&'static Spelling> {
    let name = name.to_ascii_lowercase();
    TABLE.iter().find(|spelling| options::is_among(spelling.names, &name))
}

/// The table as the README shows it.
pub fn markdown_table() -> String {
    let mut table = String::from("| Name in other drivers | Meaning here |\n|---|---|\n");
    for spelling in TABLE {
        let names = spelling.names.join("`, `");
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{names}` | {} |", spelling.doc);
    }
    table
}

fn not_offered(reason: impl Into<String>) -> Refusal {
    Refusal { status: Status::NotImplemented, reason: reason.into() }
}

fn takes(expected: &str) -> Refusal {
    Refusal { status: Status::InvalidArguments, reason: format!("it takes {expected}") }
}

/// A boolean as the other drivers write it.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// The settings for on and off.
fn switch(
    text: &str,
    on: &[(&'static str, &'static str)],
    off: &[(&'static str, &'static str)],
) -> Result<Settings, Refusal> {
    match boolean(text) {
        Some(true) => Ok(settings(on)),
        Some(false) => Ok(settings(off)),
        None => Err(takes("'true' or 'false'")),
    }
}

fn settings(pairs: &[(&'static str, &'static str)]) -> Settings {
    pairs.iter().map(|(key, value)| (*key, (*value).to_owned())).collect()
}

const BY_PASSWORD: &[(&str, &str)] = &[(options::AUTH_METHOD, "password")];
const BY_IAM: &[(&str, &str)] = &[(options::AUTH_METHOD, "iam")];
const BY_SSO: &[(&str, &str)] = &[(options::AUTH_METHOD, "sso")];

fn cluster_type(text: &str) -> Result<Settings, Refusal> {
    let serverless = |value| settings(&[(options::AUTH_METHOD, "iam"), (options::SERVERLESS, value)]);
    match text.to_ascii_lowercase().as_str() {
        "redshift" => Ok(settings(BY_PASSWORD)),
        "redshift-iam" => Ok(serverless("false")),
        "redshift-serverless" => Ok(serverless("true")),
        _ => Err(takes("'redshift', 'redshift-iam' or 'redshift-serverless'")),
    }
}

fn iam(text: &str) -> Result<Settings, Refusal> {
    switch(text, BY_IAM, BY_PASSWORD)
}

fn auth_type(text: &str) -> Result<Settings, Refusal> {
    let source = |value| settings(&[(options::AUTH_METHOD, "iam"), (options::AWS_CREDENTIAL_SOURCE, value)]);
    match text.to_ascii_lowercase().as_str() {
        "static" => Ok(source("static")),
        "profile" => Ok(source("profile")),
        // Which plugin, another name says.
        "plugin" => Ok(Vec::new()),
        _ => Err(takes("'Static', 'Profile' or 'Plugin'")),
    }
}

/// Plugins by class name, with or without their package.
fn plugin(text: &str) -> Result<Settings, Refusal> {
    let class = text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match class.as_str() {
        "userpass" => Ok(settings(BY_PASSWORD)),
        "browserssooidc" => Ok(settings(BY_SSO)),
        "browseridcauthplugin" => Err(not_offered(IDC)),
        "idptokenauthplugin" | "basicjwtcredentialsprovider" | "jwt" => Err(not_offered(TOKEN)),
        _ => Err(not_offered(
            "this plugin is not implemented; log in by password, by IAM (keys, profile, role), or by the AWS access \
             portal with adbc.redshift.auth.method = sso",
        )),
    }
}

fn instance_profile(text: &str) -> Result<Settings, Refusal> {
    switch(text, &[(options::AUTH_METHOD, "iam"), (options::AWS_CREDENTIAL_SOURCE, "imds")], &[])
}

fn group_federation(text: &str) -> Result<Settings, Refusal> {
    switch(text, &[(options::IAM_API, "cluster_with_iam")], &[])
}

fn use_proxy(text: &str) -> Result<Settings, Refusal> {
    switch(text, &[], &[])
}

fn disable_cache(text: &str) -> Result<Settings, Refusal> {
    switch(text, &[(options::CACHE_MODE, "off")], &[(options::CACHE_MODE, "memory")])
}

fn connect_timeout_ms(text: &str) -> Result<Settings, Refusal> {
    match text.trim().parse::<u32>() {
        Ok(ms) if ms > 0 => Ok(vec![(options::CONNECT_TIMEOUT, ms.div_ceil(1000).to_string())]),
        _ => Err(takes("a whole number of milliseconds of at least 1")),
    }
}

/// 0 leaves the time to the driver.
fn sts_timeout(text: &str) -> Result<Settings, Refusal> {
    match text.trim().parse::<u32>() {
        Ok(0) => Ok(Vec::new()),
        Ok(seconds) => Ok(vec![(options::AWS_TIMEOUT, seconds.to_string())]),
        Err(_) => Err(takes("a whole number of seconds")),
    }
}

const IDC: &str = "logging in to Redshift itself through IAM Identity Center ('idc') is not implemented; to sign in through \
                   the AWS access portal set adbc.redshift.auth.method = sso, with adbc.redshift.sso.start_url (the \
                   issuer URL), sso.region, sso.account_id and sso.role_name";
const TOKEN: &str = "logging in with a token ('token') is not implemented; log in by password, by IAM, or by the AWS \
                     access portal with adbc.redshift.auth.method = sso";
const SAML: &str = "logging in through a SAML or OAuth provider is not implemented; log in by password, by IAM, or by the \
                    AWS access portal with adbc.redshift.auth.method = sso";
const CLIENT_CERTIFICATE: &str = "Redshift asks for no client certificate; leave it out (adbc.redshift.tls.root_cert \
                                  names the roots that the server's certificate is verified with)";
const TRUST_STORE: &str =
    "a folder or store of certificates is not read; give one PEM file in adbc.redshift.tls.root_cert";
const BUCKET: &str =
    "loading through Amazon S3 is not implemented; leave it out, and rows are loaded by INSERT";
const GROUPS_FILTER: &str =
    "groups are not taken from a SAML assertion; list those to join in adbc.redshift.iam.db_groups";

const fn translated(
    names: &'static [&'static str],
    translate: fn(&str) -> Result<Settings, Refusal>,
    doc: &'static str,
) -> Spelling {
    Spelling { names, meaning: Meaning::Translated(translate), doc }
}

const fn refused(names: &'static [&'static str], reason: &'static str, doc: &'static str) -> Spelling {
    Spelling { names, meaning: Meaning::Refused(reason), doc }
}

/// Every such name, in the order of the README.
pub static TABLE: &[Spelling] = &[
    translated(
        &["redshift.cluster_type", "cluster_type"],
        cluster_type,
        "`redshift`: `auth.method` = `password`; `redshift-iam`: `iam`, and `target.serverless` = `false`; \
         `redshift-serverless`: `iam`, and `target.serverless` = `true`.",
    ),
    translated(
        &["iam", "iamauth"],
        iam,
        "`true` (or `1`): `auth.method` = `iam`, unless it is `sso`; `false` (or `0`): `password`.",
    ),
    translated(
        &["authtype"],
        auth_type,
        "`Static`, `Profile`: `auth.method` = `iam`, and `aws.credential_source` so; `Plugin`: as the plugin's name says.",
    ),
    translated(
        &["redshift.auth.provider", "auth_provider", "credentials_provider", "plugin_name"],
        plugin,
        "`userpass`: `auth.method` = `password`; `BrowserSSOOIDC`: `sso`. Refused: `BrowserIdcAuthPlugin` (`idc`), \
         `IdpTokenAuthPlugin` and JWT (`token`), SAML, Okta, ADFS, Ping and Azure plugins.",
    ),
    translated(
        &["instanceprofile"],
        instance_profile,
        "`true` (or `1`): `auth.method` = `iam`, and `aws.credential_source` = `imds`.",
    ),
    translated(
        &["groupfederation", "group_federation"],
        group_federation,
        "`true` (or `1`): `iam.api` = `cluster_with_iam`.",
    ),
    translated(
        &["iamdisablecache", "iam_disable_cache", "disablecache"],
        disable_cache,
        "`true` (or `1`): `cache.mode` = `off`; `false` (or `0`): `memory`.",
    ),
    translated(
        &["redshift.connect_timeout_ms", "connect_timeout_ms"],
        connect_timeout_ms,
        "`target.connect_timeout_seconds`, rounded up to whole seconds.",
    ),
    translated(&["stsconnectiontimeout"], sts_timeout, "`aws.timeout_seconds`; `0`: its default."),
    refused(
        &[
            "adbc.redshift.idc.identity_namespace",
            "adbc.redshift.idc.issuer_url",
            "adbc.redshift.idc.region",
            "redshift.auth.idc_region",
            "redshift.auth.issuer_url",
            "idc_region",
            "issuer_url",
            "identity_namespace",
        ],
        IDC,
        "Refused: `idc` is reserved. The issuer URL is the start URL of `sso`.",
    ),
    refused(
        &[
            "adbc.redshift.idp.provider_name",
            "adbc.redshift.idp.token",
            "adbc.redshift.idp.token_type",
            "redshift.auth.token",
            "redshift.auth.token_type",
            "token",
            "token_type",
            "webidentitytoken",
            "web_identity_token",
            "providername",
            "provider_name",
        ],
        TOKEN,
        "Refused: `token` is reserved.",
    ),
    refused(
        &[
            "adbc.redshift.idp.client_id",
            "adbc.redshift.idp.client_secret",
            "adbc.redshift.idp.partition",
            "adbc.redshift.idp.scope",
            "adbc.redshift.idp.tenant",
            "idp_host",
            "idp_port",
            "idp_tenant",
            "idp_partition",
            "client_id",
            "client_secret",
            "scope",
            "login_url",
            "logintorp",
            "login_to_rp",
            "app_id",
            "app_name",
            "preferred_role",
            "partner_spid",
            "partner_sp_id",
            "ssl_insecure",
            "allow_db_user_override",
        ],
        SAML,
        "Refused: no login by SAML or OAuth provider.",
    ),
    refused(
        &["dbgroupsfilter", "dbgroups_filter"],
        GROUPS_FILTER,
        "Refused: list the groups in `iam.db_groups`.",
    ),
    refused(
        &["redshift.ssl_cert", "redshift.ssl_key", "ssl_cert", "ssl_key", "sslcert", "sslkey"],
        CLIENT_CERTIFICATE,
        "Refused: Redshift asks for no client certificate.",
    ),
    refused(&["capath", "truststore"], TRUST_STORE, "Refused: give one PEM file in `tls.root_cert`."),
    translated(
        &["idp_use_https_proxy"],
        use_proxy,
        "Nothing: a proxy carries the calls to IAM Identity Center too, unless `NO_PROXY` excepts their hosts.",
    ),
    refused(&["redshift.ingest.bucket"], BUCKET, "Refused: rows are loaded by INSERT."),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().flat_map(|spelling| spelling.names.iter().copied())
    }

    #[test]
    fn no_name_is_in_both_tables_or_twice() {
        let mut seen = HashSet::new();
        for name in names() {
            assert!(options::find_parameter(name).is_none(), "{name} is an alias too");
            assert!(seen.insert(name), "{name} is listed twice");
            assert_eq!(name, name.to_ascii_lowercase());
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_the_value() {
        for spelling in TABLE {
            if let Err(refusal) = spelling.translate("pl4nted-s3cret") {
                assert!(!refusal.reason.contains("pl4nted"), "{}", refusal.reason);
            }
        }
    }

    #[test]
    fn an_empty_value_says_nothing() {
        for spelling in TABLE {
            assert!(spelling.translate("").unwrap().is_empty());
        }
    }
}

//! Every name of the JDBC, ODBC and Python drivers and of the other ADBC driver, with what it means here, through the
//! loaded library.
//!
//! The lists are written by hand, apart from the tables of the driver, so that a name lost there is missed here.

use adbc_core::error::{Result, Status};
use adbc_core::options::{OptionDatabase, OptionValue};
use adbc_core::{Driver as _, Optionable as _};
use adbc_driver_manager::ManagedDatabase;
use adbc_driver_redshift::adbc::{options, spellings};
use redshift_sandbox::SandboxConfig;

use crate::logins::{cluster, user, with_keys};
use crate::support::{SANDBOX, driver, sandbox};

/// Names that mean one option with the same values: as URI parameters, and those with a `redshift.` as option keys.
const ALIASES: &[(&str, &[&str])] = &[
    ("uri", &["redshift.connection_uri"]),
    (
        "username",
        &["user", "UID", "LogonID", "DbUser", "db_user", "adbc.redshift.iam.db_user", "iam.db_user"],
    ),
    ("password", &["pwd", "PWD", "password"]),
    ("target.host", &["host", "Server", "HostName"]),
    ("target.port", &["port"]),
    ("target.database", &["database", "dbname", "DB", "redshift.db_name"]),
    ("target.connect_host", &["vpc_endpoint_url"]),
    ("target.connect_timeout_seconds", &["connect_timeout", "loginTimeout", "redshift.connect_timeout"]),
    ("target.cluster_identifier", &["ClusterID", "cluster_identifier", "redshift.cluster_identifier"]),
    (
        "target.workgroup",
        &[
            "serverlessWorkGroup",
            "Workgroup",
            "serverless_work_group",
            "workgroup_name",
            "redshift.workgroup_name",
        ],
    ),
    ("target.serverless", &["isServerless", "Serverless", "is_serverless"]),
    ("target.account_id", &["serverlessAcctId", "serverless_acct_id"]),
    ("target.custom_domain_name", &["custom_domain_name", "redshift.custom_domain_name"]),
    ("aws.region", &["Region", "aws_region", "redshift.aws.region"]),
    ("aws.profile", &["Profile", "aws_profile", "redshift.aws.profile"]),
    (
        "aws.access_key_id",
        &["AccessKeyID", "access_key_id", "aws_access_key_id", "redshift.aws.access_key_id"],
    ),
    (
        "aws.secret_access_key",
        &["SecretAccessKey", "secret_access_key", "aws_secret_access_key", "redshift.aws.secret_access_key"],
    ),
    (
        "aws.session_token",
        &["SessionToken", "session_token", "aws_session_token", "redshift.aws.session_token"],
    ),
    ("aws.role_arn", &["role_arn"]),
    ("aws.role_session_name", &["role_session_name"]),
    ("aws.endpoint_url", &["EndpointUrl", "endpoint_url"]),
    ("aws.sts_endpoint_url", &["StsEndpointUrl"]),
    ("aws.proxy_host", &["https_proxy_host"]),
    ("aws.proxy_port", &["https_proxy_port"]),
    ("aws.proxy_username", &["https_proxy_username"]),
    ("aws.proxy_password", &["https_proxy_password"]),
    ("iam.db_groups", &["DbGroups", "db_groups", "redshift.db_groups"]),
    ("iam.auto_create", &["AutoCreate", "auto_create", "auto_create_user", "redshift.auto_create_user"]),
    ("iam.force_lowercase", &["ForceLowercase", "force_lowercase"]),
    ("iam.duration_seconds", &["IAMDuration"]),
    ("iam.auth_profile", &["AuthProfile", "auth_profile"]),
    ("sso.profile", &["ssoProfile"]),
    ("sso.start_url", &["ssoStartUrl", "sso_oidc_start_url"]),
    ("sso.region", &["ssoRegion", "sso_oidc_region"]),
    ("sso.account_id", &["ssoAccountId", "sso_oidc_account_id"]),
    ("sso.role_name", &["ssoRoleName", "sso_oidc_role_name"]),
    ("sso.timeout_seconds", &["idp_response_timeout", "redshift.auth.idp_response_timeout_seconds"]),
    ("sso.listen_port", &["listen_port", "redshift.auth.listen_port"]),
    ("sso.client_name", &["idc_client_display_name", "redshift.auth.idc_client_display_name"]),
    ("tls.mode", &["sslmode", "authmech", "redshift.ssl_mode"]),
    ("tls.root_cert", &["sslrootcert", "CaFile", "redshift.ssl_root_key"]),
    ("tls.min_version", &["Min_TLS"]),
    ("session.application_name", &["ApplicationName", "application_name", "redshift.application_name"]),
];

/// A name with a value, and the options that it sets.
type Translation = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const TRANSLATED: &[Translation] = &[
    ("redshift.cluster_type", "redshift", &[("auth.method", "password"), ("target.serverless", "auto")]),
    ("redshift.cluster_type", "redshift-iam", &[("auth.method", "iam"), ("target.serverless", "false")]),
    (
        "redshift.cluster_type",
        "redshift-serverless",
        &[("auth.method", "iam"), ("target.serverless", "true")],
    ),
    ("cluster_type", "redshift-iam", &[("auth.method", "iam")]),
    ("IAM", "1", &[("auth.method", "iam")]),
    ("iam", "True", &[("auth.method", "iam")]),
    ("IAMAuth", "false", &[("auth.method", "password")]),
    ("AuthType", "Static", &[("auth.method", "iam"), ("aws.credential_source", "static")]),
    ("AuthType", "Profile", &[("auth.method", "iam"), ("aws.credential_source", "profile")]),
    ("AuthType", "Plugin", &[("auth.method", "auto")]),
    ("InstanceProfile", "1", &[("auth.method", "iam"), ("aws.credential_source", "imds")]),
    ("InstanceProfile", "0", &[("auth.method", "auto"), ("aws.credential_source", "auto")]),
    ("redshift.auth.provider", "userpass", &[("auth.method", "password")]),
    ("auth_provider", "userpass", &[("auth.method", "password")]),
    ("plugin_name", "com.simba.athena.iamsupport.plugin.BrowserSSOOIDC", &[("auth.method", "sso")]),
    ("credentials_provider", "BrowserSSOOIDC", &[("auth.method", "sso")]),
    ("GroupFederation", "true", &[("iam.api", "cluster_with_iam")]),
    ("group_federation", "False", &[("iam.api", "auto")]),
    ("idp_use_https_proxy", "1", &[]),
    ("idp_use_https_proxy", "0", &[]),
    ("IAMDisableCache", "true", &[("cache.mode", "off")]),
    ("iam_disable_cache", "True", &[("cache.mode", "off")]),
    ("DisableCache", "0", &[("cache.mode", "memory")]),
    ("redshift.connect_timeout_ms", "1500", &[("target.connect_timeout_seconds", "2")]),
    ("connect_timeout_ms", "7000", &[("target.connect_timeout_seconds", "7")]),
    ("StsConnectionTimeout", "0", &[("aws.timeout_seconds", "30")]),
    ("StsConnectionTimeout", "5", &[("aws.timeout_seconds", "5")]),
    ("is_serverless", "True", &[("target.serverless", "true")]),
    ("Serverless", "0", &[("target.serverless", "false")]),
    ("AutoCreate", "1", &[("iam.auto_create", "true")]),
    ("sslmode", "VERIFY-CA", &[("tls.mode", "verify-ca")]),
];

/// Names that are refused, with a value and what the error names instead.
const REFUSED: &[(&[&str], &str, &str)] = &[
    (
        &["redshift.auth.provider", "auth_provider", "plugin_name", "credentials_provider"],
        "BrowserIdcAuthPlugin",
        "adbc.redshift.sso.start_url",
    ),
    (&["plugin_name"], "com.amazon.redshift.plugin.IdpTokenAuthPlugin", "'token'"),
    (&["plugin_name"], "com.amazon.redshift.plugin.BasicJwtCredentialsProvider", "'token'"),
    (&["plugin_name"], "com.amazon.redshift.plugin.OktaCredentialsProvider", "adbc.redshift.auth.method"),
    (&["credentials_provider"], "BrowserSamlCredentialsProvider", "adbc.redshift.auth.method"),
    (
        &[
            "adbc.redshift.idc.identity_namespace",
            "adbc.redshift.idc.issuer_url",
            "adbc.redshift.idc.region",
            "idc.issuer_url",
            "redshift.auth.idc_region",
            "redshift.auth.issuer_url",
            "idc_region",
            "issuer_url",
            "identity_namespace",
        ],
        "https://issuer.example",
        "adbc.redshift.sso.start_url",
    ),
    (
        &[
            "adbc.redshift.idp.provider_name",
            "adbc.redshift.idp.token",
            "adbc.redshift.idp.token_type",
            "idp.token",
            "redshift.auth.token",
            "redshift.auth.token_type",
            "token",
            "token_type",
            "webIdentityToken",
            "web_identity_token",
            "providerName",
            "provider_name",
        ],
        "pl4nted-s3cret",
        "'token'",
    ),
    (
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
            "loginToRp",
            "login_to_rp",
            "app_id",
            "app_name",
            "preferred_role",
            "partner_spid",
            "partner_sp_id",
            "ssl_insecure",
            "allow_db_user_override",
        ],
        "pl4nted-s3cret",
        "SAML or OAuth",
    ),
    (&["DbGroupsFilter", "dbgroups_filter"], ".*", "adbc.redshift.iam.db_groups"),
    (
        &["redshift.ssl_cert", "redshift.ssl_key", "ssl_cert", "ssl_key", "sslcert", "sslkey"],
        "/file",
        "adbc.redshift.tls.root_cert",
    ),
    (&["CaPath", "TrustStore"], "/folder", "adbc.redshift.tls.root_cert"),
    (&["redshift.ingest.bucket"], "bucket", "INSERT"),
];

fn database(options: &[(&str, &str)]) -> Result<ManagedDatabase> {
    let options = options.iter().map(|(key, value)| (OptionDatabase::from(*key), OptionValue::from(*value)));
    driver().new_database_with_opts(options)
}

/// Whether a name is an option key too; the others are URI parameters only.
fn is_key(name: &str) -> bool {
    name.starts_with("redshift.") || name.starts_with("adbc.redshift.")
}

/// The database that a name and value make: by URI, and by key where the name is one.
fn databases(name: &str, value: &str) -> Vec<(String, Result<ManagedDatabase>)> {
    let uri = format!("redshift://?{name}={value}");
    let mut made = vec![(uri.clone(), database(&[("uri", &uri)]))];
    if is_key(name) {
        made.push((format!("{name} = {value}"), database(&[(name, value)])));
    }
    made
}

fn read(database: &ManagedDatabase, option: &str) -> Result<String> {
    let key = match option {
        "uri" | "username" | "password" => option.to_owned(),
        short => format!("adbc.redshift.{short}"),
    };
    database.get_option_string(OptionDatabase::from(key.as_str()))
}

#[test]
fn every_alias_is_known_for_its_option() {
    for (option, names) in ALIASES {
        for name in *names {
            let spec = options::find_parameter(name).unwrap_or_else(|| panic!("{name} is not known"));
            assert_eq!(spec.short_name(), *option, "{name}");
            if is_key(name) {
                assert_eq!(
                    options::find(name).map(|spec| spec.short_name()),
                    Some(*option),
                    "{name} is no key"
                );
            }
        }
    }
}

#[test]
fn a_name_of_another_shape_sets_what_it_means() {
    for (name, value, expected) in TRANSLATED {
        for (how, made) in databases(name, value) {
            let database = made.unwrap_or_else(|error| panic!("{how}: {error}"));
            for (option, value) in *expected {
                assert_eq!(read(&database, option).unwrap(), *value, "{how} sets {option}");
            }
        }
    }
}

#[test]
fn a_name_that_is_not_offered_says_what_to_do_instead() {
    for (names, value, instead) in REFUSED {
        for name in *names {
            for (how, made) in databases(name, value) {
                let error = made.err().unwrap_or_else(|| panic!("{how} is accepted"));
                assert_eq!(error.status, Status::NotImplemented, "{how}: {error}");
                assert!(error.message.contains(name) && error.message.contains(instead), "{how}: {error}");
                assert!(!format!("{error:?}").contains("pl4nted"), "{how}: {error}");
            }
            for (how, made) in databases(name, "") {
                made.unwrap_or_else(|error| panic!("{how}, as an empty form field: {error}"));
            }
        }
    }
}

#[test]
fn a_value_that_the_other_driver_would_not_take_is_refused() {
    for (name, value) in [
        ("redshift.cluster_type", "postgres"),
        ("IAM", "maybe"),
        ("AuthType", "Magic"),
        ("connect_timeout_ms", "0"),
        ("connect_timeout_ms", "1.5"),
        ("StsConnectionTimeout", "soon"),
        ("sslmode", "prefer"),
        ("IAMDuration", "899"),
    ] {
        for (how, made) in databases(name, value) {
            let error = made.err().unwrap_or_else(|| panic!("{how} is accepted"));
            assert_eq!(error.status, Status::InvalidArguments, "{how}: {error}");
        }
    }
}

#[test]
fn the_lists_here_hold_every_name_of_another_shape() {
    let listed: Vec<String> = TRANSLATED
        .iter()
        .map(|(name, ..)| *name)
        .chain(REFUSED.iter().flat_map(|(names, ..)| names.iter().copied()))
        .map(str::to_ascii_lowercase)
        .collect();
    for name in spellings::TABLE.iter().flat_map(|spelling| spelling.names) {
        assert!(listed.iter().any(|listed| listed == name), "{name} is not listed");
    }
}

#[test]
fn spellings_that_contradict_are_an_error_by_key_and_in_the_uri() {
    for by_key in [
        [("redshift.cluster_type", "redshift-iam"), ("adbc.redshift.auth.method", "password")],
        [("username", "ana"), ("adbc.redshift.iam.db_user", "bob")],
    ] {
        let error = database(&by_key).err().expect("a contradiction");
        assert_eq!(error.status, Status::InvalidArguments);
        assert!(by_key.iter().all(|(key, _)| error.message.contains(key)), "{error}");
    }
    for uri in [
        "redshift://?iam=true&auth.method=password",
        "redshift://?connect_timeout=3&connect_timeout_ms=5000",
        "redshift://?GroupFederation=1&iam.api=cluster",
        "redshift://?cluster_type=redshift-serverless&isServerless=false",
        "redshift://?db_user=a&DbUser=b",
        "redshift://ana@/?iam.db_user=bob",
    ] {
        let error = database(&[("uri", uri)]).err().unwrap_or_else(|| panic!("{uri} is accepted"));
        assert_eq!(error.status, Status::InvalidArguments, "{uri}: {error}");
        assert!(error.message.contains("different values"), "{uri}: {error}");
    }
    let agreeing =
        "redshift://?iam=true&plugin_name=BrowserSSOOIDC&connect_timeout=3&connect_timeout_ms=3000";
    assert_eq!(read(&database(&[("uri", agreeing)]).unwrap(), "auth.method").unwrap(), "sso");
}

#[test]
fn a_jdbc_url_is_told_how_to_be_written() {
    let error = database(&[("uri", "jdbc:redshift:iam://host:5439/dev")]).err().expect("no JDBC URL");
    assert!(error.message.contains("redshift://host:port/database?auth.method=iam"), "{error}");
}

#[test]
fn the_uri_of_another_driver_is_read_back_whole() {
    let uri = "redshift://h/dev?iam=true&ssl=true&Region=eu-west-1";
    assert_eq!(read(&database(&[("uri", uri)]).unwrap(), "uri").unwrap(), uri);
}

#[test]
fn the_other_drivers_options_log_in_to_cluster_and_workgroup() {
    let aws = SANDBOX.aws();
    let (id, secret) = (aws.access_key_id(), aws.secret_access_key());
    let keys = [
        ("redshift.aws.region", aws.region()),
        ("redshift.aws.access_key_id", id.as_str()),
        ("redshift.aws.secret_access_key", secret.as_str()),
        ("redshift.connect_timeout_ms", "20000"),
    ];
    let mut by_iam = keys.to_vec();
    by_iam.extend([
        ("redshift.cluster_type", "redshift-iam"),
        ("redshift.cluster_identifier", aws.cluster_identifier()),
        ("username", SANDBOX.user()),
    ]);
    assert_eq!(user(&SANDBOX, &by_iam).unwrap(), SANDBOX.user());
    let mut serverless = keys.to_vec();
    serverless.extend([
        ("redshift.cluster_type", "redshift-serverless"),
        ("redshift.workgroup_name", aws.workgroup()),
    ]);
    assert!(!user(&SANDBOX, &serverless).unwrap().is_empty());
}

#[test]
fn the_secret_key_may_be_given_as_the_password() {
    let aws = SANDBOX.aws();
    let (id, secret) = (aws.access_key_id(), aws.secret_access_key());
    let options = [
        ("adbc.redshift.auth.method", "iam"),
        ("adbc.redshift.aws.region", aws.region()),
        ("adbc.redshift.aws.access_key_id", id.as_str()),
        ("password", secret.as_str()),
        ("username", SANDBOX.user()),
        cluster(&SANDBOX),
    ];
    assert_eq!(user(&SANDBOX, &options).unwrap(), SANDBOX.user());
}

#[test]
fn without_the_cache_every_connection_fetches_its_credentials() {
    let sandbox = sandbox(SandboxConfig::default());
    let options = [cluster(&sandbox), ("username", sandbox.user()), ("adbc.redshift.cache.mode", "off")];
    for _ in 0..2 {
        with_keys(&sandbox, &options).unwrap();
    }
    assert_eq!(sandbox.aws().requests_of("GetClusterCredentials").len(), 2);
}

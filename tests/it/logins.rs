//! Every login method through the loaded library, against the sandbox's AWS side.

use std::sync::LazyLock;

use adbc_core::error::{Error, Status};
use redshift_sandbox::{BlockingSandbox, SandboxConfig};

use crate::support::{Options, query, sandbox, try_connect};

static APPROVING: LazyLock<BlockingSandbox> =
    LazyLock::new(|| sandbox(SandboxConfig { approve_sso: true, ..SandboxConfig::default() }));

/// The options that every AWS login here needs: the sandbox's services, files and CA.
pub(crate) fn with_common(sandbox: &BlockingSandbox, options: Options<'_>) -> Vec<(String, String)> {
    let aws = sandbox.aws();
    let file = |name: &str| aws.home().join(".aws").join(name).to_string_lossy().into_owned();
    let mut all = vec![
        ("adbc.redshift.target.database".to_owned(), sandbox.database().to_owned()),
        ("adbc.redshift.tls.root_cert".to_owned(), sandbox.ca_file().to_string_lossy().into_owned()),
        ("adbc.redshift.aws.endpoint_url".to_owned(), aws.aws_endpoint_url()),
        ("adbc.redshift.aws.config_file".to_owned(), file("config")),
        ("adbc.redshift.aws.credentials_file".to_owned(), file("credentials")),
        ("adbc.redshift.sso.token_cache".to_owned(), "memory".to_owned()),
        ("adbc.redshift.sso.flow".to_owned(), "device".to_owned()),
        ("adbc.redshift.sso.open_browser".to_owned(), "false".to_owned()),
    ];
    all.extend(options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    all
}

/// Logs in and answers the user that the database saw.
pub(crate) fn user(sandbox: &BlockingSandbox, options: Options<'_>) -> Result<String, Error> {
    let all = with_common(sandbox, options);
    let all: Vec<_> = all.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let mut connection = try_connect("redshift://", &all)?;
    let (_, batches) = query(&mut connection, "SELECT current_user::VARCHAR(128)");
    Ok(arrow_array::cast::AsArray::as_string::<i32>(batches[0].column(0)).value(0).to_owned())
}

pub(crate) fn cluster(sandbox: &BlockingSandbox) -> (&'static str, &str) {
    ("adbc.redshift.target.cluster_identifier", sandbox.aws().cluster_identifier())
}

pub(crate) fn workgroup(sandbox: &BlockingSandbox) -> (&'static str, &str) {
    ("adbc.redshift.target.workgroup", sandbox.aws().workgroup())
}

pub(crate) fn keys(sandbox: &BlockingSandbox) -> [(&'static str, String); 3] {
    let aws = sandbox.aws();
    [
        ("adbc.redshift.aws.region", aws.region().to_owned()),
        ("adbc.redshift.aws.access_key_id", aws.access_key_id()),
        ("adbc.redshift.aws.secret_access_key", aws.secret_access_key()),
    ]
}

pub(crate) fn with_keys(sandbox: &BlockingSandbox, more: Options<'_>) -> Result<String, Error> {
    let keys = keys(sandbox);
    let mut options: Vec<_> = keys.iter().map(|(key, value)| (*key, value.as_str())).collect();
    options.extend(more);
    user(sandbox, &options)
}

#[test]
fn access_keys_log_in_to_a_cluster_whose_endpoint_aws_tells() {
    let options = [cluster(&APPROVING), ("username", APPROVING.user())];
    assert_eq!(with_keys(&APPROVING, &options).unwrap(), APPROVING.user());
}

#[test]
fn with_a_host_only_the_credentials_call_is_sent() {
    let sandbox = sandbox(SandboxConfig::default());
    let port = sandbox.port().to_string();
    let host = [("adbc.redshift.target.host", "localhost"), ("adbc.redshift.target.port", port.as_str())];
    sandbox.aws().allow_only(Some(&["redshift:GetClusterCredentials"]));
    let options = [host[0], host[1], cluster(&sandbox), ("username", sandbox.user())];
    assert_eq!(with_keys(&sandbox, &options).unwrap(), sandbox.user());
    let operations: Vec<_> = sandbox.aws().requests().into_iter().map(|request| request.operation).collect();
    assert_eq!(operations, ["GetClusterCredentials"]);
}

#[test]
fn credentials_are_fetched_once_for_many_connections_and_again_when_the_server_says_expired() {
    let sandbox = sandbox(SandboxConfig::default());
    let options = [cluster(&sandbox), ("username", sandbox.user())];
    for _ in 0..3 {
        with_keys(&sandbox, &options).unwrap();
    }
    assert_eq!(sandbox.aws().requests_of("GetClusterCredentials").len(), 1);
    sandbox.aws().credentials().expire_all();
    with_keys(&sandbox, &options).unwrap();
    assert_eq!(sandbox.aws().requests_of("GetClusterCredentials").len(), 2);
}

#[test]
fn a_password_that_is_over_at_once_is_fetched_once_more_and_then_told() {
    let sandbox =
        sandbox(SandboxConfig { password_life: Some(std::time::Duration::ZERO), ..SandboxConfig::default() });
    let error = with_keys(&sandbox, &[cluster(&sandbox), ("username", sandbox.user())]).unwrap_err();
    assert_eq!(error.status, Status::Unauthenticated, "{error}");
    assert!(error.message.contains("IAM Authentication token has expired"), "{error}");
    assert_eq!(sandbox.aws().requests_of("GetClusterCredentials").len(), 2);
}

#[test]
fn a_profile_of_the_credentials_file_logs_in() {
    let options =
        [cluster(&APPROVING), ("adbc.redshift.aws.profile", "sandbox-keys"), ("username", APPROVING.user())];
    assert_eq!(user(&APPROVING, &options).unwrap(), APPROVING.user());
}

#[test]
fn without_a_database_user_the_identity_is_the_user() {
    let saw = with_keys(&APPROVING, &[cluster(&APPROVING)]).unwrap();
    assert!(!saw.is_empty() && saw != APPROVING.user(), "{saw}");
}

#[test]
fn both_sso_profile_forms_log_in() {
    for profile in ["sandbox-sso", "sandbox-sso-legacy"] {
        let options = [
            cluster(&APPROVING),
            ("adbc.redshift.sso.profile", profile),
            ("adbc.redshift.aws.region", APPROVING.aws().region()),
            ("username", APPROVING.user()),
        ];
        assert_eq!(user(&APPROVING, &options).unwrap(), APPROVING.user(), "{profile}");
    }
}

pub(crate) fn typed_sso(sandbox: &BlockingSandbox, more: Options<'_>) -> Result<String, Error> {
    let aws = sandbox.aws();
    let start_url = aws.sso_start_url();
    let mut options = vec![
        ("adbc.redshift.auth.method", "sso"),
        ("adbc.redshift.aws.region", aws.region()),
        ("adbc.redshift.sso.start_url", start_url.as_str()),
        ("adbc.redshift.sso.region", aws.sso_region()),
        ("adbc.redshift.sso.account_id", aws.sso_account_id()),
        ("adbc.redshift.sso.role_name", aws.sso_role_name()),
    ];
    options.extend(more);
    user(sandbox, &options)
}

#[test]
fn sso_typed_by_hand_logs_in() {
    let options = [cluster(&APPROVING), ("username", APPROVING.user())];
    assert_eq!(typed_sso(&APPROVING, &options).unwrap(), APPROVING.user());
}

#[test]
fn serverless_logs_in_by_keys_and_by_sso() {
    let by_keys = with_keys(&APPROVING, &[workgroup(&APPROVING)]).unwrap();
    let by_sso = typed_sso(&APPROVING, &[workgroup(&APPROVING)]).unwrap();
    assert_eq!(by_sso, APPROVING.aws().sso_database_user());
    assert_ne!(by_keys, by_sso);
}

#[test]
fn the_workgroup_may_be_typed_into_the_cluster_identifier() {
    let options = [
        ("adbc.redshift.target.cluster_identifier", APPROVING.aws().workgroup()),
        ("adbc.redshift.target.serverless", "true"),
    ];
    with_keys(&APPROVING, &options).unwrap();
}

#[test]
fn group_federation_of_the_jdbc_driver_is_what_serverless_does_anyway() {
    let aws = APPROVING.aws();
    let federated = ("adbc.redshift.iam.api", "cluster_with_iam");
    assert_eq!(with_keys(&APPROVING, &[federated, workgroup(&APPROVING)]).unwrap(), "IAM:sandbox-user");
    let uri = ("uri", "redshift:///dev?GroupFederation=true&isServerless=true");
    let typed = ("adbc.redshift.target.cluster_identifier", aws.workgroup());
    assert_eq!(with_keys(&APPROVING, &[uri, typed]).unwrap(), "IAM:sandbox-user");
}

#[test]
fn an_authentication_profile_says_where_to_log_in_and_as_whom() {
    let sandbox = sandbox(SandboxConfig::default());
    let aws = sandbox.aws();
    let content = serde_json::json!({
        "ClusterID": aws.cluster_identifier(),
        "DbUser": sandbox.user(),
        "DbName": sandbox.database(),
        "ssl": false,
        "enableFetchRingBuffer": true,
    });
    aws.put_authentication_profile("analysts", &content.to_string());
    let named = ("adbc.redshift.iam.auth_profile", "analysts");
    assert_eq!(with_keys(&sandbox, &[named]).unwrap(), sandbox.user());
    let operations: Vec<_> = aws.requests().into_iter().map(|request| request.operation).collect();
    assert_eq!(operations, ["DescribeAuthenticationProfiles", "DescribeClusters", "GetClusterCredentials"]);
    let error = with_keys(&sandbox, &[named, ("username", "nobody-there")]).unwrap_err();
    assert!(error.message.contains("nobody-there"), "what is set here wins: {error}");
}

#[test]
fn an_authentication_profile_that_cannot_be_used_is_named() {
    let sandbox = sandbox(SandboxConfig::default());
    sandbox.aws().put_authentication_profile("broken", "pl4nted-s3cret");
    sandbox.aws().put_authentication_profile("okta", r#"{"plugin_name": "OktaCredentialsProvider"}"#);
    for (name, status, expected) in [
        ("none", Status::InvalidArguments, "adbc.redshift.iam.auth_profile"),
        ("broken", Status::InvalidArguments, "holds no JSON object"),
        ("okta", Status::NotImplemented, "authentication profile \"okta\": 'plugin_name'"),
    ] {
        let options = [("adbc.redshift.iam.auth_profile", name), ("username", sandbox.user())];
        let error = with_keys(&sandbox, &options).unwrap_err();
        assert_eq!(error.status, status, "{error}");
        assert!(error.message.contains(expected), "{error}");
        assert!(!format!("{error:?}").contains("pl4nted"), "{error}");
    }
    sandbox.aws().allow_only(Some(&[]));
    let error = with_keys(&sandbox, &[("adbc.redshift.iam.auth_profile", "okta")]).unwrap_err();
    assert_eq!(error.status, Status::Unauthorized, "{error}");
    assert!(error.message.contains("allow redshift:DescribeAuthenticationProfiles"), "{error}");
    let options = [("adbc.redshift.auth.method", "password"), ("adbc.redshift.iam.auth_profile", "okta")];
    let error = user(&sandbox, &options).unwrap_err();
    assert!(error.message.contains("for logins by IAM and SSO"), "{error}");
}

#[test]
fn a_wrong_secret_is_unauthenticated_and_shown_nowhere() {
    let options = [
        cluster(&APPROVING),
        ("username", APPROVING.user()),
        ("adbc.redshift.aws.region", APPROVING.aws().region()),
        ("adbc.redshift.aws.access_key_id", &APPROVING.aws().access_key_id()),
        ("adbc.redshift.aws.secret_access_key", "planted-secret"),
    ];
    let error = user(&APPROVING, &options).unwrap_err();
    assert_eq!(error.status, Status::Unauthenticated, "{error}");
    assert!(!format!("{error:?}").contains("planted-secret"), "{error}");
    assert!(error.message.contains("AWS request id"), "{error}");
}

#[test]
fn a_denied_action_is_named() {
    let sandbox = sandbox(SandboxConfig::default());
    sandbox.aws().allow_only(Some(&[]));
    let error = with_keys(&sandbox, &[cluster(&sandbox), ("username", sandbox.user())]).unwrap_err();
    assert_eq!(error.status, Status::Unauthorized, "{error}");
    assert!(error.message.contains("redshift:"), "{error}");
}

#[test]
fn a_temporary_password_is_not_sent_without_tls() {
    let sandbox = sandbox(SandboxConfig::default());
    let options = [cluster(&sandbox), ("username", sandbox.user()), ("adbc.redshift.tls.mode", "disable")];
    let error = with_keys(&sandbox, &options).unwrap_err();
    assert_eq!(error.status, Status::InvalidArguments, "{error}");
    assert!(sandbox.aws().requests().is_empty(), "nothing was sent");
}

#[test]
fn contradictions_and_missing_fields_are_told_before_anything_is_sent() {
    let sandbox = sandbox(SandboxConfig::default());
    for (options, expected) in [
        (vec![("adbc.redshift.auth.method", "iam")], "adbc.redshift.target.cluster_identifier"),
        (vec![("adbc.redshift.sso.account_id", "123")], "12 digits"),
        (vec![("adbc.redshift.sso.start_url", "http://example.com/start")], "https URL"),
        (vec![cluster(&sandbox), ("adbc.redshift.aws.profile", "nobody")], "sandbox-keys"),
        (vec![cluster(&sandbox), ("adbc.redshift.aws.region", "mars")], "us-east-1"),
        (vec![("adbc.redshift.auth.method", "password")], "adbc.redshift.target.host"),
    ] {
        let error = user(&sandbox, &options).unwrap_err();
        assert_eq!(error.status, Status::InvalidArguments, "{error}");
        assert!(error.message.contains(expected), "{options:?}: {error}");
    }
    assert!(sandbox.aws().requests().is_empty(), "nothing was sent");
}

#[test]
fn the_profiles_that_can_sign_in_are_listed_without_network() {
    use adbc_core::options::{OptionDatabase, OptionValue};
    use adbc_core::{Driver as _, Optionable as _};
    let all = with_common(&APPROVING, &[]);
    let options =
        all.into_iter().map(|(key, value)| (OptionDatabase::from(key.as_str()), OptionValue::String(value)));
    let database = crate::support::driver().new_database_with_opts(options).unwrap();
    let list = database.get_option_string(OptionDatabase::from("adbc.redshift.sso.profiles")).unwrap();
    assert!(list.contains("sandbox-sso-legacy") && list.contains(&APPROVING.aws().sso_start_url()), "{list}");
    assert!(!list.contains("sandbox-keys"), "{list}");
}

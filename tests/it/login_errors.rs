//! What a login says when AWS, Identity Center or a file is not as it should be: the status, and what to do next.
//!
//! Through the loaded library, with the faults of the sandbox's AWS side. What the methods do when all is well is in
//! `logins`.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adbc_core::error::{Error, Status};
use adbc_core::options::{OptionDatabase, OptionValue};
use adbc_core::{Driver as _, Optionable as _};
use redshift_sandbox::aws::Fault;
use redshift_sandbox::{BlockingSandbox, SandboxConfig};

use crate::logins::{cluster, typed_sso, user, with_common, with_keys, workgroup};
use crate::support::{driver, sandbox};

/// One sandbox for all tests here, one test at a time: its faults and records are the test's own.
fn start() -> MutexGuard<'static, BlockingSandbox> {
    static SHARED: LazyLock<Mutex<BlockingSandbox>> = LazyLock::new(|| {
        Mutex::new(sandbox(SandboxConfig { approve_sso: true, ..SandboxConfig::default() }))
    });
    let sandbox = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let aws = sandbox.aws();
    aws.clear_faults();
    aws.allow_only(None);
    aws.approve_sso(true);
    aws.end_sso_sessions();
    aws.clear_requests();
    sandbox
}

/// Nothing that an earlier test was given is used again.
const UNCACHED: (&str, &str) = ("adbc.redshift.cache.mode", "off");

/// A fault, more options, and the error that follows.
type Case<'a> = (Fault, Vec<(&'a str, &'a str)>, Status, &'a [&'a str]);

fn assert_says(error: &Error, status: Status, texts: &[&str]) {
    assert_eq!(error.status, status, "{error}");
    for text in texts {
        assert!(error.message.contains(text), "'{text}' is missing: {error}");
    }
}

#[test]
fn each_refusal_of_aws_names_what_to_do() {
    let sandbox = start();
    let credentials = "GetClusterCredentials";
    let create = ("adbc.redshift.iam.auto_create", "true");
    let groups = ("adbc.redshift.iam.db_groups", "loaders");
    let cases: Vec<Case<'_>> = vec![
        (
            Fault::cluster_not_found(),
            vec![],
            Status::InvalidArguments,
            &["adbc.redshift.target.cluster_identifier", "adbc.redshift.aws.region", "sandbox-cluster"],
        ),
        (Fault::cluster_paused(), vec![], Status::IO, &["resume it", "status"]),
        (Fault::throttle(), vec![], Status::IO, &["wait and try again"]),
        (Fault::internal_error(), vec![], Status::IO, &["try again"]),
        (Fault::reset(), vec![], Status::IO, &["HTTPS_PROXY"]),
        (Fault::expired_token(), vec![], Status::Unauthenticated, &["expired", "renew the keys"]),
        (
            Fault::deny("redshift:DescribeClusters"),
            vec![],
            Status::Unauthorized,
            &["allow redshift:DescribeClusters", "user/sandbox-user"],
        ),
        (
            Fault::deny("redshift:GetClusterCredentials"),
            vec![],
            Status::Unauthorized,
            &["allow redshift:GetClusterCredentials"],
        ),
        (
            Fault::deny_on("redshift:GetClusterCredentials", ":dbname:"),
            vec![],
            Status::Unauthorized,
            &["dbname:<cluster>/<database>"],
        ),
        (
            Fault::deny("redshift:CreateClusterUser"),
            vec![create],
            Status::Unauthorized,
            &["adbc.redshift.iam.auto_create"],
        ),
        (
            Fault::deny("redshift:JoinGroup"),
            vec![groups],
            Status::Unauthorized,
            &["adbc.redshift.iam.db_groups"],
        ),
        (
            Fault::delay(Duration::from_secs(5)).on(credentials),
            vec![("adbc.redshift.aws.timeout_seconds", "1")],
            Status::Timeout,
            &["adbc.redshift.aws.timeout_seconds"],
        ),
    ];
    for (fault, more, status, texts) in cases {
        sandbox.aws().clear_faults();
        sandbox.aws().inject(fault);
        let mut options = vec![UNCACHED, cluster(&sandbox), ("username", sandbox.user())];
        options.extend(more);
        let error = with_keys(&sandbox, &options).unwrap_err();
        assert_says(&error, status, texts);
        if matches!(status, Status::Unauthenticated | Status::Unauthorized) {
            assert!(error.message.contains("AWS request id") && has_id(&error), "{error:?}");
        }
    }
}

fn has_id(error: &Error) -> bool {
    error.details.iter().flatten().any(|(key, _)| key == "aws_request_id")
}

#[test]
fn each_refusal_of_serverless_names_what_to_do() {
    let sandbox = start();
    let cases: Vec<(Fault, Status, &[&str])> = vec![
        (Fault::cluster_not_found(), Status::InvalidArguments, &["adbc.redshift.target.workgroup", "region"]),
        (Fault::cluster_paused(), Status::IO, &["no endpoint yet"]),
        (Fault::throttle(), Status::IO, &["wait and try again"]),
        (
            Fault::deny("redshift-serverless:GetWorkgroup"),
            Status::Unauthorized,
            &["allow redshift-serverless:GetWorkgroup"],
        ),
        (
            Fault::deny("redshift-serverless:GetCredentials"),
            Status::Unauthorized,
            &["allow redshift-serverless:GetCredentials"],
        ),
    ];
    for (fault, status, texts) in cases {
        sandbox.aws().clear_faults();
        sandbox.aws().inject(fault);
        let error = with_keys(&sandbox, &[UNCACHED, workgroup(&sandbox)]).unwrap_err();
        assert_says(&error, status, texts);
    }
}

#[test]
fn a_wrong_clock_is_corrected_by_what_aws_answers() {
    let sandbox = start();
    sandbox.aws().inject(Fault::clock(3600));
    let options = [UNCACHED, cluster(&sandbox), ("username", sandbox.user())];
    assert_eq!(with_keys(&sandbox, &options).unwrap(), sandbox.user());
}

#[test]
fn an_empty_host_needs_no_more_than_the_describing_action() {
    let sandbox = start();
    let aws = sandbox.aws();
    aws.allow_only(Some(&["redshift:DescribeClusters", "redshift:GetClusterCredentials"]));
    let options = [UNCACHED, cluster(&sandbox), ("username", sandbox.user())];
    assert_eq!(with_keys(&sandbox, &options).unwrap(), sandbox.user());
    aws.allow_only(Some(&["redshift-serverless:GetWorkgroup", "redshift-serverless:GetCredentials"]));
    assert_eq!(with_keys(&sandbox, &[UNCACHED, workgroup(&sandbox)]).unwrap(), "IAM:sandbox-user");
    let operations: Vec<_> = aws.requests().into_iter().map(|request| request.operation).collect();
    assert_eq!(operations, ["DescribeClusters", "GetClusterCredentials", "GetWorkgroup", "GetCredentials"]);
}

#[test]
fn with_a_host_serverless_needs_the_credentials_action_alone() {
    let sandbox = start();
    sandbox.aws().allow_only(Some(&["redshift-serverless:GetCredentials"]));
    let port = sandbox.aws().serverless_port().to_string();
    let host = sandbox.aws().serverless_host();
    let options = [
        UNCACHED,
        workgroup(&sandbox),
        ("adbc.redshift.target.host", host),
        ("adbc.redshift.target.port", &port),
    ];
    assert_eq!(with_keys(&sandbox, &options).unwrap(), "IAM:sandbox-user");
}

#[test]
fn a_role_that_is_not_assigned_lists_those_that_are() {
    let sandbox = start();
    let options = [
        UNCACHED,
        cluster(&sandbox),
        ("username", sandbox.user()),
        ("adbc.redshift.sso.role_name", "Nobody"),
    ];
    let error = typed_sso(&sandbox, &options).unwrap_err();
    assert_says(&error, Status::Unauthorized, &["No access", "Nobody", sandbox.aws().sso_role_name()]);
    let options = [UNCACHED, cluster(&sandbox), ("adbc.redshift.sso.account_id", "999999999999")];
    let error = typed_sso(&sandbox, &options).unwrap_err();
    assert_says(&error, Status::Unauthorized, &["accounts assigned to you", sandbox.aws().sso_account_id()]);
}

#[test]
fn a_role_whose_list_is_refused_too_is_still_told() {
    let sandbox = start();
    for operation in ["ListAccountRoles", "ListAccounts"] {
        sandbox.aws().inject(Fault::error(403, "ForbiddenException", "No access").on(operation));
    }
    let options = [UNCACHED, cluster(&sandbox), ("adbc.redshift.sso.role_name", "Nobody")];
    let error = typed_sso(&sandbox, &options).unwrap_err();
    assert_says(&error, Status::Unauthorized, &["Nobody", "adbc.redshift.sso.roles"]);
}

#[test]
fn accounts_and_roles_of_the_person_are_listed_and_fill_a_form() {
    let sandbox = start();
    let start_url = sandbox.aws().sso_start_url();
    let options = [
        ("adbc.redshift.sso.start_url", start_url.as_str()),
        ("adbc.redshift.sso.region", sandbox.aws().sso_region()),
        ("adbc.redshift.sso.account_id", sandbox.aws().sso_account_id()),
    ];
    let all = with_common(&sandbox, &options);
    let options =
        all.into_iter().map(|(key, value)| (OptionDatabase::from(key.as_str()), OptionValue::String(value)));
    let database = driver().new_database_with_opts(options).unwrap();
    let read = |key: &str| database.get_option_string(OptionDatabase::from(key));
    let accounts = read("adbc.redshift.sso.accounts").unwrap();
    assert!(accounts.starts_with("[{") && accounts.contains(sandbox.aws().sso_account_id()), "{accounts}");
    let roles = read("adbc.redshift.sso.roles").unwrap();
    assert!(roles.contains(sandbox.aws().sso_role_name()), "{roles}");
    // The sign-in for the first list served the second.
    assert_eq!(sandbox.aws().requests_of("StartDeviceAuthorization").len(), 1);
    sandbox.aws().end_sso_sessions();
    assert!(read("adbc.redshift.sso.roles").unwrap().contains(sandbox.aws().sso_role_name()));
    assert_eq!(
        sandbox.aws().requests_of("StartDeviceAuthorization").len(),
        2,
        "an ended session signs in anew"
    );
}

#[test]
fn a_configuration_file_that_cannot_be_used_is_named() {
    let sandbox = start();
    let folder = sandbox.aws().home().to_string_lossy().into_owned();
    let malformed = sandbox.aws().home().join("malformed");
    std::fs::write(&malformed, "[profile broken\nregion = us-east-1\n").unwrap();
    let malformed = malformed.to_string_lossy().into_owned();
    for path in [folder.as_str(), "/no/such/config", &malformed] {
        let options = [
            UNCACHED,
            cluster(&sandbox),
            ("adbc.redshift.aws.profile", "sandbox-keys"),
            ("adbc.redshift.aws.config_file", path),
        ];
        let error = user(&sandbox, &options).unwrap_err();
        assert_says(&error, Status::InvalidArguments, &[path]);
    }
    assert!(sandbox.aws().requests().is_empty(), "nothing was sent");
}

#[test]
fn a_sign_in_that_nobody_completes_times_out_and_asks_again_next_time() {
    let sandbox = start();
    sandbox.aws().approve_sso(false);
    let options = [UNCACHED, cluster(&sandbox), ("adbc.redshift.sso.timeout_seconds", "1")];
    let error = typed_sso(&sandbox, &options).unwrap_err();
    assert_says(&error, Status::Timeout, &["adbc.redshift.sso.timeout_seconds"]);
    sandbox.aws().approve_sso(true);
    let options = [UNCACHED, cluster(&sandbox), ("username", sandbox.user())];
    assert_eq!(typed_sso(&sandbox, &options).unwrap(), sandbox.user());
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_sent() {
    let sandbox = start();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let options = [
        UNCACHED,
        cluster(&sandbox),
        ("adbc.redshift.sso.flow", "pkce"),
        ("adbc.redshift.sso.listen_port", &port),
    ];
    let error = typed_sso(&sandbox, &options).unwrap_err();
    assert_says(&error, Status::IO, &[&format!("127.0.0.1:{port}"), "adbc.redshift.sso.listen_port to 0"]);
    assert!(sandbox.aws().requests().is_empty(), "nothing was sent");
}

#[test]
fn iam_with_an_sso_profile_asks_nobody_and_says_how_to_sign_in() {
    let sandbox = start();
    let options = [
        cluster(&sandbox),
        ("adbc.redshift.auth.method", "iam"),
        ("adbc.redshift.aws.profile", "sandbox-sso"),
    ];
    let error = user(&sandbox, &options).unwrap_err();
    assert_says(&error, Status::Unauthenticated, &["aws sso login --sso-session sandbox"]);
    assert!(sandbox.aws().requests().is_empty(), "nothing was sent");
}

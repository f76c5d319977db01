//! Runs `tests/python/aws_clients.py`: the AWS side against botocore, boto3 and redshift_connector.
//!
//! Owns the set-up of each case (faults, approvals) and what the request log must show afterwards; the case itself
//! is the Python function of the name given.

use std::time::Duration;

use redshift_sandbox::aws::{AwsConfig, AwsSide, Fault, Lives};
use serde_json::{Value, json};

use crate::python;

fn start() -> AwsSide {
    let config = AwsConfig { custom_domain_name: Some("db.example.com".to_owned()), ..AwsConfig::default() };
    AwsSide::start(config).unwrap()
}

fn start_approving() -> AwsSide {
    let aws = start();
    aws.approve_sso(true);
    aws
}

fn run_with(aws: &AwsSide, case: &str, packages: &str, more: &Value) -> Option<String> {
    python::has(packages).then(|| python::run(aws, "aws_clients.py", case, more))
}

fn run(aws: &AwsSide, case: &str) -> Option<String> {
    run_with(aws, case, "botocore", &json!({}))
}

#[test]
fn signatures_agree_with_botocore() {
    run(&start(), "signatures_agree_with_botocore");
}

#[test]
fn wrong_signatures_are_refused() {
    run(&start(), "wrong_signatures_are_refused");
}

#[test]
fn redshift_operations_answer_and_their_credentials_count() {
    let aws = start();
    aws.put_authentication_profile("mine", r#"{"DbUser": "<alice>"}"#);
    if run(&aws, "redshift_operations").is_some() {
        let issued = aws.credentials().lookup("IAMA:alice:readers,writers").unwrap();
        assert_eq!(
            (issued.database_user.as_str(), issued.groups.len(), issued.auto_create),
            ("alice", 2, true)
        );
        assert!(!issued.is_expired());
        let first = &aws.requests_of("GetClusterCredentials")[0];
        assert_eq!(
            (first.parameter("AutoCreate"), first.signing_region.as_deref()),
            (None, Some("us-east-1"))
        );
        assert_eq!(first.signing_service.as_deref(), Some("redshift"));
    }
}

#[test]
fn redshift_refuses_what_redshift_refuses() {
    let aws = start();
    run(&aws, "redshift_refusals");
    assert_eq!(aws.credentials().count(), 0);
}

#[test]
fn serverless_operations_answer() {
    run(&start(), "serverless_operations");
}

#[test]
fn serverless_refuses_what_serverless_refuses() {
    let aws = start();
    run(&aws, "serverless_refusals");
    assert_eq!(aws.credentials().count(), 0);
}

#[test]
fn sts_operations_answer() {
    run(&start(), "sts_operations");
}

#[test]
fn expired_sessions_are_named() {
    let aws = start();
    if let Some(keys) = run(&aws, "assume_role_prints_keys") {
        aws.expire_role_sessions();
        let keys: Value = serde_json::from_str(&keys).unwrap();
        run_with(&aws, "expired_session_is_named", "botocore", &json!({ "session": keys }));
    }
}

#[test]
fn throttled_calls_are_retried_by_botocore() {
    let aws = start();
    aws.inject(Fault::throttle().times(2));
    run(&aws, "throttling_is_retried");
}

#[test]
fn faults_have_the_codes_of_aws() {
    let aws = start();
    aws.inject(Fault::internal_error().on("GetCallerIdentity"));
    aws.inject(Fault::cluster_not_found().on("GetClusterCredentials").times(1));
    aws.inject(Fault::deny("redshift:JoinGroup"));
    aws.inject(Fault::cluster_paused());
    run(&aws, "faults_have_their_codes");
}

#[test]
fn a_wrong_clock_is_told() {
    let aws = start();
    aws.inject(Fault::clock(3600));
    run(&aws, "wrong_clock_is_told");
}

#[test]
fn the_least_policy_suffices_for_the_least_call() {
    let aws = start();
    aws.allow_only(Some(&["redshift:GetClusterCredentials"]));
    run(&aws, "minimal_policy_suffices");
}

#[test]
fn identity_center_operations_answer() {
    run(&start_approving(), "sso_operations");
}

#[test]
fn oidc_errors_are_typed_exceptions() {
    run(&start(), "oidc_errors_are_typed");
}

#[test]
fn a_cached_login_serves_both_profile_forms() {
    let aws = start_approving();
    if run(&aws, "profiles_use_a_cached_login").is_some() {
        assert!(aws.requests_of("CreateToken").iter().all(|request| !request.signed));
        assert!(aws.requests_of("GetRoleCredentials").iter().all(|request| !request.signed));
    }
}

#[test]
fn botocore_refreshes_a_token_that_ran_out() {
    let aws = start_approving();
    if run(&aws, "botocore_refreshes_its_token").is_some() {
        let grants = aws.requests_of("CreateToken");
        assert_eq!(grants.last().unwrap().parameter("grantType"), Some("refresh_token"));
    }
}

#[test]
fn redshift_connector_gets_its_login() {
    run_with(&start(), "redshift_connector_gets_its_login", "redshift_connector, boto3", &json!({}));
}

#[test]
fn lives_shorter_than_aws_allows_are_served() {
    let lives = Lives { database_credentials: Some(Duration::ZERO), ..Lives::default() };
    let aws = AwsSide::start(AwsConfig { lives, ..AwsConfig::default() }).unwrap();
    if run(&aws, "short_life").is_some() {
        assert!(aws.credentials().lookup("IAM:alice").unwrap().is_expired());
    }
}

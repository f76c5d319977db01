//! Runs the Python programs of `tests/python`, each case in a process of its own with a private HOME.
//!
//! Owns the contract that they read and the skipping: the Python is `$SANDBOX_PYTHON` or `python3`; without the
//! packages a case says so and is skipped, except where `CI` is set: there it fails.

use std::io::Write as _;
use std::process::Command;

use redshift_sandbox::aws::AwsSide;
use serde_json::{Value, json};

/// The contract that the Python side reads.
fn contract(aws: &AwsSide, more: &Value) -> String {
    let mut contract = json!({
        "aws_endpoint_url": aws.aws_endpoint_url(),
        "region": aws.region(),
        "access_key_id": aws.access_key_id(),
        "secret_access_key": aws.secret_access_key(),
        "cluster_identifier": aws.cluster_identifier(),
        "workgroup": aws.workgroup(),
        "serverless_host": aws.serverless_host(),
        "sso_start_url": aws.sso_start_url(),
        "sso_region": aws.sso_region(),
        "sso_account_id": aws.sso_account_id(),
        "sso_role_name": aws.sso_role_name(),
        "sso_database_user": aws.sso_database_user(),
        "role_arn": aws.role_arn(),
        "web_identity_token": aws.web_identity_token(),
    });
    contract.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    contract.to_string()
}

fn python() -> String {
    std::env::var("SANDBOX_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether the packages are there.
pub(crate) fn has(packages: &str) -> bool {
    let found = Command::new(python()).args(["-c", &format!("import {packages}")]).output();
    found.is_ok_and(|output| output.status.success()) || skipped(packages)
}

/// Says that something is missing; where `CI` is set nothing may be.
pub(crate) fn skipped(needs: &str) -> bool {
    assert!(std::env::var_os("CI").is_none(), "{needs} is missing ({})", python());
    // Not eprintln!, which the test harness hides when a test passes.
    std::io::stderr().write_all(format!("SKIPPED (needs {needs})\n").as_bytes()).unwrap();
    false
}

/// Runs a case and returns what it printed.
pub(crate) fn run(aws: &AwsSide, script: &str, case: &str, more: &Value) -> String {
    let script = format!("{}/tests/python/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python())
        .args([&script, case])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", aws.home())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("SANDBOX", contract(aws, more))
        .output()
        .unwrap();
    assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

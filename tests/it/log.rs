//! The log through the loaded library: what it tells, and what it must never tell.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use adbc_core::Statement as _;
use adbc_core::error::Status;
use serde_json::Value;

use crate::logins::{cluster, typed_sso, with_keys};
use crate::support::{SANDBOX, connect, query, sandbox, statement, try_connect};
use redshift_sandbox::SandboxConfig;

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

fn has(lines: &[Value], fields: &[(&str, &str)]) -> bool {
    lines.iter().any(|line| fields.iter().all(|(name, value)| line[name].as_str() == Some(value)))
}

/// One test, because there is one log in a process.
#[test]
fn the_log_tells_each_step_and_no_secret() {
    let sandbox = sandbox(SandboxConfig { approve_sso: true, ..SandboxConfig::default() });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("driver.log");
    let log = [
        ("adbc.redshift.log.level", "trace"),
        ("adbc.redshift.log.file", file.to_str().unwrap()),
        ("adbc.redshift.log.format", "json"),
    ];
    let mut connection = connect(&sandbox.uri(), &log);
    query(&mut connection, "SELECT 42 AS logged_statement");
    statement(&mut connection, "SELECT no_such_column").execute_update().unwrap_err();
    drop(connection);
    let target = [cluster(&sandbox), ("username", sandbox.user()), log[0], log[1], log[2]];
    with_keys(&sandbox, &target).unwrap();
    let issued = sandbox.aws().credentials().lookup(&format!("IAM:{}", sandbox.user())).unwrap();
    typed_sso(&sandbox, &target).unwrap();

    let lines = lines(&file);
    for step in ["resolve", "tcp", "tls", "login"] {
        assert!(has(&lines, &[("step", step), ("level", "DEBUG")]), "{step}: {lines:#?}");
    }
    for action in ["redshift:DescribeClusters", "redshift:GetClusterCredentials", "sso:GetRoleCredentials"] {
        assert!(has(&lines, &[("action", action), ("message", "AWS answered")]), "{action}: {lines:#?}");
    }
    assert!(
        has(&lines, &[("message", "logged in"), ("level", "INFO"), ("user", &issued.user)]),
        "{lines:#?}"
    );
    assert!(has(&lines, &[("sql", "SELECT 42 AS logged_statement"), ("level", "TRACE")]), "{lines:#?}");
    assert!(has(&lines, &[("message", "statement answered"), ("sqlstate", "42703")]), "{lines:#?}");
    assert!(has(&lines, &[("message", "connection closed")]), "{lines:#?}");
    let text = fs::read_to_string(&file).unwrap();
    for secret in [sandbox.password(), &sandbox.aws().secret_access_key(), &issued.password] {
        assert!(!secret.is_empty() && !text.contains(secret), "a secret is in {text}");
    }
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    connect(&SANDBOX.uri(), &[("adbc.redshift.log.level", "off")]);
    let ended = fs::metadata(&file).unwrap().len();
    connect(&SANDBOX.uri(), &[]);
    assert_eq!(fs::metadata(&file).unwrap().len(), ended);

    let elsewhere = folder.path().join("nowhere/driver.log");
    let options = [log[0], ("adbc.redshift.log.file", elsewhere.to_str().unwrap())];
    let error = try_connect(&SANDBOX.uri(), &options).err().expect("the file cannot be written");
    assert_eq!(error.status, Status::InvalidArguments, "{error}");
    assert!(error.message.contains("log.file") && error.message.contains("nowhere"), "{error}");
}

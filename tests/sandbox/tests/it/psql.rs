//! psql against the sandbox: TLS with full verification, errors, refusals.

use std::process::{Command, Output};

use redshift_sandbox::{AuthMode, BlockingSandbox, Sandbox, SandboxConfig};

fn start(config: SandboxConfig) -> BlockingSandbox {
    Sandbox::start_blocking(config).unwrap()
}

fn psql(sandbox: &Sandbox, changes: &[(&str, &str)], statements: &[&str]) -> Output {
    let mut command = Command::new("psql");
    command
        .args(["-X", "-A", "-t", "-q"])
        .env("PGHOST", sandbox.host())
        .env("PGPORT", sandbox.port().to_string())
        .env("PGUSER", sandbox.user())
        .env("PGPASSWORD", sandbox.password())
        .env("PGDATABASE", sandbox.database())
        .env("PGSSLMODE", "verify-full")
        .env("PGSSLROOTCERT", sandbox.ca_file())
        .env("PGCONNECT_TIMEOUT", "30")
        .envs(changes.iter().copied());
    for statement in statements {
        command.args(["-c", statement]);
    }
    command.output().expect("psql is installed (Debian: postgresql-client)")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn psql_logs_in_under_full_verification_and_reads() {
    for auth in [AuthMode::Cleartext, AuthMode::Md5] {
        let sandbox = start(SandboxConfig { auth, ..SandboxConfig::default() });
        let output = psql(
            &sandbox,
            &[],
            &[
                "CREATE TABLE t (a int NOT NULL, b text, c numeric(8,2))",
                "INSERT INTO t VALUES (1, 'x', 12.34)",
                "SELECT * FROM t",
                "SELECT current_database(), current_user",
            ],
        );
        assert_eq!(stdout(&output), "1|x|12.34\ndev|awsuser", "{}", stderr(&output));
    }
}

#[test]
fn psql_stores_and_shows_the_types_of_redshift() {
    let sandbox = start(SandboxConfig::default());
    let output = psql(
        &sandbox,
        &[],
        &[
            "CREATE TABLE t (s SUPER, v VARBYTE(4), y INTERVAL YEAR TO MONTH)",
            "INSERT INTO t VALUES (JSON_PARSE('[1]'), 'ab', '37 months')",
            "SELECT * FROM t",
            "SELECT s::SUPER, v::VARCHAR FROM t",
        ],
    );
    assert_eq!(stdout(&output), "[1]|6162|3 years 1 mons\n[1]|ab", "{}", stderr(&output));
}

#[test]
fn certificate_holds_for_the_loopback_addresses() {
    let sandbox = start(SandboxConfig::default());
    let output = psql(&sandbox, &[("PGHOST", "127.0.0.1")], &["SELECT 1"]);
    assert_eq!(stdout(&output), "1", "{}", stderr(&output));
}

#[test]
fn version_has_redshifts_form() {
    let sandbox = start(SandboxConfig::default());
    let version = stdout(&psql(&sandbox, &[], &["SELECT version()"]));
    assert!(version.starts_with("PostgreSQL 8.0.2 on "), "{version}");
    assert!(version.contains(", Redshift 1.0."), "{version}");
}

#[test]
fn failed_logins_get_the_words_of_a_cluster() {
    let sandbox = start(SandboxConfig::default());
    let rejected = r#"FATAL:  password authentication failed for user"#;
    for (changes, words) in [
        (("PGPASSWORD", "wrong"), rejected),
        (("PGUSER", "stranger"), rejected),
        (("PGDATABASE", "nowhere"), r#"FATAL:  database "nowhere" does not exist"#),
    ] {
        let output = psql(&sandbox, &[changes], &["SELECT 1"]);
        assert!(!output.status.success());
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn plain_connections_are_taken_unless_tls_is_required() {
    let open = start(SandboxConfig::default());
    let plain = [("PGSSLMODE", "disable")];
    assert_eq!(stdout(&psql(&open, &plain, &["SELECT 1"])), "1");
    let strict = start(SandboxConfig { require_tls: true, ..SandboxConfig::default() });
    let output = psql(&strict, &plain, &["SELECT 1"]);
    let words =
        r#"no pg_hba.conf entry for host "::ffff:127.0.0.1", user "awsuser", database "dev", SSL off"#;
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
    assert_eq!(stdout(&psql(&strict, &[], &["SELECT 1"])), "1");
}

#[test]
fn refused_statement_fails_the_transaction_block() {
    let sandbox = start(SandboxConfig::default());
    let output = psql(&sandbox, &[], &["BEGIN", "SAVEPOINT s", "SELECT 1", "ROLLBACK", "SELECT 2"]);
    assert_eq!(stdout(&output), "2");
    let errors = stderr(&output);
    assert!(errors.contains("SQL command \"SAVEPOINT s\" not supported."), "{errors}");
    assert!(errors.contains("current transaction is aborted"), "{errors}");
}

#[test]
fn copy_from_the_client_is_refused_and_the_session_goes_on() {
    let sandbox = start(SandboxConfig::default());
    let statements = ["CREATE TABLE t (a int)", "COPY t FROM STDIN", "COPY t TO STDOUT", "SELECT 1"];
    let output = psql(&sandbox, &[], &statements);
    assert_eq!(stdout(&output), "1");
    assert!(stderr(&output).contains("LOAD source is not supported."), "{}", stderr(&output));
}

#[test]
fn latency_delays_every_round_trip() {
    let latency = std::time::Duration::from_millis(20);
    let sandbox = start(SandboxConfig { latency, ..SandboxConfig::default() });
    let started = std::time::Instant::now();
    assert_eq!(stdout(&psql(&sandbox, &[("PGSSLMODE", "disable")], &["SELECT 1"])), "1");
    // Startup, password and query: three round trips of two delays each.
    assert!(started.elapsed() >= latency * 6, "{:?}", started.elapsed());
}

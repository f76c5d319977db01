//! The program as a person uses it, against the sandbox.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // OK because tests end by panicking.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use redshift_sandbox::{BlockingSandbox, Sandbox, SandboxConfig};

static SANDBOX: LazyLock<BlockingSandbox> =
    LazyLock::new(|| sandbox(SandboxConfig { approve_sso: true, ..SandboxConfig::default() }));

fn sandbox(config: SandboxConfig) -> BlockingSandbox {
    Sandbox::start_blocking(config).expect("the sandbox starts")
}

/// The program, with nothing of the user's own around it.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redshift-adbc"));
    let home = SANDBOX.aws().home();
    command.args(arguments).env_clear().env("HOME", home).env("REDSHIFT_URI", SANDBOX.uri());
    command.env("ADBC_PROFILE_PATH", home.join("profiles")).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

/// What it prints, once it has ended well.
#[track_caller]
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The program, logging in by the sandbox's AWS side and without a URI.
fn by_aws(arguments: &[&str]) -> Command {
    let aws = SANDBOX.aws();
    let mut command = program(arguments);
    command.env_remove("REDSHIFT_URI");
    for (key, value) in [
        ("aws.endpoint_url", aws.aws_endpoint_url()),
        ("sso.flow", "device".into()),
        ("target.database", SANDBOX.database().into()),
        ("tls.root_cert", SANDBOX.ca_file().display().to_string()),
    ] {
        command.arg("--set").arg(format!("{key}={value}"));
    }
    command
}

const ROWS: &str = "SELECT n::bigint AS number, 'row ' || n AS label FROM generate_series(1, 3) AS s(n)";

#[test]
fn a_result_is_a_table() {
    let output = run(&["query", ROWS]);
    assert_eq!(
        stdout(&output),
        "number │ label\n───────┼──────\n     1 │ row 1\n     2 │ row 2\n     3 │ row 3\n"
    );
    assert_eq!(stderr(&output), "3 rows\n");
}

#[test]
fn a_table_stops_at_its_limit_and_says_so() {
    let output = run(&["query", "--rows", "2", ROWS]);
    assert_eq!(stdout(&output).lines().count(), 4);
    assert!(stderr(&output).starts_with("2 rows shown, more follow"), "{output:?}");
}

#[test]
fn a_statement_without_a_result_tells_the_rows_affected() {
    let sql = "CREATE TEMPORARY TABLE t AS SELECT 1 AS one";
    assert!(stderr(&run(&["query", sql])).contains(" in 0."), "{:?}", run(&["query", sql]));
}

#[test]
fn csv_goes_to_standard_output_and_the_query_may_come_from_standard_input() {
    let mut child = program(&["query", "--format", "csv"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"SELECT 1 AS one, 'a,b' AS two, NULL::integer AS three").unwrap();
    assert_eq!(stdout(&child.wait_with_output().unwrap()), "one,two,three\n1,\"a,b\",\n");
}

#[test]
fn parquet_and_arrow_files_hold_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let parquet = folder.path().join("rows.parquet");
    let output = run(&["query", ROWS, "--output", parquet.to_str().unwrap()]);
    assert!(output.status.success() && stderr(&output).starts_with("3 rows in "), "{output:?}");
    let mut reader = ParquetRecordBatchReader::try_new(File::open(&parquet).unwrap(), 10).unwrap();
    let from_parquet = reader.next().unwrap().unwrap();

    let arrow = folder.path().join("rows.arrow");
    assert!(run(&["query", ROWS, "-o", arrow.to_str().unwrap()]).status.success());
    let mut reader = arrow_ipc::reader::FileReader::try_new(File::open(&arrow).unwrap(), None).unwrap();
    let from_arrow = reader.next().unwrap().unwrap();
    assert_eq!(reader.schema().fields().len(), 2);
    assert_eq!((from_parquet.num_rows(), from_parquet.columns()), (3, from_arrow.columns()));
}

#[test]
fn a_failed_query_is_one_line_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    // Fails after the first batches were written.
    let sql = "SELECT 1 / (200000 - n) AS quotient FROM generate_series(1, 200000) AS s(n)";
    let output = run(&["query", sql, "-o", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).starts_with("error: ") && stderr(&output).lines().count() == 1, "{output:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn wrong_options_are_refused_in_the_drivers_words_and_wrong_usage_by_status_2() {
    for (wrong, words) in [("target.hots=example.com", "target.host'"), ("tls.mode=sometimes", "verify-full")]
    {
        let output = run(&["query", "SELECT 1", "--set", wrong]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(words) && stderr(&output).lines().count() == 1, "{output:?}");
    }
    assert_eq!(run(&["query", "--set", "nothing"]).status.code(), Some(2));
    assert_eq!(run(&["quary"]).status.code(), Some(2));
}

#[test]
fn a_connection_profile_names_the_target() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "profile_version = 1\ndriver = 'redshift'\n[Options]\nusername = '{}'\npassword = '{{{{ env_var(SECRET) }}}}'\n\
         adbc.redshift.target.host = '{}'\nadbc.redshift.target.port = {}\nadbc.redshift.target.database = '{}'\n\
         adbc.redshift.tls.root_cert = '{}'\n",
        SANDBOX.user(),
        SANDBOX.host(),
        SANDBOX.port(),
        SANDBOX.database(),
        SANDBOX.ca_file().display(),
    );
    fs::write(folder.path().join("warehouse.toml"), text).unwrap();
    let with_profile = |arguments: &[&str]| {
        let mut command = program(arguments);
        command.env_remove("REDSHIFT_URI").env("ADBC_PROFILE_PATH", folder.path());
        command.env("SECRET", SANDBOX.password()).output().unwrap()
    };
    let output = with_profile(&["query", "--profile", "warehouse", "--format", "csv", "SELECT 7 AS n"]);
    assert_eq!(stdout(&output), "n\n7\n");
    assert!(stdout(&with_profile(&["profiles"])).contains("  warehouse  "));
    let unknown = with_profile(&["query", "--profile", "wherehouse", "SELECT 1"]);
    assert!(stderr(&unknown).contains("warehouse"), "{unknown:?}");
}

#[test]
fn an_interrupt_cancels_the_query_on_the_server() {
    let mut child = program(&["query", "SELECT pg_sleep(600)"]).stderr(Stdio::piped()).spawn().unwrap();
    let sleeping = "SELECT count(*)::bigint AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' \
                    AND state = 'active'";
    let wait_until = |count: &str| {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let arguments = ["query", "--format", "csv", "--set", "tls.mode=disable", sleeping];
            let output = program(&arguments).env("REDSHIFT_URI", SANDBOX.postgres_uri()).output().unwrap();
            if stdout(&output) == format!("n\n{count}\n") {
                return;
            }
            assert!(Instant::now() < deadline, "never {count} sleeping");
        }
    };
    wait_until("1");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    wait_until("0");
}

#[test]
fn signing_in_lists_accounts_and_signing_out_ends_it() {
    // Its own home: other tests must not be signed out.
    let home = tempfile::tempdir().unwrap();
    copy_folder(&SANDBOX.aws().home().join(".aws"), &home.path().join(".aws"));
    let sso = |command: &str| by_aws(&[command, "sandbox-sso"]).env("HOME", home.path()).output().unwrap();
    let accounts = sso("login");
    assert!(stdout(&accounts).contains(SANDBOX.aws().sso_account_id()), "{accounts:?}");
    assert!(stderr(&sso("logout")).contains("Signed out."));
    assert!(stderr(&sso("logout")).contains("Nobody was signed in."));
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn aws_profiles_that_sign_in_by_sso_are_listed() {
    let listed = stdout(&run(&["profiles"]));
    assert!(listed.contains("sandbox-sso-legacy") && !listed.contains("sandbox-keys"), "{listed}");
}

#[track_caller]
fn check_doctor(output: &Output, expected: &[(&str, &str)]) {
    let text = String::from_utf8_lossy(&output.stdout);
    for (mark, step) in expected {
        let found = text.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(mark) && words.next() == Some(step)
        });
        assert!(found, "{mark} {step} is not in {output:?}");
    }
}

#[test]
fn the_doctor_finds_all_well() {
    let output = run(&["doctor"]);
    assert!(output.status.success(), "{output:?}");
    let steps = ["Options", "DNS", "Port", "TLS", "Login", "Query", "Clock"];
    check_doctor(&output, &steps.map(|step| ("ok", step)));
}

#[test]
fn the_doctor_names_the_step_that_fails_and_what_to_do() {
    let wrong = |option: &str| run(&["doctor", "--set", option]);
    let port = wrong("target.port=1");
    assert_eq!(port.status.code(), Some(1));
    check_doctor(&port, &[("ok", "DNS"), ("FAIL", "Port"), ("-", "TLS"), ("-", "Clock"), ("1.", "check")]);
    check_doctor(
        &wrong("target.host=no-such-host.invalid"),
        &[("ok", "Options"), ("FAIL", "DNS"), ("-", "Port")],
    );
    check_doctor(&wrong("tls.server_name=other.example"), &[("ok", "Port"), ("FAIL", "TLS"), ("-", "Login")]);
    check_doctor(&wrong("password=wrong"), &[("ok", "TLS"), ("FAIL", "Login"), ("-", "Query")]);
    check_doctor(&wrong("tls.mode=sometimes"), &[("FAIL", "Options"), ("-", "AWS"), ("-", "DNS")]);
}

#[test]
fn the_doctor_tells_which_aws_actions_are_allowed() {
    let cluster = format!("target.cluster_identifier={}", SANDBOX.aws().cluster_identifier());
    let user = format!("username={}", SANDBOX.user());
    let doctor = |profile: &str| {
        by_aws(&["doctor", "-s", &cluster, "-s", &user, "-s", &format!("aws.profile={profile}")])
            .output()
            .unwrap()
    };
    let well = doctor("sandbox-keys");
    assert!(
        stdout(&well).contains("redshift:GetClusterCredentials is allowed, which gave the user IAM:"),
        "{well:?}"
    );
    check_doctor(&doctor("nobody"), &[("ok", "Options"), ("FAIL", "AWS"), ("1.", "do")]);
    let keys = [
        "-s",
        "aws.access_key_id=AKIAWRONG",
        "-s",
        "aws.secret_access_key=planted",
        "-s",
        "aws.region=us-east-1",
    ];
    let mut arguments = vec!["doctor", "-s", &cluster, "-s", &user];
    arguments.extend(keys);
    let refused = by_aws(&arguments).output().unwrap();
    check_doctor(&refused, &[("ok", "Options"), ("FAIL", "AWS"), ("-", "DNS")]);
    assert!(!String::from_utf8_lossy(&refused.stdout).contains("planted"), "{refused:?}");
}

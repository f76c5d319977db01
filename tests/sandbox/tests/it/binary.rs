//! The binary: its line of JSON, and that nothing is left of it however it ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::DEADLINE;

struct Serving {
    child: Child,
    json: Value,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_redshift-sandbox"))
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, json: serde_json::from_str(&line).expect("one line of JSON") }
    }

    fn text(&self, key: &str) -> &str {
        self.json[key].as_str().unwrap()
    }

    fn directory(&self) -> PathBuf {
        Path::new(self.text("ca_file")).parent().unwrap().to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// The engine's process id, from the first line of the file that PostgreSQL keeps.
    fn engine(&self) -> Pid {
        let file = std::fs::read_to_string(self.directory().join("data/postmaster.pid")).unwrap();
        Pid::from_raw(file.lines().next().unwrap().parse().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        until("the sandbox has ended", || self.child.try_wait().unwrap().is_some());
    }
}

fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !reached() {
        assert!(Instant::now() < end, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn gone(process: Pid) -> bool {
    kill(process, None).is_err()
}

fn leaves_nothing_after(end: impl FnOnce(&mut Serving)) {
    let mut serving = Serving::start(&[]);
    let (directory, engine) = (serving.directory(), serving.engine());
    assert!(directory.exists() && !gone(engine));
    end(&mut serving);
    until("the sandbox has ended", || serving.child.try_wait().unwrap().is_some());
    assert!(serving.child.wait().unwrap().success());
    assert!(!directory.exists());
    assert!(gone(engine));
}

#[test]
fn end_of_standard_input_leaves_nothing() {
    leaves_nothing_after(|serving| drop(serving.child.stdin.take()));
}

#[test]
fn sigterm_leaves_nothing() {
    leaves_nothing_after(|serving| serving.signal(Signal::SIGTERM));
}

#[test]
fn sigint_leaves_nothing() {
    leaves_nothing_after(|serving| serving.signal(Signal::SIGINT));
}

#[test]
fn sigkill_leaves_nothing() {
    let mut serving = Serving::start(&[]);
    let (directory, engine) = (serving.directory(), serving.engine());
    serving.child.kill().unwrap();
    serving.child.wait().unwrap();
    until("the engine has ended", || gone(engine));
    until("the directory is gone", || !directory.exists());
}

#[test]
fn end_of_the_engine_ends_the_sandbox_with_an_error() {
    let mut serving = Serving::start(&[]);
    let directory = serving.directory();
    kill(serving.engine(), Signal::SIGQUIT).unwrap();
    until("the sandbox has ended", || serving.child.try_wait().unwrap().is_some());
    assert!(!serving.child.wait().unwrap().success());
    assert!(!directory.exists());
}

#[test]
fn json_has_the_contracts_keys_and_a_uri_that_escapes_the_password() {
    let serving = Serving::start(&[]);
    for key in ["host", "database", "user", "password", "ca_file", "uri", "postgres_uri"] {
        assert!(!serving.text(key).is_empty(), "{key}");
    }
    let (port, password) = (serving.json["port"].as_u64().unwrap(), serving.text("password"));
    let (escaped, ca_file) = (password.replace('@', "%40"), serving.text("ca_file"));
    assert_ne!(escaped, password);
    let expected = format!("redshift://awsuser:{escaped}@localhost:{port}/dev?tls.root_cert={ca_file}");
    assert_eq!(serving.text("uri"), expected);
}

#[test]
#[cfg(unix)]
fn ca_file_is_readable_by_others() {
    use std::os::unix::fs::PermissionsExt;

    let serving = Serving::start(&[]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(Path::new(serving.text("ca_file"))) & 0o777, 0o644);
    assert_eq!(mode(&serving.directory()) & 0o001, 0o001);
    assert_eq!(mode(&serving.directory().join("data")) & 0o077, 0);
}

#[test]
fn missing_postgresql_is_explained() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_redshift-sandbox"))
        .arg("serve")
        .env("REDSHIFT_SANDBOX_PG_BIN", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Held open, as its end would end the sandbox without an error.
    let _stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("REDSHIFT_SANDBOX_PG_BIN is /nonexistent"), "{words}");
}

#[test]
fn protocol_out_of_range_is_a_usage_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_redshift-sandbox"))
        .args(["serve", "--max-protocol", "9"])
        .stdin(Stdio::piped())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--max-protocol"));
}

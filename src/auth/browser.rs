//! Opens a URL in the person's browser, without a shell.
//!
//! It does not decide whether to open one. Invariant: the URL is one argument of a program, never part of a command
//! line that something parses.

use std::io;
use std::process::{Command, Stdio};

use super::environment::Environment;
use crate::platform;

/// Whether this machine is likely to show a browser to the person who waits.
pub(super) fn is_available(environment: &Environment) -> bool {
    if environment.variable("BROWSER").is_some() {
        return true;
    }
    let remote =
        environment.variable("SSH_CONNECTION").is_some() || environment.variable("SSH_TTY").is_some();
    platform::has_display(|name| environment.variable(name).is_some()) && !remote
}

/// Starts the first program that can be started; its exit is not awaited.
pub(super) fn open(environment: &Environment, url: &str) -> io::Result<()> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "no program to open a browser was found");
    for (program, arguments) in candidates(environment) {
        match spawn(&program, &arguments, url) {
            Ok(()) => return Ok(()),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn candidates(environment: &Environment) -> Vec<(String, Vec<&'static str>)> {
    let chosen = environment.variable("BROWSER").map(|program| (program, Vec::new()));
    let known = platform::BROWSERS.iter();
    let known = known.map(|(program, arguments)| ((*program).to_owned(), arguments.to_vec()));
    chosen.into_iter().chain(known).collect()
}

fn spawn(program: &str, arguments: &[&str], url: &str) -> io::Result<()> {
    let mut child = Command::new(program)
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // The child is reaped off to the side; on Unix it would stay a zombie in a long-lived host otherwise.
    std::thread::Builder::new().name("redshift-browser".into()).spawn(move || child.wait())?;
    Ok(())
}

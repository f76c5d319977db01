//! The login pages in a real browser: headless Chromium, driven by `tests/python/login_pages.py`.
//!
//! Needs Debian's `chromium` and `chromium-driver` and the Python package `selenium`; skipped without them, except
//! where `CI` is set. `$SANDBOX_SCREENSHOTS` names a folder that receives a picture of each page.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use redshift_sandbox::aws::{AwsConfig, AwsSide};
use serde_json::json;

use crate::python;

const BROWSER: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";

/// One browser at a time: five at once starve each other on a small machine.
static BROWSERS: Mutex<()> = Mutex::new(());

fn run(case: &str) {
    let _turn = BROWSERS.lock().unwrap_or_else(PoisonError::into_inner);
    let installed = Path::new(BROWSER).exists() && Path::new(DRIVER).exists();
    if !(installed || python::skipped("chromium")) || !python::has("selenium") {
        return;
    }
    let aws = AwsSide::start(AwsConfig::default()).unwrap();
    let more = json!({
        "browser": BROWSER,
        "driver": DRIVER,
        "screenshots": std::env::var("SANDBOX_SCREENSHOTS").ok(),
    });
    python::run(&aws, "login_pages.py", case, &more);
}

#[test]
fn a_person_allows_a_pkce_login() {
    run("pkce_allow");
}

#[test]
fn a_person_denies_a_pkce_login() {
    run("pkce_deny");
}

#[test]
fn a_person_allows_a_device_login() {
    run("device_allow");
}

#[test]
fn a_person_denies_a_device_login() {
    run("device_deny");
}

#[test]
fn a_person_types_the_code_of_a_device() {
    run("device_typed");
}

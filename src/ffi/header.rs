//! The checked-in C header: what cbindgen wrote at build time, with the option macros filled in.
//!
//! A test fails when `include/adbc_driver_redshift.h` is stale; with `UPDATE_HEADER=1` it writes the file instead, which
//! is how `make header` works. Invariant: an option key is spelled in the option table and nowhere else.

use std::fmt::Write;
use std::path::Path;

use crate::adbc::options::{self, PREFIX};

const FROM_CBINDGEN: &str = include_str!(concat!(env!("OUT_DIR"), "/adbc_driver_redshift.h"));
const PLACEHOLDER: &str = "@OPTION_MACROS@";

/// Keys and doc sentences of the driver's options: the seam to the option table.
fn options() -> Vec<(&'static str, &'static str)> {
    options::TABLE.iter().map(|spec| (spec.key, spec.doc)).collect()
}

/// One `#define` per option of ours; the standard keys are in `adbc.h`.
fn macros(options: &[(&str, &str)]) -> String {
    let mut text = String::from("/* Option names; the comment says what each is for. */\n");
    for (key, doc) in options {
        if let Some(name) = key.strip_prefix(PREFIX) {
            let name = name.replace('.', "_").to_uppercase();
            let doc = doc.replace("*/", "* /");
            write!(text, "\n/** {doc} */\n#define ADBC_REDSHIFT_OPTION_{name} \"{key}\"\n").unwrap();
        }
    }
    text.trim_end().to_owned()
}

#[test]
fn the_header_is_up_to_date() {
    assert!(FROM_CBINDGEN.contains(PLACEHOLDER), "cbindgen.toml lost {PLACEHOLDER}");
    let expected = FROM_CBINDGEN.replace(PLACEHOLDER, &macros(&options()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/adbc_driver_redshift.h");
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "include/adbc_driver_redshift.h is stale; run `make header`");
}

#[test]
fn macros_follow_the_keys() {
    let text = macros(&[
        ("uri", "Standard, so not ours."),
        ("adbc.redshift.tls.root_cert", "PEM file */ with roots."),
    ]);
    assert!(text.ends_with(
        "/** PEM file * / with roots. */\n#define ADBC_REDSHIFT_OPTION_TLS_ROOT_CERT \"adbc.redshift.tls.root_cert\""
    ));
    assert!(!text.contains("uri"));
}

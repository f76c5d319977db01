//! The layers of `src/lib.rs`, as the source files have them.

use std::fs;
use std::path::{Path, PathBuf};

/// A module and the modules that it may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("ffi", &["adbc"]),
    ("adbc", &["auth", "data_rows", "platform", "secret", "session", "types"]),
    ("auth", &["platform", "secret"]),
    ("session", &["data_rows", "platform", "secret"]),
    ("types", &["data_rows", "span"]),
    ("data_rows", &["span"]),
    ("secret", &[]),
    ("span", &[]),
    ("platform", &[]),
];

/// A crate or word and the modules that may name it.
const CONFINED: &[(&str, &[&str])] = &[
    ("adbc_core", &["adbc", "ffi"]),
    ("adbc_ffi", &["ffi"]),
    ("arrow_array", &["adbc", "ffi", "types"]),
    ("arrow_schema", &["adbc", "ffi", "types"]),
    ("rustix", &["platform"]),
    ("target_os", &["platform"]),
    ("tokio_rustls", &["session"]),
    ("unsafe", &["ffi"]),
];

fn source_files() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(&root).unwrap().to_path_buf();
                let first = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
                let module = first.trim_end_matches(".rs").to_owned();
                files.push((module, relative, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files
}

/// The code of a line, without comments.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    code(line).split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'))
}

#[test]
fn modules_name_only_the_layers_below_them() {
    let mut edges = 0;
    for (module, path, text) in source_files() {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            assert_eq!(module, "lib", "{} belongs to no layer", path.display());
            continue;
        };
        for line in text.lines() {
            for target in code(line).split("crate::").skip(1) {
                let target = target.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                edges += 1;
                assert!(
                    target == module || allowed.contains(&target),
                    "{}: '{module}' must not know '{target}': {line}",
                    path.display()
                );
            }
        }
    }
    assert!(edges > 20, "the test reads no imports: {edges}");
}

#[test]
fn crates_and_unsafe_stay_in_their_layers() {
    for (module, path, text) in source_files() {
        for line in text.lines() {
            for (word, modules) in CONFINED {
                assert!(
                    modules.contains(&module.as_str()) || !words(line).any(|found| found == *word),
                    "{}: '{word}' belongs to {modules:?}: {line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_file_opens_with_what_it_owns() {
    for (_, path, text) in source_files() {
        assert!(text.starts_with("//! "), "{} has no header", path.display());
    }
}

/// The constants and functions that a file of `platform` offers, each as its declaration without the body.
fn offers(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/platform").join(file);
    let text = fs::read_to_string(path).unwrap();
    let declarations = text.split("\npub(crate) ").skip(1).map(|rest| rest.split(" = ").next().unwrap());
    let mut offers: Vec<_> = declarations.map(|rest| rest.split(" {\n").next().unwrap().to_owned()).collect();
    offers.sort();
    offers
}

#[test]
fn the_operating_system_is_named_in_the_platform_files_only() {
    for (module, path, text) in source_files().into_iter().filter(|(module, ..)| module != "platform") {
        // Tests may look at modes and links.
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        let named = ["std::os::", "cfg(unix", "cfg(windows", "cfg!(unix", "cfg!(windows"]
            .iter()
            .find(|name| text.lines().any(|line| code(line).contains(**name)));
        assert!(is_test || named.is_none(), "{}: {named:?} in '{module}'", path.display());
    }
}

#[test]
fn the_platform_files_are_twins() {
    let unix = offers("unix.rs");
    assert!(unix.len() > 5, "the test reads no declarations: {unix:?}");
    assert_eq!(unix, offers("windows.rs"));
}

//! ADBC connection profiles: the TOML files that driver managers take options from.
//!
//! It reads them as the driver manager does (version 1): the same folders, nested tables as dotted keys, and
//! `{{ env_var(NAME) }}` in values. Values may be secrets, so no error quotes one.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use adbc_core::options::OptionValue;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::connect::{Options, key};
use crate::failure::{Failure, Result};

/// The options of a profile, by its name or the path of its file.
pub(crate) fn load(name: &str) -> Result<Options> {
    let path = find(name)?;
    let fail = |text: String| Failure::Told(format!("profile {}: {text}", path.display()));
    let text = fs::read_to_string(&path).map_err(|cause| fail(cause.to_string()))?;
    let table = parse(&text).map_err(fail)?;
    if let Some(driver) = driver(&table).filter(|driver| !is_ours(driver)) {
        return Err(fail(format!("it is for the driver '{driver}', not for 'redshift'")));
    }
    let mut options = Options::new();
    if let Some(values) = table.get("Options").and_then(|value| value.get_ref().as_table()) {
        flatten("", values, &mut options).map_err(fail)?;
    }
    Ok(options)
}

/// All profiles for this driver, by name.
pub(crate) fn list() -> Vec<(String, PathBuf)> {
    let entries = folders().into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(|path| is_profile(path)).collect();
    found.sort();
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    found.into_iter().map(|path| (name(&path), path)).collect()
}

/// Whether it is a profile for this driver.
fn is_profile(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    path.extension().is_some_and(|extension| extension == "toml")
        && parse(&text).is_ok_and(|table| driver(&table).is_some_and(is_ours))
}

/// Where driver managers look, first things first.
fn folders() -> Vec<PathBuf> {
    let listed = env::var_os("ADBC_PROFILE_PATH");
    let mut folders: Vec<PathBuf> = listed.iter().flat_map(env::split_paths).collect();
    folders.extend(env::var_os("CONDA_PREFIX").map(|prefix| Path::new(&prefix).join("etc/adbc/profiles")));
    let home = env::home_dir();
    if cfg!(target_os = "macos") {
        folders.extend(home.map(|home| home.join("Library/Application Support/ADBC/Profiles")));
    } else if cfg!(windows) {
        folders.extend(env::var_os("LOCALAPPDATA").map(|data| Path::new(&data).join("ADBC\\Profiles")));
    } else {
        let config = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| home.map(|home| home.join(".config")));
        folders.extend(config.map(|config| config.join("adbc/profiles")));
    }
    folders
}

fn find(name: &str) -> Result<PathBuf> {
    if name.ends_with(".toml") || name.contains(std::path::MAIN_SEPARATOR) {
        return Ok(PathBuf::from(name));
    }
    let folders = folders();
    let candidates = folders.iter().map(|folder| folder.join(format!("{name}.toml")));
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        let known: Vec<_> = list().into_iter().map(|(name, _)| name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Failure::Told(format!(
            "there is no profile '{name}' in {}; profiles there: {known}",
            folders.join(", ")
        ))
    })
}

fn parse(text: &str) -> std::result::Result<DeTable<'_>, String> {
    // The cause of a syntax error quotes its line, and with it a password perhaps.
    let table = DeTable::parse(text).map(Spanned::into_inner).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.lines().count());
        format!("it is not TOML, at line {}", line.unwrap_or_default().max(1))
    })?;
    let version = table.get("profile_version").and_then(|value| value.get_ref().as_integer());
    match version.map(|version| version.as_str()) {
        Some("1") => Ok(table),
        _ => Err("it needs the line 'profile_version = 1'".into()),
    }
}

fn driver<'a>(table: &'a DeTable<'_>) -> Option<&'a str> {
    table.get("driver").and_then(|value| value.get_ref().as_str())
}

/// The name of the manifest, or a path of the library.
fn is_ours(driver: &str) -> bool {
    driver == "redshift" || driver.contains("adbc_driver_redshift")
}

fn flatten(prefix: &str, table: &DeTable<'_>, options: &mut Options) -> std::result::Result<(), String> {
    for (name, value) in table {
        let name = format!("{prefix}{}", name.get_ref());
        let value = match value.get_ref() {
            DeValue::Table(inner) => {
                flatten(&format!("{name}."), inner, options)?;
                continue;
            }
            DeValue::String(text) => with_variables(&name, text)?,
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(flag) => flag.to_string(),
            _ => return Err(format!("option '{name}' is neither text, number nor boolean")),
        };
        options.push((key(&name), OptionValue::String(value)));
    }
    Ok(())
}

/// Replaces each `{{ env_var(NAME) }}`; a variable that is not set is empty.
fn with_variables(name: &str, text: &str) -> std::result::Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("{{") {
        let (expression, after) =
            inner.split_once("}}").ok_or_else(|| format!("option '{name}' has '{{{{' without '}}}}'"))?;
        let variable = expression.trim().strip_prefix("env_var(").and_then(|rest| rest.strip_suffix(')'));
        let variable = variable.filter(|variable| !variable.is_empty()).ok_or_else(|| {
            format!("option '{name}' has an expression other than '{{{{ env_var(NAME) }}}}'")
        })?;
        filled.push_str(before);
        filled.push_str(&env::var(variable).unwrap_or_default());
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // OK because a failed helper is a failed test.
mod tests {
    use super::*;

    fn options(text: &str) -> std::result::Result<Options, String> {
        let mut options = Options::new();
        flatten("", DeTable::parse(text).unwrap().get_ref(), &mut options)?;
        Ok(options)
    }

    #[test]
    fn nested_tables_are_dotted_keys_and_short_names_are_known() {
        let text = "username = 'me'\nadbc.redshift.target.port = 5440\ntarget.host = 'h'\n";
        let mut keys: Vec<_> = options(text).unwrap().into_iter().map(|(key, _)| key).collect();
        keys.sort();
        assert_eq!(keys, ["adbc.redshift.target.host", "adbc.redshift.target.port", "username"]);
    }

    #[test]
    fn variables_are_filled_in_and_other_expressions_refused() {
        let path = env::var("PATH").unwrap();
        assert_eq!(with_variables("k", "a {{ env_var(PATH) }} b").unwrap(), format!("a {path} b"));
        assert_eq!(with_variables("k", "{{env_var(NO_SUCH_VARIABLE_HERE)}}").unwrap(), "");
        for wrong in ["{{ env_var(PATH)", "{{ secret }}", "{{ env_var() }}"] {
            assert!(with_variables("k", wrong).unwrap_err().contains("'k'"), "{wrong}");
        }
    }

    #[test]
    fn a_syntax_error_names_the_line_and_quotes_nothing() {
        let error = parse("profile_version = 1\npassword = \"planted\n").unwrap_err();
        assert!(error.contains("line 2") && !error.contains("planted"), "{error}");
    }
}

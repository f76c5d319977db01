//! `profiles`: what can be named instead of typed.

use adbc_driver_redshift::adbc::options;
use serde_json::Value;

use crate::arguments::ConnectionArguments;
use crate::connect;
use crate::connection_profile;
use crate::failure::{Failure, Result};

pub(crate) fn run(connection: &ConnectionArguments) -> Result<()> {
    println!("Connection profiles (--profile NAME)");
    list(connection_profile::list().into_iter().map(|(name, path)| (name, path.display().to_string())));

    let database = connect::database(&connect::options(connection)?)?;
    let listed = database.get_option_string(options::SSO_PROFILES)?;
    let listed: Vec<Value> = serde_json::from_str(&listed).map_err(Failure::told)?;
    println!("\nAWS profiles with SSO (login NAME, or --set sso.profile=NAME)");
    list(listed.iter().map(|profile| (text(profile, "profile").to_owned(), described(profile))));
    Ok(())
}

fn list(entries: impl Iterator<Item = (String, String)>) {
    let entries: Vec<_> = entries.collect();
    let width = entries.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    for (name, what) in &entries {
        println!("  {name:width$}  {what}");
    }
    if entries.is_empty() {
        println!("  none");
    }
}

fn described(profile: &Value) -> String {
    match text(profile, "error") {
        "" => format!(
            "{} in account {} by {}",
            or_unknown(text(profile, "role_name")),
            or_unknown(text(profile, "account_id")),
            or_unknown(text(profile, "start_url")),
        ),
        error => format!("cannot be used: {error}"),
    }
}

fn text<'a>(profile: &'a Value, key: &str) -> &'a str {
    profile.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "(not set)" } else { text }
}

//! `login` and `logout`: the sign-in to AWS SSO (IAM Identity Center), shared with the AWS CLI.

use std::sync::Arc;

use adbc_driver_redshift::adbc::{Database, options};
use serde_json::Value;

use crate::arguments::{ConnectionArguments, SignInArguments};
use crate::connect;
use crate::failure::{Failure, Result};

/// Signs in, if nobody is, and lists the accounts.
pub(crate) fn login(connection: &ConnectionArguments, sign_in: &SignInArguments) -> Result<()> {
    let accounts = database(connection, sign_in)?.get_option_string(options::SSO_ACCOUNTS)?;
    let accounts: Vec<Value> = serde_json::from_str(&accounts).map_err(Failure::told)?;
    eprintln!("Signed in. Accounts that are open to you:");
    for account in &accounts {
        let text = |key: &str| account.get(key).and_then(Value::as_str).unwrap_or_default();
        println!("{}  {}", text("account_id"), text("name"));
    }
    Ok(())
}

/// Signs out.
pub(crate) fn logout(connection: &ConnectionArguments, sign_in: &SignInArguments) -> Result<()> {
    if database(connection, sign_in)?.sso_logout()? {
        eprintln!("Signed out.");
    } else {
        eprintln!("Nobody was signed in.");
    }
    Ok(())
}

fn database(connection: &ConnectionArguments, sign_in: &SignInArguments) -> Result<Arc<Database>> {
    let mut all = connect::options(connection)?;
    if let Some(profile) = &sign_in.sso_profile {
        all.push((options::SSO_PROFILE.to_owned(), profile.as_str().into()));
    }
    connect::database(&all)
}

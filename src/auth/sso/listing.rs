//! What a tool needs to fill a form: SSO profiles, and the accounts and roles of the person signed in.
//!
//! Answers are JSON text. [`profiles`] sends nothing. Invariant: nothing listed is a secret.

use aws_sdk_sso::Client;
use aws_sdk_sso::types::{AccountInfo, RoleInfo};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Sso;
use super::token::Token;
use crate::auth::api::Failure;
use crate::auth::cancellable;
use crate::auth::config::AuthConfig;
use crate::auth::environment::Environment;
use crate::auth::error::{Error, ErrorKind};
use crate::auth::{check, profile::Profiles};

/// The profiles with `sso_*` settings, as a JSON array of objects with `profile`, `sso_session`, `start_url`,
/// `sso_region`, `region`, `account_id`, `role_name`, and `error` for one that cannot be used as it is.
///
/// # Errors
///
/// [`ErrorKind::InvalidConfig`] when the files cannot be read or parsed.
pub(crate) async fn profiles(config: &AuthConfig, environment: &Environment) -> Result<String, Error> {
    let profiles = Profiles::load(&config.aws, environment, None).await?;
    let mut listed = Vec::new();
    for name in profiles.names() {
        let Some(profile) = profiles.find(name) else { continue };
        let region = profiles.region(name);
        match profiles.sso(profile) {
            Ok(None) => {}
            Ok(Some(sso)) => listed.push(json!({
                "profile": name,
                "sso_session": sso.session,
                "start_url": sso.start_url,
                "sso_region": sso.region,
                "region": region,
                "account_id": sso.account_id,
                "role_name": sso.role_name,
            })),
            Err(error) => {
                listed.push(json!({ "profile": name, "region": region, "error": error.to_string() }))
            }
        }
    }
    Ok(Value::from(listed).to_string())
}

/// The accounts that the person may use, as a JSON array of objects with `account_id`, `name` and `email`. Signs in
/// if need be, as the configured flow says.
///
/// # Errors
///
/// As a login.
pub(crate) async fn accounts(
    config: &AuthConfig,
    environment: Environment,
    cancel: &CancellationToken,
) -> Result<String, Error> {
    check::forms(config)?;
    let sso = Sso::new(config, environment);
    sso.with_token(cancel, async |client, token| {
        let listed: Vec<Value> = list_accounts(client, token)
            .await?
            .into_iter()
            .map(|account| {
                json!({
                    "account_id": account.account_id,
                    "name": account.account_name,
                    "email": account.email_address,
                })
            })
            .collect();
        Ok(Value::from(listed).to_string())
    })
    .await
}

/// The roles that the person may use in `sso.account_id`, as a JSON array of objects with `account_id` and
/// `role_name`. Signs in if need be, as the configured flow says.
///
/// # Errors
///
/// As a login; [`ErrorKind::NotConfigured`] without an account.
pub(crate) async fn roles(
    config: &AuthConfig,
    environment: Environment,
    cancel: &CancellationToken,
) -> Result<String, Error> {
    check::forms(config)?;
    let sso = Sso::new(config, environment);
    let (settings, _) = sso.settings(&sso.profiles().await?)?;
    let account_id = settings
        .account_id
        .ok_or_else(|| Error::missing("listing roles needs the account: set adbc.redshift.sso.account_id"))?;
    sso.with_token(cancel, async |client, token| {
        let listed: Vec<Value> = list_roles(client, token, &account_id)
            .await?
            .into_iter()
            .map(|role| json!({ "account_id": role.account_id, "role_name": role.role_name }))
            .collect();
        Ok(Value::from(listed).to_string())
    })
    .await
}

/// The ids of the accounts that the person may use.
pub(super) async fn account_ids(client: &Client, token: &Token) -> Result<Vec<String>, Error> {
    let accounts = list_accounts(client, token).await?;
    Ok(accounts.into_iter().filter_map(|account| account.account_id).collect())
}

/// The names of the roles that the person may use in an account.
pub(super) async fn role_names(
    client: &Client,
    token: &Token,
    account_id: &str,
) -> Result<Vec<String>, Error> {
    let roles = list_roles(client, token, account_id).await?;
    Ok(roles.into_iter().filter_map(|role| role.role_name).collect())
}

async fn list_accounts(client: &Client, token: &Token) -> Result<Vec<AccountInfo>, Error> {
    let mut pages = client.list_accounts().access_token(token.access_token.expose()).into_paginator().send();
    let mut listed = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| not_listed(Failure::new(&error), "sso:ListAccounts"))?;
        listed.extend(page.account_list.unwrap_or_default());
    }
    Ok(listed)
}

async fn list_roles(client: &Client, token: &Token, account_id: &str) -> Result<Vec<RoleInfo>, Error> {
    let request = client.list_account_roles().account_id(account_id);
    let mut pages = request.access_token(token.access_token.expose()).into_paginator().send();
    let mut listed = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| not_listed(Failure::new(&error), "sso:ListAccountRoles"))?;
        listed.extend(page.role_list.unwrap_or_default());
    }
    Ok(listed)
}

impl Sso {
    /// Runs a listing; a token that the portal no longer knows is replaced once.
    async fn with_token<F>(&self, cancel: &CancellationToken, list: F) -> Result<String, Error>
    where
        F: AsyncFn(&Client, &Token) -> Result<String, Error>,
    {
        let profiles = self.profiles().await?;
        let portal = self.portal(&profiles)?;
        let client = self.portal_client(&portal, &profiles)?;
        let flow = self.config.sso.flow;
        let token = self.token(&portal, flow, None, &profiles, cancel).await?;
        match cancellable(cancel, list(&client, &token)).await {
            Err(error) if error.kind() == ErrorKind::Rejected => {
                let token = self.token(&portal, flow, Some(&token), &profiles, cancel).await?;
                cancellable(cancel, list(&client, &token)).await
            }
            outcome => outcome,
        }
    }
}

fn not_listed(failure: Failure, action: &str) -> Error {
    match failure.code() {
        "Unauthorized" => {
            failure.error(ErrorKind::Rejected, action, "the Identity Center session has ended: log in again")
        }
        _ => failure.into_error(action),
    }
}

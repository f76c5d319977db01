//! The SSO portal: role credentials and what the signed-in person may use, for a bearer token.
//!
//! Owns the portal's checks and JSON; tokens are kept by `sso`. The invariant: `expiration` is in milliseconds,
//! and an account or role that is not assigned is 403 "No access", as the real portal answers.

use serde_json::{Value, json};

use super::failure::{Common, Failure};
use super::http::{Fields, Reply};
use super::identity::Principal;
use super::route::Service;
use super::server::Turn;
use super::sso::Account;
use super::world::World;

/// Answers one operation.
pub(crate) fn answer(world: &mut World, turn: &Turn<'_>) -> Result<Reply, Failure> {
    let token = turn.request.header("x-amz-sso_bearer_token").unwrap_or_default();
    if token.is_empty() {
        return Err(Failure::new(400, "InvalidRequestException", "Missing bearer token"));
    }
    let dead = || Failure::new(401, "UnauthorizedException", "Session token not found or invalid");
    let user = world.sso.user_of(token, turn.now).ok_or_else(dead)?;
    let fields = &turn.call.fields;
    let body = match turn.call.operation.as_str() {
        "GetRoleCredentials" => role_credentials(world, turn, &user)?,
        "ListAccounts" => {
            let accounts = world.sso.accounts.iter().map(account_json).collect();
            page(fields, "accountList", accounts)?
        }
        "ListAccountRoles" => {
            let account = assigned(world, fields)?;
            let role = |name| json!({ "roleName": name, "accountId": account.id });
            page(fields, "roleList", account.roles.iter().map(role).collect())?
        }
        "Logout" => {
            world.sso.end_session(token);
            return Ok(Reply::new(200, "application/json", String::new()));
        }
        other => {
            return Err(Failure::common(Service::Portal, Common::UnknownOperation(other.to_owned())));
        }
    };
    Ok(Reply::json("application/json", &body))
}

fn role_credentials(world: &mut World, turn: &Turn<'_>, user: &str) -> Result<Value, Failure> {
    let role = required(&turn.call.fields, "role_name")?;
    let account = assigned(world, &turn.call.fields)?;
    if !account.roles.iter().any(|assigned| assigned == role) {
        return Err(no_access());
    }
    let principal = Principal::Role {
        account_id: account.id.clone(),
        name: reserved_name(role),
        session: user.to_owned(),
    };
    let life = world.config.lives.role_credentials;
    let session = world.identities.start_session(principal, turn.now, life);
    Ok(json!({ "roleCredentials": {
        "accessKeyId": session.access_key_id,
        "secretAccessKey": session.secret_access_key,
        "sessionToken": session.session_token,
        "expiration": session.expires_at.as_millisecond(),
    }}))
}

/// The IAM role that Identity Center makes of a permission set.
pub(crate) fn reserved_name(permission_set: &str) -> String {
    format!("AWSReservedSSO_{permission_set}_0123456789abcdef")
}

fn account_json(account: &Account) -> Value {
    json!({ "accountId": account.id, "accountName": account.name, "emailAddress": account.email })
}

fn assigned<'a>(world: &'a World, fields: &Fields) -> Result<&'a Account, Failure> {
    let id = required(fields, "account_id")?;
    if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::new(400, "InvalidRequestException", format!("Invalid account id: {id}")));
    }
    world.sso.accounts.iter().find(|account| account.id == id).ok_or_else(no_access)
}

/// One page of a list: `max_result` entries from `next_token`.
fn page(fields: &Fields, name: &str, entries: Vec<Value>) -> Result<Value, Failure> {
    let number = |field, default: usize| match fields.text(field) {
        None => Ok(default),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| Failure::new(400, "InvalidRequestException", format!("Invalid {field}"))),
    };
    let (from, most) = (number("next_token", 0)?, number("max_result", 100)?.max(1));
    let rest = entries.len().saturating_sub(from);
    let taken: Vec<_> = entries.into_iter().skip(from).take(most).collect();
    let next = (rest > most).then(|| (from + most).to_string());
    Ok(json!({ name: taken, "nextToken": next }))
}

fn required<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, Failure> {
    fields.text(name).ok_or_else(|| Failure::new(400, "InvalidRequestException", format!("Missing {name}")))
}

fn no_access() -> Failure {
    Failure::new(403, "ForbiddenException", "No access")
}

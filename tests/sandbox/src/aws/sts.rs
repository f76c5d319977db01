//! AWS STS: `GetCallerIdentity`, `AssumeRole` and `AssumeRoleWithWebIdentity` in the query protocol.
//!
//! Owns their checks and XML; keys are kept by `identity`. The invariant: only the roles of this world can be
//! taken, and a session never outlives the bounds of AWS.

use std::time::Duration;

use serde_json::json;

use super::failure::{Common, Failure};
use super::http::{Reply, element};
use super::identity::{Principal, ROLE_NAME, Session, WEB_IDENTITY_SUBJECT};
use super::redshift::xml_reply;
use super::route::Service;
use super::server::Turn;
use super::time;
use super::world::{self, World, duration_within};

const SERVICE: Service = Service::Sts;

/// Answers one operation; only `AssumeRoleWithWebIdentity` comes without a principal.
pub(crate) fn answer(
    world: &mut World,
    turn: &Turn<'_>,
    principal: Option<&Principal>,
) -> Result<Reply, Failure> {
    let result = match (turn.call.operation.as_str(), principal) {
        ("GetCallerIdentity", Some(principal)) => caller_identity(principal),
        ("AssumeRole", Some(principal)) => assume_role(world, turn, principal)?,
        ("AssumeRoleWithWebIdentity", _) => assume_with_web_identity(world, turn)?,
        (_, None) => return Err(Failure::common(SERVICE, Common::MissingToken)),
        (other, Some(_)) => {
            let message = format!("Could not find operation {other} for version 2011-06-15");
            return Err(Failure::common(SERVICE, Common::UnknownOperation(message)));
        }
    };
    Ok(xml_reply(SERVICE, turn, &result))
}

fn caller_identity(principal: &Principal) -> String {
    element("Arn", &principal.arn())
        + &element("UserId", &principal.user_id())
        + &element("Account", principal.account_id())
}

fn assume_role(world: &mut World, turn: &Turn<'_>, principal: &Principal) -> Result<String, Failure> {
    let role_arn = required(turn, "RoleArn")?;
    let denied = |why| Failure::common(SERVICE, why);
    world.authorize("AssumeRole", principal, "sts:AssumeRole", role_arn).map_err(denied)?;
    if role_arn != self::role_arn(world) || principal.account_id() != world.config.account_id {
        return Err(denied(Common::AccessDenied(format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            principal.arn(),
        ))));
    }
    let chained = matches!(principal, Principal::Role { .. });
    let session = start(world, turn, if chained { 3600 } else { 43200 })?;
    Ok(session_elements(world, turn, &session))
}

fn assume_with_web_identity(world: &mut World, turn: &Turn<'_>) -> Result<String, Failure> {
    let role_arn = required(turn, "RoleArn")?;
    if required(turn, "WebIdentityToken")? != world.identities.web_identity_token {
        let message = "The web identity token is not one of a trusted provider";
        return Err(Failure::new(400, "InvalidIdentityToken", message));
    }
    if role_arn != self::role_arn(world) {
        let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned();
        return Err(Failure::common(SERVICE, Common::AccessDenied(message)));
    }
    let session = start(world, turn, 43200)?;
    let subject = element("SubjectFromWebIdentityToken", WEB_IDENTITY_SUBJECT);
    Ok(subject + &session_elements(world, turn, &session))
}

/// The ARN of the one role that can be taken.
pub(crate) fn role_arn(world: &World) -> String {
    format!("arn:aws:iam::{}:role/{ROLE_NAME}", world.config.account_id)
}

/// A session of the role for a program that runs in AWS, in the JSON of the metadata services.
pub(crate) fn workload_credentials(world: &mut World) -> String {
    let role = Principal::Role {
        account_id: world.config.account_id.clone(),
        name: ROLE_NAME.to_owned(),
        session: WEB_IDENTITY_SUBJECT.to_owned(),
    };
    let now = world::now(0);
    let session = world.identities.start_session(role, now, Duration::from_secs(3600));
    json!({
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": time::extended(now),
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.session_token,
        "Expiration": time::extended(session.expires_at),
    })
    .to_string()
}

fn start(world: &mut World, turn: &Turn<'_>, longest_seconds: u64) -> Result<Session, Failure> {
    let name = required(turn, "RoleSessionName")?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if !(2..=64).contains(&name.len()) || !name.chars().all(allowed) {
        return Err(validation(&format!(
            "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member \
             must have 2 to 64 characters and satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let asked = duration_within(turn.call.fields.text("DurationSeconds"), (900, longest_seconds), 3600)
        .map_err(|sent| {
            validation(&format!(
                "1 validation error detected: Value '{sent}' at 'durationSeconds' failed to satisfy constraint: Member \
                 must have value between 900 and {longest_seconds}"
            ))
        })?;
    let life = world.config.lives.assumed_role.unwrap_or(asked);
    let role = Principal::Role {
        account_id: world.config.account_id.clone(),
        name: ROLE_NAME.to_owned(),
        session: name.to_owned(),
    };
    Ok(world.identities.start_session(role, turn.now, life))
}

fn session_elements(world: &World, turn: &Turn<'_>, session: &Session) -> String {
    let credentials = element("AccessKeyId", &session.access_key_id)
        + &element("SecretAccessKey", &session.secret_access_key)
        + &element("SessionToken", &session.session_token)
        + &element("Expiration", &time::extended(session.expires_at));
    let name = turn.call.fields.text("RoleSessionName").unwrap_or_default();
    let arn = format!("arn:aws:sts::{}:assumed-role/{ROLE_NAME}/{name}", world.config.account_id);
    let user = element("AssumedRoleId", &format!("AROASANDBOXROLE000000:{name}")) + &element("Arn", &arn);
    format!("<Credentials>{credentials}</Credentials><AssumedRoleUser>{user}</AssumedRoleUser>")
}

fn required<'a>(turn: &Turn<'a>, name: &str) -> Result<&'a str, Failure> {
    turn.call.fields.text(name).ok_or_else(|| {
        validation(&format!(
            "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn validation(message: &str) -> Failure {
    Failure::new(400, "ValidationError", message)
}

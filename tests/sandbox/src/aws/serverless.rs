//! Amazon Redshift Serverless: `GetCredentials` and `GetWorkgroup` in AWS JSON 1.1.
//!
//! Owns their checks, IAM actions and JSON. The invariant: `expiration` and `nextRefreshTime` are numbers and
//! `creationDate` is a string, as the service model has them: SDKs refuse the other form.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::credentials::Target;
use super::failure::{Common, Failure};
use super::http::Reply;
use super::identity::Principal;
use super::redshift::identity_credential;
use super::route::Service;
use super::server::Turn;
use super::time;
use super::world::{World, duration_within};

const SERVICE: Service = Service::Serverless;

/// Answers one operation.
pub(crate) fn answer(world: &mut World, turn: &Turn<'_>, principal: &Principal) -> Result<Reply, Failure> {
    if !turn.call.json.is_object() {
        return Err(Failure::new(400, "SerializationException", "The request body is no JSON object."));
    }
    let body = match turn.call.operation.as_str() {
        "GetCredentials" => credentials(world, turn, principal)?,
        "GetWorkgroup" => workgroup(world, turn, principal)?,
        other => {
            let message = format!("RedshiftServerless has no operation {other} in the sandbox");
            return Err(Failure::common(SERVICE, Common::UnknownOperation(message)));
        }
    };
    Ok(Reply::json("application/x-amz-json-1.1", &body))
}

fn credentials(world: &mut World, turn: &Turn<'_>, principal: &Principal) -> Result<Value, Failure> {
    let input = &turn.call.json;
    let seconds = input.get("durationSeconds").map(Value::to_string);
    let asked = duration_within(seconds.as_deref(), (900, 3600), 900).map_err(|sent| {
        let bound = if sent.parse::<f64>().is_ok_and(|sent| sent > 3600.0) {
            "less than or equal to 3600"
        } else {
            "greater than or equal to 900"
        };
        validation(format!(
            "1 validation error detected: Value '{sent}' at 'durationSeconds' failed to satisfy constraint: Member \
             must have value {bound}"
        ))
    })?;
    let life = world.config.lives.database_credentials.unwrap_or(asked);
    let name = find(world, turn, principal)?;
    let database = text(input, "dbName");
    let resource = world.arn("redshift-serverless", &format!("workgroup/{name}"));
    world
        .authorize(&turn.call.operation, principal, "redshift-serverless:GetCredentials", &resource)
        .map_err(|why| Failure::common(SERVICE, why))?;
    let issued = identity_credential(principal, database, SystemTime::now() + life, Target::Workgroup(name));
    let expiration = time::after(turn.now, life).as_second();
    let body = json!({
        "dbUser": issued.user,
        "dbPassword": issued.password,
        "expiration": expiration,
        "nextRefreshTime": expiration,
    });
    world.config.credentials.issue(issued);
    Ok(body)
}

fn workgroup(world: &mut World, turn: &Turn<'_>, principal: &Principal) -> Result<Value, Failure> {
    if text(&turn.call.json, "workgroupName").is_none() {
        return Err(validation("workgroupName is required".to_owned()));
    }
    let name = find(world, turn, principal)?;
    let resource = world.arn("redshift-serverless", &format!("workgroup/{name}"));
    world
        .authorize(&turn.call.operation, principal, "redshift-serverless:GetWorkgroup", &resource)
        .map_err(|why| Failure::common(SERVICE, why))?;
    let paused = world.faults.cluster_paused(&turn.call.operation);
    let mut workgroup = json!({
        "workgroupName": name,
        "workgroupArn": resource,
        "workgroupId": "5e1f7a3c-0000-4000-8000-000000000001",
        "namespaceName": "sandbox-namespace",
        "status": if paused { "CREATING" } else { "AVAILABLE" },
        "creationDate": "2026-01-01T00:00:00Z",
        "port": world.config.serverless_port,
        "publiclyAccessible": false,
    });
    if !paused && let Some(fields) = workgroup.as_object_mut() {
        let endpoint = json!({
            "address": world.config.serverless_host,
            "port": world.config.serverless_port,
        });
        fields.insert("endpoint".to_owned(), endpoint);
    }
    Ok(json!({ "workgroup": workgroup }))
}

/// The workgroup meant, if the caller's account owns it.
fn find(world: &mut World, turn: &Turn<'_>, principal: &Principal) -> Result<String, Failure> {
    let input = &turn.call.json;
    let missing = world.faults.cluster_not_found(&turn.call.operation);
    let config = &world.config;
    let Some(asked) = text(input, "workgroupName") else {
        return match text(input, "customDomainName") {
            Some(domain) => Err(not_found(&format!("custom domain name {domain}"))),
            None => Err(validation("Either workgroupName or customDomainName must be given".to_owned())),
        };
    };
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if !(3..=64).contains(&asked.len()) || !asked.chars().all(allowed) {
        return Err(validation(format!(
            "1 validation error detected: Value '{asked}' at 'workgroupName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [a-z0-9-]+"
        )));
    }
    let own = principal.account_id() == config.account_id;
    if missing || !own || asked != config.workgroup {
        return Err(not_found(&format!("workgroup {asked}")));
    }
    Ok(config.workgroup.clone())
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn validation(message: String) -> Failure {
    Failure::new(400, "ValidationException", message)
}

fn not_found(what: &str) -> Failure {
    Failure::new(400, "ResourceNotFoundException", format!("The {what} doesn't exist."))
}

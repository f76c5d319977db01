//! The calls for Serverless workgroups.
//!
//! It does not derive the workgroup. Invariant: `GetWorkgroup` is sent only by [`endpoint`], so whoever gives a host
//! needs no permission for it.

use aws_sdk_redshiftserverless::Client;
use aws_types::SdkConfig;

use super::{DatabaseCredentials, Endpoint, Failure};
use crate::auth::error::{Error, ErrorKind};

/// The workgroup as the API names it. The name wins: both together fail for a domain that AWS does not know.
#[derive(Debug)]
pub(in crate::auth) struct Workgroup<'a> {
    pub(in crate::auth) name: Option<&'a str>,
    pub(in crate::auth) custom_domain_name: Option<&'a str>,
    pub(in crate::auth) region: &'a str,
}

/// `GetCredentials`: the database user follows from the IAM identity.
pub(in crate::auth) async fn credentials(
    config: &SdkConfig,
    workgroup: &Workgroup<'_>,
    database: Option<&str>,
    duration_seconds: Option<i32>,
) -> Result<DatabaseCredentials, Error> {
    let action = "redshift-serverless:GetCredentials";
    let domain = if workgroup.name.is_some() { None } else { workgroup.custom_domain_name };
    let answer = Client::new(config)
        .get_credentials()
        .set_workgroup_name(workgroup.name.map(Into::into))
        .set_custom_domain_name(domain.map(Into::into))
        .set_db_name(database.map(Into::into))
        .set_duration_seconds(duration_seconds)
        .send()
        .await
        .map_err(|error| failed(Failure::new(&error), action, workgroup))?;
    DatabaseCredentials::new(answer.db_user, answer.db_password, answer.expiration, action)
}

/// `GetWorkgroup`, for a target without a host.
pub(in crate::auth) async fn endpoint(
    config: &SdkConfig,
    workgroup: &Workgroup<'_>,
) -> Result<Endpoint, Error> {
    let action = "redshift-serverless:GetWorkgroup";
    let answer = Client::new(config)
        .get_workgroup()
        .set_workgroup_name(workgroup.name.map(Into::into))
        .send()
        .await
        .map_err(|error| failed(Failure::new(&error), action, workgroup))?;
    tracing::debug!(action, "AWS answered");
    let found = answer.workgroup.and_then(|found| found.endpoint);
    let Some(host) = found.as_ref().and_then(|endpoint| endpoint.address.clone()) else {
        return Err(Error::unavailable(format!(
            "workgroup {} has no endpoint yet: wait until it is available",
            named(workgroup)
        )));
    };
    let port = found.and_then(|endpoint| endpoint.port).and_then(|port| u16::try_from(port).ok());
    Ok(Endpoint { host, port: port.unwrap_or(5439) })
}

fn failed(failure: Failure, action: &str, workgroup: &Workgroup<'_>) -> Error {
    match failure.code() {
        "ResourceNotFound" => failure.error(
            ErrorKind::InvalidConfig,
            &format!("{action} for workgroup {} in {}", named(workgroup), workgroup.region),
            "check adbc.redshift.target.workgroup, adbc.redshift.aws.region and the AWS account of the credentials",
        ),
        _ => failure.into_error(action),
    }
}

fn named(workgroup: &Workgroup<'_>) -> String {
    format!("{:?}", workgroup.name.or(workgroup.custom_domain_name).unwrap_or_default())
}

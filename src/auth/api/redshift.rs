//! The calls for provisioned clusters.
//!
//! It does not derive the cluster. Invariant: `DescribeClusters` is sent only by [`endpoint`], so whoever gives a host
//! needs no permission for it.

use aws_sdk_redshift::Client;
use aws_types::SdkConfig;

use super::{DatabaseCredentials, Endpoint, Failure};
use crate::auth::error::{Error, ErrorKind};

/// The cluster as the API names it: by identifier, by custom domain, or both.
#[derive(Debug)]
pub(in crate::auth) struct Cluster<'a> {
    pub(in crate::auth) identifier: Option<&'a str>,
    pub(in crate::auth) custom_domain_name: Option<&'a str>,
    pub(in crate::auth) region: &'a str,
}

/// What `GetClusterCredentials` is asked for.
#[derive(Debug)]
pub(in crate::auth) struct Request<'a> {
    pub(in crate::auth) user: &'a str,
    pub(in crate::auth) database: Option<&'a str>,
    pub(in crate::auth) groups: &'a [String],
    pub(in crate::auth) auto_create: bool,
    pub(in crate::auth) duration_seconds: Option<i32>,
}

/// `GetClusterCredentials`.
pub(in crate::auth) async fn credentials(
    config: &SdkConfig,
    cluster: &Cluster<'_>,
    request: &Request<'_>,
) -> Result<DatabaseCredentials, Error> {
    let action = "redshift:GetClusterCredentials";
    let groups = (!request.groups.is_empty()).then(|| request.groups.to_vec());
    let answer = Client::new(config)
        .get_cluster_credentials()
        .db_user(request.user)
        .set_db_name(request.database.map(Into::into))
        .set_cluster_identifier(cluster.identifier.map(Into::into))
        .set_custom_domain_name(cluster.custom_domain_name.map(Into::into))
        .set_db_groups(groups)
        .auto_create(request.auto_create)
        .set_duration_seconds(request.duration_seconds)
        .send()
        .await
        .map_err(|error| failed(Failure::new(&error), action, cluster))?;
    DatabaseCredentials::new(answer.db_user, answer.db_password, answer.expiration, action)
}

/// `GetClusterCredentialsWithIAM`: the database user follows from the IAM identity.
pub(in crate::auth) async fn credentials_with_iam(
    config: &SdkConfig,
    cluster: &Cluster<'_>,
    database: Option<&str>,
    duration_seconds: Option<i32>,
) -> Result<DatabaseCredentials, Error> {
    let action = "redshift:GetClusterCredentialsWithIAM";
    let answer = Client::new(config)
        .get_cluster_credentials_with_iam()
        .set_db_name(database.map(Into::into))
        .set_cluster_identifier(cluster.identifier.map(Into::into))
        .set_custom_domain_name(cluster.custom_domain_name.map(Into::into))
        .set_duration_seconds(duration_seconds)
        .send()
        .await
        .map_err(|error| failed(Failure::new(&error), action, cluster))?;
    DatabaseCredentials::new(answer.db_user, answer.db_password, answer.expiration, action)
}

/// `DescribeClusters`, for a target without a host.
pub(in crate::auth) async fn endpoint(config: &SdkConfig, cluster: &Cluster<'_>) -> Result<Endpoint, Error> {
    let action = "redshift:DescribeClusters";
    let answer = Client::new(config)
        .describe_clusters()
        .set_cluster_identifier(cluster.identifier.map(Into::into))
        .send()
        .await
        .map_err(|error| failed(Failure::new(&error), action, cluster))?;
    tracing::debug!(action, "AWS answered");
    let found = answer.clusters.unwrap_or_default().into_iter().next().ok_or_else(|| {
        Error::invalid(format!("{action} found no cluster {}: {NOT_FOUND_ADVICE}", named(cluster)))
    })?;
    let status = found.cluster_status.unwrap_or_default();
    let endpoint = found.endpoint.and_then(|endpoint| {
        let port = endpoint.port.and_then(|port| u16::try_from(port).ok());
        endpoint.address.filter(|host| !host.is_empty()).map(|host| (host, port))
    });
    match endpoint {
        Some((host, port)) if status != "paused" => Ok(Endpoint { host, port: port.unwrap_or(5439) }),
        _ => Err(Error::unavailable(format!(
            "cluster {} has no endpoint to connect to; its status is {status:?}: resume it, or wait until it is \
             available",
            named(cluster)
        ))),
    }
}

/// `DescribeAuthenticationProfiles`: the text of one profile.
pub(in crate::auth) async fn authentication_profile(
    config: &SdkConfig,
    name: &str,
    region: &str,
) -> Result<String, Error> {
    let action = "redshift:DescribeAuthenticationProfiles";
    let request = Client::new(config).describe_authentication_profiles().authentication_profile_name(name);
    let answer = request.send().await.map_err(|error| {
        let failure = Failure::new(&error);
        match failure.code() {
            "AuthenticationProfileNotFound" => failure.error(
                ErrorKind::InvalidConfig,
                &format!("{action} for profile {name:?} in {region}"),
                "check adbc.redshift.iam.auth_profile, adbc.redshift.aws.region and the AWS account of the credentials",
            ),
            _ => failure.into_error(action),
        }
    })?;
    tracing::debug!(action, "AWS answered");
    let found = answer.authentication_profiles.unwrap_or_default().into_iter().next();
    found
        .and_then(|found| found.authentication_profile_content)
        .ok_or_else(|| Error::unavailable(format!("{action} answered without a profile; try again")))
}

const NOT_FOUND_ADVICE: &str = "check adbc.redshift.target.cluster_identifier and adbc.redshift.aws.region; the name \
                                of a Serverless workgroup belongs in adbc.redshift.target.workgroup";

fn failed(failure: Failure, action: &str, cluster: &Cluster<'_>) -> Error {
    match failure.code() {
        "ClusterNotFound" => failure.error(
            ErrorKind::InvalidConfig,
            &format!("{action} for cluster {} in {}", named(cluster), cluster.region),
            NOT_FOUND_ADVICE,
        ),
        "UnsupportedOperation" => failure.error(
            ErrorKind::InvalidConfig,
            action,
            "the cluster does not support this operation: choose another adbc.redshift.iam.api",
        ),
        "InvalidClusterState" => {
            failure.error(ErrorKind::Unavailable, action, "resume the cluster, or wait for it")
        }
        _ => failure.into_error(action),
    }
}

fn named(cluster: &Cluster<'_>) -> String {
    format!("{:?}", cluster.identifier.or(cluster.custom_domain_name).unwrap_or_default())
}

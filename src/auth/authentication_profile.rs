//! Redshift authentication profiles: connection options that an administrator keeps in AWS under a name.
//!
//! It fetches them; what an option of a profile means is not known here. Invariant: the profile is asked for with the
//! caller's own credentials, which are never taken from it.

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::api::redshift;
use super::config::{AuthConfig, Method};
use super::environment::Environment;
use super::error::Error;
use super::http::Service;
use super::{cancellable, check};

/// The options of a profile, by the names that the JDBC driver has for them.
///
/// # Errors
///
/// As a login; [`ErrorKind::InvalidConfig`](super::ErrorKind) when there is no such profile or it holds no JSON object.
pub(crate) async fn authentication_profile(
    config: AuthConfig,
    name: &str,
    environment: Environment,
    cancel: &CancellationToken,
) -> Result<Vec<(String, String)>, Error> {
    check::forms(&config)?;
    let by_sso = match check::method(&config)? {
        Method::Sso => true,
        Method::Iam | Method::Auto => false,
        Method::Password => {
            return Err(Error::invalid(
                "adbc.redshift.iam.auth_profile is for logins by IAM and SSO: set adbc.redshift.auth.method to one of \
                 them, or leave the profile out",
            ));
        }
    };
    let access = Access::new(config, environment, by_sso);
    let (client, region) = access.client(Service::Redshift, cancel).await?;
    let content = cancellable(cancel, redshift::authentication_profile(&client, name, &region)).await?;
    // The cause would quote the profile, which may hold anything.
    let options: Map<String, Value> = serde_json::from_str(&content).map_err(|_| {
        Error::invalid(format!("authentication profile {name:?} holds no JSON object of options"))
    })?;
    Ok(options.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect())
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

//! The end of a sign-in: the token is removed from the shared cache and the portal told to forget it.
//!
//! Invariant: the file goes first, so that a portal out of reach leaves nobody signed in here.

use tokio_util::sync::CancellationToken;

use super::Sso;
use crate::auth::api::Failure;
use crate::auth::cancellable;
use crate::auth::check;
use crate::auth::config::AuthConfig;
use crate::auth::environment::Environment;
use crate::auth::error::Error;

/// Ends the sign-in that the options name. Answers whether there was one.
///
/// # Errors
///
/// When the options name no portal, the cache cannot be read or written, or the portal does not answer.
pub(crate) async fn logout(
    config: &AuthConfig,
    environment: Environment,
    cancel: &CancellationToken,
) -> Result<bool, Error> {
    check::forms(config)?;
    let sso = Sso::new(config, environment);
    let profiles = sso.profiles().await?;
    let portal = sso.portal(&profiles)?;
    let Some(cache) = sso.cache() else { return Ok(false) };
    let Some(token) = cache.read_token(&portal)? else { return Ok(false) };
    cache.remove_token(&portal)?;
    let client = sso.portal_client(&portal, &profiles)?;
    let told = cancellable(cancel, async {
        match client.logout().access_token(token.access_token.expose()).send().await {
            Ok(_) => Ok(()),
            Err(error) => match Failure::new(&error) {
                // It has ended by itself.
                failure if failure.code() == "Unauthorized" => Ok(()),
                failure => Err(failure.into_error("sso:Logout")),
            },
        }
    });
    told.await.map(|()| true)
}

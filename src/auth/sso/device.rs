//! Signing in by device code: the person confirms a code in a browser anywhere.
//!
//! It does not register clients. Invariant: the page to open and the code are always said before the first wait.

use std::time::Duration;

use aws_sdk_ssooidc::Client;
use aws_sdk_ssooidc::operation::start_device_authorization::StartDeviceAuthorizationOutput;

use super::login::{Registration, refused, token_from};
use super::token::Token;
use super::{Portal, Sso, SsoProgress};
use crate::auth::api::Failure;
use crate::auth::check;
use crate::auth::error::Error;
use crate::secret::Secret;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

struct Authorization {
    device_code: Secret,
    interval: Duration,
    progress: SsoProgress,
    complete_uri: String,
}

enum Answer {
    Pending,
    Signed(Token),
    SlowDown,
}

impl Sso {
    pub(super) async fn login_by_device(&self, client: &Client, portal: &Portal) -> Result<Token, Error> {
        let (registration, authorization) = self.authorized_device(client, portal).await?;
        // A client that was allowed before gets its token at once, and nobody is bothered.
        if let Answer::Signed(token) = ask(client, portal, &registration, &authorization).await? {
            return Ok(token);
        }
        self.show(&authorization);
        let mut interval = authorization.interval;
        loop {
            tokio::time::sleep(interval).await;
            match ask(client, portal, &registration, &authorization).await? {
                Answer::Signed(token) => return Ok(token),
                Answer::Pending => {}
                Answer::SlowDown => interval += DEFAULT_INTERVAL,
            }
        }
    }

    /// A registration that AWS no longer knows is replaced once.
    async fn authorized_device(
        &self,
        client: &Client,
        portal: &Portal,
    ) -> Result<(Registration, Authorization), Error> {
        let mut replaced = false;
        loop {
            let registration = self.registration(client, portal, None).await?;
            let answer = client
                .start_device_authorization()
                .client_id(&registration.client_id)
                .client_secret(registration.client_secret.expose())
                .start_url(&portal.start_url)
                .send()
                .await
                .map_err(|error| Failure::new(&error));
            match answer {
                Ok(answer) => return Ok((registration, Authorization::new(answer)?)),
                Err(failure) if failure.code() == "InvalidClient" && !replaced => {
                    replaced = true;
                    if let Some(cache) = self.cache() {
                        cache.remove_registration(portal);
                    }
                }
                Err(failure) => return Err(refused(failure, "sso-oidc:StartDeviceAuthorization", portal)),
            }
        }
    }

    fn show(&self, authorization: &Authorization) {
        let progress = authorization.progress.clone();
        let code = progress.user_code.as_deref().unwrap_or_default();
        let what = format!("open this page on any device and confirm that it shows the code {code}");
        self.ask_person(&what, &authorization.complete_uri, progress);
    }
}

impl Authorization {
    fn new(answer: StartDeviceAuthorizationOutput) -> Result<Self, Error> {
        let incomplete =
            || Error::unavailable("sso-oidc:StartDeviceAuthorization answered without a code; try again");
        let uri = answer.verification_uri.ok_or_else(incomplete)?;
        let complete_uri = answer.verification_uri_complete.unwrap_or_else(|| uri.clone());
        // A browser is about to open it, whatever answered.
        check::url("the verification URI that AWS answered", Some(&complete_uri))?;
        let seconds = u64::try_from(answer.interval).unwrap_or_default();
        Ok(Self {
            device_code: Secret::new(answer.device_code.ok_or_else(incomplete)?),
            interval: if seconds == 0 { DEFAULT_INTERVAL } else { Duration::from_secs(seconds) },
            progress: SsoProgress { verification_uri: uri, user_code: answer.user_code },
            complete_uri,
        })
    }
}

async fn ask(
    client: &Client,
    portal: &Portal,
    registration: &Registration,
    authorization: &Authorization,
) -> Result<Answer, Error> {
    let answer = client
        .create_token()
        .client_id(&registration.client_id)
        .client_secret(registration.client_secret.expose())
        .grant_type(GRANT)
        .device_code(authorization.device_code.expose())
        .send()
        .await;
    match answer {
        Ok(answer) => token_from(answer, registration, None).map(Answer::Signed),
        Err(error) => {
            let failure = Failure::new(&error);
            match failure.code() {
                "AuthorizationPending" => Ok(Answer::Pending),
                "SlowDown" => Ok(Answer::SlowDown),
                // The person is still busy with the page; a hiccup of the network must not end that.
                "" | "InternalServer" => Ok(Answer::Pending),
                _ => Err(refused(failure, "sso-oidc:CreateToken", portal)),
            }
        }
    }
}

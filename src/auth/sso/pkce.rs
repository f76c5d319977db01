//! Signing in by authorization code with PKCE: the browser comes back to a loopback address.
//!
//! It does not register clients or keep tokens. Invariant: only a request to the exact path that carries this login's
//! state is believed; everything else is answered and ignored.

use aws_sdk_ssooidc::Client;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;

use super::login::{Registration, refused, token_from};
use super::page::{Callbacks, Page};
use super::token::Token;
use super::{Portal, Sso, SsoProgress};
use crate::auth::api::Failure;
use crate::auth::error::Error;
use crate::auth::http::{self, Service};
use crate::auth::profile::Profiles;
use crate::secret::Secret;

/// Registered without a port; the port of the moment is named at authorize and token time.
const REDIRECT_URI: &str = "http://127.0.0.1/oauth/callback";

/// Errors that an authorization endpoint comes back with, besides `access_denied`.
const OAUTH_ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_response_type",
];

/// The secrets of one login.
struct Login {
    verifier: Secret,
    state: Secret,
    redirect_uri: String,
}

impl Sso {
    pub(super) async fn login_by_code(
        &self,
        client: &Client,
        portal: &Portal,
        profiles: &Profiles,
    ) -> Result<Token, Error> {
        let (listener, port) = self.listen().await?;
        let registration = self.registration(client, portal, Some(REDIRECT_URI)).await?;
        let login = Login::new(port);
        let url = login.authorize_url(&self.authorize_base(portal, profiles)?, &registration, portal)?;
        let progress = SsoProgress { verification_uri: url.to_string(), user_code: None };
        self.ask_person("open this page on this machine", url.as_str(), progress);
        let mut callbacks = Callbacks::listen(listener, port);
        loop {
            let (callback, answer) = callbacks.next().await;
            if callback.state.as_deref().is_some_and(|state| !same(state, login.state.expose()))
                || (callback.state.is_none() && callback.error.is_none())
            {
                answer.send(Page::Forged).await;
                continue;
            }
            let (page, outcome) = match (callback.error.as_deref(), callback.code) {
                (None, Some(code)) => {
                    let outcome = self.redeem(client, portal, &registration, &login, &code).await;
                    (if outcome.is_ok() { Page::SignedIn } else { Page::Failed }, outcome)
                }
                (Some("access_denied"), _) => (Page::Declined, Err(declined())),
                (error, _) => (Page::Failed, Err(not_completed(error))),
            };
            answer.send(page).await;
            return outcome;
        }
    }

    async fn listen(&self) -> Result<(TcpListener, u16), Error> {
        let wanted = self.config.sso.listen_port;
        let busy = |cause: std::io::Error| {
            Error::unavailable(format!(
                "the sign-in cannot listen on 127.0.0.1:{wanted}: {cause}; set adbc.redshift.sso.listen_port to 0 for \
                 a free port, or adbc.redshift.sso.flow to device"
            ))
            .with_cause(cause)
        };
        let listener = TcpListener::bind(("127.0.0.1", wanted)).await.map_err(busy)?;
        let port = listener.local_addr().map_err(busy)?.port();
        Ok((listener, port))
    }

    /// The page is served where the API is, so an endpoint override moves both.
    fn authorize_base(&self, portal: &Portal, profiles: &Profiles) -> Result<String, Error> {
        let (aws, environment) = (&self.config.aws, &self.environment);
        if let Some(url) = http::endpoint_url(aws, environment, profiles, Service::SsoOidc)? {
            return Ok(url);
        }
        let suffix = if portal.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Ok(format!("https://oidc.{}.{suffix}", portal.region))
    }

    async fn redeem(
        &self,
        client: &Client,
        portal: &Portal,
        registration: &Registration,
        login: &Login,
        code: &Secret,
    ) -> Result<Token, Error> {
        let answer = client
            .create_token()
            .client_id(&registration.client_id)
            .client_secret(registration.client_secret.expose())
            .grant_type("authorization_code")
            .code(code.expose())
            .redirect_uri(&login.redirect_uri)
            .code_verifier(login.verifier.expose())
            .send()
            .await;
        answer.map_or_else(
            |error| {
                let failure = Failure::new(&error);
                if failure.code() == "InvalidClient"
                    && let Some(cache) = self.cache()
                {
                    cache.remove_registration(portal);
                }
                Err(refused(failure, "sso-oidc:CreateToken", portal))
            },
            |answer| token_from(answer, registration, None),
        )
    }
}

impl Login {
    fn new(port: u16) -> Self {
        Self {
            verifier: Secret::new(base64url(&rand::random::<[u8; 48]>())),
            state: Secret::new(base64url(&rand::random::<[u8; 24]>())),
            redirect_uri: format!("http://127.0.0.1:{port}/oauth/callback"),
        }
    }

    fn authorize_url(&self, base: &str, registration: &Registration, portal: &Portal) -> Result<Url, Error> {
        let mut url = Url::parse(&format!("{}/authorize", base.trim_end_matches('/')))
            .map_err(|cause| Error::invalid("the OIDC endpoint is not a URL").with_cause(cause))?;
        let challenge = base64url(&Sha256::digest(self.verifier.expose()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &registration.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", self.state.expose())
            .append_pair("code_challenge_method", "S256")
            .append_pair("scopes", &portal.scopes.join(" "))
            .append_pair("code_challenge", &challenge);
        Ok(url)
    }
}

fn declined() -> Error {
    Error::rejected(
        "the sign-in page reported that access was declined: connect again and allow the access, or ask for an \
         assignment in Identity Center",
    )
}

/// The words of a callback are not repeated, since anyone can write one; only those that OAuth knows are.
fn not_completed(error: Option<&str>) -> Error {
    let known = OAUTH_ERRORS.iter().find(|known| Some(**known) == error);
    let reason = known.copied().unwrap_or("no code, and no reason that OAuth knows");
    Error::rejected(format!(
        "the sign-in page came back with {reason}: connect again; if that does not help, set adbc.redshift.sso.flow to \
         device, or ask whoever runs Identity Center"
    ))
}

fn base64url(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes)
        .replace('+', "-")
        .replace('/', "_")
        .trim_end_matches('=')
        .to_owned()
}

/// Takes the same time wherever the texts differ.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

//! What both ways to sign in share: the OIDC client, its registration, refresh, and the translation of refusals.
//!
//! The flows are in `pkce` and `device`. Invariant: OIDC calls are never signed, and no text here holds a token, a
//! code or a client secret.

use std::time::{Duration, SystemTime};

use aws_sdk_ssooidc::Client;
use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;
use tokio_util::sync::CancellationToken;

use super::token::{Refresh, Token};
use super::{Portal, Sso, SsoProgress};
use crate::auth::api::Failure;
use crate::auth::config::{Flow, Toggle};
use crate::auth::error::{Error, ErrorKind};
use crate::auth::http::{self, Service};
use crate::auth::profile::Profiles;
use crate::secret::Secret;

/// The driver's registration as a public client.
#[derive(Clone, Debug)]
pub(super) struct Registration {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) expires_at: SystemTime,
}

/// The grants of a client that signs in by authorization code.
pub(super) const CODE_GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];
/// The CLI, too, considers a registration stale a quarter of an hour before its end.
const REGISTRATION_MARGIN: Duration = Duration::from_secs(15 * 60);

impl Sso {
    /// Lets a person sign in.
    pub(super) async fn login(
        &self,
        portal: &Portal,
        flow: Flow,
        profiles: &Profiles,
        cancel: &CancellationToken,
    ) -> Result<Token, Error> {
        let client = self.oidc_client(portal, profiles)?;
        let limit = self.config.sso.timeout;
        let by_code = flow == Flow::Pkce || (flow == Flow::Auto && self.opens_browser());
        let login = async {
            if by_code {
                self.login_by_code(&client, portal, profiles).await
            } else {
                self.login_by_device(&client, portal).await
            }
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Error::cancelled()),
            token = tokio::time::timeout(limit, login) => token.unwrap_or_else(|_| Err(not_in_time(limit))),
        }
    }

    /// Tells the person what to do, whether or not a browser opens: it may open where nobody looks.
    pub(super) fn ask_person(&self, what: &str, url: &str, progress: SsoProgress) {
        let opens = self.opens_browser();
        let instead = if opens { "use the browser window that opens, or " } else { "" };
        // The address stands alone, so that a double click or a terminal's link takes all of it.
        self.environment.notice(&format!("Amazon Redshift: to sign in, {instead}{what}:\n\n    {url}\n"));
        self.set_progress(Some(progress));
        if opens && let Err(error) = self.environment.open_browser(url) {
            self.environment.notice(&format!(
                "Amazon Redshift: no browser could be opened ({error}); open the page yourself"
            ));
        }
    }

    /// Whether a browser is opened for this login.
    pub(super) fn opens_browser(&self) -> bool {
        match self.config.sso.open_browser {
            Toggle::Auto => self.environment.has_browser(),
            Toggle::False => false,
            Toggle::True => true,
        }
    }

    fn oidc_client(&self, portal: &Portal, profiles: &Profiles) -> Result<Client, Error> {
        let (aws, environment) = (&self.config.aws, &self.environment);
        let builder = http::client_config(aws, environment, profiles, Service::SsoOidc, &portal.region)?;
        Ok(Client::new(&builder.build()))
    }

    /// The registration kept from earlier, or a new one. `redirect_uri` makes it one for authorization codes.
    pub(super) async fn registration(
        &self,
        client: &Client,
        portal: &Portal,
        redirect_uri: Option<&str>,
    ) -> Result<Registration, Error> {
        let cache = self.cache();
        let kept = cache.as_ref().map(|cache| cache.read_registration(portal, redirect_uri.is_some()));
        if let Some(kept) = kept.transpose()?.flatten()
            && kept.expires_at > SystemTime::now() + REGISTRATION_MARGIN
        {
            return Ok(kept);
        }
        let suffix = portal.session.as_deref().map_or(String::new(), |session| format!("-{session}"));
        let mut request = client
            .register_client()
            .client_name(format!("{}{suffix}", self.config.sso.client_name))
            .client_type("public")
            .set_scopes(Some(portal.scopes.clone()));
        if let Some(uri) = redirect_uri {
            request = request
                .redirect_uris(uri)
                .issuer_url(&portal.start_url)
                .set_grant_types(Some(CODE_GRANTS.map(str::to_owned).to_vec()));
        }
        let answer =
            request.send().await.map_err(|e| refused(Failure::new(&e), "sso-oidc:RegisterClient", portal))?;
        let (Some(client_id), Some(client_secret)) = (answer.client_id, answer.client_secret) else {
            return Err(Error::unavailable("sso-oidc:RegisterClient answered without a client; try again"));
        };
        let seconds = u64::try_from(answer.client_secret_expires_at).unwrap_or_default();
        let registration = Registration {
            client_id,
            client_secret: Secret::new(client_secret),
            expires_at: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
        };
        if let Some(cache) = cache {
            let grants = redirect_uri.map(|_| CODE_GRANTS.as_slice());
            // Not being able to keep it costs a registration at the next login, no more.
            let _ = cache.write_registration(portal, &registration, grants);
        }
        Ok(registration)
    }

    /// A new token without a person; `None` when this token cannot be refreshed.
    pub(super) async fn refreshed(
        &self,
        portal: &Portal,
        token: &Token,
        profiles: &Profiles,
    ) -> Result<Option<Token>, Error> {
        let Some(refresh) = &token.refresh else { return Ok(None) };
        if refresh.registration_expires_at <= SystemTime::now() {
            return Ok(None);
        }
        let registration = Registration {
            client_id: refresh.client_id.clone(),
            client_secret: refresh.client_secret.clone(),
            expires_at: refresh.registration_expires_at,
        };
        let answer = self
            .oidc_client(portal, profiles)?
            .create_token()
            .client_id(&registration.client_id)
            .client_secret(registration.client_secret.expose())
            .grant_type("refresh_token")
            .refresh_token(refresh.token.expose())
            .send()
            .await
            .map_err(|error| refused(Failure::new(&error), "sso-oidc:CreateToken", portal))?;
        token_from(answer, &registration, Some(&refresh.token)).map(Some)
    }
}

/// The token of an answer. A refresh that hands out no new refresh token leaves the old one valid.
pub(super) fn token_from(
    answer: CreateTokenOutput,
    registration: &Registration,
    old_refresh: Option<&Secret>,
) -> Result<Token, Error> {
    let Some(access_token) = answer.access_token else {
        return Err(Error::unavailable("sso-oidc:CreateToken answered without a token; try again"));
    };
    let life = Duration::from_secs(u64::try_from(answer.expires_in).unwrap_or_default());
    let refresh = answer.refresh_token.map(Secret::new).or_else(|| old_refresh.cloned());
    Ok(Token {
        access_token: Secret::new(access_token),
        expires_at: SystemTime::now() + life,
        refresh: refresh.map(|token| Refresh {
            token,
            client_id: registration.client_id.clone(),
            client_secret: registration.client_secret.clone(),
            registration_expires_at: registration.expires_at,
        }),
        unsaved: false,
    })
}

/// The error for a refusal by OIDC.
pub(super) fn refused(failure: Failure, action: &str, portal: &Portal) -> Error {
    let action = format!("{action} for {} in {}", portal.start_url, portal.region);
    match failure.code() {
        "InvalidRequest" | "InvalidRequestRegion" => failure.error(
            ErrorKind::InvalidConfig,
            &action,
            "check adbc.redshift.sso.start_url and adbc.redshift.sso.region (the region of Identity Center, often not \
             the cluster's)",
        ),
        "InvalidGrant" => failure.error(
            ErrorKind::Rejected,
            &action,
            "the Identity Center session has ended, or start URL and region do not belong together: log in again",
        ),
        "AccessDenied" => failure.error(
            ErrorKind::Rejected,
            &action,
            "the login was declined, or you are not assigned to the application: log in again and allow the access",
        ),
        "ExpiredToken" => failure.error(
            ErrorKind::TimedOut,
            &action,
            "the code lapsed before it was confirmed: connect again, and confirm it sooner",
        ),
        "InvalidClient" => {
            failure.error(ErrorKind::Rejected, &action, "the client registration has ended: connect again")
        }
        "UnauthorizedClient" | "UnsupportedGrantType" | "InvalidScope" | "InvalidRedirectUri" => failure.error(
            ErrorKind::Rejected,
            &action,
            "Identity Center does not allow this way to sign in: try another adbc.redshift.sso.flow",
        ),
        _ => failure.into_error(&action),
    }
}

fn not_in_time(limit: Duration) -> Error {
    Error::timed_out(format!(
        "nobody completed the sign-in within {} s: connect again, or raise adbc.redshift.sso.timeout_seconds; on a \
         machine without a browser set adbc.redshift.sso.flow to device",
        limit.as_secs()
    ))
}

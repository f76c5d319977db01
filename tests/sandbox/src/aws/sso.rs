//! The state of IAM Identity Center: assignments, client registrations, codes, tokens, logins in a browser.
//!
//! Owns what exists and how long; the protocol's checks are in `oidc` and `portal`, the pages in `login`. The
//! invariant: codes and refresh tokens are used once, and ending a session ends every token of it.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::config::AwsConfig;
use super::{random, time};

/// The second account of the person, in which there is no cluster: a trap for mixed-up accounts.
const OTHER_ACCOUNT_ID: &str = "210987654321";

/// A role that exists beside the one of the contract.
const OTHER_ROLE_NAME: &str = "SandboxReadOnly";

/// An account assigned to the person.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) roles: Vec<String>,
}

/// A registered client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) secret: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) grant_types: Vec<String>,
    pub(crate) expires_at: Timestamp,
}

/// What the person decided about a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed(String),
    Denied,
    Pending,
    Used,
}

/// A device login.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) client_id: String,
    pub(crate) user_code: String,
    pub(crate) decision: Decision,
    pub(crate) expires_at: Timestamp,
    pub(crate) polled_at: Option<Timestamp>,
}

/// An authorization code.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) user: String,
    pub(crate) expires_at: Timestamp,
}

/// A token, access or refresh.
#[derive(Clone, Debug)]
struct Token {
    client_id: String,
    session: String,
    user: String,
    expires_at: Timestamp,
    /// Whether the portal takes it.
    accounts: bool,
}

/// Tokens as they are handed out.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
}

/// What a login in the browser is for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    Code { client_id: String, redirect_uri: String, state: String, challenge: String },
    Device { device_code: String },
}

/// A login in the browser.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) purpose: Purpose,
    pub(crate) user: Option<String>,
    pub(crate) code_confirmed: bool,
    pub(crate) expires_at: Timestamp,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Sso {
    pub(crate) accounts: Vec<Account>,
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) devices: HashMap<String, Device>,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) logins: HashMap<String, Login>,
    /// Signed-in browsers, by cookie.
    pub(crate) browsers: HashMap<String, String>,
    access_tokens: HashMap<String, Token>,
    refresh_tokens: HashMap<String, Token>,
}

impl Sso {
    /// The assignments of the configuration.
    pub(crate) fn new(config: &AwsConfig) -> Self {
        let own = Account {
            id: config.account_id.clone(),
            name: "Sandbox",
            email: "sandbox@example.com",
            roles: vec![config.sso_role_name.clone(), OTHER_ROLE_NAME.to_owned()],
        };
        let other = Account {
            id: OTHER_ACCOUNT_ID.to_owned(),
            name: "Sandbox without clusters",
            email: "empty@example.com",
            roles: vec![OTHER_ROLE_NAME.to_owned()],
        };
        Self { accounts: vec![own, other], ..Self::default() }
    }

    /// The person whom a living access token stands for.
    pub(crate) fn user_of(&self, access_token: &str, now: Timestamp) -> Option<String> {
        let token = self.access_tokens.get(access_token)?;
        (token.accounts && now < token.expires_at).then(|| token.user.clone())
    }

    /// Starts a session of a person at a client.
    pub(crate) fn start_session(
        &mut self,
        client_id: &str,
        user: &str,
        now: Timestamp,
        life: Duration,
    ) -> Tokens {
        self.add_tokens(client_id, user, random::token(), now, life)
    }

    /// Trades a refresh token, which is used up, for new tokens of the same session.
    pub(crate) fn refresh(
        &mut self,
        refresh_token: &str,
        client_id: &str,
        now: Timestamp,
        life: Duration,
    ) -> Option<Tokens> {
        if self.refresh_tokens.get(refresh_token)?.client_id != client_id {
            return None;
        }
        let old = self.refresh_tokens.remove(refresh_token)?;
        Some(self.add_tokens(client_id, &old.user, old.session, now, life))
    }

    /// Ends the session of an access token.
    pub(crate) fn end_session(&mut self, access_token: &str) {
        let Some(ended) = self.access_tokens.get(access_token).map(|token| token.session.clone()) else {
            return;
        };
        self.access_tokens.retain(|_, token| token.session != ended);
        self.refresh_tokens.retain(|_, token| token.session != ended);
    }

    /// Ends all sessions, signed-in browsers included.
    pub(crate) fn end_all_sessions(&mut self) {
        self.access_tokens.clear();
        self.refresh_tokens.clear();
        self.browsers.clear();
    }

    /// Ends all client registrations.
    pub(crate) fn expire_registrations(&mut self) {
        self.clients.values_mut().for_each(|client| client.expires_at = Timestamp::UNIX_EPOCH);
    }

    /// Only registrations that list scopes and may refresh get a refresh token; a legacy login (no scopes) is
    /// for the accounts too, but ends when its token ends.
    fn add_tokens(
        &mut self,
        client_id: &str,
        user: &str,
        session: String,
        now: Timestamp,
        life: Duration,
    ) -> Tokens {
        let client = self.clients.get(client_id);
        let scopes = client.map(|client| client.scopes.as_slice()).unwrap_or_default();
        let may_refresh =
            client.is_some_and(|client| client.grant_types.iter().any(|grant| grant == "refresh_token"));
        let token = Token {
            client_id: client_id.to_owned(),
            session,
            user: user.to_owned(),
            expires_at: time::after(now, life),
            accounts: scopes.is_empty() || scopes.iter().any(|scope| scope == "sso:account:access"),
        };
        let refreshable = !scopes.is_empty() && may_refresh;
        let tokens = Tokens { access_token: random::token(), refresh_token: refreshable.then(random::token) };
        if let Some(refresh_token) = &tokens.refresh_token {
            self.refresh_tokens.insert(refresh_token.clone(), token.clone());
        }
        self.access_tokens.insert(tokens.access_token.clone(), token);
        tokens
    }
}

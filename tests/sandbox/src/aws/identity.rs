//! Who may sign requests: access keys, the principals behind them, and the roles they may take.
//!
//! Owns keys and principals; does not know what the services do. The invariant: a temporary key is good only
//! together with its session token and until it expires.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::config::AwsConfig;
use super::failure::Common;
use super::{random, time};

/// The IAM user behind the long-lived key.
pub(crate) const USER_NAME: &str = "sandbox-user";

/// The role that everyone in the account may take with `AssumeRole`.
pub(crate) const ROLE_NAME: &str = "sandbox-role";

/// The audience and text of the only web identity that is trusted.
pub(crate) const WEB_IDENTITY_SUBJECT: &str = "sandbox-workload";

/// Who signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// A person or program with a long-lived key.
    User { account_id: String, name: String },
    /// A session of a role.
    Role { account_id: String, name: String, session: String },
}

impl Principal {
    pub(crate) fn account_id(&self) -> &str {
        match self {
            Self::User { account_id, .. } | Self::Role { account_id, .. } => account_id,
        }
    }

    pub(crate) fn arn(&self) -> String {
        match self {
            Self::User { account_id, name } => format!("arn:aws:iam::{account_id}:user/{name}"),
            Self::Role { account_id, name, session } => {
                format!("arn:aws:sts::{account_id}:assumed-role/{name}/{session}")
            }
        }
    }

    /// The database user that stands for this identity: `IAM:<user>` or `IAMR:<role>`.
    pub(crate) fn database_user(&self) -> String {
        match self {
            Self::User { name, .. } => format!("IAM:{name}"),
            Self::Role { name, .. } => format!("IAMR:{name}"),
        }
    }

    /// The id that `GetCallerIdentity` answers.
    pub(crate) fn user_id(&self) -> String {
        match self {
            Self::User { .. } => "AIDASANDBOXUSER000000".to_owned(),
            Self::Role { session, .. } => format!("AROASANDBOXROLE000000:{session}"),
        }
    }
}

/// An access key.
#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    pub(crate) secret: String,
    pub(crate) session_token: Option<String>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) principal: Principal,
}

/// A temporary key as it is handed out.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
    pub(crate) expires_at: Timestamp,
}

/// All keys.
#[derive(Debug)]
pub(crate) struct Identities {
    keys: HashMap<String, AccessKey>,
    /// The long-lived key id.
    pub(crate) access_key_id: String,
    /// The text of the trusted web identity token.
    pub(crate) web_identity_token: String,
}

impl Identities {
    /// A world with one long-lived key.
    pub(crate) fn new(config: &AwsConfig) -> Self {
        let principal = Principal::User { account_id: config.account_id.clone(), name: USER_NAME.to_owned() };
        let key = AccessKey {
            secret: random::secret_access_key(),
            session_token: None,
            expires_at: None,
            principal,
        };
        let access_key_id = random::access_key_id("AKIA");
        let keys = HashMap::from([(access_key_id.clone(), key)]);
        Self { keys, access_key_id, web_identity_token: random::token() }
    }

    /// The long-lived secret.
    pub(crate) fn secret_access_key(&self) -> String {
        self.keys.get(&self.access_key_id).map(|key| key.secret.clone()).unwrap_or_default()
    }

    /// Finds a key and checks that the session token sent is its own.
    ///
    /// # Errors
    ///
    /// `UnknownKey` for an unknown id and for a missing or foreign token: AWS does not tell them apart.
    pub(crate) fn key(&self, id: &str, session_token: Option<&str>) -> Result<&AccessKey, Common> {
        let key = self.keys.get(id).ok_or(Common::UnknownKey)?;
        if key.session_token.as_deref() == session_token { Ok(key) } else { Err(Common::UnknownKey) }
    }

    /// Starts a session of a role.
    pub(crate) fn start_session(&mut self, role: Principal, now: Timestamp, life: Duration) -> Session {
        let session = Session {
            access_key_id: random::access_key_id("ASIA"),
            secret_access_key: random::secret_access_key(),
            session_token: random::session_token(),
            expires_at: time::after(now, life),
        };
        let key = AccessKey {
            secret: session.secret_access_key.clone(),
            session_token: Some(session.session_token.clone()),
            expires_at: Some(session.expires_at),
            principal: role,
        };
        self.keys.insert(session.access_key_id.clone(), key);
        session
    }

    /// Ends all sessions now.
    pub(crate) fn expire_sessions(&mut self) {
        let sessions = self.keys.values_mut().filter(|key| key.expires_at.is_some());
        sessions.for_each(|key| key.expires_at = Some(Timestamp::UNIX_EPOCH));
    }
}

//! The database credentials that the AWS side has issued: the meeting point of the AWS side and the front door.
//!
//! Owns who was issued which password until when; does not know how a client proves that it has the password
//! (cleartext, MD5, digest), which is why it keeps the text: it never leaves memory and `Debug` hides it.
//! The invariant: a password counts for exactly the user string it was issued with.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Where a credential is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A provisioned cluster, by its identifier.
    Cluster(String),
    /// A Serverless workgroup, by its name.
    Workgroup(String),
}

/// One issued database credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The user string exactly as issued (`IAM:alice`, `IAMA:alice`, `IAMR:role`): the startup user must equal it.
    pub user: String,
    /// The database user behind it, without prefix and groups: what `current_user` shows.
    pub database_user: String,
    /// The password text.
    pub password: String,
    /// When it stops counting for new connections.
    pub expires_at: SystemTime,
    /// The only database it is good for; `None` for every one.
    pub database: Option<String>,
    /// Groups joined for the session.
    pub groups: Vec<String>,
    /// Create the database user if it does not exist.
    pub auto_create: bool,
    /// Where it is good.
    pub target: Target,
}

impl Issued {
    /// Whether it no longer counts for new connections.
    pub fn is_expired(&self) -> bool {
        SystemTime::now() >= self.expires_at
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("user", &self.user)
            .field("database", &self.database)
            .field("expires_at", &self.expires_at)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// What [`CredentialStore::check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password was issued to this user and counts.
    Accepted(Issued),
    /// The password was issued to this user, but its time is over.
    Expired,
    /// No such password was issued to this user.
    Unknown,
}

/// All issued database credentials.
#[derive(Debug, Default)]
pub struct CredentialStore {
    issued: Mutex<Vec<Issued>>,
}

impl CredentialStore {
    /// Records a credential. Earlier ones of the same user stay good: AWS revokes none.
    pub fn issue(&self, issued: Issued) {
        self.lock().push(issued);
    }

    /// The newest credential of a user, expired or not.
    pub fn lookup(&self, user: &str) -> Option<Issued> {
        self.lock().iter().rev().find(|issued| issued.user == user).cloned()
    }

    /// Finds the credential of `user` whose password satisfies `proof`, which compares a client's cleartext, MD5
    /// or digest answer with the candidate password. A user may hold several good passwords at once.
    pub fn check(&self, user: &str, proof: impl Fn(&str) -> bool) -> Verdict {
        let issued = self.lock();
        let found = issued.iter().rev().find(|issued| issued.user == user && proof(&issued.password));
        match found {
            Some(issued) if issued.is_expired() => Verdict::Expired,
            Some(issued) => Verdict::Accepted(issued.clone()),
            None => Verdict::Unknown,
        }
    }

    /// All credentials, for tests that search for them.
    pub fn all(&self) -> Vec<Issued> {
        self.lock().clone()
    }

    /// How many credentials were issued: shows whether a client cached.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Ends every credential now.
    pub fn expire_all(&self) {
        let over = SystemTime::now() - Duration::from_secs(1);
        self.lock().iter_mut().for_each(|issued| issued.expires_at = over);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Issued>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(user: &str, password: &str) -> Issued {
        Issued {
            user: user.to_owned(),
            database_user: "alice".to_owned(),
            password: password.to_owned(),
            expires_at: SystemTime::now() + Duration::from_secs(900),
            database: None,
            groups: Vec::new(),
            auto_create: false,
            target: Target::Cluster("c".to_owned()),
        }
    }

    #[test]
    fn two_passwords_of_one_user_are_good_and_no_other() {
        let store = CredentialStore::default();
        store.issue(issued("IAM:alice", "one"));
        store.issue(issued("IAM:alice", "two"));
        assert!(matches!(store.check("IAM:alice", |password| password == "one"), Verdict::Accepted(_)));
        assert!(matches!(store.check("IAM:alice", |password| password == "two"), Verdict::Accepted(_)));
        assert_eq!(store.check("IAM:alice", |password| password == "three"), Verdict::Unknown);
        assert_eq!(store.check("alice", |password| password == "one"), Verdict::Unknown);
        assert_eq!(store.check("IAMA:alice", |password| password == "one"), Verdict::Unknown);
    }

    #[test]
    fn an_expired_password_is_told_from_a_wrong_one() {
        let store = CredentialStore::default();
        store.issue(issued("IAM:alice", "one"));
        store.expire_all();
        assert_eq!(store.check("IAM:alice", |password| password == "one"), Verdict::Expired);
        assert_eq!(store.check("IAM:alice", |password| password == "two"), Verdict::Unknown);
    }

    #[test]
    fn debug_hides_the_password() {
        assert!(!format!("{:?}", issued("IAM:alice", "planted-secret")).contains("planted-secret"));
    }
}

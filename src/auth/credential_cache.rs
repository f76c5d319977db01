//! Database credentials kept in memory, one entry per identity and target, for the whole process.
//!
//! Process-wide because hosts such as Python's DB-API make a database object per connection. It does not fetch.
//! Invariant: the key is a digest of everything that decides which credentials come back, secrets included, so two
//! identities never share an entry and no secret can be read from a key.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::Credentials;
use super::single_flight::SingleFlight;

type Entry = Arc<SingleFlight<Kept>>;

static ENTRIES: LazyLock<Mutex<HashMap<Key, Entry>>> = LazyLock::new(Mutex::default);

/// Credentials and the moment from which new ones are fetched.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) credentials: Credentials,
    refresh_at: SystemTime,
}

impl Kept {
    /// Keeps credentials until less than max(60 s, 10 % of their life) remains.
    pub(super) fn new(credentials: Credentials, now: SystemTime) -> Self {
        let expires_at = credentials.expires_at.unwrap_or(now);
        let life = expires_at.duration_since(now).unwrap_or_default();
        let margin = (life / 10).max(Duration::from_secs(60));
        let refresh_at = expires_at.checked_sub(margin).unwrap_or(now);
        Self { credentials, refresh_at }
    }

    pub(super) fn is_fresh(&self, now: SystemTime) -> bool {
        now < self.refresh_at
    }
}

/// A digest over the parts that decide which credentials come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// Each part is hashed with its length, so that parts cannot run into one another.
    pub(super) fn new<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            digest.update(length.to_be_bytes());
            digest.update(part.unwrap_or_default());
        }
        Self(digest.finalize().into())
    }
}

/// The entry for a key. Expired entries of others are dropped on the way.
pub(super) fn entry(key: Key) -> Entry {
    let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
    let now = SystemTime::now();
    entries.retain(|other, entry| {
        *other == key || Arc::strong_count(entry) > 1 || !entry.is_idle(|kept| kept.is_fresh(now))
    });
    Arc::clone(entries.entry(key).or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(life_seconds: u64) -> (Kept, SystemTime) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let credentials = Credentials {
            user: "IAM:u".into(),
            password: None,
            host: "h".into(),
            port: 5439,
            expires_at: Some(now + Duration::from_secs(life_seconds)),
        };
        (Kept::new(credentials, now), now)
    }

    #[test]
    fn refresh_is_due_before_sixty_seconds_or_a_tenth_of_life() {
        for (life, fresh, stale) in [(900, 809, 810), (3600, 3239, 3240), (120, 59, 60), (30, 0, 0)] {
            let (kept, now) = kept(life);
            assert_eq!(kept.is_fresh(now + Duration::from_secs(fresh)), life > 60, "{life}");
            assert!(!kept.is_fresh(now + Duration::from_secs(stale)), "{life}");
        }
    }

    #[test]
    fn parts_do_not_run_into_one_another() {
        assert_ne!(Key::new([Some("ab"), Some("c")]), Key::new([Some("a"), Some("bc")]));
        assert_ne!(Key::new([Some("")]), Key::new([None]));
    }
}

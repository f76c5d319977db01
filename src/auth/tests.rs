//! Replay tests of whole logins.

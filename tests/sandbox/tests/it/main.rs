//! The sandbox from outside: its binary, and clients that were not written for it.
//! Owns what all modules need; each module owns one kind of client.
//! Invariant: every wait has a deadline.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "OK because this crate is tests only: a panic is how they fail"
)]

mod binary;
mod postgres_client;
mod psql;
mod script;
mod types;
mod wire;

use std::time::Duration;

use redshift_sandbox::{Sandbox, SandboxConfig};

/// More than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A sandbox with the defaults.
async fn sandbox() -> Sandbox {
    Sandbox::start(SandboxConfig::default()).await.unwrap()
}

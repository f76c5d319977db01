//! Tests of the AWS side from outside: over HTTP as a browser, and with clients that AWS publishes.
//!
//! Owns nothing but the harness; `login.rs` plays the browser over plain HTTP, `browser.rs` drives a real one, `clients.rs` runs
//! the clients of AWS.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "OK because a test fails by panicking"
)]

mod browser;
mod clients;
mod http;
mod login;
mod python;

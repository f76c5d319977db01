//! Tests that run from outside the crate: one binary, a module per behaviour.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // OK because tests end by panicking.

mod architecture;
mod login_aliases;
mod logins;
mod option_table;
#[cfg(asan)]
mod planted;
mod protocol;
mod results;
mod rude;
mod support;
mod transactions;
mod types;

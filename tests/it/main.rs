//! Tests that run from outside the crate: one binary, a module per behaviour.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // OK because tests end by panicking.

mod architecture;
mod log;
mod login_aliases;
mod logins;
mod option_table;
mod protocol;
mod results;
mod support;
mod transactions;
mod types;

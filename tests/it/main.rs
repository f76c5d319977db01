//! Tests that run from outside the crate: one binary, a module per behaviour.

mod architecture;
mod option_table;
mod results;
mod support;
mod transactions;
mod types;

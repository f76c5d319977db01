//! Tests that run from outside the crate: one binary, a module per behaviour.

mod architecture;
mod option_table;

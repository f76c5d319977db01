//! Tests that run from outside the crate: one binary, a module per behaviour.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // OK because tests end by panicking.

mod architecture;
mod bind;
mod cancel;
mod edge_values;
mod ingest;
mod log;
mod login_aliases;
mod login_errors;
mod logins;
mod metadata_columns;
mod metadata_current;
mod metadata_objects;
mod metadata_scale;
mod metadata_statistics;
mod metadata_tables;
mod objects;
#[cfg(not(asan))]
mod old_host;
mod option_table;
#[cfg(asan)]
mod planted;
mod protocol;
mod random_values;
mod results;
mod rude;
mod sessions;
mod shapes;
mod spellings;
mod support;
mod surroundings;
mod transactions;
mod types;
mod values;

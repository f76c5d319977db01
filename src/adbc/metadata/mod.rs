//! The metadata calls of a connection: facts about driver and server, table types, table schemas.
//!
//! All catalog SQL is in `queries`. Metadata calls start no transaction.

mod info;
mod queries;
mod tables;

pub(super) use info::info;
pub(super) use queries::quoted;
pub(super) use tables::{current_schema, table_schema, table_types, temporary_schema};

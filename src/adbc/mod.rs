//! The ADBC objects, as safe Rust: [`Database`], [`Connection`], [`Statement`] and the [`Reader`] of a result.
//!
//! Every method takes `&self` and may be called from any thread; `cancel` and the option getters never wait for
//! another call. Errors are `adbc_core`'s: message, status, SQLSTATE, vendor code, details. This is the only module
//! that turns options into logins and sessions, and rows into batches; it knows no sockets and no C.

mod atomic;
mod auth_profile;
mod bind;
mod bound;
mod columns;
mod connection;
mod database;
mod error;
mod execute;
mod execution;
mod ingest;
mod insert;
mod last_query;
mod log;
mod login;
mod metadata;
pub mod options;
mod reader;
mod running;
mod runtime;
mod settings;
pub mod spellings;
mod statement;
mod store;
mod transaction;
mod uri;

pub use connection::Connection;
pub use database::Database;
pub use reader::{Reader, ResultReader};
pub use statement::Statement;

/// Filters of `GetObjects`: LIKE patterns with `%` and `_`, `None` for no filter.
#[derive(Clone, Debug, Default)]
pub struct ObjectsFilter<'a> {
    /// Pattern for catalogs.
    pub catalog: Option<&'a str>,
    /// Pattern for schemas.
    pub db_schema: Option<&'a str>,
    /// Pattern for tables.
    pub table: Option<&'a str>,
    /// Exact table types.
    pub table_types: Option<Vec<&'a str>>,
    /// Pattern for columns.
    pub column: Option<&'a str>,
}

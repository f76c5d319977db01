//! The current catalog and schema: asked of the server, and set where a session can.
//!
//! Invariant: names that do not exist change nothing.

use adbc_core::error::{Error, Result, Status};

use super::queries;
use super::rows::Queries;
use crate::adbc::connection::Connection;
use crate::adbc::error::{invalid_state, not_implemented, sqlstate};
use crate::adbc::options;
use crate::adbc::store::OptionStore;
use crate::types::Dialect;

pub(in crate::adbc) fn current_schema(connection: &Connection) -> Result<String> {
    let mut name = None;
    Queries::start(connection)?.each(queries::CURRENT_SCHEMA, |[schema]| {
        name = schema.map(str::to_owned);
        Ok(())
    })?;
    name.ok_or_else(|| invalid_state("there is no current schema: no schema of the search path exists"))
}

/// Applies what was set before the connection was initialized.
pub(in crate::adbc) fn set_currents(connection: &Connection, options: &OptionStore) -> Result<()> {
    for key in [options::CURRENT_CATALOG, options::CURRENT_DB_SCHEMA] {
        if let Ok(name) = options.shown(key) {
            set_current(connection, key, &name)?;
        }
    }
    Ok(())
}

/// Sets one of the two options.
pub(in crate::adbc) fn set_current(connection: &Connection, key: &str, name: &str) -> Result<()> {
    match key {
        options::CURRENT_CATALOG => set_current_catalog(connection, name),
        _ => set_current_schema(connection, name),
    }
}

/// The search path becomes this one schema. Inside a transaction block the server takes it back on rollback.
fn set_current_schema(connection: &Connection, name: &str) -> Result<()> {
    let queries = Queries::start(connection)?;
    let stored = stored_name(&queries, name)?;
    let mut exists = false;
    queries.each(&queries::schemas_named(&stored), |[schema]| {
        exists |= schema == Some(&stored);
        Ok(())
    })?;
    if !exists {
        let message = format!("schema '{stored}' does not exist, or may not be seen by this user");
        return Err(Error { sqlstate: sqlstate("3F000"), ..not_found(message) });
    }
    queries.command(&queries::set_schema(&stored))
}

/// A session belongs to its database.
fn set_current_catalog(connection: &Connection, name: &str) -> Result<()> {
    let current = connection.catalog()?;
    if name == current {
        return Ok(());
    }
    Err(not_implemented(format!(
        "an open connection stays with its database '{current}': open a new connection with '{}' = '{name}', or read \
         tables of other databases by three-part names",
        options::CURRENT_CATALOG
    )))
}

/// Redshift folds names, also those in double quotes, unless the session says otherwise.
fn stored_name(queries: &Queries, name: &str) -> Result<String> {
    let lower = name.to_ascii_lowercase();
    if lower == name || queries.server() == Dialect::PostgreSql {
        return Ok(name.to_owned());
    }
    let mut keeps_case = false;
    queries.each(queries::CASE_SENSITIVE, |[setting]| {
        keeps_case = matches!(setting, Some("on" | "true"));
        Ok(())
    })?;
    Ok(if keeps_case { name.to_owned() } else { lower })
}

fn not_found(message: String) -> Error {
    Error::with_message_and_status(message, Status::NotFound)
}

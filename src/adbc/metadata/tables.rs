//! Table types and table schemas.

use std::collections::HashSet;
use std::sync::Arc;

use adbc_core::error::{Error, Result, Status};
use adbc_core::schemas::GET_TABLE_TYPES_SCHEMA;
use arrow_array::{RecordBatch, StringArray};
use arrow_schema::Schema;

use super::queries;
use super::rows::Queries;
use crate::adbc::columns;
use crate::adbc::connection::Connection;
use crate::adbc::error::from_session;
use crate::adbc::reader::{MemoryReader, Reader};
use crate::adbc::running::RunningOperation;
use crate::adbc::runtime;
use crate::session::{Column, Operation, Session};

/// Every table type that Redshift's metadata commands and views report.
const TABLE_TYPES: &[&str] = &[
    "EXTERNAL TABLE",
    "EXTERNAL VIEW",
    "LOCAL TEMPORARY",
    "SHARED TABLE",
    "SYSTEM TABLE",
    "SYSTEM VIEW",
    "TABLE",
    "VIEW",
];

pub(in crate::adbc) fn table_types() -> Result<Reader> {
    let schema = Arc::clone(&GET_TABLE_TYPES_SCHEMA);
    let types = Arc::new(StringArray::from_iter_values(TABLE_TYPES));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![types])
        .map_err(|error| Error::with_message_and_status(error.to_string(), Status::Internal))?;
    Ok(Box::new(MemoryReader::new(schema, vec![batch])))
}

/// The schema of this connection's temporary table of a name, if there is one.
pub(in crate::adbc) fn temporary_schema(connection: &Connection, table: &str) -> Result<Option<String>> {
    let mut schema = None;
    Queries::start(connection)?.each(&queries::temporary_schema(table), |[name]| {
        schema = name.map(str::to_owned);
        Ok(())
    })?;
    Ok(schema)
}

pub(in crate::adbc) fn table_schema(
    connection: &Connection,
    catalog: Option<&str>,
    db_schema: Option<&str>,
    table: &str,
) -> Result<Schema> {
    let session = connection.session()?;
    let running = RunningOperation::start(&[connection.running()]);
    let operation = connection.metadata_operation(&running)?;
    // Without a schema the search path decides, which is one of the current database.
    let catalog = match (catalog, db_schema) {
        (Some(catalog), None) if catalog == connection.catalog()? => None,
        (Some(_), None) => {
            let message = "a table of another catalog has no name without a schema; give the schema too";
            return Err(Error::with_message_and_status(message, Status::InvalidArguments));
        }
        (catalog, _) => catalog,
    };
    let sql = queries::select_from(catalog, db_schema, table);
    let description =
        runtime::block_on(session.describe(&sql, &[], &operation))?.map_err(|error| from_session(&error))?;
    let described = description.columns.unwrap_or_default();
    let not_null = not_null_columns(&session, &operation, &described)?;
    Ok(columns::table_schema(&described, |column| not_null.contains(&column.attribute)))
}

/// The attributes that are NOT NULL: from the RowDescription at protocol 1 and above, otherwise from the catalog.
fn not_null_columns(
    session: &Arc<Session>,
    operation: &Operation,
    described: &[Column],
) -> Result<HashSet<i16>> {
    // Flags come with the names: a server that leaves the table's name out has not looked either.
    let is_told =
        |column: &Column| column.extended.as_ref().is_some_and(|extended| !extended.table.is_empty());
    if described.iter().any(is_told) {
        let not_null =
            |column: &&Column| column.extended.as_ref().is_some_and(|extended| extended.not_null());
        return Ok(described.iter().filter(not_null).map(|column| column.attribute).collect());
    }
    // A view's columns carry the view's own OID, and the catalog says they may be NULL.
    let Some(table_oid) = described.iter().map(|column| column.table_oid).find(|&oid| oid != 0) else {
        return Ok(HashSet::new());
    };
    let rows = rows(session, &queries::not_null_attributes(table_oid), operation)?;
    Ok(rows.into_iter().flatten().flatten().filter_map(|attribute| attribute.parse().ok()).collect())
}

fn rows(session: &Arc<Session>, sql: &str, operation: &Operation) -> Result<Vec<Vec<Option<String>>>> {
    runtime::block_on(session.rows(sql, operation))?.map_err(|error| from_session(&error))
}

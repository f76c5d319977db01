//! The settings of a bulk ingest: its target table, and the columns of one that it makes.
//!
//! Invariant: what the settings hold as SQL can be put into DDL and cannot end it.

use std::collections::BTreeMap;

use adbc_core::error::{Error, Result, Status};

use super::{Options, names};
use crate::adbc::error::invalid_state;
use crate::adbc::options;
use crate::adbc::store::OptionStore;
use crate::types::MAX_VARCHAR_BYTES;

/// How bound data becomes a table's rows.
#[derive(Clone, Debug)]
pub(in crate::adbc) struct IngestSettings {
    pub(in crate::adbc) table: String,
    pub(in crate::adbc) catalog: Option<String>,
    pub(in crate::adbc) db_schema: Option<String>,
    pub(in crate::adbc) temporary: bool,
    pub(in crate::adbc) mode: IngestMode,
    pub(in crate::adbc) varchar_length: VarcharLength,
    /// SQL types by column name.
    pub(in crate::adbc) column_types: BTreeMap<String, String>,
    pub(in crate::adbc) dist_key: Option<String>,
    pub(in crate::adbc) sort_key: Vec<String>,
    /// In a transaction of its own, where none is open.
    pub(in crate::adbc) transaction: bool,
}

/// What becomes of the target table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::adbc) enum IngestMode {
    Append,
    Create,
    CreateAppend,
    Replace,
}

/// The length of new VARCHAR columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::adbc) enum VarcharLength {
    /// In bytes.
    Fixed(u32),
    /// That of the longest value.
    Measured,
}

impl IngestSettings {
    /// The settings, if a target table is set; stores are given innermost first.
    ///
    /// # Errors
    ///
    /// `InvalidState` for a temporary table with catalog or schema, `InvalidArguments` for values that cannot be read.
    pub(in crate::adbc) fn from_stores(stores: &[&OptionStore]) -> Result<Option<Self>> {
        let options = Options(stores);
        let Some(table) = options.optional(options::INGEST_TARGET_TABLE) else { return Ok(None) };
        let settings = Self {
            table,
            catalog: options.optional(options::INGEST_TARGET_CATALOG),
            db_schema: options.optional(options::INGEST_TARGET_DB_SCHEMA),
            temporary: options.is_on(options::INGEST_TEMPORARY)?,
            mode: match options.text(options::INGEST_MODE)?.as_str() {
                "adbc.ingest.mode.append" => IngestMode::Append,
                "adbc.ingest.mode.create_append" => IngestMode::CreateAppend,
                "adbc.ingest.mode.replace" => IngestMode::Replace,
                _ => IngestMode::Create,
            },
            varchar_length: varchar_length(&options.text(options::VARCHAR_LENGTH)?)?,
            column_types: column_types(options.optional(options::COLUMN_TYPES))?,
            dist_key: options.optional(options::DIST_KEY),
            sort_key: options.optional(options::SORT_KEY).map(|text| names(&text)).unwrap_or_default(),
            transaction: options.is_on(options::INGEST_TRANSACTION)?,
        };
        if settings.temporary && (settings.catalog.is_some() || settings.db_schema.is_some()) {
            return Err(invalid_state(format!(
                "a temporary table has no catalog and no schema of yours; unset '{}' and '{}', or '{}'",
                options::INGEST_TARGET_CATALOG,
                options::INGEST_TARGET_DB_SCHEMA,
                options::INGEST_TEMPORARY
            )));
        }
        Ok(Some(settings))
    }
}

fn varchar_length(text: &str) -> Result<VarcharLength> {
    match text {
        "max" => Ok(VarcharLength::Fixed(MAX_VARCHAR_BYTES)),
        "measured" => Ok(VarcharLength::Measured),
        number => number
            .parse()
            .ok()
            .filter(|bytes| (1..=MAX_VARCHAR_BYTES).contains(bytes))
            .map(VarcharLength::Fixed)
            .ok_or_else(|| {
                let message = format!(
                    "option '{}' takes a number from 1 to {MAX_VARCHAR_BYTES}, 'max' or 'measured', not '{text}'",
                    options::VARCHAR_LENGTH
                );
                Error::with_message_and_status(message, Status::InvalidArguments)
            }),
    }
}

fn column_types(text: Option<String>) -> Result<BTreeMap<String, String>> {
    // What DDL of a column type needs, and nothing that could end it.
    let is_harmless = |sql: &String| sql.chars().all(|c| c.is_ascii_alphanumeric() || " _(),".contains(c));
    let Some(text) = text else { return Ok(BTreeMap::new()) };
    match serde_json::from_str::<BTreeMap<String, String>>(&text) {
        Ok(types) if types.values().all(is_harmless) => Ok(types),
        _ => {
            let message = format!(
                "option '{}' takes a JSON object of column names and SQL types, such as {{\"name\": \"VARCHAR(20)\"}}",
                options::COLUMN_TYPES
            );
            Err(Error::with_message_and_status(message, Status::InvalidArguments))
        }
    }
}

//! The table that an ingest fills: which one a name means, and the DDL that makes it.
//!
//! Invariant: a temporary table and another of its name are never taken for each other, so that nothing is dropped that
//! the caller did not name.

use adbc_core::error::{Error, Result, Status};
use arrow_schema::Schema;

use crate::adbc::connection::Connection;
use crate::adbc::error::from_encode;
use crate::adbc::metadata::{self, quoted};
use crate::adbc::options;
use crate::adbc::settings::{IngestMode, IngestSettings};
use crate::types::{Dialect, column_type};

/// A target table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Catalog and schema, as far as the name needs them.
    qualifiers: Vec<String>,
    table: String,
    temporary: bool,
    /// A temporary table of the name is there already, under the qualifiers.
    exists: bool,
}

impl Target {
    /// Finds out what the name means now.
    pub(super) fn find(connection: &Connection, settings: &IngestSettings) -> Result<Self> {
        let table = settings.table.clone();
        if settings.temporary {
            let schema = metadata::temporary_schema(connection, &table)?;
            if settings.mode == IngestMode::Append && schema.is_none() {
                let message = format!("there is no temporary table {} to append to", quoted(&table));
                return Err(Error::with_message_and_status(message, Status::NotFound));
            }
            let exists = schema.is_some();
            return Ok(Self { qualifiers: schema.into_iter().collect(), table, temporary: true, exists });
        }
        // Without a schema a temporary table of the name would go first.
        let schema = match &settings.db_schema {
            Some(schema) => schema.clone(),
            None => metadata::current_schema(connection)?,
        };
        let qualifiers = settings.catalog.iter().cloned().chain([schema]).collect();
        Ok(Self { qualifiers, table, temporary: false, exists: false })
    }

    /// The name in SQL. A temporary table that was just made needs no schema, as it goes before all others.
    pub(super) fn name(&self) -> String {
        let parts: Vec<_> = self.qualifiers.iter().chain([&self.table]).map(|part| quoted(part)).collect();
        parts.join(".")
    }

    /// The statements that make the table as the mode wants it.
    ///
    /// # Errors
    ///
    /// `InvalidArguments` for options that name a column which the data has not, and types that no column takes.
    pub(super) fn ddl(
        &self,
        settings: &IngestSettings,
        schema: &Schema,
        dialect: Dialect,
        varchar_lengths: &[u32],
    ) -> Result<Vec<String>> {
        check_columns(settings, schema)?;
        let create = |if_not_exists: &str| {
            let columns = column_definitions(settings, schema, dialect, varchar_lengths)?;
            let name = if self.temporary { quoted(&self.table) } else { self.name() };
            let kind = if self.temporary { "TEMPORARY TABLE" } else { "TABLE" };
            Ok::<_, Error>(format!("CREATE {kind} {if_not_exists}{name} ({columns}){}", keys(settings)))
        };
        Ok(match settings.mode {
            IngestMode::Append => Vec::new(),
            IngestMode::Create => vec![create("")?],
            IngestMode::CreateAppend if self.exists => Vec::new(),
            IngestMode::CreateAppend if self.temporary => vec![create("")?],
            IngestMode::CreateAppend => vec![create("IF NOT EXISTS ")?],
            IngestMode::Replace if self.temporary && !self.exists => vec![create("")?],
            IngestMode::Replace => vec![format!("DROP TABLE IF EXISTS {}", self.name()), create("")?],
        })
    }
}

fn column_definitions(
    settings: &IngestSettings,
    schema: &Schema,
    dialect: Dialect,
    varchar_lengths: &[u32],
) -> Result<String> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (index, (field, bytes)) in schema.fields().iter().zip(varchar_lengths).enumerate() {
        let sql_type = match settings.column_types.get(field.name()) {
            Some(sql_type) => sql_type.clone(),
            None => column_type(index, field, dialect, *bytes).map_err(|error| from_encode(&error))?,
        };
        let not_null = if field.is_nullable() { "" } else { " NOT NULL" };
        columns.push(format!("{} {sql_type}{not_null}", quoted(field.name())));
    }
    Ok(columns.join(", "))
}

fn keys(settings: &IngestSettings) -> String {
    let mut keys = String::new();
    if let Some(column) = &settings.dist_key {
        keys.push_str(&format!(" DISTSTYLE KEY DISTKEY ({})", quoted(column)));
    }
    if !settings.sort_key.is_empty() {
        let columns: Vec<_> = settings.sort_key.iter().map(|column| quoted(column)).collect();
        keys.push_str(&format!(" COMPOUND SORTKEY ({})", columns.join(", ")));
    }
    keys
}

fn check_columns(settings: &IngestSettings, schema: &Schema) -> Result<()> {
    let named = settings
        .column_types
        .keys()
        .map(|column| (options::COLUMN_TYPES, column))
        .chain(settings.dist_key.iter().map(|column| (options::DIST_KEY, column)))
        .chain(settings.sort_key.iter().map(|column| (options::SORT_KEY, column)));
    for (option, column) in named {
        if schema.column_with_name(column).is_none() {
            let message =
                format!("option '{option}' names the column {}, which the data has not", quoted(column));
            return Err(Error::with_message_and_status(message, Status::InvalidArguments));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow_schema::{DataType, Field};

    use super::*;
    use crate::adbc::settings::VarcharLength;

    fn settings(mode: IngestMode) -> IngestSettings {
        IngestSettings {
            table: "t".into(),
            catalog: None,
            db_schema: None,
            temporary: false,
            mode,
            varchar_length: VarcharLength::Fixed(9),
            column_types: BTreeMap::new(),
            dist_key: None,
            sort_key: Vec::new(),
            transaction: true,
        }
    }

    fn schema() -> Schema {
        Schema::new(vec![
            Field::new("a", DataType::Int32, false),
            Field::new("b \"c\"", DataType::Utf8, true),
        ])
    }

    fn ddl(target: &Target, settings: &IngestSettings) -> Result<Vec<String>> {
        target.ddl(settings, &schema(), Dialect::Redshift, &[9, 9])
    }

    fn permanent() -> Target {
        Target { qualifiers: vec!["s".into()], table: "t".into(), temporary: false, exists: false }
    }

    #[test]
    fn each_mode_has_its_statements() {
        let columns = r#"("a" INTEGER NOT NULL, "b ""c""" VARCHAR(9))"#;
        for (mode, expected) in [
            (IngestMode::Append, vec![]),
            (IngestMode::Create, vec![format!(r#"CREATE TABLE "s"."t" {columns}"#)]),
            (IngestMode::CreateAppend, vec![format!(r#"CREATE TABLE IF NOT EXISTS "s"."t" {columns}"#)]),
            (
                IngestMode::Replace,
                vec![
                    r#"DROP TABLE IF EXISTS "s"."t""#.to_owned(),
                    format!(r#"CREATE TABLE "s"."t" {columns}"#),
                ],
            ),
        ] {
            assert_eq!(ddl(&permanent(), &settings(mode)).unwrap(), expected);
        }
    }

    #[test]
    fn a_temporary_table_is_dropped_only_where_it_was_found() {
        let settings = IngestSettings { temporary: true, ..settings(IngestMode::Replace) };
        let missing = Target { qualifiers: vec![], temporary: true, ..permanent() };
        let found =
            Target { qualifiers: vec!["pg_temp_3".into()], temporary: true, exists: true, ..permanent() };
        assert_eq!(ddl(&missing, &settings).unwrap().len(), 1);
        let statements = ddl(&found, &settings).unwrap();
        assert_eq!(statements[0], r#"DROP TABLE IF EXISTS "pg_temp_3"."t""#);
        assert!(statements[1].starts_with(r#"CREATE TEMPORARY TABLE "t" ("#), "{statements:?}");
    }

    #[test]
    fn keys_and_types_are_the_callers() {
        let settings = IngestSettings {
            column_types: BTreeMap::from([("a".to_owned(), "BIGINT ENCODE az64".to_owned())]),
            dist_key: Some("a".into()),
            sort_key: vec!["a".into(), "b \"c\"".into()],
            ..settings(IngestMode::Create)
        };
        let statement = &ddl(&permanent(), &settings).unwrap()[0];
        assert!(statement.contains(r#"("a" BIGINT ENCODE az64 NOT NULL, "#), "{statement}");
        let keys = r#") DISTSTYLE KEY DISTKEY ("a") COMPOUND SORTKEY ("a", "b ""c""")"#;
        assert!(statement.ends_with(keys), "{statement}");
    }

    #[test]
    fn options_that_name_no_column_are_refused() {
        let settings = IngestSettings { dist_key: Some("z".into()), ..settings(IngestMode::Create) };
        let error = ddl(&permanent(), &settings).unwrap_err();
        assert_eq!(error.status, Status::InvalidArguments);
        assert!(error.message.contains("dist_key") && error.message.contains("\"z\""), "{error}");
    }
}

//! The objects of other databases and data shares, for GetObjects.
//!
//! One query per level, as for the current database. Where the server offers SHOW, it answers for what one command can:
//! the databases, the schemas of one database, the columns of one table. Tables always come from `svv_all_tables`, so that
//! one object has one type however it was asked for. Invariant: names are added in the order of the views.

use adbc_core::error::Result;

use super::columns::Column;
use super::queries::{SHOW_DATABASES, SHOWN_COLUMN, SYSTEM_DATABASES, Scope, show_columns, show_schemas};
use super::rows::{Queries, number, required, truth};
use super::tree::Tree;
use crate::types::{Lengths, spelled};

/// What was found of other databases so far.
#[derive(Debug, Default)]
pub(super) struct Others {
    databases: Vec<String>,
    table: Found,
}

/// Whether a level has a single object.
#[derive(Debug, Default)]
enum Found {
    #[default]
    Nothing,
    One([String; 3]),
    Many,
}

impl Found {
    fn add(&mut self, path: [&str; 3]) {
        *self = match self {
            Self::Nothing => Self::One(path.map(str::to_owned)),
            Self::One(_) | Self::Many => Self::Many,
        };
    }
}

/// The databases beside the current one.
pub(super) fn databases(queries: &Queries, scope: &Scope<'_>, current: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let add = |[name]: [Option<&str>; 1]| {
        let name = required(name, "a database name")?;
        if name != current && !SYSTEM_DATABASES.contains(&name) && scope.catalog.matches(name) {
            names.push(name.to_owned());
        }
        Ok(())
    };
    if queries.shows_catalogs() {
        queries.each_named(SHOW_DATABASES, ["database_name"], add)?;
    } else {
        queries.each(&scope.other_databases(), add)?;
    }
    names.sort_unstable();
    Ok(names)
}

impl Others {
    pub(super) fn new(databases: Vec<String>) -> Self {
        Self { databases, table: Found::Nothing }
    }

    pub(super) fn add_schemas(&self, queries: &Queries, scope: &Scope<'_>, tree: &mut Tree) -> Result<()> {
        match self.databases.as_slice() {
            [] => Ok(()),
            [only] if queries.shows_catalogs() => {
                let mut names = Vec::new();
                queries.each_named(&show_schemas(only), ["schema_name"], |[schema]| {
                    names.push(required(schema, "a schema name")?.to_owned());
                    Ok(())
                })?;
                names.sort_unstable();
                names.retain(|name| scope.wants_schema(name));
                names.iter().try_for_each(|name| tree.add_schema(only, name))
            }
            _ => queries.each(&scope.other_schemas(), |[catalog, schema]| {
                let (catalog, schema) =
                    (required(catalog, "a database")?, required(schema, "a schema name")?);
                if scope.wants_schema(schema) { tree.add_schema(catalog, schema) } else { Ok(()) }
            }),
        }
    }

    pub(super) fn add_tables(&mut self, queries: &Queries, scope: &Scope<'_>, tree: &mut Tree) -> Result<()> {
        if self.databases.is_empty() {
            return Ok(());
        }
        queries.each(&scope.other_tables(), |[catalog, schema, table, table_type]| {
            let table = required(table, "a table name")?;
            if !scope.table.matches(table) {
                return Ok(());
            }
            let path = [required(catalog, "a database")?, required(schema, "a schema")?, table];
            self.table.add(path);
            tree.add_table(path, required(table_type, "a table type")?, false)
        })
    }

    pub(super) fn add_columns(&self, queries: &Queries, scope: &Scope<'_>, tree: &mut Tree) -> Result<()> {
        match &self.table {
            Found::Nothing => Ok(()),
            Found::One(path) if queries.shows_catalogs() => {
                let path = path.each_ref().map(String::as_str);
                queries
                    .each_named(&show_columns(path), SHOWN_COLUMN, |row| add_column(scope, tree, path, row))
            }
            Found::One(_) | Found::Many => queries.each(&scope.other_columns(), |row: [Option<&str>; 12]| {
                let [catalog, schema, table, row @ ..] = row;
                let path = [
                    required(catalog, "a database")?,
                    required(schema, "a schema")?,
                    required(table, "a table")?,
                ];
                add_column(scope, tree, path, row)
            }),
        }
    }
}

fn add_column(scope: &Scope<'_>, tree: &mut Tree, table: [&str; 3], row: [Option<&str>; 9]) -> Result<()> {
    let [position, name, spelling, length, precision, scale, nullable, default, remarks] = row;
    let name = required(name, "a column name")?;
    if !scope.column.matches(name) {
        return Ok(());
    }
    let lengths = Lengths { length: number(length), precision: number(precision), scale: number(scale) };
    let column = Column {
        name,
        position: number(position),
        remarks,
        xdbc: spelled(spelling.unwrap_or_default(), lengths),
        nullable: truth(nullable),
        default,
        identity: None,
    };
    tree.add_column(table, &column)
}

//! `GetObjects`: which queries a depth and its filters need, and the tree that their rows make.
//!
//! One query per level and source, however many objects there are. Invariant: filters narrow down in SQL and decide
//! here, where patterns mean what ADBC says.

use adbc_core::error::{Error, Result, Status};
use adbc_core::options::ObjectDepth;

use super::columns::Column;
use super::constraints::Constraint;
use super::others::{self, Others};
use super::pattern::Pattern;
use super::queries::Scope;
use super::rows::{Queries, number, required, truth};
use super::tree::Tree;
use crate::adbc::ObjectsFilter;
use crate::adbc::connection::Connection;
use crate::adbc::reader::Reader;
use crate::types::{Dialect, Lengths, spelled, xdbc};

/// The types of relations that lie in the current database.
const LOCAL_TYPES: &[&str] = &["LOCAL TEMPORARY", "SYSTEM TABLE", "SYSTEM VIEW", "TABLE", "VIEW"];
const EXTERNAL_TYPES: &[&str] = &["EXTERNAL TABLE", "EXTERNAL VIEW"];
const SYSTEM_TYPES: &[&str] = &["SYSTEM TABLE", "SYSTEM VIEW"];

pub(in crate::adbc) fn objects(
    connection: &Connection,
    depth: i32,
    filter: &ObjectsFilter<'_>,
) -> Result<Reader> {
    let depth = ObjectDepth::try_from(depth).map_err(|_| {
        let message =
            format!("depth {depth} is unknown; use 0 (all), 1 (catalogs), 2 (schemas) or 3 (tables)");
        Error::with_message_and_status(message, Status::InvalidArguments)
    })?;
    let current = connection.catalog()?;
    let queries = Queries::start(connection)?;
    let mut listing = Listing::new(&current, filter, &queries);
    listing.catalogs()?;
    if depth != ObjectDepth::Catalogs {
        listing.schemas()?;
        if depth != ObjectDepth::Schemas {
            listing.tables()?;
            if depth != ObjectDepth::Tables {
                listing.columns()?;
                listing.constraints()?;
            }
        }
    }
    listing.tree.finish(depth)
}

/// One call of GetObjects.
struct Listing<'a> {
    current: &'a str,
    scope: Scope<'a>,
    queries: &'a Queries,
    /// Whether the current database is among the catalogs.
    is_here: bool,
    others: Others,
    tree: Tree,
}

impl<'a> Listing<'a> {
    fn new(current: &'a str, filter: &'a ObjectsFilter<'_>, queries: &'a Queries) -> Self {
        let db_schema = Pattern::new(filter.db_schema);
        let table_types = filter.table_types.as_deref();
        let mut scope = Scope {
            server: queries.server(),
            catalog: Pattern::new(filter.catalog),
            db_schema,
            table: Pattern::new(filter.table),
            column: Pattern::new(filter.column),
            table_types,
            with_system: false,
        };
        // A thousand relations of the server's own are not what a list of everything is asked for.
        scope.with_system = !db_schema.is_any() || (table_types.is_some() && scope.wants(SYSTEM_TYPES));
        let is_here = scope.catalog.matches(current);
        Self { current, scope, queries, is_here, others: Others::default(), tree: Tree::default() }
    }

    /// The current database first.
    fn catalogs(&mut self) -> Result<()> {
        if self.is_here {
            self.tree.add_catalog(self.current)?;
            if self.scope.catalog.is_exact() {
                return Ok(());
            }
        }
        let names = others::databases(self.queries, &self.scope, self.current)?;
        names.iter().try_for_each(|name| self.tree.add_catalog(name))?;
        // PostgreSQL shows nothing of them but their names.
        if self.scope.server == Dialect::Redshift {
            self.others = Others::new(names);
        }
        Ok(())
    }

    fn schemas(&mut self) -> Result<()> {
        let Self { current, scope, queries, tree, .. } = self;
        tree.rewind();
        if self.is_here {
            queries.each(&scope.schemas(), |[schema, _is_external]| {
                let schema = required(schema, "a schema name")?;
                if scope.db_schema.matches(schema) { tree.add_schema(current, schema) } else { Ok(()) }
            })?;
        }
        self.others.add_schemas(queries, scope, tree)
    }

    fn tables(&mut self) -> Result<()> {
        let Self { current, scope, queries, tree, .. } = self;
        tree.rewind();
        let mut add = |[schema, table, table_type]: [Option<&str>; 3]| {
            let table = required(table, "a table name")?;
            if !scope.table.matches(table) {
                return Ok(());
            }
            let path = [*current, required(schema, "a schema")?, table];
            tree.add_table(path, required(table_type, "a table type")?, true)
        };
        if self.is_here && scope.wants(LOCAL_TYPES) {
            queries.each(&scope.tables(), &mut add)?;
        }
        if self.is_here && scope.has_external() {
            queries.each(&scope.external_tables(), &mut add).map_err(external_advice)?;
        }
        self.others.add_tables(queries, scope, tree)
    }

    fn columns(&mut self) -> Result<()> {
        self.tree.rewind();
        if self.is_here && self.scope.wants(LOCAL_TYPES) {
            self.local_columns()?;
        }
        if self.is_here && self.scope.has_external() {
            self.external_columns().map_err(external_advice)?;
        }
        self.others.add_columns(self.queries, &self.scope, &mut self.tree)
    }

    fn local_columns(&mut self) -> Result<()> {
        let Self { current, scope, queries, tree, .. } = self;
        queries.each(&scope.columns(), |row| {
            let [
                schema,
                table,
                position,
                name,
                oid,
                modifier,
                spelling,
                not_null,
                default,
                identity,
                remarks,
            ] = row;
            let name = required(name, "a column name")?;
            if !scope.column.matches(name) {
                return Ok(());
            }
            let xdbc = match spelling {
                Some(spelling) => spelled(spelling, Lengths::default()),
                None => xdbc(number(oid).unwrap_or(0), number(modifier).unwrap_or(-1)),
            };
            let column = Column {
                name,
                position: number(position),
                remarks,
                xdbc,
                nullable: not_null.map(|not_null| not_null != "t"),
                default,
                identity: identity.map(|identity| identity == "t"),
            };
            tree.add_column([current, required(schema, "a schema")?, required(table, "a table")?], &column)
        })
    }

    fn external_columns(&mut self) -> Result<()> {
        let Self { current, scope, queries, tree, .. } = self;
        queries.each(&scope.external_columns(), |[schema, table, position, name, spelling, nullable]| {
            let name = required(name, "a column name")?;
            if !scope.column.matches(name) {
                return Ok(());
            }
            let column = Column {
                name,
                position: number(position),
                remarks: None,
                xdbc: spelled(spelling.unwrap_or_default(), Lengths::default()),
                nullable: truth(nullable),
                default: None,
                identity: Some(false),
            };
            tree.add_column([current, required(schema, "a schema")?, required(table, "a table")?], &column)
        })
    }

    fn constraints(&mut self) -> Result<()> {
        let Self { current, scope, queries, tree, .. } = self;
        tree.rewind();
        if !self.is_here || !scope.wants(LOCAL_TYPES) {
            return Ok(());
        }
        queries.each(&scope.constraints(), |[schema, table, name, kind, definition, to_schema, to_table]| {
            let referenced = to_schema.zip(to_table).map(|(schema, table)| [*current, schema, table]);
            let constraint = Constraint {
                name,
                kind: kind.unwrap_or_default(),
                definition: definition.unwrap_or_default(),
                referenced,
            };
            let path = [*current, required(schema, "a schema")?, required(table, "a table")?];
            tree.add_constraint(path, &constraint)
        })
    }
}

impl Scope<'_> {
    fn has_external(&self) -> bool {
        self.server == Dialect::Redshift && self.wants(EXTERNAL_TYPES)
    }
}

/// One broken role of an external schema fails the view for all of them.
fn external_advice(error: Error) -> Error {
    let message = format!(
        "cannot list external schemas: {}; filter by schema, or by table types without EXTERNAL ones, to leave them out",
        error.message
    );
    Error { message, ..error }
}

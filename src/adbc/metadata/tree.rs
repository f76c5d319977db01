//! Catalogs, schemas and tables as they arrive, level by level, and the nested result made of them.
//!
//! Children name their parents and come in the order of them, so that each level only grows at its end. Invariant: a
//! child whose parent is not there (made or dropped between two queries) is left out; one that comes too late is an
//! error, never silently lost.

use adbc_core::error::{Error, Result, Status};
use adbc_core::options::ObjectDepth;
use adbc_core::schemas::{GET_OBJECTS_SCHEMA, OBJECTS_DB_SCHEMA_SCHEMA, TABLE_SCHEMA};
use arrow_array::{ArrayRef, new_null_array};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::DataType;

use super::columns::{Column, Columns};
use super::constraints::{Constraint, Constraints};
use super::nested::{list, one_batch, structure};
use super::texts::{Offsets, Texts};
use crate::adbc::reader::Reader;

/// Objects of one level, below their parents.
#[derive(Debug, Default)]
pub(super) struct Level {
    names: Texts,
    parents: Vec<usize>,
    /// The lists of the parents.
    lists: Offsets,
    /// Where the last child's parent was found.
    cursor: usize,
    /// What was looked for last in vain.
    missed: Option<(usize, String)>,
}

impl Level {
    pub(super) fn len(&self) -> usize {
        self.parents.len()
    }

    /// Adds an object, unless it is the one that was added last.
    fn push(&mut self, parent: usize, name: &str) -> Result<bool> {
        let last = self.len().checked_sub(1);
        if last.is_some_and(|last| self.is(last, parent, name)) {
            return Ok(false);
        }
        self.lists.push_until(parent, self.len())?;
        self.names.push(name)?;
        self.parents.push(parent);
        Ok(true)
    }

    /// Before the children of another query come.
    fn rewind(&mut self) {
        self.cursor = 0;
        self.missed = None;
    }

    /// The position of an object that is the one found last or comes after it.
    fn find(&mut self, parent: usize, name: &str) -> Result<Option<usize>> {
        if self.missed.as_ref().is_some_and(|(under, missed)| *under == parent && missed == name) {
            return Ok(None);
        }
        if let Some(at) = (self.cursor..self.len()).find(|at| self.is(*at, parent, name)) {
            self.cursor = at;
            return Ok(Some(at));
        }
        if (0..self.cursor).any(|at| self.is(at, parent, name)) {
            let message =
                format!("the server listed the objects below '{name}' out of order; report this as a bug");
            return Err(Error::with_message_and_status(message, Status::Internal));
        }
        self.missed = Some((parent, name.to_owned()));
        Ok(None)
    }

    fn is(&self, at: usize, parent: usize, name: &str) -> bool {
        self.parents.get(at) == Some(&parent) && self.names.is(at, name)
    }

    /// The names, and the lists that hold them below `parents` parents.
    fn finish(mut self, parents: usize) -> Result<(ArrayRef, Offsets)> {
        self.lists.push_until(parents, self.parents.len())?;
        Ok((self.names.finish()?, self.lists))
    }
}

/// The result of GetObjects as it grows.
#[derive(Debug)]
pub(super) struct Tree {
    catalogs: Level,
    schemas: Level,
    tables: Level,
    table_types: Texts,
    /// Tables whose constraints can be known.
    constrained: NullBufferBuilder,
    columns: Columns,
    constraints: Constraints,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            catalogs: Level::default(),
            schemas: Level::default(),
            tables: Level::default(),
            table_types: Texts::default(),
            constrained: NullBufferBuilder::new(0),
            columns: Columns::default(),
            constraints: Constraints::default(),
        }
    }
}

impl Tree {
    /// Before the rows of another level come.
    pub(super) fn rewind(&mut self) {
        self.catalogs.rewind();
        self.schemas.rewind();
        self.tables.rewind();
    }

    pub(super) fn add_catalog(&mut self, name: &str) -> Result<()> {
        self.catalogs.push(0, name).map(drop)
    }

    pub(super) fn add_schema(&mut self, catalog: &str, name: &str) -> Result<()> {
        match self.catalogs.find(0, catalog)? {
            Some(catalog) => self.schemas.push(catalog, name).map(drop),
            None => Ok(()),
        }
    }

    /// `constrained`: whether the constraints of the table can be known.
    pub(super) fn add_table(
        &mut self,
        [catalog, schema, name]: [&str; 3],
        table_type: &str,
        constrained: bool,
    ) -> Result<()> {
        if let Some(schema) = self.find_schema(catalog, schema)?
            && self.tables.push(schema, name)?
        {
            self.table_types.push(table_type)?;
            self.constrained.append(constrained);
        }
        Ok(())
    }

    pub(super) fn add_column(&mut self, table: [&str; 3], column: &Column<'_>) -> Result<()> {
        match self.find_table(table)? {
            Some(table) => self.columns.push(table, column),
            None => Ok(()),
        }
    }

    pub(super) fn add_constraint(&mut self, table: [&str; 3], constraint: &Constraint<'_>) -> Result<()> {
        match self.find_table(table)? {
            Some(table) => self.constraints.push(table, constraint),
            None => Ok(()),
        }
    }

    fn find_schema(&mut self, catalog: &str, schema: &str) -> Result<Option<usize>> {
        match self.catalogs.find(0, catalog)? {
            Some(catalog) => self.schemas.find(catalog, schema),
            None => Ok(None),
        }
    }

    fn find_table(&mut self, [catalog, schema, table]: [&str; 3]) -> Result<Option<usize>> {
        match self.find_schema(catalog, schema)? {
            Some(schema) => self.tables.find(schema, table),
            None => Ok(None),
        }
    }

    /// The result, with NULL for the levels below `depth`.
    pub(super) fn finish(self, depth: ObjectDepth) -> Result<Reader> {
        let (catalogs, schemas, tables) = (self.catalogs.len(), self.schemas.len(), self.tables.len());
        let (catalog_names, _) = self.catalogs.finish(1)?;
        let schema_lists = if depth == ObjectDepth::Catalogs {
            null_lists(&OBJECTS_DB_SCHEMA_SCHEMA, catalogs)
        } else {
            let (schema_names, schema_lists) = self.schemas.finish(catalogs)?;
            let table_lists = if depth == ObjectDepth::Schemas {
                null_lists(&TABLE_SCHEMA, schemas)
            } else {
                let (names, table_lists) = self.tables.finish(schemas)?;
                let below = if depth == ObjectDepth::Tables {
                    null_children(tables)?
                } else {
                    [self.columns.finish(tables)?, self.constraints.finish(tables, self.constrained)?]
                };
                let fields = [names, self.table_types.finish()?].into_iter().chain(below).collect();
                list(table_lists, structure(&TABLE_SCHEMA, fields)?, None)?
            };
            list(schema_lists, structure(&OBJECTS_DB_SCHEMA_SCHEMA, vec![schema_names, table_lists])?, None)?
        };
        one_batch(&GET_OBJECTS_SCHEMA, vec![catalog_names, schema_lists])
    }
}

fn null_lists(item: &DataType, count: usize) -> ArrayRef {
    new_null_array(&DataType::new_list(item.clone(), true), count)
}

/// The columns and constraints of tables at a depth that does not show them.
fn null_children(tables: usize) -> Result<[ArrayRef; 2]> {
    let DataType::Struct(fields) = &*TABLE_SCHEMA else {
        return Err(Error::with_message_and_status("ADBC's schema has no struct here", Status::Internal));
    };
    let null = |name: &str| fields.find(name).map(|(_, field)| new_null_array(field.data_type(), tables));
    match (null("table_columns"), null("table_constraints")) {
        (Some(columns), Some(constraints)) => Ok([columns, constraints]),
        _ => Err(Error::with_message_and_status("ADBC's schema of a table lacks a list", Status::Internal)),
    }
}

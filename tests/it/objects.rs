//! The result of GetObjects as plain values, for tests.

use std::collections::BTreeMap;

use adbc_core::Connection as _;
use adbc_core::error::Result;
use adbc_core::options::ObjectDepth;
use adbc_core::schemas::GET_OBJECTS_SCHEMA;
use adbc_driver_manager::ManagedConnection;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type};
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_schema::DataType;

/// Filters; `None` everywhere by default.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filters<'a> {
    pub(crate) catalog: Option<&'a str>,
    pub(crate) db_schema: Option<&'a str>,
    pub(crate) table: Option<&'a str>,
    pub(crate) table_types: Option<&'a [&'a str]>,
    pub(crate) column: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Catalog {
    pub(crate) name: String,
    pub(crate) schemas: Option<Vec<Schema>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) tables: Option<Vec<Table>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) table_type: String,
    pub(crate) columns: Option<Vec<Fields>>,
    pub(crate) constraints: Option<Vec<Constraint>>,
}

/// The fields of a column by name; NULL is missing.
pub(crate) type Fields = BTreeMap<String, String>;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Constraint {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) columns: Vec<String>,
    /// Catalog, schema, table and column.
    pub(crate) usage: Option<Vec<[String; 4]>>,
}

pub(crate) fn objects(
    connection: &ManagedConnection,
    depth: ObjectDepth,
    filters: Filters<'_>,
) -> Result<Vec<Catalog>> {
    let Filters { catalog, db_schema, table, table_types, column } = filters;
    let types = table_types.map(<[&str]>::to_vec);
    let reader = connection.get_objects(depth, catalog, db_schema, table, types, column)?;
    assert_eq!(reader.schema(), *GET_OBJECTS_SCHEMA);
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>().unwrap();
    Ok(batches.into_iter().flat_map(|batch| rows(&StructArray::from(batch), catalog_of)).collect())
}

/// The tables of one schema of the current database, with columns and constraints.
pub(crate) fn tables(connection: &ManagedConnection, db_schema: &str) -> Vec<Table> {
    let filters = Filters { catalog: Some("dev"), db_schema: Some(db_schema), ..Filters::default() };
    let mut catalogs = objects(connection, ObjectDepth::All, filters).unwrap();
    let mut schemas = catalogs.remove(0).schemas.unwrap();
    assert_eq!(schemas.len(), 1, "{schemas:?}");
    schemas.remove(0).tables.unwrap()
}

fn rows<T>(rows: &StructArray, read: impl Fn(&StructArray) -> T) -> Vec<T> {
    (0..rows.len()).map(|row| read(&rows.slice(row, 1))).collect()
}

fn field<'a>(row: &'a StructArray, name: &str) -> &'a ArrayRef {
    row.column_by_name(name).unwrap_or_else(|| panic!("no field {name}"))
}

/// The values of a list, or `None` when it is NULL.
fn values(row: &StructArray, name: &str) -> Option<ArrayRef> {
    let lists = field(row, name).as_list::<i32>();
    lists.is_valid(0).then(|| lists.value(0))
}

fn children<T>(row: &StructArray, name: &str, read: impl Fn(&StructArray) -> T) -> Option<Vec<T>> {
    values(row, name).map(|values| rows(values.as_struct(), read))
}

fn text(row: &StructArray, name: &str) -> String {
    shown(field(row, name), 0).unwrap_or_default()
}

fn shown(array: &ArrayRef, row: usize) -> Option<String> {
    array.is_valid(row).then(|| match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        other => panic!("{other} in GetObjects"),
    })
}

fn catalog_of(row: &StructArray) -> Catalog {
    Catalog { name: text(row, "catalog_name"), schemas: children(row, "catalog_db_schemas", schema_of) }
}

fn schema_of(row: &StructArray) -> Schema {
    Schema { name: text(row, "db_schema_name"), tables: children(row, "db_schema_tables", table_of) }
}

fn table_of(row: &StructArray) -> Table {
    Table {
        name: text(row, "table_name"),
        table_type: text(row, "table_type"),
        columns: children(row, "table_columns", fields_of),
        constraints: children(row, "table_constraints", constraint_of),
    }
}

fn fields_of(row: &StructArray) -> Fields {
    let names = row.column_names().into_iter().map(str::to_owned);
    names.zip(row.columns()).filter_map(|(name, array)| Some((name, shown(array, 0)?))).collect()
}

fn constraint_of(row: &StructArray) -> Constraint {
    let columns = values(row, "constraint_column_names").unwrap();
    let usage = |row: &StructArray| {
        ["fk_catalog", "fk_db_schema", "fk_table", "fk_column_name"].map(|name| text(row, name))
    };
    Constraint {
        name: text(row, "constraint_name"),
        kind: text(row, "constraint_type"),
        columns: (0..columns.len()).filter_map(|at| shown(&columns, at)).collect(),
        usage: children(row, "constraint_column_usage", usage),
    }
}

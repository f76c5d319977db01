//! `GetStatistics` and `GetStatisticNames`.
//!
//! | statistic | of | from |
//! |---|---|---|
//! | row count | a table | `count(*)` when exact values are asked for; else `svv_table_info.tbl_rows` where the user may read it, else `pg_class.reltuples` |
//! | distinct count, null count, byte width | a column | `pg_stats`, as of the last ANALYZE |
//! | `redshift.*` | a table | `svv_table_info` |
//!
//! Tables of the current database only; other databases keep their statistics to themselves. Invariant: what was not
//! counted just now is marked as approximate.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use adbc_core::constants::{
    ADBC_STATISTIC_AVERAGE_BYTE_WIDTH_KEY, ADBC_STATISTIC_DISTINCT_COUNT_KEY, ADBC_STATISTIC_NULL_COUNT_KEY,
    ADBC_STATISTIC_ROW_COUNT_KEY,
};
use adbc_core::error::{Error, Result};
use adbc_core::schemas::{
    GET_STATISTIC_NAMES_SCHEMA, GET_STATISTICS_SCHEMA, STATISTIC_VALUE_SCHEMA, STATISTICS_DB_SCHEMA_SCHEMA,
    STATISTICS_SCHEMA,
};
use arrow_array::builder::{BooleanBuilder, Int16Builder};
use arrow_array::{ArrayRef, Float64Array, Int16Array, Int64Array, StringArray, UnionArray, new_empty_array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;

use super::nested::{list, one_batch, structure};
use super::pattern::Pattern;
use super::queries::{self, Scope};
use super::rows::{Queries, number, required};
use super::texts::{Offsets, Texts};
use crate::adbc::connection::Connection;
use crate::adbc::reader::Reader;

/// Statistics that only Redshift has; keys below 1024 are ADBC's.
const SIZE_BYTES: (&str, i16) = ("redshift.size_bytes", 1024);
const UNSORTED_PERCENT: (&str, i16) = ("redshift.unsorted_percent", 1025);
const STATISTICS_OFF_PERCENT: (&str, i16) = ("redshift.stats_off_percent", 1026);
const SKEW_ROWS: (&str, i16) = ("redshift.skew_rows", 1027);
const NAMES: &[(&str, i16)] = &[SIZE_BYTES, UNSORTED_PERCENT, STATISTICS_OFF_PERCENT, SKEW_ROWS];

/// `svv_table_info.size` counts blocks of this size.
const BLOCK_BYTES: f64 = 1024.0 * 1024.0;

/// Tables counted by one statement.
const COUNTED_AT_ONCE: usize = 100;

/// Schema and name of a table.
type TableName = (String, String);

/// What is known of a table.
#[derive(Clone, Debug, Default)]
struct Table {
    rows: Option<Value>,
    is_readable: bool,
    others: Vec<(i16, f64)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Estimate(f64),
    Exact(i64),
}

/// One statistic of a table or of one of its columns.
#[derive(Debug)]
struct Statistic {
    table: String,
    column: Option<String>,
    key: i16,
    value: Value,
}

pub(in crate::adbc) fn statistic_names() -> Result<Reader> {
    let names = StringArray::from_iter_values(NAMES.iter().map(|(name, _)| name));
    let keys = Int16Array::from_iter_values(NAMES.iter().map(|(_, key)| *key));
    one_batch(&GET_STATISTIC_NAMES_SCHEMA, vec![Arc::new(names), Arc::new(keys)])
}

pub(in crate::adbc) fn statistics(
    connection: &Connection,
    catalog: Option<&str>,
    db_schema: Option<&str>,
    table: Option<&str>,
    approximate: bool,
) -> Result<Reader> {
    let current = connection.catalog()?;
    let queries = Queries::start(connection)?;
    let db_schema = Pattern::new(db_schema);
    let scope = Scope {
        server: queries.server(),
        catalog: Pattern::new(catalog),
        db_schema,
        table: Pattern::new(table),
        column: Pattern::new(None),
        table_types: Some(&["TABLE", "LOCAL TEMPORARY"]),
        with_system: !db_schema.is_any(),
    };
    if !scope.catalog.matches(&current) {
        return Schemas::default().finish(None);
    }
    let sources = readable_sources(&queries)?;
    let mut tables = planned_rows(&queries, &scope)?;
    if sources.contains("svv_table_info") {
        add_table_info(&queries, &scope, &mut tables)?;
    }
    if !approximate {
        count_rows(&queries, &mut tables)?;
    }
    let mut schemas = Schemas::default();
    if sources.contains("pg_stats") {
        schemas.add_columns(&queries, &scope, &tables)?;
    }
    schemas.add_tables(tables);
    schemas.finish(Some(&current))
}

fn readable_sources(queries: &Queries) -> Result<HashSet<String>> {
    let mut sources = HashSet::new();
    queries.each(queries::STATISTICS_SOURCES, |[name]| {
        sources.extend(name.map(str::to_owned));
        Ok(())
    })?;
    Ok(sources)
}

/// All tables, with the rows that the planner counts on. Never analysed tables have a negative number, or a fraction.
fn planned_rows(queries: &Queries, scope: &Scope<'_>) -> Result<BTreeMap<TableName, Table>> {
    let mut tables = BTreeMap::new();
    queries.each(&scope.planned_rows(), |[schema, table, rows, is_readable]| {
        let (schema, name) = (required(schema, "a schema")?, required(table, "a table name")?);
        if scope.db_schema.matches(schema) && scope.table.matches(name) {
            let rows = number(rows).filter(|rows: &f64| *rows == 0.0 || *rows >= 1.0).map(Value::Estimate);
            let table = Table { rows, is_readable: is_readable == Some("t"), others: Vec::new() };
            tables.insert((schema.to_owned(), name.to_owned()), table);
        }
        Ok(())
    })?;
    Ok(tables)
}

fn add_table_info(
    queries: &Queries,
    scope: &Scope<'_>,
    tables: &mut BTreeMap<TableName, Table>,
) -> Result<()> {
    queries.each(&scope.table_info(), |[schema, table, rows, blocks, unsorted, stats_off, skew]| {
        let name = (required(schema, "a schema")?.to_owned(), required(table, "a table name")?.to_owned());
        let Some(table) = tables.get_mut(&name) else { return Ok(()) };
        table.rows = number(rows).map(Value::Estimate).or(table.rows);
        let values = [
            (SIZE_BYTES, number(blocks).map(|blocks: f64| blocks * BLOCK_BYTES)),
            (UNSORTED_PERCENT, number(unsorted)),
            (STATISTICS_OFF_PERCENT, number(stats_off)),
            (SKEW_ROWS, number(skew)),
        ];
        table.others = values.into_iter().filter_map(|((_, key), value)| Some((key, value?))).collect();
        Ok(())
    })
}

/// What may not be read keeps its estimate.
fn count_rows(queries: &Queries, tables: &mut BTreeMap<TableName, Table>) -> Result<()> {
    let mut readable: Vec<_> = tables.iter_mut().filter(|(_, table)| table.is_readable).collect();
    for chunk in readable.chunks_mut(COUNTED_AT_ONCE) {
        let names = chunk.iter().map(|((schema, name), _)| (schema.as_str(), name.as_str()));
        let sql = queries::counts(names);
        queries.each(&sql, |[index, rows]| {
            if let Some((_, table)) = number(index).and_then(|index: usize| chunk.get_mut(index)) {
                table.rows = number(rows).map(Value::Exact).or(table.rows);
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The statistics by schema.
#[derive(Debug, Default)]
struct Schemas(BTreeMap<String, Vec<Statistic>>);

impl Schemas {
    fn add_tables(&mut self, tables: BTreeMap<TableName, Table>) {
        for ((schema, name), table) in tables {
            let others = table.others.into_iter().map(|(key, value)| (key, Value::Estimate(value)));
            let rows = table.rows.map(|rows| (ADBC_STATISTIC_ROW_COUNT_KEY, rows));
            let statistics = self.0.entry(schema).or_default();
            for (key, value) in rows.into_iter().chain(others) {
                statistics.push(Statistic { table: name.clone(), column: None, key, value });
            }
        }
    }

    fn add_columns(
        &mut self,
        queries: &Queries,
        scope: &Scope<'_>,
        tables: &BTreeMap<TableName, Table>,
    ) -> Result<()> {
        queries.each(&scope.planned_columns(), |[schema, table, column, nulls, width, distinct]| {
            let name =
                (required(schema, "a schema")?.to_owned(), required(table, "a table name")?.to_owned());
            let Some(known) = tables.get(&name) else { return Ok(()) };
            let rows = known.rows.map(Value::as_float);
            let column = required(column, "a column name")?;
            let values = [
                (ADBC_STATISTIC_AVERAGE_BYTE_WIDTH_KEY, number(width)),
                (ADBC_STATISTIC_DISTINCT_COUNT_KEY, distinct_count(number(distinct), rows)),
                (
                    ADBC_STATISTIC_NULL_COUNT_KEY,
                    number(nulls).zip(rows).map(|(part, rows): (f64, f64)| part * rows),
                ),
            ];
            let (schema, table) = name;
            let statistics = self.0.entry(schema).or_default();
            for (key, value) in values {
                let column = Some(column.to_owned());
                statistics.extend(value.map(Value::Estimate).map(|value| Statistic {
                    table: table.clone(),
                    column,
                    key,
                    value,
                }));
            }
            Ok(())
        })
    }

    /// The result; without a catalog when its filter leaves none.
    fn finish(self, catalog: Option<&str>) -> Result<Reader> {
        let (mut catalogs, mut catalog_lists) = (Texts::default(), Offsets::default());
        let (mut schemas, mut schema_lists) = (Texts::default(), Offsets::default());
        let mut rows = Rows::default();
        for (schema, statistics) in &self.0 {
            schemas.push(schema)?;
            statistics.iter().try_for_each(|statistic| rows.push(statistic))?;
            schema_lists.push(rows.tables.len())?;
        }
        if let Some(catalog) = catalog {
            catalogs.push(catalog)?;
            catalog_lists.push(schemas.len())?;
        }
        let statistics = list(schema_lists, rows.finish()?, None)?;
        let schemas = structure(&STATISTICS_DB_SCHEMA_SCHEMA, vec![schemas.finish()?, statistics])?;
        one_batch(&GET_STATISTICS_SCHEMA, vec![catalogs.finish()?, list(catalog_lists, schemas, None)?])
    }
}

impl Value {
    fn as_float(self) -> f64 {
        match self {
            Self::Estimate(value) => value,
            // OK because what derives from it is an estimate.
            Self::Exact(value) => value as f64,
        }
    }
}

/// `pg_stats` counts distinct values, or says how many there are in each row, as a negative fraction; zero is unknown.
fn distinct_count(distinct: Option<f64>, rows: Option<f64>) -> Option<f64> {
    match distinct? {
        0.0 => None,
        fraction if fraction < 0.0 => rows.map(|rows| -fraction * rows),
        count => Some(count),
    }
}

/// The columns of the statistics, as they grow. Type ids are those of ADBC's value union.
#[derive(Debug, Default)]
struct Rows {
    tables: Texts,
    columns: Texts,
    keys: Int16Builder,
    approximate: BooleanBuilder,
    type_ids: Vec<i8>,
    offsets: Vec<i32>,
    integers: Vec<i64>,
    floats: Vec<f64>,
}

impl Rows {
    fn push(&mut self, statistic: &Statistic) -> Result<()> {
        self.tables.push(&statistic.table)?;
        self.columns.push_option(statistic.column.as_deref())?;
        self.keys.append_value(statistic.key);
        let (type_id, offset) = match statistic.value {
            Value::Exact(value) => {
                self.integers.push(value);
                (0, self.integers.len() - 1)
            }
            Value::Estimate(value) => {
                self.floats.push(value);
                (2, self.floats.len() - 1)
            }
        };
        self.approximate.append_value(matches!(statistic.value, Value::Estimate(_)));
        self.type_ids.push(type_id);
        // OK because `tables` holds as many, and has checked it.
        self.offsets.push(i32::try_from(offset).unwrap_or(i32::MAX));
        Ok(())
    }

    fn finish(mut self) -> Result<ArrayRef> {
        let DataType::Union(fields, _) = &*STATISTIC_VALUE_SCHEMA else {
            let message = "ADBC's schema of a statistic has no union";
            return Err(Error::with_message_and_status(message, adbc_core::error::Status::Internal));
        };
        let children = fields.iter().map(|(type_id, field)| -> ArrayRef {
            match type_id {
                0 => Arc::new(Int64Array::from(std::mem::take(&mut self.integers))),
                2 => Arc::new(Float64Array::from(std::mem::take(&mut self.floats))),
                _ => new_empty_array(field.data_type()),
            }
        });
        let children: Vec<_> = children.collect();
        let offsets = Some(ScalarBuffer::from(self.offsets));
        let values =
            UnionArray::try_new(fields.clone(), ScalarBuffer::from(self.type_ids), offsets, children)
                .map_err(Error::from)?;
        let columns: Vec<ArrayRef> = vec![
            self.tables.finish()?,
            self.columns.finish()?,
            Arc::new(self.keys.finish()),
            Arc::new(values),
            Arc::new(self.approximate.finish()),
        ];
        structure(&STATISTICS_SCHEMA, columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_values_are_counts_or_parts_of_the_rows() {
        assert_eq!(distinct_count(Some(7.0), None), Some(7.0));
        assert_eq!(distinct_count(Some(-0.5), Some(100.0)), Some(50.0));
        assert_eq!(distinct_count(Some(-0.5), None), None);
        assert_eq!(distinct_count(Some(0.0), Some(100.0)), None);
    }

    #[test]
    fn own_keys_do_not_collide_with_those_of_adbc() {
        assert!(NAMES.iter().all(|(name, key)| *key >= 1024 && name.starts_with("redshift.")));
        assert!(NAMES.is_sorted_by(|a, b| a.1 < b.1));
    }
}

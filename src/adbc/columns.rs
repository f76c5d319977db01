//! The small conversion between the session's columns and the types' columns, which do not know each other.

use arrow_schema::{DataType, Field, Schema};

use crate::session::{Column, ExtendedColumn, Format, ResultFormats, Session};
use crate::types::{self, ColumnSpec};

/// The wire format to ask for.
fn format(column: &Column, protocol_version: u8) -> Format {
    if types::prefers_binary(column.type_oid, column.type_modifier, protocol_version) {
        Format::Binary
    } else {
        Format::Text
    }
}

/// Runs a query with text results, or with those that are best per column.
pub(super) fn with_formats<T>(session: &Session, text: bool, run: impl FnOnce(ResultFormats<'_>) -> T) -> T {
    let version = session.protocol_version();
    let binary_where_safe = move |column: &Column| format(column, version);
    run(if text { ResultFormats::Text } else { ResultFormats::PerColumn(&binary_where_safe) })
}

/// The columns of a result. All may hold NULL: a NOT NULL table column can come out of an outer join as NULL.
pub(super) fn specs(columns: &[Column]) -> Vec<ColumnSpec> {
    columns.iter().map(|column| spec(column, true)).collect()
}

/// The schema of a described statement; empty when it has no result.
pub(super) fn schema(columns: Option<&[Column]>) -> Schema {
    let specs = specs(columns.unwrap_or_default());
    Schema::new(specs.iter().map(types::field).collect::<Vec<_>>())
}

/// The schema of a table whose columns that are NOT NULL are known.
pub(super) fn table_schema(columns: &[Column], is_not_null: impl Fn(&Column) -> bool) -> Schema {
    let fields = columns.iter().map(|column| types::field(&spec(column, !is_not_null(column))));
    Schema::new(fields.collect::<Vec<_>>())
}

/// One nameless field per parameter; an undetermined type is null.
pub(super) fn parameter_schema(oids: &[u32]) -> Schema {
    const UNSPECIFIED: u32 = 0;
    const UNKNOWN: u32 = 705;
    let fields = oids.iter().map(|&oid| match oid {
        UNSPECIFIED | UNKNOWN => Field::new("", DataType::Null, true),
        _ => types::field(&ColumnSpec {
            name: String::new(),
            oid,
            type_modifier: -1,
            binary: false,
            nullable: true,
            metadata: Vec::new(),
        }),
    });
    Schema::new(fields.collect::<Vec<_>>())
}

fn spec(column: &Column, nullable: bool) -> ColumnSpec {
    ColumnSpec {
        name: column.name.clone(),
        oid: column.type_oid,
        type_modifier: column.type_modifier,
        binary: column.format == Format::Binary,
        nullable,
        metadata: column.extended.as_ref().map(origin).unwrap_or_default(),
    }
}

/// Where a column comes from, as field metadata; what is empty or false is left out.
fn origin(extended: &ExtendedColumn) -> Vec<(&'static str, String)> {
    let flag = |set: bool| if set { "true".to_owned() } else { String::new() };
    let mut metadata = vec![
        ("REDSHIFT:catalog", extended.catalog.clone()),
        ("REDSHIFT:schema", extended.schema.clone()),
        ("REDSHIFT:table", extended.table.clone()),
        ("REDSHIFT:column", extended.column.clone()),
        ("REDSHIFT:not_null", flag(extended.not_null())),
        ("REDSHIFT:auto_increment", flag(extended.auto_increment())),
    ];
    metadata.retain(|(_, value)| !value.is_empty());
    metadata
}

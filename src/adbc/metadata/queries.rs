//! The driver's own SQL: the only place where it names catalogs.
//!
//! Each kind of object is one query over the whole database, whatever its size. Three sources make up a cluster:
//!
//! | objects | read from |
//! |---|---|
//! | of the current database | `pg_catalog`, which every user may read; columns of late-binding views from their function |
//! | of external schemas | `svv_external_*`, which ask the outside catalog and may be slow: left out when no type wants them |
//! | of other databases and data shares | `svv_all_*`; SHOW, where the server offers it and one command answers |
//!
//! Invariant: all queries over the same objects return them in the same order. So names are cast to one type, whose
//! order then is one too. Only what PostgreSQL 8.0 understands is used: no window functions, no array expressions.

use super::pattern::Pattern;
use crate::types::Dialect;

/// The first schema of the search path that exists.
pub(super) const CURRENT_SCHEMA: &str = "SELECT current_schema()";

/// Which objects are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) server: Dialect,
    pub(super) catalog: Pattern<'a>,
    pub(super) db_schema: Pattern<'a>,
    pub(super) table: Pattern<'a>,
    pub(super) column: Pattern<'a>,
    /// `None` for all.
    pub(super) table_types: Option<&'a [&'a str]>,
    /// Whether the schemas of the server itself count.
    pub(super) with_system: bool,
}

/// Databases that the service keeps for itself.
pub(super) const SYSTEM_DATABASES: &[&str] = &["padb_harvest", "template0", "template1"];

/// Databases, where the server offers to list them: `database_name`.
pub(super) const SHOW_DATABASES: &str = "SHOW DATABASES";

/// Schemas of one database: `schema_name`.
pub(super) fn show_schemas(database: &str) -> String {
    format!("SHOW SCHEMAS FROM DATABASE {}", quoted(database))
}

/// Columns of one table.
pub(super) fn show_columns([database, schema, table]: [&str; 3]) -> String {
    format!("SHOW COLUMNS FROM TABLE {}.{}.{}", quoted(database), quoted(schema), quoted(table))
}

/// What is read of [`show_columns`]: the last nine columns of [`Scope::other_columns`].
pub(super) const SHOWN_COLUMN: [&str; 9] = [
    "ordinal_position",
    "column_name",
    "data_type",
    "character_maximum_length",
    "numeric_precision",
    "numeric_scale",
    "is_nullable",
    "column_default",
    "remarks",
];

/// Schemas of others' temporary tables and of overflow storage are nobody's business.
const IS_VISIBLE: &str = "n.nspname <> 'pg_toast' AND substring(n.nspname, 1, 14) <> 'pg_toast_temp_' \
    AND (substring(n.nspname, 1, 8) <> 'pg_temp_' OR n.nspname = (pg_catalog.current_schemas(true))[1])";

/// Nobody else may make schemas with this prefix.
const IS_NOT_SYSTEM: &str = "(substring(n.nspname, 1, 3) <> 'pg_' OR substring(n.nspname, 1, 8) = 'pg_temp_') \
    AND n.nspname <> 'information_schema'";

/// Materialized views are views to Redshift's catalog, beside the hidden tables that hold their rows.
const TABLE_TYPE: &str = "CASE WHEN substring(n.nspname, 1, 8) = 'pg_temp_' THEN 'LOCAL TEMPORARY' \
    WHEN n.nspname <> 'information_schema' AND substring(n.nspname, 1, 3) <> 'pg_' \
    THEN CASE WHEN c.relkind IN ('v', 'm') THEN 'VIEW' WHEN c.relkind = 'f' THEN 'EXTERNAL TABLE' ELSE 'TABLE' END \
    WHEN c.relkind IN ('v', 'm') THEN 'SYSTEM VIEW' ELSE 'SYSTEM TABLE' END";

const IS_RELATION: &str =
    "c.relkind IN ('r', 'v', 'm', 'p', 'f') AND substring(c.relname, 1, 8) <> 'mv_tbl__'";

const EXTERNAL_TABLE_TYPE: &str =
    "CASE WHEN upper(tabletype) LIKE '%VIEW%' THEN 'EXTERNAL VIEW' ELSE 'EXTERNAL TABLE' END";

impl Scope<'_> {
    /// Whether a schema of another database is asked for.
    pub(super) fn wants_schema(&self, name: &str) -> bool {
        let is_system = name.starts_with("pg_") || name == "information_schema";
        (self.with_system || !is_system) && self.db_schema.matches(name)
    }

    /// Whether any of these types is asked for.
    pub(super) fn wants(&self, table_types: &[&str]) -> bool {
        self.table_types.is_none_or(|wanted| table_types.iter().any(|known| wanted.contains(known)))
    }

    /// Databases but the current one: `name`.
    pub(super) fn other_databases(&self) -> String {
        let (relation, column) = match self.server {
            Dialect::Redshift => ("svv_redshift_databases", "database_name"),
            Dialect::PostgreSql => ("pg_database", "datname"),
        };
        let like = self.catalog.like(column);
        format!("SELECT CAST({column} AS varchar(128)) FROM pg_catalog.{relation} WHERE true{like}")
    }

    /// `schema`, external ones last.
    pub(super) fn schemas(&self) -> String {
        let (external, join) = match self.server {
            Dialect::Redshift => (
                "CASE WHEN e.esoid IS NULL THEN 0 ELSE 1 END",
                " LEFT JOIN pg_catalog.svv_external_schemas e ON e.esoid = n.oid",
            ),
            Dialect::PostgreSql => ("0", ""),
        };
        let conditions = self.namespace();
        format!(
            "SELECT CAST(n.nspname AS varchar(128)), {external} FROM pg_catalog.pg_namespace n{join} \
             WHERE {conditions} ORDER BY 2, 1"
        )
    }

    /// `schema, table, type` of the current database.
    pub(super) fn tables(&self) -> String {
        let conditions = self.relation();
        format!(
            "SELECT CAST(n.nspname AS varchar(128)), CAST(c.relname AS varchar(128)), {TABLE_TYPE} \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE {conditions} ORDER BY 1, 2"
        )
    }

    /// `schema, table, type` of external schemas.
    pub(super) fn external_tables(&self) -> String {
        let (schema, table) = (self.db_schema.like("schemaname"), self.table.like("tablename"));
        let types = self.types(EXTERNAL_TABLE_TYPE);
        format!(
            "SELECT CAST(schemaname AS varchar(128)), CAST(tablename AS varchar(128)), {EXTERNAL_TABLE_TYPE} \
             FROM pg_catalog.svv_external_tables WHERE true{schema}{table}{types} ORDER BY 1, 2"
        )
    }

    /// `schema, table, position, name, type OID, type modifier, type name, not null, default, identity, remarks` of the
    /// current database; the type has either an OID or a name.
    pub(super) fn columns(&self) -> String {
        let conditions = self.relation();
        let column = self.column.like("a.attname");
        let (default, identity) = match self.server {
            Dialect::Redshift => ("d.adsrc", "CAST(NULL AS boolean)"),
            Dialect::PostgreSql => ("pg_catalog.pg_get_expr(d.adbin, d.adrelid)", "a.attidentity <> ''"),
        };
        let late_binding = match self.server {
            Dialect::Redshift if self.wants(&["VIEW"]) => self.late_binding_columns(),
            _ => String::new(),
        };
        format!(
            "SELECT CAST(n.nspname AS varchar(128)), CAST(c.relname AS varchar(128)), CAST(a.attnum AS integer), \
             CAST(a.attname AS varchar(128)), a.atttypid, a.atttypmod, CAST(NULL AS text), a.attnotnull, {default}, \
             {identity}, r.description \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
             LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             LEFT JOIN pg_catalog.pg_description r ON r.objoid = a.attrelid AND r.objsubid = a.attnum \
             AND r.classoid = 'pg_catalog.pg_class'::regclass \
             WHERE {conditions} AND a.attnum > 0 AND NOT a.attisdropped{column}{late_binding} ORDER BY 1, 2, 3"
        )
    }

    /// Late-binding views have no `pg_attribute` rows.
    fn late_binding_columns(&self) -> String {
        let (schema, table) = (self.db_schema.like("v.schemaname"), self.table.like("v.viewname"));
        let column = self.column.like("v.columnname");
        format!(
            " UNION ALL SELECT CAST(v.schemaname AS varchar(128)), CAST(v.viewname AS varchar(128)), v.columnnum, \
             CAST(v.columnname AS varchar(128)), CAST(0 AS oid), -1, CAST(v.columntype AS text), false, \
             CAST(NULL AS text), CAST(NULL AS boolean), CAST(NULL AS text) \
             FROM pg_catalog.pg_get_late_binding_view_cols() \
             v(schemaname name, viewname name, columnname name, columntype text, columnnum integer) \
             WHERE true{schema}{table}{column}"
        )
    }

    /// `schema, table, position, name, type name, nullable` of external schemas.
    pub(super) fn external_columns(&self) -> String {
        let (schema, table) = (self.db_schema.like("schemaname"), self.table.like("tablename"));
        let column = self.column.like("columnname");
        format!(
            "SELECT CAST(schemaname AS varchar(128)), CAST(tablename AS varchar(128)), columnnum, \
             CAST(columnname AS varchar(128)), external_type, is_nullable \
             FROM pg_catalog.svv_external_columns WHERE true{schema}{table}{column} ORDER BY 1, 2, 3"
        )
    }

    /// `schema, table, name, kind, definition, referenced schema, referenced table` of the current database.
    pub(super) fn constraints(&self) -> String {
        let conditions = self.relation();
        format!(
            "SELECT CAST(n.nspname AS varchar(128)), CAST(c.relname AS varchar(128)), CAST(k.conname AS varchar(128)), \
             k.contype, pg_catalog.pg_get_constraintdef(k.oid), rn.nspname, rc.relname \
             FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_class rc ON rc.oid = k.confrelid \
             LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace \
             WHERE k.contype IN ('p', 'u', 'f') AND {conditions} ORDER BY 1, 2, 3"
        )
    }

    /// `database, schema` of other databases.
    pub(super) fn other_schemas(&self) -> String {
        let conditions = self.elsewhere();
        format!(
            "SELECT database_name, schema_name FROM pg_catalog.svv_all_schemas WHERE {conditions} ORDER BY 1, 2"
        )
    }

    /// `database, schema, table, type` of other databases.
    pub(super) fn other_tables(&self) -> String {
        let conditions = self.elsewhere();
        let (table, types) = (self.table.like("table_name"), self.types("upper(table_type)"));
        format!(
            "SELECT database_name, schema_name, table_name, upper(table_type) \
             FROM pg_catalog.svv_all_tables WHERE {conditions}{table}{types} ORDER BY 1, 2, 3"
        )
    }

    /// `database, schema, table, position, name, type, length, precision, scale, nullable, default, remarks` of other
    /// databases.
    pub(super) fn other_columns(&self) -> String {
        let conditions = self.elsewhere();
        let (table, column) = (self.table.like("table_name"), self.column.like("column_name"));
        format!(
            "SELECT database_name, schema_name, table_name, ordinal_position, column_name, data_type, \
             character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default, remarks \
             FROM pg_catalog.svv_all_columns WHERE {conditions}{table}{column} ORDER BY 1, 2, 3, 4"
        )
    }

    /// `schema, table, rows at the last ANALYZE, readable` of the tables in the current database.
    pub(super) fn planned_rows(&self) -> String {
        let conditions = self.relation();
        format!(
            "SELECT CAST(n.nspname AS varchar(128)), CAST(c.relname AS varchar(128)), c.reltuples, \
             has_table_privilege(c.oid, 'select') \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE {conditions} AND c.relkind IN ('r', 'p') ORDER BY 1, 2"
        )
    }

    /// `schema, table, rows, megabytes, percent unsorted, percent stale, row skew` of tables that are not empty. It runs on
    /// compute nodes, where the functions of the other queries do not exist.
    pub(super) fn table_info(&self) -> String {
        let (schema, table) = (self.db_schema.like("\"schema\""), self.table.like("\"table\""));
        format!(
            "SELECT \"schema\", \"table\", tbl_rows, size, unsorted, stats_off, skew_rows \
             FROM pg_catalog.svv_table_info WHERE true{schema}{table}"
        )
    }

    /// `schema, table, column, null fraction, width in bytes, distinct values` of the columns that were analysed.
    pub(super) fn planned_columns(&self) -> String {
        let (schema, table) = (self.db_schema.like("schemaname"), self.table.like("tablename"));
        format!(
            "SELECT CAST(schemaname AS varchar(128)), CAST(tablename AS varchar(128)), CAST(attname AS varchar(128)), \
             null_frac, avg_width, n_distinct FROM pg_catalog.pg_stats WHERE true{schema}{table} ORDER BY 1, 2, 3"
        )
    }

    fn namespace(&self) -> String {
        let system = if self.with_system { String::new() } else { format!(" AND {IS_NOT_SYSTEM}") };
        format!("{IS_VISIBLE}{system}{}", self.db_schema.like("n.nspname"))
    }

    fn relation(&self) -> String {
        let (namespace, types) = (self.namespace(), self.types(TABLE_TYPE));
        format!("{namespace} AND {IS_RELATION}{}{types}", self.table.like("c.relname"))
    }

    fn elsewhere(&self) -> String {
        let (catalog, schema) = (self.catalog.like("database_name"), self.db_schema.like("schema_name"));
        let system = match self.with_system {
            true => "",
            false => " AND substring(schema_name, 1, 3) <> 'pg_' AND schema_name <> 'information_schema'",
        };
        format!("database_name <> current_database(){system}{catalog}{schema}")
    }

    fn types(&self, expression: &str) -> String {
        match self.table_types {
            None => String::new(),
            Some([]) => " AND false".to_owned(),
            Some(wanted) => {
                let wanted: Vec<_> = wanted.iter().map(|table_type| literal(table_type)).collect();
                format!(" AND {expression} IN ({})", wanted.join(", "))
            }
        }
    }
}

/// Which of the sources of statistics the user may read: `name`. Asked first, since a refusal would end a transaction.
pub(super) const STATISTICS_SOURCES: &str = "SELECT c.relname \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = 'pg_catalog' AND c.relname IN ('pg_stats', 'svv_table_info') \
    AND has_table_privilege(c.oid, 'select')";

/// `index, rows` of tables by schema and name, counted.
pub(super) fn counts<'a>(tables: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let count = |(index, (schema, table)): (usize, (&str, &str))| {
        format!("SELECT {index}, count(*) FROM {}.{}", quoted(schema), quoted(table))
    };
    tables.enumerate().map(count).collect::<Vec<_>>().join(" UNION ALL ")
}

/// `name` of the schemas that may be this one.
pub(super) fn schemas_named(name: &str) -> String {
    format!(
        "SELECT nspname FROM pg_catalog.pg_namespace WHERE true{}",
        Pattern::new(Some(name)).like("nspname")
    )
}

/// Whether names in double quotes keep their case.
pub(super) const CASE_SENSITIVE: &str = "SHOW enable_case_sensitive_identifier";

/// Makes a schema the current one.
pub(super) fn set_schema(name: &str) -> String {
    format!("SET search_path TO {}", quoted(name))
}

/// The shape of a table, without reading it. Prepared, never run: Describe answers for late-binding views, external
/// tables and three-part names alike.
pub(super) fn select_from(catalog: Option<&str>, db_schema: Option<&str>, table: &str) -> String {
    let parts: Vec<_> = [catalog, db_schema, Some(table)].into_iter().flatten().map(quoted).collect();
    format!("SELECT * FROM {}", parts.join("."))
}

/// The attribute numbers of a table's NOT NULL columns, for servers whose RowDescription does not tell.
pub(super) fn not_null_attributes(table_oid: u32) -> String {
    format!(
        "SELECT attnum FROM pg_catalog.pg_attribute WHERE attrelid = {table_oid} AND attnotnull AND attnum > 0"
    )
}

/// The schema of this connection's temporary table of a name, which goes before all others of that name.
pub(super) fn temporary_schema(table: &str) -> String {
    format!(
        "SELECT n.nspname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relname IN ({}, {}) AND n.nspname LIKE 'pg@_temp@_%' ESCAPE '@' \
         AND pg_catalog.pg_table_is_visible(c.oid)",
        literal(table),
        // Redshift folds names unless told otherwise.
        literal(&table.to_ascii_lowercase())
    )
}

/// A delimited identifier.
pub(in crate::adbc) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string, whatever the server takes a backslash for.
pub(super) fn literal(text: &str) -> String {
    let parts: Vec<_> = text.split('\\').map(|part| format!("'{}'", part.replace('\'', "''"))).collect();
    parts.join(" || chr(92) || ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_hold_quotes_and_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'b"), "'a' || chr(92) || '''b'");
    }

    #[test]
    fn names_are_delimited_whatever_they_hold() {
        assert_eq!(select_from(Some("dev"), Some("a.b"), "t\"x"), r#"SELECT * FROM "dev"."a.b"."t""x""#);
        assert_eq!(select_from(None, None, "t"), r#"SELECT * FROM "t""#);
    }
}

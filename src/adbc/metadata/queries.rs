//! The driver's own SQL: the only place where it names catalogs.

/// The first schema of the search path that exists.
pub(super) const CURRENT_SCHEMA: &str = "SELECT current_schema()";

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

/// A string, whatever the server takes a backslash for.
fn literal(text: &str) -> String {
    let parts: Vec<_> = text.split('\\').map(|part| format!("'{}'", part.replace('\'', "''"))).collect();
    parts.join(" || chr(92) || ")
}

/// A delimited identifier.
pub(in crate::adbc) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
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

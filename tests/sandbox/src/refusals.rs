//! What Redshift refuses although PostgreSQL would do it, and the few statements that need other words in the engine.
//! Owns the verdict on a SQL string, taken from its parsed form; never from a search in its text.
//! Invariant: SQL that the parser does not understand goes to the engine unchanged, which answers for itself.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryLength, CharacterLength, CopySource, CopyTarget, DataType, Expr, Ident, ObjectName, Reset, Set,
    Statement, visit_expressions, visit_relations, visit_relations_mut, visit_statements,
};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, RedshiftSqlDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::ddl;
use crate::engine::setup::{REDSHIFT_ONLY, SETTING_PREFIX};
use crate::listagg::order_arguments;
use crate::messages::ServerError;

/// AWS's limit for one statement.
const MAX_STATEMENT_BYTES: usize = 16 * 1024 * 1024;

/// Longer strings are bulk INSERTs, whose tokens would take many times their size.
const MAX_PARSED_BYTES: usize = 256 * 1024;

/// Bounds the depth of the parsed tree; real statements of the kinds below are far shorter.
const MAX_TOKENS: usize = 10_000;

/// Only statements with one of these words can meet a rule, so that all others skip the parser.
const WORDS_WITH_RULES: &[&str] = &[
    "COPY",
    "CREATE",
    "LISTAGG",
    "LISTEN",
    "NOTIFY",
    "PG_ATTRDEF",
    "PG_ATTRIBUTE",
    "PG_CLASS",
    "PG_ENUM",
    "PG_NAMESPACE",
    "PG_RANGE",
    "RELEASE",
    "RESET",
    "RETURNING",
    "ROLLBACK",
    "SALES_SHARE",
    "SAVEPOINT",
    "SET",
    "SHOW",
    "TYPARRAY",
    "UNLISTEN",
];

/// Relations of PostgreSQL's catalog that Redshift lacks.
const MISSING_RELATIONS: &[&str] = &["pg_enum", "pg_range"];

/// Relations of PostgreSQL's catalog that `engine/catalogs.sql` has in Redshift's form.
const REDSHIFT_CATALOGS: &[&str] = &["pg_attrdef", "pg_attribute", "pg_class", "pg_namespace"];

/// The shared database of `engine/catalogs.sql`.
const SHARED_DATABASE: &str = "sales_share";

/// Settings of PostgreSQL that Redshift lacks.
const MISSING_SETTINGS: &[&str] =
    &["lc_monetary", "server_version_num", "ssl_renegotiation_limit", "standard_conforming_strings"];

/// A user table's TEXT column is a VARCHAR of this length (type table of the reference).
const TEXT_LENGTH: u64 = 256;

/// The length of a VARBYTE without one (AWS's type reference).
const VARBYTE_LENGTH: u64 = 64_000;

/// What to do with a SQL string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send it as it is.
    Pass,
    /// Answer with this error.
    Refuse(ServerError),
    /// Send this instead.
    Rewrite(String),
}

/// Judges a SQL string.
pub(crate) fn judge(sql: &str) -> Verdict {
    if sql.len() > MAX_STATEMENT_BYTES {
        let words = "Statement is too large. Statement Size:";
        let message = format!("{words} {} bytes. Maximum Allowed: {MAX_STATEMENT_BYTES} bytes", sql.len());
        return Verdict::Refuse(ServerError::new("54001", message));
    }
    let Some((mut statements, is_other_ddl)) = parse(sql) else { return Verdict::Pass };
    let refused = visit_statements(&statements, |statement| match refusal(statement) {
        Some(error) => ControlFlow::Break(error),
        None => ControlFlow::Continue(()),
    });
    if let ControlFlow::Break(error) = refused {
        return Verdict::Refuse(error);
    }
    // Not `any`: each statement must be rewritten.
    match statements.iter_mut().filter_map(|statement| rewrite(statement).then_some(())).count() {
        0 if !is_other_ddl => Verdict::Pass,
        _ => Verdict::Rewrite(statements.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

/// The statements, if a rule can apply to them, and whether they had clauses of Redshift's DDL. PostgreSQL's dialect knows
/// commands that Redshift's does not.
fn parse(sql: &str) -> Option<(Vec<Statement>, bool)> {
    if sql.len() > MAX_PARSED_BYTES {
        return None;
    }
    let dialects: [&dyn Dialect; 2] = [&RedshiftSqlDialect {}, &PostgreSqlDialect {}];
    for dialect in dialects {
        let Ok(tokens) = Tokenizer::new(dialect, sql).tokenize() else { continue };
        if tokens.len() > MAX_TOKENS || !tokens.iter().any(has_rule) {
            return None;
        }
        let engine_tokens = ddl::engine_tokens(&tokens);
        let is_other_ddl = engine_tokens.is_some();
        let tokens = engine_tokens.unwrap_or(tokens);
        if let Ok(statements) = Parser::new(dialect).with_tokens(tokens).parse_statements() {
            return Some((statements, is_other_ddl));
        }
    }
    None
}

fn has_rule(token: &Token) -> bool {
    let Token::Word(word) = token else { return false };
    WORDS_WITH_RULES.iter().any(|known| word.value.eq_ignore_ascii_case(known))
}

fn refusal(statement: &Statement) -> Option<ServerError> {
    command_refusal(statement).or_else(|| setting_refusal(statement)).or_else(|| catalog_refusal(statement))
}

fn command_refusal(statement: &Statement) -> Option<ServerError> {
    match statement {
        Statement::Copy { source, to, target, .. } => Some(copy_refusal(source, *to, target)),
        // Redshift has no subtransactions and no notifications.
        Statement::Savepoint { .. }
        | Statement::ReleaseSavepoint { .. }
        | Statement::Rollback { savepoint: Some(_), .. }
        | Statement::LISTEN { .. }
        | Statement::UNLISTEN { .. }
        | Statement::NOTIFY { .. } => {
            Some(ServerError::new("0A000", format!("SQL command \"{statement}\" not supported.")))
        }
        // RETURNING came with PostgreSQL 8.2, after the fork: the grammar does not know the word.
        Statement::Insert(insert) => insert.returning.as_ref().map(|_| unknown_syntax("returning")),
        Statement::Update(update) => update.returning.as_ref().map(|_| unknown_syntax("returning")),
        Statement::Delete(delete) => delete.returning.as_ref().map(|_| unknown_syntax("returning")),
        _ => None,
    }
}

fn unknown_syntax(near: &str) -> ServerError {
    ServerError::new("42601", format!("syntax error at or near \"{near}\""))
}

fn copy_refusal(source: &CopySource, to: bool, target: &CopyTarget) -> ServerError {
    match (source, target) {
        (CopySource::Query(_), _) => unknown_syntax("("),
        (_, CopyTarget::Stdin) => ServerError::new(
            "0A000",
            "LOAD source is not supported. (Hint: only S3 or DynamoDB or EMR based load is allowed)",
        ),
        _ if to => ServerError::new("0A000", "COPY TO is not supported. (Hint: use UNLOAD)"),
        _ => ServerError::new(
            "0A000",
            "the sandbox does not load from S3; load through its postgres_uri instead",
        ),
    }
}

fn setting_refusal(statement: &Statement) -> Option<ServerError> {
    let name = match statement {
        Statement::Set(Set::SingleAssignment { variable, .. }) => last_part(variable)?,
        Statement::ShowVariable { variable } => single(variable)?,
        Statement::Reset(reset) => match &reset.reset {
            Reset::ConfigurationParameter(name) => last_part(name)?,
            _ => return None,
        },
        _ => return None,
    };
    let missing = MISSING_SETTINGS.iter().any(|known| known.eq_ignore_ascii_case(name));
    missing.then(|| ServerError::new("42704", format!("unrecognized configuration parameter \"{name}\"")))
}

fn catalog_refusal(statement: &Statement) -> Option<ServerError> {
    let mut names_pg_type = false;
    let missing = visit_relations(statement, |relation| {
        names_pg_type |= catalog_name(relation).is_some_and(|name| name.eq_ignore_ascii_case("pg_type"));
        match catalog_name(relation)
            .filter(|name| MISSING_RELATIONS.iter().any(|it| it.eq_ignore_ascii_case(name)))
        {
            Some(name) => ControlFlow::Break(name.to_owned()),
            None => ControlFlow::Continue(()),
        }
    });
    if let ControlFlow::Break(name) = missing {
        return Some(ServerError::new("42P01", format!("relation \"{name}\" does not exist")));
    }
    let typarray = visit_expressions(statement, |expression| match column_words(expression) {
        Some(words) if names_pg_type => ControlFlow::Break(words),
        _ => ControlFlow::Continue(()),
    });
    typarray.break_value().map(|column| ServerError::new("42703", format!("column {column} does not exist")))
}

/// How PostgreSQL 8.0 names a `typarray` it does not find.
fn column_words(expression: &Expr) -> Option<String> {
    let typarray = |ident: &Ident| ident.value.eq_ignore_ascii_case("typarray");
    match expression {
        Expr::Identifier(ident) if typarray(ident) => Some("\"typarray\"".to_owned()),
        Expr::CompoundIdentifier(parts) if parts.last().is_some_and(typarray) => {
            Some(parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."))
        }
        _ => None,
    }
}

/// The name of a relation that can only lie in the catalog schema.
fn catalog_name(relation: &ObjectName) -> Option<&str> {
    let parts: Vec<&str> =
        relation.0.iter().filter_map(|part| Some(part.as_ident()?.value.as_str())).collect();
    match parts.as_slice() {
        [name] => Some(name),
        [.., schema, name] if schema.eq_ignore_ascii_case("pg_catalog") => Some(name),
        _ => None,
    }
}

fn last_part(name: &ObjectName) -> Option<&str> {
    Some(name.0.last()?.as_ident()?.value.as_str())
}

fn single(variable: &[Ident]) -> Option<&str> {
    match variable {
        [name] => Some(name.value.as_str()),
        _ => None,
    }
}

/// Whether the statement was changed.
fn rewrite(statement: &mut Statement) -> bool {
    let mut moved = false;
    let _ = visit_relations_mut(statement, |relation| {
        moved |= rename_relation(relation);
        ControlFlow::<()>::Continue(())
    });
    // Not `||`: each may have work to do.
    moved | order_arguments(statement) | reword(statement)
}

/// Redshift's catalogs, and tables of the shared database, lie elsewhere in the engine.
fn rename_relation(relation: &mut ObjectName) -> bool {
    let catalog = catalog_name(relation).map(str::to_ascii_lowercase);
    if let Some(catalog) = catalog.filter(|name| REDSHIFT_CATALOGS.contains(&name.as_str())) {
        *relation = ObjectName::from(vec![Ident::new("pg_internal"), Ident::new(catalog)]);
        return true;
    }
    let parts: Vec<&Ident> = relation.0.iter().filter_map(|part| part.as_ident()).collect();
    let [database, schema, table] = parts.as_slice() else { return false };
    if database.value != SHARED_DATABASE {
        return false;
    }
    let schema = Ident::with_quote('"', format!("{SHARED_DATABASE}.{}", schema.value));
    *relation = ObjectName::from(vec![schema, (*table).clone()]);
    true
}

fn reword(statement: &mut Statement) -> bool {
    match statement {
        Statement::CreateTable(table) => {
            table.columns.iter_mut().filter_map(|column| bounded(&mut column.data_type).then_some(())).count()
                > 0
        }
        Statement::Set(Set::SingleAssignment { variable, .. }) => rename_setting(variable),
        Statement::Reset(reset) => match &mut reset.reset {
            Reset::ConfigurationParameter(name) => rename_setting(name),
            _ => false,
        },
        Statement::ShowVariable { variable } => match single(variable).and_then(show) {
            Some(select) => {
                *statement = select;
                true
            }
            None => false,
        },
        _ => false,
    }
}

/// Gives a type its length where Redshift has a default and PostgreSQL none, and VARBYTE its one name.
fn bounded(data_type: &mut DataType) -> bool {
    let varbyte = |length: u64| {
        DataType::Custom(ObjectName::from(vec![Ident::new("VARBYTE")]), vec![length.to_string()])
    };
    let bounded = match data_type {
        DataType::Text | DataType::Varchar(None) | DataType::CharacterVarying(None) => {
            DataType::Varchar(Some(CharacterLength::IntegerLength { length: TEXT_LENGTH, unit: None }))
        }
        DataType::Varbinary(Some(BinaryLength::IntegerLength { length })) => varbyte(*length),
        DataType::Varbinary(None) => varbyte(VARBYTE_LENGTH),
        DataType::Custom(name, modifiers) if modifiers.is_empty() && is_varbyte(name) => {
            varbyte(VARBYTE_LENGTH)
        }
        _ => return false,
    };
    *data_type = bounded;
    true
}

fn is_varbyte(name: &ObjectName) -> bool {
    matches!(last_part(name), Some(name) if name.eq_ignore_ascii_case("varbyte"))
}

/// Where the engine keeps a setting of Redshift that PostgreSQL lacks.
fn engine_setting(name: &str) -> Option<String> {
    if name.eq_ignore_ascii_case("readonly") {
        return Some("default_transaction_read_only".to_owned());
    }
    let known = REDSHIFT_ONLY.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    known.then(|| format!("{SETTING_PREFIX}{}", name.to_ascii_lowercase()))
}

fn rename_setting(name: &mut ObjectName) -> bool {
    let Some(engine) = last_part(name).and_then(engine_setting) else { return false };
    *name = ObjectName::from(engine.split('.').map(Ident::new).collect::<Vec<_>>());
    true
}

fn show(name: &str) -> Option<Statement> {
    let select = format!("SELECT current_setting('{}') AS \"{name}\"", engine_setting(name)?);
    Parser::parse_sql(&PostgreSqlDialect {}, &select).ok()?.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sql: &str) -> (&'static str, String) {
        match judge(sql) {
            Verdict::Refuse(error) => (error.code, error.message),
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn what_redshift_lacks_is_refused_with_its_sqlstate() {
        for (sql, code) in [
            ("COPY t FROM STDIN", "0A000"),
            ("copy t (a, b) from stdin with (format csv)", "0A000"),
            ("COPY t TO STDOUT", "0A000"),
            ("COPY (SELECT 1) TO STDOUT", "42601"),
            ("SAVEPOINT s", "0A000"),
            ("RELEASE SAVEPOINT s", "0A000"),
            ("ROLLBACK TO SAVEPOINT s", "0A000"),
            ("ROLLBACK TO s", "0A000"),
            ("LISTEN channel", "0A000"),
            ("NOTIFY channel", "0A000"),
            ("SELECT * FROM pg_range", "42P01"),
            ("SELECT 1 FROM pg_type t LEFT JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid", "42P01"),
            ("SELECT t.typarray FROM pg_type t", "42703"),
            ("SELECT typname FROM pg_catalog.pg_type WHERE typarray = $1", "42703"),
            ("SHOW server_version_num", "42704"),
            ("SET standard_conforming_strings = on", "42704"),
            ("SET lc_monetary TO 'C'", "42704"),
            ("INSERT INTO t VALUES (1) RETURNING a", "42601"),
            ("UPDATE t SET a = 1 RETURNING *", "42601"),
            ("DELETE FROM t RETURNING *", "42601"),
            ("BEGIN; SAVEPOINT s", "0A000"),
        ] {
            assert_eq!(refused(sql).0, code, "{sql}");
        }
    }

    #[test]
    fn words_in_literals_comments_and_user_names_pass() {
        for sql in [
            "SELECT 'SAVEPOINT s; COPY t FROM STDIN'",
            "SELECT 1 -- RETURNING pg_range",
            "SELECT typarray FROM my_table",
            "SELECT * FROM my_schema.pg_range",
            "SELECT 'it\\'s RETURNING'",
            "ROLLBACK",
            "SHOW search_path",
            "SET search_path TO public",
            "this is RETURNING no SQL",
            "",
        ] {
            assert_eq!(judge(sql), Verdict::Pass, "{sql}");
        }
    }

    #[test]
    fn text_columns_become_varchar_256() {
        let Verdict::Rewrite(sql) =
            judge("CREATE TABLE t (a TEXT NOT NULL, b varchar(10), c VARCHAR, d int)")
        else {
            panic!("not rewritten")
        };
        assert_eq!(sql, "CREATE TABLE t (a VARCHAR(256) NOT NULL, b VARCHAR(10), c VARCHAR(256), d INT)");
        assert_eq!(judge("CREATE TABLE t (a varchar(10), b int)"), Verdict::Pass);
    }

    #[test]
    fn binary_columns_are_varbytes_with_a_length() {
        for (columns, rewritten) in [
            ("a VARBYTE, b super", "a VARBYTE(64000), b super"),
            ("a VARBINARY(20), b INTERVAL YEAR TO MONTH", "a VARBYTE(20), b INTERVAL YEAR TO MONTH"),
            ("a varbinary, b varbyte(7)", "a VARBYTE(64000), b varbyte(7)"),
        ] {
            let expected = Verdict::Rewrite(format!("CREATE TABLE t ({rewritten})"));
            assert_eq!(judge(&format!("CREATE TABLE t ({columns})")), expected);
        }
    }

    #[test]
    fn listagg_has_its_order_among_its_arguments() {
        let Verdict::Rewrite(sql) = judge(
            "SELECT g, LISTAGG(DISTINCT name, ', ') WITHIN GROUP (ORDER BY name DESC) FROM t GROUP BY g",
        ) else {
            panic!("not rewritten")
        };
        assert_eq!(sql, "SELECT g, LISTAGG(DISTINCT name, ', ' ORDER BY name DESC) FROM t GROUP BY g");
        assert_eq!(judge("SELECT listagg(name) FROM t"), Verdict::Pass);
        assert_eq!(judge("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t"), Verdict::Pass);
    }

    #[test]
    fn relations_are_read_where_the_engine_has_them() {
        for (sql, rewritten) in [
            (
                "SELECT c.relname FROM pg_catalog.pg_class c, pg_namespace AS n",
                "SELECT c.relname FROM pg_internal.pg_class c, pg_internal.pg_namespace AS n",
            ),
            ("SELECT * FROM sales_share.retail.orders", "SELECT * FROM \"sales_share.retail\".orders"),
        ] {
            assert_eq!(judge(sql), Verdict::Rewrite(rewritten.to_owned()), "{sql}");
        }
        assert_eq!(judge("SELECT 'pg_class' FROM mine.pg_class"), Verdict::Pass);
    }

    #[test]
    fn settings_only_redshift_has_live_under_a_prefix() {
        for (sql, rewritten) in [
            ("SET query_group TO 'nightly'", "SET redshift.query_group = 'nightly'"),
            ("SET readonly=1", "SET default_transaction_read_only = 1"),
            ("RESET query_group", "RESET redshift.query_group"),
            ("SHOW query_group", "SELECT current_setting('redshift.query_group') AS \"query_group\""),
        ] {
            assert_eq!(judge(sql), Verdict::Rewrite(rewritten.to_owned()), "{sql}");
        }
    }

    #[test]
    fn long_chain_of_operators_does_not_exhaust_the_stack() {
        let sql = format!("SELECT {} /* {} */ FROM pg_range", vec!["1"; 4_000].join("+"), "x");
        assert_eq!(refused(&sql).0, "42P01");
        let longer = format!("SELECT {} FROM pg_range", vec!["1"; 200_000].join("+"));
        assert_eq!(judge(&longer), Verdict::Pass);
    }

    #[test]
    fn statement_beyond_16_megabytes_is_refused() {
        let sql = format!("SELECT '{}'", "x".repeat(MAX_STATEMENT_BYTES));
        assert_eq!(refused(&sql).0, "54001");
    }
}

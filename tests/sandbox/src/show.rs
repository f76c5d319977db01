//! SHOW DATABASES, SCHEMAS, TABLES, COLUMNS and CONSTRAINTS, with the columns of the protocol reference, section 6.2.
//!
//! Owns the reading of these commands and the SELECT that stands for each; names may be parameters, as on a server whose
//! `show_discovery` is 4. Invariant: any other SHOW is left alone.

use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

/// The level at which a server takes all of them, with parameters.
pub(crate) const LEVEL: u32 = 4;

/// The longest such command; identifiers have 127 bytes.
const MAX_BYTES: usize = 4096;

/// What may be shown: its words, what names must match, what LIKE is for, and the query.
struct Command {
    words: &'static [&'static str],
    names: &'static [&'static str],
    like: &'static str,
    order: &'static str,
    select: &'static str,
}

const COMMANDS: &[Command] = &[
    Command {
        words: &["SHOW", "DATABASES"],
        names: &[],
        like: "database_name",
        order: "database_name",
        select: "SELECT database_name, database_owner, database_type, database_acl, database_options AS parameters, \
                 database_isolation_level FROM pg_catalog.svv_redshift_databases",
    },
    Command {
        words: &["SHOW", "SCHEMAS", "FROM", "DATABASE"],
        names: &["database_name"],
        like: "schema_name",
        order: "schema_name",
        select: "SELECT database_name, schema_name, schema_owner, schema_type, schema_acl, source_database, \
                 schema_option FROM pg_catalog.svv_all_schemas",
    },
    Command {
        words: &["SHOW", "TABLES", "FROM", "SCHEMA"],
        names: &["database_name", "schema_name"],
        like: "table_name",
        order: "table_name",
        select: "SELECT database_name, schema_name, table_name, replace(table_type, 'SHARED ', '') AS table_type, \
                 table_acl, remarks, ''::varchar AS owner, NULL::timestamp AS last_altered_time, \
                 NULL::timestamp AS last_modified_time, 'AUTO(ALL)'::varchar AS dist_style, \
                 'REGULAR TABLE'::varchar AS table_subtype FROM pg_catalog.svv_all_tables",
    },
    Command {
        words: &["SHOW", "COLUMNS", "FROM", "TABLE"],
        names: &["database_name", "schema_name", "table_name"],
        like: "column_name",
        order: "ordinal_position",
        select: "SELECT database_name, schema_name, table_name, column_name, ordinal_position, column_default, \
                 is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, remarks, \
                 ''::varchar AS sort_key_type, 0 AS sort_key, 0 AS dist_key, 'none'::varchar AS encoding, \
                 ''::varchar AS collation FROM pg_catalog.svv_all_columns",
    },
    Command {
        words: &["SHOW", "CONSTRAINTS", "PRIMARY", "KEYS", "FROM", "TABLE"],
        names: &["database_name", "schema_name", "table_name"],
        like: "column_name",
        order: "key_seq",
        select: "SELECT * FROM pg_internal.primary_keys",
    },
    Command {
        words: &["SHOW", "CONSTRAINTS", "FOREIGN", "KEYS", "FROM", "TABLE"],
        names: &["fk_database_name", "fk_schema_name", "fk_table_name"],
        like: "fk_column_name",
        order: "fk_name, key_seq",
        select: "SELECT * FROM pg_internal.foreign_keys",
    },
    Command {
        words: &["SHOW", "CONSTRAINTS", "FOREIGN", "KEYS", "EXPORTED", "FROM", "TABLE"],
        names: &["pk_database_name", "pk_schema_name", "pk_table_name"],
        like: "pk_column_name",
        order: "fk_name, key_seq",
        select: "SELECT * FROM pg_internal.foreign_keys",
    },
];

/// The query that answers a command, if it is one of these.
pub(crate) fn select(sql: &str) -> Option<String> {
    let is_show = sql.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("show"));
    if !is_show || sql.len() > MAX_BYTES {
        return None;
    }
    let mut tokens = Tokenizer::new(&RedshiftSqlDialect {}, sql).tokenize().ok()?;
    tokens.retain(|token| !matches!(token, Token::Whitespace(_) | Token::SemiColon));
    COMMANDS.iter().find_map(|command| answer(command, &tokens))
}

fn answer(command: &Command, tokens: &[Token]) -> Option<String> {
    let (words, rest) = tokens.split_at_checked(command.words.len())?;
    if !words.iter().zip(command.words).all(|(token, word)| is_word(token, word)) {
        return None;
    }
    let end =
        rest.iter().position(|token| is_word(token, "LIKE") || is_word(token, "LIMIT")).unwrap_or(rest.len());
    let (path, rest) = rest.split_at_checked(end)?;
    let parts = path.split(|token| *token == Token::Period).filter(|part| !part.is_empty());
    let parts = parts.map(value).collect::<Option<Vec<_>>>()?;
    // The database may be left out where it is not all there is.
    let missing = command.names.len().checked_sub(parts.len())?;
    if missing > usize::from(command.names.len() > 1) {
        return None;
    }
    let mut conditions: Vec<_> = command
        .names
        .iter()
        .skip(missing)
        .zip(&parts)
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    if let (1, Some(database)) = (missing, command.names.first()) {
        conditions.push(format!("{database} = current_database()"));
    }
    let (like, limit) = ending(rest)?;
    conditions.extend(like.map(|pattern| format!("{} LIKE {pattern}", command.like)));
    let conditions = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
    Some(format!("{} WHERE {conditions} ORDER BY {}{limit}", command.select, command.order))
}

/// The pattern and the limit at the end of a command.
fn ending(tokens: &[Token]) -> Option<(Option<String>, String)> {
    let (like, rest) = match tokens {
        [like, pattern, rest @ ..] if is_word(like, "LIKE") => (Some(pattern_value(pattern)?), rest),
        _ => (None, tokens),
    };
    match rest {
        [] => Some((like, String::new())),
        [limit, Token::Number(count, _)] if is_word(limit, "LIMIT") => {
            Some((like, format!(" LIMIT {count}")))
        }
        _ => None,
    }
}

/// A name or a parameter, as a value to compare with.
fn value(part: &[Token]) -> Option<String> {
    match part {
        [Token::Placeholder(parameter)] => Some(parameter.clone()),
        [Token::Word(word)] => {
            let name =
                if word.quote_style.is_some() { word.value.clone() } else { word.value.to_ascii_lowercase() };
            Some(format!("'{}'", name.replace('\\', "\\\\").replace('\'', "''")))
        }
        _ => None,
    }
}

fn pattern_value(token: &Token) -> Option<String> {
    match token {
        Token::Placeholder(parameter) => Some(parameter.clone()),
        Token::SingleQuotedString(text) => Some(format!("'{}'", text.replace('\'', "''"))),
        _ => None,
    }
}

fn is_word(token: &Token, text: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(sql: &str) -> Option<String> {
        select(sql).map(|select| select.split_once(" WHERE ").unwrap().1.to_owned())
    }

    #[test]
    fn names_become_conditions() {
        for (sql, expected) in [
            ("SHOW DATABASES", "true ORDER BY database_name"),
            ("show databases like 'd%' limit 5", "database_name LIKE 'd%' ORDER BY database_name LIMIT 5"),
            (
                "SHOW SCHEMAS FROM DATABASE $1 LIKE $2",
                "database_name = $1 AND schema_name LIKE $2 ORDER BY schema_name",
            ),
            (
                "SHOW TABLES FROM SCHEMA Dev.\"My Schema\";",
                "database_name = 'dev' AND schema_name = 'My Schema' ORDER BY table_name",
            ),
            (
                "SHOW TABLES FROM SCHEMA public",
                "schema_name = 'public' AND database_name = current_database() ORDER BY table_name",
            ),
            (
                "SHOW CONSTRAINTS FOREIGN KEYS EXPORTED FROM TABLE s.t",
                "pk_schema_name = 's' AND pk_table_name = 't' AND pk_database_name = current_database() \
                 ORDER BY fk_name, key_seq",
            ),
            (
                "SHOW COLUMNS FROM TABLE $1.$2.$3",
                "database_name = $1 AND schema_name = $2 AND table_name = $3 ORDER BY ordinal_position",
            ),
        ] {
            assert_eq!(conditions(sql).as_deref(), Some(expected), "{sql}");
        }
    }

    #[test]
    fn other_commands_are_left_alone() {
        for sql in [
            "SHOW search_path",
            "SHOW SCHEMAS",
            "SHOW TABLES FROM SCHEMA a.b.c",
            "SHOW COLUMNS FROM TABLE t",
            "SHOW TABLES FROM SCHEMA s LIKE",
            "SELECT 1",
            "",
        ] {
            assert_eq!(select(sql), None, "{sql}");
        }
    }
}

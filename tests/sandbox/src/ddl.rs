//! Redshift's DDL clauses, which PostgreSQL lacks, taken out of a statement's tokens or put into its words.
//!
//! Owns where rows are to lie (DISTSTYLE, DISTKEY, SORTKEY), how they are compressed (ENCODE) and saved (BACKUP), which
//! a single engine ignores; IDENTITY(seed, step), which it spells otherwise; and late-binding views, which it marks.
//! Invariant: a word that stands where a name does is a name.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

/// What a late-binding view is to the engine: `engine/catalogs.sql` looks for it.
const LATE_BINDING: &str = "WITH (security_barrier=false) ";

/// The statement in the engine's words, if it has a clause of Redshift's.
pub(crate) fn engine_tokens(tokens: &[Token]) -> Option<Vec<Token>> {
    let words: Vec<&Token> = tokens.iter().filter(|token| !is_space(token)).collect();
    let starts =
        |with: &[&str]| with.iter().enumerate().all(|(at, word)| is_word(words.get(at).copied(), word));
    if !starts(&["CREATE"]) {
        return None;
    }
    let is_table = words.iter().take(6).any(|token| is_word(Some(token), "TABLE"));
    let is_view = words.iter().take(4).any(|token| is_word(Some(token), "VIEW"));
    if is_table {
        table(&words)
    } else if is_view {
        view(&words)
    } else {
        None
    }
}

fn table(words: &[&Token]) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let (mut at, mut depth, mut changed) = (0, 0_usize, false);
    while let Some(token) = words.get(at) {
        // A name comes first in the list of columns, and after each comma of it.
        let follows = at.checked_sub(1).and_then(|before| words.get(before));
        let is_name = depth == 1 && matches!(follows, Some(Token::LParen | Token::Comma));
        let clause = if is_name { None } else { clause(words, at) };
        match clause {
            Some((length, words)) => {
                at += length;
                changed = true;
                out.extend(words);
                continue;
            }
            // What follows is a query.
            None if depth == 0 && is_word(Some(token), "AS") => {
                out.extend(words.get(at..).unwrap_or_default().iter().flat_map(|token| spaced(token)));
                break;
            }
            None => {}
        }
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        out.extend(spaced(token));
        at += 1;
    }
    changed.then_some(out)
}

/// How many tokens a clause of Redshift's takes, and what the engine gets for it.
fn clause(words: &[&Token], at: usize) -> Option<(usize, Vec<Token>)> {
    let word = |offset: usize, text: &str| is_word(words.get(at + offset).copied(), text);
    let dropped = |length: usize| Some((length, Vec::new()));
    if word(0, "ENCODE") || word(0, "DISTSTYLE") || word(0, "BACKUP") {
        return dropped(2);
    }
    if word(0, "DISTKEY") || word(0, "SORTKEY") {
        return dropped(1 + parenthesised(words, at + 1));
    }
    if (word(0, "COMPOUND") || word(0, "INTERLEAVED")) && word(1, "SORTKEY") {
        return dropped(2 + parenthesised(words, at + 2));
    }
    let (length, kind) = match (word(0, "IDENTITY"), word(0, "GENERATED") && word(4, "IDENTITY")) {
        (true, _) => (1, "ALWAYS"),
        (_, true) => (5, "BY DEFAULT"),
        _ => return None,
    };
    let values = parenthesised(words, at + length);
    let numbers = words.get(at + length + 1..(at + length + values).checked_sub(1)?)?;
    let text = |tokens: &[&Token]| tokens.iter().map(ToString::to_string).collect::<String>();
    let mut numbers = numbers.split(|token| **token == Token::Comma).map(text);
    let (seed, step) = (numbers.next()?, numbers.next()?);
    let identity = format!(" GENERATED {kind} AS IDENTITY (INCREMENT BY {step} START WITH {seed}) ");
    Some((length + values, tokens(&identity)))
}

/// The length of a parenthesised list, 0 if there is none.
fn parenthesised(words: &[&Token], at: usize) -> usize {
    if words.get(at) != Some(&&Token::LParen) {
        return 0;
    }
    let end = words.iter().skip(at).position(|token| **token == Token::RParen);
    end.map_or(0, |end| end + 1)
}

fn view(words: &[&Token]) -> Option<Vec<Token>> {
    let words = words.strip_suffix(&[&Token::SemiColon]).unwrap_or(words);
    let (body, clause) = words.split_at(words.len().checked_sub(4)?);
    let expected = ["WITH", "NO", "SCHEMA", "BINDING"];
    if !clause.iter().zip(expected).all(|(token, word)| is_word(Some(token), word)) {
        return None;
    }
    let at = body.iter().position(|token| is_word(Some(token), "AS"))?;
    let (head, query) = body.split_at(at);
    let mut out: Vec<_> = head.iter().flat_map(|token| spaced(token)).collect();
    out.extend(tokens(LATE_BINDING));
    out.extend(query.iter().flat_map(|token| spaced(token)));
    Some(out)
}

fn spaced(token: &Token) -> [Token; 2] {
    [token.clone(), Token::Whitespace(Whitespace::Space)]
}

/// The tokens of words of our own.
fn tokens(text: &str) -> Vec<Token> {
    // OK because the words are ours and the numbers were tokens before.
    Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().unwrap_or_default()
}

fn is_space(token: &Token) -> bool {
    matches!(token, Token::Whitespace(_))
}

fn is_word(token: Option<&Token>, text: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::RedshiftSqlDialect;

    use super::*;

    fn engine(sql: &str) -> Option<String> {
        let tokens = Tokenizer::new(&RedshiftSqlDialect {}, sql).tokenize().unwrap();
        let text: String = engine_tokens(&tokens)?.iter().map(ToString::to_string).collect();
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn clauses_of_storage_are_left_out() {
        for (sql, expected) in [
            (
                "CREATE TABLE t (a int ENCODE az64 NOT NULL DISTKEY, b int sortkey) DISTSTYLE KEY",
                "CREATE TABLE t ( a int NOT NULL , b int )",
            ),
            (
                "create temp table if not exists t (a int) backup no diststyle even distkey(a) compound sortkey (a, b)",
                "create temp table if not exists t ( a int )",
            ),
            ("CREATE TABLE t (a int) INTERLEAVED SORTKEY (a)", "CREATE TABLE t ( a int )"),
            (
                "CREATE TABLE t DISTSTYLE ALL AS SELECT 1 AS encode, 2 sortkey",
                "CREATE TABLE t AS SELECT 1 AS encode , 2 sortkey",
            ),
        ] {
            assert_eq!(engine(sql).as_deref(), Some(expected), "{sql}");
        }
    }

    #[test]
    fn identity_is_spelled_as_in_the_standard() {
        assert_eq!(
            engine("CREATE TABLE t (a bigint IDENTITY(-5, 2) NOT NULL, b int)").unwrap(),
            "CREATE TABLE t ( a bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY 2 START WITH -5) NOT NULL , b int )"
        );
        assert_eq!(
            engine("CREATE TABLE t (a bigint GENERATED BY DEFAULT AS IDENTITY (1, 1))").unwrap(),
            "CREATE TABLE t ( a bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 1 START WITH 1) )"
        );
    }

    #[test]
    fn late_binding_views_are_marked() {
        assert_eq!(
            engine("CREATE OR REPLACE VIEW v AS SELECT 1 AS a WITH NO SCHEMA BINDING").unwrap(),
            "CREATE OR REPLACE VIEW v WITH (security_barrier=false) AS SELECT 1 AS a"
        );
    }

    #[test]
    fn names_and_other_statements_stay() {
        for sql in [
            "CREATE TABLE t (encode int, sortkey int, identity int)",
            "CREATE TABLE t (a int, \"encode\" int)",
            "CREATE VIEW v AS SELECT 1",
            "SELECT encode(a, 'hex') FROM t",
            "CREATE TABLE t AS SELECT encode(a, 'hex') FROM t",
            "CREATE",
        ] {
            assert_eq!(engine(sql), None, "{sql}");
        }
    }
}

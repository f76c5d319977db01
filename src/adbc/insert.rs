//! INSERT statements with a list of values: written for a table, or recognised in the user's SQL, and repeated for many
//! rows.
//!
//! Owns the text and the numbering of parameters. What it recognises it is certain of: `INSERT INTO name [(columns)]
//! VALUES (one tuple)`, where the tuple is the same for a row whether it stands alone or among others. A subquery would
//! see the rows before it, so it is not taken; nor is text whose tokens depend on a server's setting.

use std::fmt::Write as _;

/// An INSERT of one tuple of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InsertTemplate {
    /// Up to and with VALUES.
    head: String,
    tuple: Vec<Piece>,
    parameters: usize,
}

/// A part of the tuple.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// A parameter, counted from 1.
    Parameter(usize),
    Text(String),
}

/// A lexical token with its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Parameter(usize),
    /// A keyword, a name, a number.
    Word,
    QuotedName,
    String,
    Symbol(u8),
}

impl InsertTemplate {
    /// The INSERT in a user's statement with so many parameters; `None` unless it is certain to be one.
    pub(super) fn recognise(sql: &str, parameters: usize) -> Option<Self> {
        let tokens = tokens(sql)?;
        let mut parser = Parser { sql, tokens: &tokens };
        parser.word("INSERT")?;
        parser.word("INTO")?;
        parser.name()?;
        while parser.symbol(b'.').is_some() {
            parser.name()?;
        }
        if parser.symbol(b'(').is_some() {
            parser.name()?;
            while parser.symbol(b',').is_some() {
                parser.name()?;
            }
            parser.symbol(b')')?;
        }
        let values = parser.word("VALUES")?;
        let tuple = parser.tuple()?;
        let _ = parser.symbol(b';');
        let known = |piece: &Piece| match piece {
            Piece::Parameter(number) => (1..=parameters).contains(number),
            Piece::Text(_) => true,
        };
        let complete = parser.tokens.is_empty() && parameters > 0 && tuple.iter().all(known);
        let head = sql.get(..values.end)?.to_owned();
        complete.then_some(Self { head, tuple, parameters })
    }

    /// An INSERT of the given expressions, in which `{}` stands for the value's parameter.
    pub(super) fn new(table: &str, columns: &[String], expressions: &[&str]) -> Self {
        let mut tuple = Vec::with_capacity(2 * expressions.len() + 1);
        let mut text = String::from("(");
        for (index, expression) in expressions.iter().enumerate() {
            let (before, after) = expression.split_once("{}").unwrap_or((expression, ""));
            text.push_str(before);
            tuple.extend([Piece::Text(std::mem::take(&mut text)), Piece::Parameter(index + 1)]);
            text.push_str(after);
            text.push_str(if index + 1 < expressions.len() { ", " } else { ")" });
        }
        tuple.push(Piece::Text(text));
        Self {
            head: format!("INSERT INTO {table} ({}) VALUES", columns.join(", ")),
            tuple,
            parameters: expressions.len(),
        }
    }

    /// The statement for a number of rows; parameters are numbered row by row.
    pub(super) fn statement(&self, rows: usize) -> String {
        let mut sql = String::with_capacity(self.head.len() + rows * self.parameters * 8);
        sql.push_str(&self.head);
        for row in 0..rows {
            sql.push_str(if row == 0 { " " } else { ", " });
            for piece in &self.tuple {
                match piece {
                    Piece::Text(text) => sql.push_str(text),
                    Piece::Parameter(number) => {
                        // Memory does not fail.
                        let _ = write!(sql, "${}", row * self.parameters + number);
                    }
                }
            }
        }
        sql
    }
}

/// Whether a statement may have parameters: true too often rather than too rarely.
pub(super) fn may_have_parameters(sql: &str) -> bool {
    highest_parameter(sql) > 0
}

/// The highest number after a `$`, also in strings and comments: no parameter of the statement has a higher one.
pub(super) fn highest_parameter(sql: &str) -> usize {
    let number = |text: &str| {
        let digits = text.get(..count(text.as_bytes(), |byte| byte.is_ascii_digit())).unwrap_or_default();
        // More digits than fit are no parameter that a server takes.
        if digits.is_empty() { 0 } else { digits.parse().unwrap_or(usize::MAX) }
    };
    sql.split('$').skip(1).map(number).max().unwrap_or_default()
}

/// The tokens still to be read.
struct Parser<'a> {
    sql: &'a str,
    tokens: &'a [Token],
}

impl<'a> Parser<'a> {
    fn next(&mut self, accept: impl FnOnce(&Token) -> bool) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        accept(first).then(|| {
            self.tokens = rest;
            *first
        })
    }

    fn text(&self, token: &Token) -> &'a str {
        self.sql.get(token.start..token.end).unwrap_or_default()
    }

    fn is_word(&self, token: &Token, word: &str) -> bool {
        token.kind == Kind::Word && self.text(token).eq_ignore_ascii_case(word)
    }

    fn word(&mut self, word: &str) -> Option<Token> {
        let sql = Parser { sql: self.sql, tokens: &[] };
        self.next(|token| sql.is_word(token, word))
    }

    fn name(&mut self) -> Option<Token> {
        self.next(|token| matches!(token.kind, Kind::Word | Kind::QuotedName))
    }

    fn symbol(&mut self, symbol: u8) -> Option<Token> {
        self.next(|token| token.kind == Kind::Symbol(symbol))
    }

    /// One list of expressions in parentheses, without subqueries.
    fn tuple(&mut self) -> Option<Vec<Piece>> {
        let open = self.symbol(b'(')?;
        let (mut pieces, mut depth, mut copied) = (Vec::new(), 1, open.start);
        while depth > 0 {
            let token = self.next(|_| true)?;
            match token.kind {
                Kind::Symbol(b'(') => depth += 1,
                Kind::Symbol(b')') => depth -= 1,
                Kind::Symbol(b';') => return None,
                Kind::Word if self.is_word(&token, "SELECT") => return None,
                Kind::Parameter(number) => {
                    pieces.push(Piece::Text(self.sql.get(copied..token.start)?.to_owned()));
                    pieces.push(Piece::Parameter(number));
                    copied = token.end;
                }
                _ => {}
            }
            if depth == 0 {
                pieces.push(Piece::Text(self.sql.get(copied..token.end)?.to_owned()));
            }
        }
        Some(pieces)
    }
}

/// Cuts SQL into tokens. `None` where a token's end is not certain: comments, backslashes in strings, prefixed strings
/// and dollar quotes.
fn tokens(sql: &str) -> Option<Vec<Token>> {
    let bytes = sql.as_bytes();
    let mut tokens: Vec<Token> = Vec::new();
    let mut start = 0;
    while let Some(&byte) = bytes.get(start) {
        let rest = bytes.get(start..).unwrap_or_default();
        let (kind, length) = match byte {
            byte if byte.is_ascii_whitespace() => {
                start += 1;
                continue;
            }
            b'$' => parameter(rest)?,
            b'"' => (Kind::QuotedName, quoted(rest, b'"')?),
            b'\'' => {
                let follows_word =
                    tokens.last().is_some_and(|last| last.kind == Kind::Word && last.end == start);
                let length = quoted(rest, b'\'')?;
                if follows_word || rest.get(..length)?.contains(&b'\\') {
                    return None;
                }
                (Kind::String, length)
            }
            b'-' if rest.starts_with(b"--") => return None,
            b'/' if rest.starts_with(b"/*") => return None,
            byte if is_word(byte) => (Kind::Word, count(rest, is_word)),
            symbol => (Kind::Symbol(symbol), 1),
        };
        tokens.push(Token { kind, start, end: start + length });
        start += length;
    }
    Some(tokens)
}

/// `$7`, and not `$7a` or `$tag$`.
fn parameter(text: &[u8]) -> Option<(Kind, usize)> {
    let digits = text.get(1..)?;
    let digits = digits.get(..count(digits, |byte| byte.is_ascii_digit()))?;
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let follows = text.get(1 + digits.len()).copied();
    let ends = !follows.is_some_and(|byte| is_word(byte) || byte == b'$');
    ends.then_some((Kind::Parameter(number), 1 + digits.len()))
}

/// The length of quoted text, with its quotes, of which two stand for one.
fn quoted(text: &[u8], quote: u8) -> Option<usize> {
    let mut end = 1;
    loop {
        end += text.get(end..)?.iter().position(|byte| *byte == quote)? + 1;
        match text.get(end) {
            Some(next) if *next == quote => end += 1,
            _ => return Some(end),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn count(text: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| accept(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn two_rows(sql: &str, parameters: usize) -> String {
        InsertTemplate::recognise(sql, parameters).unwrap_or_else(|| panic!("{sql}")).statement(2)
    }

    #[test]
    fn a_plain_insert_is_repeated_with_its_parameters_renumbered() {
        for (sql, parameters, expected) in [
            ("INSERT INTO t VALUES ($1, $2)", 2, "INSERT INTO t VALUES ($1, $2), ($3, $4)"),
            (
                " insert\ninto s.\"T \"\"x\"(a, \"b\") values($2,$1) ; ",
                2,
                " insert\ninto s.\"T \"\"x\"(a, \"b\") values ($2,$1), ($4,$3)",
            ),
            (
                "INSERT INTO t VALUES ($1::date, 'it''s $1', DEFAULT, JSON_PARSE($2), 1.5)",
                2,
                "INSERT INTO t VALUES ($1::date, 'it''s $1', DEFAULT, JSON_PARSE($2), 1.5), \
                 ($3::date, 'it''s $1', DEFAULT, JSON_PARSE($4), 1.5)",
            ),
            ("INSERT INTO größe VALUES ($1)", 1, "INSERT INTO größe VALUES ($1), ($2)"),
        ] {
            assert_eq!(two_rows(sql, parameters), expected);
        }
    }

    #[test]
    fn what_is_not_certainly_a_plain_insert_is_left_alone() {
        for sql in [
            "",
            "SELECT $1",
            "UPDATE t SET a = $1",
            "INSERT INTO t SELECT $1",
            "INSERT INTO t VALUES ((SELECT max(a) FROM t) + $1)",
            "INSERT INTO t VALUES ($1), ($1)",
            "INSERT INTO t VALUES ($1) RETURNING a",
            "INSERT INTO t VALUES ($1); DELETE FROM t",
            "INSERT INTO t VALUES ($1",
            "INSERT INTO t VALUES ($1))",
            "INSERT INTO t VALUES ($1, 'a\\'')', 'b')",
            "INSERT INTO t VALUES ($1, E'a')",
            "INSERT INTO t VALUES ($1, $$a$$)",
            "INSERT INTO t VALUES ($1, $a$b$a$)",
            "INSERT INTO t VALUES ($1 /* $2 */)",
            "INSERT INTO t VALUES ($1) -- done",
            "INSERT INTO t VALUES ($2)",
            "INSERT INTO t VALUES ($0)",
            "INSERT INTO t VALUES ($1a)",
            "INSERT INTO t VALUES ($99999999999999999999)",
            "INSERT INTO t VALUES ($1, 'unfinished)",
            "EXPLAIN INSERT INTO t VALUES ($1)",
        ] {
            assert_eq!(InsertTemplate::recognise(sql, 1), None, "{sql}");
        }
        assert_eq!(InsertTemplate::recognise("INSERT INTO t VALUES (1)", 0), None);
    }

    #[test]
    fn written_inserts_wrap_values_where_asked() {
        let columns = ["\"a\"".to_owned(), "\"b\"".to_owned()];
        let template = InsertTemplate::new("\"t\"", &columns, &["{}", "JSON_PARSE({})"]);
        assert_eq!(
            template.statement(2),
            "INSERT INTO \"t\" (\"a\", \"b\") VALUES ($1, JSON_PARSE($2)), ($3, JSON_PARSE($4))"
        );
    }

    #[test]
    fn parameters_are_suspected_rather_than_missed() {
        assert!(may_have_parameters("SELECT $1") && may_have_parameters("SELECT '$1'"));
        assert!(!may_have_parameters("SELECT 'US$', $$x$$"));
        assert_eq!(highest_parameter("SELECT $2, $10, $1::x"), 10);
    }
}

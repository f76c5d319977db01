//! Constraints of GetObjects: read from the definition that the server prints, laid out as Arrow lists.
//!
//! The server prints `FOREIGN KEY (a, "B c") REFERENCES s.t(x, y)`: Redshift has no array functions to take the keys
//! apart with, and this text works for every user. Invariant: a definition that cannot be read is no constraint; it
//! never fails the call.

use adbc_core::error::Result;
use adbc_core::schemas::{CONSTRAINT_SCHEMA, USAGE_SCHEMA};
use arrow_array::ArrayRef;
use arrow_buffer::NullBufferBuilder;

use super::nested::{list, structure};
use super::texts::{Offsets, Texts};

/// A constraint as the catalog has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constraint<'a> {
    pub(super) name: Option<&'a str>,
    /// `p`, `u` or `f`.
    pub(super) kind: &'a str,
    pub(super) definition: &'a str,
    /// Catalog, schema and table that a foreign key refers to.
    pub(super) referenced: Option<[&'a str; 3]>,
}

/// Constraints of tables, as they grow.
#[derive(Debug)]
pub(super) struct Constraints {
    lists: Offsets,
    names: Texts,
    types: Texts,
    columns: Texts,
    column_lists: Offsets,
    usages: [Texts; 4],
    usage_lists: Offsets,
    usage_nulls: NullBufferBuilder,
}

impl Default for Constraints {
    fn default() -> Self {
        Self {
            lists: Offsets::default(),
            names: Texts::default(),
            types: Texts::default(),
            columns: Texts::default(),
            column_lists: Offsets::default(),
            usages: Default::default(),
            usage_lists: Offsets::default(),
            usage_nulls: NullBufferBuilder::new(0),
        }
    }
}

impl Constraints {
    /// Adds a constraint to a table, which must not be before that of the last one.
    pub(super) fn push(&mut self, table: usize, constraint: &Constraint<'_>) -> Result<()> {
        let mut keys = keys(constraint.definition).into_iter();
        let (kind, columns, referenced) = match (constraint.kind, keys.next(), keys.next()) {
            ("p", Some(columns), _) => ("PRIMARY KEY", columns, None),
            ("u", Some(columns), _) => ("UNIQUE", columns, None),
            ("f", Some(columns), Some(referenced)) if columns.len() == referenced.len() => {
                ("FOREIGN KEY", columns, constraint.referenced.map(|table| (table, referenced)))
            }
            _ => return Ok(()),
        };
        self.lists.push_until(table, self.names.len())?;
        self.names.push_option(constraint.name)?;
        self.types.push(kind)?;
        for column in &columns {
            self.columns.push(column)?;
        }
        self.column_lists.push(self.columns.len())?;
        self.usage_nulls.append(referenced.is_some());
        if let Some((table, referenced)) = referenced {
            self.push_usages(table, &referenced)?;
        }
        self.usage_lists.push(self.usages[0].len())
    }

    fn push_usages(&mut self, table: [&str; 3], columns: &[String]) -> Result<()> {
        for column in columns {
            let values = table.into_iter().chain([column.as_str()]);
            for (texts, value) in self.usages.iter_mut().zip(values) {
                texts.push(value)?;
            }
        }
        Ok(())
    }

    /// The lists of all tables; NULL for those whose constraints cannot be known.
    pub(super) fn finish(mut self, tables: usize, known: NullBufferBuilder) -> Result<ArrayRef> {
        self.lists.push_until(tables, self.names.len())?;
        let usages = self.usages.into_iter().map(Texts::finish).collect::<Result<Vec<_>>>()?;
        let usages = structure(&USAGE_SCHEMA, usages)?;
        let constraints = structure(
            &CONSTRAINT_SCHEMA,
            vec![
                self.names.finish()?,
                self.types.finish()?,
                list(self.column_lists, self.columns.finish()?, None)?,
                list(self.usage_lists, usages, Some(self.usage_nulls))?,
            ],
        )?;
        list(self.lists, constraints, Some(known))
    }
}

/// The lists of names in parentheses.
fn keys(definition: &str) -> Vec<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = definition;
    while let Some(at) = rest.find(['"', '(']) {
        let (_, tail) = rest.split_at(at);
        if let Some(quoted) = tail.strip_prefix('"') {
            // A table's name.
            let Some((_, tail)) = unquote(quoted) else { return keys };
            rest = tail;
        } else {
            let Some((names, tail)) = names(tail.get(1..).unwrap_or_default()) else { return keys };
            keys.push(names);
            rest = tail;
        }
    }
    keys
}

/// `a, "B c")`: the names, and what follows the parenthesis.
fn names(text: &str) -> Option<(Vec<String>, &str)> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let (name, tail) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let (name, tail) = rest.split_at(rest.find([',', ')'])?);
                (name.trim_end().to_owned(), tail)
            }
        };
        names.push(name);
        rest = tail.trim_start();
        if let Some(tail) = rest.strip_prefix(')') {
            return Some((names, tail));
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// A delimited identifier without its first quote, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (part, tail) = rest.split_once('"')?;
        name.push_str(part);
        let Some(more) = tail.strip_prefix('"') else { return Some((name, tail)) };
        name.push('"');
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_definitions() {
        for (definition, expected) in [
            ("PRIMARY KEY (id)", vec![vec!["id"]]),
            ("UNIQUE (a, \"B c\", \"x\"\"),(\")", vec![vec!["a", "B c", "x\"),("]]),
            ("FOREIGN KEY (a, b) REFERENCES s.t(x, y)", vec![vec!["a", "b"], vec!["x", "y"]]),
            ("FOREIGN KEY (a) REFERENCES \"s (1)\".\"t\"\"(\"(x) NOT VALID", vec![vec!["a"], vec!["x"]]),
            ("PRIMARY KEY", vec![]),
            ("PRIMARY KEY (a", vec![]),
            ("PRIMARY KEY (\"a)", vec![]),
        ] {
            assert_eq!(keys(definition), expected, "{definition}");
        }
    }

    #[test]
    fn definitions_that_cannot_be_read_are_left_out() {
        let mut constraints = Constraints::default();
        for (kind, definition) in [("c", "CHECK (a > 1)"), ("f", "FOREIGN KEY (a)"), ("p", "")] {
            let constraint = Constraint { name: None, kind, definition, referenced: None };
            constraints.push(0, &constraint).unwrap();
        }
        assert_eq!(constraints.names.len(), 0);
    }
}

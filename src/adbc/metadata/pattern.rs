//! ADBC's search patterns: `%` matches any characters, `_` matches one, and there is no escape.
//!
//! Owns the verdict; the server only narrows down what it sends. Invariant: `like` lets through at least what
//! `matches` accepts.

use super::queries::literal;

/// A filter on names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern<'a>(Option<&'a str>);

impl<'a> Pattern<'a> {
    /// `None` accepts all names.
    pub(super) fn new(pattern: Option<&'a str>) -> Self {
        Self(pattern)
    }

    /// Whether it accepts all names.
    pub(super) fn is_any(self) -> bool {
        self.0.is_none_or(|pattern| !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'%'))
    }

    /// Whether it accepts one name at most.
    pub(super) fn is_exact(self) -> bool {
        self.0.is_some_and(|pattern| !pattern.contains(['%', '_']))
    }

    /// Whether a name fits. The empty pattern fits only objects without a name, of which Redshift has none.
    pub(super) fn matches(self, name: &str) -> bool {
        self.0.is_none_or(|pattern| fits(pattern, name))
    }

    /// The condition that follows `WHERE true`, empty when all names are accepted.
    ///
    /// A backslash is an ordinary character in a pattern, but escapes in LIKE and in Redshift's string literals: the
    /// server gets `_` in its place.
    pub(super) fn like(self, column: &str) -> String {
        let Some(pattern) = self.0.filter(|_| !self.is_any()) else { return String::new() };
        let pattern = pattern.replace('\\', "_");
        let operator = if pattern.contains(['%', '_']) { "LIKE" } else { "=" };
        format!(" AND {column} {operator} {}", literal(&pattern))
    }
}

/// After a mismatch, the last `%` takes one character more.
fn fits(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    let mut retry = None;
    loop {
        let (before, rest) = (pattern.clone(), name.clone());
        match (pattern.next(), name.next()) {
            (None, None) => return true,
            (Some('%'), _) => {
                name = rest;
                retry = Some((before, name.clone()));
            }
            (Some('_'), Some(_)) => {}
            (Some(expected), Some(found)) if expected == found => {}
            _ => {
                let Some((percent, mut longer)) = retry.take() else { return false };
                if longer.next().is_none() {
                    return false;
                }
                pattern = percent.clone();
                pattern.next();
                name = longer.clone();
                retry = Some((percent, longer));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_in_like() {
        for (pattern, name, expected) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("a%", "abc", true),
            ("%c", "abcc", true),
            ("%b%c", "abxbc", true),
            ("%b%d", "abxbc", false),
            ("a_c", "abc", true),
            ("a_c", "ac", false),
            ("_", "é", true),
            ("%_", "", false),
            ("%%_%", "x", true),
            ("A%", "abc", false),
            ("a\\%", "a\\bc", true),
            ("a\\%", "a%", false),
            ("a\\_", "a\\x", true),
            ("it's", "it's", true),
        ] {
            assert_eq!(Pattern::new(Some(pattern)).matches(name), expected, "{pattern} {name}");
        }
        assert!(Pattern::new(None).matches("anything"));
    }

    #[test]
    fn many_percents_do_not_explode() {
        assert!(!fits(&"%a".repeat(200), &"a".repeat(199)));
        assert!(fits(&"%a".repeat(200), &"a".repeat(1000)));
    }

    #[test]
    fn the_server_gets_a_quoted_condition_that_lets_no_match_out() {
        let like = |pattern| Pattern::new(pattern).like("c");
        assert_eq!(like(None), "");
        assert_eq!(like(Some("%")), "");
        assert_eq!(like(Some("%%")), "");
        assert_eq!(like(Some("")), " AND c = ''");
        assert_eq!(like(Some("it's")), " AND c = 'it''s'");
        assert_eq!(like(Some("a_%")), " AND c LIKE 'a_%'");
        assert_eq!(like(Some("a\\b'")), " AND c LIKE 'a_b'''");
    }
}

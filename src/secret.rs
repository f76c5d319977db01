//! Values that must not be seen: passwords, keys, tokens.
//!
//! A [`Secret`] is wiped when dropped and prints as `<redacted>`. It has no `Display` and no way back into
//! an option value; whoever needs the text says [`Secret::expose`], which is easy to search for.

use std::fmt;

use zeroize::Zeroizing;

/// A text that is redacted in `Debug` and zeroized on drop.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of the text; the caller keeps no copy.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that sends or hashes it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(format!("{:?}", Secret::new("planted")), "<redacted>");
    }
}

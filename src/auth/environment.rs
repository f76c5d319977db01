//! What a login sees of the outside: variables, the home directory, the browser, standard error.
//!
//! The seam for tests. It does not read AWS files (see `profile`). Invariant: `auth` asks here and never `std::env`,
//! except for the parts of the default chain and of proxy detection that belong to the AWS crates.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_types::os_shim_internal::Env;

use super::browser;
use crate::platform;

type OpenBrowser = Arc<dyn Fn(&str) -> std::io::Result<()> + Send + Sync>;
type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// The process's surroundings, or those of a test.
#[derive(Clone)]
pub(crate) struct Environment {
    variables: Option<Arc<HashMap<String, String>>>,
    open_browser: Option<OpenBrowser>,
    notice: Notice,
}

impl Environment {
    /// The real surroundings of this process.
    pub(crate) fn process() -> Self {
        Self { variables: None, open_browser: None, notice: Arc::new(|text| eprintln!("{text}")) }
    }

    /// Surroundings of a test: only these variables, this browser, and this reader of notices.
    #[cfg(test)]
    pub(super) fn fake(
        variables: HashMap<String, String>,
        open_browser: impl Fn(&str) -> std::io::Result<()> + Send + Sync + 'static,
        notice: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self {
            variables: Some(Arc::new(variables)),
            open_browser: Some(Arc::new(open_browser)),
            notice: Arc::new(notice),
        }
    }

    /// A variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let value = match &self.variables {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// Whether a variable says `true`, as the AWS tools read it.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The home directory as the AWS tools find it.
    pub(super) fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").or_else(|| self.variable(platform::HOME_VARIABLE)).map(PathBuf::from)
    }

    /// Whether a browser can be opened for the person who waits.
    pub(super) fn has_browser(&self) -> bool {
        self.open_browser.is_some() || browser::is_available(self)
    }

    /// Opens the URL in the person's browser.
    pub(super) fn open_browser(&self, url: &str) -> std::io::Result<()> {
        match &self.open_browser {
            Some(open) => open(url),
            None => browser::open(self, url),
        }
    }

    /// Says something to the person who waits.
    pub(super) fn notice(&self, text: &str) {
        (self.notice)(text);
    }

    /// The same variables for the AWS crates.
    pub(super) fn for_aws(&self) -> Env {
        match &self.variables {
            Some(variables) => Env::from(HashMap::clone(variables)),
            None => Env::real(),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

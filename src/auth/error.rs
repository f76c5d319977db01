//! The one error type of `auth`: opaque, with a kind to ask for, the cause kept, and the AWS request id.
//!
//! It does not know ADBC statuses. Invariant: no text in it comes from a secret; texts of AWS errors are passed on,
//! bodies and tokens never are.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Why no login could be obtained. Cheap to clone: one failure may answer many waiting threads.
#[derive(Clone, Debug)]
pub(crate) struct Error(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    retryable: bool,
    request_id: Option<String>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// What the caller may do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The caller cancelled.
    Cancelled,
    /// The identity is known but lacks a permission or an assignment.
    Denied,
    /// An option or a configuration file holds something unusable.
    InvalidConfig,
    /// Something needed for the chosen method was not given.
    NotConfigured,
    /// The identity or its proof was not accepted; logging in again or other keys may help.
    Rejected,
    /// A deadline passed.
    TimedOut,
    /// AWS, the network, or a local resource cannot be used now.
    Unavailable,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retryable = matches!(kind, ErrorKind::TimedOut | ErrorKind::Unavailable);
        Self(Arc::new(Inner { kind, message: message.into(), retryable, request_id: None, cause: None }))
    }

    pub(super) fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "the login was cancelled")
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidConfig, message)
    }

    pub(super) fn missing(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotConfigured, message)
    }

    pub(super) fn rejected(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Rejected, message)
    }

    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    pub(super) fn timed_out(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TimedOut, message)
    }

    /// The same call may succeed later without any change by the user.
    pub(super) fn with_retryable(self) -> Self {
        self.rebuild(|inner| inner.retryable = true)
    }

    pub(super) fn with_request_id(self, request_id: Option<String>) -> Self {
        self.rebuild(|inner| inner.request_id = request_id)
    }

    /// The same error with more to go on at the end of its text.
    pub(super) fn with_advice(self, advice: &str) -> Self {
        self.rebuild(|inner| inner.message = format!("{}; {advice}", inner.message))
    }

    pub(super) fn with_cause(self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let cause = cause.into();
        self.rebuild(|inner| inner.cause = Some(cause))
    }

    /// Only builders call this, before the first clone; a shared error stays as it is.
    fn rebuild(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner);
        }
        self
    }

    /// What happened.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same login may succeed later without a change to its options.
    pub(crate) fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The id under which AWS logged the request, when AWS answered.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.request_id {
            Some(id) => write!(f, " (AWS request id {id})"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

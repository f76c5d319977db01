//! The session's one error type: opaque, with a kind to ask for, the server's fields when it sent some, and a text
//! that says what failed, what was expected and what to do next.

use std::fmt;

/// Why an operation on the session failed.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    kind: ErrorKind,
    message: String,
    server: Option<Box<ServerError>>,
}

/// What the caller may do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The server refused the login (wrong password, unknown user, unsupported or refused authentication method).
    Authentication,
    /// Another result is open and did not fit into its buffer; that result is intact.
    Busy,
    /// The caller cancelled the operation.
    Cancelled,
    /// The session is broken or closed; a new one is needed.
    Closed,
    /// The process forked after the session was made.
    Forked,
    /// The caller's input cannot be sent (a NUL byte in SQL, too many parameters).
    InvalidInput,
    /// The network failed: resolve, connect, read, write.
    Io,
    /// The server broke the protocol.
    Protocol,
    /// The server answered with an ErrorResponse.
    Server,
    /// A deadline passed.
    Timeout,
    /// TLS was refused or verification failed.
    Tls,
}

/// The fields of an ErrorResponse or NoticeResponse.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerError {
    /// `ERROR`, `FATAL`, `PANIC`, `INFO`, …
    pub(crate) severity: String,
    /// SQLSTATE.
    pub(crate) code: String,
    /// Primary text.
    pub(crate) message: String,
    /// Secondary text; compute-node errors put a framed block here.
    pub(crate) detail: Option<String>,
    /// What the server suggests.
    pub(crate) hint: Option<String>,
    /// 1-based character position in the SQL text.
    pub(crate) position: Option<String>,
    /// Context.
    pub(crate) context: Option<String>,
    /// Server source file.
    pub(crate) file: Option<String>,
    /// Server source line.
    pub(crate) line: Option<String>,
    /// Server source routine.
    pub(crate) routine: Option<String>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), server: None }
    }

    /// What happened.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The server's own fields, when the error came from it.
    pub(crate) fn server(&self) -> Option<&ServerError> {
        self.server.as_deref()
    }

    /// SQLSTATE: the server's, or the one that fits the kind (08001 cannot connect, 08006 connection failure, 08P01
    /// protocol violation, 57014 cancelled, 28000 authentication).
    pub(crate) fn sqlstate(&self) -> Option<&str> {
        self.server.as_ref().map(|server| server.code.as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

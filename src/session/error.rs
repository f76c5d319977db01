//! The session's one error type: opaque, with a kind to ask for, the server's fields when it sent some, and a text
//! that says what failed, what was expected and what to do next. The text never holds a secret.

use std::fmt;
use std::io;
use std::sync::Arc;

/// Why an operation on the session failed.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    kind: ErrorKind,
    message: String,
    server: Option<Box<ServerError>>,
    connecting: bool,
    executions_before: Option<u64>,
    unsent: bool,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
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
        Self {
            kind,
            message: message.into(),
            server: None,
            connecting: false,
            executions_before: None,
            unsent: false,
            cause: None,
        }
    }

    /// An error the server sent. FATAL and PANIC end the session on the server's side.
    pub(super) fn from_server(server: ServerError) -> Self {
        let (kind, prefix) = match server.severity.as_str() {
            "FATAL" | "PANIC" => (ErrorKind::Closed, "connection lost: "),
            _ => (ErrorKind::Server, ""),
        };
        let mut error = Self::new(kind, format!("{prefix}{}", server.text()));
        error.server = Some(Box::new(server));
        error
    }

    /// A failed read or write of an established connection.
    pub(super) fn lost(cause: io::Error) -> Self {
        Self::new(
            ErrorKind::Io,
            format!("connection lost: {cause}; connect again and repeat what was not committed"),
        )
        .because(cause)
    }

    /// The server said something that its protocol does not allow.
    pub(super) fn protocol(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Protocol, format!("protocol violation by the server: {message}"))
    }

    /// The same error as seen before anything of the operation was sent.
    pub(super) fn before_sending(mut self) -> Self {
        self.unsent = true;
        self
    }

    /// The same error with its cause attached.
    pub(super) fn because(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// The same error as seen while no session exists yet.
    pub(super) fn while_connecting(mut self, target: &str) -> Self {
        self.connecting = true;
        let code = self.server.as_ref().map_or("", |server| server.code.as_str());
        if matches!(code, "28000" | "28P01") {
            self.kind = ErrorKind::Authentication;
        } else if self.kind == ErrorKind::Closed && self.server.is_some() {
            self.kind = ErrorKind::Server;
        }
        if let Some(server) = &self.server {
            self.message = format!("{target} refused the connection: {}", server.text());
        }
        self
    }

    /// The same error as one of many executions.
    pub(super) fn after_executions(mut self, complete: u64) -> Self {
        self.executions_before = Some(complete);
        self
    }

    /// How many executions of the same pipeline were complete before the one that failed; `None` when it was not one
    /// of them that failed.
    pub(crate) fn executions_before(&self) -> Option<u64> {
        self.executions_before
    }

    /// What happened.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The server cannot have acted on the operation: nothing of it was sent.
    pub(crate) fn is_unsent(&self) -> bool {
        self.unsent || self.connecting
    }

    /// The server's own fields, when the error came from it.
    pub(crate) fn server(&self) -> Option<&ServerError> {
        self.server.as_deref()
    }

    /// SQLSTATE: the server's, or the one that fits the kind (08001 cannot connect, 08006 connection failure, 08P01
    /// protocol violation, 57014 cancelled, 28000 authentication).
    pub(crate) fn sqlstate(&self) -> Option<&str> {
        if let Some(server) = self.server.as_ref().filter(|server| !server.code.is_empty()) {
            return Some(server.code.as_str());
        }
        match self.kind {
            ErrorKind::Authentication => Some("28000"),
            ErrorKind::Cancelled => Some("57014"),
            ErrorKind::Protocol => Some("08P01"),
            ErrorKind::Closed | ErrorKind::Io | ErrorKind::Tls | ErrorKind::Timeout if self.connecting => {
                Some("08001")
            }
            ErrorKind::Timeout => Some("57014"),
            ErrorKind::Closed | ErrorKind::Io | ErrorKind::Tls => Some("08006"),
            ErrorKind::Busy | ErrorKind::Forked | ErrorKind::InvalidInput | ErrorKind::Server => None,
        }
    }

    /// The server says the statement was cancelled.
    pub(super) fn is_query_canceled(&self) -> bool {
        self.server.as_ref().is_some_and(|server| server.code == "57014")
    }
}

impl ServerError {
    /// Text, detail and hint on lines of their own.
    fn text(&self) -> String {
        let mut text = match self.message.as_str() {
            "" => "the server gave no reason".to_owned(),
            message => message.to_owned(),
        };
        for (label, part) in [("detail", &self.detail), ("hint", &self.hint)] {
            if let Some(part) = part {
                text.push_str(&format!("\n{label}: {part}"));
            }
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

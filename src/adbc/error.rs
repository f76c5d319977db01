//! Translates the layers' errors into ADBC's, once. Holds the one table from SQLSTATE to ADBC status.

use std::ffi::c_char;

use adbc_core::error::{Error, Status};
use tokio_postgres::error::SqlState;

use crate::auth;
use crate::session::{self, ErrorKind, ServerError};
use crate::types::{DecodeError, EncodeError};

/// SQLSTATEs with a status of their own, before the classes.
fn status_by_code(code: &str) -> Option<Status> {
    const UNDEFINED_OBJECTS: &[&SqlState] =
        &[&SqlState::UNDEFINED_TABLE, &SqlState::INVALID_SCHEMA_NAME, &SqlState::INVALID_CATALOG_NAME];
    const DUPLICATE_OBJECTS: &[&SqlState] = &[
        &SqlState::DUPLICATE_TABLE,
        &SqlState::DUPLICATE_OBJECT,
        &SqlState::DUPLICATE_SCHEMA,
        &SqlState::DUPLICATE_DATABASE,
        &SqlState::DUPLICATE_COLUMN,
    ];
    let is = |state: &SqlState| state.code() == code;
    if UNDEFINED_OBJECTS.iter().copied().any(is) {
        Some(Status::NotFound)
    } else if DUPLICATE_OBJECTS.iter().copied().any(is) {
        Some(Status::AlreadyExists)
    } else if is(&SqlState::INSUFFICIENT_PRIVILEGE) {
        Some(Status::Unauthorized)
    } else if is(&SqlState::QUERY_CANCELED) {
        Some(Status::Cancelled)
    } else {
        None
    }
}

/// What to do next, where the server's own words do not say it.
fn advice(code: &str) -> Option<&'static str> {
    const ADVICE: &[(&SqlState, &str)] = &[
        (
            &SqlState::IN_FAILED_SQL_TRANSACTION,
            "an earlier statement of this transaction failed: roll back (AdbcConnectionRollback), then run the \
             transaction again",
        ),
        (
            &SqlState::ACTIVE_SQL_TRANSACTION,
            "set adbc.connection.autocommit to true to run this statement, which cannot be part of a transaction",
        ),
        (
            &SqlState::READ_ONLY_SQL_TRANSACTION,
            "the connection is read-only: set adbc.connection.readonly to false to write",
        ),
    ];
    ADVICE.iter().find(|(state, _)| state.code() == code).map(|(_, advice)| *advice)
}

/// Redshift's number for two transactions that cannot both be serializable.
const SERIALIZATION_CONFLICT: i32 = 1023;

/// Whether the same statement, or its transaction, may succeed when it is run again as it is.
fn is_retryable(server: &ServerError) -> bool {
    const CODES: &[&SqlState] = &[
        &SqlState::T_R_SERIALIZATION_FAILURE,
        &SqlState::T_R_DEADLOCK_DETECTED,
        &SqlState::TOO_MANY_CONNECTIONS,
        &SqlState::ADMIN_SHUTDOWN,
        &SqlState::CANNOT_CONNECT_NOW,
    ];
    is_conflict(server)
        || CODES.iter().any(|state| state.code() == server.code)
        || server.message.contains("token has expired")
}

fn is_conflict(server: &ServerError) -> bool {
    vendor_code(server) == SERIALIZATION_CONFLICT
        || server.message.contains("erializable isolation violation")
}

/// Status by SQLSTATE class, the first two characters.
fn status_by_class(code: &str) -> Status {
    match code.get(..2).unwrap_or_default() {
        "08" | "53" | "57" | "58" => Status::IO,
        "0A" => Status::NotImplemented,
        "21" | "22" => Status::InvalidData,
        "23" | "40" => Status::Integrity,
        "25" => Status::InvalidState,
        "28" => Status::Unauthenticated,
        "3D" | "3F" => Status::NotFound,
        "26" | "34" | "42" => Status::InvalidArguments,
        _ => Status::Internal,
    }
}

fn status_of_server(server: &ServerError) -> Status {
    // A statement_timeout and a user's cancel share 57014; only the text tells them apart.
    if server.code == SqlState::QUERY_CANCELED.code() && server.message.contains("timeout") {
        return Status::Timeout;
    }
    if is_conflict(server) {
        return Status::Integrity;
    }
    status_by_code(&server.code).unwrap_or_else(|| status_by_class(&server.code))
}

fn status_of_kind(kind: ErrorKind) -> Status {
    match kind {
        ErrorKind::Authentication => Status::Unauthenticated,
        ErrorKind::Busy | ErrorKind::Forked => Status::InvalidState,
        ErrorKind::Cancelled => Status::Cancelled,
        ErrorKind::Closed | ErrorKind::Io | ErrorKind::Tls => Status::IO,
        ErrorKind::InvalidInput => Status::InvalidArguments,
        ErrorKind::Protocol | ErrorKind::Server => Status::Internal,
        ErrorKind::Timeout => Status::Timeout,
    }
}

/// A session's error as ADBC's, with the server's fields as details.
pub(super) fn from_session(error: &session::Error) -> Error {
    let status = match (error.server(), error.kind()) {
        (Some(server), ErrorKind::Server) => status_of_server(server),
        (_, kind) => status_of_kind(kind),
    };
    let mut adbc = Error::with_message_and_status(error.to_string(), status);
    if let Some(code) = error.sqlstate() {
        adbc.sqlstate = sqlstate(code);
    }
    let mut fields = Vec::new();
    let may_pass = matches!(error.kind(), ErrorKind::Closed | ErrorKind::Io | ErrorKind::Timeout);
    let mut retryable = error.is_unsent() && may_pass;
    if let Some(server) = error.server() {
        adbc.vendor_code = vendor_code(server);
        fields = details(server);
        retryable = is_retryable(server);
        if let Some(advice) = advice(&server.code) {
            adbc.message = format!("{}; {advice}", adbc.message);
        }
    }
    fields.push(retryable_detail(retryable));
    adbc.details = Some(fields);
    adbc
}

fn retryable_detail(retryable: bool) -> (String, Vec<u8>) {
    ("retryable".to_owned(), retryable.to_string().into_bytes())
}

/// A login method's error as ADBC's, with the AWS request id as a detail.
pub(super) fn from_auth(error: &auth::Error) -> Error {
    let status = match error.kind() {
        auth::ErrorKind::Cancelled => Status::Cancelled,
        auth::ErrorKind::Denied => Status::Unauthorized,
        auth::ErrorKind::InvalidConfig | auth::ErrorKind::NotConfigured => Status::InvalidArguments,
        auth::ErrorKind::Rejected => Status::Unauthenticated,
        auth::ErrorKind::TimedOut => Status::Timeout,
        auth::ErrorKind::Unavailable => Status::IO,
    };
    let mut adbc = Error::with_message_and_status(error.to_string(), status);
    let id = error.request_id().map(|id| ("aws_request_id".to_owned(), id.as_bytes().to_vec()));
    adbc.details = Some(id.into_iter().chain([retryable_detail(error.is_retryable())]).collect());
    adbc
}

/// A value that Arrow cannot hold, as ADBC's error.
pub(super) fn from_decode(error: &DecodeError) -> Error {
    let mut adbc = Error::with_message_and_status(error.to_string(), Status::InvalidData);
    adbc.sqlstate = sqlstate(error.sqlstate());
    adbc
}

/// A bound value that cannot be sent, as ADBC's error.
pub(super) fn from_encode(error: &EncodeError) -> Error {
    let status = if error.is_unsupported_type() { Status::NotImplemented } else { Status::InvalidData };
    let mut adbc = Error::with_message_and_status(error.to_string(), status);
    adbc.sqlstate = sqlstate(error.sqlstate());
    adbc
}

/// A call that does not fit the object's state.
pub(super) fn invalid_state(message: impl Into<String>) -> Error {
    Error::with_message_and_status(message, Status::InvalidState)
}

/// A function or value that the driver does not offer.
pub(super) fn not_implemented(message: impl Into<String>) -> Error {
    Error::with_message_and_status(message, Status::NotImplemented)
}

/// Five ASCII characters; anything else counts as no SQLSTATE.
pub(super) fn sqlstate(code: &str) -> [c_char; 5] {
    let mut state = [0; 5];
    if code.len() == state.len() && code.is_ascii() {
        for (slot, byte) in state.iter_mut().zip(code.bytes()) {
            // OK because the byte is ASCII, so it fits either signedness of `c_char`.
            *slot = byte as c_char;
        }
    }
    state
}

/// Compute-node errors carry Redshift's own number as a line `code:      1023` in the detail block.
fn vendor_code(server: &ServerError) -> i32 {
    block_entry(server, "code").and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// An entry of the block that compute nodes put into the detail: `name:  value` on a line of its own.
fn block_entry<'a>(server: &'a ServerError, name: &str) -> Option<&'a str> {
    let lines = server.detail.as_deref().unwrap_or_default().lines();
    let entries = lines.filter_map(|line| line.trim().split_once(':'));
    entries
        .map(|(key, value)| (key, value.trim()))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value)
}

fn details(server: &ServerError) -> Vec<(String, Vec<u8>)> {
    let fields = [
        ("severity", Some(&server.severity)),
        ("sqlstate", Some(&server.code)),
        ("message", Some(&server.message)),
        ("detail", server.detail.as_ref()),
        ("hint", server.hint.as_ref()),
        ("position", server.position.as_ref()),
        ("context", server.context.as_ref()),
        ("file", server.file.as_ref()),
        ("line", server.line.as_ref()),
        ("routine", server.routine.as_ref()),
    ];
    let present = fields.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let mut details: Vec<_> =
        present.map(|(key, value)| (key.to_owned(), value.clone().into_bytes())).collect();
    if let Some(id) = block_entry(server, "query") {
        details.push(("query".to_owned(), id.as_bytes().to_vec()));
    }
    // ADBC 1.1 marks its error layout in `vendor_code`, so the number itself travels here.
    if let code @ 1.. = vendor_code(server) {
        details.push(("vendor_code".to_owned(), code.to_string().into_bytes()));
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: &str, message: &str) -> ServerError {
        ServerError { code: code.into(), message: message.into(), ..ServerError::default() }
    }

    #[test]
    fn a_status_follows_from_the_sqlstate() {
        for (code, status) in [
            ("42P01", Status::NotFound),
            ("3D000", Status::NotFound),
            ("42P07", Status::AlreadyExists),
            ("42501", Status::Unauthorized),
            ("42601", Status::InvalidArguments),
            ("0A000", Status::NotImplemented),
            ("22012", Status::InvalidData),
            ("23502", Status::Integrity),
            ("40001", Status::Integrity),
            ("25P02", Status::InvalidState),
            ("28000", Status::Unauthenticated),
            ("53300", Status::IO),
            ("57014", Status::Cancelled),
            ("57P01", Status::IO),
            ("XX000", Status::Internal),
            ("", Status::Internal),
        ] {
            assert_eq!(status_of_server(&server(code, "")), status, "{code}");
        }
    }

    #[test]
    fn a_statement_timeout_is_a_timeout_not_a_cancel() {
        let timeout = server("57014", "canceling statement due to statement timeout");
        assert_eq!(status_of_server(&timeout), Status::Timeout);
    }

    #[test]
    fn the_vendor_code_is_read_from_a_compute_node_block() {
        let mut error = server("XX000", "1023");
        error.detail = Some("\n  -----------\n  error:  1023\n  code:      1023\n  query:     7\n".into());
        assert_eq!(vendor_code(&error), 1023);
        assert_eq!(vendor_code(&server("XX000", "code: 5")), 0);
    }

    fn detail(error: &Error, key: &str) -> Option<String> {
        let found = error.details.iter().flatten().find(|(name, _)| name == key);
        found.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
    }

    #[test]
    fn a_serialization_conflict_is_an_integrity_error_that_may_be_retried() {
        let mut conflict = server("XX000", "1023");
        conflict.detail = Some(
            "Serializable isolation violation on table - 114, transactions forming the cycle are: 1, 2\n  code:      1023\n  query:     4711\n"
                .into(),
        );
        assert_eq!(status_of_server(&conflict), Status::Integrity);
        assert!(is_retryable(&conflict));
        let fields = details(&conflict);
        assert!(fields.contains(&("query".to_owned(), b"4711".to_vec())), "{fields:?}");
        for code in ["40001", "53300", "57P01", "57P03"] {
            assert!(is_retryable(&server(code, "")), "{code}");
        }
        for code in ["42601", "23502", "57014", "XX000"] {
            assert!(!is_retryable(&server(code, "")), "{code}");
        }
    }

    #[test]
    fn aws_errors_carry_their_request_id_and_whether_to_try_again() {
        for (kind, retryable) in [
            (auth::ErrorKind::Denied, "false"),
            (auth::ErrorKind::TimedOut, "true"),
            (auth::ErrorKind::Unavailable, "true"),
        ] {
            let error = from_auth(&auth::Error::new(kind, "x"));
            assert_eq!(detail(&error, "retryable").as_deref(), Some(retryable), "{kind:?}");
            assert_eq!(detail(&error, "aws_request_id"), None);
        }
    }

    #[test]
    fn only_the_fields_that_the_server_sent_become_details() {
        let mut error = server("42601", "syntax error");
        error.position = Some("8".into());
        let keys: Vec<_> = details(&error).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["severity", "sqlstate", "message", "position"]);
    }
}

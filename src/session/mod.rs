//! A live Redshift (or PostgreSQL) connection: sockets, TLS, startup, authentication messages, queries, the row
//! stream and cancellation. Knows no ADBC, no Arrow and no AWS.
//!
//! A [`Session`] is a mutex over one state machine (idle, streaming, draining, broken). It has at most one open
//! result on the wire; a [`RowStream`] holds an `Arc` of the session, so a result outlives the objects that asked
//! for it. All functions are async and take no runtime of their own; they must run inside a tokio context.

mod authentication;
mod buffer;
mod cancel;
mod config;
mod connection;
mod digest;
mod error;
mod group;
mod idle;
mod inbox;
mod limits;
mod message;
mod pipeline;
mod query;
mod request;
mod result;
mod rows;
mod shared;
mod simple;
mod socket;
mod startup;
mod tls;
mod transport;
mod wire;

use std::sync::Arc;
use std::time::Instant;

pub(crate) use config::{Keepalive, Login, SessionConfig, TlsConfig, TlsMode, TlsVersion};
pub(crate) use connection::Session;
pub(crate) use error::{Error, ErrorKind, ServerError};
pub(crate) use message::{Column, ExtendedColumn, Format};
pub(crate) use pipeline::Pipeline;
pub(crate) use query::{Prepared, StatementName};
pub(crate) use request::MAX_PARAMETERS;
pub(crate) use rows::{Fetch, FetchError, RowStream};

/// Ends one operation from any thread. Made per operation by the caller; cancelling it after the operation ended
/// does nothing.
pub(crate) type CancelToken = tokio_util::sync::CancellationToken;

/// What governs one operation: cancel, deadline, transaction start.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Cancels the operation and the row stream that comes of it.
    pub(crate) cancel: CancelToken,
    /// Fails the operation (not a stream already returned) when passed.
    pub(crate) deadline: Option<Instant>,
    /// Send BEGIN ahead, in the same round trip, if no transaction is open (autocommit off).
    pub(crate) begin: bool,
    /// How many bytes of another statement's open result may be moved out of the way.
    pub(crate) buffer_bytes: usize,
    /// The query group to run in; `None` for the session's own.
    pub(crate) query_group: Option<Arc<str>>,
}

/// The state that ReadyForQuery reported last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransactionStatus {
    /// No transaction.
    Idle,
    /// In a transaction block.
    Open,
    /// In a transaction block that failed; only ROLLBACK is accepted.
    Failed,
}

/// How result formats are chosen.
pub(crate) enum ResultFormats<'a> {
    /// Text for all columns: one round trip.
    Text,
    /// Chosen per described column: two round trips when unprepared.
    PerColumn(&'a (dyn Fn(&Column) -> Format + Send + Sync)),
}

/// The parameters of one execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters<'a> {
    /// How many there are.
    pub(crate) count: usize,
    /// Their formats; when fewer than `count`, they repeat.
    pub(crate) formats: &'a [Format],
    /// Their values, as Bind has them: for each its length as a big-endian `i32`, or -1 for NULL, and its bytes.
    pub(crate) cells: &'a [u8],
}

impl Parameters<'_> {
    /// No parameters.
    pub(crate) const NONE: Parameters<'static> = Parameters { count: 0, formats: &[], cells: &[] };
}

/// What Describe says of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    /// Parameter type OIDs.
    pub(crate) parameters: Vec<u32>,
    /// Result columns; `None` for a statement without a result. Their `format` is meaningless here.
    pub(crate) columns: Option<Vec<Column>>,
}

#[cfg(test)]
mod tests;

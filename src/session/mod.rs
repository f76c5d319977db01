//! A live Redshift (or PostgreSQL) connection: sockets, TLS, startup, authentication messages, queries, the row
//! stream and cancellation. Knows no ADBC, no Arrow and no AWS.
//!
//! A [`Session`] is a mutex over one state machine (idle, streaming, draining, broken). It has at most one open
//! result on the wire; a [`RowStream`] holds an `Arc` of the session, so a result outlives the objects that asked
//! for it. All functions are async and take no runtime of their own; they must run inside a tokio context.

mod config;
mod error;
mod message;

pub(crate) use config::{Keepalive, Login, SessionConfig, TlsConfig, TlsMode, TlsVersion};
pub(crate) use error::{Error, ErrorKind, ServerError};
pub(crate) use message::{Column, CommandTag, ExtendedColumn, Format};

/// Ends one operation from any thread. Made per operation by the caller; cancelling it after the operation ended
/// does nothing.
pub(crate) type CancelToken = tokio_util::sync::CancellationToken;

// The contract towards `adbc` (to be implemented in files of this folder):

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

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

/// A live connection.
#[derive(Debug)]
pub(crate) struct Session {}

/// A statement prepared under a name on the server. Dropping it closes it with the session's next message.
#[derive(Debug)]
pub(crate) struct Prepared {}

/// What Describe says of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    /// Parameter type OIDs.
    pub(crate) parameters: Vec<u32>,
    /// Result columns; `None` for a statement without a result. Their `format` is meaningless here.
    pub(crate) columns: Option<Vec<Column>>,
}

/// An open or finished result. Dropping it unread never blocks and never harms a transaction (design section 3).
#[derive(Debug)]
pub(crate) struct RowStream {}

/// Where `RowStream::read_rows` stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetch {
    /// The callback asked to stop; more rows may follow.
    Paused,
    /// All rows were delivered; `RowStream::command_tag` is known.
    Finished,
}

/// Why `RowStream::read_rows` failed.
#[derive(Debug)]
pub(crate) enum FetchError<E> {
    /// The session or the server failed.
    Session(Error),
    /// The callback failed on a row. The stream may be dropped as usual.
    Row(E),
}

#[allow(unused_variables)]
impl Session {
    /// Connects, negotiates TLS and the protocol version, logs in, and waits for ReadyForQuery.
    pub(crate) async fn connect(
        config: &SessionConfig,
        login: &Login,
        cancel: &CancelToken,
    ) -> Result<Arc<Self>, Error> {
        todo!()
    }

    /// Protocol version the server granted (0 for PostgreSQL).
    pub(crate) fn protocol_version(&self) -> u8 {
        todo!()
    }

    /// A ParameterStatus value, by its name in any case.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        todo!()
    }

    /// Takes no lock held across I/O.
    pub(crate) fn transaction_status(&self) -> TransactionStatus {
        todo!()
    }

    /// The session cannot be used any more.
    pub(crate) fn is_closed(&self) -> bool {
        todo!()
    }

    /// Runs one statement unprepared. Without result columns it is complete on return; with columns it returns
    /// once the first row, the end, or an error arrived.
    pub(crate) async fn query(
        self: &Arc<Self>,
        sql: &str,
        formats: ResultFormats<'_>,
        operation: &Operation,
    ) -> Result<RowStream, Error> {
        todo!()
    }

    /// Parses and describes without keeping the statement.
    pub(crate) async fn describe(
        self: &Arc<Self>,
        sql: &str,
        operation: &Operation,
    ) -> Result<Description, Error> {
        todo!()
    }

    /// Parses and describes under a name of its own.
    pub(crate) async fn prepare(
        self: &Arc<Self>,
        sql: &str,
        operation: &Operation,
    ) -> Result<Prepared, Error> {
        todo!()
    }

    /// Runs a prepared statement without parameters: one round trip.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        prepared: &Prepared,
        formats: ResultFormats<'_>,
        operation: &Operation,
    ) -> Result<RowStream, Error> {
        todo!()
    }

    /// Runs a statement without rows by the simple protocol (COMMIT, ROLLBACK, SET).
    pub(crate) async fn command(
        self: &Arc<Self>,
        sql: &str,
        operation: &Operation,
    ) -> Result<CommandTag, Error> {
        todo!()
    }

    /// Runs one statement by the simple protocol and keeps its rows: for the driver's own small metadata queries.
    pub(crate) async fn rows(
        self: &Arc<Self>,
        sql: &str,
        operation: &Operation,
    ) -> Result<Vec<Vec<Option<String>>>, Error> {
        todo!()
    }

    /// Sends Terminate and closes, within a short deadline. A no-op when broken, closed or forked.
    pub(crate) async fn close(&self) {
        todo!()
    }
}

#[allow(unused_variables)]
impl Prepared {
    /// Parameters and columns as described.
    pub(crate) fn description(&self) -> &Description {
        todo!()
    }
}

#[allow(unused_variables)]
impl RowStream {
    /// Columns of the result; `None` for a statement without one.
    pub(crate) fn columns(&self) -> Option<&[Column]> {
        todo!()
    }

    /// The command tag, once finished.
    pub(crate) fn command_tag(&self) -> Option<&CommandTag> {
        todo!()
    }

    /// Hands each DataRow body (field count, then length and bytes per field) to `on_row`, in place in the read
    /// buffer, until it breaks, the result ends, the cancel token fires or an error arrives.
    pub(crate) async fn read_rows<E>(
        &mut self,
        on_row: impl FnMut(&[u8]) -> Result<ControlFlow<()>, E>,
    ) -> Result<Fetch, FetchError<E>> {
        todo!()
    }
}

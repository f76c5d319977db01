//! Runs the driver's own queries and hands their rows on as they arrive.
//!
//! Invariant: one query at a time is on its way, and no row is kept.

use std::ops::ControlFlow;
use std::sync::Arc;

use adbc_core::error::{Error, Result, Status};

use super::queries::Server;
use crate::adbc::connection::Connection;
use crate::adbc::error::{from_decode, from_session};
use crate::adbc::running::RunningOperation;
use crate::adbc::runtime;
use crate::session::{FetchError, Operation, ResultFormats, Session};
use crate::types::text_cells;

/// The queries of one metadata call.
#[derive(Debug)]
pub(super) struct Queries {
    session: Arc<Session>,
    operation: Operation,
    #[expect(dead_code, reason = "registered for cancel as long as the call runs")]
    running: RunningOperation,
}

impl Queries {
    pub(super) fn start(connection: &Connection) -> Result<Self> {
        let session = connection.session()?;
        let running = RunningOperation::start(&[connection.running()]);
        let operation = connection.metadata_operation(&running)?;
        Ok(Self { session, operation, running })
    }

    /// Only Redshift reports `padb_version`.
    pub(super) fn server(&self) -> Server {
        match self.session.parameter("padb_version") {
            Some(_) => Server::Redshift,
            None => Server::PostgreSql,
        }
    }

    /// Runs a statement without rows.
    pub(super) fn command(&self, sql: &str) -> Result<()> {
        let done = runtime::block_on(self.session.command(sql, &self.operation))?;
        done.map(drop).map_err(|error| from_session(&error))
    }

    /// Runs a query of N columns in one round trip and hands over its rows.
    ///
    /// # Errors
    ///
    /// The server's, and that of `on_row`; the rest of the rows is dropped then.
    pub(super) fn each<const N: usize>(
        &self,
        sql: &str,
        mut on_row: impl FnMut([Option<&str>; N]) -> Result<()>,
    ) -> Result<()> {
        let mut number = 0;
        let take = |body: &[u8]| -> Result<ControlFlow<()>> {
            number += 1;
            on_row(text_cells(body, number).map_err(|error| from_decode(&error))?)?;
            Ok(ControlFlow::Continue(()))
        };
        let run = async {
            let mut rows = self
                .session
                .query(sql, ResultFormats::Text, &self.operation)
                .await
                .map_err(|error| from_session(&error))?;
            rows.read_rows(take).await.map(drop).map_err(|error| match error {
                FetchError::Row(error) => error,
                FetchError::Session(error) => from_session(&error),
            })
        };
        runtime::block_on(run)?
    }
}

/// A cell that cannot be NULL.
///
/// # Errors
///
/// `Internal`: the server sent what its documentation rules out.
pub(super) fn required<'a>(cell: Option<&'a str>, what: &str) -> Result<&'a str> {
    cell.ok_or_else(|| {
        let message = format!("the server's catalog has an object without {what}");
        Error::with_message_and_status(message, Status::Internal)
    })
}

//! Runs the driver's own queries and hands their rows on as they arrive.
//!
//! Invariant: one query at a time is on its way, and no row is kept.

use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::Arc;

use adbc_core::error::{Error, Result, Status};

use super::info::dialect;
use crate::adbc::connection::Connection;
use crate::adbc::error::{from_decode, from_session};
use crate::adbc::running::RunningOperation;
use crate::adbc::runtime;
use crate::data_rows::DataRows;
use crate::session::{Column, FetchError, Operation, ResultFormats, Session};
use crate::types::{Dialect, text_cells};

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

    pub(super) fn server(&self) -> Dialect {
        dialect(&self.session)
    }

    /// Whether SHOW lists catalogs: at this level with all its commands, as the official drivers want it.
    pub(super) fn shows_catalogs(&self) -> bool {
        const LEVEL: u32 = 4;
        let level = self.session.parameter("show_discovery").and_then(|level| level.parse::<u32>().ok());
        level.is_some_and(|level| level >= LEVEL)
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
        on_row: impl FnMut([Option<&str>; N]) -> Result<()>,
    ) -> Result<()> {
        self.run(sql, |_| Ok((N, std::array::from_fn(|at| at))), on_row)
    }

    /// As [`Self::each`], of a command to whose columns the server adds others over time.
    ///
    /// # Errors
    ///
    /// As [`Self::each`], and `Internal` when a column is missing.
    pub(super) fn each_named<const N: usize>(
        &self,
        sql: &str,
        names: [&str; N],
        on_row: impl FnMut([Option<&str>; N]) -> Result<()>,
    ) -> Result<()> {
        let find = |columns: &[Column]| {
            let mut positions = [0; N];
            for (position, name) in positions.iter_mut().zip(names) {
                *position = columns.iter().position(|column| column.name == name).ok_or_else(|| {
                    let message = format!("the server's answer to {sql} has no column '{name}'");
                    Error::with_message_and_status(message, Status::Internal)
                })?;
            }
            Ok((columns.len(), positions))
        };
        self.run(sql, find, on_row)
    }

    /// `layout` tells how many columns come and where the wanted ones are.
    fn run<const N: usize>(
        &self,
        sql: &str,
        layout: impl FnOnce(&[Column]) -> Result<(usize, [usize; N])>,
        mut on_row: impl FnMut([Option<&str>; N]) -> Result<()>,
    ) -> Result<()> {
        let run = async {
            let started = self.session.query(sql, ResultFormats::Text, &self.operation).await;
            let mut rows = started.map_err(|error| from_session(&error))?;
            let (width, positions) = layout(rows.columns().unwrap_or_default())?;
            let mut number = 0;
            let take = |rows: &mut DataRows<'_>| -> Result<ControlFlow<()>> {
                for body in rows {
                    number += 1;
                    let cells = text_cells(body.get(), width, positions, number);
                    on_row(cells.map_err(|error| from_decode(&error))?)?;
                }
                Ok(ControlFlow::Continue(()))
            };
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

/// A number, unless the cell is NULL or holds none.
pub(super) fn number<T: FromStr>(cell: Option<&str>) -> Option<T> {
    cell?.parse().ok()
}

/// `YES` and `true`, `NO` and `false`; anything else is not known.
pub(super) fn truth(cell: Option<&str>) -> Option<bool> {
    let cell = cell?;
    let is = |word: &str| cell.eq_ignore_ascii_case(word);
    match () {
        () if is("yes") || is("true") => Some(true),
        () if is("no") || is("false") => Some(false),
        () => None,
    }
}

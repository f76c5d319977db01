//! [`RowStream`]: the reader's end of a result. Rows come from its inbox, if another statement moved some aside, and then
//! from the wire, in place.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use super::CancelToken;
use super::connection::Session;
use super::error::{Error, ErrorKind};
use super::inbox::{Chunk, Inbox};
use super::limits::Limits;
use super::message::{Column, CommandTag};
use super::result::Pump;
use crate::data_rows::DataRows;

/// An open or finished result. Dropping it unread never blocks and never harms a transaction: the rest is thrown away in
/// the background, by a cancel outside a transaction block and by closing the portal inside one.
#[derive(Debug)]
pub(crate) struct RowStream {
    session: Arc<Session>,
    columns: Option<Vec<Column>>,
    inbox: Arc<Inbox>,
    /// Rows taken from the inbox and not yet delivered.
    chunk: Option<Chunk>,
    /// How it ended; kept, so that reading on repeats it.
    end: Option<Result<CommandTag, Error>>,
    cancel: CancelToken,
    /// When waiting for the server ends.
    deadline: Option<Instant>,
}

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

impl RowStream {
    pub(super) fn new(
        session: Arc<Session>,
        columns: Option<Vec<Column>>,
        inbox: Arc<Inbox>,
        tag: Option<CommandTag>,
        cancel: CancelToken,
    ) -> Self {
        Self { session, columns, inbox, chunk: None, end: tag.map(Ok), cancel, deadline: None }
    }

    /// From this moment on, nobody waits for the server any more: what is not there then fails the result.
    pub(crate) fn expire_at(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Columns of the result; `None` for a statement without one.
    pub(crate) fn columns(&self) -> Option<&[Column]> {
        self.columns.as_deref()
    }

    /// The command tag, once finished.
    pub(crate) fn command_tag(&self) -> Option<&CommandTag> {
        self.end.as_ref().and_then(|end| end.as_ref().ok())
    }

    /// Hands rows to `take`, in place in the read buffer and at least one at a time, until it breaks, the result ends, the
    /// cancel token fires or an error arrives. `take` takes at least one, or breaks.
    pub(crate) async fn read_rows<E>(
        &mut self,
        mut take: impl FnMut(&mut DataRows<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<Fetch, FetchError<E>> {
        self.session.shared.check_process().map_err(FetchError::Session)?;
        loop {
            if let Some(end) = &self.end {
                return end
                    .as_ref()
                    .map(|_| Fetch::Finished)
                    .map_err(|error| FetchError::Session(error.clone()));
            }
            if !self.cancel.is_cancelled() && self.read_inbox(&mut take).map_err(FetchError::Row)? {
                return Ok(Fetch::Paused);
            }
            if self.end.is_none() && self.read_wire(&mut take).await.map_err(FetchError::Row)? {
                return Ok(Fetch::Paused);
            }
        }
    }

    /// Delivers what was moved aside; true when the callback paused. Needs no lock on the wire, where another statement
    /// may be running for long.
    fn read_inbox<E>(
        &mut self,
        take: &mut impl FnMut(&mut DataRows<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<bool, E> {
        loop {
            if let Some(chunk) = &mut self.chunk {
                let mut rows = chunk.rows();
                while !rows.is_empty() {
                    if take(&mut rows)?.is_break() {
                        let left = rows.left();
                        chunk.read_all_but(left);
                        return Ok(true);
                    }
                }
                self.inbox.release(chunk);
            }
            self.chunk = self.inbox.take_chunk();
            if self.chunk.is_none() {
                self.take_end();
                return Ok(false);
            }
        }
    }

    /// The end counts once no rows are left before it.
    fn take_end(&mut self) {
        let mut content = self.inbox.content();
        if content.rows.is_empty() {
            self.end = content.end.take();
        }
    }

    /// Reads on from the wire; true when the callback paused.
    async fn read_wire<E>(
        &mut self,
        take: &mut impl FnMut(&mut DataRows<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<bool, E> {
        let session = Arc::clone(&self.session);
        let cancel = self.cancel.clone();
        let limits = Limits { cancel: Some(&cancel), deadline: self.deadline };
        let mut wire = match session.lock(limits).await {
            Ok(wire) => wire,
            Err(error) => return Ok(self.give_up(error)),
        };
        if !wire.open.as_ref().is_some_and(|open| Arc::ptr_eq(&open.inbox, &self.inbox)) {
            return Ok(self.moved_aside());
        }
        loop {
            let inbox_is_empty = self.inbox.content().rows.is_empty();
            let error = match cancel.is_cancelled() {
                true => Error::new(ErrorKind::Cancelled, "cancelled by the caller"),
                false if !inbox_is_empty => return Ok(false),
                false => match wire.pump(&mut *take)? {
                    Ok(Pump::Stopped) => return Ok(true),
                    Ok(Pump::Ended(outcome)) => {
                        self.end = Some(outcome);
                        return Ok(false);
                    }
                    Ok(Pump::Starved) => match wire.fill_open(limits).await {
                        Ok(()) => continue,
                        Err(error) => error,
                    },
                    Err(error) => error,
                },
            };
            let error = session.leave(&mut wire, error).await;
            return Ok(self.fail(error));
        }
    }

    /// The result is no longer on the wire: its end is in the inbox, or it was lost with the session.
    fn moved_aside(&mut self) -> bool {
        if self.cancel.is_cancelled() {
            return self.fail(Error::new(ErrorKind::Cancelled, "cancelled by the caller"));
        }
        if self.inbox.content().end.is_none() && self.end.is_none() {
            return self.fail(Error::new(ErrorKind::Closed, "the result is gone; run the statement again"));
        }
        false
    }

    /// Fails without having held the wire: what comes on it is thrown away later.
    fn give_up(&mut self, error: Error) -> bool {
        if !self.session.is_closed() {
            self.inbox.abandon();
            self.session.dispose_later();
        }
        self.fail(error)
    }

    fn fail(&mut self, error: Error) -> bool {
        self.end = Some(Err(error));
        false
    }
}

impl Drop for RowStream {
    fn drop(&mut self) {
        // First: after a fork, locks may be held by threads that do not exist here.
        if self.session.is_closed() || self.end.is_some() || self.inbox.content().end.is_some() {
            return;
        }
        self.inbox.abandon();
        self.session.dispose_later();
    }
}

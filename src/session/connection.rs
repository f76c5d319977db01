//! [`Session`]: the lock around the wire, and the rules for taking and leaving it.
//!
//! Every operation goes through three steps: [`Session::enter`] waits for the lock and brings the wire to rest (an open
//! result is moved aside or thrown away, a CancelRequest under way is awaited); the operation runs; and
//! [`Session::leave`] turns a failure into a wire at rest again or a broken session. An operation dropped in between
//! breaks the session, so that it is never out of step unnoticed.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::cancel::Canceller;
use super::config::{Login, SessionConfig};
use super::error::{Error, ErrorKind, ServerError};
use super::group;
use super::limits::Limits;
use super::result::Pump;
use super::shared::Shared;
use super::startup::{self, Progress};
use super::transport;
use super::wire::{Leaving, Wire};
use super::{CancelToken, Operation, TransactionStatus};

/// How long the server may take to end a cancelled statement, once another one waits for it, before the session is
/// given up.
const GRACE: Duration = Duration::from_secs(5);

/// The same for a statement that failed: the server may be undoing what it did.
const UNDO_GRACE: Duration = Duration::from_secs(60);

/// How long a cancelled statement may go on before it is cancelled again: a request that reaches the server before it has
/// begun the statement does nothing.
const CANCEL_AGAIN: Duration = Duration::from_secs(1);

/// How long a goodbye may take.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A live connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) wire: Mutex<Wire>,
    canceller: Option<Canceller>,
    protocol: u8,
    /// Where work goes that a `Drop` leaves behind.
    pub(super) runtime: Handle,
}

/// The lock on the wire.
pub(super) struct Lease<'a>(MutexGuard<'a, Wire>);

impl Deref for Lease<'_> {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.0
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut Wire {
        &mut self.0
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.0.shared.touch();
        // An open result carries its own state, as does a statement that is left; else answers are owed that nobody can
        // interpret any more.
        if self.0.owed() > 0 && self.0.open.is_none() && self.0.leaving.is_none() {
            self.0.shared.close("an operation was abandoned half way");
        }
    }
}

impl Session {
    /// Connects, negotiates TLS and the protocol version, logs in, and waits for ReadyForQuery.
    ///
    /// A password in clear text (authentication 3) is sent over TLS, or without TLS if `tls.mode` is `disable`: turning
    /// TLS off is consent to that.
    pub(crate) async fn connect(
        config: &SessionConfig,
        login: &Login,
        cancel: &CancelToken,
    ) -> Result<Arc<Self>, Error> {
        let progress = Progress::new();
        let target = transport::target(config);
        let deadline = Instant::now() + config.connect_timeout;
        let limits = Limits { cancel: Some(cancel), deadline: Some(deadline) };
        let outcome = limits.run(startup::establish(config, login, limits, &progress)).await;
        let established = outcome.and_then(|outcome| outcome).map_err(|error| {
            let text = match error.kind() {
                ErrorKind::Cancelled => format!("connecting to {target} was cancelled"),
                ErrorKind::Timeout => format!(
                    "connecting to {target} took longer than {} s; it stopped at {}",
                    config.connect_timeout.as_secs_f32(),
                    progress.describe()
                ),
                _ => return error.while_connecting(&target),
            };
            Error::new(error.kind(), text).while_connecting(&target)
        })?;
        Ok(Arc::new(Self {
            shared: Arc::clone(&established.wire.shared),
            wire: Mutex::new(established.wire),
            canceller: established.canceller,
            protocol: established.protocol,
            runtime: Handle::current(),
        }))
    }

    /// Protocol version the server granted (0 for PostgreSQL).
    pub(crate) fn protocol_version(&self) -> u8 {
        self.protocol
    }

    /// A ParameterStatus value, by its name in any case.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.shared.parameter(name)
    }

    /// The last notices of the server, oldest first.
    #[cfg_attr(not(test), expect(dead_code, reason = "ADBC has no call that returns notices"))]
    pub(crate) fn notices(&self) -> Vec<ServerError> {
        self.shared.notices()
    }

    /// Takes no lock held across I/O.
    pub(crate) fn transaction_status(&self) -> TransactionStatus {
        self.shared.transaction_status()
    }

    /// How many operations were started: two equal answers mean that none came between.
    pub(crate) fn operations(&self) -> u64 {
        self.shared.operations()
    }

    /// The session cannot be used any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Sends Terminate and closes, within a short deadline. A no-op when broken, closed or forked.
    pub(crate) async fn close(&self) {
        if self.shared.check_usable().is_err() {
            return;
        }
        let goodbye = async {
            let mut wire = self.wire.lock().await;
            self.shared.close("closed by the caller");
            // A failed goodbye changes nothing: the socket is closed either way.
            let _ = wire.terminate().await;
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
        tracing::debug!("connection closed");
        self.shared.close("closed by the caller");
    }

    /// The lock, whatever the state of the wire.
    pub(super) async fn lock(&self, limits: Limits<'_>) -> Result<Lease<'_>, Error> {
        self.shared.check_usable()?;
        let wire = Lease(limits.run(self.wire.lock()).await?);
        self.shared.check_usable()?;
        Ok(wire)
    }

    /// The lock on a wire at rest.
    pub(super) async fn enter(&self, operation: &Operation) -> Result<Lease<'_>, Error> {
        let limits = Limits::of(operation);
        let mut wire = self.lock(limits).await?;
        let settled = self.settle(&mut wire, operation.buffer_bytes, limits).await;
        settled.inspect_err(|error| self.close_if_fatal(error))?;
        group::change(&mut wire, &self.shared, operation)?;
        self.shared.count_operation();
        Ok(wire)
    }

    async fn settle(&self, wire: &mut Wire, buffer_bytes: usize, limits: Limits<'_>) -> Result<(), Error> {
        if let Some(leaving) = &wire.leaving {
            let stopped = leaving.stopped;
            let grace = Instant::now() + if stopped { GRACE } else { UNDO_GRACE };
            let left = match stopped {
                true => self.leave_stopped(wire, limits, grace).await,
                false => finish_leaving(wire, limits.at_most_until(grace)).await,
            };
            left.map_err(|error| self.give_up_if_late(grace, error))?;
        }
        match &wire.open {
            Some(open) if open.inbox.is_abandoned() => self.dispose(wire, limits).await?,
            Some(_) => wire.park_open(buffer_bytes, limits).await?,
            None => {}
        }
        await_cancel(wire, limits).await?;
        wire.check_idle()
    }

    /// [`finish_leaving`] for a cancelled statement: cancels it again while it goes on.
    async fn leave_stopped(&self, wire: &mut Wire, limits: Limits<'_>, grace: Instant) -> Result<(), Error> {
        loop {
            let until = grace.min(Instant::now() + CANCEL_AGAIN);
            let left = finish_leaving(wire, limits.at_most_until(until)).await;
            let Err(late) = &left else { return left };
            if late.kind() != ErrorKind::Timeout || until == grace || limits.check().is_err() {
                return left;
            }
            if wire.cancelling.as_ref().is_some_and(JoinHandle::is_finished) {
                await_cancel(wire, limits).await?;
            }
            self.start_cancel(wire);
        }
    }

    /// Ends the open result of a reader that is gone. May be dropped and repeated.
    async fn dispose(&self, wire: &mut Wire, limits: Limits<'_>) -> Result<(), Error> {
        if wire.close_open_portal()? {
            let _ = wire.discard_open(limits).await?;
            return Ok(());
        }
        // Small results are often here already; a cancel would cost more than it saves.
        if let Pump::Ended(_) = wire.pump_away()? {
            return Ok(());
        }
        self.start_cancel(wire);
        let grace = Instant::now() + GRACE;
        let limits = limits.at_most_until(grace);
        let discarded = wire.discard_open(limits).await;
        let outcome = discarded.map_err(|error| self.give_up_if_late(grace, error))?;
        wire.stray_cancel = !outcome.is_err_and(|error| error.is_query_canceled());
        await_cancel(wire, limits).await
    }

    /// Called by a reader's `Drop`: never blocks, and leaves the work to the runtime.
    pub(super) fn dispose_later(self: &Arc<Self>) {
        let session = Arc::clone(self);
        self.runtime.spawn(async move {
            let Ok(mut wire) = session.lock(Limits::default()).await else { return };
            if wire.open.as_ref().is_some_and(|open| open.inbox.is_abandoned()) {
                let disposed = session.dispose(&mut wire, Limits::default()).await;
                let _ = disposed.inspect_err(|error| session.close_if_fatal(error));
            }
        });
    }

    /// What to say of a wire that did not come to rest.
    fn give_up_if_late(&self, grace: Instant, error: Error) -> Error {
        if Instant::now() < grace {
            return error;
        }
        self.shared.close("the server did not end a failed or cancelled statement in time");
        self.shared.check_usable().err().unwrap_or(error)
    }

    /// After a failed operation: brings the wire to rest, leaves that to the next one, or marks the session broken.
    pub(super) async fn leave(&self, wire: &mut Wire, error: Error) -> Error {
        self.close_if_fatal(&error);
        if wire.owed() == 0 || self.is_closed() {
            return error;
        }
        let stopped = matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Timeout);
        if stopped {
            self.start_cancel(wire);
        }
        wire.leaving = Some(Leaving { stopped, saw_cancel: false });
        match finish_leaving(wire, Limits::default().patient()).await {
            Err(late) if late.kind() == ErrorKind::Timeout => {}
            Err(broken) => self.shared.close(broken.to_string()),
            Ok(()) => {}
        }
        error
    }

    /// [`Session::leave`] for a statement of which nothing was delivered; `None` means: run it once more. An earlier
    /// CancelRequest of ours may have come too late for its victim and hit this statement instead.
    pub(super) async fn conclude<T>(
        &self,
        wire: &mut Wire,
        outcome: Result<T, Error>,
        retried: &mut bool,
    ) -> Option<Result<T, Error>> {
        let error = match outcome {
            Ok(value) => return Some(Ok(value)),
            Err(error) => self.leave(wire, error).await,
        };
        let hit_by_stray = wire.stray_cancel
            && wire.leaving.is_none()
            && error.kind() == ErrorKind::Server
            && error.is_query_canceled();
        if hit_by_stray && !*retried && self.transaction_status() == TransactionStatus::Idle {
            wire.stray_cancel = false;
            *retried = true;
            tracing::debug!("an earlier cancel hit this statement; running it again");
            return None;
        }
        Some(Err(error))
    }

    fn start_cancel(&self, wire: &mut Wire) {
        if let (None, Some(canceller)) = (&wire.cancelling, &self.canceller) {
            wire.cancelling = Some(self.runtime.spawn(canceller.clone().send()));
        }
    }

    fn close_if_fatal(&self, error: &Error) {
        if matches!(error.kind(), ErrorKind::Closed | ErrorKind::Io | ErrorKind::Protocol) {
            self.shared.close(error.to_string());
        }
    }
}

/// Waits until the CancelRequest under way can hit nothing any more.
async fn await_cancel(wire: &mut Wire, limits: Limits<'_>) -> Result<(), Error> {
    let Some(cancelling) = &mut wire.cancelling else { return Ok(()) };
    let settled = limits.run(cancelling).await?;
    wire.cancelling = None;
    match settled {
        Ok(true) => Ok(()),
        _ => Err(Error::new(
            ErrorKind::Closed,
            "a CancelRequest was sent and the server did not confirm it, so that it could hit a later statement; connect anew",
        )),
    }
}

/// Brings a wire to rest whose statement failed. May be dropped and repeated.
async fn finish_leaving(wire: &mut Wire, limits: Limits<'_>) -> Result<(), Error> {
    drain(wire, limits).await?;
    if let Some(Leaving { stopped: true, saw_cancel }) = wire.leaving.take() {
        wire.stray_cancel = !saw_cancel;
    }
    await_cancel(wire, limits).await
}

/// Reads until no ReadyForQuery is owed.
async fn drain(wire: &mut Wire, limits: Limits<'_>) -> Result<(), Error> {
    if wire.open.is_some() {
        let _ = wire.close_open_portal()?;
        let outcome = wire.discard_open(limits).await?;
        note_cancel(wire, outcome.is_err_and(|error| error.is_query_canceled()));
        return Ok(());
    }
    while wire.owed() > 0 {
        let frame = wire.message(limits).await?;
        if frame.tag == b'E' {
            let error = wire.server_error(&frame);
            if error.kind() == ErrorKind::Closed {
                return Err(error);
            }
            note_cancel(wire, error.is_query_canceled());
        }
        if frame.tag == b'G' {
            wire.refuse_copy(true)?;
        }
    }
    Ok(())
}

fn note_cancel(wire: &mut Wire, seen: bool) {
    if let Some(leaving) = &mut wire.leaving {
        leaving.saw_cancel |= seen;
    }
}

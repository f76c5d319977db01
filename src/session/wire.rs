//! The connection as a state machine without a caller: transport, read buffer, bytes to write, and how many
//! ReadyForQuery the server still owes.
//!
//! The invariant: every request ends in a message that a ReadyForQuery answers, so that whatever happened, reading until
//! none is owed brings the connection back in step. Reading also writes what waits to be written: requests and answers
//! of any size never block each other. No state lives in a future, so dropping one between two messages loses nothing.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::task::JoinHandle;

use super::buffer::{Frame, ReadBuffer};
use super::error::{Error, ErrorKind};
use super::group::Group;
use super::limits::Limits;
use super::message;
use super::request::Request;
use super::result::OpenResult;
use super::shared::Shared;
use super::transport::Transport;

/// One connection. All access is under the session's lock.
pub(super) struct Wire {
    /// `None` only while dropping.
    transport: Option<Transport>,
    pub(super) buffer: ReadBuffer,
    out: BytesMut,
    unflushed: bool,
    write_error: Option<io::Error>,
    owed: u32,
    pub(super) shared: Arc<Shared>,
    /// The one result that is not read to its end.
    pub(super) open: Option<OpenResult>,
    /// A CancelRequest under way.
    pub(super) cancelling: Option<JoinHandle<bool>>,
    /// A CancelRequest was sent and its victim ended before it hit.
    pub(super) stray_cancel: bool,
    /// ReadyForQuery of requests ahead whose answers nobody waits for.
    pub(super) unawaited: u32,
    pub(super) group: Group,
    /// A failed statement whose end has not arrived.
    pub(super) leaving: Option<Leaving>,
}

/// A statement that nobody waits for any more.
#[derive(Debug)]
pub(super) struct Leaving {
    /// By our CancelRequest, not by the server's error.
    pub(super) stopped: bool,
    /// The server reported that it was cancelled.
    pub(super) saw_cancel: bool,
}

impl fmt::Debug for Wire {
    /// Shows no bytes: what is queued may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("owed", &self.owed).field("open", &self.open).finish_non_exhaustive()
    }
}

impl Wire {
    pub(super) fn new(transport: Transport, max_message: usize, shared: Arc<Shared>) -> Self {
        Self {
            transport: Some(transport),
            buffer: ReadBuffer::new(max_message),
            out: BytesMut::new(),
            unflushed: false,
            write_error: None,
            owed: 0,
            shared,
            open: None,
            cancelling: None,
            stray_cancel: false,
            unawaited: 0,
            group: Group::default(),
            leaving: None,
        }
    }

    /// How many ReadyForQuery are still to come.
    pub(super) fn owed(&self) -> u32 {
        self.owed
    }

    /// Queues a request; the next read writes it.
    pub(super) fn send(&mut self, request: &Request) {
        self.out.extend_from_slice(&request.bytes);
        self.owed += request.syncs;
        if request.begins {
            self.shared.transaction_begins();
        }
    }

    /// Counts the ReadyForQuery of a flight before its Sync is sent, so that none abandoned half way goes unnoticed;
    /// [`Request::end_flight`] sends the Sync.
    pub(super) fn start_flight(&mut self) {
        self.owed += 1;
    }

    /// Bytes that wait to be written.
    pub(super) fn queued(&self) -> usize {
        self.out.len()
    }

    /// Lets `build` add to the queue in place; what it adds of a message that fails is its own to take back.
    pub(super) fn queue<T>(&mut self, build: impl FnOnce(&mut Request) -> T) -> T {
        let mut request = Request { bytes: std::mem::take(&mut self.out), ..Request::default() };
        let outcome = build(&mut request);
        self.out = request.bytes;
        self.owed += request.syncs;
        if request.begins {
            self.shared.transaction_begins();
        }
        outcome
    }

    /// The next message that is an answer. Notices, parameters and notifications are dealt with on the way, and
    /// ReadyForQuery is counted.
    pub(super) async fn message(&mut self, limits: Limits<'_>) -> Result<Frame, Error> {
        loop {
            if let Some(frame) = self.next_answer()? {
                return Ok(frame);
            }
            self.fill(limits).await?;
        }
    }

    /// Type of the next answer, which stays in the buffer.
    pub(super) async fn peek(&mut self, limits: Limits<'_>) -> Result<u8, Error> {
        loop {
            while self.take_aside()? {}
            match self.buffer.peek()? {
                Some(tag) if !is_asynchronous(tag) => return Ok(tag),
                _ => self.fill(limits).await?,
            }
        }
    }

    /// The next answer, if it is complete in the buffer.
    pub(super) fn next_answer(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            while self.take_aside()? {}
            let Some(frame) = self.buffer.next_frame()? else { return Ok(None) };
            if frame.tag == b'Z' {
                let status = message::ready_for_query(self.buffer.body(&frame))?;
                self.shared.set_transaction_status(status)?;
                self.owed = self
                    .owed
                    .checked_sub(1)
                    .ok_or_else(|| Error::protocol("ReadyForQuery while none was asked for"))?;
            }
            if self.unawaited == 0 {
                return Ok(Some(frame));
            }
            self.pass_over(&frame)?;
        }
    }

    /// Deals with the next message if it is no answer; false when it is one, or is not complete.
    pub(super) fn take_aside(&mut self) -> Result<bool, Error> {
        if !self.buffer.peek()?.is_some_and(is_asynchronous) {
            return Ok(false);
        }
        let Some(frame) = self.buffer.next_frame()? else { return Ok(false) };
        self.note(&frame)?;
        Ok(true)
    }

    /// Between two statements: what came in the meantime must not be taken for an answer to the next.
    pub(super) fn check_idle(&mut self) -> Result<(), Error> {
        while self.take_aside()? {}
        match self.buffer.peek()? {
            // The server's last words before it closes.
            Some(b'E') => match self.buffer.next_frame()? {
                Some(frame) => Err(self.server_error(&frame)),
                None => Ok(()),
            },
            Some(tag) if !is_asynchronous(tag) => {
                Err(Error::protocol(format!("{} while nothing was asked for", message::name(tag))))
            }
            _ => Ok(()),
        }
    }

    /// An answer that nobody waits for. A refusal is kept as a notice: what follows is no worse for it.
    fn pass_over(&mut self, frame: &Frame) -> Result<(), Error> {
        match frame.tag {
            b'Z' => self.unawaited -= 1,
            b'E' => {
                let error = self.server_error(frame);
                if error.kind() == ErrorKind::Closed {
                    return Err(error);
                }
                self.group = Group::Unknown;
                self.shared.add_notice(message::server_error(self.buffer.body(frame)));
            }
            _ => {}
        }
        Ok(())
    }

    /// The next answer must be of this type; an ErrorResponse becomes the error it reports.
    pub(super) async fn expect(&mut self, tag: u8, limits: Limits<'_>) -> Result<Frame, Error> {
        let frame = self.message(limits).await?;
        match frame.tag {
            found if found == tag => Ok(frame),
            b'E' => Err(self.server_error(&frame)),
            found => Err(unexpected(found, message::name(tag))),
        }
    }

    /// An ErrorResponse as an error.
    pub(super) fn server_error(&self, frame: &Frame) -> Error {
        Error::from_server(message::server_error(self.buffer.body(frame)))
    }

    fn note(&mut self, frame: &Frame) -> Result<(), Error> {
        let body = self.buffer.body(frame);
        match frame.tag {
            b'N' => self.shared.add_notice(message::server_error(body)),
            b'S' => {
                let (name, value) = message::parameter_status(body)?;
                self.shared.set_parameter(name, value);
            }
            // CloseComplete is never waited for; there are no notifications to deliver.
            _ => {}
        }
        Ok(())
    }

    /// Waits for bytes of the server, writing what is queued meanwhile.
    pub(super) async fn fill(&mut self, limits: Limits<'_>) -> Result<(), Error> {
        // A socket that always has bytes is never pending: without this, results that are thrown away would keep the
        // runtime's threads from sending the cancel that ends them.
        tokio::task::consume_budget().await;
        arrived(limits.run(poll_fn(|cx| self.poll_fill(cx))).await?)
    }

    /// [`Wire::fill`] for the open result: once that has failed, its error does not wait long for a ReadyForQuery.
    pub(super) async fn fill_open(&mut self, limits: Limits<'_>) -> Result<(), Error> {
        let Some(error) = self.open.as_ref().and_then(OpenResult::failure).cloned() else {
            return self.fill(limits).await;
        };
        match self.fill(limits.patient()).await {
            Err(late) if late.kind() == ErrorKind::Timeout => Err(error),
            filled => filled,
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Err(error)) = self.poll_write_queued(cx) {
            // The server's last words may explain the failure: read them first.
            self.out.clear();
            self.unflushed = false;
            self.write_error = Some(error);
        }
        let Some(transport) = &mut self.transport else { return Poll::Ready(Ok(0)) };
        let mut space = ReadBuf::new(self.buffer.space());
        let read = ready!(Pin::new(transport).poll_read(cx, &mut space));
        let count = space.filled().len();
        self.buffer.filled(count);
        Poll::Ready(match (read, self.write_error.take()) {
            (Ok(()), Some(error)) if count == 0 => Err(error),
            (read, error) => {
                self.write_error = error;
                read.map(|()| count)
            }
        })
    }

    /// Writes the queue and reads what comes meanwhile. Returns once the queue is written or something was read.
    pub(super) async fn exchange(&mut self, limits: Limits<'_>) -> Result<(), Error> {
        match limits.run(poll_fn(|cx| self.poll_exchange(cx))).await? {
            Some(read) => arrived(read),
            None => Ok(()),
        }
    }

    fn poll_exchange(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<usize>>> {
        // A failure shows again when `poll_fill` writes, which then waits for the server's last words.
        let written = matches!(self.poll_write_queued(cx), Poll::Ready(Ok(())));
        self.set_patient(!written);
        let read = self.poll_fill(cx);
        self.set_patient(true);
        match read {
            Poll::Pending if written => Poll::Ready(None),
            read => read.map(Some),
        }
    }

    fn set_patient(&mut self, patient: bool) {
        if let Some(transport) = &mut self.transport {
            transport.set_patient(patient);
        }
    }

    pub(super) fn poll_write_queued(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(transport) = &mut self.transport else { return Poll::Ready(Ok(())) };
        while !self.out.is_empty() {
            match ready!(Pin::new(&mut *transport).poll_write(cx, &self.out))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.out.advance(count),
            }
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(transport).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Terminate, TLS close_notify, end of the stream.
    pub(super) async fn terminate(&mut self) -> io::Result<()> {
        postgres_protocol::message::frontend::terminate(&mut self.out);
        poll_fn(|cx| self.poll_write_queued(cx)).await?;
        match &mut self.transport {
            Some(transport) => transport.shutdown().await,
            None => Ok(()),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.shared.is_foreign_process() {
            // Closing a socket deregisters it from the event queue, which the parent process still uses.
            std::mem::forget(self.transport.take());
        }
    }
}

/// What became of a read: a count of bytes, of which 0 is the end of the stream.
fn arrived(read: io::Result<usize>) -> Result<(), Error> {
    match read {
        Ok(0) => Err(Error::new(
            ErrorKind::Closed,
            "connection lost: the server closed it without a word; it may have restarted, or a proxy ended it",
        )),
        Ok(_) => Ok(()),
        Err(cause) => Err(Error::lost(cause)),
    }
}

/// Messages the server may send at any time, and answers nobody waits for.
fn is_asynchronous(tag: u8) -> bool {
    matches!(tag, b'A' | b'N' | b'S' | b'3')
}

/// A message of the wrong type.
pub(super) fn unexpected(found: u8, expected: &str) -> Error {
    Error::protocol(format!("{} while waiting for {expected}", message::name(found)))
}

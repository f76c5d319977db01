//! [`Socket`]: a TCP socket that waits on the thread that reads, and only for longer waits on the runtime.
//!
//! Owns how to wait for a socket; knows neither TLS nor messages. With the runtime alone every arrival wakes one of its
//! threads, which wakes the reader: two switches where one does, and one for data that nobody waits for while a batch is
//! decoded. Rows that stream arrive within [`SOON`], so that the runtime never hears of them; a query that takes longer
//! waits there, where deadlines and cancel tokens are seen. The invariant: nobody is left waiting on a registration
//! that is gone.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{self, Shutdown};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// How long a read holds its thread. A cancel or a deadline is seen that much later.
const SOON: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };

/// A connected socket.
#[derive(Debug)]
pub(super) struct Socket {
    stream: net::TcpStream,
    /// The same socket, registered with the runtime while a wait takes long.
    watch: Option<TcpStream>,
    /// A write waits for the registration.
    write_blocked: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self { stream: stream.into_std()?, watch: None, write_blocked: false })
    }

    /// Reads now or soon; else returns `WouldBlock`.
    fn read_soon(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match (&self.stream).read(buffer) {
            // Once registered, the wait has been long already; a blocked write must not wait for a read.
            Err(error) if is_blocked(&error) && self.watch.is_none() && self.arrives_soon() => {
                (&self.stream).read(buffer)
            }
            outcome => outcome,
        }
    }

    fn arrives_soon(&self) -> bool {
        let mut waiting = [PollFd::new(&self.stream, PollFlags::IN)];
        matches!(poll(&mut waiting, Some(&SOON)), Ok(1))
    }
}

fn is_blocked(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn watch<'a>(watch: &'a mut Option<TcpStream>, stream: &net::TcpStream) -> io::Result<&'a TcpStream> {
    match watch {
        Some(watch) => Ok(watch),
        None => Ok(watch.insert(TcpStream::from_std(stream.try_clone()?)?)),
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let space = buf.initialize_unfilled();
        let count = match this.read_soon(space) {
            Err(error) if is_blocked(&error) => {
                let watch = watch(&mut this.watch, &this.stream)?;
                loop {
                    ready!(watch.poll_read_ready(cx))?;
                    match watch.try_io(Interest::READABLE, || (&this.stream).read(space)) {
                        Err(error) if is_blocked(&error) => {}
                        outcome => break outcome?,
                    }
                }
            }
            outcome => outcome?,
        };
        if !this.write_blocked {
            this.watch = None;
        }
        buf.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.write_blocked = false;
        match (&this.stream).write(bytes) {
            Err(error) if is_blocked(&error) => {}
            outcome => return Poll::Ready(outcome),
        }
        this.write_blocked = true;
        let watch = watch(&mut this.watch, &this.stream)?;
        loop {
            ready!(watch.poll_write_ready(cx))?;
            match watch.try_io(Interest::WRITABLE, || (&this.stream).write(bytes)) {
                Err(error) if is_blocked(&error) => {}
                outcome => {
                    this.write_blocked = false;
                    return Poll::Ready(outcome);
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.stream.shutdown(Shutdown::Write))
    }
}

//! [`Socket`]: a TCP socket that waits on the thread that reads, and only for longer waits on the runtime.
//!
//! Owns how to wait for a socket; knows neither TLS nor messages. With the runtime alone every arrival wakes one of its
//! threads, which wakes the reader: two switches where one does, and one for data that nobody waits for while a batch is
//! decoded. Rows that stream arrive within [`SOON`], so that the runtime never hears of them; a query that takes longer
//! waits there, where deadlines and cancel tokens are seen. A server writes a large result in small pieces: the reader
//! lets some of them gather, since a wake-up costs as much as decoding what one piece holds. Where the server answers
//! within microseconds, as on the same machine, sleeping costs more than the answer takes: there the reader stays awake.
//! The invariant: nobody is left waiting on a registration that is gone.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{self, Shutdown};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::platform;

/// How long a read holds its thread. A cancel or a deadline is seen that much later.
const SOON: Duration = Duration::from_millis(1);

/// How long the pieces of a large result gather. Loopback needs no more than 1 MiB of receive buffer for it, at 5 GB/s.
const GATHER: Duration = Duration::from_micros(200);

/// Bytes read since the last write that make a result a large one, whose end may come [`GATHER`] late.
const LARGE: usize = 1 << 20;

/// An answer within this time is followed by one that is waited for awake, for as long. Servers across a network take
/// longer, so that no thread stays awake for them.
const NEAR: Duration = Duration::from_micros(100);

/// A connected socket.
#[derive(Debug)]
pub(super) struct Socket {
    stream: net::TcpStream,
    /// The same socket, registered with the runtime while a wait takes long.
    watch: Option<TcpStream>,
    /// Bytes read since the last write.
    streamed: usize,
    /// The last answer came within [`NEAR`].
    near: bool,
    /// A write waits for the registration.
    write_blocked: bool,
    /// Reads may wait.
    patient: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self {
            stream: stream.into_std()?,
            watch: None,
            streamed: 0,
            near: false,
            write_blocked: false,
            patient: true,
        })
    }

    /// An impatient read takes what is there. Otherwise it is pending without a wake-up to come: the caller has better
    /// to do than wait.
    pub(super) fn set_patient(&mut self, patient: bool) {
        self.patient = patient;
    }

    /// Reads now or soon; else returns `WouldBlock`.
    fn read_soon(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Once registered, the wait has been long already; a blocked write must not wait for a read.
        let may_wait = self.patient && self.watch.is_none();
        if may_wait && self.streamed == 0 {
            return self.read_answer(buffer);
        }
        match (&self.stream).read(buffer) {
            Err(error) if is_blocked(&error) && may_wait && self.arrives_soon() => {
                (&self.stream).read(buffer)
            }
            outcome => outcome,
        }
    }

    /// [`Self::read_soon`] for the first bytes after a request.
    fn read_answer(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let asked = Instant::now();
        let awake = if std::mem::take(&mut self.near) { self.read_awake(asked, buffer) } else { None };
        let read = awake.unwrap_or_else(|| {
            // No answer is there right after its request: looking for it would only delay the wait.
            self.arrives_soon();
            (&self.stream).read(buffer)
        });
        self.near = read.is_ok() && asked.elapsed() <= NEAR;
        read
    }

    /// Reads without sleeping; `None` when [`NEAR`] has passed.
    fn read_awake(&self, asked: Instant, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        while asked.elapsed() <= NEAR {
            match (&self.stream).read(buffer) {
                // The server may be waiting for this very processor.
                Err(error) if is_blocked(&error) => thread::yield_now(),
                outcome => return Some(outcome),
            }
        }
        None
    }

    fn arrives_soon(&self) -> bool {
        if self.streamed >= LARGE {
            thread::sleep(GATHER);
        }
        platform::readable_within(&self.stream, SOON)
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
            Err(error) if is_blocked(&error) && !this.patient => return Poll::Pending,
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
        this.streamed = this.streamed.saturating_add(count);
        buf.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.write_blocked = false;
        this.streamed = 0;
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    async fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Socket::new(stream).unwrap(), listener.accept().await.unwrap().0)
    }

    async fn poll_once(socket: &mut Socket, space: &mut [u8]) -> Poll<io::Result<usize>> {
        poll_fn(|cx| {
            let mut space = ReadBuf::new(space);
            let polled = Pin::new(&mut *socket).poll_read(cx, &mut space);
            Poll::Ready(polled.map(|read| read.map(|()| space.filled().len())))
        })
        .await
    }

    #[tokio::test]
    async fn data_that_is_there_is_read_without_the_runtime() {
        let (mut socket, mut peer) = pair().await;
        peer.write_all(b"rows").await.unwrap();
        let mut space = [0; 8];
        assert!(matches!(poll_once(&mut socket, &mut space).await, Poll::Ready(Ok(4))));
        assert!(socket.watch.is_none());
    }

    #[tokio::test]
    async fn a_long_wait_goes_to_the_runtime_and_leaves_it_with_the_data() {
        let (mut socket, mut peer) = pair().await;
        let mut space = [0; 8];
        assert!(poll_once(&mut socket, &mut space).await.is_pending());
        assert!(socket.watch.is_some());
        let (read, written) =
            tokio::join!(timeout(DEADLINE, socket.read(&mut space)), peer.write_all(b"late"));
        assert_eq!((read.unwrap().unwrap(), written.unwrap()), (4, ()));
        assert!(socket.watch.is_none());
    }

    #[tokio::test]
    async fn reading_does_not_lose_the_wake_up_of_a_blocked_write() {
        let (mut socket, mut peer) = pair().await;
        let block = vec![7; 1 << 20];
        let mut sent = 0;
        let written = poll_fn(|cx| {
            while let Poll::Ready(count) = Pin::new(&mut socket).poll_write(cx, &block) {
                sent += count.unwrap();
            }
            Poll::Ready(())
        });
        timeout(DEADLINE, written).await.unwrap();
        peer.write_all(b"x").await.unwrap();
        assert_eq!(socket.read_u8().await.unwrap(), b'x');
        assert!(socket.watch.is_some(), "the write still waits on it");

        let mut received = vec![0; sent];
        let (write, read) = tokio::join!(
            timeout(DEADLINE, socket.write(b"y")),
            timeout(DEADLINE, peer.read_exact(&mut received))
        );
        assert_eq!((write.unwrap().unwrap(), read.unwrap().unwrap()), (1, sent));
    }

    #[tokio::test]
    async fn a_reader_stays_awake_for_a_server_that_answers_at_once_and_for_no_other() {
        let (mut socket, mut peer) = pair().await;
        let mut space = [0; 8];
        // Whether this one is quick enough is the machine's affair; a server that is not is asked again.
        for _ in 0..1000 {
            socket.write_all(b"?").await.unwrap();
            peer.write_all(b"!").await.unwrap();
            assert_eq!(socket.read(&mut space).await.unwrap(), 1);
            if socket.near {
                break;
            }
        }
        assert!(socket.near);

        socket.write_all(b"?").await.unwrap();
        assert!(poll_once(&mut socket, &mut space).await.is_pending());
        assert!(!socket.near);
        peer.write_all(b"late").await.unwrap();
        assert_eq!(timeout(DEADLINE, socket.read(&mut space)).await.unwrap().unwrap(), 4);
        assert!(!socket.near);
    }

    #[tokio::test]
    async fn an_impatient_read_takes_what_is_there_and_registers_nothing() {
        let (mut socket, mut peer) = pair().await;
        socket.set_patient(false);
        let mut space = [0; 8];
        assert!(poll_once(&mut socket, &mut space).await.is_pending());
        assert!(socket.watch.is_none());
        peer.write_all(b"rows").await.unwrap();
        assert!(socket.arrives_soon());
        assert!(matches!(poll_once(&mut socket, &mut space).await, Poll::Ready(Ok(4))));
    }

    #[tokio::test]
    async fn the_end_of_the_stream_is_seen() {
        let (mut socket, peer) = pair().await;
        drop(peer);
        assert_eq!(timeout(DEADLINE, socket.read(&mut [0; 8])).await.unwrap().unwrap(), 0);
    }
}

//! Plays the steps of one connection.
//! Owns the socket. Invariant: an unscripted request is answered with a FATAL error that says what was expected, and ends
//! the connection.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::message::error;
use super::progress::{Outcome, Progress};
use super::{DEADLINE, Step};
use crate::messages::{MAX_MESSAGE, read_body, read_message};

/// Length and code of a CancelRequest.
const CANCEL_REQUEST: [u8; 8] = [0, 0, 0, 16, 4, 210, 22, 46];
const TERMINATE: u8 = b'X';

/// Who opened a connection.
pub(super) enum Caller {
    Cancel,
    Client,
}

/// Why steps stopped before their end.
enum Stop {
    /// By the script's own will: a reset.
    Finished,
    Left,
    Unscripted(String),
}

impl From<io::Error> for Stop {
    /// Whatever fails on this socket, the client is gone.
    fn from(_: io::Error) -> Self {
        Self::Left
    }
}

pub(super) struct Player<'a> {
    stream: TcpStream,
    progress: &'a Progress,
}

impl<'a> Player<'a> {
    pub(super) fn new(stream: TcpStream, progress: &'a Progress) -> Self {
        Self { stream, progress }
    }

    /// Looks at the first packet, and takes it if it is a CancelRequest.
    pub(super) async fn caller(&mut self) -> io::Result<Caller> {
        self.stream.set_nodelay(true)?;
        let mut start = [0; CANCEL_REQUEST.len()];
        let seen = self.stream.peek(&mut start).await?;
        if seen < start.len() || start != CANCEL_REQUEST {
            return Ok(Caller::Client);
        }
        self.stream.read_exact(&mut [0; 16]).await?;
        Ok(Caller::Cancel)
    }

    /// Plays all steps and sees the connection off.
    pub(super) async fn play_to_the_end(&mut self, steps: &[Step]) -> Outcome {
        match self.play(steps).await {
            Ok(()) => {
                self.see_off().await;
                Outcome::Finished
            }
            Err(Stop::Finished) => Outcome::Finished,
            Err(Stop::Left) => Outcome::Left,
            Err(Stop::Unscripted(text)) => self.refuse(&text).await,
        }
    }

    /// Says what was not in the script.
    pub(super) async fn refuse(&mut self, text: &str) -> Outcome {
        let _ = self.stream.write_all(&error("FATAL", "XX000", &format!("unscripted: {text}"))).await;
        self.see_off().await;
        Outcome::Unscripted(text.to_owned())
    }

    /// Closes by a FIN: a socket closed with unread bytes would send a reset.
    async fn see_off(&mut self) {
        if self.stream.shutdown().await.is_ok() {
            let _ = self.discard().await;
        }
    }

    async fn discard(&mut self) -> io::Result<()> {
        let mut ignored = [0; 4096];
        while self.stream.read(&mut ignored).await? > 0 {}
        Ok(())
    }

    async fn play(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for step in steps {
            match step {
                Step::Drip(bytes, size, pause) => {
                    for piece in bytes.chunks((*size).max(1)) {
                        self.stream.write_all(piece).await?;
                        sleep(*pause).await;
                    }
                }
                Step::Expect(tags) => self.expect(tags).await?,
                Step::Forever(steps) => loop {
                    self.nested(steps).await?;
                },
                Step::HalfClose => self.stream.shutdown().await?,
                Step::Mark(name) => self.progress.mark(name),
                Step::Repeat(count, steps) => {
                    for _ in 0..*count {
                        self.nested(steps).await?;
                    }
                }
                Step::Reset => return self.reset(),
                Step::Send(bytes) => self.stream.write_all(bytes).await?,
                Step::Silence => {
                    self.discard().await?;
                    return Err(Stop::Left);
                }
                Step::Startup => self.startup().await?,
                Step::Take => self.take().await?,
                Step::Wait(time) => sleep((*time).min(DEADLINE)).await,
            }
        }
        Ok(())
    }

    /// An async function that calls itself needs a box somewhere.
    fn nested<'b>(
        &'b mut self,
        steps: &'b [Step],
    ) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'b>> {
        Box::pin(self.play(steps))
    }

    fn reset(&mut self) -> Result<(), Stop> {
        self.stream.set_zero_linger()?;
        Err(Stop::Finished)
    }

    async fn startup(&mut self) -> Result<(), Stop> {
        read_body(&mut self.stream, MAX_MESSAGE).await.map(drop).map_err(stop)
    }

    async fn take(&mut self) -> Result<(), Stop> {
        match self.stream.read(&mut [0; 4096]).await? {
            0 => Err(Stop::Left),
            _ => Ok(()),
        }
    }

    async fn expect(&mut self, tags: &[u8]) -> Result<(), Stop> {
        for tag in tags {
            let found = read_message(&mut self.stream, MAX_MESSAGE).await.map_err(stop)?.tag;
            if found == TERMINATE && *tag != TERMINATE {
                return Err(Stop::Left);
            }
            if found != *tag {
                let (found, expected) = (char::from(found), char::from(*tag));
                return Err(Stop::Unscripted(format!("message {found:?} where {expected:?} was expected")));
            }
        }
        Ok(())
    }
}

/// A packet that cannot be read: the client is gone, or sent what is no packet.
fn stop(error: anyhow::Error) -> Stop {
    match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => Stop::Left,
        _ => Stop::Unscripted(format!("{error:#}")),
    }
}

//! Where the reference reader's bytes come from: the socket itself, or a thread that reads it.

use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Result, bail};

use crate::client::Stream;

const BUFFER: usize = 1 << 20;
/// Room before a chunk for what was left of the one before it; no row of the cases is longer.
const HEADROOM: usize = 1 << 14;
/// Chunks under way: one is decoded, one is read into, one waits.
const CHUNKS: usize = 3;

/// Bytes of the server.
pub(super) trait Source {
    /// What is read and not yet consumed.
    fn bytes(&self) -> &[u8];
    /// Drops all but the last `left` bytes and reads more.
    fn fill(&mut self, left: usize) -> Result<()>;
}

/// Reads when asked.
pub(super) struct Direct {
    stream: Stream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Direct {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, buffer: vec![0; BUFFER], start: 0, end: 0 }
    }
}

impl Source for Direct {
    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn fill(&mut self, left: usize) -> Result<()> {
        self.start = self.end - left;
        if self.buffer.len() - self.end < HEADROOM || left == 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, left);
        }
        let count = self.stream.read(self.buffer.get_mut(self.end..).unwrap_or_default())?;
        if count == 0 {
            bail!("the server ended the connection within the result");
        }
        self.end += count;
        Ok(())
    }
}

/// A thread reads ahead; chunks go back to it when they are decoded.
pub(super) struct Threaded {
    full: Receiver<Chunk>,
    empty: SyncSender<Chunk>,
    chunk: Chunk,
    start: usize,
}

#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    end: usize,
}

impl Threaded {
    pub(super) fn new(mut stream: Stream) -> Self {
        let (give_full, full) = sync_channel::<Chunk>(CHUNKS);
        let (empty, take_empty) = sync_channel::<Chunk>(CHUNKS);
        for _ in 0..CHUNKS {
            // OK because the channel has room for all of them.
            let _ = empty.send(Chunk { bytes: vec![0; HEADROOM + BUFFER], end: 0 });
        }
        thread::spawn(move || {
            while let Ok(mut chunk) = take_empty.recv() {
                chunk.end = HEADROOM;
                // A decrypted record is far smaller than a chunk: fill half of it before handing it over.
                while chunk.end < HEADROOM + BUFFER / 2 {
                    match stream.read(chunk.bytes.get_mut(chunk.end..).unwrap_or_default()) {
                        Ok(count) if count > 0 => chunk.end += count,
                        _ => return,
                    }
                    let tail = chunk.bytes.get(chunk.end - 6..chunk.end);
                    if tail == Some(b"Z\0\0\0\x05I") {
                        break;
                    }
                }
                if give_full.send(chunk).is_err() {
                    return;
                }
            }
        });
        Self { full, empty, chunk: Chunk::default(), start: 0 }
    }
}

impl Source for Threaded {
    fn bytes(&self) -> &[u8] {
        self.chunk.bytes.get(self.start..self.chunk.end).unwrap_or_default()
    }

    fn fill(&mut self, left: usize) -> Result<()> {
        if left > HEADROOM {
            bail!("a row of more than {HEADROOM} bytes");
        }
        let mut next = self.full.recv()?;
        let rest = self.chunk.bytes.get(self.chunk.end - left..self.chunk.end).unwrap_or_default();
        self.start = HEADROOM - left;
        if let Some(headroom) = next.bytes.get_mut(self.start..HEADROOM) {
            headroom.copy_from_slice(rest);
        }
        let done = std::mem::replace(&mut self.chunk, next);
        if !done.bytes.is_empty() {
            // The thread is gone once it met the end.
            let _ = self.empty.send(done);
        }
        Ok(())
    }
}

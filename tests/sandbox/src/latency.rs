//! A delay line between a socket and the front door.
//! Owns the delay of both directions; does not look at the bytes.
//! Invariant: bytes keep their order and none is lost; what waits in the line is bounded.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::sync::mpsc::channel;
use tokio::time::Instant;

use crate::startup::Stream;

const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks under way: 16 MiB, enough for some hundred MB/s at everyday latencies.
const CHUNKS_IN_FLIGHT: usize = 256;

/// Returns a stream on which every byte arrives, and is sent, `delay` later.
pub(crate) fn delayed(stream: impl Stream + 'static, delay: Duration) -> DuplexStream {
    let (near, far) = duplex(CHUNK_BYTES);
    tokio::spawn(async move {
        let ((from_client, to_client), (from_door, to_door)) = (split(stream), split(far));
        // Ends when both ends are closed, or when one fails.
        let _ = tokio::try_join!(carry(from_client, to_door, delay), carry(from_door, to_client, delay));
    });
    near
}

async fn carry(
    mut source: impl AsyncRead + Unpin,
    mut target: impl AsyncWrite + Unpin,
    delay: Duration,
) -> io::Result<()> {
    let (sender, mut receiver) = channel::<(Instant, Bytes)>(CHUNKS_IN_FLIGHT);
    let take = async move {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = source.read(&mut chunk).await?;
            let bytes = Bytes::copy_from_slice(chunk.get(..count).unwrap_or_default());
            if sender.send((Instant::now() + delay, bytes)).await.is_err() || count == 0 {
                return Ok(());
            }
        }
    };
    let give = async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            match bytes.is_empty() {
                true => target.shutdown().await?,
                false => target.write_all(&bytes).await?,
            }
        }
        Ok(())
    };
    tokio::try_join!(take, give).map(|_: ((), ())| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_directions_are_delayed_and_the_end_arrives() {
        let delay = Duration::from_millis(30);
        let (mut client, socket) = duplex(1024);
        let mut door = delayed(socket, delay);
        let started = Instant::now();
        client.write_all(b"ping").await.unwrap();
        let mut text = [0; 4];
        door.read_exact(&mut text).await.unwrap();
        assert!(started.elapsed() >= delay);
        door.write_all(&text).await.unwrap();
        client.read_exact(&mut text).await.unwrap();
        assert!(started.elapsed() >= delay * 2);
        assert_eq!(&text, b"ping");
        client.shutdown().await.unwrap();
        assert_eq!(door.read(&mut text).await.unwrap(), 0);
    }
}

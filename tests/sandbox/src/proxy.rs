//! A session after login: messages go to the engine and come back as Redshift's.
//! Owns the two directions and what each message turns into; `pipeline` owns what is under way.
//! Invariant: memory is bounded by one message and one buffer each way: a direction reads only when its other side took
//! what it had.

mod backend;
mod frontend;

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};

use self::backend::BackendSide;
pub(crate) use self::backend::old_fields;
use self::frontend::FrontendSide;
use crate::catalog::Catalog;
use crate::messages::{ServerError, header};
use crate::pipeline::Pipeline;
use crate::record::SessionRecorder;
use crate::startup::Stream;
use crate::upstream::Upstream;

const BUFFER_BYTES: usize = 256 * 1024;

/// Turns messages of one direction into what the other side is sent.
trait Side {
    /// Handles one whole message; whatever is to be sent is appended to `out`.
    async fn message(&mut self, tag: u8, message: &[u8], out: &mut BytesMut) -> Result<()>;

    /// How many bytes of a message that has only begun may pass already, unseen.
    fn passes_unseen(&mut self, tag: u8) -> bool;
}

/// Runs a session until either side ends it.
pub(crate) async fn run(
    mut client: Box<dyn Stream>,
    upstream: Upstream,
    protocol: u32,
    catalog: Catalog,
    recorder: SessionRecorder,
    shows_catalogs: bool,
) -> Result<()> {
    let shared = Shared { pipeline: Mutex::new(Pipeline::new(protocol)) };
    let (mut from_engine, mut to_engine) = upstream.stream.into_split();
    let mut forward = FrontendSide::new(&shared, recorder, shows_catalogs);
    let mut backward = BackendSide::new(&shared, protocol, catalog);
    let outcome = {
        let (mut from_client, mut to_client) = split(&mut client);
        tokio::select! {
            // The engine's last words come before the client's end of file is acted on.
            biased;
            end = pump(&mut from_engine, &mut to_client, &mut backward) => end,
            end = pump(&mut from_client, &mut to_engine, &mut forward) => end,
        }
    };
    if let Err(error) = &outcome
        && !error.is::<std::io::Error>()
    {
        crate::startup::refuse(&mut client, &ServerError::new("XX000", format!("{error:#}"))).await?;
    }
    client.shutdown().await?;
    outcome
}

/// Carries one direction to its end of file.
async fn pump(
    source: &mut (impl AsyncRead + Unpin),
    target: &mut (impl AsyncWrite + Unpin),
    side: &mut impl Side,
) -> Result<()> {
    let (mut input, mut out) = (BytesMut::with_capacity(BUFFER_BYTES), BytesMut::with_capacity(BUFFER_BYTES));
    let mut unseen = 0;
    while source.read_buf(&mut input).await? > 0 {
        let outcome = drain(&mut input, &mut out, &mut unseen, side).await;
        // What came before a bad message is still good.
        target.write_all(&out).await?;
        target.flush().await?;
        out.clear();
        outcome?;
        input.reserve(BUFFER_BYTES);
    }
    Ok(())
}

/// Handles all whole messages of the input.
async fn drain(
    input: &mut BytesMut,
    out: &mut BytesMut,
    unseen: &mut usize,
    side: &mut impl Side,
) -> Result<()> {
    let mut at = 0;
    let mut outcome = Ok(());
    while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) {
        if *unseen > 0 {
            let passed = rest.get(..*unseen).unwrap_or(rest);
            out.extend_from_slice(passed);
            *unseen -= passed.len();
            at += passed.len();
            continue;
        }
        let Some((tag, size)) = header(rest)? else { break };
        if let Some(message) = rest.get(..size) {
            at += size;
            outcome = side.message(tag, message, out).await;
            if outcome.is_err() {
                break;
            }
        } else if size > BUFFER_BYTES && side.passes_unseen(tag) {
            *unseen = size;
        } else {
            break;
        }
    }
    let _ = input.split_to(at);
    outcome
}

/// What both directions of a session know.
#[derive(Debug)]
struct Shared {
    pipeline: Mutex<Pipeline>,
}

impl Shared {
    fn pipeline(&self) -> MutexGuard<'_, Pipeline> {
        self.pipeline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Script mode: a server that plays given steps, for tests of what a client does with a faulty one.
//! Owns the listener, the scripts and what became of each connection; [`message`] makes the bytes. Knows neither SQL nor
//! the engine, and speaks no TLS.
//! Invariant: it never waits longer than [`DEADLINE`], and what is not in the script is refused at once.

pub mod message;
mod player;
mod progress;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use self::progress::Outcome;

use self::player::{Caller, Player};
use self::progress::Progress;

/// How long one connection may last.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// One step of a connection. After the last the server closes its side and waits for the client to close the other.
#[derive(Clone, Debug)]
pub enum Step {
    /// Send in pieces of this many bytes, with a pause after each.
    Drip(Vec<u8>, usize, Duration),
    /// Wait for messages with exactly these type bytes.
    Expect(&'static [u8]),
    /// Play these steps until the client leaves.
    Forever(Vec<Step>),
    /// Close the sending side and go on.
    HalfClose,
    /// Tell whoever waits in [`ScriptServer::wait_for`] that this step was reached.
    Mark(&'static str),
    /// Play these steps this many times.
    Repeat(usize, Vec<Step>),
    /// End the connection by a TCP reset.
    Reset,
    /// Send.
    Send(Vec<u8>),
    /// Take whatever comes and say nothing, until the client leaves.
    Silence,
    /// Wait for a packet without type: StartupMessage, SSLRequest.
    Startup,
    /// Wait for any bytes at all.
    Take,
    /// Wait for this long.
    Wait(Duration),
}

/// What a [`ScriptServer`] plays.
#[derive(Clone, Debug)]
pub struct Script {
    connections: Vec<Vec<Step>>,
    on_cancel: Vec<Step>,
    repeats: bool,
}

impl Script {
    /// One connection; any further one is refused.
    pub fn new(steps: Vec<Step>) -> Self {
        Self { connections: vec![steps], on_cancel: Vec::new(), repeats: false }
    }

    /// Any number of connections, each of which plays the same steps.
    pub fn always(steps: Vec<Step>) -> Self {
        Self { repeats: true, ..Self::new(steps) }
    }

    /// One more connection.
    #[must_use]
    pub fn then(mut self, steps: Vec<Step>) -> Self {
        self.connections.push(steps);
        self
    }

    /// What a connection plays that brings a CancelRequest, once it was read. By default it is closed, which tells the
    /// client that the signal is on its way.
    #[must_use]
    pub fn on_cancel(mut self, steps: Vec<Step>) -> Self {
        self.on_cancel = steps;
        self
    }

    /// The steps of the connection with this number.
    fn connection(&self, number: usize) -> Option<&[Step]> {
        let number = if self.repeats { 0 } else { number };
        self.connections.get(number).map(Vec::as_slice)
    }
}

/// A listener on 127.0.0.1 that plays a [`Script`] on a runtime of its own; dropping it ends all connections.
#[derive(Debug)]
pub struct ScriptServer {
    address: SocketAddr,
    progress: Arc<Progress>,
    runtime: Option<Runtime>,
}

impl ScriptServer {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When no socket or no thread is to be had.
    pub fn start(script: Script) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("script")
            .enable_all()
            .build()
            .context("cannot start the script's runtime")?;
        let listener = runtime
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .context("cannot listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let progress = Arc::new(Progress::default());
        runtime.spawn(serve(listener, script, Arc::clone(&progress)));
        Ok(Self { address, progress, runtime: Some(runtime) })
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// A URI that leads here, with a user, a password and without TLS.
    pub fn uri(&self) -> String {
        format!("redshift://awsuser:Secr3tPassw0rd@{}/dev?tls.mode=disable", self.address)
    }

    /// What became of the connections so far, in the order they came; without those that brought a CancelRequest.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.progress.outcomes()
    }

    /// How many CancelRequests came so far.
    pub fn cancels(&self) -> usize {
        self.progress.cancels()
    }

    /// Waits until a [`Step::Mark`] of this name was reached, and answers whether it was within [`DEADLINE`].
    #[must_use]
    pub fn wait_for(&self, mark: &str) -> bool {
        self.progress.wait_for(mark, DEADLINE)
    }
}

impl Drop for ScriptServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Ends the connections and their sockets with it; nothing in it blocks.
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

async fn serve(listener: TcpListener, script: Script, progress: Arc<Progress>) {
    let script = Arc::new(script);
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (script, progress) = (Arc::clone(&script), Arc::clone(&progress));
        // In a task of its own from the first byte on: a client may well connect and say nothing.
        connections.spawn(timeout(DEADLINE, connection(stream, script, progress)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, script: Arc<Script>, progress: Arc<Progress>) {
    let mut player = Player::new(stream, &progress);
    match player.caller().await {
        Ok(Caller::Cancel) => {
            progress.count_cancel();
            player.play_to_the_end(&script.on_cancel).await;
        }
        Ok(Caller::Client) => {
            let number = progress.begin();
            let outcome = match script.connection(number) {
                Some(steps) => player.play_to_the_end(steps).await,
                None => player.refuse("a connection that is not in the script").await,
            };
            progress.end(number, outcome);
        }
        Err(_) => {}
    }
}

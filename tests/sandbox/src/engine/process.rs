//! The PostgreSQL server process: data folder, start, watch, stop.
//! Owns the child; does not speak to the server.
//! Invariant: the thread that started the server outlives it. Linux delivers the parent-death signal when the parent
//! *thread* ends, so a thread of a runtime's pool would take the server with it.

use std::fs::{self, File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, chown};
use tokio::sync::watch;

use super::EngineAddress;
use super::binaries::{Binaries, RunAs};
use super::setup::SUPERUSER;

const POLL: Duration = Duration::from_millis(20);
const STOP_DEADLINE: Duration = Duration::from_secs(5);
const LOG_TAIL_BYTES: usize = 4096;

/// Durability is worth nothing here, and the sandbox may be started for every test.
const SETTINGS: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=4GB",
    "checkpoint_timeout=1h",
    "jit=off",
    "shared_buffers=64MB",
    "max_connections=200",
    "client_encoding=UTF8",
    "timezone=UTC",
    "log_timezone=UTC",
    "datestyle=iso,mdy",
    "lc_messages=C",
    "password_encryption=scram-sha-256",
];

/// A server process and the thread that guards it.
#[derive(Debug)]
pub(super) struct Process {
    stop: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
    exited: watch::Receiver<bool>,
    log: PathBuf,
}

impl Process {
    /// Makes the data folder below `directory`, starts the server and returns it with its address.
    pub(super) fn launch(directory: &Path, deadline: Duration) -> Result<(Self, EngineAddress)> {
        let started = Instant::now();
        let launcher = Launcher::new(directory)?;
        launcher.make_data_folder()?;
        let port = free_port()?;
        let (stop, stop_requested) = channel();
        let (exit_sender, exited) = watch::channel(false);
        let (spawned_sender, spawned) = channel();
        let mut command = launcher.server(port)?;
        let keeper = std::thread::Builder::new()
            .name("sandbox-engine".into())
            .spawn(move || match command.spawn() {
                Ok(child) => {
                    let _ = spawned_sender.send(Ok(()));
                    keep(child, &stop_requested, &exit_sender);
                }
                Err(error) => {
                    let _ = spawned_sender.send(Err(error));
                }
            })
            .context("cannot start the thread that guards PostgreSQL")?;
        let process = Self { stop: Some(stop), keeper: Some(keeper), exited, log: launcher.log() };
        spawned
            .recv()
            .context("the thread that guards PostgreSQL ended early")?
            .context("cannot start postgres")?;
        let address = EngineAddress { directory: launcher.socket_directory(), port };
        process.wait_for_socket(&address.socket(), deadline.saturating_sub(started.elapsed()))?;
        Ok((process, address))
    }

    /// Turns true when the server has ended, asked or not.
    pub(super) fn exited(&self) -> watch::Receiver<bool> {
        self.exited.clone()
    }

    /// The last lines of the server's log, for error texts.
    pub(super) fn log_tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let start = text.len().saturating_sub(LOG_TAIL_BYTES);
        let tail = String::from_utf8_lossy(text.get(start..).unwrap_or_default()).into_owned();
        format!("log of the engine:\n{tail}")
    }

    fn wait_for_socket(&self, socket: &Path, deadline: Duration) -> Result<()> {
        let until = Instant::now() + deadline;
        while std::os::unix::net::UnixStream::connect(socket).is_err() {
            if *self.exited.borrow() {
                bail!("PostgreSQL ended while starting\n{}", self.log_tail());
            }
            if Instant::now() > until {
                bail!("PostgreSQL opened no socket within {deadline:?}\n{}", self.log_tail());
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

/// Waits for the server's end or for the word to end it.
fn keep(mut child: Child, stop_requested: &Receiver<()>, exited: &watch::Sender<bool>) {
    while let Ok(None) = child.try_wait() {
        match stop_requested.recv_timeout(Duration::from_millis(100)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => stop(&mut child),
        }
    }
    let _ = exited.send(true);
}

/// SIGQUIT is PostgreSQL's immediate shutdown: it ends its children and frees its shared memory, which SIGKILL does not.
fn stop(child: &mut Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
    }
    let until = Instant::now() + STOP_DEADLINE;
    while let Ok(None) = child.try_wait() {
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        std::thread::sleep(POLL);
    }
}

/// Builds the commands; knows the user to run them as.
struct Launcher {
    directory: PathBuf,
    binaries: Binaries,
    run_as: Option<RunAs>,
}

impl Launcher {
    fn new(directory: &Path) -> Result<Self> {
        Ok(Self { directory: directory.to_owned(), binaries: Binaries::find()?, run_as: RunAs::find()? })
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.join("engine.log")
    }

    fn socket_directory(&self) -> PathBuf {
        self.directory.join("socket")
    }

    fn make_data_folder(&self) -> Result<()> {
        for folder in [self.data(), self.socket_directory()] {
            fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
            if let Some(user) = &self.run_as {
                chown(&folder, Some(user.uid), Some(user.gid))
                    .with_context(|| format!("cannot give {} to {}", folder.display(), user.name))?;
            }
        }
        let mut initdb = self.command(&self.binaries.initdb);
        initdb.arg("-D").arg(self.data()).args(["-U", SUPERUSER, "-E", "UTF8", "--no-sync"]);
        // Redshift compares strings by byte, and knows upper and lower case beyond ASCII.
        initdb.args([
            "--lc-collate=C",
            "--lc-ctype=C.UTF-8",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
        ]);
        let output =
            initdb.output().with_context(|| format!("cannot run {}", self.binaries.initdb.display()))?;
        if !output.status.success() {
            bail!("initdb failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    fn server(&self, port: u16) -> Result<Command> {
        let log = File::create(self.log()).context("cannot make the engine's log file")?;
        let mut server = self.command(&self.binaries.postgres);
        server.arg("-D").arg(self.data()).arg("-k").arg(self.socket_directory());
        server.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        for setting in SETTINGS.iter().copied().chain(super::setup::redshift_settings()) {
            server.arg("-c").arg(setting);
        }
        server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(server)
    }

    /// Through setpriv where there is one: it drops root and has the kernel end the server when this process is killed.
    fn command(&self, program: &Path) -> Command {
        let mut command = match (&self.run_as, has_setpriv()) {
            (Some(user), _) => {
                let mut setpriv = Command::new("setpriv");
                setpriv.arg(format!("--reuid={}", user.uid)).arg(format!("--regid={}", user.gid));
                setpriv.args(["--clear-groups", "--pdeathsig=QUIT", "--"]).arg(program);
                setpriv
            }
            (None, true) => {
                let mut setpriv = Command::new("setpriv");
                setpriv.args(["--pdeathsig=QUIT", "--"]).arg(program);
                setpriv
            }
            (None, false) => Command::new(program),
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        // The engine's user may be unable to enter the folder that the sandbox was started in.
        command.env("LC_ALL", "C").current_dir(&self.directory);
        command
    }
}

fn has_setpriv() -> bool {
    Command::new("setpriv")
        .args(["--pdeathsig=QUIT", "--", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Another process may take the port before the server does; the server then fails to start and says so.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free TCP port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

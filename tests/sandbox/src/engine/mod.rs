//! The SQL engine: a private PostgreSQL in a temporary directory.
//! Owns finding the programs, the data folder, the server process and its end. Knows nothing of Redshift's protocol:
//! `setup` makes the database look like a cluster's, the front door does the rest.
//! Invariant: no path out of this module leaves a server process or a directory behind.

mod binaries;
mod process;
pub(crate) mod setup;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use self::process::Process;

/// A socket path must fit `sockaddr_un`: 107 bytes, less the longest part that follows the directory.
const MAX_DIRECTORY_LENGTH: usize = 80;

/// Who may log in to the engine, and to which database.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The role that owns the database.
    pub(crate) user: String,
    /// Its password on TCP; the private socket asks for none.
    pub(crate) password: String,
    /// The database made at start.
    pub(crate) database: String,
}

/// Where the engine listens: a Unix socket in a private directory, which asks for no password.
#[derive(Clone, Debug)]
pub(crate) struct EngineAddress {
    directory: PathBuf,
    port: u16,
}

impl EngineAddress {
    /// The socket's path; PostgreSQL puts the TCP port in its name.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.join(format!(".s.PGSQL.{}", self.port))
    }

    /// The socket is there before the server takes logins; it answers 57P03 until then.
    async fn wait_for_logins(&self) {
        while let Err(error) = self.connect(setup::SUPERUSER, "postgres").await {
            let code = error.downcast_ref().and_then(tokio_postgres::Error::code);
            if code.is_some_and(|code| *code != SqlState::CANNOT_CONNECT_NOW) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Connects for statements of the sandbox's own.
    pub(crate) async fn connect(&self, user: &str, database: &str) -> Result<Client> {
        let (client, connection) = Config::new()
            .host_path(&self.directory)
            .port(self.port)
            .user(user)
            .dbname(database)
            .connect(NoTls)
            .await
            .context("cannot log in to the engine")?;
        // It ends with the client; what it reports reaches the client's calls as well.
        tokio::spawn(connection);
        Ok(client)
    }
}

/// A running PostgreSQL; dropping it stops the server and removes the directory.
#[derive(Debug)]
pub(crate) struct Engine {
    // Before `directory`: the server must be gone when its files are removed.
    process: Process,
    directory: TempDir,
    address: EngineAddress,
    account: Account,
}

impl Engine {
    /// Makes a data folder, starts the server and waits until it accepts logins.
    pub(crate) async fn start(account: Account, deadline: Duration) -> Result<Self> {
        let directory = private_directory()?;
        // The directory travels with the launch: were this future dropped, both would still be cleared away in order.
        let launch = move || {
            Process::launch(directory.path(), deadline)
                .map(|(process, address)| (process, directory, address))
        };
        let (process, directory, address) = tokio::task::spawn_blocking(launch)
            .await
            .context("the thread that starts PostgreSQL ended early")??;
        let engine = Self { process, directory, address, account };
        let ready = async {
            engine.address.wait_for_logins().await;
            setup::prepare(&engine.address, &engine.account).await
        };
        let prepared =
            tokio::time::timeout(deadline, ready).await.context("PostgreSQL accepts no login in time");
        prepared.flatten().map_err(|error| anyhow!("{error:#}\n{}", engine.process.log_tail()))?;
        Ok(engine)
    }

    /// The directory that holds everything the sandbox writes.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where the front door finds the server.
    pub(crate) fn address(&self) -> &EngineAddress {
        &self.address
    }

    /// Turns true when the server process has ended on its own.
    pub(crate) fn exited(&self) -> watch::Receiver<bool> {
        self.process.exited()
    }

    /// A `postgresql://` URI for clients that load data past the front door.
    pub(crate) fn uri(&self) -> String {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let Account { user, password, database } = &self.account;
        format!(
            "postgresql://{}:{}@127.0.0.1:{}/{}",
            encode(user),
            encode(password),
            self.address.port,
            encode(database)
        )
    }
}

/// Others may pass through (the engine runs as another user, clients read the CA file), none may list or write.
fn private_directory() -> Result<TempDir> {
    let named = || tempfile::Builder::new().prefix("redshift-sandbox-").to_owned();
    let mut directory = named().tempdir().context("cannot make a temporary directory")?;
    if directory.path().as_os_str().len() > MAX_DIRECTORY_LENGTH {
        directory = named().tempdir_in("/tmp").context("cannot make a directory in /tmp")?;
    }
    fs::set_permissions(directory.path(), Permissions::from_mode(0o711))
        .context("cannot open the temporary directory to the engine's user")?;
    Ok(directory)
}

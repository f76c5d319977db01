//! A local stand-in for Amazon Redshift: a real PostgreSQL behind a front door that speaks Redshift's dialect.
//!
//! | module | owns |
//! |---|---|
//! | `engine` | a private PostgreSQL: found, started, made to look like a cluster's, stopped |
//! | `front_door` | the listener and the life of a connection |
//! | `startup`, `auth`, `parameters` | the first packets, the password exchange, the greeting |
//! | `proxy`, `pipeline`, `bind` | the session: messages both ways, what is under way |
//! | `row_description`, `catalog`, `conversion`, `numeric`, `interval`, `refusals`, `ddl`, `show`, `listagg` | what Redshift says otherwise, or not at all |
//! | `aws` | the AWS side: the services that issue logins, on a loopback HTTP endpoint of its own |
//! | `tls`, `cancel`, `latency`, `record` | certificates, cancel keys, a delay line, what tests may ask |
//! | `script` | a server of its own that plays given bytes, delays and resets, without an engine |
//!
//! It shares no code with the driver: a common codec would hide a mistake that both ends make.
//!
//! Where it differs from a cluster, knowingly:
//! - A computed NUMERIC carries no modifier (PostgreSQL does not derive one, Redshift does): it comes as text, and asking
//!   for it in binary is refused.
//! - Functions are PostgreSQL's, but for a few: AVG of a BIGINT is a NUMERIC, where Redshift truncates.
//! - A VARCHAR(n) that COPY past the front door fills counts characters, not bytes.
//! - SUPER is JSON text as it came: a bare literal is not made a JSON string, JSON_PARSE keeps white space, and there is
//!   no navigation into a value.
//! - VARBYTE takes the escapes of a bytea literal; GEOMETRY and GEOGRAPHY take any string of hexadecimal digits as EWKB;
//!   ST_GeomFromText reads points, lines and polygons of two dimensions. HLLSKETCH has no functions.
//! - `pg_attribute` calls both kinds of qualified INTERVAL `interval`; results have the types of their own. The sum of
//!   an interval's days and time must fit 64 bits of microseconds, and a qualified one hold nothing of the other kind:
//!   reading such a value ends the session.
//! - At version 1 and above, columns of a table made in a still open transaction come without their names and flags.
//! - A string of several statements is refused as a whole if Redshift lacks one of them.
//! - A session may hold several SQL cursors, where Redshift allows one.
//! - Primary and unique keys are enforced, where Redshift only takes note of them; foreign keys too.
//! - Distribution, sort keys and encodings are taken and forgotten. External tables and the datashare's are local ones.
//! - SVV_ALL_* tell of the current database and the datashare, not of other databases of the cluster.
//! - There is no UNLOAD, no COPY from S3, and no SHOW of functions, procedures and grants.

mod auth;
pub mod aws;
mod bind;
mod blocking;
mod cancel;
mod catalog;
mod conversion;
mod ddl;
mod engine;
mod front_door;
mod interval;
mod latency;
mod listagg;
mod messages;
mod numeric;
mod parameters;
mod pipeline;
mod proxy;
mod record;
mod refusals;
mod row_description;
pub mod script;
mod show;
mod startup;
mod tls;
mod upstream;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

pub use crate::auth::AuthMode;
pub use crate::blocking::BlockingSandbox;
pub use crate::record::{BindRecord, SessionRecord};

use crate::aws::{AwsConfig, AwsSide, Lives};
use crate::cancel::CancelKeys;
use crate::engine::{Account, Engine};
use crate::front_door::FrontDoor;
use crate::record::Recorder;

/// The name clients are told to connect to; the certificate has it.
const HOST: &str = "localhost";

/// Where the Serverless workgroup is reached: an address of its own, which needs no name service.
const SERVERLESS_HOST: &str = "127.0.0.2";

/// The highest protocol version the front door can speak.
const HIGHEST_PROTOCOL: u32 = 3;

/// What a path in a URI's query keeps, so that people can read it.
const URI_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Approve Identity Center logins without a click; off by default.
    pub approve_sso: bool,
    /// Which authentication is asked for; MD5 by default, as on Redshift.
    pub auth: AuthMode,
    /// The database made at start; `dev` by default.
    pub database: String,
    /// Delay of each direction; none by default.
    pub latency: Duration,
    /// The highest protocol version granted, 0 to 3; 2 by default.
    pub max_protocol: u32,
    /// The password; random by default. It guards nothing but this sandbox, and is printed.
    pub password: Option<String>,
    /// How long issued database passwords count; as long as was asked for by default.
    pub password_life: Option<Duration>,
    /// The TCP port on 127.0.0.1; 0, the default, takes a free one.
    pub port: u16,
    /// Refuse connections without TLS, as a cluster with `require_ssl` does; off by default.
    pub require_tls: bool,
    /// The ParameterStatus `show_discovery`; none by default, as on old clusters.
    pub show_discovery: Option<u32>,
    /// How long the engine may take to start; 60 s by default.
    pub start_deadline: Duration,
    /// The user; `awsuser` by default.
    pub user: String,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            approve_sso: false,
            auth: AuthMode::default(),
            database: "dev".into(),
            latency: Duration::ZERO,
            max_protocol: 2,
            password: None,
            password_life: None,
            port: 0,
            require_tls: false,
            show_discovery: None,
            start_deadline: Duration::from_secs(60),
            user: "awsuser".into(),
        }
    }
}

/// A running sandbox; dropping it ends its sessions, its engine and its files.
#[derive(Debug)]
pub struct Sandbox {
    accepting: Mutex<Vec<JoinHandle<()>>>,
    door: Arc<FrontDoor>,
    runtime: Handle,
    aws: AwsSide,
    engine: Engine,
    recorder: Recorder,
    database: String,
    user: String,
    password: String,
    port: u16,
    ca_file: PathBuf,
}

impl Sandbox {
    /// Starts an engine and a front door; must be called inside a tokio runtime, which then serves the connections.
    ///
    /// # Errors
    /// When no PostgreSQL is found, when it does not start in time, or when the port is taken.
    pub async fn start(config: SandboxConfig) -> Result<Self> {
        ensure!(config.max_protocol <= HIGHEST_PROTOCOL, "max_protocol goes from 0 to {HIGHEST_PROTOCOL}");
        ensure!(!config.user.is_empty() && !config.database.is_empty(), "user and database must have a name");
        let address = ("127.0.0.1", config.port);
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on 127.0.0.1:{}", config.port))?;
        let port = listener.local_addr()?.port();
        let serverless_listener = TcpListener::bind((SERVERLESS_HOST, 0))
            .await
            .with_context(|| format!("cannot listen on {SERVERLESS_HOST} for the Serverless workgroup"))?;
        let aws = AwsSide::start(AwsConfig {
            approve_sso: config.approve_sso,
            cluster_host: HOST.to_owned(),
            cluster_port: port,
            database: config.database.clone(),
            lives: Lives { database_credentials: config.password_life, ..Lives::default() },
            serverless_host: SERVERLESS_HOST.to_owned(),
            serverless_port: serverless_listener.local_addr()?.port(),
            ..AwsConfig::default()
        })?;

        let password = config.password.clone().unwrap_or_else(random_password);
        let (user, database) = (config.user.clone(), config.database.clone());
        let account = Account { user: user.clone(), password: password.clone(), database: database.clone() };
        let engine = Engine::start(account, config.start_deadline).await?;
        let (acceptor, ca_file) = tls::prepare(engine.directory())?;

        let recorder = Recorder::default();
        let door = FrontDoor {
            config,
            password: password.clone(),
            issued: aws.credentials(),
            acceptor,
            engine: engine.address().clone(),
            keys: CancelKeys::default(),
            recorder: recorder.clone(),
        };
        let door = Arc::new(door);
        let serve = |listener| tokio::spawn(Arc::clone(&door).serve(listener));
        let accepting = Mutex::new([listener, serverless_listener].map(serve).into());
        let runtime = Handle::current();
        Ok(Self { accepting, door, runtime, aws, engine, recorder, database, user, password, port, ca_file })
    }

    /// Starts a sandbox on a runtime thread of its own, for callers that have none.
    ///
    /// # Errors
    /// As [`Sandbox::start`].
    pub fn start_blocking(config: SandboxConfig) -> Result<BlockingSandbox> {
        BlockingSandbox::start(config)
    }

    /// The host name to connect to.
    pub fn host(&self) -> &str {
        HOST
    }

    /// The TCP port of the front door.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The database made at start.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The user that may log in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The user's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// A PEM file with the CA that signed the server's certificate.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// A `redshift://` URI that connects with full verification, without any other option.
    pub fn uri(&self) -> String {
        self.uri_of_port(self.port)
    }

    /// The same for a front door of its own before the same engine, which grants no higher protocol version than this.
    ///
    /// # Errors
    /// When there is no such version, or no free port.
    pub fn uri_at_protocol(&self, max_protocol: u32) -> Result<String> {
        ensure!(max_protocol <= HIGHEST_PROTOCOL, "protocol versions go from 0 to {HIGHEST_PROTOCOL}");
        let mut door = FrontDoor::clone(&self.door);
        door.config.max_protocol = max_protocol;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("cannot listen on 127.0.0.1")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let _inside = self.runtime.enter();
        let accepting = tokio::spawn(Arc::new(door).serve(TcpListener::from_std(listener)?));
        self.accepting().push(accepting);
        Ok(self.uri_of_port(port))
    }

    fn uri_of_port(&self, port: u16) -> String {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (user, password, database) = (encode(&self.user), encode(&self.password), encode(&self.database));
        let ca_file = utf8_percent_encode(&self.ca_file.to_string_lossy(), URI_PATH).to_string();
        format!("redshift://{user}:{password}@{HOST}:{port}/{database}?tls.root_cert={ca_file}")
    }

    fn accepting(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.accepting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A `postgresql://` URI of the engine itself, for loading data past the front door.
    pub fn postgres_uri(&self) -> String {
        self.engine.uri()
    }

    /// The AWS side: its endpoint, identities, profiles and faults.
    pub fn aws(&self) -> &AwsSide {
        &self.aws
    }

    /// What clients asked for so far, oldest session first.
    pub fn sessions(&self) -> Vec<SessionRecord> {
        self.recorder.sessions()
    }

    /// Waits until the engine ends on its own, which it should not.
    pub async fn engine_ended(&self) {
        // An error means that the thread that watches the engine is gone, and the engine with it.
        let _ = self.engine.exited().wait_for(|exited| *exited).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.accepting().iter().for_each(JoinHandle::abort);
    }
}

/// Fulfils Redshift's rules (a digit, both cases), and holds a character that a URI must escape.
fn random_password() -> String {
    format!("Sb1@{:032x}", rand::random::<u128>())
}

//! The listener, and the life of a connection from its first byte to its end.
//! Owns the order of things: opening, login here, login at the engine, greeting, session. The parts live elsewhere.
//! Invariant: nothing before the greeting can take longer than `STARTUP_DEADLINE`, and every refusal is sent.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::SandboxConfig;
use crate::aws::{CredentialStore, Target};
use crate::cancel::{CancelKeys, IssuedKey};
use crate::catalog::Catalog;
use crate::engine::{EngineAddress, setup};
use crate::latency::delayed;
use crate::messages::{ServerError, put_error_fields, put_message, put_ready};
use crate::parameters::Greeting;
use crate::proxy;
use crate::record::{Recorder, SessionRecord, SessionRecorder};
use crate::show;
use crate::startup::{Gate, Login, Opening, StartupMessage, Stream, open, put_authentication_ok, refuse};
use crate::upstream::{Upstream, login};

const STARTUP_DEADLINE: Duration = Duration::from_secs(60);

/// What all connections share.
#[derive(Clone)]
pub(crate) struct FrontDoor {
    pub(crate) config: SandboxConfig,
    pub(crate) password: String,
    /// The logins that the AWS side has issued.
    pub(crate) issued: Arc<CredentialStore>,
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) engine: EngineAddress,
    pub(crate) keys: CancelKeys,
    pub(crate) recorder: Recorder,
}

impl fmt::Debug for FrontDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrontDoor").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A session that may begin.
struct Admitted {
    client: Box<dyn Stream>,
    upstream: Upstream,
    startup: StartupMessage,
    protocol: u32,
    recorder: SessionRecorder,
    key: IssuedKey,
}

impl FrontDoor {
    /// Accepts connections for ever; dropping the future ends them all.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        connections.spawn(Arc::clone(&self).connection(stream, peer));
                    }
                    // The process is out of files, most likely; others may close some.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// A connection's failure is its own: the client saw it, or is gone.
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let Ok(Ok(Some(session))) =
            tokio::time::timeout(STARTUP_DEADLINE, self.start(stream, peer.ip())).await
        else {
            return;
        };
        let catalog = Catalog::new(self.engine.clone(), session.startup.user(), session.startup.database());
        let shows_catalogs = self.config.show_discovery.is_some_and(|level| level >= show::LEVEL);
        let Admitted { client, upstream, protocol, recorder, key, .. } = session;
        let _ = proxy::run(client, upstream, protocol, catalog, recorder, shows_catalogs).await;
        drop(key);
    }

    /// Everything up to the greeting; none when there is nothing to go on with.
    async fn start(&self, stream: TcpStream, peer: IpAddr) -> Result<Option<Admitted>> {
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match self.config.latency {
            Duration::ZERO => Box::new(stream),
            latency => Box::new(delayed(stream, latency)),
        };
        let (mut client, startup) = match open(stream, &self.acceptor).await? {
            Opening::Closed => return Ok(None),
            Opening::Cancel { stream, process_id, secret_key } => {
                self.keys.cancel(&self.engine.socket(), (process_id, secret_key)).await?;
                drop(stream);
                return Ok(None);
            }
            Opening::Session(client, startup) => (client, startup),
        };
        let granted = startup.asked_protocol().map(|asked| asked.min(self.config.max_protocol));
        let recorder = self.record(&startup, granted.unwrap_or(0));
        let gate = Gate {
            auth: self.config.auth,
            user: &self.config.user,
            password: &self.password,
            issued: &self.issued,
            require_tls: self.config.require_tls,
            peer,
        };
        let login = match gate.admit(&mut client, &startup).await? {
            Ok(login) => login,
            Err(error) => {
                refuse(&mut client, &error).await?;
                return Ok(None);
            }
        };
        let Some((startup, upstream)) = self.enter_engine(&mut client, startup, login).await? else {
            return Ok(None);
        };
        recorder.logged_in();
        let key = self.greet(&mut client, &upstream, &startup, granted).await?;
        Ok(Some(Admitted { client, upstream, startup, protocol: granted.unwrap_or(0), recorder, key }))
    }

    /// The session goes on as the database user behind an issued login; the engine gets that user when Redshift would
    /// make it.
    async fn as_database_user(&self, mut startup: StartupMessage, login: Login) -> Result<StartupMessage> {
        if let Login::Issued(issued) = login {
            // Users that stand for an IAM identity come into being with their first login, as on Serverless; others are
            // made only when AutoCreate asks for it.
            let stands_for_identity =
                issued.user.starts_with("IAMR:") || matches!(issued.target, Target::Workgroup(_));
            if issued.auto_create || stands_for_identity {
                setup::ensure_user(&self.engine, &issued.database_user, &self.config.user).await?;
            }
            startup.set_user(issued.database_user);
        }
        Ok(startup)
    }

    fn record(&self, startup: &StartupMessage, protocol: u32) -> SessionRecorder {
        let (parameters, tls) = (startup.parameters.clone(), startup.tls);
        self.recorder.begin(SessionRecord { parameters, tls, protocol, ..SessionRecord::default() })
    }

    /// Logs in to the engine as the database user; its refusal, such as an unknown database, is the client's.
    async fn enter_engine(
        &self,
        client: &mut Box<dyn Stream>,
        startup: StartupMessage,
        admitted: Login,
    ) -> Result<Option<(StartupMessage, Upstream)>> {
        let entered = async {
            let startup = self.as_database_user(startup, admitted).await?;
            let answer = login(&self.engine.socket(), &startup).await?;
            anyhow::Ok(answer.map(|upstream| (startup, upstream)))
        };
        match entered.await {
            Ok(Ok(entered)) => return Ok(Some(entered)),
            Ok(Err(body)) => refuse_with(client, &body).await?,
            Err(error) => {
                let words = format!("the sandbox's engine failed the login: {error:#}");
                refuse(client, &ServerError::new("57P03", words)).await?;
            }
        }
        Ok(None)
    }

    async fn greet(
        &self,
        client: &mut Box<dyn Stream>,
        upstream: &Upstream,
        startup: &StartupMessage,
        granted_protocol: Option<u32>,
    ) -> Result<IssuedKey> {
        let issued = self.keys.issue((upstream.process_id, upstream.secret_key));
        let (engine, show_discovery) = (&upstream.parameters, self.config.show_discovery);
        let mut out = BytesMut::new();
        put_authentication_ok(&mut out);
        Greeting { startup, engine, granted_protocol, show_discovery }.put(&mut out);
        put_message(&mut out, b'K', |body| {
            body.put_i32(issued.key.0);
            body.put_i32(issued.key.1);
        });
        put_ready(&mut out, b'I');
        client.write_all(&out).await?;
        client.flush().await?;
        Ok(issued)
    }
}

/// Passes on the engine's own FATAL error, in Redshift's form.
async fn refuse_with(client: &mut Box<dyn Stream>, body: &Bytes) -> Result<()> {
    let mut out = BytesMut::new();
    put_authentication_ok(&mut out);
    put_error_fields(&mut out, b'E', &proxy::old_fields(body)?);
    client.write_all(&out).await?;
    client.shutdown().await?;
    Ok(())
}

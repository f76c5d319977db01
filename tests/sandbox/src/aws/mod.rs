//! The AWS side of the sandbox: Amazon Redshift, Redshift Serverless, STS, SSO OIDC with its login pages and the
//! SSO portal, all on one loopback listener, so that one endpoint URL serves every client.
//!
//! It behaves as the public service models and error catalogues say: signatures are computed anew and compared,
//! codes and tokens expire and are used once, denials name the IAM action. It shares no code with the driver or
//! with an SDK, so that mistakes cannot cancel out. The invariant: whatever it does not know is an AWS-style
//! error at once, never a wait.

mod config;
mod credentials;
mod failure;
mod fault;
mod home;
mod http;
mod identity;
mod log;
mod login;
mod oidc;
mod pages;
mod portal;
mod random;
mod redshift;
mod route;
mod server;
mod serverless;
mod sigv4;
mod sso;
mod sts;
mod time;
mod world;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tempfile::TempDir;

pub use config::{AwsConfig, Lives};
pub use credentials::{CredentialStore, Issued, Target, Verdict};
pub use fault::Fault;
pub use log::Recorded;
pub use route::Service;
use server::{Server, Shared};
use world::World;

/// The running AWS side. Dropping it stops it and removes the home that it made.
pub struct AwsSide {
    shared: Shared,
    address: SocketAddr,
    config: AwsConfig,
    home: PathBuf,
    // Fields drop in order: the server stops before its files go.
    _server: Server,
    _temporary_home: Option<TempDir>,
}

impl AwsSide {
    /// Starts it on a free port.
    ///
    /// # Errors
    ///
    /// If the address is no loopback address or cannot be bound, or the home cannot be written.
    pub fn start(config: AwsConfig) -> anyhow::Result<Self> {
        anyhow::ensure!(config.bind.is_loopback(), "the AWS side serves loopback only, not {}", config.bind);
        let listener = TcpListener::bind((config.bind, 0))
            .with_context(|| format!("cannot listen on {} for the AWS side", config.bind))?;
        let address = listener.local_addr().context("the listener of the AWS side has no address")?;
        let temporary_home = match config.home {
            Some(_) => None,
            None => Some(TempDir::with_prefix("redshift-sandbox-home-").context("cannot make a home")?),
        };
        let home = config.home.clone().or_else(|| temporary_home.as_ref().map(|home| home.path().to_owned()));
        let home = home.unwrap_or_default();
        let world = World::new(config.clone(), address);
        home::write(&world, &home)
            .with_context(|| format!("cannot write the profiles in {}", home.display()))?;
        let shared = Shared::new(world);
        let server = Server::start(listener, shared.clone()).context("cannot start the AWS side")?;
        Ok(Self { shared, address, config, home, _server: server, _temporary_home: temporary_home })
    }

    /// The database credentials that it issues, for the front door to check.
    pub fn credentials(&self) -> Arc<CredentialStore> {
        Arc::clone(&self.config.credentials)
    }

    /// The URL of every service.
    pub fn aws_endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The region of the cluster and the workgroup.
    pub fn region(&self) -> &str {
        &self.config.region
    }

    /// The long-lived access key id.
    pub fn access_key_id(&self) -> String {
        self.shared.lock().identities.access_key_id.clone()
    }

    /// The long-lived secret.
    pub fn secret_access_key(&self) -> String {
        self.shared.lock().identities.secret_access_key()
    }

    /// The cluster.
    pub fn cluster_identifier(&self) -> &str {
        &self.config.cluster_identifier
    }

    /// The workgroup.
    pub fn workgroup(&self) -> &str {
        &self.config.workgroup
    }

    /// The host of the workgroup.
    pub fn serverless_host(&self) -> &str {
        &self.config.serverless_host
    }

    /// The port of the workgroup.
    pub fn serverless_port(&self) -> u16 {
        self.config.serverless_port
    }

    /// The start URL of Identity Center.
    pub fn sso_start_url(&self) -> String {
        self.shared.lock().start_url()
    }

    /// The region of Identity Center.
    pub fn sso_region(&self) -> &str {
        &self.config.sso_region
    }

    /// The account in which the person has a role.
    pub fn sso_account_id(&self) -> &str {
        &self.config.account_id
    }

    /// The permission set assigned to the person.
    pub fn sso_role_name(&self) -> &str {
        &self.config.sso_role_name
    }

    /// The private HOME with the profiles.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The user that IAM logins by the permission set have in the database.
    pub fn sso_database_user(&self) -> String {
        format!("IAMR:{}", portal::reserved_name(&self.config.sso_role_name))
    }

    /// The role that may be taken with `AssumeRole` and by web identity.
    pub fn role_arn(&self) -> String {
        sts::role_arn(&self.shared.lock())
    }

    /// The only web identity token that STS trusts.
    pub fn web_identity_token(&self) -> String {
        self.shared.lock().identities.web_identity_token.clone()
    }

    /// Temporary keys of the role, as the metadata services of a container or an instance answer them.
    pub fn workload_credentials(&self) -> String {
        sts::workload_credentials(&mut self.shared.lock())
    }

    /// Puts a fault in force.
    pub fn inject(&self, fault: Fault) {
        self.shared.lock().faults.add(fault);
    }

    /// Takes all faults out of force.
    pub fn clear_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// Lets policies allow these IAM actions only; `None` allows all again.
    pub fn allow_only(&self, actions: Option<&[&str]>) {
        let actions = actions.map(|actions| actions.iter().map(|action| (*action).to_owned()).collect());
        self.shared.lock().allowed_actions = actions;
    }

    /// Keeps an authentication profile, whose content is meant to be JSON.
    pub fn put_authentication_profile(&self, name: &str, content: &str) {
        self.shared.lock().authentication_profiles.insert(name.to_owned(), content.to_owned());
    }

    /// Approves logins without a click from now on, or no longer.
    pub fn approve_sso(&self, approve: bool) {
        self.shared.lock().config.approve_sso = approve;
    }

    /// Ends all sessions of Identity Center, as an administrator would.
    pub fn end_sso_sessions(&self) {
        self.shared.lock().sso.end_all_sessions();
    }

    /// Ends all client registrations.
    pub fn expire_registrations(&self) {
        self.shared.lock().sso.expire_registrations();
    }

    /// Ends all temporary AWS credentials.
    pub fn expire_role_sessions(&self) {
        self.shared.lock().identities.expire_sessions();
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().log.clone()
    }

    /// The requests of one operation so far.
    pub fn requests_of(&self, operation: &str) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| request.operation == operation).collect()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.lock().log.clear();
    }
}

impl fmt::Debug for AwsSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSide")
            .field("address", &self.address)
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

//! What a caller may choose about the AWS side: names, hosts, lives of what it issues.
//!
//! Owns `AwsConfig` and `Lives` with their defaults; holds no state of a running server. The invariant: the
//! defaults alone make a complete world, and they are traps for mix-ups (two regions, two accounts).

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::credentials::CredentialStore;

/// The world that an [`AwsSide`](super::AwsSide) serves.
#[derive(Clone, Debug)]
pub struct AwsConfig {
    /// The address to listen on; a loopback address. The port is always a free one.
    pub bind: IpAddr,
    /// The 12-digit account that owns the cluster, the workgroup, the user and the roles.
    pub account_id: String,
    /// The one region whose signatures are accepted.
    pub region: String,
    /// The identifier of the one provisioned cluster.
    pub cluster_identifier: String,
    /// The host that `DescribeClusters` answers.
    pub cluster_host: String,
    /// The port that `DescribeClusters` answers.
    pub cluster_port: u16,
    /// A custom domain name associated with the cluster.
    pub custom_domain_name: Option<String>,
    /// The name of the one Serverless workgroup.
    pub workgroup: String,
    /// The host that `GetWorkgroup` answers.
    pub serverless_host: String,
    /// The port that `GetWorkgroup` answers.
    pub serverless_port: u16,
    /// The database that both are said to hold.
    pub database: String,
    /// The region of IAM Identity Center. Not `region`, so that a client that confuses the two is caught.
    pub sso_region: String,
    /// The permission set assigned to the person in `account_id`.
    pub sso_role_name: String,
    /// Who signs in on the login page.
    pub sso_user: String,
    /// The password for the login page, which tells it: there is nothing to protect.
    pub sso_password: String,
    /// Approve device and PKCE logins without a click.
    pub approve_sso: bool,
    /// The directory to write `.aws` into; a temporary one if `None`.
    pub home: Option<PathBuf>,
    /// How long everything issued lives.
    pub lives: Lives,
    /// Where issued database credentials go: share it with the front door, which may start before or after.
    pub credentials: Arc<CredentialStore>,
}

/// How long everything issued lives. AWS's own values are the defaults; shorter ones serve expiry tests.
#[derive(Clone, Debug)]
pub struct Lives {
    /// Database credentials; `None` follows the request's duration (900 to 3600 s).
    pub database_credentials: Option<Duration>,
    /// Credentials of an Identity Center role.
    pub role_credentials: Duration,
    /// Credentials of `AssumeRole`; `None` follows the request's duration.
    pub assumed_role: Option<Duration>,
    /// Access tokens of Identity Center.
    pub sso_token: Duration,
    /// Client registrations.
    pub registration: Duration,
    /// Device codes, and the pages opened for a login.
    pub device_code: Duration,
    /// Authorization codes.
    pub authorization_code: Duration,
    /// The pause that device logins must keep between polls. AWS says 5 s; 1 s keeps demos and tests short.
    pub poll_interval: Duration,
}

impl Default for Lives {
    fn default() -> Self {
        Self {
            database_credentials: None,
            role_credentials: Duration::from_secs(3600),
            assumed_role: None,
            sso_token: Duration::from_secs(8 * 3600),
            registration: Duration::from_secs(90 * 24 * 3600),
            device_code: Duration::from_secs(600),
            authorization_code: Duration::from_secs(300),
            poll_interval: Duration::from_secs(1),
        }
    }
}

impl Default for AwsConfig {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            account_id: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            cluster_identifier: "sandbox-cluster".to_owned(),
            cluster_host: "localhost".to_owned(),
            cluster_port: 5439,
            custom_domain_name: None,
            workgroup: "sandbox-workgroup".to_owned(),
            serverless_host: "127.0.0.2".to_owned(),
            serverless_port: 5439,
            database: "dev".to_owned(),
            sso_region: "us-west-2".to_owned(),
            sso_role_name: "SandboxAnalyst".to_owned(),
            sso_user: "jane.doe".to_owned(),
            sso_password: "sandbox".to_owned(),
            approve_sso: false,
            home: None,
            lives: Lives::default(),
            credentials: Arc::default(),
        }
    }
}

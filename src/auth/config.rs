//! The settings of a login: plain typed values, as the option table hands them over.
//!
//! Owns the shapes and the defaults. It does not read files or variables and checks nothing (that is `check`).
//! Invariant: every secret is a [`Secret`], so `Debug` of a whole configuration is safe to show.

use std::path::PathBuf;
use std::time::Duration;

use crate::secret::Secret;

/// Everything the user said about how to log in and where to.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuthConfig {
    /// `adbc.redshift.auth.method`.
    pub(crate) method: Method,
    /// `username`: the database user.
    pub(crate) username: Option<String>,
    /// `password`: the database password.
    pub(crate) password: Option<Secret>,
    /// Options of group `aws`.
    pub(crate) aws: AwsConfig,
    /// Options of group `iam`.
    pub(crate) iam: IamConfig,
    /// Options of group `sso`.
    pub(crate) sso: SsoConfig,
    /// Options of group `target`.
    pub(crate) target: TargetConfig,
}

/// Which way to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Method {
    /// Decided by the options present.
    #[default]
    Auto,
    /// Temporary database credentials from AWS credentials.
    Iam,
    /// Database user and password.
    Password,
    /// As `Iam`, with AWS credentials from IAM Identity Center.
    Sso,
}

/// AWS credentials and how AWS is reached.
#[derive(Clone, Debug)]
pub(crate) struct AwsConfig {
    /// Region of the cluster or workgroup.
    pub(crate) region: Option<String>,
    /// Profile of the AWS configuration files.
    pub(crate) profile: Option<String>,
    /// Access key id, with its secret.
    pub(crate) access_key_id: Option<Secret>,
    /// Secret access key.
    pub(crate) secret_access_key: Option<Secret>,
    /// Session token of temporary keys.
    pub(crate) session_token: Option<Secret>,
    /// Where the credentials come from.
    pub(crate) credential_source: CredentialSource,
    /// Role to assume with the credentials found, or a comma list: a chain of roles.
    pub(crate) role_arn: Option<String>,
    /// External id that the roles ask for.
    pub(crate) role_external_id: Option<String>,
    /// Name of the sessions of assumed roles.
    pub(crate) role_session_name: String,
    /// Replaces `~/.aws/config`.
    pub(crate) config_file: Option<PathBuf>,
    /// Replaces `~/.aws/credentials`.
    pub(crate) credentials_file: Option<PathBuf>,
    /// Replaces the AWS endpoints, see `http::endpoint_url`.
    pub(crate) endpoint_url: Option<String>,
    /// Replaces the endpoint of AWS STS.
    pub(crate) sts_endpoint_url: Option<String>,
    /// Limit of one AWS call with its retries.
    pub(crate) timeout: Duration,
    /// Proxy for all AWS calls. It may hold a password.
    pub(crate) proxy_url: Option<Secret>,
}

impl Default for AwsConfig {
    fn default() -> Self {
        Self {
            region: None,
            profile: None,
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
            credential_source: CredentialSource::Auto,
            role_arn: None,
            role_external_id: None,
            role_session_name: "adbc-driver-redshift".into(),
            config_file: None,
            credentials_file: None,
            endpoint_url: None,
            sts_endpoint_url: None,
            timeout: Duration::from_secs(30),
            proxy_url: None,
        }
    }
}

/// Where AWS credentials come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CredentialSource {
    /// The first source that is there: keys, profile, then the default chain.
    #[default]
    Auto,
    /// The container's endpoint.
    Container,
    /// Variables of the process.
    Environment,
    /// Instance metadata.
    Instance,
    /// A profile.
    Profile,
    /// The access keys given.
    Static,
    /// A web identity token.
    WebIdentity,
}

/// What is asked of the credentials call.
#[derive(Clone, Debug, Default)]
pub(crate) struct IamConfig {
    /// Database groups to join for the session.
    pub(crate) db_groups: Vec<String>,
    /// Create the database user when it does not exist.
    pub(crate) auto_create: bool,
    /// Life of the database credentials, 900 to 3600; AWS takes 900 when absent.
    pub(crate) duration_seconds: Option<u32>,
    /// Which operation fetches the credentials.
    pub(crate) api: Api,
    /// More options are in an authentication profile of Redshift.
    pub(crate) has_auth_profile: bool,
    /// Fetch for every connection and keep nothing.
    pub(crate) no_cache: bool,
}

/// The operation that fetches database credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Api {
    /// By the target and by whether a database user is given.
    #[default]
    Auto,
    /// `GetClusterCredentials`.
    Cluster,
    /// `GetClusterCredentialsWithIAM`; of Serverless, whose one operation goes by the IAM identity too, that one.
    ClusterWithIam,
    /// Redshift Serverless `GetCredentials`.
    Serverless,
}

/// Identity Center settings.
#[derive(Clone, Debug)]
pub(crate) struct SsoConfig {
    /// Profile that holds `sso_*` settings.
    pub(crate) profile: Option<String>,
    /// Section that holds the portal's settings, without a profile.
    pub(crate) session: Option<String>,
    /// Start URL of the portal.
    pub(crate) start_url: Option<String>,
    /// Region of Identity Center (often not the cluster's).
    pub(crate) region: Option<String>,
    /// AWS account, 12 digits.
    pub(crate) account_id: Option<String>,
    /// Permission set (role) name.
    pub(crate) role_name: Option<String>,
    /// Scopes of the client's registration; those of the profile's session when empty.
    pub(crate) scopes: Vec<String>,
    /// How the person signs in.
    pub(crate) flow: Flow,
    /// Whether a browser is opened.
    pub(crate) open_browser: Toggle,
    /// How long to wait for the person.
    pub(crate) timeout: Duration,
    /// Port of the loopback redirect; 0 takes a free one.
    pub(crate) listen_port: u16,
    /// Where tokens are kept.
    pub(crate) token_cache: TokenCache,
    /// What the sign-in page calls the application.
    pub(crate) client_name: String,
}

impl Default for SsoConfig {
    fn default() -> Self {
        Self {
            profile: None,
            session: None,
            start_url: None,
            region: None,
            account_id: None,
            role_name: None,
            scopes: Vec::new(),
            flow: Flow::Auto,
            open_browser: Toggle::Auto,
            timeout: Duration::from_secs(600),
            listen_port: 0,
            token_cache: TokenCache::Shared,
            client_name: "adbc-driver-redshift".into(),
        }
    }
}

/// How a person signs in to Identity Center.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flow {
    /// PKCE where a browser can be opened, else device code.
    #[default]
    Auto,
    /// Never ask a person: a cached token or an error.
    CachedOnly,
    /// Device code: works without a browser on this machine.
    Device,
    /// Authorization code with PKCE over a loopback redirect.
    Pkce,
}

/// A boolean that may be left to the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Toggle {
    /// The driver decides.
    #[default]
    Auto,
    /// No.
    False,
    /// Yes.
    True,
}

/// Where Identity Center tokens are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TokenCache {
    /// In this process only.
    Memory,
    /// In `~/.aws/sso/cache`, shared with the AWS CLI.
    #[default]
    Shared,
}

/// The cluster or workgroup to log in to.
#[derive(Clone, Debug, Default)]
pub(crate) struct TargetConfig {
    /// Host name; empty means: ask AWS for the endpoint.
    pub(crate) host: Option<String>,
    /// Port, 5439 unless the endpoint says otherwise.
    pub(crate) port: Option<u16>,
    /// Database.
    pub(crate) database: Option<String>,
    /// Identifier of a provisioned cluster.
    pub(crate) cluster_identifier: Option<String>,
    /// Name of a Serverless workgroup.
    pub(crate) workgroup: Option<String>,
    /// Whether the target is Serverless.
    pub(crate) serverless: Toggle,
    /// AWS account of the workgroup.
    pub(crate) account_id: Option<String>,
    /// Custom domain name registered for the cluster or workgroup.
    pub(crate) custom_domain_name: Option<String>,
}

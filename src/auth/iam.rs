//! Temporary database credentials from AWS credentials, for clusters and workgroups.
//!
//! Decides target and operation, and caches the outcome. Who asks AWS, and in which region, is `access`'. Invariant: with a host given, only the credentials call is sent, so its permission is enough.

use std::time::SystemTime;

use aws_types::SdkConfig;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::api::{DatabaseCredentials, Endpoint, redshift, serverless};
use super::config::{Api, AuthConfig, Toggle};
use super::credential_cache::{self, Kept, Key};
use super::environment::Environment;
use super::error::Error;
use super::host::HostName;
use super::http::Service;
use super::sso::SsoProgress;
use super::{BoxFuture, CredentialProvider, Credentials};

/// The login by IAM, with AWS credentials of any source or of Identity Center.
#[derive(Debug)]
pub(super) struct IamProvider {
    access: Access,
    target: Target,
    key: Key,
}

/// What is logged in to, from options and host name together.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Cluster { identifier: Option<String>, custom_domain_name: Option<String> },
    Workgroup { name: Option<String>, custom_domain_name: Option<String> },
}

impl IamProvider {
    pub(super) fn new(config: AuthConfig, environment: Environment, by_sso: bool) -> Result<Self, Error> {
        let target = Target::new(&config)?;
        if config.iam.api == Api::Cluster && config.username.is_none() {
            return Err(Error::missing(
                "adbc.redshift.iam.api=cluster needs the database user: set username, or choose cluster_with_iam",
            ));
        }
        let key = cache_key(&config, &environment, by_sso);
        Ok(Self { access: Access::new(config, environment, by_sso), target, key })
    }

    async fn fetch(&self, cancel: &CancellationToken) -> Result<Kept, Error> {
        let service = match self.target {
            Target::Cluster { .. } => Service::Redshift,
            Target::Workgroup { .. } => Service::RedshiftServerless,
        };
        let (client, region) = self.access.client(service, cancel).await?;
        let now = SystemTime::now();
        let fetched = self.database_credentials(&client, &region);
        let (database, endpoint) = super::cancellable(cancel, fetched).await?;
        let credentials = Credentials {
            user: database.user,
            password: Some(database.password),
            host: endpoint.host,
            port: endpoint.port,
            expires_at: database.expires_at,
        };
        Ok(Kept::new(credentials, now))
    }

    async fn database_credentials(
        &self,
        client: &SdkConfig,
        region: &str,
    ) -> Result<(DatabaseCredentials, Endpoint), Error> {
        let config = &self.access.config;
        let database = config.target.database.as_deref();
        let duration = config.iam.duration_seconds.and_then(|seconds| i32::try_from(seconds).ok());
        match &self.target {
            Target::Cluster { identifier, custom_domain_name } => {
                let cluster = redshift::Cluster {
                    identifier: identifier.as_deref(),
                    custom_domain_name: custom_domain_name.as_deref(),
                    region,
                };
                let endpoint = match self.given_endpoint() {
                    Some(endpoint) => endpoint,
                    None => self.with_given_port(redshift::endpoint(client, &cluster).await?),
                };
                let credentials = match self.cluster_user() {
                    Some(user) => {
                        let iam = &config.iam;
                        let (groups, auto_create) = (iam.db_groups.as_slice(), iam.auto_create);
                        let request = redshift::Request {
                            user,
                            database,
                            groups,
                            auto_create,
                            duration_seconds: duration,
                        };
                        redshift::credentials(client, &cluster, &request).await?
                    }
                    None => redshift::credentials_with_iam(client, &cluster, database, duration).await?,
                };
                Ok((credentials, endpoint))
            }
            Target::Workgroup { name, custom_domain_name } => {
                let workgroup = serverless::Workgroup {
                    name: name.as_deref(),
                    custom_domain_name: custom_domain_name.as_deref(),
                    region,
                };
                let endpoint = match self.given_endpoint() {
                    Some(endpoint) => endpoint,
                    None => self.with_given_port(serverless::endpoint(client, &workgroup).await?),
                };
                let credentials = serverless::credentials(client, &workgroup, database, duration).await?;
                Ok((credentials, endpoint))
            }
        }
    }

    /// The user to ask `GetClusterCredentials` for; `None` asks by IAM identity.
    fn cluster_user(&self) -> Option<&str> {
        match self.access.config.iam.api {
            Api::ClusterWithIam => None,
            _ => self.access.config.username.as_deref(),
        }
    }

    fn given_endpoint(&self) -> Option<Endpoint> {
        let host = self.access.config.target.host.clone()?;
        Some(Endpoint { host, port: self.access.config.target.port.unwrap_or(5439) })
    }

    fn with_given_port(&self, found: Endpoint) -> Endpoint {
        Endpoint { port: self.access.config.target.port.unwrap_or(found.port), ..found }
    }
}

impl CredentialProvider for IamProvider {
    fn credentials<'a>(&'a self, cancel: &'a CancellationToken) -> BoxFuture<'a, Result<Credentials, Error>> {
        Box::pin(async move {
            if self.access.config.iam.no_cache {
                return Ok(self.fetch(cancel).await?.credentials);
            }
            let entry = credential_cache::entry(self.key);
            let usable = |kept: &Kept| kept.is_fresh(SystemTime::now());
            Ok(entry.load(cancel, usable, |_| self.fetch(cancel)).await?.credentials)
        })
    }

    fn requires_tls(&self) -> bool {
        true
    }

    fn rejected(&self, credentials: &Credentials) -> bool {
        let same = |kept: &Kept| {
            let text = |password: &Option<crate::secret::Secret>| {
                password.as_ref().map(|password| password.expose().to_owned())
            };
            text(&kept.credentials.password) == text(&credentials.password)
        };
        credential_cache::entry(self.key).forget(same);
        true
    }

    fn progress(&self) -> Option<SsoProgress> {
        self.access.progress()
    }
}

impl Target {
    fn new(config: &AuthConfig) -> Result<Self, Error> {
        let target = &config.target;
        let host = target.host.as_deref().map_or(HostName::Other, HostName::parse);
        contradictions(config, &host)?;
        let custom_domain_name = target.custom_domain_name.clone();
        if is_serverless(config, &host) {
            Self::workgroup(config, host, custom_domain_name)
        } else {
            Self::cluster(config, host, custom_domain_name)
        }
    }

    fn workgroup(
        config: &AuthConfig,
        host: HostName,
        custom_domain_name: Option<String>,
    ) -> Result<Self, Error> {
        let from_host = match host {
            HostName::Workgroup { workgroup, .. } => workgroup,
            _ => None,
        };
        let target = &config.target;
        // People type the workgroup into the cluster field when the Serverless toggle is on.
        let given = target.workgroup.clone().or_else(|| target.cluster_identifier.clone());
        let name = given.or(from_host);
        if name.is_none() && (custom_domain_name.is_none() || target.host.is_none()) {
            return Err(Error::missing(
                "a Serverless login needs the workgroup: set adbc.redshift.target.workgroup (the host name does not \
                 say it)",
            ));
        }
        Ok(Self::Workgroup { name, custom_domain_name })
    }

    fn cluster(
        config: &AuthConfig,
        host: HostName,
        custom_domain_name: Option<String>,
    ) -> Result<Self, Error> {
        let from_host = match host {
            HostName::Cluster { cluster_identifier, .. } => Some(cluster_identifier),
            _ => None,
        };
        let identifier = config.target.cluster_identifier.clone().or(from_host);
        if identifier.is_none() && (custom_domain_name.is_none() || config.target.host.is_none()) {
            return Err(Error::missing(
                "a login by IAM or SSO needs the target: set adbc.redshift.target.cluster_identifier, or \
                 adbc.redshift.target.workgroup for Serverless (the host name does not say it)",
            ));
        }
        Ok(Self::Cluster { identifier, custom_domain_name })
    }
}

fn is_serverless(config: &AuthConfig, host: &HostName) -> bool {
    let target = &config.target;
    match (target.serverless, config.iam.api) {
        (Toggle::True, _) | (_, Api::Serverless) => true,
        (Toggle::False, _) | (_, Api::Cluster) => false,
        // The drivers that group federation is named after ignore it where the target is Serverless.
        (Toggle::Auto, Api::Auto | Api::ClusterWithIam) => {
            target.workgroup.is_some()
                || (target.cluster_identifier.is_none() && matches!(host, HostName::Workgroup { .. }))
        }
    }
}

fn contradictions(config: &AuthConfig, host: &HostName) -> Result<(), Error> {
    let (target, api) = (&config.target, config.iam.api);
    let serverless = is_serverless(config, host);
    if serverless && api == Api::Cluster {
        return Err(Error::invalid(
            "adbc.redshift.iam.api is cluster but the target is Serverless: set it to auto or serverless",
        ));
    }
    if !serverless && target.workgroup.is_some() {
        return Err(Error::invalid(
            "adbc.redshift.target.workgroup is given but adbc.redshift.iam.api names a cluster operation",
        ));
    }
    if target.serverless == Toggle::False && api == Api::Serverless {
        return Err(Error::invalid(
            "adbc.redshift.target.serverless is false but adbc.redshift.iam.api is serverless",
        ));
    }
    let clash = match host {
        HostName::Cluster { .. } => {
            serverless.then_some("a provisioned cluster, but the options ask for Serverless")
        }
        HostName::Workgroup { .. } => {
            (!serverless).then_some("a Serverless workgroup, but the options ask for a cluster")
        }
        HostName::Other => None,
    };
    match clash {
        Some(clash) => Err(Error::invalid(format!(
            "the host name is that of {clash}: correct adbc.redshift.target.serverless, workgroup, \
             cluster_identifier or host"
        ))),
        None => Ok(()),
    }
}

/// Everything that decides which credentials come back: who asks, for whom, where, and as what.
fn cache_key(config: &AuthConfig, environment: &Environment, by_sso: bool) -> Key {
    let (aws, sso) = (&config.aws, &config.sso);
    let (target, iam) = (&config.target, &config.iam);
    // Debug redacts secrets and is exact about all else; the secrets follow.
    let shown = format!(
        "{by_sso} {target:?} {iam:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        config.username,
        aws.region,
        aws.profile,
        aws.role_arn,
        aws.role_external_id,
        aws.role_session_name,
        aws.config_file,
        aws.credentials_file,
        aws.endpoint_url,
        aws.sts_endpoint_url,
        aws.credential_source,
        sso.profile,
        sso.session,
        sso.start_url,
        sso.region,
        sso.account_id,
        sso.role_name,
    );
    let secrets = [&aws.access_key_id, &aws.secret_access_key, &aws.session_token];
    let secrets = secrets.map(|secret| secret.as_ref().map(crate::secret::Secret::expose));
    let variables = [
        "HOME",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_REDSHIFT",
        "AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS",
    ]
    .map(|name| environment.variable(name));
    let parts =
        [Some(shown.as_str())].into_iter().chain(secrets).chain(variables.iter().map(Option::as_deref));
    Key::new(parts)
}

//! Access to AWS for one login: a client with the credentials of who logs in, in the region that is meant.
//!
//! How AWS credentials come about is `chain`'s and `sso`'s; what is asked with them is the caller's. Invariant: the
//! region is never that of Identity Center, and it had the form of one before it became part of a host name.

use aws_types::SdkConfig;
use tokio_util::sync::CancellationToken;

use super::chain::{Chain, profile_name};
use super::check;
use super::config::AuthConfig;
use super::environment::Environment;
use super::error::Error;
use super::host::HostName;
use super::http::{self, Service};
use super::profile::Profiles;
use super::sso::{Sso, SsoProgress};

/// Who asks AWS.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) config: AuthConfig,
    environment: Environment,
    sso: Sso,
    by_sso: bool,
}

impl Access {
    pub(super) fn new(config: AuthConfig, environment: Environment, by_sso: bool) -> Self {
        let sso = Sso::new(&config, environment.clone());
        Self { config, environment, sso, by_sso }
    }

    /// What the person who signs in needs to know.
    pub(super) fn progress(&self) -> Option<SsoProgress> {
        self.sso.progress()
    }

    /// A client of the service, and its region. May take as long as a person needs to sign in.
    pub(super) async fn client(
        &self,
        service: Service,
        cancel: &CancellationToken,
    ) -> Result<(SdkConfig, String), Error> {
        let (config, environment, sso) = (&self.config, &self.environment, &self.sso);
        let name = profile_name(config, environment);
        let profiles = &Profiles::load(&config.aws, environment, Some(&name)).await?;
        if let Some(named) = &config.aws.profile {
            // Said before a region that the missing profile would have given.
            profiles.profile("adbc.redshift.aws.profile", named)?;
        }
        let region = self.region(profiles, &name)?;
        let chain = Chain { config, environment, profiles, sso, region: &region, cancel };
        let credentials = if self.by_sso {
            chain.sso_credentials(&sso.identity(profiles)?).await?
        } else {
            chain.iam_credentials().await?
        };
        let builder = http::client_config(&config.aws, environment, profiles, service, &region)?;
        Ok((http::signed(builder, credentials), region))
    }

    /// Option, host name, profile, environment; never the region of Identity Center.
    fn region(&self, profiles: &Profiles, profile: &str) -> Result<String, Error> {
        let host = self.config.target.host.as_deref().map_or(HostName::Other, HostName::parse);
        let region = self
            .config
            .aws
            .region
            .clone()
            .or_else(|| host.region().map(str::to_owned))
            .or_else(|| profiles.region(profile).map(str::to_owned))
            .or_else(|| self.environment.variable("AWS_REGION"))
            .or_else(|| self.environment.variable("AWS_DEFAULT_REGION"));
        let Some(region) = region else {
            return Err(Error::missing(
                "the region of the cluster is not known: set adbc.redshift.aws.region (neither the host name, the \
                 profile, nor AWS_REGION says it)",
            ));
        };
        check::region("the region", Some(&region))?;
        Ok(region)
    }
}

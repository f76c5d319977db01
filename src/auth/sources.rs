//! AWS credentials from outside profiles: variables, web identity, the container, the instance.
//!
//! Which of them apply is decided by what is set up, before any is asked: a source that is set up and fails is never
//! silently replaced by the next. Invariant: the metadata addresses are reached directly, never through a proxy.

use std::path::PathBuf;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_sdk_sts::config::{Region, SharedAsyncSleep};
use aws_smithy_async::rt::sleep::TokioSleep;

use super::api::Failure;
use super::cancellable;
use super::chain::Chain;
use super::error::{Error, ErrorKind};
use super::http::{self, Service};

/// A place that hands out AWS credentials to whoever runs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Container,
    Environment,
    Instance,
}

/// A role assumed with a token from a file instead of AWS credentials.
#[derive(Debug)]
pub(super) struct WebIdentity {
    pub(super) token_file: PathBuf,
    pub(super) role_arn: String,
    pub(super) session_name: Option<String>,
}

impl Source {
    /// The source that a profile's `credential_source` names.
    pub(super) fn named(text: &str) -> Result<Self, Error> {
        match text {
            "Ec2InstanceMetadata" => Ok(Self::Instance),
            "EcsContainer" => Ok(Self::Container),
            "Environment" => Ok(Self::Environment),
            _ => Err(Error::invalid(format!(
                "credential_source is {text:?}; expected Environment, Ec2InstanceMetadata or EcsContainer"
            ))),
        }
    }
}

impl Chain<'_> {
    /// The first source that is set up, in the order of all AWS tools; the instance is asked last, as it may not exist.
    pub(super) async fn default_source(&self) -> Result<Credentials, Error> {
        let is_set = |name| self.environment.variable(name).is_some();
        if is_set("AWS_ACCESS_KEY_ID") {
            self.ask_source(Source::Environment).await
        } else if is_set("AWS_WEB_IDENTITY_TOKEN_FILE") {
            self.web_identity_of_environment().await
        } else if is_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
            || is_set("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        {
            self.ask_source(Source::Container).await
        } else {
            self.ask_source(Source::Instance).await.map_err(nothing_found)
        }
    }

    pub(super) async fn ask_source(&self, source: Source) -> Result<Credentials, Error> {
        match source {
            Source::Container => {
                let provider = EcsCredentialsProvider::builder().configure(&self.direct_config()).build();
                self.provide(&provider, "the container").await
            }
            Source::Environment => self.variables(),
            Source::Instance => self.instance().await,
        }
    }

    fn variables(&self) -> Result<Credentials, Error> {
        let need = |name: &str| {
            self.environment.variable(name).ok_or_else(|| {
                Error::missing(format!("AWS credentials from the environment need {name}, which is not set"))
            })
        };
        let (id, secret) = (need("AWS_ACCESS_KEY_ID")?, need("AWS_SECRET_ACCESS_KEY")?);
        Ok(Credentials::new(id, secret, self.environment.variable("AWS_SESSION_TOKEN"), None, "environment"))
    }

    async fn instance(&self) -> Result<Credentials, Error> {
        if self.environment.flag("AWS_EC2_METADATA_DISABLED") {
            return Err(Error::missing(
                "AWS credentials of the instance are not asked for, as AWS_EC2_METADATA_DISABLED says",
            ));
        }
        let mut client = imds::Client::builder().configure(&self.direct_config());
        if let Some(url) = self.environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
            client = client.endpoint(url).map_err(|cause| {
                Error::invalid("AWS_EC2_METADATA_SERVICE_ENDPOINT is not a URL").with_cause(cause)
            })?;
        }
        let provider = ImdsCredentialsProvider::builder().imds_client(client.build()).build();
        self.provide(&provider, "instance metadata").await
    }

    pub(super) async fn web_identity_of_environment(&self) -> Result<Credentials, Error> {
        let need = |name: &str| {
            self.environment.variable(name).ok_or_else(|| {
                Error::missing(format!("AWS credentials from web identity need {name}, which is not set"))
            })
        };
        let identity = WebIdentity {
            token_file: need("AWS_WEB_IDENTITY_TOKEN_FILE")?.into(),
            role_arn: need("AWS_ROLE_ARN")?,
            session_name: self.environment.variable("AWS_ROLE_SESSION_NAME"),
        };
        self.web_identity(&identity).await
    }

    pub(super) async fn web_identity(&self, identity: &WebIdentity) -> Result<Credentials, Error> {
        let action = format!("sts:AssumeRoleWithWebIdentity on {}", identity.role_arn);
        let token = std::fs::read_to_string(&identity.token_file).map_err(|cause| {
            let file = identity.token_file.display();
            Error::invalid(format!("the web identity token file {file} cannot be read: {cause}"))
                .with_cause(cause)
        })?;
        let (aws, environment) = (&self.config.aws, self.environment);
        let builder = http::client_config(aws, environment, self.profiles, Service::Sts, self.region)?;
        let call = aws_sdk_sts::Client::new(&builder.build())
            .assume_role_with_web_identity()
            .role_arn(&identity.role_arn)
            .role_session_name(identity.session_name.as_deref().unwrap_or(&aws.role_session_name))
            .web_identity_token(token.trim())
            .send();
        let answer = cancellable(self.cancel, async {
            call.await.map_err(|error| not_assumed(Failure::new(&error), &action))
        })
        .await?;
        let given = answer
            .credentials
            .ok_or_else(|| Error::unavailable(format!("{action} answered without credentials; try again")))?;
        let expires_at = given.expiration.try_into().ok();
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            expires_at,
            "web identity",
        ))
    }

    /// For the metadata services.
    fn direct_config(&self) -> ProviderConfig {
        ProviderConfig::empty()
            .with_region(Some(Region::new(self.region.to_owned())))
            .with_http_client(http::direct_client())
            .with_sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .with_timeout_config(http::time_limits(&self.config.aws))
    }
}

fn nothing_found(cause: Error) -> Error {
    if cause.kind() == ErrorKind::Cancelled {
        return cause;
    }
    Error::new(
        ErrorKind::Rejected,
        "no AWS credentials were found in the environment, the profile \"default\", web identity, container or instance \
         metadata: set adbc.redshift.aws.profile or adbc.redshift.aws.access_key_id, or use SSO",
    )
    .with_cause(cause)
}

fn not_assumed(failure: Failure, action: &str) -> Error {
    match failure.code() {
        "InvalidIdentityToken" | "IDPRejectedClaim" | "ExpiredToken" => failure.error(
            ErrorKind::Rejected,
            action,
            "renew the web identity token, and check that the role trusts its issuer",
        ),
        _ => failure.into_error(action),
    }
}

//! How AWS is reached: one HTTP client with rustls and ring, proxies, time limits, endpoint overrides.
//!
//! It does not know operations. Invariant: an endpoint that does not come from the SDK's own rules is https, or http
//! on a literal loopback address.

use std::sync::OnceLock;

use aws_runtime::env_config::EnvConfigValue;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{
    BehaviorVersion, Region, SharedAsyncSleep, SharedCredentialsProvider, SharedHttpClient,
};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_types::SdkConfig;
use aws_types::sdk_config::Builder as SdkConfigBuilder;
use url::Url;

use super::check;
use super::config::AwsConfig;
use super::environment::Environment;
use super::error::Error;
use super::profile::Profiles;

/// The services that a login may call, by the id that endpoint variables are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Redshift,
    RedshiftServerless,
    Sso,
    SsoOidc,
    Sts,
}

impl Service {
    fn id(self) -> &'static str {
        match self {
            Self::Redshift => "Redshift",
            Self::RedshiftServerless => "Redshift Serverless",
            Self::Sso => "SSO",
            Self::SsoOidc => "SSO OIDC",
            Self::Sts => "STS",
        }
    }

    fn is_redshift(self) -> bool {
        matches!(self, Self::Redshift | Self::RedshiftServerless)
    }
}

/// The configuration of a client of `service`, without credentials.
pub(super) fn client_config(
    aws: &AwsConfig,
    environment: &Environment,
    profiles: &Profiles,
    service: Service,
    region: &str,
) -> Result<SdkConfigBuilder, Error> {
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(client(aws)?)
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(retries(environment))
        .timeout_config(time_limits(aws))
        .use_fips(environment.flag("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(environment.flag("AWS_USE_DUALSTACK_ENDPOINT"));
    builder.set_endpoint_url(endpoint_url(aws, environment, profiles, service)?);
    Ok(builder)
}

/// Adds credentials to a configuration.
pub(super) fn signed(builder: SdkConfigBuilder, credentials: aws_credential_types::Credentials) -> SdkConfig {
    builder.credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

pub(super) fn time_limits(aws: &AwsConfig) -> TimeoutConfig {
    TimeoutConfig::builder().operation_timeout(aws.timeout).connect_timeout(aws.timeout).build()
}

fn retries(environment: &Environment) -> RetryConfig {
    let attempts =
        environment.variable("AWS_MAX_ATTEMPTS").and_then(|text| text.parse().ok()).filter(|n| *n > 0);
    RetryConfig::standard().with_max_attempts(attempts.unwrap_or(3))
}

/// The endpoint that replaces the SDK's: the options, then the variables and profile entries the SDKs know.
///
/// `endpoint_url` covers every service, as `AWS_ENDPOINT_URL` does; but an interface endpoint of AWS itself (a host of
/// `amazonaws.com`, as the JDBC driver's `EndpointUrl` usually is) answers for Redshift alone.
pub(super) fn endpoint_url(
    aws: &AwsConfig,
    environment: &Environment,
    profiles: &Profiles,
    service: Service,
) -> Result<Option<String>, Error> {
    if let (Some(url), Service::Sts) = (&aws.sts_endpoint_url, service) {
        return Ok(Some(url.clone()));
    }
    if let Some(url) = &aws.endpoint_url
        && (service.is_redshift() || !is_aws_host(url))
    {
        return Ok(Some(url.clone()));
    }
    if environment.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        return Ok(None);
    }
    let variables = environment.for_aws();
    let found = EnvConfigValue::new()
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .service_id(service.id())
        .validate(&variables, Some(profiles.sections()), |text| {
            Ok::<_, std::convert::Infallible>(text.to_owned())
        })
        .unwrap_or_default();
    check::url("the endpoint URL of the environment or profile", found.as_deref())?;
    Ok(found)
}

fn is_aws_host(url: &str) -> bool {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}

/// The HTTP client. Without a proxy of its own it is shared, so that connections to AWS are reused.
pub(super) fn client(aws: &AwsConfig) -> Result<SharedHttpClient, Error> {
    static SHARED: OnceLock<SharedHttpClient> = OnceLock::new();
    match &aws.proxy_url {
        None => Ok(SHARED.get_or_init(|| build(ProxyConfig::from_env())).clone()),
        Some(url) => {
            // The cause may quote the URL, and with it a password.
            let proxy = ProxyConfig::all(url.expose())
                .map_err(|_| Error::invalid("adbc.redshift.aws.proxy_url is not a usable proxy URL"))?;
            Ok(build(proxy.no_proxy(no_proxy())))
        }
    }
}

/// For addresses of this machine and its host, which no proxy could reach.
pub(super) fn direct_client() -> SharedHttpClient {
    static DIRECT: OnceLock<SharedHttpClient> = OnceLock::new();
    DIRECT.get_or_init(|| build(ProxyConfig::disabled())).clone()
}

fn no_proxy() -> String {
    std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).unwrap_or_default()
}

fn build(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder().proxy_config(proxy.clone());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.tls_provider(Provider::rustls(CryptoMode::Ring)).build()
    })
}

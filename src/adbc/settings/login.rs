//! Turns the options of a login into what `auth` takes. Checks no more than the texts themselves: what fits together
//! and what is missing, `auth` knows.

use adbc_core::error::{Error, Result, Status};
use url::{Host, Url};

use super::{Options, names};
use crate::adbc::options;
use crate::adbc::store::OptionStore;
use crate::auth::{
    Api, AuthConfig, AwsConfig, CredentialSource, Flow, IamConfig, Method, SsoConfig, TargetConfig, Toggle,
    TokenCache,
};
use crate::secret::Secret;

/// The options that name a proxy in parts.
const PROXY_PARTS: [&str; 4] = [
    options::AWS_PROXY_HOST,
    options::AWS_PROXY_PORT,
    options::AWS_PROXY_USERNAME,
    options::AWS_PROXY_PASSWORD,
];

/// How to log in, and where to.
pub(in crate::adbc) fn auth(stores: &[&OptionStore]) -> Result<AuthConfig> {
    let options = Options(stores);
    let method = match options.text(options::AUTH_METHOD)?.as_str() {
        "iam" => Method::Iam,
        "password" => Method::Password,
        "sso" => Method::Sso,
        _ => Method::Auto,
    };
    let password = options.secret(options::PASSWORD);
    let mut aws = options.aws()?;
    if method == Method::Iam && aws.access_key_id.is_some() && aws.secret_access_key.is_none() {
        // The JDBC and Python drivers take the secret in the field of the password too.
        aws.secret_access_key = password.clone();
    }
    Ok(AuthConfig {
        method,
        username: options.optional(options::USERNAME),
        password,
        aws,
        iam: options.iam()?,
        sso: options.sso()?,
        target: options.target()?,
    })
}

/// The authentication profile to take more options from.
pub(in crate::adbc) fn auth_profile(stores: &[&OptionStore]) -> Option<String> {
    Options(stores).optional(options::IAM_AUTH_PROFILE)
}

impl Options<'_> {
    fn aws(&self) -> Result<AwsConfig> {
        Ok(AwsConfig {
            region: self.optional(options::AWS_REGION),
            profile: self.optional(options::AWS_PROFILE),
            access_key_id: self.secret(options::AWS_ACCESS_KEY_ID),
            secret_access_key: self.secret(options::AWS_SECRET_ACCESS_KEY),
            session_token: self.secret(options::AWS_SESSION_TOKEN),
            credential_source: match self.text(options::AWS_CREDENTIAL_SOURCE)?.as_str() {
                "ecs" => CredentialSource::Container,
                "env" => CredentialSource::Environment,
                "imds" => CredentialSource::Instance,
                "profile" => CredentialSource::Profile,
                "static" => CredentialSource::Static,
                "web_identity" => CredentialSource::WebIdentity,
                _ => CredentialSource::Auto,
            },
            role_arn: self.optional(options::AWS_ROLE_ARN),
            role_external_id: self.optional(options::AWS_ROLE_EXTERNAL_ID),
            role_session_name: self.text(options::AWS_ROLE_SESSION_NAME)?,
            config_file: self.path(options::AWS_CONFIG_FILE),
            credentials_file: self.path(options::AWS_CREDENTIALS_FILE),
            endpoint_url: self.optional(options::AWS_ENDPOINT_URL),
            sts_endpoint_url: self.optional(options::AWS_STS_ENDPOINT_URL),
            timeout: self.seconds(options::AWS_TIMEOUT)?,
            proxy_url: self.proxy_url()?,
        })
    }

    /// The proxy, given in one piece or in parts.
    fn proxy_url(&self) -> Result<Option<Secret>> {
        let whole = self.secret(options::AWS_PROXY_URL);
        let Some(part) = PROXY_PARTS.iter().find(|key| self.secret(key).is_some()) else { return Ok(whole) };
        if whole.is_some() {
            return Err(invalid(format!(
                "options '{}' and '{part}' both name a proxy; set one of them",
                options::AWS_PROXY_URL
            )));
        }
        let text = |key: &str| {
            let missing =
                || invalid(format!("option '{part}' names a part of a proxy, but '{key}' is not set"));
            self.optional(key).ok_or_else(missing)
        };
        let (host, port) = (text(options::AWS_PROXY_HOST)?, text(options::AWS_PROXY_PORT)?);
        let password = self.secret(options::AWS_PROXY_PASSWORD);
        let user = match &password {
            Some(_) => Some(text(options::AWS_PROXY_USERNAME)?),
            None => self.optional(options::AWS_PROXY_USERNAME),
        };
        composed_proxy(&host, &port, user.as_deref().unwrap_or_default(), password.as_ref())
            .map(Some)
            .ok_or_else(|| {
                let key = options::AWS_PROXY_HOST;
                invalid(format!(
                    "option '{key}' takes a host name or an IP address, without 'http://' and port"
                ))
            })
    }

    fn iam(&self) -> Result<IamConfig> {
        let groups = self.optional(options::IAM_DB_GROUPS).unwrap_or_default();
        let lowercase = self.is_on(options::IAM_FORCE_LOWERCASE)?;
        Ok(IamConfig {
            db_groups: names(&if lowercase { groups.to_lowercase() } else { groups }),
            auto_create: self.is_on(options::IAM_AUTO_CREATE)?,
            duration_seconds: self.set_number(options::IAM_DURATION)?,
            api: match self.text(options::IAM_API)?.as_str() {
                "cluster" => Api::Cluster,
                "cluster_with_iam" => Api::ClusterWithIam,
                "serverless" => Api::Serverless,
                _ => Api::Auto,
            },
            has_auth_profile: self.optional(options::IAM_AUTH_PROFILE).is_some(),
            no_cache: self.text(options::CACHE_MODE)? == "off",
        })
    }

    fn sso(&self) -> Result<SsoConfig> {
        Ok(SsoConfig {
            profile: self.optional(options::SSO_PROFILE),
            session: self.optional(options::SSO_SESSION),
            start_url: self.optional(options::SSO_START_URL),
            region: self.optional(options::SSO_REGION),
            account_id: self.optional(options::SSO_ACCOUNT_ID),
            role_name: self.optional(options::SSO_ROLE_NAME),
            scopes: self.optional(options::SSO_SCOPES).map(|text| names(&text)).unwrap_or_default(),
            flow: match self.text(options::SSO_FLOW)?.as_str() {
                "pkce" => Flow::Pkce,
                "device" => Flow::Device,
                "cached_only" => Flow::CachedOnly,
                _ => Flow::Auto,
            },
            open_browser: self.toggle(options::SSO_OPEN_BROWSER)?,
            timeout: self.seconds(options::SSO_TIMEOUT)?,
            listen_port: self.number(options::SSO_LISTEN_PORT)?,
            token_cache: match self.text(options::SSO_TOKEN_CACHE)?.as_str() {
                "memory" => TokenCache::Memory,
                _ => TokenCache::Shared,
            },
            client_name: self.text(options::SSO_CLIENT_NAME)?,
        })
    }

    fn target(&self) -> Result<TargetConfig> {
        Ok(TargetConfig {
            host: self.optional(options::HOST),
            port: self.set_number(options::PORT)?,
            database: self.optional(options::DATABASE),
            cluster_identifier: self.optional(options::CLUSTER_IDENTIFIER),
            workgroup: self.optional(options::WORKGROUP),
            serverless: self.toggle(options::SERVERLESS)?,
            account_id: self.optional(options::ACCOUNT_ID),
            custom_domain_name: self.optional(options::CUSTOM_DOMAIN_NAME),
        })
    }

    fn toggle(&self, key: &str) -> Result<Toggle> {
        Ok(match self.text(key)?.as_str() {
            "true" => Toggle::True,
            "false" => Toggle::False,
            _ => Toggle::Auto,
        })
    }
}

/// User and password are escaped on the way.
fn composed_proxy(host: &str, port: &str, user: &str, password: Option<&Secret>) -> Option<Secret> {
    // An IPv6 address is written without brackets in a field of its own.
    let host =
        if host.contains(':') { format!("[{}]", host.trim_matches(['[', ']'])) } else { host.to_owned() };
    let host = Host::parse(&host).ok()?;
    let mut url = Url::parse(&format!("http://{host}:{port}")).ok()?;
    url.set_username(user).ok()?;
    url.set_password(password.map(Secret::expose)).ok()?;
    Some(Secret::new(url))
}

fn invalid(message: String) -> Error {
    Error::with_message_and_status(message, Status::InvalidArguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(host: &str, user: &str, password: &str) -> Option<String> {
        let password = (!password.is_empty()).then(|| Secret::new(password));
        composed_proxy(host, "3128", user, password.as_ref()).map(|url| url.expose().to_owned())
    }

    #[test]
    fn a_proxy_in_parts_is_a_url() {
        for (host, user, password, url) in [
            ("proxy.corp", "", "", "http://proxy.corp:3128/"),
            ("10.0.0.1", "me", "", "http://me@10.0.0.1:3128/"),
            ("::1", "me@corp", "p/w:@", "http://me%40corp:p%2Fw%3A%40@[::1]:3128/"),
            ("[::1]", "", "", "http://[::1]:3128/"),
        ] {
            assert_eq!(composed(host, user, password).as_deref(), Some(url));
        }
    }

    #[test]
    fn a_host_that_is_more_than_a_host_is_none() {
        for host in ["http://proxy.corp", "proxy.corp:3128", "user@proxy", "a/b", "a b", ""] {
            assert_eq!(composed(host, "", ""), None, "{host}");
        }
    }
}

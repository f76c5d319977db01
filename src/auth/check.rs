//! Forms and contradictions of a configuration, and the method that it implies.
//!
//! It reads no file and sends nothing. Invariant: text that becomes part of a host name, a URL or a request passed
//! a check here or in `profile` first.

use std::net::IpAddr;

use url::{Host, Url};

use super::config::{Api, AuthConfig, CredentialSource, Flow, Method, Toggle};
use super::error::Error;
use super::host::{is_account_id, is_region};
use super::sso::ACCOUNT_ACCESS;

/// The method to use: the one set, or the one implied.
pub(super) fn method(config: &AuthConfig) -> Result<Method, Error> {
    let method = match config.method {
        Method::Auto => implied_method(config),
        chosen => chosen,
    };
    match method {
        Method::Password => password_contradictions(config)?,
        Method::Iam => iam_contradictions(config)?,
        Method::Sso => sso_contradictions(config)?,
        Method::Auto => {}
    }
    Ok(method)
}

fn implied_method(config: &AuthConfig) -> Method {
    if names_sso(config) {
        Method::Sso
    } else if config.password.is_some() {
        Method::Password
    } else if names_aws(config) || config.target.host.is_none() {
        Method::Iam
    } else {
        Method::Password
    }
}

fn names_sso(config: &AuthConfig) -> bool {
    let sso = &config.sso;
    [&sso.profile, &sso.session, &sso.start_url, &sso.account_id, &sso.role_name]
        .into_iter()
        .any(Option::is_some)
}

fn names_aws(config: &AuthConfig) -> bool {
    let (aws, target) = (&config.aws, &config.target);
    [&aws.region, &aws.profile, &aws.role_arn, &target.cluster_identifier, &target.workgroup]
        .into_iter()
        .any(Option::is_some)
        || aws.access_key_id.is_some()
        || aws.secret_access_key.is_some()
        || aws.session_token.is_some()
        || aws.credential_source != CredentialSource::Auto
        || target.serverless == Toggle::True
        || config.iam.api != Api::Auto
        || config.iam.has_auth_profile
        || config.iam.auto_create
        || !config.iam.db_groups.is_empty()
}

fn password_contradictions(config: &AuthConfig) -> Result<(), Error> {
    if config.method != Method::Auto {
        return Ok(());
    }
    let aws = &config.aws;
    if config.password.is_some()
        && (aws.access_key_id.is_some() || aws.profile.is_some() || aws.role_arn.is_some())
    {
        return Err(Error::invalid(
            "password and AWS credentials (adbc.redshift.aws.*) are both given: remove one, or set \
             adbc.redshift.auth.method to password or iam",
        ));
    }
    Ok(())
}

fn iam_contradictions(config: &AuthConfig) -> Result<(), Error> {
    let aws = &config.aws;
    credential_source(config)?;
    if aws.profile.is_some() && aws.access_key_id.is_some() {
        return Err(Error::invalid(
            "adbc.redshift.aws.profile and adbc.redshift.aws.access_key_id are both given: keep one",
        ));
    }
    match (&aws.access_key_id, &aws.secret_access_key) {
        (Some(_), None) => Err(Error::missing(
            "adbc.redshift.aws.access_key_id is given without adbc.redshift.aws.secret_access_key",
        )),
        (None, Some(_)) => Err(Error::missing(
            "adbc.redshift.aws.secret_access_key is given without adbc.redshift.aws.access_key_id",
        )),
        (None, None) if aws.session_token.is_some() => Err(Error::missing(
            "adbc.redshift.aws.session_token is given without adbc.redshift.aws.access_key_id and \
             adbc.redshift.aws.secret_access_key",
        )),
        _ => Ok(()),
    }
}

/// A source that was named must be given what it needs, and nothing that only another source uses.
fn credential_source(config: &AuthConfig) -> Result<(), Error> {
    let (aws, source) = (&config.aws, config.aws.credential_source);
    let (keys, profile) = (aws.access_key_id.is_some(), aws.profile.is_some());
    match source {
        CredentialSource::Auto => Ok(()),
        CredentialSource::Static if !keys => Err(Error::missing(
            "adbc.redshift.aws.credential_source=static needs adbc.redshift.aws.access_key_id and \
             adbc.redshift.aws.secret_access_key",
        )),
        _ if keys && source != CredentialSource::Static => Err(Error::invalid(
            "adbc.redshift.aws.access_key_id is given, but adbc.redshift.aws.credential_source names another source: \
             keep one",
        )),
        _ if profile && source != CredentialSource::Profile => Err(Error::invalid(
            "adbc.redshift.aws.profile is given, but adbc.redshift.aws.credential_source names another source: keep one",
        )),
        _ => Ok(()),
    }
}

fn sso_contradictions(config: &AuthConfig) -> Result<(), Error> {
    let (aws, sso) = (&config.aws, &config.sso);
    if aws.access_key_id.is_some() || aws.secret_access_key.is_some() || aws.session_token.is_some() {
        return Err(Error::invalid(
            "access keys (adbc.redshift.aws.access_key_id …) and SSO (adbc.redshift.sso.*) are both given: keep one, \
             or set adbc.redshift.auth.method to iam",
        ));
    }
    if let (Some(one), Some(other)) = (&aws.profile, &sso.profile)
        && one != other
    {
        return Err(Error::invalid(format!(
            "adbc.redshift.aws.profile is {one:?} and adbc.redshift.sso.profile is {other:?}: keep one"
        )));
    }
    if sso.session.is_some() && (sso.profile.is_some() || sso.start_url.is_some()) {
        return Err(Error::invalid(
            "adbc.redshift.sso.session names the portal, as adbc.redshift.sso.profile and adbc.redshift.sso.start_url do: \
             keep one",
        ));
    }
    if sso.flow == Flow::CachedOnly && sso.open_browser == Toggle::True {
        return Err(Error::invalid(
            "adbc.redshift.sso.flow=cached_only never asks a person, so adbc.redshift.sso.open_browser=true contradicts it",
        ));
    }
    Ok(())
}

/// Checks every field that has a form.
pub(super) fn forms(config: &AuthConfig) -> Result<(), Error> {
    let (aws, sso, target) = (&config.aws, &config.sso, &config.target);
    region("adbc.redshift.aws.region", aws.region.as_deref())?;
    region("adbc.redshift.sso.region", sso.region.as_deref())?;
    account_id("adbc.redshift.sso.account_id", sso.account_id.as_deref())?;
    account_id("adbc.redshift.target.account_id", target.account_id.as_deref())?;
    url("adbc.redshift.sso.start_url", sso.start_url.as_deref())?;
    url("adbc.redshift.aws.endpoint_url", aws.endpoint_url.as_deref())?;
    url("adbc.redshift.aws.sts_endpoint_url", aws.sts_endpoint_url.as_deref())?;
    proxy(config)?;
    scopes(&sso.scopes)?;
    duration(config)?;
    role_arn(aws.role_arn.as_deref())?;
    target_names(config)
}

fn scopes(scopes: &[String]) -> Result<(), Error> {
    // The characters of a scope in OAuth.
    let is_scope =
        |scope: &str| scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
    if let Some(scope) = scopes.iter().find(|scope| !is_scope(scope)) {
        return Err(Error::invalid(format!(
            "adbc.redshift.sso.scopes holds {scope:?}; expected scopes such as {ACCOUNT_ACCESS}, separated by commas"
        )));
    }
    if !scopes.is_empty() && !scopes.iter().any(|scope| scope == ACCOUNT_ACCESS) {
        return Err(Error::invalid(format!(
            "adbc.redshift.sso.scopes leaves out {ACCOUNT_ACCESS}, without which the portal gives no role: add it"
        )));
    }
    Ok(())
}

fn duration(config: &AuthConfig) -> Result<(), Error> {
    match config.iam.duration_seconds {
        Some(seconds) if !(900..=3600).contains(&seconds) => Err(Error::invalid(format!(
            "adbc.redshift.iam.duration_seconds is {seconds}; AWS takes 900 to 3600"
        ))),
        _ => Ok(()),
    }
}

fn target_names(config: &AuthConfig) -> Result<(), Error> {
    let target = &config.target;
    if let Some(workgroup) = &target.workgroup
        && !is_workgroup(workgroup)
    {
        return Err(Error::invalid(format!(
            "adbc.redshift.target.workgroup is {workgroup:?}; a workgroup has 3 to 64 of a-z, 0-9 and -"
        )));
    }
    if let (Some(cluster), Some(workgroup)) = (&target.cluster_identifier, &target.workgroup)
        && cluster != workgroup
    {
        return Err(Error::invalid(format!(
            "adbc.redshift.target.cluster_identifier is {cluster:?} and adbc.redshift.target.workgroup is \
             {workgroup:?}: a target is one or the other"
        )));
    }
    if target.serverless == Toggle::False && target.workgroup.is_some() {
        return Err(Error::invalid(
            "adbc.redshift.target.serverless is false but adbc.redshift.target.workgroup is given",
        ));
    }
    Ok(())
}

fn is_workgroup(text: &str) -> bool {
    (3..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn role_arn(list: Option<&str>) -> Result<(), Error> {
    for arn in list.into_iter().flat_map(|list| list.split(',')).map(str::trim) {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let fits = matches!(parts.as_slice(), ["arn", _, "iam", "", account, role]
            if is_account_id(account) && role.starts_with("role/"));
        if !fits {
            return Err(Error::invalid(format!(
                "adbc.redshift.aws.role_arn holds {arn:?}; expected arn:aws:iam::<12 digits>:role/<name>, or several \
                 separated by commas"
            )));
        }
    }
    Ok(())
}

/// A region, as an option or a profile names it.
pub(super) fn region(name: &str, value: Option<&str>) -> Result<(), Error> {
    match value {
        Some(value) if !is_region(value) => {
            Err(Error::invalid(format!("{name} is {value:?}; expected a region such as us-east-1")))
        }
        _ => Ok(()),
    }
}

/// An account id, as an option or a profile names it.
pub(super) fn account_id(name: &str, value: Option<&str>) -> Result<(), Error> {
    match value {
        Some(value) if !is_account_id(value) => {
            Err(Error::invalid(format!("{name} is {value:?}; expected an AWS account id of 12 digits")))
        }
        _ => Ok(()),
    }
}

/// A URL that credentials or tokens go to: https, or http on a literal loopback address.
pub(super) fn url(name: &str, value: Option<&str>) -> Result<(), Error> {
    let Some(value) = value else { return Ok(()) };
    // The value is not repeated when it cannot be parsed or holds a login: it may be a secret in the wrong field.
    let expected = "expected an https URL, or http on a loopback address such as http://127.0.0.1:8000";
    let url = Url::parse(value)
        .map_err(|cause| Error::invalid(format!("{name} is not a URL; {expected}")).with_cause(cause))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::invalid(format!(
            "{name} holds a user or password, which is not supported; {expected}"
        )));
    }
    let allowed = match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url.host()),
        _ => false,
    };
    if allowed { Ok(()) } else { Err(Error::invalid(format!("{name} is {value:?}; {expected}"))) }
}

fn is_loopback(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}

fn proxy(config: &AuthConfig) -> Result<(), Error> {
    let Some(proxy) = &config.aws.proxy_url else { return Ok(()) };
    let fits = Url::parse(proxy.expose())
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    if fits {
        Ok(())
    } else {
        Err(Error::invalid("adbc.redshift.aws.proxy_url is not a proxy URL; expected http://host:port"))
    }
}

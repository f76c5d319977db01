//! Tells which operation of which service a request calls, from its path, target header and form.
//!
//! Owns the table of what exists on the one listener. Host names do not decide, so that one endpoint URL serves
//! every SDK client; a host name of AWS (a client behind a proxy) only tells the region meant. The invariant: a
//! request that matches nothing is an error at once.

use serde_json::Value;

use super::http::{Fields, Request};

/// The services on the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// SSO OIDC: registration and tokens.
    Oidc,
    /// What a browser shows: the login pages.
    Page,
    /// The SSO portal: role credentials.
    Portal,
    /// Amazon Redshift.
    Redshift,
    /// Amazon Redshift Serverless.
    Serverless,
    /// AWS STS.
    Sts,
}

impl Service {
    /// The name in the credential scope of signatures.
    pub(crate) fn signing_name(self) -> Option<&'static str> {
        match self {
            Self::Redshift => Some("redshift"),
            Self::Serverless => Some("redshift-serverless"),
            Self::Sts => Some("sts"),
            Self::Oidc | Self::Page | Self::Portal => None,
        }
    }

    /// The service that a credential scope names.
    pub(crate) fn signed_as(signing_name: &str) -> Option<Self> {
        let signed = [Self::Redshift, Self::Serverless, Self::Sts];
        signed.into_iter().find(|service| service.signing_name() == Some(signing_name))
    }

    /// The XML namespace of the query protocol.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            _ => "http://redshift.amazonaws.com/doc/2012-12-01/",
        }
    }
}

/// A call of one operation.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) fields: Fields,
    pub(crate) json: Value,
    /// The region that the host name tells, if it is one of AWS.
    pub(crate) host_region: Option<String>,
}

/// Paths of the REST services and of the pages.
const PATHS: [(&str, &str, Service, &str); 15] = [
    ("POST", "/client/register", Service::Oidc, "RegisterClient"),
    ("POST", "/device_authorization", Service::Oidc, "StartDeviceAuthorization"),
    ("POST", "/token", Service::Oidc, "CreateToken"),
    ("GET", "/federation/credentials", Service::Portal, "GetRoleCredentials"),
    ("GET", "/assignment/accounts", Service::Portal, "ListAccounts"),
    ("GET", "/assignment/roles", Service::Portal, "ListAccountRoles"),
    ("POST", "/logout", Service::Portal, "Logout"),
    ("GET", "/authorize", Service::Page, "Authorize"),
    ("GET", "/device", Service::Page, "Device"),
    ("POST", "/device", Service::Page, "EnterCode"),
    ("GET", "/login", Service::Page, "ShowLogin"),
    ("POST", "/login/sign-in", Service::Page, "SignIn"),
    ("POST", "/login/confirm", Service::Page, "ConfirmCode"),
    ("POST", "/login/decide", Service::Page, "Decide"),
    ("GET", "/start", Service::Page, "Start"),
];

/// Finds the operation; `Err` names what was asked for.
pub(crate) fn route(request: &Request) -> Result<Call, String> {
    if request.method == "POST" && request.path == "/" {
        return match request.header("x-amz-target") {
            Some(target) => json_call(request, target),
            None => query_call(request),
        };
    }
    let row = PATHS.iter().find(|row| row.0 == request.method && row.1 == request.path);
    let Some((method, _, service, operation)) = row else {
        return Err(format!("{} {} is no operation of the sandbox", request.method, request.path));
    };
    let form = *method == "POST" && *service == Service::Page;
    let fields = if form { request.form_fields() } else { request.query_fields() };
    let json = if *service == Service::Oidc { request.json() } else { Value::Null };
    Ok(call(request, *service, operation, fields, json))
}

fn json_call(request: &Request, target: &str) -> Result<Call, String> {
    match target.split_once('.') {
        Some(("RedshiftServerless", operation)) => {
            Ok(call(request, Service::Serverless, operation, Fields::default(), request.json()))
        }
        _ => Err(format!("target {target} is no operation of the sandbox")),
    }
}

fn query_call(request: &Request) -> Result<Call, String> {
    let fields = request.form_fields();
    let action =
        fields.text("Action").ok_or("POST / names neither an Action nor an X-Amz-Target")?.to_owned();
    let service = match fields.text("Version") {
        Some("2012-12-01") => Service::Redshift,
        Some("2011-06-15") => Service::Sts,
        other => {
            return Err(format!("version {} is of no service of the sandbox", other.unwrap_or("(none)")));
        }
    };
    Ok(call(request, service, &action, fields, Value::Null))
}

fn call(request: &Request, service: Service, operation: &str, fields: Fields, json: Value) -> Call {
    let host_region = request.header("host").and_then(host_region);
    Call { service, operation: operation.to_owned(), fields, json, host_region }
}

/// `oidc.us-west-2.amazonaws.com` is in `us-west-2`.
fn host_region(host: &str) -> Option<String> {
    let host = host.split(':').next()?;
    let name = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    name.rsplit('.').next().filter(|region| region.contains('-')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::header::HeaderMap;

    use super::*;

    fn request(method: &str, path: &str, target: Option<&str>, body: &'static str) -> Request {
        let mut headers = HeaderMap::new();
        if let Some(target) = target {
            headers.insert("x-amz-target", target.parse().unwrap());
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn services_are_told_apart_on_one_listener() {
        let found = |request| route(&request).map(|call| (call.service, call.operation)).unwrap();
        let cases = [
            (request("POST", "/", None, "Action=DescribeClusters&Version=2012-12-01"), Service::Redshift),
            (request("POST", "/", None, "Action=AssumeRole&Version=2011-06-15"), Service::Sts),
            (request("POST", "/", Some("RedshiftServerless.GetWorkgroup"), "{}"), Service::Serverless),
            (request("POST", "/token", None, "{}"), Service::Oidc),
            (request("GET", "/assignment/roles?account_id=1", None, ""), Service::Portal),
            (request("GET", "/device?user_code=X", None, ""), Service::Page),
        ];
        for (request, service) in cases {
            assert_eq!(found(request).0, service);
        }
    }

    #[test]
    fn what_matches_nothing_is_named() {
        assert!(route(&request("GET", "/bucket/key", None, "")).unwrap_err().contains("GET /bucket/key"));
        assert!(
            route(&request("POST", "/", Some("DynamoDB.Scan"), "")).unwrap_err().contains("DynamoDB.Scan")
        );
        assert!(route(&request("POST", "/", None, "")).unwrap_err().contains("neither"));
    }

    #[test]
    fn a_host_name_of_aws_tells_the_region() {
        assert_eq!(host_region("oidc.us-west-2.amazonaws.com:443").as_deref(), Some("us-west-2"));
        assert_eq!(host_region("sts.amazonaws.com"), None);
        assert_eq!(host_region("127.0.0.1:8080"), None);
    }
}

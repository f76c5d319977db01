//! What `provider` refuses before anything is sent.

use std::time::Duration;

use super::super::{Api, AuthConfig, CredentialSource, ErrorKind, Flow, Method, Toggle, provider};
use super::{Home, full_text, keys_config, make, no_browser, secret, server::Server};
use crate::secret::Secret;

type Change = fn(&mut AuthConfig);

async fn refusal(change: Change) -> (ErrorKind, String) {
    let server = Server::start(Vec::new()).await;
    let mut config = keys_config();
    change(&mut config);
    // Not `make`: some cases put a secret into a field that is not one, and only the error must be clean.
    let error = provider(config, Home::new().environment(&server, no_browser)).expect_err("accepted");
    assert!(server.requests().is_empty());
    (error.kind(), full_text(&error))
}

fn by_sso(config: &mut AuthConfig) {
    (config.aws.access_key_id, config.aws.secret_access_key) = (None, None);
    config.method = Method::Sso;
}

#[tokio::test]
async fn malformed_values_are_refused_by_name() {
    let cases: &[(Change, &str)] = &[
        (|c| c.aws.region = Some("us-east-1.evil.example".into()), "aws.region"),
        (|c| c.sso.region = Some("nowhere".into()), "sso.region"),
        (|c| c.sso.account_id = Some("12345".into()), "sso.account_id"),
        (|c| c.target.account_id = Some("12345678901x".into()), "target.account_id"),
        (|c| c.sso.start_url = Some("http://portal.example/start".into()), "sso.start_url"),
        (|c| c.sso.start_url = Some("http://localhost/start".into()), "sso.start_url"),
        (|c| c.sso.start_url = Some("file:///etc/passwd".into()), "sso.start_url"),
        (|c| c.aws.endpoint_url = Some("https://u:pl4nted-s3cret@h".into()), "aws.endpoint_url"),
        (|c| c.aws.endpoint_url = Some("pl4nted-s3cret".into()), "aws.endpoint_url"),
        (|c| c.aws.proxy_url = Some(Secret::new("socks5://u:pl4nted-s3cret@h")), "aws.proxy_url"),
        (|c| c.sso.scopes = vec!["redshift:connect".into()], "leaves out sso:account:access"),
        (|c| c.sso.scopes = vec!["sso:account:access x".into()], "sso.scopes"),
        (|c| c.iam.duration_seconds = Some(899), "900 to 3600"),
        (|c| c.iam.duration_seconds = Some(3601), "900 to 3600"),
        (|c| c.aws.role_arn = Some("role/x".into()), "aws.role_arn"),
        (|c| c.target.workgroup = Some("Bad_Name".into()), "target.workgroup"),
    ];
    for (change, named) in cases {
        let (kind, text) = refusal(*change).await;
        assert_eq!(kind, ErrorKind::InvalidConfig, "{text}");
        assert!(text.contains(named), "{text} should name {named}");
    }
}

#[tokio::test]
async fn contradictions_name_both_sides() {
    let cases: &[(Change, &str, &str)] = &[
        (|c| c.aws.profile = Some("p".into()), "aws.profile", "aws.access_key_id"),
        (|c| c.password = secret("pw"), "password", "adbc.redshift.aws"),
        (|c| c.sso.profile = Some("p".into()), "access keys", "SSO"),
        (|c| c.target.serverless = Toggle::True, "provisioned cluster", "Serverless"),
        (
            |c| {
                c.target.serverless = Toggle::False;
                c.target.workgroup = Some("wg-1".into());
            },
            "target.serverless",
            "target.workgroup",
        ),
        (
            |c| {
                c.target.cluster_identifier = Some("c1".into());
                c.target.workgroup = Some("wg-1".into());
            },
            "cluster_identifier",
            "workgroup",
        ),
        (
            |c| {
                c.target.serverless = Toggle::True;
                c.target.host = None;
                c.target.cluster_identifier = Some("wg-1".into());
                c.iam.api = Api::Cluster;
            },
            "iam.api",
            "Serverless",
        ),
        (
            |c| {
                c.target.serverless = Toggle::False;
                c.iam.api = Api::Serverless;
            },
            "target.serverless",
            "iam.api",
        ),
        (
            |c| {
                c.target.workgroup = Some("wg-1".into());
                c.iam.api = Api::Cluster;
            },
            "target.workgroup",
            "iam.api",
        ),
        (
            |c| c.aws.credential_source = CredentialSource::Instance,
            "aws.access_key_id",
            "aws.credential_source",
        ),
        (
            |c| {
                (c.aws.access_key_id, c.aws.secret_access_key) = (None, None);
                c.aws.profile = Some("p".into());
                c.aws.credential_source = CredentialSource::Environment;
            },
            "aws.profile",
            "aws.credential_source",
        ),
        (
            |c| {
                by_sso(c);
                c.aws.profile = Some("one".into());
                c.sso.profile = Some("other".into());
            },
            "aws.profile",
            "sso.profile",
        ),
        (
            |c| {
                by_sso(c);
                c.sso.session = Some("corp".into());
                c.sso.start_url = Some("https://corp.awsapps.com/start".into());
            },
            "sso.session",
            "sso.start_url",
        ),
    ];
    for (change, one, other) in cases {
        let (kind, text) = refusal(*change).await;
        assert_eq!(kind, ErrorKind::InvalidConfig, "{text}");
        assert!(text.contains(one) && text.contains(other), "{text} should name {one} and {other}");
    }
}

#[tokio::test]
async fn what_the_chosen_method_lacks_is_named() {
    let cases: &[(Change, &str)] = &[
        (|c| c.aws.secret_access_key = None, "aws.secret_access_key"),
        (|c| c.aws.access_key_id = None, "aws.access_key_id"),
        (
            |c| {
                (c.aws.access_key_id, c.aws.secret_access_key) = (None, None);
                c.aws.credential_source = CredentialSource::Static;
            },
            "aws.access_key_id",
        ),
        (
            |c| {
                (c.aws.access_key_id, c.aws.secret_access_key, c.aws.session_token) =
                    (None, None, secret("t"))
            },
            "session_token",
        ),
        (|c| c.target.host = None, "target.cluster_identifier"),
        (|c| c.target.host = Some("tunnel.example".into()), "target.cluster_identifier"),
        (
            |c| {
                c.username = None;
                c.iam.api = Api::Cluster;
            },
            "username",
        ),
        (
            |c| {
                c.method = Method::Password;
                c.username = None;
            },
            "username",
        ),
        (
            |c| {
                c.method = Method::Password;
                c.target.host = None;
            },
            "target.host",
        ),
    ];
    for (change, named) in cases {
        let (kind, text) = refusal(*change).await;
        assert_eq!(kind, ErrorKind::NotConfigured, "{text}");
        assert!(text.contains(named), "{text} should name {named}");
    }
}

#[tokio::test]
async fn cached_only_contradicts_an_explicit_browser() {
    let (kind, text) = refusal(|c| {
        *c = AuthConfig { target: c.target.clone(), method: Method::Sso, ..AuthConfig::default() };
        c.sso.flow = Flow::CachedOnly;
        c.sso.open_browser = Toggle::True;
        c.sso.timeout = Duration::from_secs(1);
    })
    .await;
    assert_eq!(kind, ErrorKind::InvalidConfig, "{text}");
}

#[tokio::test]
async fn a_password_login_needs_no_network_and_no_tls() {
    let server = Server::start(Vec::new()).await;
    let mut config =
        AuthConfig { username: Some("ana".into()), password: secret("pw"), ..AuthConfig::default() };
    config.target.host = Some("localhost".into());
    let provider = make(config, Home::new().environment(&server, no_browser)).unwrap();
    let credentials = super::log_in(&*provider).await.unwrap();
    assert_eq!((credentials.user.as_str(), credentials.port), ("ana", 5439));
    assert!(!provider.requires_tls() && !provider.rejected(&credentials));
    assert!(server.requests().is_empty());
}

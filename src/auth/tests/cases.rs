//! The runner of `tests/cases/auth`: one file is one login.
//!
//! `options` by their short names, `files` below the home, `http` rules, and what to `expect`: credentials, or an
//! error by kind and texts; `requests` is the exact list of operations in order. `{endpoint}` and `{home}` are
//! replaced everywhere.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::super::{Api, AuthConfig, Flow, Method, Toggle, TokenCache};
use super::server::{Rule, Server};
use super::trace::Trace;
use super::{Home, full_text, log_in, make, no_browser};
use crate::secret::Secret;

#[tokio::test]
async fn every_case_ends_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/auth");
    let (trace, _listening) = Trace::listen();
    let mut ran = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        run(&path.display().to_string(), &std::fs::read_to_string(&path).unwrap()).await;
        ran += 1;
    }
    assert!(ran >= 30, "only {ran} cases were found");
    let traced = trace.text();
    assert!(traced.contains("GetClusterCredentials"), "nothing was traced");
    for line in traced.lines() {
        super::assert_no_secret("a trace", line);
    }
}

async fn run(name: &str, text: &str) {
    let home = Home::new();
    let server = Server::start(Vec::new()).await;
    let text =
        text.replace("{endpoint}", &server.url()).replace("{home}", &home.path().display().to_string());
    let case: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    for rule in case["http"].as_array().into_iter().flatten() {
        server.add(rule_from(rule));
    }
    for (file, text) in case["files"].as_object().into_iter().flatten() {
        home.write(file, text.as_str().unwrap());
    }
    let environment = home.environment(&server, no_browser);
    let outcome = match make(config_from(&case["options"]), environment) {
        Ok(provider) => log_in(&*provider).await,
        Err(error) => Err(error),
    };
    let expect = &case["expect"];
    match outcome {
        Ok(credentials) => {
            let seen = format!("{}@{}:{}", credentials.user, credentials.host, credentials.port);
            assert_eq!(Some(seen.as_str()), expect["login"].as_str(), "{name}");
            assert!(credentials.expires_at.is_some(), "{name}");
        }
        Err(error) => {
            let text = full_text(&error);
            let kind = format!("{:?}", error.kind());
            assert_eq!(Some(kind.as_str()), expect["error"].as_str(), "{name}: {text}");
            for part in expect["texts"].as_array().into_iter().flatten() {
                assert!(text.contains(part.as_str().unwrap()), "{name}: {text} lacks {part}");
            }
        }
    }
    server.assert_all_answered();
    let operations: Vec<String> = server.requests().iter().map(|request| operation(request)).collect();
    let expected: Vec<String> = serde_json::from_value(expect["requests"].clone()).unwrap();
    assert_eq!(operations, expected, "{name}");
    for text in expect["sent"].as_array().into_iter().flatten() {
        assert!(
            server.count(text.as_str().unwrap()) > 0,
            "{name}: {text} was not sent: {:#?}",
            server.requests()
        );
    }
    for text in expect["not_sent"].as_array().into_iter().flatten() {
        assert_eq!(server.count(text.as_str().unwrap()), 0, "{name}: {text} was sent");
    }
    super::assert_no_secret("a notice", &home.notices());
}

/// The AWS name of an operation, or the path of a request without one.
fn operation(request: &str) -> String {
    let target = request.lines().find_map(|line| line.strip_prefix("x-amz-target: RedshiftServerless."));
    let action = request.split("Action=").nth(1).and_then(|rest| rest.split('&').next());
    let path = request.split(' ').nth(1).and_then(|path| path.split('?').next());
    target.or(action).or(path).unwrap_or_default().to_owned()
}

fn rule_from(value: &Value) -> Rule {
    let texts = |value: &Value| match value {
        Value::Array(texts) => texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        text => vec![text.as_str().unwrap().to_owned()],
    };
    let headers = value["headers"].as_object().into_iter().flatten();
    Rule {
        when: texts(&value["when"]),
        status: u16::try_from(value["status"].as_u64().unwrap_or(200)).unwrap(),
        headers: headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
        body: match &value["body"] {
            Value::String(text) => text.clone(),
            json => json.to_string(),
        },
        times: value["times"].as_u64().map_or(usize::MAX, |times| usize::try_from(times).unwrap()),
        delay: Duration::ZERO,
    }
}

fn config_from(options: &Value) -> AuthConfig {
    let mut config = AuthConfig::default();
    config.aws.timeout = Duration::from_secs(10);
    for (name, value) in options.as_object().unwrap() {
        set(&mut config, name, value.as_str().unwrap());
    }
    config
}

fn set(config: &mut AuthConfig, name: &str, value: &str) {
    let text = Some(value.to_owned());
    let secret = Some(Secret::new(value));
    match name {
        "auth.method" => {
            config.method = match value {
                "iam" => Method::Iam,
                "sso" => Method::Sso,
                other => panic!("{other}"),
            }
        }
        "username" => config.username = text,
        "aws.region" => config.aws.region = text,
        "aws.profile" => config.aws.profile = text,
        "aws.access_key_id" => config.aws.access_key_id = secret,
        "aws.secret_access_key" => config.aws.secret_access_key = secret,
        "aws.session_token" => config.aws.session_token = secret,
        "aws.role_arn" => config.aws.role_arn = text,
        "aws.role_external_id" => config.aws.role_external_id = text,
        "aws.role_session_name" => config.aws.role_session_name = value.into(),
        "aws.config_file" => config.aws.config_file = Some(value.into()),
        "aws.endpoint_url" => config.aws.endpoint_url = text,
        "aws.timeout_seconds" => config.aws.timeout = Duration::from_secs(value.parse().unwrap()),
        "iam.db_groups" => config.iam.db_groups = value.split(',').map(Into::into).collect(),
        "iam.auto_create" => config.iam.auto_create = value == "true",
        "iam.duration_seconds" => config.iam.duration_seconds = Some(value.parse().unwrap()),
        "iam.api" => {
            config.iam.api = match value {
                "cluster_with_iam" => Api::ClusterWithIam,
                other => panic!("{other}"),
            }
        }
        "sso.profile" => config.sso.profile = text,
        "sso.session" => config.sso.session = text,
        "sso.start_url" => config.sso.start_url = text,
        "sso.region" => config.sso.region = text,
        "sso.account_id" => config.sso.account_id = text,
        "sso.role_name" => config.sso.role_name = text,
        "sso.flow" => {
            config.sso.flow = match value {
                "cached_only" => Flow::CachedOnly,
                "device" => Flow::Device,
                other => panic!("{other}"),
            }
        }
        "sso.token_cache" => config.sso.token_cache = TokenCache::Memory,
        "target.host" => config.target.host = text,
        "target.database" => config.target.database = text,
        "target.cluster_identifier" => config.target.cluster_identifier = text,
        "target.workgroup" => config.target.workgroup = text,
        "target.serverless" => config.target.serverless = Toggle::True,
        "target.custom_domain_name" => config.target.custom_domain_name = text,
        other => panic!("the runner does not know {other}"),
    }
}

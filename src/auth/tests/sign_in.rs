//! The ways to sign in, and what many threads at once cause.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::super::{
    AuthConfig, CredentialProvider, Environment, Error, ErrorKind, Flow, Method, SsoConfig, sso_profiles,
};
use super::server::{Rule, Server, rule};
use super::trace::Trace;
use super::{
    Home, PLANTED, assert_no_secret, cluster_credentials, full_text, keys_config, log_in, make, no_browser,
};

pub(super) fn typed(server: &Server, flow: Flow) -> AuthConfig {
    let mut config = AuthConfig {
        method: Method::Sso,
        username: Some("ana".into()),
        sso: SsoConfig {
            start_url: Some(format!("{}/start", server.url())),
            region: Some("us-west-2".into()),
            account_id: Some("123456789012".into()),
            role_name: Some("Admin".into()),
            flow,
            timeout: Duration::from_secs(10),
            ..SsoConfig::default()
        },
        ..AuthConfig::default()
    };
    config.target.host = Some("c1.abc.us-east-1.redshift.amazonaws.com".into());
    config
}

pub(super) fn role_rules() -> Vec<Rule> {
    let role = format!(
        r#"{{"roleCredentials":{{"accessKeyId":"ASIASSO","secretAccessKey":"{PLANTED}-k","sessionToken":"{PLANTED}-t","expiration":3976214400000}}}}"#
    );
    vec![
        rule("/federation/credentials", 200, &role),
        rule("Action=GetClusterCredentials&", 200, &cluster_credentials(900)),
        rule(
            "/client/register",
            200,
            &format!(
                r#"{{"clientId":"id1","clientSecret":"{PLANTED}-cs","clientSecretExpiresAt":3976214400}}"#
            ),
        ),
    ]
}

pub(super) fn token_rule() -> Rule {
    let body = format!(
        r#"{{"accessToken":"{PLANTED}-access","tokenType":"Bearer","expiresIn":28800,"refreshToken":"{PLANTED}-refresh"}}"#
    );
    rule("POST /token", 200, &body)
}

fn refusal(error: &str, times: usize) -> Rule {
    Rule {
        times,
        ..rule("POST /token", 400, &format!(r#"{{"error":"{error}","error_description":"said so"}}"#))
    }
}

pub(super) fn device_rule(server: &Server) -> Rule {
    let url = server.url();
    let body = format!(
        r#"{{"deviceCode":"{PLANTED}-dc","userCode":"ABCD-EFGH","verificationUri":"{url}/device","verificationUriComplete":"{url}/device?user_code=ABCD-EFGH","expiresIn":600,"interval":1}}"#
    );
    rule("/device_authorization", 200, &body)
}

/// What a browser does with the authorize URL: it comes back with `query`, `{state}` replaced.
async fn come_back(authorize: &str, query: &str) -> String {
    let url = Url::parse(authorize).unwrap();
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(value("scopes"), "sso:account:access");
    assert_eq!(value("code_challenge").len(), 43);
    let redirect = Url::parse(&value("redirect_uri")).unwrap();
    request(&redirect, &format!("{}?{}", redirect.path(), query.replace("{state}", &value("state")))).await
}

async fn request(redirect: &Url, path: &str) -> String {
    let port = redirect.port().unwrap();
    request_with_host(port, path, &format!("127.0.0.1:{port}")).await
}

async fn request_with_host(port: u16, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

/// A browser that comes back with these queries one after the other; the pages it was shown are sent on.
fn browser(
    queries: &'static [&'static str],
) -> (impl Fn(&str) -> std::io::Result<()> + Send + Sync, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let (sender, pages) = tokio::sync::mpsc::unbounded_channel();
    let open = move |url: &str| {
        let (url, sender) = (url.to_owned(), sender.clone());
        tokio::spawn(async move {
            for query in queries {
                let _ = sender.send(come_back(&url, query).await);
            }
        });
        Ok(())
    };
    (open, pages)
}

#[tokio::test]
async fn pkce_signs_in_and_leaves_a_token_for_the_cli() {
    let server = Server::start(role_rules()).await;
    server.add(token_rule());
    let (trace, _listening) = Trace::listen();
    let (open, mut pages) = browser(&["code=pl4nted-s3cret-code&state={state}"]);
    let home = Home::new();
    let provider = make(typed(&server, Flow::Auto), home.environment(&server, open)).unwrap();
    assert_eq!(log_in(&*provider).await.unwrap().user, "IAM:ana");
    assert!(pages.recv().await.unwrap().contains("You are signed in"));
    assert!(home.notices().contains("/authorize?"));
    assert_no_secret("a notice", &home.notices());
    assert_eq!(provider.progress(), None);
    for path in ["/client/register", "/token"] {
        let sent = server.requests().into_iter().find(|request| request.contains(path)).unwrap();
        assert!(!sent.to_lowercase().contains("authorization:"), "{sent}");
    }
    let cache = home.path().join(".aws/sso/cache");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&cache), 0o700);
    let files: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600));
    let token =
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).find(|t| t.contains("accessToken"));
    assert!(token.unwrap().contains("refreshToken"));
    assert_no_password_file(&cache);
    assert_not_traced(&trace, &server);
}

/// Neither planted secrets nor the verifier that the driver made for itself.
fn assert_not_traced(trace: &Trace, server: &Server) {
    let traced = trace.text();
    assert!(traced.contains("sso:GetRoleCredentials"), "nothing was traced");
    let sent = server.requests().join("\n");
    let verifier = sent.split("\"codeVerifier\":\"").nth(1).and_then(|rest| rest.split('"').next());
    for line in traced.lines() {
        assert_no_secret("a trace", line);
        assert!(verifier.is_none_or(|verifier| !line.contains(verifier)), "the verifier is traced: {line}");
    }
}

/// Only the SSO cache may hold secrets, and of these only the portal's.
fn assert_no_password_file(cache: &std::path::Path) {
    for entry in std::fs::read_dir(cache).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for tail in ["-db", "-k\"", "-t\""] {
            assert!(!text.contains(&format!("{PLANTED}{tail}")), "{text}");
        }
    }
}

#[tokio::test]
async fn forged_callbacks_are_refused_and_the_login_goes_on() {
    let server = Server::start(role_rules()).await;
    server.add(token_rule());
    let (open, mut pages) = browser(&[
        "code=forged&state=wrong",
        "code=forged",
        "error=x&state=wrong",
        "code=c0de&state={state}",
    ]);
    let provider = make(typed(&server, Flow::Pkce), Home::new().environment(&server, open)).unwrap();
    log_in(&*provider).await.unwrap();
    for _ in 0..3 {
        let page = pages.recv().await.unwrap();
        assert!(page.starts_with("HTTP/1.1 400") && !page.contains("forged"), "{page}");
    }
    assert_eq!(server.count("forged"), 0);
}

#[tokio::test]
async fn other_paths_and_other_hosts_are_not_the_callback() {
    let server = Server::start(role_rules()).await;
    server.add(token_rule());
    let open = |url: &str| {
        let url = url.to_owned();
        tokio::spawn(async move {
            let parsed = Url::parse(&url).unwrap();
            let redirect =
                parsed.query_pairs().find(|(key, _)| key == "redirect_uri").unwrap().1.into_owned();
            let redirect = Url::parse(&redirect).unwrap();
            let rebound =
                request_with_host(redirect.port().unwrap(), "/oauth/callback?code=a", "evil.example").await;
            assert!(rebound.starts_with("HTTP/1.1 404"), "{rebound}");
            assert!(request(&redirect, "/favicon.ico").await.starts_with("HTTP/1.1 404"));
            come_back(&url, "code=c0de&state={state}").await;
        });
        Ok(())
    };
    let provider = make(typed(&server, Flow::Pkce), Home::new().environment(&server, open)).unwrap();
    log_in(&*provider).await.unwrap();
}

async fn failed_sign_in(
    flow: Flow,
    rules: Vec<Rule>,
    queries: &'static [&'static str],
    change: fn(&mut AuthConfig),
) -> Error {
    let server = Server::start(role_rules()).await;
    server.add(device_rule(&server));
    rules.into_iter().for_each(|rule| server.add(rule));
    let (open, _pages) = browser(queries);
    let open = move |url: &str| if url.contains("/authorize") { open(url) } else { no_browser(url) };
    let mut config = typed(&server, flow);
    change(&mut config);
    let provider = make(config, Home::new().environment(&server, open)).unwrap();
    log_in(&*provider).await.unwrap_err()
}

#[tokio::test]
async fn a_declined_login_is_rejected() {
    let by_code = failed_sign_in(Flow::Pkce, vec![], &["error=access_denied&state={state}"], |_| {}).await;
    assert_eq!(by_code.kind(), ErrorKind::Rejected, "{}", full_text(&by_code));
    let by_device = failed_sign_in(Flow::Device, vec![refusal("access_denied", 1)], &[], |_| {}).await;
    assert_eq!(by_device.kind(), ErrorKind::Rejected, "{}", full_text(&by_device));
}

#[tokio::test]
async fn an_error_that_the_page_comes_back_with_is_told_but_not_in_its_words() {
    for (query, told) in [
        (&["error=invalid_scope&state={state}"], "came back with invalid_scope"),
        (&["error=pl4nted-s3cret&state={state}"], "no reason that OAuth knows"),
        (&["state={state}"], "no code"),
    ] {
        let error = failed_sign_in(Flow::Pkce, vec![], query, |_| {}).await;
        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert!(full_text(&error).contains(told), "{}", full_text(&error));
    }
}

#[tokio::test]
async fn a_login_that_nobody_completes_times_out() {
    let closed_browser =
        failed_sign_in(Flow::Pkce, vec![], &[], |c| c.sso.timeout = Duration::from_millis(300)).await;
    assert_eq!(closed_browser.kind(), ErrorKind::TimedOut);
    assert!(full_text(&closed_browser).contains("sso.timeout_seconds"));
    let lapsed = failed_sign_in(Flow::Device, vec![refusal("expired_token", 1)], &[], |_| {}).await;
    assert_eq!(lapsed.kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_busy_port_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::start(role_rules()).await;
    let mut config = typed(&server, Flow::Pkce);
    config.sso.listen_port = listener.local_addr().unwrap().port();
    let provider = make(config, Home::new().environment(&server, no_browser)).unwrap();
    let error = log_in(&*provider).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(full_text(&error).contains("sso.listen_port"));
}

#[tokio::test]
async fn the_device_flow_polls_until_the_code_is_confirmed() {
    let server = Server::start(role_rules()).await;
    server.add(device_rule(&server));
    server.add(refusal("authorization_pending", 2));
    server.add(token_rule());
    let (trace, _listening) = Trace::listen();
    let home = Home::new();
    let provider = make(typed(&server, Flow::Device), home.environment(&server, no_browser)).unwrap();
    let (login, progress) = tokio::join!(log_in(&*provider), progress(&*provider));
    login.unwrap();
    assert_eq!(progress.user_code.as_deref(), Some("ABCD-EFGH"));
    assert!(progress.verification_uri.ends_with("/device"));
    assert_eq!(server.count("POST /token"), 3);
    assert!(home.notices().contains("ABCD-EFGH") && home.notices().contains("no browser"));
    assert_no_secret("a notice", &home.notices());
    assert_not_traced(&trace, &server);
}

#[tokio::test]
async fn the_scopes_given_are_registered_in_place_of_the_sessions() {
    let server = Server::start(role_rules()).await;
    server.add(device_rule(&server));
    server.add(token_rule());
    let home = Home::new();
    let url = server.url();
    home.write(
        ".aws/config",
        &format!(
            "[sso-session corp]\nsso_start_url = {url}/start\nsso_region = us-west-2\nsso_registration_scopes = \
             sso:account:access\n"
        ),
    );
    let mut config = typed(&server, Flow::Device);
    (config.sso.start_url, config.sso.session) = (None, Some("corp".into()));
    config.sso.scopes = ["sso:account:access", "codewhisperer:completions"].map(Into::into).to_vec();
    log_in(&*make(config, home.environment(&server, no_browser)).unwrap()).await.unwrap();
    assert_eq!(server.count(r#""scopes":["sso:account:access","codewhisperer:completions"]"#), 1);
}

async fn progress(provider: &dyn CredentialProvider) -> super::super::SsoProgress {
    for _ in 0..500 {
        if let Some(progress) = provider.progress() {
            return progress;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no progress was reported");
}

#[tokio::test]
async fn cancelling_ends_a_waiting_login() {
    let server = Server::start(role_rules()).await;
    let provider = make(typed(&server, Flow::Pkce), Home::new().environment(&server, |_| Ok(()))).unwrap();
    let cancel = CancellationToken::new();
    let (login, ()) = tokio::join!(provider.credentials(&cancel), async {
        progress(&*provider).await;
        cancel.cancel();
    });
    assert_eq!(login.unwrap_err().kind(), ErrorKind::Cancelled);
}

/// Logs in on 32 tasks at once, each with a provider of its own.
async fn crowd(config: &AuthConfig, environment: &Environment) -> Vec<Result<(), Error>> {
    let logins: Vec<_> = (0..32)
        .map(|_| {
            let provider = make(config.clone(), environment.clone()).unwrap();
            tokio::spawn(async move { log_in(&*provider).await.map(|_| ()) })
        })
        .collect();
    let mut outcomes = Vec::new();
    for login in logins {
        outcomes.push(login.await.unwrap());
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn many_logins_at_once_cause_one_window_one_exchange_one_fetch() {
    let server = Server::start(role_rules()).await;
    server.add(token_rule());
    let windows = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (open, _pages) = browser(&["code=c0de&state={state}"]);
    let counted = Arc::clone(&windows);
    let home = Home::new();
    let environment = home.environment(&server, move |url| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        open(url)
    });
    let outcomes = crowd(&typed(&server, Flow::Pkce), &environment).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(windows.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!(server.count("POST /token"), 1);
    assert_eq!(server.count("GetClusterCredentials"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refusal_answers_all_who_waited_for_it() {
    let server = Server::start(Vec::new()).await;
    let mut slow = rule(
        "Action=",
        403,
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
    );
    slow.delay = Duration::from_millis(500);
    server.add(slow);
    let home = Home::new();
    let environment = home.environment(&server, no_browser);
    let outcomes = crowd(&keys_config(), &environment).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(|e| e.kind() == ErrorKind::Denied)));
    assert_eq!(server.count("GetClusterCredentials"), 1);
}

#[tokio::test]
async fn credentials_are_kept_until_they_near_their_end_or_are_rejected() {
    let server = Server::start(vec![Rule {
        times: 1,
        ..rule("Action=GetClusterCredentials", 200, &cluster_credentials(900))
    }])
    .await;
    let home = Home::new();
    let provider = make(keys_config(), home.environment(&server, no_browser)).unwrap();
    let first = log_in(&*provider).await.unwrap();
    log_in(&*provider).await.unwrap();
    assert_eq!(server.count("GetClusterCredentials"), 1);
    server.add(rule("Action=GetClusterCredentials", 200, &cluster_credentials(30)));
    assert!(provider.rejected(&first));
    for fetches in [2, 3] {
        log_in(&*provider).await.unwrap();
        assert_eq!(server.count("GetClusterCredentials"), fetches);
    }
}

#[tokio::test]
async fn another_secret_is_another_identity() {
    let server =
        Server::start(vec![rule("Action=GetClusterCredentials", 200, &cluster_credentials(900))]).await;
    let home = Home::new();
    for tail in ["key", "other"] {
        let mut config = keys_config();
        config.aws.secret_access_key = super::secret(tail);
        log_in(&*make(config, home.environment(&server, no_browser)).unwrap()).await.unwrap();
    }
    assert_eq!(server.count("GetClusterCredentials"), 2);
}

#[tokio::test]
async fn sso_profiles_are_listed_without_network() {
    let server = Server::start(Vec::new()).await;
    let home = Home::new();
    home.write(
        ".aws/config",
        "[profile keys]\naws_access_key_id = a\n[profile old]\nsso_start_url = https://a.awsapps.com/start\nsso_region \
         = us-west-2\n[profile bad]\nsso_session = gone\n",
    );
    let listed = sso_profiles(&AuthConfig::default(), &home.environment(&server, no_browser)).await.unwrap();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert!(listed[0]["error"].as_str().unwrap().contains("sso-session gone"));
    assert_eq!(listed[1]["start_url"], "https://a.awsapps.com/start");
    assert!(server.requests().is_empty());
}

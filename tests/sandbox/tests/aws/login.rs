//! Logins as a browser and an application see them: PKCE and device code, allowed and denied, and their misuse.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use redshift_sandbox::aws::{AwsConfig, AwsSide, Fault, Lives};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::http::{Answer, get, post_form, post_json, raw, send};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkdBjftJeZ4CVP-mB92K27u";
const REDIRECT: &str = "http://127.0.0.1:45678/oauth/callback";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn start() -> AwsSide {
    AwsSide::start(AwsConfig::default()).unwrap()
}

fn register(aws: &AwsSide, more: &Value) -> Value {
    let mut body = json!({ "clientName": "Tests <b>&", "clientType": "public" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = post_json(&format!("{}/client/register", aws.aws_endpoint_url()), &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn register_pkce(aws: &AwsSide) -> Value {
    register(
        aws,
        &json!({
            "scopes": ["sso:account:access"],
            "grantTypes": ["authorization_code", "refresh_token"],
            "redirectUris": ["http://127.0.0.1/oauth/callback"],
            "issuerUrl": aws.sso_start_url(),
        }),
    )
}

fn authorize_url(aws: &AwsSide, client: &Value, changes: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", client["clientId"].as_str().unwrap()),
        ("redirect_uri", REDIRECT),
        ("state", "state-1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("scopes", "sso:account:access"),
    ];
    for (name, value) in changes {
        fields.iter_mut().filter(|(key, _)| key == name).for_each(|field| field.1 = value);
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("{}/authorize?{query}", aws.aws_endpoint_url())
}

fn token(aws: &AwsSide, client: &Value, more: &Value) -> Answer {
    let mut body = json!({ "clientId": client["clientId"], "clientSecret": client["clientSecret"] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    post_json(&format!("{}/token", aws.aws_endpoint_url()), &body)
}

fn redeem(aws: &AwsSide, client: &Value, code: &str) -> Answer {
    let more = json!({
        "grantType": "authorization_code", "code": code, "redirectUri": REDIRECT, "codeVerifier": VERIFIER,
    });
    token(aws, client, &more)
}

/// The error name that SDKs read from the header.
fn error(answer: &Answer) -> String {
    answer.header("x-amzn-errortype").split(':').next().unwrap().to_owned()
}

/// Signs in and returns the login's id and the page shown next.
fn sign_in(aws: &AwsSide, opened: &Answer) -> (String, Answer) {
    assert_eq!(opened.status, 303, "{}", opened.body);
    let url = aws.aws_endpoint_url();
    let login = opened.location_field("login");
    let page = get(&format!("{url}{}", opened.header("location")));
    assert!(page.body.contains("<h1>Sign in</h1>"), "{}", page.body);
    let credentials = [("login", login.as_str()), ("user", "jane.doe"), ("password", "sandbox")];
    let signed_in = post_form(&format!("{url}/login/sign-in"), &credentials);
    assert!(signed_in.header("set-cookie").contains("HttpOnly"), "{signed_in:?}");
    let next = get(&format!("{url}{}", signed_in.header("location")));
    (login, next)
}

fn decide(aws: &AwsSide, login: &str, decision: &str) -> Answer {
    post_form(
        &format!("{}/login/decide", aws.aws_endpoint_url()),
        &[("login", login), ("decision", decision)],
    )
}

/// A code by way of the pages.
fn allowed_code(aws: &AwsSide, client: &Value) -> String {
    let (login, _) = sign_in(aws, &get(&authorize_url(aws, client, &[])));
    decide(aws, &login, "allow").location_field("code")
}

#[test]
fn pkce_login_by_the_pages_yields_tokens_for_the_portal() {
    let aws = start();
    let client = register_pkce(&aws);
    let (login, consent) = sign_in(&aws, &get(&authorize_url(&aws, &client, &[])));
    assert!(consent.body.contains("Allow Tests &lt;b&gt;&amp; to use your access?"), "{}", consent.body);
    let allowed = decide(&aws, &login, "allow");
    assert_eq!(allowed.status, 302);
    assert!(allowed.header("location").starts_with(REDIRECT));
    assert_eq!(allowed.location_field("state"), "state-1");
    let tokens = redeem(&aws, &client, &allowed.location_field("code")).json();
    assert!(tokens["refreshToken"].is_string());
    let access_token = tokens["accessToken"].as_str().unwrap();
    let url = format!("{}/assignment/accounts", aws.aws_endpoint_url());
    let accounts = send("GET", &url, &[("x-amz-sso_bearer_token", access_token)], "");
    assert_eq!(accounts.json()["accountList"][0]["accountId"], "123456789012");
}

#[test]
fn denied_pkce_login_goes_back_with_access_denied() {
    let aws = start();
    let client = register_pkce(&aws);
    let (login, _) = sign_in(&aws, &get(&authorize_url(&aws, &client, &[])));
    let denied = decide(&aws, &login, "deny");
    assert_eq!((denied.status, denied.location_field("error").as_str()), (302, "access_denied"));
    assert_eq!(denied.location_field("state"), "state-1");
    assert_eq!(decide(&aws, &login, "allow").status, 400, "a login that is over can still be allowed");
}

#[test]
fn nothing_is_allowed_before_signing_in() {
    let aws = start();
    let client = register_pkce(&aws);
    let opened = get(&authorize_url(&aws, &client, &[]));
    let login = opened.location_field("login");
    assert_eq!(decide(&aws, &login, "allow").status, 400);
    let wrong = [("login", login.as_str()), ("user", "jane.doe"), ("password", "wrong")];
    let page = post_form(&format!("{}/login/sign-in", aws.aws_endpoint_url()), &wrong);
    assert!(page.body.contains("The user name or password is wrong."));
    assert_eq!(page.header("set-cookie"), "");
    assert_eq!(decide(&aws, &login, "allow").status, 400);
}

#[test]
fn authorize_never_redirects_to_an_address_that_is_not_registered() {
    let aws = start();
    let client = register_pkce(&aws);
    for (field, value) in [
        ("redirect_uri", "http://127.0.0.1:45678/other"),
        ("redirect_uri", "http://localhost:45678/oauth/callback"),
        ("redirect_uri", "https://evil.example/oauth/callback"),
        ("client_id", "unknown"),
    ] {
        let answer = get(&authorize_url(&aws, &client, &[(field, value)]));
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{field}={value}");
    }
}

#[test]
fn authorize_reports_other_faults_to_the_application() {
    let aws = start();
    let client = register_pkce(&aws);
    for (field, value, expected) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("scopes", "redshift:connect", "invalid_scope"),
    ] {
        let answer = get(&authorize_url(&aws, &client, &[(field, value)]));
        assert_eq!(
            (answer.status, answer.location_field("error").as_str()),
            (302, expected),
            "{field}={value}"
        );
    }
}

#[test]
fn authorization_codes_are_good_once_for_their_client_redirect_and_verifier() {
    let aws = start();
    let client = register_pkce(&aws);
    let code = allowed_code(&aws, &client);
    assert_eq!(redeem(&aws, &client, &code).status, 200);
    assert_eq!(error(&redeem(&aws, &client, &code)), "InvalidGrantException");
    let other_client = register_pkce(&aws);
    assert_eq!(error(&redeem(&aws, &other_client, &allowed_code(&aws, &client))), "InvalidGrantException");
    for (field, value) in [
        ("redirectUri", "http://127.0.0.1:1/oauth/callback"),
        ("codeVerifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkXXXXXXXX"),
        ("codeVerifier", "short"),
    ] {
        let mut more = json!({
            "grantType": "authorization_code", "code": allowed_code(&aws, &client), "redirectUri": REDIRECT,
            "codeVerifier": VERIFIER,
        });
        more[field] = json!(value);
        assert_eq!(error(&token(&aws, &client, &more)), "InvalidGrantException", "{field}={value}");
    }
}

#[test]
fn refresh_tokens_rotate_and_end_with_the_session() {
    let aws = start();
    let client = register_pkce(&aws);
    let refresh = |token_text: &Value| {
        token(&aws, &client, &json!({ "grantType": "refresh_token", "refreshToken": token_text }))
    };
    let first = redeem(&aws, &client, &allowed_code(&aws, &client)).json();
    let second = refresh(&first["refreshToken"]);
    assert_eq!(second.status, 200);
    assert_eq!(error(&refresh(&first["refreshToken"])), "InvalidGrantException");
    let second = second.json();
    let url = format!("{}/logout", aws.aws_endpoint_url());
    send("POST", &url, &[("x-amz-sso_bearer_token", second["accessToken"].as_str().unwrap())], "");
    assert_eq!(error(&refresh(&second["refreshToken"])), "InvalidGrantException");
}

/// A device login that waits for the person.
fn device(aws: &AwsSide) -> (Value, Value) {
    let client = register(aws, &json!({ "scopes": ["sso:account:access"] }));
    let body = json!({
        "clientId": client["clientId"], "clientSecret": client["clientSecret"], "startUrl": aws.sso_start_url(),
    });
    let answer = post_json(&format!("{}/device_authorization", aws.aws_endpoint_url()), &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    (client, answer.json())
}

fn poll(aws: &AwsSide, client: &Value, device: &Value) -> Answer {
    token(aws, client, &json!({ "grantType": DEVICE_GRANT, "deviceCode": device["deviceCode"] }))
}

#[test]
fn device_login_by_the_pages_waits_for_code_and_consent() {
    let aws = start();
    let (client, device) = device(&aws);
    let pending = poll(&aws, &client, &device);
    assert_eq!(error(&pending), "AuthorizationPendingException");
    assert_eq!(pending.json()["error"], "authorization_pending");
    assert_eq!(error(&poll(&aws, &client, &device)), "SlowDownException");
    let opened = get(device["verificationUriComplete"].as_str().unwrap());
    let (login, compare) = sign_in(&aws, &opened);
    assert!(compare.body.contains(device["userCode"].as_str().unwrap()), "{}", compare.body);
    assert_eq!(decide(&aws, &login, "allow").status, 400, "allowed before the code was confirmed");
    post_form(&format!("{}/login/confirm", aws.aws_endpoint_url()), &[("login", &login)]);
    assert!(decide(&aws, &login, "allow").body.contains("Access allowed"));
    assert_eq!(poll(&aws, &client, &device).status, 200);
    assert_eq!(error(&poll(&aws, &client, &device)), "InvalidGrantException");
}

#[test]
fn denied_device_login_is_access_denied() {
    let aws = start();
    let (client, device) = device(&aws);
    let (login, _) = sign_in(&aws, &get(device["verificationUriComplete"].as_str().unwrap()));
    assert!(decide(&aws, &login, "deny").body.contains("Access denied"));
    assert_eq!(error(&poll(&aws, &client, &device)), "AccessDeniedException");
}

#[test]
fn device_codes_registrations_and_tokens_expire() {
    let lives = Lives { device_code: Duration::ZERO, sso_token: Duration::ZERO, ..Lives::default() };
    let aws = AwsSide::start(AwsConfig { lives, approve_sso: true, ..AwsConfig::default() }).unwrap();
    let (client, device) = device(&aws);
    assert_eq!(error(&poll(&aws, &client, &device)), "ExpiredTokenException");
    let pkce = register_pkce(&aws);
    let code = get(&authorize_url(&aws, &pkce, &[])).location_field("code");
    let tokens = redeem(&aws, &pkce, &code).json();
    let url = format!("{}/assignment/accounts", aws.aws_endpoint_url());
    let dead = send("GET", &url, &[("x-amz-sso_bearer_token", tokens["accessToken"].as_str().unwrap())], "");
    assert_eq!(dead.status, 401);
    assert_eq!(dead.json()["message"], "Session token not found or invalid");
    aws.expire_registrations();
    let expired = redeem(&aws, &pkce, "any");
    assert_eq!((expired.status, error(&expired).as_str()), (401, "InvalidClientException"));
}

#[test]
fn wrong_client_metadata_is_refused() {
    let aws = start();
    let url = format!("{}/client/register", aws.aws_endpoint_url());
    let cases = [
        (json!({ "clientName": "x" }), "InvalidRequestException"),
        (json!({ "clientName": "x", "clientType": "confidential" }), "InvalidClientMetadataException"),
        (json!({ "clientName": "x", "clientType": "public", "scopes": ["all"] }), "InvalidScopeException"),
        (
            json!({ "clientName": "x", "clientType": "public", "redirectUris": ["https://example.com/"] }),
            "InvalidRedirectUriException",
        ),
        (
            json!({ "clientName": "x", "clientType": "public", "grantTypes": ["password"] }),
            "UnsupportedGrantTypeException",
        ),
        (
            json!({ "clientName": "x", "clientType": "public", "issuerUrl": "https://example.com/start" }),
            "InvalidRequestException",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(error(&post_json(&url, &body)), expected, "{body}");
    }
    let not_json = send("POST", &url, &[("content-type", "application/json")], "{");
    assert_eq!(error(&not_json), "InvalidRequestException");
}

#[test]
fn the_wrong_start_url_is_refused() {
    let aws = start();
    let client = register(&aws, &json!({}));
    let body = json!({
        "clientId": client["clientId"], "clientSecret": client["clientSecret"],
        "startUrl": "https://example.com/start",
    });
    let answer = post_json(&format!("{}/device_authorization", aws.aws_endpoint_url()), &body);
    assert_eq!(error(&answer), "InvalidRequestException");
}

#[test]
fn a_host_name_in_the_wrong_region_is_refused() {
    let aws = start();
    let body = json!({ "clientName": "x", "clientType": "public" }).to_string();
    let ask =
        |host| send("POST", &format!("{}/client/register", aws.aws_endpoint_url()), &[("host", host)], &body);
    assert_eq!(error(&ask("oidc.eu-central-1.amazonaws.com")), "InvalidRequestException");
    assert_eq!(ask("oidc.us-west-2.amazonaws.com").status, 200);
}

#[test]
fn faults_strike_and_are_recorded_without_secrets() {
    let aws = start();
    aws.inject(Fault::throttle().on("RegisterClient").times(1));
    aws.inject(Fault::reset().on("ListAccounts"));
    let url = aws.aws_endpoint_url();
    let body = json!({ "clientName": "x", "clientType": "public" });
    assert_eq!(error(&post_json(&format!("{url}/client/register"), &body)), "SlowDownException");
    let client = register(&aws, &json!({}));
    assert!(raw("GET", &format!("{url}/assignment/accounts"), &[], "").is_none());
    token(&aws, &client, &json!({ "grantType": "refresh_token", "refreshToken": "planted-secret" }));
    let requests = aws.requests();
    let seen: Vec<_> = requests.iter().map(|request| (request.operation.as_str(), request.status)).collect();
    assert_eq!(
        seen,
        [("RegisterClient", 400), ("RegisterClient", 200), ("ListAccounts", 0), ("CreateToken", 400)]
    );
    let text = format!("{requests:?}");
    assert!(!text.contains("planted-secret") && !text.contains(client["clientSecret"].as_str().unwrap()));
}

#[test]
fn what_is_not_known_is_refused_at_once_with_a_request_id() {
    let aws = start();
    for (method, path) in [("GET", "/bucket/key"), ("PUT", "/"), ("POST", "/"), ("GET", "/token")] {
        let answer = send(method, &format!("{}{path}", aws.aws_endpoint_url()), &[], "");
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(answer.json()["__type"], "UnknownOperationException");
        assert_eq!(answer.header("x-amzn-requestid").len(), 36);
        assert!(!answer.header("date").is_empty());
    }
}

#[test]
fn pages_need_no_script_and_allow_none() {
    let aws = start();
    let page = get(&format!("{}/device", aws.aws_endpoint_url()));
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert!(!page.body.contains("<script"));
}

#[cfg(unix)]
#[test]
fn the_profiles_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let aws = start();
    let mode = |name: &str| aws.home().join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(".aws"), 0o700);
    assert_eq!((mode(".aws/config"), mode(".aws/credentials")), (0o600, 0o600));
}

#[test]
fn a_fault_of_an_ended_session_is_the_portals_401() {
    let aws = start();
    aws.inject(Fault::expired_token().on("ListAccounts"));
    let url = format!("{}/assignment/accounts", aws.aws_endpoint_url());
    let answer = send("GET", &url, &[("x-amz-sso_bearer_token", "any")], "");
    assert_eq!((answer.status, error(&answer).as_str()), (401, "UnauthorizedException"));
}

#[test]
fn dropping_it_closes_the_port_and_removes_the_home() {
    let aws = start();
    let (url, home) = (aws.aws_endpoint_url(), aws.home().to_owned());
    assert!(home.join(".aws/config").exists());
    drop(aws);
    assert!(!home.exists());
    assert!(std::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).is_err());
}

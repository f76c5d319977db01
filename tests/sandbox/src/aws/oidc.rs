//! SSO OIDC: client registration, device authorization, and tokens by device code, authorization code with PKCE,
//! or refresh token.
//!
//! Owns the checks and JSON of the three calls, which are never signed; what exists is kept by `sso`. The
//! invariant: a code is good once, for the client and the redirect that it was made for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::failure::Failure;
use super::http::Reply;
use super::server::Turn;
use super::sso::{Client, Code, Decision, Device, Tokens};
use super::world::World;
use super::{random, time};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const AUTHORIZATION_CODE: &str = "authorization_code";
const REFRESH_TOKEN: &str = "refresh_token";

/// The scopes that a client may ask for.
const SCOPES: [&str; 2] = ["sso:account:access", "redshift:connect"];

/// Answers one operation.
pub(crate) fn answer(world: &mut World, turn: &Turn<'_>) -> Result<Reply, Failure> {
    if turn.request.header("authorization").is_some() {
        return Err(invalid_request("OIDC calls are not signed; an Authorization header came"));
    }
    if !turn.call.json.is_object() {
        return Err(invalid_request("The request body is no JSON object"));
    }
    let body = match turn.call.operation.as_str() {
        "RegisterClient" => register(world, turn)?,
        "StartDeviceAuthorization" => start_device(world, turn)?,
        _ => create_token(world, turn)?,
    };
    Ok(Reply::json("application/json", &body))
}

fn register(world: &mut World, turn: &Turn<'_>) -> Result<Value, Failure> {
    let input = &turn.call.json;
    check_region(world, turn)?;
    let name = required(input, "clientName")?;
    if required(input, "clientType")? != "public" {
        return Err(Failure::new(400, "InvalidClientMetadataException", "clientType must be public"));
    }
    if text(input, "issuerUrl").is_some_and(|issuer| !is_start_url(world, issuer)) {
        return Err(invalid_request("Invalid issuerUrl"));
    }
    let scopes = list(input, "scopes");
    check_scopes(&scopes, &SCOPES.map(str::to_owned))?;
    let redirect_uris = list(input, "redirectUris");
    if let Some(uri) = redirect_uris.iter().find(|uri| !is_loopback(uri)) {
        let message = format!("Redirect {uri} is not http on 127.0.0.1");
        return Err(Failure::new(400, "InvalidRedirectUriException", message));
    }
    let client = Client {
        secret: random::token(),
        name: name.to_owned(),
        scopes,
        grant_types: grant_types(input, &redirect_uris)?,
        redirect_uris,
        expires_at: time::after(turn.now, world.config.lives.registration),
    };
    let id = random::token();
    let body = json!({
        "clientId": id,
        "clientSecret": client.secret,
        "clientIdIssuedAt": turn.now.as_second(),
        "clientSecretExpiresAt": client.expires_at.as_second(),
    });
    world.sso.clients.insert(id, client);
    Ok(body)
}

fn grant_types(input: &Value, redirect_uris: &[String]) -> Result<Vec<String>, Failure> {
    let asked = list(input, "grantTypes");
    if asked.is_empty() {
        return Ok(vec![DEVICE_CODE.to_owned(), REFRESH_TOKEN.to_owned()]);
    }
    let known = [DEVICE_CODE, AUTHORIZATION_CODE, REFRESH_TOKEN];
    if let Some(grant) = asked.iter().find(|grant| !known.contains(&grant.as_str())) {
        return Err(unsupported_grant(grant));
    }
    if asked.iter().any(|grant| grant == AUTHORIZATION_CODE) && redirect_uris.is_empty() {
        return Err(Failure::new(
            400,
            "InvalidRedirectUriException",
            "authorization_code needs redirectUris",
        ));
    }
    Ok(asked)
}

fn start_device(world: &mut World, turn: &Turn<'_>) -> Result<Value, Failure> {
    let input = &turn.call.json;
    check_region(world, turn)?;
    let (client_id, client) = client(world, turn)?;
    if !client.grant_types.iter().any(|grant| grant == DEVICE_CODE) {
        return Err(unauthorized_client());
    }
    if !is_start_url(world, required(input, "startUrl")?) {
        return Err(invalid_request("Invalid start URL provided"));
    }
    let lives = &world.config.lives;
    let allowed = || Decision::Allowed(world.config.sso_user.clone());
    let device = Device {
        client_id,
        user_code: random::user_code(),
        decision: if world.config.approve_sso { allowed() } else { Decision::Pending },
        expires_at: time::after(turn.now, lives.device_code),
        polled_at: None,
    };
    let device_code = random::token();
    let page = format!("{}/device", world.endpoint_url());
    let body = json!({
        "deviceCode": device_code,
        "userCode": device.user_code,
        "verificationUri": page,
        "verificationUriComplete": format!("{page}?user_code={}", device.user_code),
        "expiresIn": time::whole_seconds(lives.device_code),
        "interval": time::whole_seconds(lives.poll_interval),
    });
    world.sso.devices.insert(device_code, device);
    Ok(body)
}

fn create_token(world: &mut World, turn: &Turn<'_>) -> Result<Value, Failure> {
    let grant = required(&turn.call.json, "grantType")?;
    let (client_id, client) = client(world, turn)?;
    if ![DEVICE_CODE, AUTHORIZATION_CODE, REFRESH_TOKEN].contains(&grant) {
        return Err(unsupported_grant(grant));
    }
    if !client.grant_types.iter().any(|allowed| allowed == grant) {
        return Err(unauthorized_client());
    }
    let life = world.config.lives.sso_token;
    let tokens = match grant {
        DEVICE_CODE => {
            let user = redeem_device(world, turn, &client_id)?;
            world.sso.start_session(&client_id, &user, turn.now, life)
        }
        AUTHORIZATION_CODE => {
            let user = redeem_code(world, turn, &client_id)?;
            world.sso.start_session(&client_id, &user, turn.now, life)
        }
        _ => {
            let token = required(&turn.call.json, "refreshToken")?;
            let tokens = world.sso.refresh(token, &client_id, turn.now, life);
            tokens.ok_or_else(|| invalid_grant("Invalid refresh token provided"))?
        }
    };
    Ok(token_json(world, tokens))
}

fn token_json(world: &World, tokens: Tokens) -> Value {
    let mut body = json!({
        "accessToken": tokens.access_token,
        "tokenType": "Bearer",
        "expiresIn": time::whole_seconds(world.config.lives.sso_token),
    });
    if let (Some(token), Some(fields)) = (tokens.refresh_token, body.as_object_mut()) {
        fields.insert("refreshToken".to_owned(), Value::String(token));
    }
    body
}

fn redeem_device(world: &mut World, turn: &Turn<'_>, client_id: &str) -> Result<String, Failure> {
    let code = required(&turn.call.json, "deviceCode")?;
    // Half the interval: a client that keeps the interval must not fail on a machine under load.
    let pause = world.config.lives.poll_interval / 2;
    let device = world.sso.devices.get_mut(code).filter(|device| device.client_id == client_id);
    let device = device.ok_or_else(|| invalid_grant("Invalid device code provided"))?;
    let polled_at = device.polled_at.replace(turn.now);
    if device.decision != Decision::Used && turn.now >= device.expires_at {
        return Err(Failure::new(400, "ExpiredTokenException", "The device code has expired"));
    }
    match device.decision.clone() {
        Decision::Used => Err(invalid_grant("The device code has been used")),
        Decision::Denied => {
            Err(Failure::new(400, "AccessDeniedException", "The person denied the authorization request"))
        }
        Decision::Pending if polled_at.is_some_and(|before| turn.now < time::after(before, pause)) => Err(
            Failure::new(400, "SlowDownException", "The client polls more often than the interval allows"),
        ),
        Decision::Pending => {
            Err(Failure::new(400, "AuthorizationPendingException", "The authorization is still pending"))
        }
        Decision::Allowed(user) => {
            device.decision = Decision::Used;
            Ok(user)
        }
    }
}

fn redeem_code(world: &mut World, turn: &Turn<'_>, client_id: &str) -> Result<String, Failure> {
    let input = &turn.call.json;
    let code = required(input, "code")?;
    let (redirect_uri, verifier) = (required(input, "redirectUri")?, required(input, "codeVerifier")?);
    // The code is gone even if a later check fails: a stolen one must not be tried twice.
    let code: Code =
        world.sso.codes.remove(code).ok_or_else(|| invalid_grant("Invalid authorization code"))?;
    let checks = [
        (code.client_id == client_id, "The authorization code is another client's"),
        (turn.now < code.expires_at, "The authorization code has expired"),
        (code.redirect_uri == redirect_uri, "redirectUri differs from the one authorized"),
        (is_verifier(verifier), "codeVerifier must be 43 to 128 unreserved characters"),
        (challenge(verifier) == code.challenge, "codeVerifier does not match the code challenge"),
    ];
    match checks.iter().find(|(holds, _)| !holds) {
        Some((_, why)) => Err(invalid_grant(why)),
        None => Ok(code.user),
    }
}

fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

/// The S256 challenge of a verifier.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The client that sends the request, authenticated.
fn client(world: &World, turn: &Turn<'_>) -> Result<(String, Client), Failure> {
    let invalid = |why: &str| Failure::new(401, "InvalidClientException", why);
    let id = required(&turn.call.json, "clientId")?;
    let secret = required(&turn.call.json, "clientSecret")?;
    let client = world.sso.clients.get(id).filter(|client| client.secret == secret);
    let client = client.ok_or_else(|| invalid("Invalid client provided"))?;
    if turn.now >= client.expires_at {
        return Err(invalid("The client registration has expired"));
    }
    Ok((id.to_owned(), client.clone()))
}

/// Checks that all scopes are among those allowed.
pub(crate) fn check_scopes(asked: &[String], allowed: &[String]) -> Result<(), Failure> {
    match asked.iter().find(|scope| !allowed.contains(scope)) {
        Some(scope) => Err(Failure::new(400, "InvalidScopeException", format!("Invalid scope: {scope}"))),
        None => Ok(()),
    }
}

/// Identity Center answers in its own region only.
fn check_region(world: &World, turn: &Turn<'_>) -> Result<(), Failure> {
    match &turn.call.host_region {
        Some(region) if *region != world.config.sso_region => {
            Err(invalid_request("Identity Center is not in this region"))
        }
        _ => Ok(()),
    }
}

/// People write the start URL with and without its ending.
fn is_start_url(world: &World, url: &str) -> bool {
    let bare = |url: &str| url.trim_end_matches(['/', '#']).to_owned();
    bare(url) == bare(&world.start_url())
}

/// `http://127.0.0.1[:port]/path`: the only redirects that AWS's own clients use.
fn is_loopback(uri: &str) -> bool {
    let Ok(uri) = uri.parse::<hyper::Uri>() else { return false };
    uri.scheme_str() == Some("http") && uri.host() == Some("127.0.0.1")
}

/// Whether a redirect is the registered one, whatever the port.
pub(crate) fn is_registered(client: &Client, redirect_uri: &str) -> bool {
    let parts = |uri: &str| {
        let uri = uri.parse::<hyper::Uri>().ok()?;
        Some((uri.scheme_str()?.to_owned(), uri.host()?.to_owned(), uri.path().to_owned()))
    };
    let asked = parts(redirect_uri);
    asked.is_some() && client.redirect_uris.iter().any(|registered| parts(registered) == asked)
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, Failure> {
    text(input, name).ok_or_else(|| invalid_request(&format!("{name} is required")))
}

fn list(input: &Value, name: &str) -> Vec<String> {
    let entries = input.get(name).and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn invalid_request(why: &str) -> Failure {
    Failure::new(400, "InvalidRequestException", why)
}

fn invalid_grant(why: &str) -> Failure {
    Failure::new(400, "InvalidGrantException", why)
}

fn unsupported_grant(grant: &str) -> Failure {
    Failure::new(400, "UnsupportedGrantTypeException", format!("Unsupported grant type: {grant}"))
}

fn unauthorized_client() -> Failure {
    Failure::new(400, "UnauthorizedClientException", "The client is not registered for this grant type")
}

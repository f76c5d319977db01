//! What a browser does: from `/authorize` or `/device` over sign-in, code and consent to allow or deny.
//!
//! Owns the steps of a login and their checks; the looks are in `pages`, the outcome is kept by `sso`. The
//! invariant: nothing is sent to a redirect that the client has not registered, and nothing is allowed before
//! the person has signed in, confirmed the code of a device, and said so.

use super::failure::Failure;
use super::http::Reply;
use super::oidc;
use super::pages;
use super::server::Turn;
use super::sso::{Code, Decision, Login, Purpose};
use super::world::World;
use super::{random, time};

const COOKIE: &str = "sandbox_sso";

/// Answers one step.
pub(crate) fn answer(world: &mut World, turn: &Turn<'_>) -> Reply {
    let step = match turn.call.operation.as_str() {
        "Start" => Ok(pages::start(world)),
        "Authorize" => authorize(world, turn),
        "Device" | "EnterCode" => device(world, turn),
        "ShowLogin" => show(world, turn, None),
        "SignIn" => sign_in(world, turn),
        "ConfirmCode" => confirm(world, turn),
        _ => decide(world, turn),
    };
    step.unwrap_or_else(|failure| pages::error(&failure))
}

fn authorize(world: &mut World, turn: &Turn<'_>) -> Result<Reply, Failure> {
    let fields = &turn.call.fields;
    let text = |name| fields.text(name).unwrap_or_default().to_owned();
    let (client_id, redirect_uri, state) = (text("client_id"), text("redirect_uri"), text("state"));
    let client = world.sso.clients.get(&client_id).filter(|client| turn.now < client.expires_at);
    let client = client.ok_or_else(|| bad("The application is not registered, or no longer."))?;
    if !oidc::is_registered(client, &redirect_uri) {
        return Err(bad("The application asks to be sent to an address that it has not registered."));
    }
    let scopes: Vec<_> = text("scopes").split_whitespace().map(str::to_owned).collect();
    let error = if text("response_type") != "code" {
        Some("unsupported_response_type")
    } else if text("code_challenge").is_empty() || text("code_challenge_method") != "S256" || state.is_empty()
    {
        Some("invalid_request")
    } else if oidc::check_scopes(&scopes, &client.scopes).is_err() {
        Some("invalid_scope")
    } else {
        None
    };
    if let Some(error) = error {
        return Ok(redirect(&redirect_uri, &[("error", error), ("state", &state)]));
    }
    let purpose = Purpose::Code { client_id, redirect_uri, state, challenge: text("code_challenge") };
    if world.config.approve_sso {
        let user = world.config.sso_user.clone();
        return allow(world, turn, purpose, &user);
    }
    Ok(begin(world, turn, purpose))
}

fn device(world: &mut World, turn: &Turn<'_>) -> Result<Reply, Failure> {
    let Some(typed) = turn.call.fields.text("user_code") else { return Ok(pages::enter_code(None)) };
    let typed = typed.trim().to_uppercase();
    let found = world.sso.devices.iter().find(|(_, device)| device.user_code == typed);
    let Some((device_code, device)) = found else {
        return Ok(pages::enter_code(Some("That code is not known. Check it and try again.")));
    };
    if device.decision != Decision::Pending || turn.now >= device.expires_at {
        return Ok(pages::enter_code(Some("That code has been used or has expired. Start the login again.")));
    }
    let purpose = Purpose::Device { device_code: device_code.clone() };
    Ok(begin(world, turn, purpose))
}

/// Opens a login; a browser that has signed in before need not do so again.
fn begin(world: &mut World, turn: &Turn<'_>, purpose: Purpose) -> Reply {
    let known = turn.request.cookie(COOKIE).and_then(|cookie| world.sso.browsers.get(cookie).cloned());
    let login = Login {
        code_confirmed: matches!(purpose, Purpose::Code { .. }),
        purpose,
        user: known,
        expires_at: time::after(turn.now, world.config.lives.device_code),
    };
    let id = random::token();
    world.sso.logins.insert(id.clone(), login);
    Reply::see_other(format!("/login?login={id}"))
}

/// The page of the step that is due.
fn show(world: &World, turn: &Turn<'_>, problem: Option<&str>) -> Result<Reply, Failure> {
    let (id, login) = current(world, turn)?;
    let Some(user) = &login.user else { return Ok(pages::sign_in(world, &id, problem)) };
    let (client_id, device) = match &login.purpose {
        Purpose::Code { client_id, .. } => (client_id, None),
        Purpose::Device { device_code } => {
            let device = world.sso.devices.get(device_code).ok_or_else(gone)?;
            (&device.client_id, Some(device))
        }
    };
    let client = world.sso.clients.get(client_id).ok_or_else(gone)?;
    match device {
        Some(device) if !login.code_confirmed => Ok(pages::confirm_code(&id, &device.user_code)),
        _ => Ok(pages::consent(world, &id, client, user)),
    }
}

fn sign_in(world: &mut World, turn: &Turn<'_>) -> Result<Reply, Failure> {
    let (id, mut login) = current(world, turn)?;
    let fields = &turn.call.fields;
    let right = fields.text("user") == Some(&world.config.sso_user)
        && fields.text("password") == Some(&world.config.sso_password);
    if !right {
        return show(world, turn, Some("The user name or password is wrong."));
    }
    login.user = Some(world.config.sso_user.clone());
    let cookie = random::token();
    world.sso.browsers.insert(cookie.clone(), world.config.sso_user.clone());
    let mut reply = Reply::see_other(format!("/login?login={id}"));
    reply.headers.push(("set-cookie", format!("{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax")));
    world.sso.logins.insert(id, login);
    Ok(reply)
}

fn confirm(world: &mut World, turn: &Turn<'_>) -> Result<Reply, Failure> {
    let (id, mut login) = current(world, turn)?;
    login.code_confirmed = true;
    world.sso.logins.insert(id.clone(), login);
    Ok(Reply::see_other(format!("/login?login={id}")))
}

fn decide(world: &mut World, turn: &Turn<'_>) -> Result<Reply, Failure> {
    let (id, login) = current(world, turn)?;
    let allowed = match turn.call.fields.text("decision") {
        Some("allow") => true,
        Some("deny") => false,
        _ => return Err(bad("The form is incomplete.")),
    };
    let user = match (&login.user, login.code_confirmed) {
        (Some(user), true) => Some(user.clone()),
        _ => None,
    };
    match (allowed, user) {
        (true, None) => Err(bad("Sign in and confirm the code first.")),
        (true, Some(user)) => {
            world.sso.logins.remove(&id);
            allow(world, turn, login.purpose, &user)
        }
        (false, _) => {
            world.sso.logins.remove(&id);
            Ok(deny(world, login.purpose))
        }
    }
}

fn allow(world: &mut World, turn: &Turn<'_>, purpose: Purpose, user: &str) -> Result<Reply, Failure> {
    match purpose {
        Purpose::Code { client_id, redirect_uri, state, challenge } => {
            let code = random::token();
            let reply = redirect(&redirect_uri, &[("code", &code), ("state", &state)]);
            let expires_at = time::after(turn.now, world.config.lives.authorization_code);
            let kept = Code { client_id, redirect_uri, challenge, user: user.to_owned(), expires_at };
            world.sso.codes.insert(code, kept);
            Ok(reply)
        }
        Purpose::Device { device_code } => {
            let device = world.sso.devices.get_mut(&device_code).ok_or_else(gone)?;
            if device.decision != Decision::Pending || turn.now >= device.expires_at {
                return Err(gone());
            }
            device.decision = Decision::Allowed(user.to_owned());
            Ok(pages::allowed())
        }
    }
}

fn deny(world: &mut World, purpose: Purpose) -> Reply {
    match purpose {
        Purpose::Code { redirect_uri, state, .. } => {
            redirect(&redirect_uri, &[("error", "access_denied"), ("state", &state)])
        }
        Purpose::Device { device_code } => {
            let pending = world.sso.devices.get_mut(&device_code);
            if let Some(device) = pending.filter(|device| device.decision == Decision::Pending) {
                device.decision = Decision::Denied;
            }
            pages::denied()
        }
    }
}

fn current(world: &World, turn: &Turn<'_>) -> Result<(String, Login), Failure> {
    let id = turn.call.fields.text("login").ok_or_else(gone)?;
    let login = world.sso.logins.get(id).filter(|login| turn.now < login.expires_at).ok_or_else(gone)?;
    Ok((id.to_owned(), login.clone()))
}

/// 302, as the real service answers; forms that end here are followed by a GET all the same.
fn redirect(uri: &str, fields: &[(&str, &str)]) -> Reply {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let joint = if uri.contains('?') { '&' } else { '?' };
    let mut reply = Reply::html(302, String::new());
    reply.headers.push(("location", format!("{uri}{joint}{query}")));
    reply
}

fn bad(why: &str) -> Failure {
    Failure::new(400, "InvalidRequestException", why)
}

fn gone() -> Failure {
    Failure::new(400, "InvalidRequestException", "This login is over. Start it again in your application.")
}

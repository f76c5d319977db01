//! The login pages: plain HTML and CSS, no script, readable on a phone and by a screen reader.
//!
//! Owns the looks only; which page is due is decided in `login`. The invariant: every text from outside is
//! escaped.

use super::failure::Failure;
use super::http::{Reply, escape};
use super::sso::Client;
use super::world::World;

const STYLE: &str = "\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;justify-content:center;\
padding:24px;background:#eef1f5;color:#16202c;font:16px/1.5 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}\
main{width:100%;max-width:440px;background:#fff;border:1px solid #d5dce4;border-radius:10px;padding:32px}\
header{margin:0 0 16px;font-weight:600;color:#44566c}\
h1{margin:0 0 12px;font-size:22px;line-height:1.3}\
p{margin:0 0 16px}\
label{display:block;margin:0 0 16px;font-weight:600}\
input{display:block;width:100%;margin-top:6px;padding:10px 12px;border:1px solid #8a99ab;border-radius:6px;font:inherit;font-weight:400}\
ul{margin:0 0 16px;padding-left:20px}\
.code{margin:0 0 16px;padding:14px;background:#eef1f5;border-radius:6px;text-align:center;\
font:600 28px/1.2 ui-monospace,'DejaVu Sans Mono',monospace;letter-spacing:3px}\
.problem{padding:10px 12px;border-left:4px solid #b3261e;background:#fdecea}\
.hint{color:#51606f;font-size:14px}\
.buttons{display:flex;gap:12px;flex-wrap:wrap}\
button{flex:1;padding:11px 16px;border:1px solid #0b5cab;border-radius:6px;background:#0b5cab;color:#fff;\
font:inherit;font-weight:600;cursor:pointer}\
button.second{background:#fff;color:#0b5cab}\
button:focus-visible,input:focus-visible{outline:3px solid #f2a900;outline-offset:1px}\
footer{margin-top:16px;color:#51606f;font-size:13px;text-align:center}";

/// Where a person signs in.
pub(crate) fn sign_in(world: &World, login: &str, problem: Option<&str>) -> Reply {
    let body = format!(
        "<h1>Sign in</h1>{problem}\
         <form method=\"post\" action=\"/login/sign-in\">{login}\
         <label>User name<input name=\"user\" autocomplete=\"username\" required autofocus></label>\
         <label>Password<input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\
         <div class=\"buttons\"><button id=\"sign-in\">Sign in</button></div></form>\
         <p class=\"hint\" style=\"margin:16px 0 0\">In this sandbox: user name <b>{user}</b>, password <b>{password}</b>.</p>",
        problem = problem_box(problem),
        login = hidden(login),
        user = escape(&world.config.sso_user),
        password = escape(&world.config.sso_password),
    );
    page(200, "Sign in", &body)
}

/// Where a person types the code of a device.
pub(crate) fn enter_code(problem: Option<&str>) -> Reply {
    let body = format!(
        "<h1>Enter the code</h1>{}\
         <p>Type the code that your application shows.</p>\
         <form method=\"post\" action=\"/device\">\
         <label>Code<input name=\"user_code\" placeholder=\"XXXX-XXXX\" autocomplete=\"off\" required autofocus></label>\
         <div class=\"buttons\"><button id=\"next\">Next</button></div></form>",
        problem_box(problem),
    );
    page(200, "Enter the code", &body)
}

/// Where a person compares the code of a device.
pub(crate) fn confirm_code(login: &str, user_code: &str) -> Reply {
    let body = format!(
        "<h1>Compare the code</h1>\
         <p>Continue only if your application shows this code too.</p>\
         <p class=\"code\" id=\"code\">{code}</p>\
         <div class=\"buttons\">{confirm}{cancel}</div>",
        code = escape(user_code),
        confirm = button_form("/login/confirm", login, "confirm", "", "The codes match"),
        cancel = button_form("/login/decide", login, "deny", "second", "Cancel"),
    );
    page(200, "Compare the code", &body)
}

/// Where a person allows or denies.
pub(crate) fn consent(world: &World, login: &str, client: &Client, user: &str) -> Reply {
    let scopes = client.scopes.iter().map(|scope| match scope.as_str() {
        "sso:account:access" => "Use your AWS accounts and roles".to_owned(),
        "redshift:connect" => "Connect to Amazon Redshift as you".to_owned(),
        other => other.to_owned(),
    });
    let mut wishes: Vec<_> = scopes.collect();
    if wishes.is_empty() {
        wishes.push("Use your AWS accounts and roles".to_owned());
    }
    let list: String = wishes.iter().map(|wish| format!("<li>{}</li>", escape(wish))).collect();
    let body = format!(
        "<h1>Allow {client} to use your access?</h1>\
         <p>Signed in as <b>{user}</b>, account {account}. The application wants to:</p><ul>{list}</ul>\
         <div class=\"buttons\">{allow}{deny}</div>",
        client = escape(&client.name),
        user = escape(user),
        account = escape(&world.config.account_id),
        allow = button_form("/login/decide", login, "allow", "", "Allow access"),
        deny = button_form("/login/decide", login, "deny", "second", "Deny access"),
    );
    page(200, "Allow access", &body)
}

/// The end of a device login that was allowed.
pub(crate) fn allowed() -> Reply {
    page(
        200,
        "Access allowed",
        "<h1>Access allowed</h1><p>You can close this window and go back to your application.</p>",
    )
}

/// The end of a device login that was denied.
pub(crate) fn denied() -> Reply {
    page(
        200,
        "Access denied",
        "<h1>Access denied</h1><p>The application gets nothing. You can close this window.</p>",
    )
}

/// The start page, which exists so that the start URL can be opened.
pub(crate) fn start(world: &World) -> Reply {
    let body = format!(
        "<h1>AWS access portal</h1>\
         <p>This is the start URL of the sandbox. Give it to your application as it stands:</p>\
         <p><b>{}</b></p>\
         <p>To approve a login by code, <a href=\"/device\">enter the code</a>.</p>",
        escape(&world.start_url()),
    );
    page(200, "AWS access portal", &body)
}

/// What went wrong, said to a person.
pub(crate) fn error(failure: &Failure) -> Reply {
    let body = format!("<h1>This did not work</h1><p>{}</p>", escape(&failure.message));
    let mut reply = page(failure.status, "This did not work", &body);
    reply.error_code = Some(failure.code.clone());
    reply
}

fn page(status: u16, title: &str, body: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><header>Redshift sandbox</header>{body}</main>\
         <footer>A local stand-in for IAM Identity Center. Nothing leaves this machine.</footer></body></html>"
    );
    Reply::html(status, html)
}

fn problem_box(problem: Option<&str>) -> String {
    let text = |problem| format!("<p class=\"problem\" role=\"alert\">{}</p>", escape(problem));
    problem.map(text).unwrap_or_default()
}

fn hidden(login: &str) -> String {
    format!("<input type=\"hidden\" name=\"login\" value=\"{}\">", escape(login))
}

fn button_form(action: &str, login: &str, id: &str, class: &str, label: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{action}\" style=\"flex:1;display:flex\">{}\
         <button id=\"{id}\" name=\"decision\" value=\"{id}\" class=\"{class}\">{label}</button></form>",
        hidden(login),
    )
}

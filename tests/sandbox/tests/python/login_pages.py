"""Clicks through the sandbox's login pages in headless Chromium.

Run by `tests/aws/browser.rs` as `login_pages.py CASE`, with the sandbox's contract as JSON in `SANDBOX`. The
application's part (registration, polling, redirect listener) is plain HTTP.
"""

import base64
import hashlib
import http.server
import json
import os
import secrets
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

from chromium import Browser

SANDBOX = json.loads(os.environ["SANDBOX"])
URL = SANDBOX["aws_endpoint_url"]
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def browser():
    return Browser(SANDBOX["browser"], SANDBOX["driver"], sys.argv[1], SANDBOX["screenshots"])


def sign_in(page):
    page.expect("Sign in")
    page.sign_in("wrong")
    page.expect_problem("wrong")
    page.sign_in()


class Callback(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        if parts.path == "/oauth/callback":
            self.server.received = dict(urllib.parse.parse_qsl(parts.query))
        body = b"<!doctype html><title>done</title><h1>Back in the application</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def post(path, **body):
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def pkce(decision):
    """Returns what the redirect brought and what came of it at the token endpoint."""
    client = post(
        "/client/register",
        clientName="Redshift ADBC driver",
        clientType="public",
        scopes=["sso:account:access"],
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=["http://127.0.0.1/oauth/callback"],
        issuerUrl=SANDBOX["sso_start_url"],
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    server.received = None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    verifier = secrets.token_urlsafe(48)
    redirect = f"http://127.0.0.1:{server.server_port}/oauth/callback"
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": client["clientId"],
        "redirect_uri": redirect,
        "state": "a state & more",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "scopes": "sso:account:access",
    }
    with browser() as page:
        page.open(f"{URL}/authorize?{urllib.parse.urlencode(query)}")
        sign_in(page)
        page.expect("Allow Redshift ADBC driver to use your access?")
        page.click(decision)
        page.expect("Back in the application")
    server.shutdown()
    assert server.received["state"] == "a state & more", server.received
    keys = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    grant = {"grantType": "authorization_code", "codeVerifier": verifier, "redirectUri": redirect}
    return server.received, post("/token", code=server.received.get("code", "none"), **grant, **keys)


def pkce_allow():
    _, token = pkce("allow")
    assert token.get("accessToken") and token.get("refreshToken"), token


def pkce_deny():
    received, token = pkce("deny")
    assert received.get("error") == "access_denied" and "code" not in received, received
    assert token["error"] == "invalid_grant", token


def device(clicks, typed=False):
    client = post("/client/register", clientName="Redshift ADBC driver", clientType="public")
    keys = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    started = post("/device_authorization", startUrl=SANDBOX["sso_start_url"], **keys)
    with browser() as page:
        if typed:
            page.open(started["verificationUri"])
            page.expect("Enter the code")
            page.type("user_code", "WRNG-CODE")
            page.click("next")
            page.expect_problem("not known")
            page.type("user_code", started["userCode"].lower())
            page.click("next")
        else:
            page.open(started["verificationUriComplete"])
        sign_in(page)
        page.expect("Compare the code")
        assert page.text("code") == started["userCode"]
        for name, heading in clicks:
            page.click(name)
            page.expect(heading)
    return post("/token", grantType=DEVICE_GRANT, deviceCode=started["deviceCode"], **keys)


CONFIRM = ("confirm", "Allow Redshift ADBC driver to use your access?")


def device_allow():
    token = device([CONFIRM, ("allow", "Access allowed")])
    assert token.get("accessToken") and not token.get("refreshToken"), token


def device_deny():
    assert device([CONFIRM, ("deny", "Access denied")])["error"] == "access_denied"


def device_typed():
    """The person types the code, then sees that it is not the one of the application, and cancels."""
    assert device([("deny", "Access denied")], typed=True)["error"] == "access_denied"


if __name__ == "__main__":
    globals()[sys.argv[1]]()

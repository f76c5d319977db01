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

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

SANDBOX = json.loads(os.environ["SANDBOX"])
URL = SANDBOX["aws_endpoint_url"]
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Browser:
    def __init__(self):
        options = Options()
        options.binary_location = SANDBOX["browser"]
        # Tests may run as root, where Chromium's own sandbox refuses to start.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=900,760"):
            options.add_argument(argument)
        self.driver = webdriver.Chrome(options=options, service=Service(SANDBOX["driver"]))
        self.driver.set_page_load_timeout(60)
        self.pictures = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def click(self, name):
        self.driver.find_element(By.ID, name).click()

    def type(self, name, text):
        self.driver.find_element(By.NAME, name).send_keys(text)

    def await_text(self, by, value):
        """The text of an element, once the page that has it is there."""

        def shown(driver):
            return next((found.text for found in driver.find_elements(by, value)), None)

        return WebDriverWait(self.driver, 60, ignored_exceptions=[WebDriverException]).until(shown)

    def expect(self, heading):
        # In one step: an element found on the page that is being left could not be read any more.
        heading_of = "return document.querySelector('h1')?.textContent ?? ''"
        wait = WebDriverWait(self.driver, 60, ignored_exceptions=[WebDriverException])
        wait.until(lambda driver: heading in driver.execute_script(heading_of), f"no heading {heading!r}")
        if SANDBOX["screenshots"]:
            self.pictures += 1
            name = f"{sys.argv[1]}-{self.pictures}.png"
            self.driver.save_screenshot(os.path.join(SANDBOX["screenshots"], name))

    def sign_in(self):
        self.expect("Sign in")
        self.type("user", "jane.doe")
        self.type("password", "wrong")
        self.click("sign-in")
        assert "wrong" in self.await_text(By.CLASS_NAME, "problem")
        self.type("user", "jane.doe")
        self.type("password", "sandbox")
        self.click("sign-in")


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
    with Browser() as browser:
        browser.driver.get(f"{URL}/authorize?{urllib.parse.urlencode(query)}")
        browser.sign_in()
        browser.expect("Allow Redshift ADBC driver to use your access?")
        browser.click(decision)
        browser.expect("Back in the application")
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
    with Browser() as browser:
        if typed:
            browser.driver.get(started["verificationUri"])
            browser.expect("Enter the code")
            browser.type("user_code", "WRNG-CODE")
            browser.click("next")
            # The page comes again under the same heading, so the heading cannot tell that it is there.
            assert "not known" in browser.await_text(By.CLASS_NAME, "problem")
            browser.type("user_code", started["userCode"].lower())
            browser.click("next")
        else:
            browser.driver.get(started["verificationUriComplete"])
        browser.sign_in()
        browser.expect("Compare the code")
        assert browser.driver.find_element(By.ID, "code").text == started["userCode"]
        for name, heading in clicks:
            browser.click(name)
            browser.expect(heading)
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

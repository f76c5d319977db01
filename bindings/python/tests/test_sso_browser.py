"""A person signs in by SSO: headless Chromium clicks the sandbox's pages while the driver's connect waits.

Needs Debian's packages chromium and chromium-driver, which `make test` installs where it may; skipped without them,
except where `CI` is set. `$SANDBOX_SCREENSHOTS` names a folder that receives a picture of each page.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_redshift
import pytest
from adbc_driver_manager import AdbcConnection, AdbcStatement, AdbcStatusCode
from adbc_driver_redshift import DatabaseOptions
from chromium import Browser
from sandbox import Endpoint, Sandbox
from support import wait_until
from wiretap import Wiretap

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")
#: What the AWS CLI needs of the token cache, and all that may be secret in it.
CACHED = {"accessToken", "clientSecret", "refreshToken"}
#: What every completed login hands out.
ISSUED = {*CACHED, "secretAccessKey", "sessionToken", "DbPassword"}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A sandbox where a person has to click; one for each test, since a token lives as long as the process."""
    with Sandbox() as sandbox:
        yield sandbox.endpoint


@pytest.fixture
def browser(request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]) -> Iterator[Browser]:
    """A browser, where there is one."""
    if not (CHROMIUM and CHROMEDRIVER):
        assert not os.environ.get("CI"), "chromium or chromium-driver is missing"
        with capfd.disabled():
            print("SKIPPED (needs chromium)")
        pytest.skip("needs chromium")
    with Browser(CHROMIUM, CHROMEDRIVER, request.node.name, os.environ.get("SANDBOX_SCREENSHOTS")) as browser:
        yield browser


class Login:
    """A login in a thread of its own, watched from this one. Everything it says and writes is kept."""

    def __init__(self, endpoint: Endpoint, aws: Wiretap, home: Path, flow: str, timeout_seconds: int) -> None:
        self.user: str | None = None
        self.error: adbc_driver_manager.Error | None = None
        self.log = home / "driver.log"
        files = Path(endpoint.home) / ".aws"
        self._database = adbc_driver_redshift.connect(
            db_kwargs={
                DatabaseOptions.USERNAME: endpoint.user,
                DatabaseOptions.AUTH_METHOD: "sso",
                DatabaseOptions.AWS_CONFIG_FILE: files / "config",
                DatabaseOptions.AWS_CREDENTIALS_FILE: files / "credentials",
                DatabaseOptions.AWS_ENDPOINT_URL: aws.url,
                DatabaseOptions.AWS_REGION: endpoint.region,
                DatabaseOptions.LOG_FILE: self.log,
                DatabaseOptions.LOG_LEVEL: "trace",
                DatabaseOptions.SSO_ACCOUNT_ID: endpoint.sso_account_id,
                DatabaseOptions.SSO_FLOW: flow,
                DatabaseOptions.SSO_OPEN_BROWSER: False,
                DatabaseOptions.SSO_REGION: endpoint.sso_region,
                DatabaseOptions.SSO_ROLE_NAME: endpoint.sso_role_name,
                DatabaseOptions.SSO_START_URL: endpoint.sso_start_url,
                DatabaseOptions.SSO_TIMEOUT_SECONDS: timeout_seconds,
                DatabaseOptions.TARGET_CLUSTER_IDENTIFIER: endpoint.cluster_identifier,
                DatabaseOptions.TARGET_DATABASE: endpoint.database,
                DatabaseOptions.TLS_ROOT_CERT: endpoint.ca_file,
            }
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        import pyarrow

        try:
            with AdbcConnection(self._database) as connection, AdbcStatement(connection) as statement:
                statement.set_sql_query("SELECT current_user::VARCHAR(128)")
                stream, _ = statement.execute_query()
                self.user = pyarrow.RecordBatchReader.from_stream(stream).read_all()[0][0].as_py()
        except adbc_driver_manager.Error as error:
            self.error = error

    def _shows(self, name: str) -> str | None:
        try:
            return self._database.get_option(f"adbc.redshift.sso.{name}")
        except adbc_driver_manager.ProgrammingError:
            return None

    def shown(self, name: str) -> str:
        """What the driver tells the person, once it does."""
        wait_until(lambda: self._shows(name) is not None or not self._thread.is_alive(), f"the driver tells {name}")
        value = self._shows(name)
        assert value, self.error
        return value

    def end(self) -> None:
        """Waits until it has logged in or failed."""
        self._thread.join(90)
        assert not self._thread.is_alive(), "the login goes on"
        assert self._shows("verification_uri") is None
        self._database.close()
        # There is one log in a process.
        with adbc_driver_redshift.connect(db_kwargs={DatabaseOptions.LOG_LEVEL: "off"}):
            pass

    def failed_as(self, status: AdbcStatusCode, *words: str) -> bool:
        """Whether it failed so, and says one of the words."""
        return (
            self.user is None
            and self.error is not None
            and self.error.status_code == status
            and any(word in str(self.error) for word in words)
        )


class Desk:
    """Where a person signs in: a home that is empty at first, and a line to AWS that is listened to."""

    def __init__(self, endpoint: Endpoint, aws: Wiretap, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._endpoint = endpoint
        self._aws = aws
        self._home = home
        self._capture = capture

    def log_in(self, flow: str, timeout_seconds: int = 60) -> Login:
        return Login(self._endpoint, self._aws, self._home, flow, timeout_seconds)

    def assert_kept_secret(self, login: Login, *heard: str) -> None:
        """Searches all that the ended login said and wrote for what AWS and it told each other.

        `heard` are the secrets that this login must have had, so that the search is not for nothing.
        """
        assert set(heard) <= self._aws.heard.keys(), sorted(self._aws.heard)
        error = login.error
        places = {"standard error": self._capture.readouterr().err}
        places["the error"] = f"{error!s} {error!r} {error.details!r}" if error else ""
        places.update({str(file): self._unexpected(file) for file in self._home.rglob("*") if file.is_file()})
        assert "to sign in" in places["standard error"]
        assert "asking for credentials" in places[str(login.log)]
        for place, text in places.items():
            for name, secrets in self._aws.heard.items():
                if (place, name) == ("standard error", "state"):
                    # It is in the address that the person has to open.
                    continue
                for secret in secrets:
                    assert secret not in text and quote(secret, safe="") not in text, f"{name} is in {place}"

    def _unexpected(self, file: Path) -> str:
        """The text of a file, but for what the token cache is there to keep."""
        text = file.read_text()
        if file.parent != self._home / ".aws" / "sso" / "cache":
            return text
        return json.dumps({name: value for name, value in json.loads(text).items() if name not in CACHED})


@pytest.fixture
def desk(
    browser: Browser,
    endpoint: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    # The browser runs already: it keeps a history, which must not be searched.
    monkeypatch.setenv("HOME", str(tmp_path))
    with Wiretap(endpoint.aws_endpoint_url) as aws:
        yield Desk(endpoint, aws, tmp_path, capfd)


def open_consent(login: Login, browser: Browser) -> None:
    """Signs in on the page of a PKCE login."""
    browser.open(login.shown("verification_uri"))
    browser.expect("Sign in")
    browser.sign_in()
    browser.expect("Allow")


def confirm_code(login: Login, browser: Browser) -> None:
    """Types the code of the terminal into the page and compares."""
    browser.open(login.shown("verification_uri"))
    browser.expect("Enter the code")
    browser.type("user_code", login.shown("user_code"))
    browser.click("next")
    browser.expect("Sign in")
    browser.sign_in()
    browser.expect("Compare the code")
    assert browser.text("code") == login.shown("user_code")
    browser.click("confirm")
    browser.expect("Allow")


def test_a_person_allows_a_pkce_login(desk: Desk, browser: Browser, endpoint: Endpoint):
    login = desk.log_in("pkce")
    open_consent(login, browser)
    browser.click("allow")
    browser.expect("You are signed in")
    login.end()
    assert login.user == endpoint.user, login.error
    desk.assert_kept_secret(login, *ISSUED, "state", "code", "codeVerifier")


def test_a_person_denies_a_pkce_login(desk: Desk, browser: Browser):
    login = desk.log_in("pkce")
    open_consent(login, browser)
    browser.click("deny")
    browser.expect("Access was declined")
    login.end()
    assert login.failed_as(AdbcStatusCode.UNAUTHENTICATED, "declined", "denied"), login.error
    desk.assert_kept_secret(login, "state", "clientSecret")


def test_a_person_closes_the_window_of_a_pkce_login(desk: Desk, browser: Browser):
    login = desk.log_in("pkce", timeout_seconds=8)
    browser.open(login.shown("verification_uri"))
    browser.expect("Sign in")
    browser.quit()
    login.end()
    assert login.failed_as(AdbcStatusCode.TIMEOUT, "nobody completed the sign-in within 8 s"), login.error
    desk.assert_kept_secret(login, "clientSecret")


def test_a_person_allows_a_device_login(desk: Desk, browser: Browser, endpoint: Endpoint):
    login = desk.log_in("device")
    confirm_code(login, browser)
    browser.click("allow")
    browser.expect("Access allowed")
    login.end()
    assert login.user == endpoint.user, login.error
    desk.assert_kept_secret(login, *ISSUED, "deviceCode")


def test_a_person_denies_a_device_login(desk: Desk, browser: Browser):
    login = desk.log_in("device")
    confirm_code(login, browser)
    browser.click("deny")
    browser.expect("Access denied")
    login.end()
    assert login.failed_as(AdbcStatusCode.UNAUTHENTICATED, "declined", "denied"), login.error
    desk.assert_kept_secret(login, "deviceCode", "clientSecret")

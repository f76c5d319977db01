"""A person signs in by SSO: headless Chromium clicks the sandbox's pages while the driver's connect waits.

Needs Debian's packages chromium and chromium-driver, which `make test` installs where it may; skipped without them,
except where `CI` is set. `$SANDBOX_SCREENSHOTS` names a folder that receives a picture of the driver's own page.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import adbc_driver_manager
import adbc_driver_redshift
import pytest
from adbc_driver_manager import AdbcConnection, AdbcStatement
from sandbox import Endpoint, Sandbox
from support import wait_until

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")
WAIT_SECONDS = 20


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A sandbox where a person has to click; one for each test, since a token lives as long as the process."""
    with Sandbox() as sandbox:
        yield sandbox.endpoint


class Browser:
    """Headless Chromium."""

    def __init__(self) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        # Tests may run as root, where Chromium's own sandbox refuses to start.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.add_argument("--window-size=900,760")
        self._driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
        self._driver.set_page_load_timeout(WAIT_SECONDS)

    def open(self, address: str) -> None:
        self._driver.get(address)

    def click(self, name: str) -> None:
        self._driver.find_element("id", name).click()

    def type(self, name: str, text: str) -> None:
        self._driver.find_element("name", name).send_keys(text)

    def text(self, name: str) -> str:
        return self._driver.find_element("id", name).text

    def expect(self, heading: str) -> None:
        """Waits for a page with this in its heading."""
        from selenium.common.exceptions import WebDriverException
        from selenium.webdriver.support.ui import WebDriverWait

        # In one step: an element found on the page that is being left could not be read any more.
        heading_of = "return document.querySelector('h1')?.textContent ?? ''"
        wait = WebDriverWait(self._driver, WAIT_SECONDS, ignored_exceptions=[WebDriverException])
        wait.until(lambda driver: heading in driver.execute_script(heading_of), f"no heading {heading!r}")

    def sign_in(self) -> None:
        self.expect("Sign in")
        self.type("user", "jane.doe")
        self.type("password", "sandbox")
        self.click("sign-in")

    def picture(self, name: str) -> None:
        if folder := os.environ.get("SANDBOX_SCREENSHOTS"):
            self._driver.save_screenshot(str(Path(folder) / f"{name}.png"))

    def quit(self) -> None:
        self._driver.quit()


@pytest.fixture
def browser(capsys: pytest.CaptureFixture[str]) -> Iterator[Browser]:
    """A browser, where there is one."""
    if not (CHROMIUM and CHROMEDRIVER):
        assert not os.environ.get("CI"), "chromium or chromium-driver is missing"
        with capsys.disabled():
            print("SKIPPED (needs chromium)")
        pytest.skip("needs chromium")
    browser = Browser()
    yield browser
    browser.quit()


class Login:
    """A login in a thread of its own, watched from this one."""

    def __init__(self, endpoint: Endpoint, flow: str) -> None:
        self.user: str | None = None
        self.error: adbc_driver_manager.Error | None = None
        aws = Path(endpoint.home) / ".aws"
        self._database = adbc_driver_redshift.connect(
            db_kwargs={
                "username": endpoint.user,
                "adbc.redshift.auth.method": "sso",
                "adbc.redshift.aws.config_file": str(aws / "config"),
                "adbc.redshift.aws.credentials_file": str(aws / "credentials"),
                "adbc.redshift.aws.endpoint_url": endpoint.aws_endpoint_url,
                "adbc.redshift.aws.region": endpoint.region,
                "adbc.redshift.sso.account_id": endpoint.sso_account_id,
                "adbc.redshift.sso.flow": flow,
                "adbc.redshift.sso.open_browser": "false",
                "adbc.redshift.sso.region": endpoint.sso_region,
                "adbc.redshift.sso.role_name": endpoint.sso_role_name,
                "adbc.redshift.sso.start_url": endpoint.sso_start_url,
                "adbc.redshift.sso.timeout_seconds": "60",
                "adbc.redshift.sso.token_cache": "memory",
                "adbc.redshift.target.cluster_identifier": endpoint.cluster_identifier,
                "adbc.redshift.target.database": endpoint.database,
                "adbc.redshift.tls.root_cert": endpoint.ca_file,
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


def denied(login: Login) -> bool:
    """Whether it failed because the person said no, and says so."""
    return (
        login.user is None
        and login.error is not None
        and login.error.status_code == adbc_driver_manager.AdbcStatusCode.UNAUTHENTICATED
        and any(word in str(login.error) for word in ("declined", "denied"))
    )


def test_a_person_allows_a_pkce_login(browser: Browser, endpoint: Endpoint):
    login = Login(endpoint, "pkce")
    browser.open(login.shown("verification_uri"))
    browser.sign_in()
    browser.expect("Allow")
    browser.click("allow")
    browser.expect("You are signed in")
    browser.picture("pkce-allow")
    login.end()
    assert login.user == endpoint.user, login.error


def test_a_person_denies_a_pkce_login(browser: Browser, endpoint: Endpoint):
    login = Login(endpoint, "pkce")
    browser.open(login.shown("verification_uri"))
    browser.sign_in()
    browser.expect("Allow")
    browser.click("deny")
    browser.expect("did not succeed")
    browser.picture("pkce-deny")
    login.end()
    assert denied(login), login.error


def confirm_code(login: Login, browser: Browser) -> None:
    """Types the code of the terminal into the page and compares."""
    browser.open(login.shown("verification_uri"))
    browser.expect("Enter the code")
    browser.type("user_code", login.shown("user_code"))
    browser.click("next")
    browser.sign_in()
    browser.expect("Compare the code")
    assert browser.text("code") == login.shown("user_code")
    browser.click("confirm")
    browser.expect("Allow")


def test_a_person_allows_a_device_login(browser: Browser, endpoint: Endpoint):
    login = Login(endpoint, "device")
    confirm_code(login, browser)
    browser.click("allow")
    browser.expect("Access allowed")
    login.end()
    assert login.user == endpoint.user, login.error


def test_a_person_denies_a_device_login(browser: Browser, endpoint: Endpoint):
    login = Login(endpoint, "device")
    confirm_code(login, browser)
    browser.click("deny")
    browser.expect("Access denied")
    login.end()
    assert denied(login), login.error

"""Headless Chromium that clicks through sign-in pages as a person would.

Shared by `login_pages.py`, which tries the sandbox's pages alone, and by the driver's tests, which sign in with them.
It knows the names on the pages and no test's story. Every wait has a deadline.
"""

from __future__ import annotations

from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

#: Long enough for a machine that builds something at the same time.
WAIT_SECONDS = 60


class Browser:
    """A browser, as a context manager. The folder `pictures` receives each page waited for, as `story-N.png`."""

    def __init__(self, program: str, driver: str, story: str, pictures: str | None = None) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = program
        # Tests may run as root, where Chromium's own sandbox refuses to start.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.add_argument("--window-size=900,760")
        self._driver = webdriver.Chrome(options=options, service=Service(driver))
        self._driver.set_page_load_timeout(WAIT_SECONDS)
        self._story = story
        self._folder = pictures
        self._pictures = 0

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.quit()

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
        # In one step: an element found on the page that is being left could not be read any more.
        heading_of = "return document.querySelector('h1')?.textContent ?? ''"
        self._wait(lambda driver: heading in driver.execute_script(heading_of), f"no heading {heading!r}")
        self._keep_picture()

    def expect_problem(self, words: str) -> None:
        """Waits for a page that complains with these words; its heading is that of the page before."""

        def complaint(driver: webdriver.Chrome) -> str:
            return next((found.text for found in driver.find_elements("class name", "problem")), "")

        self._wait(lambda driver: words in complaint(driver), f"no problem {words!r}")

    def sign_in(self, password: str = "sandbox") -> None:
        self.type("user", "jane.doe")
        self.type("password", password)
        self.click("sign-in")

    def quit(self) -> None:
        """The person closes the window."""
        self._driver.quit()

    def _wait(self, condition: object, what: str) -> None:
        WebDriverWait(self._driver, WAIT_SECONDS, ignored_exceptions=[WebDriverException]).until(condition, what)

    def _keep_picture(self) -> None:
        if self._folder:
            self._pictures += 1
            self._driver.save_screenshot(str(Path(self._folder) / f"{self._story}-{self._pictures}.png"))

"""Amazon's Python SDK and the driver sign in for each other: they share the tokens in `~/.aws/sso/cache`."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox import Endpoint, Sandbox

#: Both forms of an SSO profile, with the name of the session.
PROFILES = {"sandbox-sso": "sandbox", "sandbox-sso-legacy": ""}
FAR_PAST = "2020-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def approving() -> Iterator[Endpoint]:
    """A sandbox that approves an SSO login without a click."""
    with Sandbox("--approve-sso") as sandbox:
        yield sandbox.endpoint


class Home:
    """A person's home with the sandbox's profiles and an empty cache."""

    def __init__(self, endpoint: Endpoint, path: Path) -> None:
        self._endpoint = endpoint
        self._path = path
        shutil.copytree(Path(endpoint.home) / ".aws", path / ".aws", ignore=shutil.ignore_patterns("sso"))

    def run(self, program: str, profile: str, flow: str = "cached_only") -> str:
        """Runs a program of `children/` in this home; answers what it printed."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = {
            **clean,
            "HOME": str(self._path),
            "AWS_EC2_METADATA_DISABLED": "true",
            "TEST_AWS_ENDPOINT_URL": self._endpoint.aws_endpoint_url,
            "TEST_CA_FILE": self._endpoint.ca_file,
            "TEST_CLUSTER": self._endpoint.cluster_identifier,
            "TEST_DATABASE": self._endpoint.database,
            "TEST_FLOW": flow,
            "TEST_PROFILE": profile,
            "TEST_REGION": self._endpoint.region,
            "TEST_SESSION": PROFILES[profile],
            "TEST_SSO_REGION": self._endpoint.sso_region,
            "TEST_START_URL": self._endpoint.sso_start_url,
            "TEST_USER": self._endpoint.user,
        }
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("children") / program)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def token_file(self) -> Path:
        """The one file of the cache that holds a token."""
        files = (self._path / ".aws" / "sso" / "cache").glob("*.json")
        (found,) = (file for file in files if "accessToken" in json.loads(file.read_text()))
        return found

    def token(self) -> dict[str, str]:
        """The token in the cache."""
        return json.loads(self.token_file().read_text())


@pytest.fixture
def home(approving: Endpoint, tmp_path: Path) -> Home:
    return Home(approving, tmp_path)


@pytest.mark.parametrize("profile", PROFILES)
def test_boto3_uses_the_token_of_the_drivers_login(approving: Endpoint, home: Home, profile: str):
    assert home.run("sso_login.py", profile, flow="device") == approving.user
    assert f"AWSReservedSSO_{approving.sso_role_name}" in home.run("boto3_identity.py", profile)
    assert stat.S_IMODE(home.token_file().stat().st_mode) == 0o600


@pytest.mark.parametrize("profile", PROFILES)
def test_the_driver_uses_the_token_that_botocore_wrote(approving: Endpoint, home: Home, profile: str):
    home.run("botocore_sign_in.py", profile)
    written = home.token()
    assert home.run("sso_login.py", profile) == approving.user
    assert home.token() == written


def test_the_driver_uses_the_token_that_boto3_refreshed(approving: Endpoint, home: Home):
    home.run("sso_login.py", "sandbox-sso", flow="device")
    old = home.token()
    home.token_file().write_text(json.dumps({**old, "expiresAt": FAR_PAST}))
    home.run("boto3_identity.py", "sandbox-sso")
    refreshed = home.token()
    assert refreshed["accessToken"] != old["accessToken"]
    assert home.run("sso_login.py", "sandbox-sso") == approving.user
    assert home.token() == refreshed


def test_boto3_uses_the_token_that_the_driver_refreshed(approving: Endpoint, home: Home):
    home.run("sso_login.py", "sandbox-sso", flow="device")
    old = home.token()
    home.token_file().write_text(json.dumps({**old, "expiresAt": FAR_PAST}))
    assert home.run("sso_login.py", "sandbox-sso") == approving.user
    refreshed = home.token()
    assert refreshed["accessToken"] != old["accessToken"]
    assert f"AWSReservedSSO_{approving.sso_role_name}" in home.run("boto3_identity.py", "sandbox-sso")
    assert home.token() == refreshed


@pytest.mark.parametrize("profile", PROFILES)
def test_without_a_token_cached_only_asks_nobody(home: Home, profile: str):
    assert home.run("sso_login.py", profile) == "UNAUTHENTICATED"

"""Every way to log in, with the options that the demo shows."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path

import adbc_driver_redshift
import logins
import pytest
from adbc_driver_redshift import DatabaseOptions, dbapi
from sandbox import Endpoint, Sandbox
from support import check_error

WRONG = "planted-s3cret"


@pytest.fixture(scope="module")
def approving() -> Iterator[Endpoint]:
    """A sandbox that approves SSO logins without a click; the user's own AWS settings are out of the way."""
    kept = dict(os.environ)
    logins.prepare_environment()
    try:
        with Sandbox("--approve-sso") as sandbox:
            yield sandbox.endpoint
    finally:
        os.environ.update(kept)


def test_every_method_logs_in(approving: Endpoint):
    users = {login.method: logins.log_in(login).user for login in logins.every(approving, by_browser=False)}
    assert len(users) == 8
    on_cluster = {user for method, user in users.items() if not method.startswith("Serverless")}
    assert on_cluster == {approving.user}
    assert users["Serverless, IAM access keys"].startswith("IAM:")
    assert users["Serverless, SSO"].startswith("IAMR:AWSReservedSSO_")


@pytest.fixture
def sso(approving: Endpoint) -> logins.Options:
    """The options of the SSO login by profile."""
    (login,) = (login for login in logins.every(approving, False) if login.method == "SSO, profile (sso_session)")
    return login.options


def test_the_profiles_that_can_sign_in_are_listed(sso: logins.Options):
    names = [profile["profile"] for profile in adbc_driver_redshift.sso_profiles(sso)]
    assert "sandbox-sso" in names
    assert "sandbox-keys" not in names


def test_a_sign_in_gives_the_accounts(approving: Endpoint, sso: logins.Options):
    accounts = adbc_driver_redshift.sso_login("sandbox-sso", db_kwargs=sso)
    assert approving.sso_account_id in [account["account_id"] for account in accounts]


def test_no_secret_is_logged_by_any_login(approving: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    log = tmp_path / "driver.log"
    for login in logins.every(approving, by_browser=False):
        options = {DatabaseOptions.LOG_LEVEL: "trace", DatabaseOptions.LOG_FILE: log}
        cache = {DatabaseOptions.SSO_TOKEN_CACHE: "shared"} if "SSO" in login.method else {}
        logins.log_in(dataclasses.replace(login, options={**login.options, **cache, **options}))
    with adbc_driver_redshift.connect(db_kwargs={DatabaseOptions.LOG_LEVEL: "off"}):
        pass
    text = log.read_text()
    assert "GetClusterCredentials" in text and "logged in" in text
    cached = [json.loads(path.read_text()) for path in (tmp_path / ".aws/sso/cache").glob("*.json")]
    tokens = [entry[key] for entry in cached for key in ("accessToken", "refreshToken", "clientSecret") if key in entry]
    assert len(tokens) >= 2
    for secret in [approving.password, approving.secret_access_key, *tokens]:
        assert secret not in text


def test_a_wrong_secret_key_is_unauthenticated_and_hidden(approving: Endpoint):
    (by_keys,) = (login for login in logins.every(approving, False) if login.method == "IAM, access keys")
    kwargs = {**by_keys.options, DatabaseOptions.AWS_SECRET_ACCESS_KEY: WRONG}
    with pytest.raises(dbapi.Error) as caught:
        dbapi.connect(db_kwargs=kwargs).close()
    assert caught.value.status_code.name == "UNAUTHENTICATED"
    check_error(caught.value, sqlstate=caught.value.sqlstate, mentions=["secret_access_key", "request id"], hides=WRONG)


def test_an_unknown_profile_names_those_that_exist(approving: Endpoint):
    (by_profile,) = (login for login in logins.every(approving, False) if "file profile" in login.method)
    with pytest.raises(dbapi.ProgrammingError, match="sandbox-keys"):
        dbapi.connect(db_kwargs={**by_profile.options, DatabaseOptions.AWS_PROFILE: "nobody"}).close()

"""Every way to log in, with the options that the demo shows."""

from __future__ import annotations

import os
from collections.abc import Iterator

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

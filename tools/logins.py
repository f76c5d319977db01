"""Every way to log in that the driver offers, against the sandbox's database and its AWS side."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import adbc_driver_redshift.dbapi
from adbc_driver_redshift import DatabaseOptions, OptionValue
from project import Stopwatch
from sandbox import Endpoint

#: Seconds that a person has for one sign-in.
SIGN_IN_TIMEOUT_SECONDS = 180

Options = dict[DatabaseOptions, OptionValue]


@dataclass(frozen=True, repr=False)
class Login:
    """One way to log in: its name, the options that a program sets, and where they lead."""

    method: str
    options: Options
    endpoint: str


@dataclass(frozen=True)
class Outcome:
    """A login that worked."""

    method: str
    user: str
    endpoint: str
    seconds: float


def prepare_environment() -> bool:
    """Keeps the user's own AWS settings and proxies out of the demo; tells whether a browser is wanted."""
    by_browser = os.environ.get("BROWSER") == "1"
    if by_browser:
        # The driver, like others, takes this variable as the browser's program.
        del os.environ["BROWSER"]
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            del os.environ[name]
    return by_browser


def every(endpoint: Endpoint, by_browser: bool) -> list[Login]:
    """All logins, each with the options it needs and no more."""
    cluster: Options = {
        DatabaseOptions.TARGET_CLUSTER_IDENTIFIER: endpoint.cluster_identifier,
        DatabaseOptions.USERNAME: endpoint.user,
    }
    workgroup: Options = {DatabaseOptions.TARGET_WORKGROUP: endpoint.workgroup}
    keys: Options = {
        DatabaseOptions.AWS_REGION: endpoint.region,
        DatabaseOptions.AWS_ACCESS_KEY_ID: endpoint.access_key_id,
        DatabaseOptions.AWS_SECRET_ACCESS_KEY: endpoint.secret_access_key,
    }
    by_hand: Options = {
        DatabaseOptions.AWS_REGION: endpoint.region,
        DatabaseOptions.SSO_START_URL: endpoint.sso_start_url,
        DatabaseOptions.SSO_REGION: endpoint.sso_region,
        DatabaseOptions.SSO_ACCOUNT_ID: endpoint.sso_account_id,
        DatabaseOptions.SSO_ROLE_NAME: endpoint.sso_role_name,
    }
    profile, sso_profile = DatabaseOptions.AWS_PROFILE, DatabaseOptions.SSO_PROFILE
    aws = _aws(endpoint)
    sso = {**aws, **_sign_in(by_browser)}
    provisioned = f"{endpoint.host}:{endpoint.port}"
    serverless = f"{endpoint.serverless_host}:{endpoint.serverless_port}"
    return [
        Login("user and password", _password(endpoint), provisioned),
        Login("IAM, access keys", {**aws, **cluster, **keys}, provisioned),
        Login("IAM, credentials-file profile", {**aws, **cluster, profile: "sandbox-keys"}, provisioned),
        Login("SSO, profile (sso_session)", {**sso, **cluster, sso_profile: "sandbox-sso"}, provisioned),
        Login("SSO, profile (legacy)", {**sso, **cluster, sso_profile: "sandbox-sso-legacy"}, provisioned),
        Login("SSO, typed by hand", {**sso, **cluster, **by_hand}, provisioned),
        Login("Serverless, IAM access keys", {**aws, **workgroup, **keys}, serverless),
        Login("Serverless, SSO", {**sso, **workgroup, **by_hand}, serverless),
    ]


def log_in(login: Login) -> Outcome:
    """Connects and asks the database who it sees."""
    watch = Stopwatch()
    with adbc_driver_redshift.dbapi.connect(db_kwargs=login.options) as connection:
        seconds = watch.seconds
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            (user,) = cursor.fetchone()
    return Outcome(login.method, user, login.endpoint, seconds)


def _password(endpoint: Endpoint) -> Options:
    return {
        DatabaseOptions.TARGET_HOST: endpoint.host,
        DatabaseOptions.TARGET_PORT: endpoint.port,
        DatabaseOptions.TARGET_DATABASE: endpoint.database,
        DatabaseOptions.USERNAME: endpoint.user,
        DatabaseOptions.PASSWORD: endpoint.password,
        DatabaseOptions.TLS_ROOT_CERT: endpoint.ca_file,
    }


def _aws(endpoint: Endpoint) -> Options:
    files = Path(endpoint.home) / ".aws"
    return {
        DatabaseOptions.TARGET_DATABASE: endpoint.database,
        DatabaseOptions.TLS_ROOT_CERT: endpoint.ca_file,
        # What follows only points the driver at the sandbox; with real AWS it is left out.
        DatabaseOptions.AWS_ENDPOINT_URL: endpoint.aws_endpoint_url,
        DatabaseOptions.AWS_CONFIG_FILE: files / "config",
        DatabaseOptions.AWS_CREDENTIALS_FILE: files / "credentials",
    }


def _sign_in(by_browser: bool) -> Options:
    return {
        DatabaseOptions.SSO_FLOW: "pkce" if by_browser else "device",
        DatabaseOptions.SSO_OPEN_BROWSER: by_browser,
        # The tokens of a demo do not belong in the user's ~/.aws.
        DatabaseOptions.SSO_TOKEN_CACHE: "memory",
        DatabaseOptions.SSO_TIMEOUT_SECONDS: SIGN_IN_TIMEOUT_SECONDS,
    }

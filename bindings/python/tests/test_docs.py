"""Every snippet of the documentation runs, as written, against the sandbox.

Where a snippet connects is replaced, what it connects with is not: its options go through the driver's own checks.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import adbc_driver_manager.dbapi
import adbc_driver_redshift
import polars
import project
import pytest
from adbc_driver_redshift import dbapi
from sandbox import Endpoint
from support import needed, snippets

PATTERNS = ("README.md", "docs/*.md", "bindings/*/README.md")
PAGES = sorted(page for pattern in PATTERNS for page in project.ROOT.glob(pattern))
#: The programs and profiles of the other page need other environments: test_tools runs them.
RUN_HERE = [page for page in PAGES if page.name != "tools.md"]
MAKE_TARGETS = re.findall(r"^([a-z]+)(?: [a-z]+)*:", (project.ROOT / "Makefile").read_text(), re.MULTILINE)


def examples(language: str, pages: list[Path] = PAGES) -> list[Any]:
    return [example for page in pages for example in snippets(page, language)]


def check_options(options: dict[Any, Any]) -> None:
    """Passes them to the driver, which uses no network for that."""
    adbc_driver_redshift.connect(db_kwargs=options).close()


@pytest.fixture(scope="module")
def sales(endpoint: Endpoint) -> None:
    """The table that the documentation reads."""
    with dbapi.connect(endpoint.uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE sales AS SELECT 1 AS id, 9.99::decimal(8,2) AS price")


@pytest.fixture
def surroundings(
    endpoint: Endpoint, sales: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[dict[str, Any]]:
    """A folder of its own, connections that lead to the sandbox, and the names that snippets expect."""
    opened = []
    connect, by_manager, by_uri = dbapi.connect, adbc_driver_manager.dbapi.connect, polars.read_database_uri

    def to_sandbox(uri: str | None = None, db_kwargs: dict[Any, Any] | None = None, **kwargs: Any) -> dbapi.Connection:
        check_options({**({"uri": uri} if uri else {}), **(db_kwargs or {})})
        opened.append(connect(endpoint.uri, **kwargs))
        return opened[-1]

    def through_manager(*_: Any, **kwargs: Any) -> dbapi.Connection:
        check_options({key: kwargs[key] for key in ("uri",) if key in kwargs} | kwargs.get("db_kwargs", {}))
        opened.append(by_manager(driver=adbc_driver_redshift.driver_path(), db_kwargs={"uri": endpoint.uri}))
        return opened[-1]

    def read(query: str, uri: str, **kwargs: Any) -> polars.DataFrame:
        check_options({"uri": uri})
        monkeypatch.setattr(dbapi, "connect", connect)
        frame = by_uri(query, endpoint.uri, **kwargs)
        monkeypatch.setattr(dbapi, "connect", to_sandbox)
        return frame

    monkeypatch.setattr(dbapi, "connect", to_sandbox)
    monkeypatch.setattr(polars, "read_database_uri", read)
    monkeypatch.setattr(adbc_driver_manager.dbapi, "connect", through_manager)
    monkeypatch.setenv("REDSHIFT_SANDBOX", os.environ.get("REDSHIFT_SANDBOX", str(project.SANDBOX)))
    # The person's own files are not the documentation's.
    monkeypatch.setenv("HOME", endpoint.home)
    monkeypatch.chdir(tmp_path)
    options = {adbc_driver_redshift.DatabaseOptions.AWS_CONFIG_FILE: Path(endpoint.home, ".aws", "config")}
    yield {"__name__": "snippet", "options": options, "Option": adbc_driver_redshift.DatabaseOptions}
    for connection in opened:
        connection.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::UserWarning")
@pytest.mark.parametrize("snippet", examples("python", RUN_HERE))
def test_python(snippet: str, surroundings: dict[str, Any]):
    if "SSO_ACCOUNTS" in snippet:
        pytest.skip("asks a person to sign in; test_logins does")
    exec(compile(snippet, "snippet", "exec"), surroundings)
    check_options(surroundings["options"])


@pytest.mark.parametrize("snippet", examples("toml", RUN_HERE))
def test_profiles(snippet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    library = json.dumps(str(adbc_driver_redshift.driver_path()))
    (tmp_path / "snippet.toml").write_text(snippet.replace('"redshift"', library))
    monkeypatch.setenv("ADBC_PROFILE_PATH", str(tmp_path))
    adbc_driver_manager.AdbcDatabase(profile="snippet").close()


@pytest.mark.parametrize("snippet", examples("sh"))
def test_shell(snippet: str, tmp_path: Path, endpoint: Endpoint):
    subprocess.run(["sh", "-n", "-c", snippet], check=True)
    for target in re.findall(r"^(?:[A-Z]+=\S+ )?make ([a-z]+)", snippet, re.MULTILINE):
        assert target in MAKE_TARGETS
    commands = [line for line in snippet.splitlines() if line.startswith("redshift-adbc ")]
    if commands:
        needed(project.COMMAND_LINE.is_file(), "`make build`")
        env = {"PATH": f"{project.COMMAND_LINE.parent}:{os.environ['PATH']}", "REDSHIFT_URI": endpoint.uri}
        subprocess.run(["sh", "-e", "-c", "\n".join(commands)], check=True, cwd=tmp_path, env=env)


@pytest.mark.parametrize("snippet", examples("json"))
def test_json(snippet: str):
    json.loads(snippet)


@pytest.mark.parametrize("snippet", examples("ini"))
def test_aws_profiles(snippet: str, tmp_path: Path):
    config = tmp_path / "config"
    config.write_text(snippet)
    assert ConfigParser().read(config)
    listed = adbc_driver_redshift.sso_profiles({"adbc.redshift.aws.config_file": config})
    assert [profile["profile"] for profile in listed] == ["analytics"]
    assert "error" not in listed[0]


def test_links_lead_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"

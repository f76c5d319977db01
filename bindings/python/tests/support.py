"""Helpers that several test files use."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import adbc_driver_manager
import project
import psycopg
import pytest
from adbc_driver_redshift import DatabaseOptions, dbapi
from sandbox import Endpoint

#: Sources and headers of the driver manager, in its wheel.
MANAGER = Path(adbc_driver_manager.__file__).parent
#: What the documentation connects to.
DOCUMENTED_URI = "redshift://user:password@host:5439/database"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def options(endpoint: Endpoint) -> dict[DatabaseOptions, str | int]:
    """The sandbox's URI as single options, for tests that change one of them."""
    return {
        DatabaseOptions.TARGET_HOST: endpoint.host,
        DatabaseOptions.TARGET_PORT: endpoint.port,
        DatabaseOptions.TARGET_DATABASE: endpoint.database,
        DatabaseOptions.USERNAME: endpoint.user,
        DatabaseOptions.PASSWORD: endpoint.password,
        DatabaseOptions.TLS_ROOT_CERT: endpoint.ca_file,
    }


def snippets(page: Path, language: str) -> list[Any]:
    """The page's examples in a language, as parameters of a test that are named by page and line."""
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(project.ROOT)
    return [
        pytest.param(match[2], id=f"{name}:{text.count(chr(10), 0, match.start()) + 1}")
        for match in _FENCE.finditer(text)
        if match[1] == language
    ]


def documented_options(level: str) -> set[str]:
    """The options that can be set on a `database`, `connection` or `statement`, by the table of the README."""
    text = (project.ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("<!-- options:begin -->")[1].split("<!-- options:end -->")[0]
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", table, re.MULTILINE)
    assert rows
    return {key for key, levels in rows if level in levels.strip().split(", ")}


def check_error(error: dbapi.Error, *, sqlstate: str | None, mentions: list[str], hides: str = "") -> None:
    """Checks the SQLSTATE, that the message holds the given words, and that a secret is nowhere in the error."""
    assert error.sqlstate == sqlstate, error
    message = str(error)
    for word in mentions:
        assert word.lower() in message.lower(), f"'{word}' is not in: {message}"
    if hides:
        everything = f"{error!s} {error!r} {error.args!r} {error.details!r} {error.__cause__!r}"
        assert hides not in everything


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Asks again and again until the condition holds.

    Raises:
        AssertionError: it did not within the time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.01)


def wait_until_running(engine: psycopg.Connection, text: str) -> None:
    """Waits until the engine runs a statement that contains the text, and its client waits for rows."""
    # A statement is active from Parse on; each message starts the time anew.
    sql = """
        SELECT count(*) FROM pg_stat_activity
        WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE %s
            AND clock_timestamp() - query_start > interval '0.2 seconds'
    """
    wait_until(lambda: engine.execute(sql, [f"%{text}%"]).fetchone() != (0,), f"a statement with '{text}' runs")


def needed(there: bool, what: str) -> None:
    """Skips the test when what it needs is not there, except in continuous integration, where it must be."""
    if not there:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"needs {what}")


def output(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """What a command prints; it must succeed."""
    env = {**os.environ, **environment}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout

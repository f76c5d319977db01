"""One sandbox for the whole run, and connections to it through the library in the installed package."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import adbc_driver_manager
import project
import psycopg
import pytest
from adbc_driver_redshift import dbapi
from child import Child
from sandbox import Endpoint, Sandbox
from support import MANAGER, needed, output

_TABLE_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """A sandbox, started once."""
    with Sandbox() as sandbox:
        yield sandbox.endpoint


@pytest.fixture
def connection(endpoint: Endpoint) -> Iterator[dbapi.Connection]:
    """A connection as the DB-API makes it: autocommit is off."""
    with dbapi.connect(endpoint.uri) as connection:
        yield connection


@pytest.fixture
def cursor(connection: dbapi.Connection) -> Iterator[dbapi.Cursor]:
    """A cursor of `connection`."""
    with connection.cursor() as cursor:
        yield cursor


@pytest.fixture
def numbers(endpoint: Endpoint) -> str:
    """The name of an empty committed table with one integer column `n`.

    It stays until the sandbox ends: a transaction that a test leaves open would block dropping it.
    """
    name = f"numbers_{next(_TABLE_NUMBERS)}"
    with dbapi.connect(endpoint.uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (n integer)")
    return name


@pytest.fixture
def engine(endpoint: Endpoint) -> Iterator[psycopg.Connection]:
    """The SQL engine behind the sandbox, to see what the driver did from the other side."""
    with psycopg.connect(endpoint.postgres_uri, autocommit=True) as connection:
        yield connection


@pytest.fixture
def child(endpoint: Endpoint) -> Iterator[Callable[[str], Child]]:
    """A function that starts a program of `children/`."""
    started: list[Child] = []

    def start(program: str) -> Child:
        started.append(Child(program, endpoint.uri))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="session")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of the driver."""
    folder = tmp_path_factory.mktemp("prefix")
    output(sys.executable, project.ROOT / "tools" / "install.py", "install", PREFIX=str(folder))
    return folder


@pytest.fixture(scope="session")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the driver manager's library. It is built once for each version."""
    folder = project.BUILD / f"driver-manager-{adbc_driver_manager.__version__}"
    library = folder / "libadbc_driver_manager.so"
    if not library.is_file():
        needed(shutil.which("g++") is not None, "g++")
        sources = sorted(MANAGER.glob("adbc_driver_manager*.cc"))
        fresh = tmp_path_factory.mktemp("manager") / library.name
        flags = ["-std=c++17", "-fPIC", "-shared", "-DADBC_EXPORTING", f"-I{MANAGER}"]
        output("g++", *flags, *sources, "-ldl", "-o", fresh)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(fresh, library)
    return folder

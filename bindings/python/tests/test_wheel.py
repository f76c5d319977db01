"""The archives that are given away: what is in them, where the wheel installs, and that it works there."""

from __future__ import annotations

import os
import subprocess
import tarfile
import venv
import zipfile
from pathlib import Path

import project
import pytest
from sandbox import Endpoint
from support import needed

#: Of the processor, so that a busy machine fails no test.
INSTALL_SECONDS = 10
IMPORT_MS = 100
#: What a program without pyarrow can do: log in, run statements, count rows.
QUERY = """
import sys
import adbc_driver_manager
import adbc_driver_redshift

with adbc_driver_redshift.connect(sys.argv[1]) as database:
    with adbc_driver_manager.AdbcConnection(database) as connection:
        with adbc_driver_manager.AdbcStatement(connection) as statement:
            statement.set_sql_query("CREATE TABLE pg_temp.numbers AS SELECT generate_series(1, 7) AS n")
            statement.execute_update()
            statement.set_sql_query("DELETE FROM pg_temp.numbers WHERE n > 2")
            print(statement.execute_update())
assert "pyarrow" not in sys.modules
"""
#: Milliseconds for the import alone, without the interpreter's start.
IMPORT = """
import time
start = time.process_time()
import adbc_driver_redshift
print((time.process_time() - start) * 1000)
"""


def children_seconds() -> float:
    """Processor time of the child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def archive(pattern: str) -> Path:
    found = sorted(project.DIST.glob(pattern))
    needed(bool(found), "`make wheel`")
    return found[0]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that holds the wheel and what it requires."""
    wheel = archive("*.whl")
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    start = children_seconds()
    subprocess.run([*pip, "--find-links", project.REQUIRED_WHEELS, wheel], check=True, cwd=folder)
    assert children_seconds() - start < INSTALL_SECONDS
    return python


def run(python: Path, program: str, *arguments: str) -> str:
    # Isolated: neither the folder nor the environment of the test lends it a module.
    done = subprocess.run([python, "-I", "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_fits_every_python_3_on_linux_since_2012():
    assert archive("*.whl").name.split("-")[2:4] == ["py3", "none"]
    assert "manylinux2014_" in archive("*.whl").name


def test_the_wheel_holds_what_it_needs_and_no_more():
    with zipfile.ZipFile(archive("*.whl")) as wheel:
        names = {name for name in wheel.namelist() if not name.endswith("/")}
    package, metadata = "adbc_driver_redshift", next(name.split("/")[0] for name in names if "dist-info" in name)
    sources = {path.name for path in (project.PACKAGE / "src" / package).iterdir() if path.is_file()}
    expected = {f"{package}/{name}" for name in {*sources, project.LIBRARY_NAME}}
    assert names == expected | {f"{metadata}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")}


def test_a_clean_environment_queries_without_further_packages(clean: Path, endpoint: Endpoint):
    assert run(clean, QUERY, endpoint.uri) == "5\n"


def test_the_import_is_quick(clean: Path):
    assert min(float(run(clean, IMPORT)) for _ in range(5)) < IMPORT_MS


def test_the_wheel_says_which_pythons_it_is_for():
    with zipfile.ZipFile(archive("*.whl")) as wheel:
        (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        assert "\nRequires-Python: >=3.9\n" in wheel.read(metadata).decode()


def test_the_source_archive_has_the_whole_crate(tmp_path: Path):
    with tarfile.open(archive("*.tar.gz")) as tar:
        tar.extractall(tmp_path)
    (crate,) = tmp_path.glob("*/crate")
    env = {**os.environ, "CARGO_TARGET_DIR": str(project.TARGET)}
    # Not a build: that takes minutes. The compiler reads every file of it, and the lock file has to be complete.
    subprocess.run(["cargo", "check", "--quiet", "--locked", "--lib"], cwd=crate, env=env, check=True)

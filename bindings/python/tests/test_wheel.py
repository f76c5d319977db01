"""The archives that are given away: what is in them, where the wheel installs, and that it works there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import project
import pytest
from adbc_driver_redshift import driver_path
from sandbox import Endpoint
from support import needed
from third_party import Crate

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
#: Where the library is that the driver manager found by a name and by a URI's scheme.
FOUND = """
import sys
import adbc_driver_manager
import adbc_driver_redshift

for options in ({"driver": "redshift", "uri": sys.argv[1]}, {"uri": sys.argv[1]}):
    with adbc_driver_manager.AdbcDatabase(**options) as database:
        with adbc_driver_manager.AdbcConnection(database):
            with open("/proc/self/maps") as maps:
                assert str(adbc_driver_redshift.driver_path()) in maps.read()
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
    # Isolated: neither the folder nor the environment of the test lends it a module or a manifest.
    command = [python, "-I", "-c", program, *arguments]
    done = subprocess.run(command, env={"HOME": "/nonexistent"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_fits_every_python_3_on_linux_since_2012():
    assert archive("*.whl").name.split("-")[2:4] == ["py3", "none"]
    assert "manylinux2014_" in archive("*.whl").name


def files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if not name.endswith("/")}


def test_the_wheel_holds_what_it_needs_and_no_more():
    names = files(archive("*.whl"))
    package, release = "adbc_driver_redshift", f"adbc_driver_redshift-{project.version()}"
    sources = {path.name for path in (project.PACKAGE / "src" / package).iterdir() if path.is_file()}
    licences = {"licenses/LICENSE", "licenses/THIRD-PARTY.txt", "sboms/adbc-driver-redshift.cdx.json"}
    assert names == {
        *(f"{package}/{name}" for name in {*sources, project.LIBRARY_NAME}),
        *(f"{release}.dist-info/{name}" for name in {"METADATA", "RECORD", "WHEEL", *licences}),
        f"{release}.data/data/etc/adbc/drivers/redshift.toml",
    }


def metadata(name: str) -> str:
    with zipfile.ZipFile(archive("*.whl")) as wheel:
        (found,) = (one for one in wheel.namelist() if one.endswith(f".dist-info/{name}"))
        return wheel.read(found).decode()


def test_the_wheel_names_what_is_in_the_library_and_under_which_licence():
    texts, bill = metadata("licenses/THIRD-PARTY.txt"), json.loads(metadata("sboms/adbc-driver-redshift.cdx.json"))
    crates = {component["name"]: component for component in bill["components"]}
    assert {"arrow-array", "aws-config", "ring", "rustls", "tokio"} <= set(crates)
    # They run in the compiler and are not in the library.
    assert not {"cbindgen", "serde_derive", "syn"} & set(crates)
    for crate in crates.values():
        (licence,) = (one["expression"] for one in crate["licenses"])
        assert f"\n  {crate['name']} {crate['version']} ({licence})\n" in texts
    for words in ("Permission is hereby granted, free of charge", "Apache License", "Brian Smith"):
        assert words in texts


def test_a_crate_of_an_unknown_licence_without_a_text_fails_the_build(tmp_path: Path):
    crate = Crate(name="odd", version="1.2.3", licence="Odd-1.0", holders="", folder=tmp_path, requires=())
    with pytest.raises(ValueError, match=r"pkg:cargo/odd@1\.2\.3 has no licence text.*'Odd-1\.0'"):
        list(crate.texts(apache=""))
    (tmp_path / "LICENSE-ODD").write_text("Odd terms")
    assert list(crate.texts(apache="")) == ["Odd terms"]


def test_the_driver_manager_finds_the_driver_by_name_in_a_virtual_environment(clean: Path, endpoint: Endpoint):
    run(clean, FOUND, endpoint.uri)


def test_a_clean_environment_queries_without_further_packages(clean: Path, endpoint: Endpoint):
    assert run(clean, QUERY, endpoint.uri) == "5\n"


def test_the_import_is_quick(clean: Path):
    assert min(float(run(clean, IMPORT)) for _ in range(5)) < IMPORT_MS


def test_the_wheel_says_which_pythons_it_is_for_so_that_pip_refuses_others():
    assert "\nRequires-Python: >=3.9\n" in metadata("METADATA")


@pytest.mark.timeout(600)
def test_the_source_archive_has_the_whole_crate(tmp_path: Path):
    with tarfile.open(archive("*.tar.gz")) as tar:
        tar.extractall(tmp_path)
    (crate,) = tmp_path.glob("*/crate")
    env = {**os.environ, "CARGO_TARGET_DIR": str(project.TARGET)}
    # Not a build: that takes minutes. The compiler reads every file of it, and the lock file has to be complete.
    subprocess.run(["cargo", "check", "--quiet", "--locked", "--lib"], cwd=crate, env=env, check=True)


def test_the_source_archive_packs_the_same_wheel(tmp_path: Path):
    with tarfile.open(archive("*.tar.gz")) as tar:
        tar.extractall(tmp_path)
    (sources,) = tmp_path.iterdir()
    # The library is given: compiling it is the other test's.
    env = {**os.environ, "ADBC_DRIVER_REDSHIFT_LIBRARY": str(driver_path())}
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "made"]
    subprocess.run([*pip, sources], cwd=tmp_path, env=env, check=True)
    (wheel,) = (tmp_path / "made").glob("*.whl")
    assert files(wheel) == files(archive("*.whl"))

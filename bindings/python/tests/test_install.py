"""What `make install` puts where, and that the driver manager finds the driver by it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import adbc_driver_manager.dbapi
import project
import pytest
from sandbox import Endpoint

INSTALL = project.ROOT / "tools" / "install.py"


def install(action: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the tool with nothing of the user's own in its environment."""
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "ADBC_DRIVER_REDSHIFT_LIBRARY": str(project.LIBRARY)}
    command = [sys.executable, str(INSTALL), action]
    return subprocess.run(command, env={**env, **environment}, capture_output=True, text=True, check=False)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    done = install("install", PREFIX=str(tmp_path))
    assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.fixture
def manifests(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the manifest, where the driver manager of this process looks."""
    folder = prefix / "etc/adbc/drivers"
    monkeypatch.setenv("ADBC_DRIVER_PATH", str(folder))
    return folder


def one(**arguments: object) -> object:
    with adbc_driver_manager.dbapi.connect(**arguments) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS one")
        return cursor.fetchone()[0]


def test_a_prefix_holds_everything(prefix: Path):
    assert files(prefix) == {
        f"lib/{project.LIBRARY_NAME}",
        "include/adbc_driver_redshift.h",
        "lib/pkgconfig/adbc-driver-redshift.pc",
        "lib/cmake/AdbcRedshift/AdbcRedshiftConfig.cmake",
        "lib/cmake/AdbcRedshift/AdbcRedshiftConfigVersion.cmake",
        "etc/adbc/drivers/redshift.toml",
    }


def test_the_driver_manager_finds_the_driver_by_name(manifests: Path, endpoint: Endpoint):
    assert one(driver="redshift", db_kwargs={"uri": endpoint.uri}) == 1


def test_the_driver_manager_finds_the_driver_by_the_scheme_of_the_uri(manifests: Path, endpoint: Endpoint):
    assert one(uri=endpoint.uri) == 1


def test_a_users_own_installation_is_found_by_name(tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch):
    done = install("install", PREFIX="~/.local", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".config/adbc/drivers/redshift.toml").is_file()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert one(driver="redshift", db_kwargs={"uri": endpoint.uri}) == 1


def test_a_profile_names_driver_and_options(
    manifests: Path, tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "warehouse.toml").write_text(f"""
        profile_version = 1
        driver = "redshift"

        [Options]
        username = "{endpoint.user}"
        password = "{{{{ env_var(WAREHOUSE_PASSWORD) }}}}"
        adbc.redshift.target.host = "{endpoint.host}"
        adbc.redshift.target.port = {endpoint.port}
        adbc.redshift.target.database = "{endpoint.database}"
        adbc.redshift.tls.root_cert = "{endpoint.ca_file}"
    """)
    monkeypatch.setenv("ADBC_PROFILE_PATH", str(tmp_path))
    monkeypatch.setenv("WAREHOUSE_PASSWORD", endpoint.password)
    assert one(profile="warehouse") == 1
    assert one(uri="profile://warehouse") == 1


def test_a_wrong_option_in_a_profile_is_named_by_the_driver(
    manifests: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    profile = 'profile_version = 1\ndriver = "redshift"\n[Options]\nadbc.redshift.target.hots = "example.com"\n'
    (tmp_path / "wrong.toml").write_text(profile)
    monkeypatch.setenv("ADBC_PROFILE_PATH", str(tmp_path))
    with pytest.raises(adbc_driver_manager.Error, match=r"target\.host"):
        one(profile="wrong")


def test_a_library_that_is_gone_is_named(manifests: Path, prefix: Path):
    (prefix / "lib" / project.LIBRARY_NAME).unlink()
    with pytest.raises(adbc_driver_manager.Error, match=str(prefix / "lib")):
        one(driver="redshift")


def test_a_staged_installation_names_the_final_place(tmp_path: Path):
    done = install("install", PREFIX="/opt/redshift", DESTDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    manifest = (tmp_path / "opt/redshift/etc/adbc/drivers/redshift.toml").read_text()
    assert f'shared = "/opt/redshift/lib/{project.LIBRARY_NAME}"' in manifest
    assert (tmp_path / "opt/redshift/lib" / project.LIBRARY_NAME).is_file()


def test_the_systems_folder_of_manifests_belongs_to_the_usual_prefix(tmp_path: Path):
    assert install("install", PREFIX="/usr", DESTDIR=str(tmp_path)).returncode == 0
    assert (tmp_path / "etc/adbc/drivers/redshift.toml").is_file()


def test_uninstalling_removes_every_file_and_may_be_repeated(prefix: Path):
    for _ in range(2):
        done = install("uninstall", PREFIX=str(prefix))
        assert done.returncode == 0, done.stderr
        assert files(prefix) == set()
    assert not (prefix / "lib/cmake/AdbcRedshift").exists()


def test_installing_before_building_says_what_to_run(tmp_path: Path):
    done = install("install", PREFIX=str(tmp_path), ADBC_DRIVER_REDSHIFT_LIBRARY=str(tmp_path / "nothing.so"))
    assert done.returncode == 1
    assert "run `make build` first" in done.stderr
    assert files(tmp_path) == set()

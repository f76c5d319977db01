"""The examples of `bindings/c`, built as a user builds them, and run against the sandbox.

The driver manager comes from the sources in the wheel adbc-driver-manager: Debian has no package of it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import project
import pytest
from sandbox import Endpoint
from support import MANAGER, needed, output

EXAMPLES = project.ROOT / "bindings" / "c" / "examples"
COMPILERS = {"gcc": "g++", "clang": "clang++"}
STRICT = {"c": ["-std=c11"], "cpp": ["-std=c++17"]}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
# Compiling the driver manager takes its time on a busy machine.
pytestmark = pytest.mark.timeout(400)
ROWS = "1  row 1\n2  row 2\n3  row 3\n"


def check_programs(folder: Path, prefix: Path, manager: Path, endpoint: Endpoint) -> None:
    """Runs the four programs: both ways of linking, both languages."""
    found = {"ADBC_DRIVER_PATH": str(prefix / "etc/adbc/drivers"), "LD_LIBRARY_PATH": f"{prefix / 'lib'}:{manager}"}
    for program in ("direct_c", "direct_cpp", "manager_c", "manager_cpp"):
        assert output(folder / program, endpoint.uri, **found) == ROWS, program
        for parameter, words in (("sslmod=require", "sslmode"), ("sslmode=sometimes", "verify-full")):
            command = [folder / program, f"redshift://localhost/dev?{parameter}"]
            env = {**os.environ, **found}
            wrong = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            assert wrong.returncode == 1, program
            assert words in wrong.stderr, program


@pytest.mark.parametrize("compiler", COMPILERS)
def test_pkg_config_builds_the_examples(compiler: str, prefix: Path, manager: Path, tmp_path: Path, endpoint: Endpoint):
    for program in ("pkg-config", compiler, COMPILERS[compiler]):
        needed(shutil.which(program) is not None, program)
    package = {"PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    cflags, libs = (
        shlex.split(output("pkg-config", flag, "adbc-driver-redshift", **package)) for flag in ("--cflags", "--libs")
    )
    for language, strict in STRICT.items():
        build = [COMPILERS[compiler] if language == "cpp" else compiler, *strict, *WARNINGS, *cflags, f"-I{MANAGER}"]
        source = EXAMPLES / f"query.{language}"
        output(*build, source, *libs, "-o", tmp_path / f"direct_{language}")
        through_manager = ["-DUSE_DRIVER_MANAGER", source, f"-L{manager}", "-ladbc_driver_manager"]
        output(*build, *through_manager, "-o", tmp_path / f"manager_{language}")
    check_programs(tmp_path, prefix, manager, endpoint)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_cmake_builds_the_examples(compiler: str, prefix: Path, manager: Path, tmp_path: Path, endpoint: Endpoint):
    for program in ("cmake", compiler, COMPILERS[compiler]):
        needed(shutil.which(program) is not None, program)
    output(
        *("cmake", "-S", EXAMPLES, "-B", tmp_path),
        f"-DCMAKE_C_COMPILER={compiler}",
        f"-DCMAKE_CXX_COMPILER={COMPILERS[compiler]}",
        f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DADBC_INCLUDE={MANAGER}",
        f"-DADBC_DRIVER_MANAGER={manager / 'libadbc_driver_manager.so'}",
    )
    output("cmake", "--build", tmp_path)
    check_programs(tmp_path, prefix, manager, endpoint)


@pytest.mark.parametrize(("version", "found"), [("0.1", True), ("0.2", False), ("1.0", False)])
def test_cmake_takes_compatible_versions_only(version: str, found: bool, prefix: Path, tmp_path: Path):
    needed(shutil.which("cmake") is not None, "cmake")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(version LANGUAGES C)\n"
        f"find_package(AdbcRedshift {version} REQUIRED)\n"
    )
    command = ["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}"]
    assert (subprocess.run(command, capture_output=True, check=False).returncode == 0) == found

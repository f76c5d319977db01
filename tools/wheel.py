"""Packs the Python package: the wheel of the library as built, and the wheel and source archive to give away.

The library to give away is linked against the symbols of an old glibc; what is compiled already is not compiled again.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

from project import (
    BUILD,
    DIST,
    LIBRARY,
    LIBRARY_NAME,
    PACKAGE,
    RELEASE,
    REQUIRED_WHEELS,
    ROOT,
    VENV,
    VENV_PYTHON,
    StepFailed,
    run,
)

#: Wheels for this machine.
LOCAL = BUILD / "wheels"
PORTABLE_RUSTC = ROOT / "tools" / "portable_rustc.sh"


def local(environment: dict[str, str]) -> Path:
    """Packs the library as built, for this machine."""
    return _pack(LIBRARY, LOCAL, environment)


def portable(environment: dict[str, str]) -> Path:
    """Makes the wheel and the source archive to give away; gives the wheel.

    Raises:
        StepFailed: not on Linux, or a step failed.
    """
    if sys.platform != "linux":
        raise StepFailed("`make wheel` makes manylinux wheels, on Linux only; `make build` works here too")
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**environment, "PATH": path}
    # Cargo knows the file by its name only and could take the other linker's for this one's.
    (RELEASE / "deps" / LIBRARY_NAME).unlink(missing_ok=True)
    # The whole workspace, as `make build` does: alone, the driver would get its dependencies with other features.
    wrapper = {"RUSTC_WORKSPACE_WRAPPER": str(PORTABLE_RUSTC)}
    run("cargo", "build", "--release", "--workspace", "--locked", env={**environment, **wrapper})
    shutil.rmtree(DIST, ignore_errors=True)
    raw = _pack(RELEASE / LIBRARY_NAME, BUILD / "wheel-raw", environment)
    # It fails when the library needs more than the tag promises.
    repair = (VENV_PYTHON, "-m", "auditwheel", "repair", "--plat", f"manylinux_2_17_{platform.machine()}")
    run(*repair, "--wheel-dir", DIST, raw, env=environment)
    run(VENV_PYTHON, "-m", "hatchling", "build", "--target", "sdist", "--directory", DIST, env=environment, cwd=PACKAGE)
    (wheel,) = DIST.glob("*.whl")
    return wheel


def download_requirements(environment: dict[str, str]) -> None:
    """Fetches what the wheel requires, in the pinned versions, so that a test installs it without a network."""
    pip = (VENV_PYTHON, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", REQUIRED_WHEELS)
    run(*pip, "-c", PACKAGE / "requirements-demo.txt", "adbc-driver-manager", "typing-extensions", env=environment)


def _pack(library: Path, folder: Path, environment: dict[str, str]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    env = {**environment, "ADBC_DRIVER_REDSHIFT_LIBRARY": str(library)}
    run(
        VENV_PYTHON,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        PACKAGE,
        env=env,
    )
    (wheel,) = folder.glob("adbc_driver_redshift-*.whl")
    return wheel

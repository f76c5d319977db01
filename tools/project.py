"""Where things are in this repository, and how the tools run and report a step.

Runs with the bare system Python (3.9 or later): only the standard library, because it is used before anything
is installed.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
VENV = BUILD / "venv"
VENV_PYTHON = VENV / "bin" / "python"
#: Tools that load drivers; their pins contradict those of the tests.
VENV_TOOLS = BUILD / "venv-tools"
#: A tool that wants old versions of what the other tools use.
VENV_HARLEQUIN = BUILD / "venv-harlequin"
PACKAGE = ROOT / "bindings" / "python"
#: Wheel and source archive to give away.
DIST = BUILD / "dist"
#: What the wheel requires, for installing it without a network.
REQUIRED_WHEELS = BUILD / "required-wheels"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
RELEASE = TARGET / "release"

LIBRARY_NAME = {
    "darwin": "libadbc_driver_redshift.dylib",
    "win32": "adbc_driver_redshift.dll",
}.get(sys.platform, "libadbc_driver_redshift.so")
LIBRARY = Path(os.environ.get("ADBC_DRIVER_REDSHIFT_LIBRARY") or RELEASE / LIBRARY_NAME)
SANDBOX = RELEASE / ("redshift-sandbox.exe" if sys.platform == "win32" else "redshift-sandbox")

COMMAND_LINE = RELEASE / ("redshift-adbc.exe" if sys.platform == "win32" else "redshift-adbc")


class StepFailed(Exception):
    """A step failed in a way that the user can cure; the text says how."""


def version() -> str:
    """The version of the driver, from its crate."""
    for line in (ROOT / "Cargo.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("version = "):
            return line.split('"')[1]
    raise StepFailed("Cargo.toml names no version")


def say(text: str) -> None:
    """Prints a line about what the tools do."""
    print(f"── {text}", flush=True)


def run(*command: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Runs a command without standard input, its output visible.

    Raises:
        StepFailed: it ended with an error.
    """
    words = [str(word) for word in command]
    status = subprocess.run(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, check=False).returncode
    if status != 0:
        raise StepFailed(f"`{shlex.join(words)}` ended with status {status}; its output above says why")


def succeeds(*command: str | Path) -> bool:
    """Whether a command exists and ends without an error; its output is dropped."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._start

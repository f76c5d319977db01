"""Makes what the make targets need: PostgreSQL, the Python environment, the build, the installed package.

    python3 tools/prepare.py STEP…      steps: postgresql, browser, compilers, valgrind, demo, test, lint, tools, build,
                                              package, wheel, cargo-deny

Each step says what it does, does it once, and is quick when there is nothing to do. Nothing asks a question.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import wheel
from project import (
    BUILD,
    LIBRARY,
    PACKAGE,
    REQUIRED_WHEELS,
    ROOT,
    SANDBOX,
    VENV,
    VENV_HARLEQUIN,
    VENV_TOOLS,
    StepFailed,
    Stopwatch,
    run,
    say,
    succeeds,
)

OLDEST_PYTHON = (3, 9)
TOOLS_PYTHON = (3, 11)
#: The first that harlequin's requirements do not fit.
HARLEQUIN_PYTHON_END = (3, 14)
CARGO_DENY_VERSION = "0.20.2"
CARGO_DENY = BUILD / "cargo-tools" / "bin" / "cargo-deny"


def main(steps: list[str]) -> int:
    """Runs the steps in the order given."""
    known = {
        "browser": browser,
        "build": build,
        "cargo-deny": cargo_deny,
        "compilers": compilers,
        "demo": lambda: environment("demo"),
        "lint": lambda: environment("lint"),
        "package": package,
        "postgresql": postgresql,
        "test": lambda: environment("test"),
        "tools": tools,
        "valgrind": valgrind,
        "wheel": portable_wheel,
    }
    try:
        for step in steps:
            if step not in known:
                raise StepFailed(f"there is no step '{step}'; the steps are {', '.join(known)}")
            known[step]()
    except StepFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def postgresql() -> None:
    """Makes sure that a PostgreSQL server is installed: the sandbox starts a private one of its own."""
    if _postgresql_server() is not None:
        return
    if _can_apt_install():
        say("Installing the Debian packages postgresql and postgresql-client (the sandbox's SQL engine)")
        _apt_install("postgresql", "postgresql-client")
    if _postgresql_server() is None:
        raise StepFailed(
            "No PostgreSQL server was found; the sandbox runs on a private one.\n"
            "Install it and try again, for example:\n"
            "    sudo apt-get install postgresql      (Debian, Ubuntu)\n"
            "    sudo dnf install postgresql-server   (Fedora)\n"
            "    brew install postgresql              (macOS)"
        )


def browser() -> None:
    """Makes sure that Chromium and its driver are installed: tests sign in with them as a person would."""
    programs = ("chromium", "chromedriver")
    if all(map(shutil.which, programs)):
        return
    if _can_apt_install():
        say("Installing the Debian packages chromium, chromium-driver and fonts-dejavu-core (for the sign-in tests)")
        _apt_install("chromium", "chromium-driver", "fonts-dejavu-core")
    if not all(map(shutil.which, programs)):
        say("Chromium was not found: the tests of the sign-in pages will be skipped, and say so.")


def compilers() -> None:
    """Makes sure that the C examples and the R package can be built: by gcc and clang, with pkg-config and CMake."""
    programs = {"clang": "clang", "cmake": "cmake", "g++": "g++", "pkg-config": "pkg-config", "R": "r-base-core"}
    _programs(programs, "the tests of the C examples and of R")
    if shutil.which("R") and not succeeds("Rscript", "-e", "loadNamespace('testthat')") and _can_apt_install():
        say("Installing the Debian package r-cran-testthat (for the tests of R)")
        _apt_install("r-cran-testthat")


def tools() -> None:
    """Installs tools that load drivers, for the tests that drive them, where this Python is new enough for them."""
    if sys.version_info < TOOLS_PYTHON:
        say("The tools that load drivers need a newer Python: their tests will be skipped, and say so.")
        return
    environment("tools", VENV_TOOLS)
    if sys.version_info < HARLEQUIN_PYTHON_END:
        environment("harlequin", VENV_HARLEQUIN)
    _programs({"tmux": "tmux"}, "the test of a tool in a terminal")


def valgrind() -> None:
    """Makes sure that Valgrind is installed: the C programs run under it."""
    _programs({"valgrind": "valgrind"}, "the search for memory errors")


def environment(name: str, folder: Path = VENV) -> None:
    """Installs the pinned Python packages of `requirements-<name>.txt` into build/venv, or another folder."""
    _virtual_environment(folder)
    requirements = PACKAGE / f"requirements-{name}.txt"
    stamp = folder / f".requirements-{name}"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if _reads(stamp, wanted):
        return
    say(f"Installing Python packages into {folder.relative_to(ROOT)} ({requirements.relative_to(ROOT)})")
    watch = Stopwatch()
    # Build isolation would fetch unpinned build tools for the one package without a wheel.
    _pip(folder, "install", "--quiet", "-r", str(PACKAGE / "requirements-build.txt"))
    _pip(folder, "install", "--quiet", "--no-build-isolation", "-r", str(requirements))
    stamp.write_text(wanted)
    say(f"Python packages installed in {watch.seconds:.0f} s")


def build() -> None:
    """Builds the driver library and the sandbox, release profile."""
    if shutil.which("cargo") is None:
        raise StepFailed("`cargo` was not found; install Rust from https://rustup.rs and try again")
    first = not (LIBRARY.is_file() and SANDBOX.is_file())
    if first:
        say("Building the driver and the sandbox. The first build takes up to 12 minutes on two cores;")
        say("later ones reuse it and take seconds.")
    watch = Stopwatch()
    run("cargo", "build", "--release", "--workspace", "--locked")
    if first:
        say(f"Built in {watch.seconds:.0f} s")


def package() -> None:
    """Packs the library already built into a wheel and installs it into build/venv."""
    if not LIBRARY.is_file():
        raise StepFailed(f"{LIBRARY} does not exist; run `make build` first")
    if _reads(VENV / ".adbc-driver-redshift", _package_digest()):
        return
    say("Packing the library into the Python package adbc-driver-redshift")
    _install(wheel.local(_pip_environment()))


def portable_wheel() -> None:
    """Builds, makes the manylinux wheel and the source archive in build/dist, and installs the wheel in build/venv."""
    environment("wheel")
    if not REQUIRED_WHEELS.is_dir():
        wheel.download_requirements(_pip_environment())
    say("Making the manylinux wheel and the source archive in build/dist; a first build takes up to 12 minutes")
    _install(wheel.portable(_pip_environment()))


def _install(made: Path) -> None:
    for folder in filter(Path.is_dir, (VENV, VENV_TOOLS, VENV_HARLEQUIN)):
        _pip(folder, "install", "--quiet", "--no-deps", "--force-reinstall", str(made))
    (VENV / ".adbc-driver-redshift").write_text(_package_digest())


def cargo_deny() -> None:
    """Installs cargo-deny, which checks licences and sources of the dependency tree, into build/cargo-tools."""
    if CARGO_DENY.is_file() or succeeds("cargo", "deny", "--version"):
        return
    say("Building cargo-deny into build/cargo-tools (once, about 3 minutes on two cores)")
    # Its own release profile (fat LTO, one codegen unit) would take three times as long and lint no better.
    quick = {
        "CARGO_PROFILE_RELEASE_LTO": "false",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    }
    root = BUILD / "cargo-tools"
    run(
        *("cargo", "install", "cargo-deny", "--version", CARGO_DENY_VERSION, "--locked", "--root", root),
        env={**os.environ, **quick, "CARGO_TARGET_DIR": str(root / "target")},
    )
    shutil.rmtree(root / "target", ignore_errors=True)


def _virtual_environment(folder: Path) -> None:
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise StepFailed(
            f"Python {wanted} or later is needed and this is {sys.version.split()[0]};\n"
            "name another one with `make PYTHON=/path/to/python3 …`"
        )
    if succeeds(folder / "bin" / "python", "-m", "pip", "--version"):
        return
    say(f"Making a Python environment in {folder.relative_to(ROOT)}")
    shutil.rmtree(folder, ignore_errors=True)
    if not succeeds(sys.executable, "-c", "import ensurepip, venv") and _can_apt_install():
        say("Installing the Debian package python3-venv")
        _apt_install("python3-venv")
    if not succeeds(sys.executable, "-m", "venv", folder):
        shutil.rmtree(folder, ignore_errors=True)
        raise StepFailed(
            f"{sys.executable} cannot make a virtual environment.\n"
            "On Debian and Ubuntu: sudo apt-get install python3-venv"
        )


def _postgresql_server() -> str | None:
    # Debian keeps the server's programs out of PATH.
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    return shutil.which("postgres") or next((str(path) for path in debian), None)


def _programs(packages: dict[str, str], purpose: str) -> None:
    """Installs the Debian packages of the programs that are not there, or says what will be skipped."""

    def missing() -> list[str]:
        return [package for program, package in packages.items() if shutil.which(program) is None]

    if missing() and _can_apt_install():
        say(f"Installing the Debian packages {', '.join(missing())} (for {purpose})")
        _apt_install(*missing())
    if missing():
        say(f"Not found: {', '.join(missing())}. What needs them ({purpose}) will be skipped, and say so.")


def _can_apt_install() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt_install(*packages: str) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0")
    run(*quiet, "update", env=env)
    run(*quiet, "install", "-y", "--no-install-recommends", *packages, env=env)


def _pip(folder: Path, *arguments: str) -> None:
    run(folder / "bin" / "python", "-m", "pip", *arguments, env=_pip_environment())


def _pip_environment() -> dict[str, str]:
    return {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def _package_digest() -> str:
    sources = [LIBRARY, ROOT / "Cargo.lock", ROOT / "Cargo.toml", PACKAGE / "pyproject.toml", *PACKAGE.glob("*.py")]
    sources += sorted((PACKAGE / "src").rglob("*.py"))
    digest = hashlib.sha256()
    for source in sources:
        digest.update(str(source).encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


def _reads(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text() == wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

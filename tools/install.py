"""Installs the driver for C, C++ and every ADBC driver manager, or removes it again.

    python3 tools/install.py install|uninstall

PREFIX is where to; without it, /usr/local for root and ~/.local for everybody else. DESTDIR is put in front of every
path, for packagers. The driver manifest goes where driver managers look: into the user's or the system's folder for
the usual prefixes, into PREFIX/etc/adbc/drivers for others (where managers look in Python and conda environments, and
where ADBC_DRIVER_PATH can point); ADBC_MANIFEST_DIR names another folder. Nothing is compiled.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from project import LIBRARY, LIBRARY_NAME, ROOT, StepFailed, say, version

TEMPLATES = ROOT / "bindings" / "c"
HEADER = "adbc_driver_redshift.h"


class Places:
    """Where things go, as the installed files name it; `staged` tells where that is now."""

    def __init__(self, environment: dict[str, str]) -> None:
        """Takes PREFIX, DESTDIR, ADBC_MANIFEST_DIR, HOME and XDG_CONFIG_HOME from the environment."""
        self._environment = environment
        self._root = hasattr(os, "geteuid") and os.geteuid() == 0
        prefix = environment.get("PREFIX") or self._usual_prefix()
        self.prefix = Path(prefix).expanduser().absolute()
        self.library = self.prefix / "lib" / LIBRARY_NAME
        self.header = self.prefix / "include" / HEADER
        self.pkg_config = self.prefix / "lib" / "pkgconfig" / "adbc-driver-redshift.pc"
        self.cmake = self.prefix / "lib" / "cmake" / "AdbcRedshift"
        self.manifest = self._manifest_folder() / "redshift.toml"

    def staged(self, path: Path) -> Path:
        """The path behind DESTDIR."""
        destination = self._environment.get("DESTDIR")
        return Path(destination).absolute() / path.relative_to(path.anchor) if destination else path

    def _usual_prefix(self) -> str:
        return "/usr/local" if self._root else "~/.local"

    def _manifest_folder(self) -> Path:
        given = self._environment.get("ADBC_MANIFEST_DIR")
        if given:
            return Path(given).expanduser().absolute()
        if self.prefix == Path("~/.local").expanduser():
            return self._user_folder()
        if self.prefix in (Path("/usr"), Path("/usr/local")):
            mac = sys.platform == "darwin"
            return Path("/Library/Application Support/ADBC/Drivers" if mac else "/etc/adbc/drivers")
        return self.prefix / "etc" / "adbc" / "drivers"

    def _user_folder(self) -> Path:
        if sys.platform == "darwin":
            return Path("~/Library/Application Support/ADBC/Drivers").expanduser()
        config = self._environment.get("XDG_CONFIG_HOME") or "~/.config"
        return Path(config).expanduser() / "adbc" / "drivers"


def install(places: Places) -> None:
    """Copies and writes all files.

    Raises:
        StepFailed: the library has not been built, or a place cannot be written.
    """
    if not LIBRARY.is_file():
        raise StepFailed(f"{LIBRARY} does not exist; run `make build` first")
    values = {"VERSION": version(), "LIBRARY_NAME": LIBRARY_NAME, "LIBRARY": str(places.library)}
    _copy(LIBRARY, places.staged(places.library), 0o755)
    _copy(ROOT / "include" / HEADER, places.staged(places.header))
    for template, target in _templates(places):
        _write(_filled(template, values), places.staged(target))
    if places.library == places.staged(places.library):
        _refresh_loader_cache(places.library)
    say(f'Installed into {places.prefix}; driver managers find it as "redshift" by {places.manifest}')


def uninstall(places: Places) -> None:
    """Removes what `install` with the same settings put there."""
    files = [places.library, places.header, *(target for _, target in _templates(places))]
    for path in map(places.staged, files):
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        say(f"Removed {path}")
    cmake = places.staged(places.cmake)
    if cmake.is_dir() and not any(cmake.iterdir()):
        cmake.rmdir()


def _templates(places: Places) -> list[tuple[Path, Path]]:
    cmake = ("AdbcRedshiftConfig.cmake", "AdbcRedshiftConfigVersion.cmake")
    return [
        (TEMPLATES / "adbc-driver-redshift.pc.in", places.pkg_config),
        *((TEMPLATES / f"{name}.in", places.cmake / name) for name in cmake),
        (TEMPLATES / "redshift.toml.in", places.manifest),
    ]


def _filled(template: Path, values: dict[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for name, value in values.items():
        quoted = value.replace("\\", "\\\\").replace('"', '\\"') if template.name.startswith("redshift.toml") else value
        text = text.replace(f"@{name}@", quoted)
    return text


def _copy(source: Path, target: Path, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside it and renamed: a program that has the old library mapped must not see it change.
    fresh = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, fresh)
    fresh.chmod(mode)
    fresh.replace(target)


def _write(text: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _refresh_loader_cache(library: Path) -> None:
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin:/bin:/usr/bin")
    if ldconfig and os.geteuid() == 0 and library.parent == Path("/usr/local/lib"):
        subprocess.run([ldconfig], check=False)


def main(arguments: list[str]) -> int:
    """Runs one of the two; gives the exit status."""
    actions = {"install": install, "uninstall": uninstall}
    if len(arguments) != 1 or arguments[0] not in actions:
        print("usage: install.py install|uninstall", file=sys.stderr)
        return 2
    try:
        actions[arguments[0]](Places(dict(os.environ)))
    except PermissionError as failure:
        print(f"\n{failure.filename} cannot be written: run with sudo, or choose a PREFIX of your own", file=sys.stderr)
        return 1
    except StepFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

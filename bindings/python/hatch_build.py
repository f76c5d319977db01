"""Puts the driver library, its manifest and its licences into the wheel, and its sources into the source archive.

A wheel takes the library named by ADBC_DRIVER_REDSHIFT_LIBRARY; else, in a source archive, the one that cargo builds
from the crate in there; else the release build of this repository. Nothing is written to the source tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# The build frontend runs this file alone, without its folder.
sys.path.insert(0, str(Path(__file__).parent))
import third_party

LIBRARY_NAME = {
    "darwin": "libadbc_driver_redshift.dylib",
    "win32": "adbc_driver_redshift.dll",
}.get(sys.platform, "libadbc_driver_redshift.so")
CRATE = "adbc-driver-redshift"
PACKAGE = "adbc_driver_redshift"
#: The dynamic loader's word for the folder of the library that loads: of Python's driver manager, beside this package.
LOADING_LIBRARY = {"darwin": "@loader_path", "linux": "$ORIGIN"}.get(sys.platform)
MANIFEST = "redshift.toml"


class PackLibrary(BuildHookInterface[Any]):
    """Adds the library to a wheel and the crate to a source archive."""

    _scratch: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Runs before the archive is written.

        Raises:
            FileNotFoundError: the library has not been built, or cargo is needed and not there.
        """
        if version == "editable":
            return
        if self.target_name == "sdist":
            self._pack_crate(build_data)
        else:
            self._pack_library(build_data)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes what was made for the archive."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def _pack_library(self, build_data: dict[str, Any]) -> None:
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        # No Python ABI is involved: the driver manager loads the library.
        build_data["tag"] = f"py3-none-{platform}"
        include = build_data["force_include"]
        include[str(self._library())] = f"{PACKAGE}/{LIBRARY_NAME}"
        self._pack_licences(include)
        if LOADING_LIBRARY is not None:
            # Where Python's driver manager looks in a virtual environment.
            build_data["shared_data"][str(self._manifest(LOADING_LIBRARY))] = f"etc/adbc/drivers/{MANIFEST}"

    def _pack_licences(self, include: dict[str, str]) -> None:
        own = self._sources() / "LICENSE"
        contents = third_party.crates(self._cargo_path(), self._sources(), CRATE)
        licences = third_party.licences(contents, apache=own.read_text(encoding="utf-8"))
        bill = third_party.bill_of_materials(contents, CRATE, self.metadata.version)
        metadata = f"{PACKAGE}-{self.metadata.version}.dist-info"
        include[str(own)] = f"{metadata}/licenses/LICENSE"
        include[str(self._made("THIRD-PARTY.txt", licences))] = f"{metadata}/licenses/THIRD-PARTY.txt"
        include[str(self._made("bill.json", bill))] = f"{metadata}/sboms/{CRATE}.cdx.json"

    def _manifest(self, folder: str) -> Path:
        text = self._manifest_template().read_text(encoding="utf-8")
        library = f"{folder}/../{PACKAGE}/{LIBRARY_NAME}"
        return self._made(MANIFEST, text.replace("@VERSION@", self.metadata.version).replace("@LIBRARY@", library))

    def _manifest_template(self) -> Path:
        name = f"{MANIFEST}.in"
        return Path(self.root, name) if self._unpacked_crate().is_dir() else self._sources() / "bindings" / "c" / name

    def _made(self, name: str, text: str) -> Path:
        path = self._scratch_folder() / name
        path.write_text(text, encoding="utf-8")
        return path

    def _library(self) -> Path:
        given = os.environ.get("ADBC_DRIVER_REDSHIFT_LIBRARY")
        if given is None and self._unpacked_crate().is_dir():
            return self._compile()
        library = Path(given or self._sources() / "target" / "release" / LIBRARY_NAME).resolve()
        if not library.is_file():
            raise FileNotFoundError(
                f"{library} does not exist: run `make build` first, or name the library in ADBC_DRIVER_REDSHIFT_LIBRARY"
            )
        return library

    def _compile(self) -> Path:
        target = Path(os.environ.get("CARGO_TARGET_DIR") or self._scratch_folder() / "target")
        command = ("build", "--release", "--locked", "--lib", "--target-dir", str(target))
        self._cargo(*command, folder=self._unpacked_crate())
        return target / "release" / LIBRARY_NAME

    def _pack_crate(self, build_data: dict[str, Any]) -> None:
        # `cargo package` resolves what the workspace shares, and leaves the tests' dependencies out.
        scratch = self._scratch_folder()
        command = ("package", "--quiet", "--package", CRATE, "--no-verify", "--allow-dirty", "--target-dir", scratch)
        self._cargo(*map(str, command), folder=self._sources())
        (archive,) = (scratch / "package").glob(f"{CRATE}-*.crate")
        with tarfile.open(archive) as tar:
            # The archive was made by cargo a moment ago; older Pythons know no filter.
            tar.extractall(scratch)
        unpacked = scratch / archive.stem
        # It names the commit, and whether the tree was clean.
        (unpacked / ".cargo_vcs_info.json").unlink(missing_ok=True)
        build_data["force_include"][str(unpacked)] = "crate"
        build_data["force_include"][str(self._manifest_template())] = f"{MANIFEST}.in"

    def _cargo(self, *arguments: str, folder: Path) -> None:
        subprocess.run([self._cargo_path(), *arguments], cwd=folder, check=True)

    def _cargo_path(self) -> str:
        cargo = shutil.which("cargo")
        if cargo is None:
            raise FileNotFoundError("`cargo` was not found; install Rust from https://rustup.rs and try again")
        return cargo

    def _sources(self) -> Path:
        unpacked = self._unpacked_crate()
        return unpacked if unpacked.is_dir() else Path(self.root, "..", "..").resolve()

    def _unpacked_crate(self) -> Path:
        return Path(self.root, "crate")

    def _scratch_folder(self) -> Path:
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="adbc-driver-redshift-")
        return Path(self._scratch.name)

"""Packs the driver library that cargo has built into the wheel, and tags the wheel for its platform.

The library is named by ADBC_DRIVER_REDSHIFT_LIBRARY; without it, the release build of this repository is taken.
Nothing is compiled here and nothing is written to the source tree.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY_NAME = {
    "darwin": "libadbc_driver_redshift.dylib",
    "win32": "adbc_driver_redshift.dll",
}.get(sys.platform, "libadbc_driver_redshift.so")


class PackLibrary(BuildHookInterface[Any]):
    """Adds the library to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Runs before the wheel is written.

        Raises:
            FileNotFoundError: the library has not been built.
        """
        if version == "editable":
            return
        built = Path(self.root, "..", "..", "target", "release", LIBRARY_NAME)
        library = Path(os.environ.get("ADBC_DRIVER_REDSHIFT_LIBRARY") or built).resolve()
        if not library.is_file():
            raise FileNotFoundError(
                f"{library} does not exist: run `make build` first, or name the library in ADBC_DRIVER_REDSHIFT_LIBRARY"
            )
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        # No Python ABI is involved: the driver manager loads the library.
        build_data["tag"] = f"py3-none-{platform}"
        build_data["force_include"][str(library)] = f"adbc_driver_redshift/{LIBRARY_NAME}"

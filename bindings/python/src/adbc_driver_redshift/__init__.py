"""ADBC driver for Amazon Redshift.

Most programs want the DB-API interface in `adbc_driver_redshift.dbapi`:

    >>> import adbc_driver_redshift.dbapi
    >>> with adbc_driver_redshift.dbapi.connect("redshift://user:password@host:5439/database") as connection:
    ...     with connection.cursor() as cursor:
    ...         cursor.execute("SELECT 1 AS one")
    ...         table = cursor.fetch_arrow_table()

This module holds the option names, the path of the driver library, and the low-level `connect`.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Mapping
from pathlib import Path

import adbc_driver_manager

from ._options import ConnectionOptions, DatabaseOptions, OptionValue, StatementOptions, option_keys
from ._sso import SsoAccount, SsoProfile, sso_login, sso_profiles

__all__ = [
    "ConnectionOptions",
    "DatabaseOptions",
    "OptionValue",
    "SsoAccount",
    "SsoProfile",
    "StatementOptions",
    "__version__",
    "connect",
    "driver_path",
    "sso_login",
    "sso_profiles",
]

__version__ = importlib.metadata.version("adbc-driver-redshift")

_LIBRARY_NAME = {
    "darwin": "libadbc_driver_redshift.dylib",
    "win32": "adbc_driver_redshift.dll",
}.get(sys.platform, "libadbc_driver_redshift.so")


def connect(
    uri: str | None = None,
    db_kwargs: Mapping[str | DatabaseOptions, OptionValue] | None = None,
) -> adbc_driver_manager.AdbcDatabase:
    """Makes a low-level ADBC database, from which any number of connections can be made.

    No network is used yet: the login happens with the first `adbc_driver_manager.AdbcConnection(database)`.

    Args:
        uri: Connection URI, for example `redshift://user:password@host:5439/database`.
        db_kwargs: Options of the database by key or `DatabaseOptions` member. An option given here beats the
            same one in the URI.

    Raises:
        adbc_driver_manager.Error: an option is unknown or its value is refused, or the driver library is damaged or
            another platform's.
        FileNotFoundError: the package was installed without the driver library.

    Example:
        >>> import adbc_driver_manager
        >>> import adbc_driver_redshift
        >>> with adbc_driver_redshift.connect("redshift://user:password@host/database") as database:
        ...     with adbc_driver_manager.AdbcConnection(database) as connection:
        ...         info = connection.get_info()
    """
    options = option_keys(db_kwargs)
    if uri is not None:
        options["uri"] = uri
    options["driver"] = str(driver_path())
    try:
        return adbc_driver_manager.AdbcDatabase(**options)
    except adbc_driver_manager.Error as error:
        # Not the driver's own errors: the driver manager's, which has not loaded it.
        _, loading, reason = str(error).partition(" failed: ")
        if "[Driver Manager]" not in str(error) or not loading:
            raise
        raise type(error)(
            f"the driver library cannot be loaded: {reason.splitlines()[0]}; install a wheel for this platform",
            status_code=error.status_code,
        ) from error


def driver_path() -> Path:
    """The driver library in this package, to give to any ADBC driver manager.

    Raises:
        FileNotFoundError: the package was installed without the library, from a source tree for example.

    Example:
        >>> import adbc_driver_manager.dbapi
        >>> connection = adbc_driver_manager.dbapi.connect(
        ...     driver=adbc_driver_redshift.driver_path(), uri="redshift://user:password@host/database"
        ... )
    """
    library = Path(__file__).with_name(_LIBRARY_NAME)
    if not library.is_file():
        raise FileNotFoundError(
            f"the Amazon Redshift driver library {_LIBRARY_NAME} is not in {library.parent}: the package was "
            "installed without it. Install a wheel for this platform; in a source tree, `make build` builds the "
            "library and `python3 tools/prepare.py demo package` installs it into build/venv"
        )
    return library

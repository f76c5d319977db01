"""DB-API 2.0 (PEP 249) interface of the Amazon Redshift driver, with Arrow extensions.

As the DB-API asks, a connection starts with autocommit off: call `commit()`, or connect with `autocommit=True`.

    >>> import adbc_driver_redshift.dbapi
    >>> with adbc_driver_redshift.dbapi.connect("redshift://user:password@host:5439/database") as connection:
    ...     with connection.cursor() as cursor:
    ...         cursor.execute("SELECT 1 AS one")
    ...         table = cursor.fetch_arrow_table()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import adbc_driver_manager
from adbc_driver_manager.dbapi import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Connection,
    Cursor,
    DatabaseError,
    DataError,
    Date,
    DateFromTicks,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    Warning,  # noqa: A004 - the name is the DB-API's
    apilevel,
    threadsafety,
)

import adbc_driver_redshift

from ._options import ConnectionOptions, DatabaseOptions, OptionValue, option_keys

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]

#: Parameters are written `$1`, `$2`, …: the nearest of the styles that the DB-API knows.
paramstyle = "numeric"


def connect(
    uri: str | None = None,
    db_kwargs: Mapping[str | DatabaseOptions, OptionValue] | None = None,
    conn_kwargs: Mapping[str | ConnectionOptions, OptionValue] | None = None,
    *,
    autocommit: bool = False,
    **kwargs: Any,
) -> Connection:
    """Connects to Amazon Redshift.

    Args:
        uri: Connection URI, for example `redshift://user:password@host:5439/database`.
        db_kwargs: Options of the database by key or `DatabaseOptions` member. An option given here beats the
            same one in the URI.
        conn_kwargs: Options of the connection by key or `ConnectionOptions` member.
        autocommit: Whether each statement is a transaction of its own. Off by default, as the DB-API asks.
        **kwargs: Passed on to `adbc_driver_manager.dbapi.Connection`.

    Raises:
        adbc_driver_redshift.dbapi.Error: the connection failed; the message says what failed and what to do
            next, and `sqlstate` holds the server's code where there is one.
        FileNotFoundError: the package was installed without the driver library.

    Example:
        >>> from adbc_driver_redshift import DatabaseOptions
        >>> connection = connect(
        ...     db_kwargs={
        ...         DatabaseOptions.TARGET_HOST: "examplecluster.abc123xyz789.us-west-2.redshift.amazonaws.com",
        ...         DatabaseOptions.TARGET_DATABASE: "dev",
        ...         DatabaseOptions.USERNAME: "awsuser",
        ...         DatabaseOptions.PASSWORD: password,
        ...     }
        ... )
    """
    options: Any = option_keys(conn_kwargs)
    database = adbc_driver_redshift.connect(uri, db_kwargs=db_kwargs)
    connection = None
    try:
        connection = adbc_driver_manager.AdbcConnection(database, **options)
        return Connection(database, connection, conn_kwargs=options, autocommit=autocommit, **kwargs)
    except BaseException:
        if connection is not None:
            connection.close()
        database.close()
        raise

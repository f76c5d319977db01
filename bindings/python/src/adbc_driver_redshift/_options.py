"""Option keys, one class per ADBC object. A test compares them with the driver's own table."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

__all__ = ["ConnectionOptions", "DatabaseOptions", "OptionValue", "StatementOptions", "option_keys"]

#: What an option can be set to.
OptionValue = Union[bool, bytes, float, int, str, Path]


class DatabaseOptions(enum.Enum):
    """Options of a database: `connect(db_kwargs={DatabaseOptions.TLS_MODE: "verify-full"})`."""

    #: Connection URI, `redshift://[user[:password]@][host][:port][/database][?name=value&…]`.
    URI = "uri"
    #: Database user.
    USERNAME = "username"
    #: Password of the database user. Cannot be read back.
    PASSWORD = "password"
    #: How to log in: `auto` or `password`.
    AUTH_METHOD = "adbc.redshift.auth.method"
    #: Endpoint of the cluster or workgroup; the name that TLS verifies.
    TARGET_HOST = "adbc.redshift.target.host"
    #: TCP port.
    TARGET_PORT = "adbc.redshift.target.port"
    #: Database to open.
    TARGET_DATABASE = "adbc.redshift.target.database"
    #: Host to open the TCP connection to, when it differs from the endpoint (tunnel, PrivateLink).
    TARGET_CONNECT_HOST = "adbc.redshift.target.connect_host"
    #: Seconds for resolving, TCP, TLS and login together.
    TARGET_CONNECT_TIMEOUT_SECONDS = "adbc.redshift.target.connect_timeout_seconds"
    #: `disable`, `require`, `verify-ca` or `verify-full` (the default).
    TLS_MODE = "adbc.redshift.tls.mode"
    #: PEM file of root certificates that replace the bundled and the system's roots.
    TLS_ROOT_CERT = "adbc.redshift.tls.root_cert"
    #: Name that the certificate must carry instead of the host.
    TLS_SERVER_NAME = "adbc.redshift.tls.server_name"
    #: Lowest TLS version accepted, `1.2` or `1.3`.
    TLS_MIN_VERSION = "adbc.redshift.tls.min_version"
    #: Seconds without traffic before the first TCP keepalive probe; 0 turns keepalive off.
    SESSION_KEEPALIVE_IDLE_SECONDS = "adbc.redshift.session.keepalive_idle_seconds"
    #: Seconds between keepalive probes.
    SESSION_KEEPALIVE_INTERVAL_SECONDS = "adbc.redshift.session.keepalive_interval_seconds"
    #: Unanswered probes after which the connection counts as lost.
    SESSION_KEEPALIVE_COUNT = "adbc.redshift.session.keepalive_count"
    #: Name that the server's connection log shows.
    SESSION_APPLICATION_NAME = "adbc.redshift.session.application_name"
    #: Rows in a record batch, at most.
    RESULT_BATCH_ROWS = "adbc.redshift.result.batch_rows"
    #: Bytes of values in a record batch, at most.
    RESULT_BATCH_BYTES = "adbc.redshift.result.batch_bytes"
    #: Wire format of results: `auto`, `binary` or `text`.
    RESULT_FORMAT = "adbc.redshift.result.format"
    #: Bytes of an open result that may be held in memory so that another statement can run.
    RESULT_BUFFER_BYTES = "adbc.redshift.result.buffer_bytes"


class ConnectionOptions(enum.Enum):
    """Options of a connection: `connect(uri, conn_kwargs={ConnectionOptions.RESULT_BATCH_ROWS: 10_000})`."""

    #: Whether each statement is a transaction of its own.
    AUTOCOMMIT = "adbc.connection.autocommit"
    #: The connection's database. Read only.
    CATALOG = "adbc.connection.catalog"
    #: The connection's current schema. Read only.
    DB_SCHEMA = "adbc.connection.db_schema"
    #: Name that the server's connection log shows.
    SESSION_APPLICATION_NAME = "adbc.redshift.session.application_name"
    #: Rows in a record batch, at most.
    RESULT_BATCH_ROWS = "adbc.redshift.result.batch_rows"
    #: Bytes of values in a record batch, at most.
    RESULT_BATCH_BYTES = "adbc.redshift.result.batch_bytes"
    #: Wire format of results: `auto`, `binary` or `text`.
    RESULT_FORMAT = "adbc.redshift.result.format"
    #: Bytes of an open result that may be held in memory so that another statement can run.
    RESULT_BUFFER_BYTES = "adbc.redshift.result.buffer_bytes"


class StatementOptions(enum.Enum):
    """Options of a statement.

    `cursor.adbc_statement.set_options(**{StatementOptions.RESULT_BATCH_ROWS.value: 1000})`
    """

    #: Incremental execution of partitions; only `false` is supported.
    INCREMENTAL = "adbc.statement.exec.incremental"
    #: Rows in a record batch, at most.
    RESULT_BATCH_ROWS = "adbc.redshift.result.batch_rows"
    #: Bytes of values in a record batch, at most.
    RESULT_BATCH_BYTES = "adbc.redshift.result.batch_bytes"
    #: Wire format of results: `auto`, `binary` or `text`.
    RESULT_FORMAT = "adbc.redshift.result.format"
    #: Bytes of an open result that may be held in memory so that this statement can run.
    RESULT_BUFFER_BYTES = "adbc.redshift.result.buffer_bytes"


def option_keys(options: Mapping[Any, OptionValue] | None) -> dict[str, OptionValue]:
    """The options with each key as a plain string, whether it was one or a member of a class above."""
    return {key.value if isinstance(key, enum.Enum) else key: value for key, value in (options or {}).items()}

"""Logins that cannot work: each fails soon, says why and what to do, and never shows the password."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from adbc_driver_redshift import DatabaseOptions, dbapi
from sandbox import Endpoint
from support import check_error, options

WRONG = "planted-s3cret"


def refused(kind: type[dbapi.Error], **kwargs) -> dbapi.Error:
    """The error of a connection attempt."""
    with pytest.raises(kind) as caught:
        dbapi.connect(**kwargs).close()
    return caught.value


@contextmanager
def listener(answer: bytes | None) -> Iterator[int]:
    """A server that accepts one connection, sends the answer to its first message if there is one, and stays."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        done = threading.Event()

        def serve() -> None:
            with server.accept()[0] as client:
                if answer is not None:
                    client.recv(8)
                    client.sendall(answer)
                done.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            thread.join()


def test_wrong_password(endpoint: Endpoint):
    kwargs = {**options(endpoint), DatabaseOptions.PASSWORD: WRONG}
    error = refused(dbapi.Error, db_kwargs=kwargs)
    assert error.sqlstate in ("28000", "28P01")
    assert error.status_code.name == "UNAUTHENTICATED"
    check_error(error, sqlstate=error.sqlstate, mentions=[endpoint.user, "password"], hides=WRONG)


def test_unknown_database(endpoint: Endpoint):
    kwargs = {**options(endpoint), DatabaseOptions.TARGET_DATABASE: "no_such_database"}
    error = refused(dbapi.Error, db_kwargs=kwargs)
    check_error(error, sqlstate="3D000", mentions=["no_such_database"], hides=endpoint.password)


def test_refused_connection(endpoint: Endpoint):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    kwargs = {
        **options(endpoint),
        DatabaseOptions.TARGET_HOST: "127.0.0.1",
        DatabaseOptions.TARGET_PORT: port,
    }
    error = refused(dbapi.OperationalError, db_kwargs=kwargs)
    check_error(error, sqlstate="08001", mentions=["127.0.0.1", str(port), "refused"], hides=endpoint.password)


def test_a_host_that_does_not_resolve(endpoint: Endpoint):
    kwargs = {**options(endpoint), DatabaseOptions.TARGET_HOST: "nohost.invalid"}
    error = refused(dbapi.OperationalError, db_kwargs=kwargs)
    check_error(error, sqlstate="08001", mentions=["nohost.invalid"], hides=endpoint.password)


def test_a_server_that_says_nothing(endpoint: Endpoint):
    with listener(answer=None) as port:
        kwargs = {
            **options(endpoint),
            DatabaseOptions.TARGET_HOST: "127.0.0.1",
            DatabaseOptions.TARGET_PORT: port,
            DatabaseOptions.TARGET_CONNECT_TIMEOUT_SECONDS: 1,
        }
        started = time.monotonic()
        error = refused(dbapi.OperationalError, db_kwargs=kwargs)
        assert time.monotonic() - started < 3
    check_error(error, sqlstate="08001", mentions=["127.0.0.1", "1 s"], hides=endpoint.password)
    assert error.status_code.name == "TIMEOUT"


def test_tls_refused_by_the_server(endpoint: Endpoint):
    with listener(answer=b"N") as port:
        kwargs = {
            **options(endpoint),
            DatabaseOptions.TARGET_HOST: "127.0.0.1",
            DatabaseOptions.TARGET_PORT: port,
        }
        error = refused(dbapi.OperationalError, db_kwargs=kwargs)
    check_error(error, sqlstate="08001", mentions=["TLS", "tls.mode"], hides=endpoint.password)


def test_a_certificate_of_an_unknown_authority(endpoint: Endpoint):
    kwargs = options(endpoint)
    del kwargs[DatabaseOptions.TLS_ROOT_CERT]
    error = refused(dbapi.OperationalError, db_kwargs=kwargs)
    check_error(error, sqlstate="08001", mentions=["certificate", "tls.root_cert"], hides=endpoint.password)


def test_a_certificate_with_another_name(endpoint: Endpoint):
    kwargs = {**options(endpoint), DatabaseOptions.TLS_SERVER_NAME: "elsewhere.invalid"}
    error = refused(dbapi.OperationalError, db_kwargs=kwargs)
    check_error(error, sqlstate="08001", mentions=["elsewhere.invalid", "tls.server_name"], hides=endpoint.password)


def test_postgresql_without_tls(endpoint: Endpoint):
    postgres = urlsplit(endpoint.postgres_uri)
    kwargs = {
        **options(endpoint),
        DatabaseOptions.TARGET_HOST: postgres.hostname or "localhost",
        DatabaseOptions.TARGET_PORT: postgres.port or 5432,
    }
    error = refused(dbapi.OperationalError, db_kwargs=kwargs)
    check_error(error, sqlstate="08001", mentions=["TLS", "tls.mode"], hides=endpoint.password)


def test_a_root_certificate_file_that_is_missing(endpoint: Endpoint):
    kwargs = {**options(endpoint), DatabaseOptions.TLS_ROOT_CERT: "/no/such/ca.pem"}
    error = refused(dbapi.Error, db_kwargs=kwargs)
    check_error(error, sqlstate=error.sqlstate, mentions=["/no/such/ca.pem"], hides=endpoint.password)

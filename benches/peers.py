"""Reads a query with one of the other drivers and prints what it cost as one line of JSON.

    python benches/peers.py PEER --uri URI --sql SQL

Each peer runs in a process of its own, the way its documentation shows. What is measured is the query and the fetch,
not the imports nor the connect, unless the peer has no connection to keep (connectorx).
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: A peer connects and returns what, when called, yields the number of rows of each part it has read.
Peer = Callable[[str, str], Callable[[], Iterable[int]]]
BATCH_ROWS = 65_536


def adbc_postgresql(uri: str, sql: str, use_copy: bool) -> Callable[[], Iterable[int]]:
    """The PostgreSQL ADBC driver; without COPY as it would have to run on Redshift."""
    from adbc_driver_postgresql import dbapi

    cursor = dbapi.connect(uri, autocommit=True).cursor()

    def read() -> Iterator[int]:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": str(use_copy).lower()})
        cursor.execute(sql)
        for batch in cursor.fetch_record_batch():
            yield batch.num_rows

    return read


def connectorx(uri: str, sql: str) -> Callable[[], Iterable[int]]:
    """Read by cursor: the other protocols use COPY or the simple query."""
    import connectorx

    def read() -> Iterator[int]:
        yield connectorx.read_sql(uri, sql, protocol="cursor", return_type="arrow").num_rows

    return read


def duckdb(uri: str, sql: str, text: bool) -> Callable[[], Iterable[int]]:
    """DuckDB's PostgreSQL scanner, by COPY or in text."""
    import duckdb

    # The package is a namespace without code.
    (extension,) = Path(sysconfig.get_path("purelib")).glob("duckdb_ext/extensions/*/*/postgres_scanner.*")
    database = duckdb.connect()
    database.execute(f"LOAD '{extension}'")
    database.execute("SET threads = 1")
    if text:
        database.execute("SET pg_use_text_protocol = true")
    database.execute(f"ATTACH '{uri}' AS server (TYPE postgres, READ_ONLY)")

    def read() -> Iterator[int]:
        quoted = sql.replace("'", "''")
        result = database.execute(f"SELECT * FROM postgres_query('server', '{quoted}')")
        for batch in result.fetch_record_batch(BATCH_ROWS):
            yield batch.num_rows

    return read


def psycopg(uri: str, sql: str) -> Callable[[], Iterable[int]]:
    """Read with its C parts, in binary, to Python objects."""
    import psycopg

    cursor = psycopg.connect(uri, autocommit=True).cursor(binary=True)

    def read() -> Iterator[int]:
        cursor.execute(sql)
        while rows := cursor.fetchmany(BATCH_ROWS):
            yield len(rows)

    return read


def redshift_connector(uri: str, sql: str) -> Callable[[], Iterable[int]]:
    """Amazon's Python driver, to Python objects; it needs a server that speaks Redshift's dialect."""
    import redshift_connector

    parts = urlsplit(uri)
    connection = redshift_connector.connect(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        ssl=False,
    )
    cursor = connection.cursor()

    def read() -> Iterator[int]:
        cursor.execute(sql)
        while rows := cursor.fetchmany(BATCH_ROWS):
            yield len(rows)

    return read


PEERS: dict[str, Peer] = {
    "adbc-postgresql": lambda uri, sql: adbc_postgresql(uri, sql, use_copy=False),
    "adbc-postgresql-copy": lambda uri, sql: adbc_postgresql(uri, sql, use_copy=True),
    "connectorx": connectorx,
    "duckdb-copy": lambda uri, sql: duckdb(uri, sql, text=False),
    "duckdb-text": lambda uri, sql: duckdb(uri, sql, text=True),
    "psycopg": psycopg,
    "redshift_connector": redshift_connector,
}


def peak_kib() -> int:
    """The most memory this process ever had resident."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def cpu_seconds() -> float:
    """Processor time of all threads so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Measures one read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--uri", required=True)
    parser.add_argument("--sql", required=True)
    arguments = parser.parse_args()
    read = PEERS[arguments.peer](arguments.uri, arguments.sql)
    peak, cpu, start = peak_kib(), cpu_seconds(), time.perf_counter()
    rows = sum(read())
    report = {
        "wall_s": time.perf_counter() - start,
        "cpu_s": cpu_seconds() - cpu,
        "peak_kib": peak_kib(),
        "growth_kib": peak_kib() - peak,
        "rows": rows,
    }
    print(json.dumps(report), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

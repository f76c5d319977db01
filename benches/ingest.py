"""Measures bulk ingest against psycopg's executemany and PostgreSQL's COPY: `python benches/ingest.py [--rows N]`.

Runs with the tests' Python (`tools/prepare.py test build package` makes it). All three fill the same table in a plain
database of the sandbox's PostgreSQL, made from template0: in the sandbox's own one VARCHAR counts bytes by a function
in PL/pgSQL, which takes a third of the time of INSERTs, and which COPY evades. Each run is a process of its own;
clients take turns within each round. COPY sends text that was rendered before the clock started, so it is the server's
best.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from adbc_driver_redshift import dbapi

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from sandbox import Sandbox

CLIENTS = ("driver", "executemany", "copy")
#: What executemany is measured with: its rate does not depend on the number, and a million rows take minutes.
FEW_ROWS = 100_000
BATCH_ROWS = 65_536
COPY_CHUNK_BYTES = 1 << 20
#: At least so many times executemany's rows per second; at most so many times COPY's time.
LEAST_RATE, MOST_TIME = 4.0, 2.6

DDL = """
CREATE TABLE ingest_bench (
    id BIGINT, small SMALLINT, number INTEGER, ratio DOUBLE PRECISION, amount NUMERIC(12,2), flag BOOLEAN, day DATE,
    moment TIMESTAMP, instant TIMESTAMPTZ, code VARCHAR(65535), name VARCHAR(65535), note VARCHAR(65535)
)
"""


def data(rows: int) -> pa.Table:
    """Twelve columns of mixed types; every eighth note is null."""
    ids = pa.array(range(rows), pa.int64())
    days = pc.bit_wise_and(ids, 16_383).cast(pa.int32())
    micros = pc.multiply(ids, 86_399_999)
    texts = ids.cast(pa.string())
    names = pc.binary_join_element_wise("customer ", texts, " of the sandbox", "")
    return pa.table(
        {
            "id": ids,
            "small": pc.bit_wise_and(ids, 32_767).cast(pa.int16()),
            "number": pc.bit_wise_and(ids, 2_147_483_647).cast(pa.int32()),
            "ratio": pc.divide(ids.cast(pa.float64()), 7.0),
            "amount": pc.bit_wise_and(ids, 999_999).cast(pa.decimal128(21, 2)).cast(pa.decimal128(12, 2)),
            "flag": pc.equal(pc.bit_wise_and(ids, 1), 0),
            "day": days.cast(pa.date32()),
            "moment": micros.cast(pa.timestamp("us")),
            "instant": micros.cast(pa.timestamp("us", tz="UTC")),
            "code": pc.utf8_slice_codeunits(pc.utf8_reverse(texts), 0, 3),
            "name": names,
            "note": pc.if_else(pc.equal(pc.bit_wise_and(ids, 7), 0), pa.scalar(None, pa.string()), names),
        }
    )


def driver(uri: str, table: pa.Table) -> Callable[[], None]:
    """This driver: INSERTs of many rows, in batches as a stream brings them."""
    connection = dbapi.connect(uri, db_kwargs={"adbc.redshift.tls.mode": "disable"})
    cursor = connection.cursor()

    def ingest() -> None:
        cursor.adbc_ingest("ingest_bench", table.to_reader(max_chunksize=BATCH_ROWS), mode="append")
        connection.commit()

    return ingest


def executemany(uri: str, table: pa.Table) -> Callable[[], None]:
    """Psycopg 3, which sends executemany in a pipeline."""
    connection = psycopg.connect(uri)
    rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    places = ", ".join(["%s"] * table.num_columns)

    def ingest() -> None:
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO ingest_bench VALUES ({places})", rows)
        connection.commit()

    return ingest


def copy(uri: str, table: pa.Table) -> Callable[[], None]:
    """COPY FROM STDIN of text that is there already."""
    connection = psycopg.connect(uri)
    rendered = io.BytesIO()
    pyarrow.csv.write_csv(table, rendered, pyarrow.csv.WriteOptions(include_header=False))
    text = rendered.getvalue()

    def ingest() -> None:
        with connection.cursor() as cursor, cursor.copy("COPY ingest_bench FROM STDIN (FORMAT csv)") as sink:
            for start in range(0, len(text), COPY_CHUNK_BYTES):
                sink.write(text[start : start + COPY_CHUNK_BYTES])
        connection.commit()

    return ingest


def measure(client: str, uri: str, rows: int) -> None:
    """One run in this process; prints what it cost."""
    table = data(rows)
    with psycopg.connect(uri, autocommit=True) as engine:
        engine.execute("DROP TABLE IF EXISTS ingest_bench")
        engine.execute(DDL)
        ingest = {"driver": driver, "executemany": executemany, "copy": copy}[client](uri, table)
        memory_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu_before = time.process_time()
        start = time.perf_counter()
        ingest()
        seconds = time.perf_counter() - start
        found = engine.execute("SELECT count(*), sum(id), count(note) FROM ingest_bench").fetchone()
    expected = (rows, rows * (rows - 1) // 2, rows - table["note"].null_count)
    if found != expected:
        raise SystemExit(f"{client}: the table holds {found}, not {expected}")
    cost = {
        "seconds": seconds,
        "cpu_seconds": time.process_time() - cpu_before,
        "more_memory_mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_before) / 1024,
    }
    print(json.dumps(cost))


def plain_database(uri: str) -> str:
    """Makes a database without anything of the sandbox's; answers its URI."""
    with psycopg.connect(uri, autocommit=True) as engine:
        engine.execute("CREATE DATABASE plain TEMPLATE template0")
    return urlsplit(uri)._replace(path="/plain").geturl()


def compare(rows: int, rounds: int) -> int:
    """All clients in turn, round by round; answers 1 when a ratio misses its mark."""
    costs: dict[str, list[dict[str, float]]] = {client: [] for client in CLIENTS}
    counts = {"driver": rows, "executemany": min(rows, FEW_ROWS), "copy": rows}
    with Sandbox() as sandbox:
        uri = plain_database(sandbox.endpoint.postgres_uri)
        for _ in range(rounds):
            for client in CLIENTS:
                command = [sys.executable, __file__, "--client", client, "--uri", uri, "--rows", str(counts[client])]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    raise SystemExit(f"{client} failed:\n{done.stderr}")
                costs[client].append(json.loads(done.stdout))
    print(f"{rows} rows x {data(1).num_columns} columns, medians of {rounds} rounds (min-max)")
    median = {}
    for client, runs in costs.items():
        seconds = [run["seconds"] for run in runs]
        median[client] = statistics.median(seconds)
        cpu = statistics.median(run["cpu_seconds"] for run in runs)
        memory = max(run["more_memory_mib"] for run in runs)
        rate = counts[client] / median[client]
        print(
            f"{client:12} {counts[client]:>9} rows  {median[client]:7.2f} s ({min(seconds):.2f}-{max(seconds):.2f})  "
            f"{rate:>9,.0f} rows/s  client CPU {cpu:6.2f} s  memory +{memory:.0f} MiB"
        )
    rate_ratio = (rows / median["driver"]) / (counts["executemany"] / median["executemany"])
    time_ratio = median["driver"] / median["copy"]
    print(f"driver / executemany, rows per second: {rate_ratio:.1f} (at least {LEAST_RATE})")
    print(f"driver / COPY, seconds: {time_ratio:.2f} (at most {MOST_TIME})")
    return int(rate_ratio < LEAST_RATE or time_ratio > MOST_TIME)


def main() -> int:
    """Compares all clients, or measures one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--client", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--uri", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        measure(arguments.client, arguments.uri, arguments.rows)
        return 0
    return compare(arguments.rows, arguments.rounds)


if __name__ == "__main__":
    sys.exit(main())

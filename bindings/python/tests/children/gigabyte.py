"""Streams a result of 1 GB; prints its rows, its bytes, and by how many KiB the process grew at most."""

import os
from pathlib import Path

from adbc_driver_redshift import dbapi

SQL = "SELECT n, repeat('0123456789', 100) AS filler FROM (SELECT generate_series(1, {}) AS n) AS numbers"


def kib(field: str) -> int:
    """A field of /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


with dbapi.connect(os.environ["TEST_URI"]) as connection, connection.cursor() as cursor:
    # Loads what is loaded on first use, so that only the stream counts below.
    cursor.execute(SQL.format(1))
    cursor.fetch_arrow_table()
    Path("/proc/self/clear_refs").write_text("5")
    before = kib("VmRSS")
    rows = size = 0
    cursor.execute(SQL.format(1_000_000))
    for batch in cursor.fetch_record_batch():
        rows += batch.num_rows
        size += batch.nbytes
    print(rows, size, kib("VmHWM") - before)

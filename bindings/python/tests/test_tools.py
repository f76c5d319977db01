"""Tools that load drivers, each in the environment `build/venv-tools`, as its users run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import project
import pytest
from sandbox import Endpoint
from support import needed

pytestmark = pytest.mark.timeout(300)
PYTHON = project.VENV_TOOLS / "bin" / "python"
DUCKDB = """
import sys
import adbc_driver_redshift.dbapi
import duckdb

with adbc_driver_redshift.dbapi.connect(sys.argv[1]) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT n, n % 3 AS third FROM generate_series(1, 200000) AS s(n)")
    reader = cursor.fetch_record_batch()
    print(duckdb.sql("SELECT third, count(*), sum(n) FROM reader GROUP BY third ORDER BY third").fetchall())
"""
POOLHOUSE = """
import sys
from adbc_poolhouse import RedshiftConfig, close_pool, create_pool

pool = create_pool(RedshiftConfig(uri=sys.argv[1]), pool_size=2)
for _ in range(3):
    connection = pool.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT 42 AS answer")
    print(cursor.fetchone())
    cursor.close()
    connection.close()
close_pool(pool)
"""


def run(program: str, endpoint: Endpoint, **environment: str) -> str:
    needed(PYTHON.is_file(), "`python3 tools/prepare.py tools`")
    done = subprocess.run(
        [PYTHON, "-c", program, endpoint.uri],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_duckdb_reads_the_stream(endpoint: Endpoint):
    numbers = range(1, 200001)
    thirds = [[n for n in numbers if n % 3 == third] for third in range(3)]
    assert run(DUCKDB, endpoint) == f"{[(third, len(ns), sum(ns)) for third, ns in enumerate(thirds)]}\n"


def test_poolhouse_finds_the_driver_by_its_manifest(endpoint: Endpoint, tmp_path: Path):
    command = [sys.executable, project.ROOT / "tools" / "install.py", "install"]
    subprocess.run(command, env={**os.environ, "PREFIX": str(tmp_path)}, check=True, capture_output=True)
    manifests = str(tmp_path / "etc/adbc/drivers")
    assert run(POOLHOUSE, endpoint, ADBC_DRIVER_PATH=manifests) == "(42,)\n" * 3

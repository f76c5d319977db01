"""Parameters and ingest through the DB-API."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from adbc_driver_redshift import dbapi
from sandbox import Endpoint

UTC = dt.timezone.utc

#: SQL type and value, as people hand them over.
VALUES: list[tuple[str, Any]] = [
    ("BOOLEAN", True),
    ("BIGINT", 2**63 - 1),
    ("DOUBLE PRECISION", 0.1),
    ("NUMERIC(10,2)", Decimal("-12.34")),
    ("VARCHAR(50)", "Zürich 🚀 'quoted' \\ back"),
    ("DATE", dt.date(2024, 2, 29)),
    ("TIME", dt.time(23, 59, 59, 999999)),
    ("TIMESTAMP", dt.datetime(2024, 2, 29, 12, 0, 0, 1)),
    ("TIMESTAMPTZ", dt.datetime(2024, 2, 29, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))),
]


@pytest.mark.parametrize(("sql_type", "value"), VALUES, ids=[case[0] for case in VALUES])
def test_a_value_and_a_null_are_sent_and_come_back(cursor: dbapi.Cursor, sql_type: str, value: Any):
    cursor.execute(f"SELECT $1::{sql_type}", (value,))
    assert cursor.fetchone() == (value,)
    cursor.execute(f"SELECT $1::{sql_type}", (None,))
    assert cursor.fetchone() == (None,)
    cursor.execute(f"CREATE TEMP TABLE one_value (value {sql_type})")
    cursor.executemany("INSERT INTO one_value VALUES ($1)", [(value,), (None,), (value,)])
    assert cursor.rowcount == 3
    cursor.execute("SELECT value FROM one_value WHERE value = $1", (value,))
    assert cursor.fetchall() == [(value,), (value,)]


def test_bytes_are_sent_with_their_nul(cursor: dbapi.Cursor):
    cursor.execute("SELECT to_varbyte($1, 'hex')", (b"\x00\xff\x00",))
    assert cursor.fetchone() == (b"\x00\xff\x00",)


def test_parameters_by_name_are_refused_with_advice(cursor: dbapi.Cursor):
    with pytest.raises(dbapi.NotSupportedError, match=r"\$1, \$2.*list or tuple"):
        cursor.execute("SELECT $1", {"value": 1})
    cursor.execute("SELECT $1", (7,))
    assert cursor.fetchone() == (7,)


def test_executemany_of_other_statements_runs_once_per_row(cursor: dbapi.Cursor):
    cursor.execute("CREATE TEMP TABLE counted AS SELECT generate_series(1, 10) AS n")
    cursor.executemany("DELETE FROM counted WHERE n = $1 OR n = $2", [(1, 2), (3, 3), (99, 99)])
    assert cursor.rowcount == 3
    cursor.executemany("UPDATE counted SET n = n + $2 WHERE n = $1", [[4, 100], [5, 100]])
    assert cursor.rowcount == 2
    cursor.execute("SELECT count(*), max(n) FROM counted")
    assert cursor.fetchone() == (7, 105)


def test_a_query_runs_for_every_row_of_a_table(cursor: dbapi.Cursor):
    cursor.execute("SELECT $1 * 2, $2", pa.table({"n": [1, 2, 3], "word": ["a", None, "c"]}))
    assert cursor.fetchall() == [(2, "a"), (4, None), (6, "c")]


def test_the_same_statement_takes_other_values_and_types(cursor: dbapi.Cursor):
    for value in (1, 2.5, "text", None, Decimal("1.50")):
        cursor.execute("SELECT $1", (value,))
        found = cursor.fetchone()[0]
        assert found == value or Decimal(found) == value


def test_an_error_in_a_row_says_which_and_rollback_cures_it(connection: dbapi.Connection):
    with connection.cursor() as cursor:
        with pytest.raises(dbapi.Error, match="row 2 of the bound data") as caught:
            cursor.executemany("SELECT 1 / $1", [(1,), (0,)])
        assert caught.value.sqlstate == "22012"
        connection.rollback()
        with pytest.raises(dbapi.DataError, match=r"column 1 .* row 2.*NUL"):
            cursor.executemany("SELECT $1::VARCHAR", [("a",), ("b\0",)])
        connection.rollback()
        cursor.execute("SELECT $1", ("fine",))
        assert cursor.fetchone() == ("fine",)


def test_too_few_and_too_many_values_are_refused(connection: dbapi.Connection):
    with connection.cursor() as cursor:
        for values in [(), (1,), (1, 2, 3)]:
            with pytest.raises(dbapi.ProgrammingError, match="parameters"):
                cursor.execute("SELECT $1::INTEGER, $2::INTEGER", values)
            connection.rollback()


FRAME = {
    "id": [1, 2, 3],
    "name": ["a", None, "ü"],
    "amount": [1.5, None, -2.5],
    "day": [dt.date(2024, 2, 29), None, dt.date(1, 1, 1)],
    "at": [dt.datetime(2024, 2, 29, 12, tzinfo=UTC), None, dt.datetime(1970, 1, 1, tzinfo=UTC)],
}


def test_arrow_data_is_ingested_and_committed_by_the_user(connection: dbapi.Connection, endpoint: Endpoint):
    with connection.cursor() as cursor:
        assert cursor.adbc_ingest("ingested", pa.table(FRAME), mode="replace") == 3
        assert cursor.adbc_ingest("ingested", pa.table(FRAME).to_reader(max_chunksize=1), mode="append") == 3
        connection.commit()
    with dbapi.connect(endpoint.uri, autocommit=True) as other, other.cursor() as cursor:
        cursor.execute("SELECT * FROM ingested ORDER BY id")
        table = cursor.fetch_arrow_table()
        assert table["name"].to_pylist() == ["a", "a", None, None, "ü", "ü"]
        assert table["at"].to_pylist()[4:] == [FRAME["at"][2]] * 2
        with pytest.raises(dbapi.Error, match="already exists"):
            cursor.adbc_ingest("ingested", pa.table(FRAME), mode="create")
        with pytest.raises(dbapi.Error, match="matched by name"):
            cursor.adbc_ingest("ingested", pa.table({"other": [1]}), mode="append")


def test_temporary_tables_and_schemas(cursor: dbapi.Cursor):
    cursor.execute("CREATE SCHEMA placed")
    assert cursor.adbc_ingest("t", pa.table({"n": [1, 2]}), db_schema_name="placed") == 2
    assert cursor.adbc_ingest("t", pa.table({"n": [1, 2, 3]}), mode="append", db_schema_name="placed") == 3
    cursor.execute("SELECT count(*) FROM placed.t")
    assert cursor.fetchone() == (5,)
    with cursor.connection.cursor() as other:
        assert other.adbc_ingest("t", pa.table({"n": [1]}), temporary=True) == 1
        other.execute("SELECT count(*) FROM t")
        assert other.fetchone() == (1,)


def test_binary_and_nested_columns(cursor: dbapi.Cursor):
    table = pa.table({"blob": [b"\x00\xff", None], "things": [[{"a": 1}], None]})
    assert cursor.adbc_ingest("nested", table, temporary=True) == 2
    cursor.execute("SELECT blob, things FROM nested ORDER BY blob")
    assert cursor.fetchall() == [(b"\x00\xff", '[{"a":1}]'), (None, None)]

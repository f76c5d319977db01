"""Statements that cannot work: each names its SQLSTATE and leaves the connection usable."""

from __future__ import annotations

import contextlib

import pytest
from adbc_driver_redshift import dbapi
from support import check_error


@pytest.mark.parametrize(
    ("sql", "kind", "sqlstate", "mentions"),
    [
        ("SELEC 1", dbapi.ProgrammingError, "42601", ["SELEC"]),
        ("SELECT * FROM no_such_table", dbapi.ProgrammingError, "42P01", ["no_such_table"]),
        ("SELECT no_such_column", dbapi.ProgrammingError, "42703", ["no_such_column"]),
        ("SELECT 1/0", dbapi.DataError, "22012", ["zero"]),
        ("SELECT 'x'::integer", dbapi.DataError, "22P02", ["integer"]),
        ("SELECT 1; SELECT 2", dbapi.ProgrammingError, "42601", ["multiple"]),
    ],
    ids=["syntax", "table", "column", "division", "cast", "two statements"],
)
def test_a_server_error_keeps_class_and_sqlstate(
    connection: dbapi.Connection, sql: str, kind: type[dbapi.Error], sqlstate: str, mentions: list[str]
):
    with connection.cursor() as cursor:
        with pytest.raises(kind) as caught:
            cursor.execute(sql)
            cursor.fetchall()
        check_error(caught.value, sqlstate=sqlstate, mentions=mentions)
        connection.rollback()
        cursor.execute("SELECT 42")
        assert cursor.fetchone() == (42,)


def test_an_error_after_many_rows_is_raised_when_it_is_reached(connection: dbapi.Connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / (200000 - n) FROM (SELECT generate_series(1, 200001) AS n) AS numbers")
        reader = cursor.fetch_record_batch()
        # pyarrow reads the stream itself and picks its exception by errno; the message carries the SQLSTATE.
        with pytest.raises((dbapi.DataError, OSError, ValueError), match=r"zero.*22012"):
            reader.read_all()
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 42")
        assert cursor.fetchone() == (42,)


@pytest.mark.parametrize("sql", ["", "   ", "-- nothing", ";"])
def test_an_empty_statement_has_no_rows_and_does_no_harm(connection: dbapi.Connection, sql: str):
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except dbapi.ProgrammingError as error:
            assert "empty" in str(error)
        connection.rollback()
        cursor.execute("SELECT 42")
        assert cursor.fetchone() == (42,)


def test_nothing_behind_a_nul_byte_in_sql_is_run(connection: dbapi.Connection, numbers: str):
    with connection.cursor() as cursor:
        # The driver manager hands SQL over as a C string, which ends at the NUL: the driver cannot see the rest.
        with contextlib.suppress(dbapi.ProgrammingError, ValueError):
            cursor.execute(f"SELECT 1\0; DROP TABLE {numbers}")
        cursor.execute(f"SELECT count(*) FROM {numbers}")
        assert cursor.fetchone() == (0,)


def test_non_ascii_sql_round_trips(connection: dbapi.Connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'größer — 数据' AS \"Spalte ü\"")
        assert cursor.description[0][0] == "Spalte ü"
        assert cursor.fetchone() == ("größer — 数据",)

"""Autocommit, commit, rollback, and what an open result does to them."""

from __future__ import annotations

import pytest
from adbc_driver_redshift import dbapi
from sandbox import Endpoint

BIG = "SELECT n, repeat('x', 1000) AS filler FROM (SELECT generate_series(1, 200000) AS n) AS numbers"


def count(endpoint: Endpoint, table: str) -> int:
    """Rows that another connection sees."""
    with dbapi.connect(endpoint.uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def test_autocommit_is_off_by_default(connection: dbapi.Connection, numbers: str, endpoint: Endpoint):
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {numbers} VALUES (1)")
        assert cursor.rowcount == 1
    assert count(endpoint, numbers) == 0
    connection.commit()
    assert count(endpoint, numbers) == 1


def test_rollback_undoes(connection: dbapi.Connection, numbers: str, endpoint: Endpoint):
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {numbers} VALUES (1)")
    connection.rollback()
    connection.commit()
    assert count(endpoint, numbers) == 0


def test_autocommit_makes_each_statement_stay(numbers: str, endpoint: Endpoint):
    with dbapi.connect(endpoint.uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {numbers} VALUES (1), (2)")
        assert count(endpoint, numbers) == 2


def test_commit_with_nothing_to_commit_is_fine(connection: dbapi.Connection):
    connection.commit()
    connection.rollback()


def test_closing_without_commit_undoes(numbers: str, endpoint: Endpoint):
    with dbapi.connect(endpoint.uri) as connection, connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {numbers} VALUES (1)")
    assert count(endpoint, numbers) == 0


def test_an_insert_survives_a_big_result_that_is_dropped_half_read(
    connection: dbapi.Connection, numbers: str, endpoint: Endpoint
):
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {numbers} VALUES (1)")
        cursor.execute(BIG)
        assert cursor.fetchone()[0] == 1
    connection.commit()
    assert count(endpoint, numbers) == 1


def test_fetchone_then_close_leaves_the_connection_usable(connection: dbapi.Connection):
    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.execute(BIG)
            assert cursor.fetchone()[0] == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT 42")
        assert cursor.fetchall() == [(42,)]


def test_a_second_statement_runs_while_a_small_result_is_open(connection: dbapi.Connection):
    with connection.cursor() as first, connection.cursor() as second:
        first.execute("SELECT generate_series(1, 1000)")
        assert first.fetchone() == (1,)
        second.execute("SELECT 'second'")
        assert second.fetchall() == [("second",)]
        assert [row[0] for row in first.fetchall()] == list(range(2, 1001))


def test_a_second_statement_fails_rather_than_harm_a_big_open_result(endpoint: Endpoint):
    kwargs = {"adbc.redshift.result.buffer_bytes": 1_000_000}
    with (
        dbapi.connect(endpoint.uri, db_kwargs=kwargs) as connection,
        connection.cursor() as first,
        connection.cursor() as second,
    ):
        first.execute(BIG)
        assert first.fetchone()[0] == 1
        with pytest.raises(dbapi.Error, match="buffer_bytes"):
            second.execute("SELECT 1")
        assert len(first.fetchall()) == 199_999


def test_a_failed_statement_fails_its_transaction_and_rollback_cures_it(connection: dbapi.Connection):
    with connection.cursor() as cursor:
        with pytest.raises(dbapi.Error):
            cursor.execute("SELECT 1/0").fetchall()
        with pytest.raises(dbapi.Error) as caught:
            cursor.execute("SELECT 1").fetchall()
        assert caught.value.sqlstate == "25P02"
        connection.rollback()
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)

"""Plain PostgreSQL, the supported development target, through the same driver and URI."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from adbc_driver_redshift import DatabaseOptions, dbapi
from sandbox import Endpoint
from support import check_error


@pytest.fixture
def postgresql(endpoint: Endpoint) -> Iterator[dbapi.Connection]:
    """A connection past the sandbox, to its SQL engine."""
    kwargs = {DatabaseOptions.TLS_MODE: "disable"}
    with dbapi.connect(endpoint.postgres_uri, db_kwargs=kwargs) as connection:
        yield connection


def test_rows_come_as_from_redshift(postgresql: dbapi.Connection):
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT 1::integer AS i, 2.50::numeric(5,2) AS d, 'text'::varchar(9) AS v")
        table = cursor.fetch_arrow_table()
    assert [field.metadata[b"REDSHIFT:type"] for field in table.schema] == [
        b"INTEGER",
        b"NUMERIC(5,2)",
        b"VARCHAR(9)",
    ]
    assert str(table["d"][0].as_py()) == "2.50"


def test_a_transaction_rolls_back(postgresql: dbapi.Connection):
    with postgresql.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE kept (n integer)")
        postgresql.commit()
        cursor.execute("INSERT INTO kept VALUES (1)")
        postgresql.rollback()
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (0,)


def test_sql_errors_keep_their_sqlstate(postgresql: dbapi.Connection):
    with postgresql.cursor() as cursor:
        with pytest.raises(dbapi.ProgrammingError) as caught:
            cursor.execute("SELECT * FROM no_such_table")
        check_error(caught.value, sqlstate="42P01", mentions=["no_such_table"])


def test_objects_are_listed_without_redshifts_views(postgresql: dbapi.Connection):
    with postgresql.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE listed (n bigint GENERATED ALWAYS AS IDENTITY, d numeric(5,2) DEFAULT 1)")
    reader = postgresql.adbc_get_objects(table_name_filter="listed")
    [catalog] = [row for row in reader.read_all().to_pylist() if row["catalog_name"] == postgresql.adbc_current_catalog]
    [table] = [table for schema in catalog["catalog_db_schemas"] for table in schema["db_schema_tables"]]
    assert table["table_type"] == "LOCAL TEMPORARY"
    n, d = table["table_columns"]
    assert (n["xdbc_type_name"], n["xdbc_is_autoincrement"]) == ("BIGINT", True)
    assert (d["xdbc_type_name"], d["xdbc_column_size"], d["xdbc_column_def"]) == ("NUMERIC", 5, "1")

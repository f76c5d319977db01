"""What a connection says about itself and its tables."""

from __future__ import annotations

import re

import adbc_driver_redshift
import pyarrow as pa
import pytest
from adbc_driver_redshift import dbapi


def test_info_names_vendor_and_driver(connection: dbapi.Connection):
    info = connection.adbc_get_info()
    assert info["vendor_name"] == "Amazon Redshift"
    assert info["driver_name"] == "ADBC Redshift Driver"
    assert re.fullmatch(r"v?" + re.escape(adbc_driver_redshift.__version__), info["driver_version"])
    assert info["driver_arrow_version"].startswith("v")
    assert info["driver_adbc_version"] == 1_001_000


def test_table_types_include_tables_and_views(connection: dbapi.Connection):
    assert {"TABLE", "VIEW"} <= set(connection.adbc_get_table_types())


def test_table_schema_has_the_types_of_the_columns(connection: dbapi.Connection):
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "odd ""name""" (id integer, price numeric(8,2), label varchar(10))')
    schema = connection.adbc_get_table_schema('odd "name"')
    assert schema.names == ["id", "price", "label"]
    assert schema.types == [pa.int32(), pa.decimal128(8, 2), pa.string()]
    types = [field.metadata[b"REDSHIFT:type"] for field in schema]
    assert types == [b"INTEGER", b"NUMERIC(8,2)", b"VARCHAR(10)"]


def test_table_schema_flags_columns_that_are_not_null(connection: dbapi.Connection):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE flagged (id integer NOT NULL, label varchar(10))")
    schema = connection.adbc_get_table_schema("flagged")
    assert [field.nullable for field in schema] == [False, True]


def test_a_missing_table_is_named(connection: dbapi.Connection):
    with pytest.raises(dbapi.ProgrammingError, match="no_such_table") as caught:
        connection.adbc_get_table_schema("no_such_table")
    assert caught.value.status_code.name == "NOT_FOUND"


def test_execute_schema_does_not_execute(connection: dbapi.Connection, numbers: str):
    with connection.cursor() as cursor:
        schema = cursor.adbc_execute_schema(f"SELECT n, 1/0 AS boom FROM {numbers}")
        assert schema.names == ["n", "boom"]
        assert schema.types == [pa.int32(), pa.int32()]
        cursor.execute(f"SELECT count(*) FROM {numbers}")
        assert cursor.fetchone() == (0,)


def test_the_current_database_can_be_asked(connection: dbapi.Connection, endpoint):
    assert connection.adbc_current_catalog == endpoint.database
    assert connection.adbc_current_db_schema == "public"

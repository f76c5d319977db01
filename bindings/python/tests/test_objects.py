"""`adbc_get_objects` and `adbc_get_statistics` as a DB-API user calls them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from adbc_driver_redshift import dbapi
from support import wait_until


@pytest.fixture(scope="module")
def shop(endpoint) -> str:
    """A schema with two tables, one of which refers to the other."""
    with dbapi.connect(endpoint.uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA shop")
        cursor.execute("CREATE TABLE shop.customer (id integer PRIMARY KEY, name varchar(40) NOT NULL)")
        cursor.execute(
            "CREATE TABLE shop.sale (id bigint IDENTITY(1, 1), customer_id integer REFERENCES shop.customer (id),"
            " price numeric(8,2) ENCODE az64) DISTKEY (customer_id) SORTKEY (id)"
        )
        cursor.execute("INSERT INTO shop.sale (price) VALUES (1.5), (2), (NULL)")
        cursor.execute("ANALYZE shop.sale")
    return "shop"


def _schema(connection: dbapi.Connection, name: str, **arguments: Any) -> dict[str, Any]:
    """The only schema that fits."""
    reader = connection.adbc_get_objects(
        catalog_filter=connection.adbc_current_catalog, db_schema_filter=name, **arguments
    )
    [catalog] = reader.read_all().to_pylist()
    [schema] = catalog["catalog_db_schemas"]
    assert schema["db_schema_name"] == name
    return schema


def test_catalogs_are_listed(connection: dbapi.Connection):
    catalogs = connection.adbc_get_objects(depth="catalogs").read_all().to_pylist()
    assert {"catalog_name": connection.adbc_current_catalog, "catalog_db_schemas": None} in catalogs
    assert "sales_share" in [catalog["catalog_name"] for catalog in catalogs]


def test_schemas_are_listed(connection: dbapi.Connection, shop: str):
    assert _schema(connection, shop, depth="db_schemas")["db_schema_tables"] is None


def test_tables_are_listed(connection: dbapi.Connection, shop: str):
    tables = _schema(connection, shop, depth="tables")["db_schema_tables"]
    assert [(table["table_name"], table["table_type"]) for table in tables] == [
        ("customer", "TABLE"),
        ("sale", "TABLE"),
    ]
    assert all(table["table_columns"] is None for table in tables)


@pytest.mark.parametrize("depth", ["columns", "all"])
def test_columns_are_listed(connection: dbapi.Connection, shop: str, depth: str):
    [table] = _schema(connection, shop, depth=depth, table_name_filter="sa_e")["db_schema_tables"]
    columns = table["table_columns"]
    assert [(column["column_name"], column["xdbc_type_name"]) for column in columns] == [
        ("id", "BIGINT"),
        ("customer_id", "INTEGER"),
        ("price", "NUMERIC"),
    ]
    [constraint] = table["table_constraints"]
    assert constraint["constraint_type"] == "FOREIGN KEY"
    assert constraint["constraint_column_names"] == ["customer_id"]
    assert constraint["constraint_column_usage"] == [
        {
            "fk_catalog": connection.adbc_current_catalog,
            "fk_db_schema": "shop",
            "fk_table": "customer",
            "fk_column_name": "id",
        }
    ]


def test_filters_narrow_down(connection: dbapi.Connection, shop: str):
    tables = _schema(connection, shop, column_name_filter="%id", table_types_filter=["TABLE"])["db_schema_tables"]
    names = [[column["column_name"] for column in table["table_columns"]] for table in tables]
    assert names == [["id"], ["id", "customer_id"]]
    assert _schema(connection, shop, table_types_filter=["VIEW"])["db_schema_tables"] == []


def test_statistics_of_a_table(connection: dbapi.Connection, shop: str):
    for approximate in (True, False):
        reader = connection.adbc_get_statistics(
            db_schema_filter=shop, table_name_filter="sale", approximate=approximate
        )
        [catalog] = reader.read_all().to_pylist()
        [schema] = catalog["catalog_db_schemas"]
        rows = [
            (row["statistic_value"], row["statistic_is_approximate"])
            for row in schema["db_schema_statistics"]
            if row["column_name"] is None and row["statistic_key"] == 6
        ]
        assert rows == [(3, approximate)]


def test_a_count_that_waits_for_a_lock_can_be_cancelled(connection: dbapi.Connection, engine, shop: str):
    with engine.transaction():
        engine.execute("LOCK TABLE shop.customer IN ACCESS EXCLUSIVE MODE")
        cancels = threading.Thread(target=_cancel_when_waiting, args=(connection, engine))
        cancels.start()
        with pytest.raises(dbapi.Error) as caught:
            connection.adbc_get_statistics(db_schema_filter=shop, approximate=False)
        cancels.join()
    assert caught.value.status_code.name == "CANCELLED"
    assert connection.adbc_get_statistics(db_schema_filter=shop, approximate=False).read_all().num_rows == 1


def _cancel_when_waiting(connection: dbapi.Connection, engine) -> None:
    """Cancels once a session waits for the lock."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    wait_until(lambda: engine.execute(query).fetchone() != (0,), "a session waits for the lock")
    connection.adbc_cancel()


def test_statistic_names_are_the_drivers_own(connection: dbapi.Connection):
    names = connection.adbc_get_statistic_names().read_all().to_pylist()
    assert all(name["statistic_key"] >= 1024 for name in names)
    assert "redshift.size_bytes" in [name["statistic_name"] for name in names]


def test_the_current_schema_can_be_set(connection: dbapi.Connection, shop: str):
    connection.adbc_current_db_schema = shop
    assert connection.adbc_current_db_schema == shop
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customer")
        assert cursor.fetchone() == (0,)
    with pytest.raises(dbapi.ProgrammingError, match="no_such_schema"):
        connection.adbc_current_db_schema = "no_such_schema"

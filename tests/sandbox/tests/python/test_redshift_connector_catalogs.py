"""Amazon's Python driver asks the sandbox for its catalogs: by SHOW where it is offered, by SVV views otherwise."""

import pytest
import redshift_connector
from conftest import serving

DDL = [
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.customer (id integer PRIMARY KEY, name varchar(40) NOT NULL)",
    "CREATE TABLE shop.sale (id bigint IDENTITY(1, 1), customer_id integer REFERENCES shop.customer (id),"
    " price numeric(8,2) ENCODE az64) DISTKEY (customer_id) SORTKEY (id)",
    "CREATE VIEW shop.late AS SELECT name FROM shop.customer WITH NO SCHEMA BINDING",
]


def connect(values, **changes):
    options = {name: values[name] for name in ("host", "port", "database", "user", "password")}
    return redshift_connector.connect(**options, ssl=True, sslmode="verify-full", timeout=60, **changes)


@pytest.fixture(scope="module", params=["4", None], ids=["show", "svv"])
def sandbox(request):
    level = [] if request.param is None else ["--show-discovery", request.param]
    with serving(*level) as values, pytest.MonkeyPatch.context() as patch:
        # The driver adds its own bundle to the system's trust store, which this variable replaces.
        patch.setenv("SSL_CERT_FILE", values["ca_file"])
        values["shows"] = request.param is not None
        with connect(values) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in DDL:
                    cursor.execute(statement)
        yield values


@pytest.fixture
def cursor(sandbox):
    # All databases, not only the one connected to.
    with connect(sandbox, database_metadata_current_db_only=False) as connection, connection.cursor() as cursor:
        yield cursor


def first(rows, count):
    return [tuple(row)[:count] for row in rows]


def test_databases_and_schemas(cursor):
    assert first(cursor.get_catalogs(), 1) == [("dev",), ("sales_share",)]
    schemas = first(cursor.get_schemas(), 2)
    assert {("shop", "dev"), ("spectrum", "dev"), ("retail", "sales_share")} <= set(schemas)


def test_keys(cursor, sandbox):
    assert first(cursor.get_primary_keys("dev", "shop", "customer"), 4) == [("dev", "shop", "customer", "id")]
    if sandbox["shows"]:
        expected = [("dev", "shop", "customer", "id", "dev", "shop", "sale", "customer_id")]
        assert first(cursor.get_imported_keys("dev", "shop", "sale"), 8) == expected
        assert first(cursor.get_exported_keys("dev", "shop", "customer"), 8) == expected


def test_tables_and_columns(cursor, sandbox):
    if not sandbox["shows"]:
        pytest.skip("its SVV queries use an alias in the clause that defines it, which PostgreSQL does not know")
    tables = first(cursor.get_tables("dev", "shop", None), 4)
    assert tables == [
        ("dev", "shop", "customer", "TABLE"),
        ("dev", "shop", "late", "VIEW"),
        ("dev", "shop", "sale", "TABLE"),
    ]
    columns = [tuple(row)[3:7] for row in cursor.get_columns("dev", "shop", "sale")]
    assert columns == [("id", -5, "int8", 19), ("customer_id", 4, "int4", 10), ("price", 2, "numeric", 8)]
    assert [tuple(row)[3] for row in cursor.get_columns("sales_share", "retail", "orders")] == [
        "order_id",
        "amount",
        "placed",
    ]
    assert [tuple(row)[3:6] for row in cursor.get_columns("dev", "shop", "late")] == [("name", 12, "varchar")]

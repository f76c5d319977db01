"""Data frames that are written to a table and read back, by every way that pandas and polars have."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from adbc_driver_redshift import dbapi
from sandbox import Endpoint
from support import output

UTC = dt.timezone.utc
#: A frame as people have them: no column without a null but the key, text beyond ASCII, a zone, exact decimals.
ORDERS: dict[str, list[Any]] = {
    "id": [1, 2, 3, 4],
    "customer": ["Ada", "Zoë 🚀", None, 'O\'Neil \\ "x"\n'],
    "paid": [True, None, False, True],
    "amount": [Decimal("12.50"), Decimal("-0.01"), None, Decimal("99999999.99")],
    "weight": [0.1, None, -1e300, 2.5],
    "items": [3, None, 0, 2**62],
    "day": [dt.date(2024, 2, 29), dt.date(1969, 12, 31), None, dt.date(9999, 12, 31)],
    "shipped": [dt.datetime(2024, 2, 29, 23, 59, 59, 999999), None, dt.datetime(1970, 1, 1), dt.datetime(2262, 1, 1)],
    "seen": [
        dt.datetime(2024, 3, 31, 0, 59, 59, 1, UTC),
        None,
        dt.datetime(1999, 12, 31, 23, tzinfo=UTC),
        dt.datetime(2024, 10, 27, 1, 30, tzinfo=UTC),
    ],
}
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "customer": pa.string(),
        "paid": pa.bool_(),
        "amount": pa.decimal128(10, 2),
        "weight": pa.float64(),
        "items": pa.int64(),
        "day": pa.date32(),
        "shipped": pa.timestamp("us"),
        "seen": pa.timestamp("us", "UTC"),
    }
)
TABLE = pa.table(ORDERS, SCHEMA)
SQL = "SELECT * FROM {} ORDER BY id"
TYPES = "BIGINT VARCHAR(65535) BOOLEAN NUMERIC(10,2) DOUBLE PRECISION BIGINT DATE TIMESTAMP TIMESTAMPTZ"

INTERVAL = """
import sys
import adbc_driver_redshift.dbapi
import polars

with adbc_driver_redshift.dbapi.connect(sys.argv[1]) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT INTERVAL '14' MONTH AS span")
    frame = polars.from_arrow(cursor.fetch_arrow_table())
    print({name: frame["span"].struct.field(name)[0] for name in ("months", "days")})
"""


def stored(connection: dbapi.Connection, table: str) -> pa.Table:
    """What the table holds, without pandas and polars between."""
    with connection.cursor() as cursor:
        cursor.execute(SQL.format(table))
        return cursor.fetch_arrow_table()


def check_stored(connection: dbapi.Connection, table: str) -> None:
    found = stored(connection, table)
    assert found.to_pydict() == ORDERS
    assert " ".join(field.metadata[b"REDSHIFT:type"].decode() for field in found.schema) == TYPES


def arrow_frame() -> pd.DataFrame:
    """A pandas frame of Arrow columns, which keeps decimals, days and nulls."""
    return TABLE.to_pandas(types_mapper=pd.ArrowDtype)


class TestPandas:
    """`to_sql` and `read_sql`."""

    @pytest.fixture
    def write(self, connection: dbapi.Connection) -> Callable[..., int]:
        def write(table: str, frame: pd.DataFrame, if_exists: str, **options: Any) -> int:
            return frame.to_sql(table, connection, index=False, if_exists=if_exists, **options)

        return write

    def test_arrow_columns_come_back_as_they_went(self, connection: dbapi.Connection, write: Callable[..., int]):
        assert write("pandas_arrow", arrow_frame(), "fail") == 4
        check_stored(connection, "pandas_arrow")
        again = pd.read_sql(SQL.format("pandas_arrow"), connection, dtype_backend="pyarrow")
        pd.testing.assert_frame_equal(again, arrow_frame())

    def test_numpy_columns_come_back_as_they_went(self, connection: dbapi.Connection, write: Callable[..., int]):
        frame = pd.DataFrame(
            {
                "id": [1, 2, 3],
                "name": ["a", None, "ü"],
                "flag": [True, False, True],
                "ratio": [0.5, float("nan"), -2.0],
                "at": pd.array(["2024-02-29T12:00:00.000001", None, "1970-01-01"], "datetime64[us]"),
                "seen": pd.array(["2024-02-29T12:00Z", None, "1970-01-01T00:00Z"], "datetime64[us, UTC]"),
            }
        )
        assert write("pandas_numpy", frame, "fail") == 3
        again = pd.read_sql(SQL.format("pandas_numpy"), connection)
        pd.testing.assert_frame_equal(again, frame)

    def test_a_zone_is_an_instant(self, connection: dbapi.Connection, write: Callable[..., int]):
        berlin = pd.to_datetime(["2024-07-01 12:00", "2024-12-01 12:00"]).tz_localize("Europe/Berlin")
        write("pandas_zone", pd.DataFrame({"id": [1, 2], "seen": berlin}), "fail")
        again = pd.read_sql(SQL.format("pandas_zone"), connection)
        assert again["seen"].tolist() == [pd.Timestamp("2024-07-01 10:00Z"), pd.Timestamp("2024-12-01 11:00Z")]

    def test_a_table_that_exists_fails_grows_or_is_replaced(
        self, connection: dbapi.Connection, write: Callable[..., int]
    ):
        write("pandas_modes", arrow_frame(), "fail")
        connection.commit()
        with pytest.raises(ValueError, match="already exists"):
            write("pandas_modes", arrow_frame(), "fail")
        connection.rollback()
        assert write("pandas_modes", arrow_frame()[["id", "seen"]], "append") == 4
        assert stored(connection, "pandas_modes")["customer"].null_count == 5
        assert write("pandas_modes", arrow_frame(), "delete_rows") == 4
        check_stored(connection, "pandas_modes")
        assert write("pandas_modes", pd.DataFrame({"id": [7], "other": ["x"]}), "replace") == 1
        assert stored(connection, "pandas_modes").to_pydict() == {"id": [7], "other": ["x"]}

    def test_a_schema_is_honoured(self, connection: dbapi.Connection, write: Callable[..., int]):
        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA pandas_place")
        write("orders", arrow_frame(), "fail", schema="pandas_place")
        check_stored(connection, "pandas_place.orders")

    def test_a_frame_without_rows_makes_the_table(self, connection: dbapi.Connection, write: Callable[..., int]):
        write("pandas_empty", arrow_frame().head(0), "fail")
        again = pd.read_sql(SQL.format("pandas_empty"), connection, dtype_backend="pyarrow")
        pd.testing.assert_frame_equal(again, arrow_frame().head(0))

    def test_a_value_that_no_column_takes_is_named_and_nothing_is_written(
        self, connection: dbapi.Connection, write: Callable[..., int]
    ):
        with pytest.raises(pd.errors.DatabaseError) as caught:
            write("pandas_long", pd.DataFrame({"text": ["a", "é" * 40_000]}), "fail")
        # pandas says what it did; the driver's words are the cause.
        assert re.search(r'column 1 "text".*row 2.*65535 bytes', str(caught.value.__cause__))
        connection.rollback()
        with pytest.raises(dbapi.ProgrammingError):
            stored(connection, "pandas_long")


class TestPolars:
    """`write_database`, `read_database` and `read_database_uri`, with the engine adbc."""

    FRAME = pl.from_arrow(TABLE)

    def test_an_open_connection_writes_and_reads(self, connection: dbapi.Connection):
        assert self.FRAME.write_database("polars_open", connection, engine="adbc") == 4
        check_stored(connection, "polars_open")
        assert pl.read_database(SQL.format("polars_open"), connection).equals(self.FRAME)

    def test_a_uri_writes_and_reads_and_commits(self, connection: dbapi.Connection, endpoint: Endpoint):
        assert self.FRAME.write_database("polars_uri", endpoint.uri, engine="adbc") == 4
        check_stored(connection, "polars_uri")
        again = pl.read_database_uri(SQL.format("polars_uri"), endpoint.uri, engine="adbc")
        assert again.equals(self.FRAME)
        assert again.schema == self.FRAME.schema

    def test_a_query_by_uri_takes_parameters(self, endpoint: Endpoint):
        options = {"parameters": (2, "b")}
        frame = pl.read_database_uri(
            "SELECT $1::bigint AS n, $2::varchar AS t", endpoint.uri, engine="adbc", execute_options=options
        )
        assert frame.rows() == [(2, "b")]

    def test_a_table_that_exists_fails_grows_or_is_replaced(self, endpoint: Endpoint):
        def write(frame: pl.DataFrame, if_table_exists: str) -> int:
            return frame.write_database("polars_modes", endpoint.uri, engine="adbc", if_table_exists=if_table_exists)

        def read() -> pl.DataFrame:
            return pl.read_database_uri("SELECT * FROM polars_modes", endpoint.uri, engine="adbc")

        write(self.FRAME, "append")
        with pytest.raises(dbapi.Error, match="already exists"):
            write(self.FRAME, "fail")
        assert read().height == 4
        write(self.FRAME.select("seen", "id"), "append")
        assert read()["customer"].null_count() == 5
        write(pl.DataFrame({"id": [7], "other": ["x"]}), "replace")
        assert read().rows() == [(7, "x")]

    def test_a_schema_is_honoured(self, connection: dbapi.Connection):
        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA polars_place")
        self.FRAME.write_database("polars_place.orders", connection, engine="adbc")
        check_stored(connection, "polars_place.orders")

    def test_polars_own_types_have_columns(self, connection: dbapi.Connection):
        frame = pl.DataFrame(
            {
                "id": [1, 2],
                "kind": pl.Series(["a", "b"], dtype=pl.Categorical),
                "at": [dt.time(23, 59, 59, 999999), None],
                "small": pl.Series([-128, 127], dtype=pl.Int8),
                "big": pl.Series([2**64 - 1, 0], dtype=pl.UInt64),
                "tags": [["x", "y"], None],
            }
        )
        frame.write_database("polars_types", connection, engine="adbc")
        found = stored(connection, "polars_types").to_pydict()
        assert found["kind"] == ["a", "b"]
        assert found["at"] == [dt.time(23, 59, 59, 999999), None]
        assert found["small"] == [-128, 127]
        assert found["big"] == [2**64 - 1, 0]
        assert found["tags"] == ['["x","y"]', None]

    def test_intervals_come_through_pyarrow_when_polars_is_told_how(self, endpoint: Endpoint):
        # Polars 2.1 itself ends in a segmentation fault when it takes an interval from any Arrow stream.
        read = [sys.executable, "-c", INTERVAL, endpoint.uri]
        assert output(*read, POLARS_IMPORT_INTERVAL_AS_STRUCT="1") == "{'months': 14, 'days': 0}\n"

"""What data frame libraries do with the driver."""

from __future__ import annotations

import adbc_driver_manager.dbapi
import adbc_driver_redshift
import pandas
import polars
import pyarrow
from adbc_driver_redshift import dbapi
from sandbox import Endpoint

SQL = "SELECT n, n * 1.5::double precision AS half, 'row ' || n AS label FROM generate_series(1, 3) AS s(n)"
ROWS = {"n": [1, 2, 3], "half": [1.5, 3.0, 4.5], "label": ["row 1", "row 2", "row 3"]}


def test_the_driver_manager_reads_by_the_path_of_the_library(endpoint: Endpoint):
    driver = adbc_driver_redshift.driver_path()
    kwargs = {"uri": endpoint.uri}
    with (
        adbc_driver_manager.dbapi.connect(driver=str(driver), db_kwargs=kwargs) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(SQL)
        assert cursor.fetch_arrow_table().to_pydict() == ROWS


def test_pyarrow_gets_a_table_and_a_reader(cursor: dbapi.Cursor):
    cursor.execute(SQL)
    table = cursor.fetch_arrow_table()
    assert table.schema.types == [pyarrow.int32(), pyarrow.float64(), pyarrow.string()]
    assert table.to_pydict() == ROWS
    cursor.execute(SQL)
    assert cursor.fetch_record_batch().read_all() == table


def test_pandas_reads_sql(connection: dbapi.Connection):
    assert pandas.read_sql(SQL, connection).to_dict("list") == ROWS


def test_polars_reads_by_uri(endpoint: Endpoint):
    frame = polars.read_database_uri(SQL, endpoint.uri, engine="adbc")
    assert frame.to_dict(as_series=False) == ROWS


def test_polars_reads_through_a_connection(connection: dbapi.Connection):
    assert polars.read_database(SQL, connection).to_dict(as_series=False) == ROWS


def test_a_result_without_rows_keeps_its_columns(cursor: dbapi.Cursor):
    cursor.execute("SELECT 1::bigint AS one WHERE false")
    table = cursor.fetch_arrow_table()
    assert (table.num_rows, table.schema.names, table.schema.types) == (0, ["one"], [pyarrow.int64()])


def test_batches_are_cut_by_the_option(endpoint: Endpoint):
    kwargs = {adbc_driver_redshift.ConnectionOptions.RESULT_BATCH_ROWS: 10}
    with dbapi.connect(endpoint.uri, conn_kwargs=kwargs) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT generate_series(1, 25)")
        assert [batch.num_rows for batch in cursor.fetch_record_batch()] == [10, 10, 5]

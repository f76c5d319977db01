"""Reads a result that stalls after its first rows until SIGINT; says how the interruption came."""

import os

from adbc_driver_redshift import dbapi
from statements import STALLS

with dbapi.connect(os.environ["TEST_URI"]) as connection:
    cursor = connection.cursor()
    try:
        cursor.execute(STALLS)
        reader = cursor.fetch_record_batch()
        print(f"ready {reader.read_next_batch().num_rows}")
        reader.read_all()
        print("not interrupted")
    except (KeyboardInterrupt, dbapi.Error, OSError) as error:
        print(type(error).__name__)
    cursor.close()
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 42")
        print(cursor.fetchone())

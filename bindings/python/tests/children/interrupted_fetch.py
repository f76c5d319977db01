"""Reads a result that stalls after its first rows until SIGINT; says how the interruption came."""

import os
import signal

from adbc_driver_redshift import dbapi
from statements import STALLS

# A shell that runs the tests in the background has its programs ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

with dbapi.connect(os.environ["TEST_URI"]) as connection:
    cursor = connection.cursor()
    try:
        cursor.execute(STALLS)
        print(f"ready {cursor.fetchone()[0]}")
        # Not through fetch_record_batch(): the driver manager leaves SIGINT to pyarrow there, which does not look.
        cursor.fetchall()
        print("not interrupted")
    except (KeyboardInterrupt, dbapi.Error) as error:
        print(type(error).__name__)
    cursor.close()
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 42")
        print(cursor.fetchone())

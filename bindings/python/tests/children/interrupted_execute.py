"""Runs a statement that takes minutes until SIGINT; says how the interruption came and if the connection lives."""

import os
import signal

from adbc_driver_redshift import dbapi
from statements import ENDLESS

# A shell that runs the tests in the background has its programs ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

with dbapi.connect(os.environ["TEST_URI"]) as connection:
    cursor = connection.cursor()
    print("ready")
    try:
        cursor.execute(ENDLESS)
        cursor.fetchone()
        print("not interrupted")
    except (KeyboardInterrupt, dbapi.Error) as error:
        print(type(error).__name__)
    cursor.close()
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 42")
        print(cursor.fetchone())

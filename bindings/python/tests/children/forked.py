"""Forks with an open connection: the child must be refused, make its own, and leave the parent's alone."""

from __future__ import annotations

import os
import sys

from adbc_driver_redshift import dbapi

URI = os.environ["TEST_URI"]


def one(connection: dbapi.Connection) -> int:
    """Asks the server for a 1."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]


def in_the_child(inherited: dbapi.Connection) -> int:
    """What the child tries; gives its exit status."""
    try:
        one(inherited)
    except dbapi.Error as refused:
        if refused.status_code.name != "INVALID_STATE" or "fork" not in str(refused):
            return 2
    else:
        return 3
    inherited.close()
    with dbapi.connect(URI) as own:
        return 0 if one(own) == 1 else 4


connection = dbapi.connect(URI)
assert one(connection) == 1
process = os.fork()
if process == 0:
    os._exit(in_the_child(connection))
status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
print("child", status)
print("parent", one(connection))
connection.close()
sys.exit(0)

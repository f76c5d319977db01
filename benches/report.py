"""Turns the measurements into docs/performance.md.

Numbers come from the run alone; the only words that depend on them are chosen here. Ratios are taken within each round
and their median is shown, since the machine's speed drifts between rounds more than within one.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Report = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent

HEAD = """# Performance

Written by `make bench`; do not edit. Nothing here ran on Redshift: the replay server sends Redshift's messages at the
speed of memory, and PostgreSQL stands in for a live server.

## How it is measured

- **Replay server**: at least 64 MiB of distinct rows per case and format, made from a seed, sent over and over on the
  same machine. The driver negotiates protocol 3 and gets Redshift's own binary formats. Every reader's checksum over
  all columns must agree with the generator's; computing it does not count.
- **floor**: receives the same bytes (with TLS: and decrypts them) and throws them away.
- **reference**: the simplest single-thread reader that decodes every value into typed vectors
  (`benches/src/reference`): no C interface, no cancel, no checks of digits or ranges, no errors worth reading.
- **driver**: the release library, loaded by the ADBC driver manager, each batch released before the next is asked for.
- Cases: narrow (bigint, double; 10 million rows), lineitem (TPC-H, 16 columns; 6 million), mixed (numerics up to 38
  digits, UTF-8, timestamps, 10 % NULL; 4 million).
- Every client is a process of its own and counts its own wall clock, processor time (all threads) and peak memory,
  from the query to the last row, connect and imports excluded (connectorx connects in its query). Growth is the peak
  above the peak before the query.
- The clients of a table take turns within each round. Times are medians (minimum–maximum) of {rounds} rounds; ratios
  are medians of the ratios within a round.

## Machine and versions

{environment}
"""


def write_report(results: Report, path: Path) -> None:
    """Writes the whole document."""
    replay = [one for one in results["comparisons"] if one["kind"] == "replay"]
    live = [one for one in results["comparisons"] if one["kind"] == "live"]
    parts = [HEAD.format(rounds=results["rounds"], environment=environment())]
    parts.append(goals(replay, live, results["latency"]))
    if replay:
        parts.append("## Replayed\n\n" + replay_table(replay) + "\n" + tls_findings(replay))
    if live:
        parts.append("## Live PostgreSQL and other drivers\n\n" + LIVE_NOTE + live_table(live))
    if results["latency"]:
        parts.append("## Round trips\n\n" + LATENCY_NOTE + latency_table(results["latency"]))
    if starts := [one for one in replay if one["title"] == "narrow, binary, TCP"]:
        parts.append("## Loading\n\n" + loading(starts[0]["clients"]["driver"]))
    path.write_text("\n".join(parts))


LIVE_NOTE = """The private PostgreSQL of the sandbox, on loopback without TLS; peers in the same rounds. Redshift has
no COPY TO STDOUT: *-copy* rows are an outside reference. PostgreSQL knows no protocol version, so that the driver takes
NUMERIC and dates as text. The other drivers differ in what they give: adbc-postgresql gives NUMERIC as text, psycopg
and redshift_connector make Python objects.

"""

LATENCY_NOTE = """`SELECT 1` through the driver, and a bare socket that sends the very bytes the driver sent and waits
for the same answers. Connect is from the database object to the first row of `SELECT 1`; the library is loaded.

Where a ratio is below 1, being woken costs more than the driver does: a bare socket sleeps as soon as it waits, while
the driver, after an answer that came within 100 µs, waits awake for the next one, as long as that. With a server across
a network, which takes longer, it sleeps as the socket does.

"""


def environment() -> str:
    """The machine, and the versions of all that was measured."""
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    facts = [
        f"{os.cpu_count()} cores, {processor()}, "
        f"{int(memory.group(1)) // 2**20 if memory else '?'} GiB, {platform.system()} {platform.release()}; "
        f"load average at the end {os.getloadavg()[0]:.1f}",
        first_line("rustc", "--version"),
        first_line(*postgres()),
        f"Python {platform.python_version()}",
        ", ".join(
            line.strip().replace("==", " ")
            for line in (ROOT / "benches" / "requirements.txt").read_text().splitlines()
            if re.match(r"(adbc|connectorx|duckdb|psycopg|pyarrow|redshift)", line)
        ),
    ]
    return "\n".join(f"- {fact}" for fact in facts if fact)


def processor() -> str:
    """Its name, and what tells the generation, which some hypervisors leave out of the name."""
    lines = Path("/proc/cpuinfo").read_text()
    found = dict(re.findall(r"^(model name|cpu family|model)\s*:\s*(.+)", lines, re.MULTILINE))
    name = found.get("model name", platform.machine())
    return f"{name} (family {found['cpu family']}, model {found['model']})" if "cpu family" in found else name


def postgres() -> tuple[str, str]:
    """The command that tells PostgreSQL's version."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    return str(debian[0]) if debian else "postgres", "--version"


def first_line(*command: str) -> str:
    """What a command says about itself."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip().partition("\n")[0]


def values(reports: list[Report], key: str) -> list[float]:
    """One figure of each round."""
    return [report[key] for report in reports]


def spread(numbers: Iterable[float], digits: int = 2) -> str:
    """Median, minimum and maximum."""
    numbers = list(numbers)
    low, high = min(numbers), max(numbers)
    return f"{statistics.median(numbers):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios within a round."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def replay_table(comparisons: list[Report]) -> str:
    """Floor, reference and driver of every case."""
    head = ["case", "client", "wall s", "CPU s", "wall / floor", "CPU / reference", "MB/s", "growth MiB"]
    rows = []
    for one in comparisons:
        clients = one["clients"]
        megabytes = clients["floor"][0]["bytes"] / 1e6
        for name, reports in clients.items():
            wall, cpu = values(reports, "wall_s"), values(reports, "cpu_s")
            rows.append(
                [
                    one["title"],
                    name,
                    spread(wall),
                    spread(cpu),
                    f"{ratio(wall, values(clients['floor'], 'wall_s')):.2f}",
                    f"{ratio(cpu, values(clients['reference'], 'cpu_s')):.2f}",
                    f"{megabytes / statistics.median(wall):,.0f}",
                    f"{max(values(reports, 'growth_kib')) / 1024:.0f}",
                ]
            )
    return table(head, rows)


def tls_findings(comparisons: list[Report]) -> str:
    """Whether a second thread behind the socket pays."""
    rows = []
    for one in comparisons:
        clients = one["clients"]
        if "reference, 2 threads" not in clients:
            continue
        two, single = clients["reference, 2 threads"], clients["reference"]
        wall = ratio(values(two, "wall_s"), values(single, "wall_s"))
        cpu = ratio(values(two, "cpu_s"), values(single, "cpu_s"))
        rows.append([one["title"], f"{wall:.2f}", f"{cpu:.2f}"])
    if not rows:
        return ""
    note = """
A reader thread behind the socket, which receives and decrypts while the other decodes: the reference reader with two
threads relative to one, on two cores, of which the server that encrypts takes one.

"""
    return note + table(["case", "wall", "CPU"], rows)


def live_table(comparisons: list[Report]) -> str:
    """The driver and its peers."""
    head = ["case", "client", "wall s", "CPU s", "CPU s / M rows", "CPU / driver", "peak MiB", "growth MiB"]
    rows = []
    for one in comparisons:
        driver = values(one["clients"]["driver"], "cpu_s")
        for name, reports in one["clients"].items():
            cpu = values(reports, "cpu_s")
            rows.append(
                [
                    one["title"],
                    name,
                    spread(values(reports, "wall_s")),
                    spread(cpu),
                    f"{statistics.median(cpu) / one['rows'] * 1e6:.2f}",
                    f"{ratio(cpu, driver):.2f}",
                    f"{max(values(reports, 'peak_kib')) / 1024:,.0f}",
                    f"{max(values(reports, 'growth_kib')) / 1024:,.0f}",
                ]
            )
    return table(head, rows)


def latency_table(latency: Report) -> str:
    """Microseconds per statement."""
    head = ["server", "what", "round trips", "driver µs", "bare socket µs", "driver / bare"]
    rows = [
        [
            server,
            what if what == "connect" else f"`SELECT 1`, {what}",
            str(one["round_trips"]),
            spread(one["driver_us"], 0),
            spread(one["bare_us"], 0),
            f"{ratio(one['driver_us'], one['bare_us']):.2f}",
        ]
        for server, modes in latency.items()
        for what, one in modes.items()
    ]
    return table(head, rows)


def loading(reports: list[Report]) -> str:
    """How long the library takes to be ready, in fresh processes."""
    steps = {
        "`dlopen` and the init function": "load_us",
        "database object": "database_us",
        "first connection to the replay server": "connection_us",
    }
    rows = [[what, spread(values(reports, key), 0)] for what, key in steps.items()]
    return table(["step, in a fresh process", "µs"], rows)


Goal = tuple[str, str, float, Callable[[float], bool]]


def goals(replay: list[Report], live: list[Report], latency: Report) -> str:
    """The figures that were promised, and what they are."""
    found: list[Goal] = []
    for one in replay:
        if one["case"] != "lineitem" or not one["title"].endswith("TCP"):
            continue
        clients, title = one["clients"], one["title"].removesuffix(", TCP")
        wall = ratio(values(clients["driver"], "wall_s"), values(clients["floor"], "wall_s"))
        cpu = ratio(values(clients["driver"], "cpu_s"), values(clients["reference"], "cpu_s"))
        growth = max(values(clients["driver"], "growth_kib")) / 1024
        found.append((f"{title}: wall / floor", "at most 2.5", wall, lambda figure: figure <= 2.5))
        found.append((f"{title}: CPU / reference", "at most 1.15", cpu, lambda figure: figure <= 1.15))
        found.append((f"{title}: memory growth, MiB", "under 64", growth, lambda figure: figure < 64))
    found += live_goals(live)
    for server, modes in latency.items():
        for mode, trips in (("prepared", 1), ("text", 1), ("unprepared", 2)):
            one = modes[mode]
            times = ratio(one["driver_us"], one["bare_us"])
            name = f"`SELECT 1`, {mode}, {server}"
            found.append((f"{name}: round trips", f"{trips}", one["round_trips"], trips.__eq__))
            found.append((f"{name}: driver / bare", "at most 1.3", times, lambda figure: figure <= 1.3))
    if not found:
        return ""
    rows = [
        [what, wanted, f"{figure:.2f}".removesuffix(".00"), "yes" if reached(figure) else "**no**"]
        for what, wanted, figure, reached in found
    ]
    return "## Goals\n\n" + table(["figure", "goal", "measured", "reached"], rows)


def live_goals(live: list[Report]) -> list[Goal]:
    """Client CPU beside the PostgreSQL driver, and memory that does not depend on the result's size."""
    by_title = {one["title"]: one["clients"] for one in live}
    found: list[Goal] = []
    whole = by_title.get("lineitem, PostgreSQL", {})
    if "adbc-postgresql" in whole:
        cpu = ratio(values(whole["adbc-postgresql"], "cpu_s"), values(whole["driver"], "cpu_s"))
        name = "lineitem, PostgreSQL: CPU of adbc-postgresql / driver"
        found.append((name, "at least 8", cpu, lambda figure: figure >= 8))
    million = by_title.get("lineitem, PostgreSQL, LIMIT 1,000,000", {})
    if whole and million:
        peaks = [statistics.median(values(one["driver"], "peak_kib")) / 1024 for one in (million, whole)]
        name = "lineitem, PostgreSQL: peak of 6 million rows minus that of 1 million, MiB"
        found.append((name, "under 4", peaks[1] - peaks[0], lambda figure: figure < 4))
    return found

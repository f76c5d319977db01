"""Tools that load drivers, each in an environment of its own, as its users run it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import project
import pytest
from sandbox import Endpoint
from support import DOCUMENTED_URI, needed, output, snippets
from terminal import Terminal

pytestmark = pytest.mark.timeout(300)
PAGE = project.ROOT / "docs" / "tools.md"
PYTHON = project.VENV_TOOLS / "bin" / "python"
DUCKDB = """
import sys
import adbc_driver_redshift.dbapi
import duckdb

with adbc_driver_redshift.dbapi.connect(sys.argv[1]) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT n, n % 3 AS third FROM generate_series(1, 200000) AS s(n)")
    reader = cursor.fetch_record_batch()
    print(duckdb.sql("SELECT third, count(*), sum(n) FROM reader GROUP BY third ORDER BY third").fetchall())
"""
DUCKDB_MEMORY = """
import resource, sys
import adbc_driver_redshift.dbapi
import duckdb

with adbc_driver_redshift.dbapi.connect(sys.argv[1]) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT n, repeat('x', 1000) AS text FROM generate_series(1, 300000) AS s(n)")
    reader = cursor.fetch_record_batch()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert duckdb.sql("SELECT sum(length(text)) FROM reader").fetchall() == [(300_000_000,)]
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
POOLHOUSE = """
import sys
from adbc_poolhouse import RedshiftConfig, close_pool, create_pool

pool = create_pool(RedshiftConfig(uri=sys.argv[1]), pool_size=2)
for _ in range(3):
    connection = pool.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT 42 AS answer")
    print(cursor.fetchone())
    cursor.close()
    connection.close()
close_pool(pool)
"""


SQLALCHEMY = """
import sys
import adbc_driver_redshift.dbapi
import sqlalchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "sqlalchemy_owners"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(sqlalchemy.String(20))


class Pet(Base):
    __tablename__ = "sqlalchemy_pets"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[int] = mapped_column(sqlalchemy.ForeignKey("sqlalchemy_owners.id"))


def connect():
    return adbc_driver_redshift.dbapi.connect(sys.argv[1])


engine = sqlalchemy.create_engine(
    "adbc://", module=adbc_driver_redshift.dbapi, creator=connect, paramstyle="numeric_dollar"
)
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all([Owner(id=1, name="ada"), Owner(id=2, name="grace"), Pet(id=1, owner=2)])
    session.commit()
    session.get(Owner, 1).name = "lovelace"
    session.rollback()
    query = sqlalchemy.select(Owner.name).where(Owner.id.in_([1, 2])).order_by(Owner.id)
    print(session.scalars(query).all())
    print(session.execute(sqlalchemy.select(Pet.id).join(Owner).where(Owner.name == "grace")).all())
pets = sqlalchemy.Table("sqlalchemy_pets", sqlalchemy.MetaData(), autoload_with=engine)
print({column.name: str(column.type) for column in pets.columns}, [key.target_fullname for key in pets.foreign_keys])
try:
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT :n FROM nowhere"), {"n": 1})
except sqlalchemy.exc.ProgrammingError as error:
    print(error.orig.sqlstate)
Base.metadata.drop_all(engine)
"""


def run(program: str, endpoint: Endpoint, **environment: str) -> str:
    needed(PYTHON.is_file(), "`python3 tools/prepare.py tools`")
    return output(PYTHON, "-c", program, endpoint.uri, **environment)


@pytest.mark.parametrize("snippet", snippets(PAGE, "python"))
def test_examples_of_the_documentation_run(snippet: str, endpoint: Endpoint, prefix: Path):
    manifests = str(prefix / "etc/adbc/drivers")
    assert DOCUMENTED_URI in snippet
    run(snippet.replace(DOCUMENTED_URI, endpoint.uri), endpoint, ADBC_DRIVER_PATH=manifests)


def test_the_page_names_the_versions_that_are_tested():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    tools = {
        "tools": ("adbc-poolhouse", "duckdb", "sqlalchemy", "sqlalchemy-adbc"),
        "harlequin": ("harlequin-adbc", "harlequin"),
    }
    for requirements, names in tools.items():
        pins = (project.PACKAGE / f"requirements-{requirements}.txt").read_text(encoding="utf-8")
        for name in names:
            (version,) = re.findall(rf"^{name}==(\d+\.\d+)", pins, re.MULTILINE)
            (row,) = (line for line in lines if line.startswith("| [") and name in line.lower())
            assert version in row, name


def test_duckdb_reads_the_stream(endpoint: Endpoint):
    numbers = range(1, 200001)
    thirds = [[n for n in numbers if n % 3 == third] for third in range(3)]
    assert run(DUCKDB, endpoint) == f"{[(third, len(ns), sum(ns)) for third, ns in enumerate(thirds)]}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory in KiB")
def test_duckdb_copies_no_result_of_300_mb(endpoint: Endpoint):
    assert int(run(DUCKDB_MEMORY, endpoint)) < 150 * 1024


def test_poolhouse_finds_the_driver_by_its_manifest(endpoint: Endpoint, prefix: Path):
    assert run(POOLHOUSE, endpoint, ADBC_DRIVER_PATH=str(prefix / "etc/adbc/drivers")) == "(42,)\n" * 3


def test_sqlalchemy_maps_objects_and_reflects_tables(endpoint: Endpoint):
    assert run(SQLALCHEMY, endpoint).splitlines() == [
        "['ada', 'grace']",
        "[(1,)]",
        "{'id': 'INTEGER', 'owner': 'INTEGER'} ['public.sqlalchemy_owners.id']",
        "42P01",
    ]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in which nothing runs yet."""
    needed(shutil.which("tmux") is not None, "tmux")
    with Terminal(tmp_path) as terminal:
        yield terminal


class TestHarlequin:
    """The editor with its ADBC adapter, in a terminal, by the profile of the documentation."""

    @pytest.fixture
    def editor(self, terminal: Terminal, endpoint: Endpoint, tmp_path: Path) -> Terminal:
        """The terminal in which the editor shows the databases."""
        program = project.VENV_HARLEQUIN / "bin" / "harlequin"
        needed(program.is_file(), "`python3 tools/prepare.py tools`, with Python 3.11 to 3.13")
        (profile,) = (example.values[0] for example in snippets(PAGE, "toml"))
        config = tmp_path / "warehouse.toml"
        config.write_text(profile.replace(DOCUMENTED_URI, endpoint.uri))
        terminal.start(str(program), "--locale", "C", "--config-path", str(config), "--profile", "warehouse")
        terminal.wait_for(f"{endpoint.database} db")
        # What it shows at the bottom while the pane of the query takes the keys.
        terminal.wait_for(r"\^j Run Query")
        return terminal

    def run(self, editor: Terminal, statements: str) -> None:
        editor.paste(statements)
        editor.wait_for(re.escape(statements))
        self.select_all(editor)
        editor.press("C-j")

    def select_all(self, editor: Terminal) -> None:
        editor.press("C-a")
        editor.wait_for("Run Selection")

    def test_a_query_shows_its_rows(self, editor: Terminal):
        self.run(
            editor, "SELECT n, 'row ' || n AS label, (n / 2.0)::decimal(4,1) AS half FROM generate_series(1, 3) AS s(n)"
        )
        editor.wait_for(r"n ##\s+label s\s+half #\.##")
        for n in (1, 2, 3):
            editor.wait_for(rf"{n}\s+row {n}\s+{n / 2:.1f}")
        editor.wait_for("3 Records")

    def test_a_mistake_shows_the_drivers_words_and_the_next_query_runs(self, editor: Terminal):
        self.run(editor, "SELECT nothing FROM nowhere")
        editor.wait_for('relation "nowhere" does not exist')
        editor.press("Enter")
        editor.wait_for("Query Error", gone=True)
        # What is pasted takes the place of what is selected.
        self.select_all(editor)
        # The adapter leaves transactions to the person.
        self.run(editor, "ROLLBACK; SELECT 6 * 7 AS answer")
        editor.wait_for("Result 2")  # the second one of two that both succeeded

"""The R package of `bindings/r`: its option names, its help, and queries through its methods.

The driver manager below is the real one in C; a stand-in takes the place of CRAN's package, which cannot be reached
everywhere that this runs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import project
import pytest
from sandbox import Endpoint
from support import MANAGER, documented_options, needed, output

PACKAGE = project.ROOT / "bindings" / "r"
STAND_IN = Path(__file__).parent / "r_manager"
LEVELS = ("database", "connection", "statement")
# Nothing of the user's own: neither packages nor manifests.
CLEAN = {"HOME": "/nonexistent", "R_LIBS": "", "R_LIBS_USER": "", "R_PROFILE_USER": "", "ADBC_REDSHIFT_LIBRARY": ""}
PLACES = ("variable", "package", "manifest", "loader")
QUERY = """
library(adbcdrivermanager)
db <- adbc_database_init(adbcredshift::adbcredshift(), uri = commandArgs(TRUE)[1], adbc.redshift.aws.region = NULL)
con <- adbc_connection_init(db, adbc.connection.autocommit = FALSE)
stmt <- adbc_statement_init(con, adbc.redshift.result.batch_rows = 100000, adbc.redshift.session.query_group = "r")
rows <- count_rows(stmt, "SELECT n FROM generate_series(1, 1000) AS s(n)")
cat(class(db)[1], class(con)[1], class(stmt)[1], rows)
release(stmt, con, db)
"""
WRONG = """
library(adbcdrivermanager)
do.call(adbc_database_init, c(list(adbcredshift::adbcredshift()), setNames(commandArgs(TRUE)[2], commandArgs(TRUE)[1])))
"""
HELP = """
library(tools)
print(codoc("adbcredshift"))
print(undoc("adbcredshift"))
print(checkDocFiles("adbcredshift"))
"""


def source(name: str) -> str:
    return (PACKAGE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("level", LEVELS)
def test_the_arguments_of_the_methods_are_options_of_the_driver(level: str):
    pattern = rf"^adbc_{level}_init\.\w+ <- function\(\w+, \.\.\.,([^)]+)\)"
    (signature,) = re.findall(pattern, source("R/adbcredshift.R"), re.MULTILINE)
    arguments = re.findall(r"(\S+) = NULL", signature)
    assert arguments
    assert set(arguments) <= documented_options(level)


@pytest.mark.parametrize("file", ["R/adbcredshift.R", "README.md", "man/adbcredshift.Rd"])
def test_the_texts_name_options_of_the_driver_alone(file: str):
    named = set(re.findall(r"\badbc\.(?:redshift|connection|statement|ingest)\.[a-z_.]*[a-z]", source(file)))
    modes = {f"adbc.ingest.mode.{mode}" for mode in ("create", "append", "replace", "create_append")}
    assert named
    assert named - modes <= set().union(*map(documented_options, LEVELS))


def test_the_version_is_the_drivers():
    assert f"\nVersion: {project.version()}\n" in source("DESCRIPTION")


@pytest.fixture(scope="module")
def packages(manager: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An R library with the stand-in and the package, built and installed as users do."""
    library = tmp_path_factory.mktemp("r-library")
    places = {"ADBC_INCLUDE": str(MANAGER), "ADBC_DRIVER_MANAGER": str(manager)}
    for folder in (STAND_IN, PACKAGE):
        built = tmp_path_factory.mktemp("r-build")
        output("R", "CMD", "build", folder, cwd=built)
        (archive,) = built.glob("*.tar.gz")
        output("R", "CMD", "INSTALL", f"--library={library}", archive, **{**CLEAN, **places, "R_LIBS": str(library)})
    return library


@pytest.fixture
def found(request: pytest.FixtureRequest, packages: Path, prefix: Path, tmp_path: Path) -> dict[str, str]:
    """The environment in which R finds the packages, and the driver in one place."""
    environment = {**CLEAN, "R_LIBS": str(packages), "XDG_CONFIG_HOME": str(tmp_path)}
    place = getattr(request, "param", "variable")
    if place == "variable":
        environment["ADBC_REDSHIFT_LIBRARY"] = str(project.LIBRARY)
    elif place == "package":
        copy = shutil.copytree(packages, tmp_path / "packages")
        (copy / "adbcredshift" / "lib").mkdir()
        shutil.copy(project.LIBRARY, copy / "adbcredshift" / "lib")
        environment["R_LIBS"] = str(copy)
    elif place == "manifest":
        environment["ADBC_DRIVER_PATH"] = str(prefix / "etc/adbc/drivers")
    elif place == "loader":
        environment["LD_LIBRARY_PATH"] = str(prefix / "lib")
    return environment


def failure(script: str, environment: dict[str, str], *arguments: str) -> str:
    command = ["Rscript", "-e", script, *arguments]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


@pytest.mark.skipif(shutil.which("R") is None, reason="needs R")
# Compiling the driver manager takes its time on a busy machine.
@pytest.mark.timeout(400)
class TestInstalled:
    """The package, installed."""

    @pytest.mark.parametrize("found", PLACES, indirect=True)
    def test_a_query_runs_wherever_the_library_is(self, found: dict[str, str], endpoint: Endpoint):
        classes = "adbcredshift_database adbcredshift_connection adbcredshift_statement"
        assert output("Rscript", "-e", QUERY, endpoint.uri, **found) == f"{classes} 1000"

    def test_wrong_options_are_refused_in_the_drivers_words(self, found: dict[str, str]):
        assert "target.host" in failure(WRONG, found, "adbc.redshift.target.hots", "example.com")
        assert "verify-full" in failure(WRONG, found, "adbc.redshift.tls.mode", "sometimes")

    def test_a_path_that_does_not_exist_is_an_error(self, found: dict[str, str]):
        found["ADBC_REDSHIFT_LIBRARY"] = "/nonexistent/driver.so"
        assert "ADBC_REDSHIFT_LIBRARY does not exist: /nonexistent/driver.so" in failure(QUERY, found)

    @pytest.mark.parametrize("found", ["nowhere"], indirect=True)
    def test_without_a_library_the_error_says_what_to_do(self, found: dict[str, str]):
        message = failure("adbcredshift::adbcredshift()", found)
        for word in ("make install", "ADBC_REDSHIFT_LIBRARY", "  redshift: ", f"  {project.LIBRARY_NAME}: "):
            assert word in message

    def test_the_help_fits_the_code(self, found: dict[str, str]):
        assert output("Rscript", "-e", HELP, **found).strip() == ""

    def test_it_passes_the_check_of_packages_and_its_own_tests(
        self, found: dict[str, str], endpoint: Endpoint, tmp_path: Path
    ):
        there = output("Rscript", "-e", 'cat(requireNamespace("testthat", quietly = TRUE))', **found)
        needed(there == "TRUE", "R's testthat")
        output("R", "CMD", "build", PACKAGE, cwd=tmp_path)
        settings = {
            **found,
            "ADBC_REDSHIFT_TEST_URI": endpoint.uri,
            # Debian has no nanoarrow, and nothing is asked of CRAN.
            "_R_CHECK_FORCE_SUGGESTS_": "false",
            "_R_CHECK_XREFS_REPOSITORIES_": "",
        }
        report = output(
            "R", "CMD", "check", "--no-manual", f"adbcredshift_{project.version()}.tar.gz", cwd=tmp_path, **settings
        )
        remarks = re.findall(r"^\* checking (.+) \.\.\. (?:NOTE|WARNING|ERROR)$", report, re.MULTILINE)
        assert set(remarks) <= {"package dependencies"}, report
        assert "checking tests" in report

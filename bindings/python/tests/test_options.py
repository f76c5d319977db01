"""Option names, and what is said about wrong ones."""

from __future__ import annotations

import adbc_driver_redshift
import pytest
from adbc_driver_redshift import ConnectionOptions, DatabaseOptions, StatementOptions, dbapi
from sandbox import Endpoint
from support import check_error, documented_options, options

SECRET = "planted-s3cret"


@pytest.mark.parametrize(
    ("level", "options_of_level"),
    [("database", DatabaseOptions), ("connection", ConnectionOptions), ("statement", StatementOptions)],
)
def test_the_classes_have_the_options_of_the_readme_table(level: str, options_of_level):
    assert {member.value for member in options_of_level} == documented_options(level)


def test_no_option_is_named_twice():
    for options_of_level in (DatabaseOptions, ConnectionOptions, StatementOptions):
        assert len(options_of_level.__members__) == len(list(options_of_level))


def test_single_options_connect_as_a_uri_does(endpoint: Endpoint):
    with dbapi.connect(db_kwargs=options(endpoint)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone() == (endpoint.database,)


def test_an_unknown_option_names_the_nearest_one():
    with pytest.raises(dbapi.NotSupportedError) as caught:
        adbc_driver_redshift.connect(db_kwargs={"adbc.redshift.target.hots": "example.com"})
    check_error(caught.value, sqlstate=caught.value.sqlstate, mentions=["target.hots", "target.host"])


def test_an_unknown_uri_parameter_names_the_nearest_one():
    with pytest.raises(dbapi.Error, match="sslmode") as caught:
        adbc_driver_redshift.connect(f"redshift://me:{SECRET}@localhost/dev?sslmod=require")
    check_error(caught.value, sqlstate=caught.value.sqlstate, mentions=["sslmod"], hides=SECRET)


@pytest.mark.parametrize(
    "uri",
    [
        f"redshift//me:{SECRET}@localhost/dev",
        f"mysql://me:{SECRET}@localhost/dev",
        f"redshift://me:{SECRET}@localhost:port/dev",
        f"redshift://me:{SECRET}@localhost:99999/dev",
        f"redshift://me:{SECRET}@localhost/dev#fragment",
        f"redshift://me:{SECRET}#x@localhost/dev",
    ],
)
def test_a_uri_that_does_not_parse_says_where_and_hides_the_password(uri: str):
    with pytest.raises(dbapi.ProgrammingError) as caught:
        adbc_driver_redshift.connect(uri)
    check_error(caught.value, sqlstate=caught.value.sqlstate, mentions=["uri"], hides=SECRET)


def test_a_value_of_the_wrong_kind_says_what_is_expected():
    with pytest.raises(dbapi.ProgrammingError) as caught:
        adbc_driver_redshift.connect(db_kwargs={DatabaseOptions.TLS_MODE: "sometimes"})
    check_error(caught.value, sqlstate=caught.value.sqlstate, mentions=["tls.mode", "verify-full", "sometimes"])


def test_the_password_cannot_be_read_back():
    kwargs = {DatabaseOptions.PASSWORD: SECRET, DatabaseOptions.USERNAME: "me"}
    with adbc_driver_redshift.connect(f"redshift://me:{SECRET}@localhost/dev", db_kwargs=kwargs) as database:
        assert database.get_option("username") == "me"
        assert SECRET not in database.get_option("uri")
        with pytest.raises(dbapi.Error) as caught:
            database.get_option("password")
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("method", ["idc", "token"])
def test_reserved_login_methods_say_that_they_are_not_there_yet(endpoint: Endpoint, method: str):
    kwargs = {**options(endpoint), DatabaseOptions.AUTH_METHOD: method}
    with pytest.raises(dbapi.NotSupportedError, match="password"):
        dbapi.connect(db_kwargs=kwargs).close()


@pytest.mark.parametrize(
    "option",
    [DatabaseOptions.AWS_ACCESS_KEY_ID, DatabaseOptions.AWS_SECRET_ACCESS_KEY, DatabaseOptions.AWS_SESSION_TOKEN],
)
def test_aws_keys_are_refused_in_a_uri_and_hidden(option: DatabaseOptions):
    parameter = option.value.replace("adbc.redshift.", "")
    with pytest.raises(dbapi.ProgrammingError) as caught:
        adbc_driver_redshift.connect(f"redshift://localhost/dev?{parameter}={SECRET}")
    check_error(caught.value, sqlstate=caught.value.sqlstate, mentions=[parameter], hides=SECRET)

"""Amazon's own Python driver, unmodified, against the sandbox over verified TLS."""

import datetime
import decimal

import pytest
import redshift_connector

PROTOCOLS = [0, 1, 2]
UTC = datetime.timezone.utc

COLUMNS = {
    "a_smallint": ("smallint", "-32768", -32768),
    "a_int": ("int not null", "2147483647", 2147483647),
    "a_bigint": ("bigint", "-9223372036854775808", -9223372036854775808),
    "a_real": ("real", "1.5", 1.5),
    "a_double": ("double precision", "-2.25", -2.25),
    "a_bool": ("boolean", "true", True),
    "short_numeric": ("numeric(8,2)", "-12.34", decimal.Decimal("-12.34")),
    "long_numeric": ("numeric(36,14)", "135430.11999999999500", decimal.Decimal("135430.11999999999500")),
    "widest_numeric": ("numeric(38,0)", "9" * 38, decimal.Decimal("9" * 38)),
    "a_varchar": ("varchar(20)", "'héllo ✓'", "héllo ✓"),
    "a_char": ("char(4)", "'ab'", "ab  "),
    "a_date": ("date", "'2025-12-31'", datetime.date(2025, 12, 31)),
    "a_time": ("time", "'12:34:56.789012'", datetime.time(12, 34, 56, 789012)),
    "a_timestamp": ("timestamp", "'2008-06-01 09:59:59.000001'", datetime.datetime(2008, 6, 1, 9, 59, 59, 1)),
    "a_timestamptz": (
        "timestamptz",
        "'2008-06-01 09:59:59-07'",
        datetime.datetime(2008, 6, 1, 16, 59, 59, tzinfo=UTC),
    ),
    "a_null": ("numeric(8,2)", "null", None),
}


def connect(values, protocol=2, **changes):
    options = {
        "host": values["host"],
        "port": values["port"],
        "database": values["database"],
        "user": values["user"],
        "password": values["password"],
        "ssl": True,
        "sslmode": "verify-full",
        "client_protocol_version": protocol,
        "timeout": 60,
    }
    return redshift_connector.connect(**{**options, **changes})


@pytest.fixture(autouse=True)
def trusted(sandbox, monkeypatch):
    # The driver adds its own bundle to the system's trust store, which this variable replaces.
    monkeypatch.setenv("SSL_CERT_FILE", sandbox["ca_file"])


@pytest.fixture
def rows(sandbox):
    with connect(sandbox) as connection:
        cursor = connection.cursor()
        columns = ", ".join(f"{name} {kind}" for name, (kind, _, _) in COLUMNS.items())
        cursor.execute("drop table if exists every_type")
        cursor.execute(f"create table every_type ({columns})")
        literals = ", ".join(literal for _, literal, _ in COLUMNS.values())
        cursor.execute(f"insert into every_type values ({literals})")
        connection.commit()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_type_is_read(sandbox, rows, protocol):
    with connect(sandbox, protocol) as connection:
        assert connection._client_protocol_version == protocol
        cursor = connection.cursor()
        # The driver scales a binary NUMERIC in the current decimal context, which rounds to 28 digits by default.
        with decimal.localcontext() as context:
            context.prec = 38
            cursor.execute("select * from every_type")
            values = dict(zip(COLUMNS, cursor.fetchone(), strict=True))
        assert values == {name: value for name, (_, _, value) in COLUMNS.items()}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_bound_parameters_come_back(sandbox, protocol):
    with connect(sandbox, protocol) as connection:
        cursor = connection.cursor()
        cursor.execute("drop table if exists bound")
        cursor.execute("create table bound (a int, b varchar(10), c numeric(20,4))")
        cursor.execute("insert into bound values (%s, %s, %s)", (7, "it's", decimal.Decimal("1.2345")))
        cursor.execute("select * from bound")
        assert cursor.fetchall() == ([7, "it's", decimal.Decimal("1.2345")],)


@pytest.mark.parametrize("protocol", [1, 2])
def test_extended_description_names_table_and_column(sandbox, rows, protocol):
    with connect(sandbox, protocol) as connection:
        cursor = connection.cursor()
        cursor.execute("select a_int as label, 1 as computed from every_type")
        described = cursor.ps["row_desc"]
        keys = ("schema_name", "table_name", "column_name", "catalog_name")
        named = [tuple(column[key] for key in keys) for column in described]
        assert named == [(b"public", b"every_type", b"a_int", b"dev"), (b"", b"", b"", b"")]
        assert [column["label"] for column in described] == [b"label", b"computed"]


def test_many_rows_stream_whole(sandbox):
    with connect(sandbox) as connection:
        cursor = connection.cursor()
        cursor.execute("select i, (i / 100.0)::numeric(12,2) from generate_series(1, 50000) i")
        fetched = cursor.fetchall()
        assert len(fetched) == 50000
        assert fetched[-1] == [50000, decimal.Decimal("500.00")]


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"user": "stranger"}, "password authentication failed"),
        ({"database": "nowhere"}, "does not exist"),
    ],
)
def test_failed_login_says_why(sandbox, changes, words):
    with pytest.raises(redshift_connector.Error, match=words):
        connect(sandbox, **changes)


def test_unknown_authority_is_refused_by_the_client(sandbox, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Exception, match="(?i)certificate"):
        connect(sandbox)


def test_refusal_keeps_its_sqlstate(sandbox):
    with connect(sandbox) as connection:
        cursor = connection.cursor()
        with pytest.raises(redshift_connector.ProgrammingError, match="0A000"):
            cursor.execute("savepoint s")
        connection.rollback()
        cursor.execute("select 1")
        assert cursor.fetchone() == [1]

"""Each type with NULL, its least, its largest, a zero and a random value, as Amazon's own Python driver reads it.

It speaks the extended query protocol alone, so a "plain" query is one without parameters, prepared all the same.
"""

import datetime
import decimal
import random
import struct

import pytest
import redshift_connector
from conftest import serving
from redshift_connector.interval import Interval, IntervalDayToSecond, IntervalYearToMonth

PROTOCOLS = [0, 1, 2]
CASES = ["null", "minimum", "maximum", "zero", "random"]
UTC = datetime.timezone.utc
RANDOM = random.Random(20)


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def integers(bits):
    least, largest = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return [(str(value), value) for value in (least, largest, 0, RANDOM.randint(least, largest))]


def floats(least, largest, code):
    chosen = struct.unpack(code, struct.pack(code, RANDOM.uniform(-1e9, 1e9)))[0]
    return [(quoted(repr(value)), value) for value in (least, largest, 0.0, chosen)]


def decimals(precision, scale):
    bound = 10**precision - 1
    unscaled = [-bound, bound, 0, RANDOM.randint(-bound, bound)]
    # The digits as they are: arithmetic would round them to the context's precision.
    values = [decimal.Decimal((int(n < 0), tuple(map(int, str(abs(n)))), -scale)) for n in unscaled]
    return [(format(value, "f"), value) for value in values]


def texts(*values):
    return [(quoted(value), value) for value in values]


def timestamps(zone):
    suffix = "+00" if zone else ""
    moments = [
        datetime.datetime(1, 1, 1, tzinfo=zone),
        datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=zone),
        datetime.datetime(2000, 1, 1, tzinfo=zone),
        datetime.datetime(1987, 6, 5, 4, 3, 2, RANDOM.randrange(10**6), tzinfo=zone),
    ]
    return [(quoted(f"{moment.replace(tzinfo=None).isoformat(' ')}{suffix}"), moment) for moment in moments]


def times(zone):
    # Whole milliseconds: the driver computes with floating-point numbers of them.
    moments = [
        datetime.time(0, 0, 0, tzinfo=zone),
        datetime.time(23, 59, 59, 999000, tzinfo=zone),
        datetime.time(0, 0, 0, tzinfo=zone),
        datetime.time(12, 34, 56, RANDOM.randrange(1000) * 1000, tzinfo=zone),
    ]
    suffix = "+00" if zone else ""
    return [(quoted(f"{moment.replace(tzinfo=None).isoformat()}{suffix}"), moment) for moment in moments]


def dates():
    # The driver shifts earlier binary dates to the Julian calendar (and takes 1612 for 1582).
    values = [
        datetime.date(1613, 1, 1),
        datetime.date(9999, 12, 31),
        datetime.date(2000, 1, 1),
        datetime.date(1969, 1, 1) + datetime.timedelta(RANDOM.randrange(30000)),
    ]
    return [(quoted(value.isoformat()), value) for value in values]


def intervals():
    day = datetime.timedelta(days=1)
    months = RANDOM.randrange(1, 1000)
    return [
        ("'-1 days'", -day),
        # More days than the driver's 16 bits for them, which it reads from the months.
        ("'32767 mons 40000 days'", Interval(40000 * 86400 * 10**6, 0, 32767)),
        ("'0'", datetime.timedelta(0)),
        (f"'{months} mons 3 days 01:02:03.5'", Interval((3 * 86400 + 3723) * 10**6 + 500000, 0, months)),
    ]


def months():
    values = [-(2**31), 2**31 - 1, 0, RANDOM.randint(-(2**31), 2**31 - 1)]
    return [(f"'{value} mons'", IntervalYearToMonth(value)) for value in values]


def day_times():
    values = [-(2**63), 2**63 - 1, 0, RANDOM.randint(-(2**53), 2**53)]
    literals = [
        "'-106751991 days -04:00:54.775808'",
        "'106751991 days 04:00:54.775807'",
        "'0'",
        f"'{int(values[3] / 1000000)} seconds {values[3] - int(values[3] / 1000000) * 1000000} microseconds'",
    ]
    return [(literal, IntervalDayToSecond(value)) for literal, value in zip(literals, values, strict=True)]


def bytestrings():
    # Text, as the driver decodes the bytes as UTF-8 below version 2, and fails on others.
    chosen = "".join(map(chr, RANDOM.choices(range(0xD800), k=500)))
    return [(f"from_hex('{value.encode().hex()}')", value) for value in ("", "\x7f" * 64000, "\0", chosen)]


def points(as_geography):
    chosen = (RANDOM.uniform(-180, 180), RANDOM.uniform(-90, 90))
    function, srid = ("ST_GeogFromText", 4326) if as_geography else ("ST_GeomFromText", None)
    values = []
    for x, y in ((-180.0, -90.0), (180.0, 90.0), (0.0, 0.0), chosen):
        header = struct.pack("<BII", 1, 0x20000001, srid) if srid else struct.pack("<BI", 1, 1)
        ewkb = (header + struct.pack("<dd", x, y)).hex().upper()
        values.append((f"{function}('POINT({x!r} {y!r})')", ewkb))
    return values


def documents():
    large = '{"text":"' + "é" * 100000 + '"}'
    chosen = f'{{"a":[{RANDOM.random()!r},null,"x"]}}'
    return [(f"JSON_PARSE({quoted(value)})", value) for value in ('""', large, "0", chosen)]


TYPES = {
    "boolean": [("false", False), ("true", True), ("false", False), ("true", True)],
    "smallint": integers(16),
    "integer": integers(32),
    "bigint": integers(64),
    "real": floats(-3.4028234663852886e38, 3.4028234663852886e38, "<f"),
    "double precision": floats(-1.7976931348623157e308, 1.7976931348623157e308, "<d"),
    "numeric(1,0)": decimals(1, 0),
    "numeric(18,9)": decimals(18, 9),
    "numeric(19,0)": decimals(19, 0),
    "numeric(38,37)": decimals(38, 37),
    "char(3)": [("''", "   "), ("'zzz'", "zzz"), ("'0'", "0  "), ("'Qx'", "Qx ")],
    "varchar(65535)": texts("", "é" * 32767, "0", "".join(map(chr, RANDOM.choices(range(1, 0xD800), k=500)))),
    "date": dates(),
    "time": times(None),
    "timetz": times(UTC),
    "timestamp": timestamps(None),
    "timestamptz": timestamps(UTC),
    "interval": intervals(),
    "interval year to month": months(),
    "interval day to second": day_times(),
    "varbyte(64000)": bytestrings(),
    "super": documents(),
    "geometry": points(as_geography=False),
    "geography": points(as_geography=True),
    "hllsketch": texts('{"logm":15,"sparse":{}}', '{"logm":15,"sparse":{"indices":[1]}}', "{}", "{}"),
}

# What the driver sends as a parameter in the form of the type itself.
BINDABLE = [name for name in TYPES if not name.startswith(("char", "varchar", "varbyte", "super", "geo", "hll"))]


def table(kind):
    return "t_" + "".join(letter if letter.isalnum() else "_" for letter in kind)


@pytest.fixture(scope="module")
def connections():
    with serving() as values, pytest.MonkeyPatch.context() as patch:
        # The driver adds its own bundle to the system's trust store, which this variable replaces.
        patch.setenv("SSL_CERT_FILE", values["ca_file"])
        options = {name: values[name] for name in ("host", "port", "database", "user", "password")}
        opened = {
            protocol: redshift_connector.connect(
                **options, ssl=True, sslmode="verify-full", client_protocol_version=protocol, timeout=60
            )
            for protocol in PROTOCOLS
        }
        loader = opened[0].cursor()
        for kind, values_of_kind in TYPES.items():
            loader.execute(f"create table {table(kind)} (n int, v {kind})")
            rows = [f"({row}, {literal})" for row, (literal, _) in enumerate([("null", None), *values_of_kind])]
            loader.execute(f"insert into {table(kind)} values {', '.join(rows)}")
        opened[0].commit()
        yield opened
        for connection in opened.values():
            connection.close()


def expected(kind, protocol):
    values = [value for _, value in TYPES[kind]]
    if kind.startswith("varbyte") and protocol == 2:
        # The driver leaves the digits as they are.
        values = [value.encode().hex() for value in values]
    if kind == "geography" and protocol == 2:
        # Binary, of which the driver makes digits again.
        values = [value.lower() for value in values]
    return dict(zip(CASES, [None, *values], strict=True))


def read(connection, sql, parameters=None):
    cursor = connection.cursor()
    # The driver scales a binary NUMERIC in the current decimal context, which rounds to 28 digits by default.
    with decimal.localcontext() as context:
        context.prec = 38
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", TYPES)
def test_plain_query_reads_each_value(connections, kind, protocol):
    answered = read(connections[protocol], f"select v from {table(kind)} order by n")
    assert [found for (found,) in answered] == list(expected(kind, protocol).values())
    assert connections[protocol]._client_protocol_version == protocol


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", TYPES)
def test_parameterised_query_reads_each_value(connections, kind, protocol):
    for row, (case, value) in enumerate(expected(kind, protocol).items()):
        answered = read(connections[protocol], f"select v from {table(kind)} where n = %s", (row,))
        assert [found for (found,) in answered] == [value], case


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", BINDABLE)
def test_bound_value_comes_back(connections, kind, protocol):
    connection = connections[protocol]
    name = f"{table(kind)}_bound_{protocol}"
    values = list(expected(kind, protocol).values())
    cursor = connection.cursor()
    cursor.execute(f"create table {name} (n int, v {kind})")
    for row, value in enumerate(values):
        cursor.execute(f"insert into {name} values (%s, %s)", (row, value))
    assert [found for (found,) in read(connection, f"select v from {name} order by n")] == values
    connection.commit()

//! Types that only Redshift has, on the wire: OIDs, modifiers and forms at each protocol version, and their functions.

use std::sync::LazyLock;

use redshift_sandbox::{AuthMode, BlockingSandbox, Sandbox, SandboxConfig};
use tokio::sync::OnceCell;
use tokio_postgres::SimpleQueryMessage;

use crate::postgres_client::{code, connect};
use crate::wire::{Wire, body};

/// The first row of a simple query, whose values come as text.
async fn first_row(client: &tokio_postgres::Client, sql: &str) -> Vec<String> {
    let answer = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let row = row.unwrap_or_else(|| panic!("{sql}: no row"));
    (0..row.len()).map(|column| row.get(column).unwrap_or("NULL").to_owned()).collect()
}

/// OID, length and modifier of each column of a RowDescription of version 0.
fn described(description: &[u8]) -> Vec<(u32, i16, i32)> {
    let mut rest = &description[2..];
    let mut columns = Vec::new();
    while !rest.is_empty() {
        let name = rest.iter().position(|byte| *byte == 0).unwrap();
        let fixed = &rest[name + 1..];
        columns.push((
            u32::from_be_bytes(fixed[6..10].try_into().unwrap()),
            i16::from_be_bytes(fixed[10..12].try_into().unwrap()),
            i32::from_be_bytes(fixed[12..16].try_into().unwrap()),
        ));
        rest = &fixed[18..];
    }
    columns
}

/// The values of a DataRow.
fn values(row: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut rest = &row[2..];
    let mut values = Vec::new();
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk().unwrap();
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (value, tail) = tail.split_at(length.unwrap_or(0));
        values.push(length.map(|_| value.to_vec()));
        rest = tail;
    }
    values
}

const TABLE: &str = "CREATE TABLE t (s SUPER, v VARBYTE(5), g GEOMETRY, y INTERVAL YEAR TO MONTH,
                                     d INTERVAL DAY TO SECOND, i INTERVAL, p GEOGRAPHY, h HLLSKETCH)";
const INSERT: &str = "INSERT INTO t VALUES (JSON_PARSE('{\"a\":1}'), 'abc', ST_GeomFromText('POINT(1 2)', 4326), '-13 months',
                      '10 days 48 hours', '1 mon 30 hours', ST_GeogFromText('POINT(1 2)'), '{\"version\":1}')";
const POINT: &str = "0101000020E6100000000000000000F03F0000000000000040";

/// One for all tests here, on a runtime of its own; it grants every version.
static SANDBOX: LazyLock<BlockingSandbox> = LazyLock::new(|| {
    let config = SandboxConfig { auth: AuthMode::Cleartext, max_protocol: 3, ..SandboxConfig::default() };
    // Not on the thread of a test, which is inside a runtime.
    std::thread::spawn(|| Sandbox::start_blocking(config).unwrap()).join().unwrap()
});

/// Logs in where the table is filled.
async fn login(protocol: &str) -> Wire {
    static FILLED: OnceCell<()> = OnceCell::const_new();
    let fill = || async {
        connect(&SANDBOX).await.batch_execute(&format!("{TABLE}; {INSERT}")).await.unwrap();
    };
    FILLED.get_or_init(fill).await;
    Wire::login(&SANDBOX, protocol).await.0
}

#[tokio::test]
async fn columns_have_redshifts_oids_lengths_and_modifiers() {
    let mut wire = login("0").await;
    let messages = wire.query("SELECT * FROM t").await;
    let expected = [
        (4000, -1, -1),
        (6551, -1, 9),
        (3000, -1, -1),
        (1188, 4, -1),
        (1190, 8, -1),
        (1186, 12, -1),
        (3001, -1, -1),
        (2935, -1, -1),
    ];
    assert_eq!(described(body(&messages, b'T')), expected);
    let messages = wire
        .query("SELECT v::VARBYTE(2), '1 year'::INTERVAL YEAR, '1 hour'::INTERVAL HOUR TO SECOND FROM t")
        .await;
    assert_eq!(described(body(&messages, b'T')), [(6551, -1, 6), (1188, 4, -1), (1190, 8, -1)]);
}

#[tokio::test]
async fn text_forms_are_redshifts_in_simple_and_extended_queries() {
    for protocol in ["0", "1", "2", "3"] {
        let mut wire = login(protocol).await;
        let expected = [
            "{\"a\":1}",
            "616263",
            POINT,
            "-1 years -1 mons",
            "12 days 0 hours 0 mins 0.0 secs",
            "1 mon 1 day 06:00:00",
            POINT,
            "{\"version\":1}",
        ];
        wire.query("BEGIN; DECLARE c CURSOR FOR SELECT * FROM t").await;
        for messages in [
            wire.query("FETCH 1 FROM c").await,
            wire.query("SELECT * FROM t").await,
            wire.extended("SELECT * FROM t", &[]).await,
        ] {
            let row = values(body(&messages, b'D'));
            let texts: Vec<_> =
                row.into_iter().map(|value| String::from_utf8(value.unwrap()).unwrap()).collect();
            assert_eq!(texts, expected, "protocol {protocol}");
        }
    }
}

#[tokio::test]
async fn binary_forms_are_redshifts_of_the_version_in_force() {
    let us = |hours: i64| (hours * 3_600_000_000).to_be_bytes();
    let ewkb: Vec<u8> =
        (0..POINT.len()).step_by(2).map(|at| u8::from_str_radix(&POINT[at..at + 2], 16).unwrap()).collect();
    for protocol in ["0", "1", "2", "3"] {
        let mut wire = login(protocol).await;
        let row = wire.extended("SELECT y, d, i, p, v FROM t", &[1]).await;
        let geography = if protocol >= "2" { ewkb.clone() } else { POINT.into() };
        let expected = [
            (-13_i32).to_be_bytes().to_vec(),
            us(12 * 24).to_vec(),
            [&us(30)[..], &1_i32.to_be_bytes()].concat(),
            geography,
            b"abc".to_vec(),
        ];
        assert_eq!(values(body(&row, b'D')), expected.map(Some), "protocol {protocol}");
    }
}

#[tokio::test]
async fn intervals_bound_in_redshifts_binary_form_are_understood() {
    let mut wire = login("2").await;
    let sql = "SELECT $1::varchar, $2::varchar, $3::varchar";
    let mut parse = format!("\0{sql}\0\0\x03").into_bytes();
    [1188, 1190, 1186].iter().for_each(|oid: &i32| parse.extend(oid.to_be_bytes()));
    wire.send(b'P', &parse).await;
    let mut bind = b"\0\0\0\x01\0\x01\0\x03\0\0\0\x04\xff\xff\xff\xf3\0\0\0\x08".to_vec();
    bind.extend((-1_i64).to_be_bytes());
    bind.extend(b"\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\x02\0\0");
    wire.send(b'B', &bind).await;
    wire.send(b'E', &[0; 5]).await;
    wire.send(b'S', &[]).await;
    let messages = wire.until_ready().await;
    let row: Vec<_> =
        values(body(&messages, b'D')).into_iter().map(|it| String::from_utf8(it.unwrap()).unwrap()).collect();
    assert_eq!(row, ["-1 years -1 mons", "-00:00:00.000001", "2 mons"]);
}

#[tokio::test]
async fn functions_answer_as_redshifts_do() {
    let client = connect(&SANDBOX).await;
    for (sql, expected) in [
        ("JSON_PARSE('[10001,10002,\"abc\"]')", "[10001,10002,\"abc\"]"),
        ("JSON_SERIALIZE(JSON_PARSE('[10001,10002,\"abc\"]'))", "[10001,10002,\"abc\"]"),
        ("JSON_PARSE('null')", "null"),
        ("JSON_PARSE('\"it''s\"')::varchar", "it's"),
        ("JSON_PARSE('17')::int + 1", "18"),
        ("'abc'::varchar::super", "\"abc\""),
        ("5::super", "5"),
        ("'abc'::varbyte", "616263"),
        ("5::smallint::varbyte", "0005"),
        ("'abcdef'::varbyte(2)", "6162"),
        ("'ab'::varbyte || 'c'::varbyte", "616263"),
        ("TO_VARBYTE('xyz', 'utf8')", "78797a"),
        ("TO_VARBYTE('00fF', 'hex')", "00ff"),
        ("TO_VARBYTE('0101000101100001', 'binary')", "5161"),
        ("TO_VARBYTE('YWJj', 'base64')", "616263"),
        ("FROM_VARBYTE('xyz'::varbyte, 'utf-8')", "xyz"),
        ("FROM_VARBYTE('abc'::varbyte, 'BINARY')", "011000010110001001100011"),
        ("FROM_VARBYTE('abc'::varbyte, 'hex')", "616263"),
        ("FROM_HEX('6162')", "6162"),
        ("TO_HEX('6162'::varbyte)", "36313632"),
        ("LEN('abc'::varbyte)", "3"),
        ("'abc'::varbyte::varchar", "abc"),
        ("SUBSTRING('abcd'::varbyte, 2, 2)", "6263"),
        (
            "ST_AsEWKB(ST_GeomFromText('POINT(1 2)', 4326))",
            "0101000020e6100000000000000000f03f0000000000000040",
        ),
        ("ST_AsBinary(ST_GeomFromText('POINT(1 2)', 4326))", "0101000000000000000000f03f0000000000000040"),
        ("ST_GeomFromWKB('0101000000000000000000F03F0000000000000040', 4326)", POINT),
        ("ST_GeomFromEWKB(ST_AsEWKB(ST_GeogFromText('POINT(1 2)')))", POINT),
        ("ST_SRID(ST_SetSRID(ST_Point(1, 2), 3857))", "3857"),
        (
            "ST_GeomFromText('linestring(0 0, 1 1)')",
            "01020000000200000000000000000000000000000000000000000000000000F03F000000000000F03F",
        ),
        ("AVG(a) FROM (SELECT 1 AS a UNION ALL SELECT 2) numbers", "1"),
        ("AVG(a::smallint) FROM (SELECT -1 AS a UNION ALL SELECT -2) numbers", "-1"),
        ("NVL(NULL, 3)", "3"),
        ("GETDATE() IS NOT NULL", "t"),
    ] {
        assert_eq!(first_row(&client, &format!("SELECT {sql}")).await, [expected], "{sql}");
    }
}

#[tokio::test]
async fn listagg_orders_within_its_group() {
    let client = connect(&SANDBOX).await;
    let sql = "SELECT LISTAGG(name, ', ') WITHIN GROUP (ORDER BY name DESC), LISTAGG(name) WITHIN GROUP (ORDER BY name)
                 FROM (SELECT 'b' AS name UNION ALL SELECT 'a' UNION ALL SELECT NULL) names";
    assert_eq!(first_row(&client, sql).await, ["b, a", "ab"]);
}

#[tokio::test]
async fn varbyte_takes_no_more_than_its_length() {
    let client = connect(&SANDBOX).await;
    client.batch_execute("CREATE TABLE bounded (v VARBYTE(3))").await.unwrap();
    let refused = client.batch_execute("INSERT INTO bounded VALUES ('abcd')").await.unwrap_err();
    assert_eq!(code(&refused).code(), "22001");
    client.batch_execute("INSERT INTO bounded VALUES ('abc'), ('abcd'::varbyte(3))").await.unwrap();
    assert_eq!(first_row(&client, "SELECT COUNT(*), COUNT(DISTINCT v) FROM bounded").await, ["2", "1"]);
}

#[tokio::test]
async fn varchar_counts_bytes() {
    let client = connect(&SANDBOX).await;
    client.batch_execute("CREATE TABLE bytes (v VARCHAR(4))").await.unwrap();
    for refused in ["'ééé'", "'abcde'"] {
        let refused =
            client.batch_execute(&format!("INSERT INTO bytes VALUES ({refused})")).await.unwrap_err();
        assert_eq!(code(&refused).code(), "22001");
    }
    let bound = client.execute("INSERT INTO bytes VALUES ($1)", &[&"ééé"]).await.unwrap_err();
    assert_eq!(code(&bound).code(), "22001");
    client.batch_execute("INSERT INTO bytes VALUES ('éé'), ('abcd')").await.unwrap();
    let cut = first_row(&client, "SELECT 'ééé'::VARCHAR(5), 'aé✓'::VARCHAR(5), '✓✓✓'::VARCHAR(8)").await;
    assert_eq!(cut, ["éé", "aé", "✓✓"]);
}

#[tokio::test]
async fn tokio_postgres_looks_the_types_up_and_reads_them() {
    let client = connect(&SANDBOX).await;
    let sql = "SELECT JSON_PARSE('[1]'), 'abc'::varbyte, '1 year'::interval year to month";
    let statement = client.prepare(sql).await.unwrap();
    let types: Vec<_> =
        statement.columns().iter().map(|column| (column.type_().oid(), column.type_().name())).collect();
    assert_eq!(types, [(4000, "super"), (6551, "varbyte"), (1188, "intervaly2m")]);
    let row = client.query_one(&statement, &[]).await.unwrap();
    let raw: crate::postgres_client::Raw = row.get(1);
    assert_eq!(raw.0, b"abc");
}

#[tokio::test]
async fn json_that_is_none_is_refused() {
    let client = connect(&SANDBOX).await;
    let refused = client.simple_query("SELECT JSON_PARSE('{')").await.unwrap_err();
    assert_eq!(code(&refused).code(), "22P02");
}

//! tokio-postgres against the sandbox, at protocol 0: cancel, portals, parameters, formats, records.

use redshift_sandbox::Sandbox;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, NoTls};

use crate::{DEADLINE, sandbox};

pub(crate) async fn connect(sandbox: &Sandbox) -> Client {
    let (client, connection) = Config::new()
        .host(sandbox.host())
        .port(sandbox.port())
        .user(sandbox.user())
        .password(sandbox.password())
        .dbname(sandbox.database())
        .connect(NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) fn code(error: &tokio_postgres::Error) -> &SqlState {
    error.code().unwrap_or_else(|| panic!("no server error: {error}"))
}

/// Waits until another session runs a statement that sleeps.
async fn until_running(observer: &Client) {
    let sql = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'";
    let running = async { while observer.query(sql, &[]).await.unwrap().is_empty() {} };
    tokio::time::timeout(DEADLINE, running).await.unwrap();
}

#[tokio::test]
async fn cancel_ends_the_statement_and_leaves_the_session_usable() {
    let sandbox = sandbox().await;
    let client = connect(&sandbox).await;
    let (observer, token) = (connect(&sandbox).await, client.cancel_token());
    let (outcome, ()) = tokio::join!(client.query("SELECT pg_sleep(600)", &[]), async {
        until_running(&observer).await;
        token.cancel_query(NoTls).await.unwrap();
    });
    assert_eq!(*code(&outcome.unwrap_err()), SqlState::QUERY_CANCELED);
    let row = client.query_one("SELECT 1", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 1);
}

#[tokio::test]
async fn portal_delivers_rows_in_portions() {
    let sandbox = sandbox().await;
    let mut client = connect(&sandbox).await;
    let transaction = client.transaction().await.unwrap();
    let portal = transaction.bind("SELECT generate_series(1, 5)", &[]).await.unwrap();
    let mut sizes = Vec::new();
    for _ in 0..3 {
        sizes.push(transaction.query_portal(&portal, 2).await.unwrap().len());
    }
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test]
async fn binary_numeric_at_protocol_0_is_visibly_wrong() {
    let sandbox = sandbox().await;
    let client = connect(&sandbox).await;
    let row = client.query_one("SELECT 12.34::numeric(8,2)", &[]).await.unwrap();
    assert_eq!(*row.columns()[0].type_(), Type::NUMERIC);
    // 123400000000.0000: one group 1234 of weight 2, as npgsql saw it on real clusters.
    let raw: Raw = row.get(0);
    assert_eq!(raw.0, [0, 1, 0, 2, 0, 0, 0, 4, 0x04, 0xd2]);
}

pub(crate) struct Raw(pub(crate) Vec<u8>);

impl<'a> tokio_postgres::types::FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[tokio::test]
async fn refused_parse_fails_the_block_and_only_the_block() {
    let sandbox = sandbox().await;
    let mut client = connect(&sandbox).await;
    let transaction = client.transaction().await.unwrap();
    let refused = transaction.query("SELECT * FROM pg_range", &[]).await.unwrap_err();
    assert_eq!(*code(&refused), SqlState::UNDEFINED_TABLE);
    assert_eq!(refused.as_db_error().unwrap().message(), "relation \"pg_range\" does not exist");
    let aborted = transaction.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!(*code(&aborted), SqlState::IN_FAILED_SQL_TRANSACTION);
    transaction.rollback().await.unwrap();
    assert_eq!(client.query("SELECT 1", &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn more_than_32767_parameters_are_refused() {
    let sandbox = sandbox().await;
    let client = connect(&sandbox).await;
    let sql = |count: usize| {
        let list: Vec<String> = (1..=count).map(|number| format!("${number}::int4")).collect();
        format!("SELECT 1 WHERE 1 IN ({})", list.join(","))
    };
    let values = vec![1_i32; 32_768];
    let parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        values.iter().map(|value| value as &(dyn tokio_postgres::types::ToSql + Sync)).collect();
    assert_eq!(client.query(&sql(32_767), &parameters[..32_767]).await.unwrap().len(), 1);
    let refused = client.query(&sql(32_768), &parameters).await.unwrap_err();
    assert_eq!(*code(&refused), SqlState::PROGRAM_LIMIT_EXCEEDED);
    assert_eq!(client.query("SELECT 1", &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn sessions_record_parameters_and_formats() {
    let sandbox = sandbox().await;
    let client = connect(&sandbox).await;
    client.query("SELECT $1::int4", &[&7_i32]).await.unwrap();
    let sessions = sandbox.sessions();
    let session = sessions.last().unwrap();
    assert_eq!(session.parameter("user"), Some("awsuser"));
    assert_eq!((session.protocol, session.tls, session.logged_in), (0, false, true));
    let bind = session.binds.back().unwrap();
    assert_eq!((bind.result_formats.as_slice(), bind.parameters), (&[1][..], 1));
}

#[tokio::test]
async fn settings_only_redshift_has_can_be_set_and_shown() {
    let sandbox = sandbox().await;
    let client = connect(&sandbox).await;
    client.batch_execute("SET query_group TO 'nightly'").await.unwrap();
    let row = client.query_one("SHOW query_group", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "nightly");
    client.batch_execute("SET readonly=1").await.unwrap();
    let refused = client.batch_execute("CREATE TABLE t (a int)").await.unwrap_err();
    assert_eq!(*code(&refused), SqlState::READ_ONLY_SQL_TRANSACTION);
}

#[tokio::test]
async fn text_columns_are_varchars_of_256() {
    let sandbox = sandbox().await;
    let client = connect(&sandbox).await;
    client.batch_execute("CREATE TABLE t (a text)").await.unwrap();
    let statement = client.prepare("SELECT a FROM t").await.unwrap();
    assert_eq!(*statement.columns()[0].type_(), Type::VARCHAR);
    let too_long = "x".repeat(257);
    let refused = client.execute("INSERT INTO t VALUES ($1)", &[&too_long]).await.unwrap_err();
    assert_eq!(*code(&refused), SqlState::STRING_DATA_RIGHT_TRUNCATION);
}

#[tokio::test]
async fn engine_takes_data_past_the_front_door() {
    let sandbox = sandbox().await;
    let (loader, connection) = tokio_postgres::connect(&sandbox.postgres_uri(), NoTls).await.unwrap();
    tokio::spawn(connection);
    loader.batch_execute("CREATE TABLE t AS SELECT generate_series(1, 10) AS a").await.unwrap();
    let row = connect(&sandbox).await.query_one("SELECT count(*) FROM t", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 10);
}

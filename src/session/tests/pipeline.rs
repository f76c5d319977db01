//! Many executions in one flight, against servers that read and write one after the other.

use socket2::SockRef;

use super::*;

/// Larger than what the small buffers of both ends hold together, by far.
const VALUE_BYTES: usize = 4096;

fn cells() -> Vec<u8> {
    let mut cells = u32::try_from(VALUE_BYTES).unwrap().to_be_bytes().to_vec();
    cells.resize(4 + VALUE_BYTES, b'x');
    cells
}

/// Executes a statement so many times.
async fn execute_times(session: &Arc<Session>, times: usize) -> Result<u64, Error> {
    let (statement, cells) = (session.statement_name(), cells());
    let mut left = times;
    let feed = |pipeline: &mut Pipeline<'_>| {
        if left == times {
            pipeline.parse(&statement, "insert into t values ($1)", &[0])?;
        }
        pipeline.execute(&statement, &Parameters { count: 1, formats: &[Format::Text], cells: &cells })?;
        left -= 1;
        Ok::<_, Error>(left > 0)
    };
    let operation = operation();
    timeout(LIMIT, session.pipeline(feed, &operation)).await.unwrap().map(|completed| completed.rows)
}

#[tokio::test]
async fn a_server_that_writes_before_it_reads_on_never_blocks_a_flight() {
    const EXECUTIONS: usize = 2000;
    let (listener, config) = listener().await;
    // Accepted sockets inherit them.
    SockRef::from(&listener).set_recv_buffer_size(4096).unwrap();
    SockRef::from(&listener).set_send_buffer_size(4096).unwrap();
    let server = tokio::spawn(async move {
        let mut peer = accept(&listener).await;
        peer.log_in().await;
        loop {
            let answer = match peer.message().await.0 {
                b'P' => message(b'1', b""),
                // A long notice, so that answers take as much room as requests.
                b'B' => {
                    let notice =
                        message(b'N', &[b"SINFO\0M", "n".repeat(VALUE_BYTES).as_bytes(), b"\0\0"].concat());
                    [notice, message(b'2', b"")].concat()
                }
                b'E' => end("INSERT 0 1"),
                b'S' => break,
                other => panic!("{}", char::from(other)),
            };
            peer.send(&answer).await;
        }
        peer.send(&idle()).await;
    });
    let session = connect(&config).await.unwrap();
    assert_eq!(execute_times(&session, EXECUTIONS).await.unwrap(), EXECUTIONS as u64);
    timeout(LIMIT, server).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_failed_execution_ends_the_flight_and_says_how_many_came_before() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(b"PBEBEBE").await;
        let done = [message(b'2', b""), end("INSERT 0 1")].concat();
        let failed = error("ERROR", "22003", "out of range");
        peer.send(&[message(b'1', b""), done.clone(), done, failed].concat()).await;
        while peer.message().await.0 != b'S' {}
        peer.send(&idle()).await;
        peer.expect(b"Q").await;
        peer.send(&[end("COMMIT"), idle()].concat()).await;
    })
    .await;
    let error = execute_times(&session, 100_000).await.unwrap_err();
    assert_eq!((error.kind(), error.executions_before()), (ErrorKind::Server, Some(2)));
    session.command("COMMIT", &operation()).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_feed_that_fails_leaves_the_session_usable() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(b"BES").await;
        peer.send(&[message(b'2', b""), end("INSERT 0 1"), idle()].concat()).await;
        peer.expect(b"Q").await;
        peer.send(&[end("ROLLBACK"), idle()].concat()).await;
    })
    .await;
    let statement = session.statement_name();
    let mut fed = false;
    let feed = |pipeline: &mut Pipeline<'_>| {
        if fed {
            return Err(Error::new(ErrorKind::InvalidInput, "no more"));
        }
        fed = true;
        pipeline.execute(&statement, &Parameters::NONE).map(|()| true)
    };
    let error = timeout(LIMIT, session.pipeline(feed, &operation())).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "no more");
    session.command("ROLLBACK", &operation()).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_connection_lost_half_way_is_an_error_and_the_servers_last_words() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(b"PBE").await;
        peer.send(&error("FATAL", "57P01", "shutting down")).await;
    })
    .await;
    let error = execute_times(&session, 1_000_000).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Closed | ErrorKind::Io), "{error}");
    assert!(session.is_closed());
    server.await.unwrap();
}

#[tokio::test]
async fn results_of_many_executions_are_one_stream() {
    let (session, server) = session(|mut peer, _| async move {
        peer.expect(b"PDS").await;
        let field = b"\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0";
        let described =
            [message(b'1', b""), message(b't', b"\0\x01\0\0\0\x19"), message(b'T', field)].concat();
        peer.send(&[described, idle()].concat()).await;
        peer.expect(b"BEBEBES").await;
        let bound = message(b'2', b"");
        let results = [
            [bound.clone(), end("SELECT")].concat(),
            [bound.clone(), row(b"1"), row(b"2"), end("SELECT")].concat(),
            [bound, row(b"3"), end("SELECT")].concat(),
        ];
        peer.send(&[results.concat(), idle()].concat()).await;
    })
    .await;
    let prepared = session.prepare("select a from t where b = $1", &[], &operation()).await.unwrap();
    let (mut left, cells) = (3, cells());
    let feed = |pipeline: &mut Pipeline<'_>| {
        let parameters = Parameters { count: 1, formats: &[Format::Text], cells: &cells };
        pipeline.execute(prepared.statement(), &parameters)?;
        left -= 1;
        Ok::<_, Error>(left > 0)
    };
    let (mut rows, more) =
        session.query_each(&prepared, ResultFormats::Text, feed, &operation()).await.unwrap();
    assert!(!more);
    assert_eq!(read(&mut rows, 10).await.unwrap(), [b"1", b"2", b"3"]);
    server.await.unwrap();
}

//! Rows without end that nobody reads, on a runtime with one thread.

use std::thread;

use tokio::runtime::Builder;

use super::*;

/// Several times what comes before the runtime turns to the cancel, and a tenth of what may come if it is left no time.
const MOST_BYTES: usize = 1 << 30;

/// Floods until it is cancelled. Answers how many bytes that took.
async fn flood_until_cancelled(listener: TcpListener) -> usize {
    let mut peer = accept(&listener).await;
    peer.log_in().await;
    peer.expect(TEXT_QUERY).await;
    peer.send(&one_column()).await;
    let rows = row(&[b'x'; 1000]).repeat(1000);
    let mut sent = 0;
    let flood = async {
        loop {
            peer.send(&rows).await;
            sent += rows.len();
        }
    };
    tokio::select! {
        () = flood => {}
        mut cancel = accept(&listener) => drop(cancel.untyped().await),
    }
    sent
}

#[test]
fn a_flood_that_is_thrown_away_leaves_room_for_the_cancel_that_ends_it() {
    // Whether a runtime without room shows depends on how the two sides meet.
    for _ in 0..3 {
        let server = Builder::new_current_thread().enable_all().build().unwrap();
        let (listener, config) = server.block_on(listener());
        let flood = async { timeout(LIMIT, flood_until_cancelled(listener)).await.unwrap() };
        let server = thread::spawn(move || server.block_on(flood));
        let client = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        client.block_on(async {
            let session = connect(&config).await.unwrap();
            drop(query(&session, &operation()).await.unwrap());
        });
        let sent = server.join().unwrap();
        assert!(sent < MOST_BYTES, "{sent} bytes before the cancel");
    }
}

//! What is left behind after many failures: no descriptor, no thread, no memory. Linux counts them.

#![cfg(target_os = "linux")]

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use redshift_sandbox::script::message::{authentication, error, with_length};
use redshift_sandbox::script::{Script, Step};

use adbc_core::Statement as _;

use super::{LIMIT, TEXT, TEXT_QUERY, accepted, finished, logged_in, row, server, values};
use crate::support::{connect, statement, try_connect};

const ROUNDS: usize = 200;

/// Threads that the runtime keeps for blocking work for a while.
const IDLE_THREADS: usize = 4;

/// Resident memory that 200 rounds may add: allocators keep some, but not 200 buffers of 1 MiB. AddressSanitizer holds
/// freed memory back.
const GROWTH_BYTES: usize = if cfg!(asan) { 1 << 30 } else { 40 << 20 };

/// What the process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    descriptors: usize,
    threads: usize,
    memory_bytes: usize,
}

impl Held {
    fn now() -> Self {
        let count = |folder: &str| fs::read_dir(folder).unwrap().count();
        let pages = fs::read_to_string("/proc/self/statm").unwrap();
        let resident: usize = pages.split_whitespace().nth(1).unwrap().parse().unwrap();
        Self {
            descriptors: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
            memory_bytes: resident * 4096,
        }
    }

    fn is_within(&self, before: &Self) -> bool {
        self.descriptors <= before.descriptors
            && self.threads <= before.threads + IDLE_THREADS
            && self.memory_bytes <= before.memory_bytes + GROWTH_BYTES
    }
}

fn failed_connects() {
    let ends = [
        vec![],
        vec![Step::Send(b"HTTP/1.1 400".to_vec())],
        vec![Step::Send(authentication(99, &[]))],
        vec![Step::Send(error("FATAL", "28000", "no"))],
        vec![Step::Send(with_length(b'R', 99, b""))],
        vec![Step::Reset],
    ];
    for end in ends {
        let server = server(Script::always([vec![Step::Startup], end].concat()));
        for _ in 0..ROUNDS / 6 {
            assert!(try_connect(&server.uri(), &[]).is_err());
        }
    }
}

fn aborted_streams() {
    let some = [accepted(), row("1"), row("2")[..6].to_vec()].concat();
    let server = server(Script::always(logged_in([TEXT_QUERY, Step::Send(some)])));
    for _ in 0..ROUNDS {
        assert!(values(&mut connect(&server.uri(), TEXT)).is_err());
    }
}

/// Readers dropped with rows to come, before and after their connection.
fn dropped_readers() {
    let rows = Step::Repeat(200, vec![Step::Send(row("1").repeat(1000))]);
    let long =
        [TEXT_QUERY, Step::Send(accepted()), rows, Step::Send(finished("SELECT 200000")), Step::Silence];
    let server = server(Script::always(logged_in(long)));
    for round in 0..20 {
        let mut connection = connect(&server.uri(), TEXT);
        let mut query = statement(&mut connection, "select a from t");
        let mut rows = query.execute().unwrap();
        rows.next().unwrap().unwrap();
        if round % 2 == 0 {
            drop((query, connection));
        }
    }
}

#[test]
fn nothing_is_left_behind() {
    // In a process of its own: other tests open and close files and threads.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "rude::leaks::alone", "--include-ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "nothing_is_left_behind runs it in a process of its own"]
fn alone() {
    for work in [failed_connects, aborted_streams, dropped_readers] {
        // The first time makes what stays: the runtime, the library, the allocator's arenas.
        work();
        let before = settled(None);
        work();
        let after = settled(Some(before));
        assert!(after.is_within(&before), "{before:?} became {after:?}");
    }
}

/// What is held once background work has ended: as little as before, or whatever is left at the deadline.
fn settled(before: Option<Held>) -> Held {
    let deadline = Instant::now() + LIMIT;
    let mut last = Held::now();
    loop {
        thread::sleep(Duration::from_millis(100));
        let now = Held::now();
        let quiet = now.descriptors == last.descriptors && now.threads == last.threads;
        let enough = before.map_or(quiet, |before| now.is_within(&before));
        if enough || Instant::now() > deadline {
            return now;
        }
        last = now;
    }
}

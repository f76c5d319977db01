//! A line on standard error that tells how far a long query is.
//!
//! It appears after a second, on a terminal only, and is gone when the work is done.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::table::grouped;

/// Work that takes less shows nothing.
const QUIET: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(200);

/// The line; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    counts: Arc<Counts>,
    line: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

#[derive(Debug, Default)]
struct Counts {
    rows: AtomicUsize,
    bytes: AtomicU64,
}

impl Progress {
    /// Starts it; `waiting` is said until the first rows come.
    pub(crate) fn start(waiting: &'static str) -> Self {
        let counts = Arc::new(Counts::default());
        let line = io::stderr().is_terminal().then(|| {
            let (end, ended) = mpsc::channel();
            let counts = Arc::clone(&counts);
            let started = Instant::now();
            (end, std::thread::spawn(move || tell(&counts, waiting, started, &ended)))
        });
        Self { counts, line: Mutex::new(line) }
    }

    /// More rows have come; `bytes` is all that was written.
    pub(crate) fn add(&self, rows: usize, bytes: u64) {
        self.counts.rows.fetch_add(rows, Ordering::Relaxed);
        self.counts.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Removes the line.
    pub(crate) fn end(&self) {
        if let Some((end, thread)) = self.line.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(end);
            // A line that could not be drawn is no reason to fail.
            let _ = thread.join();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

fn tell(counts: &Counts, waiting: &str, started: Instant, ended: &mpsc::Receiver<()>) {
    let mut wait = QUIET;
    let mut shown = false;
    while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = EVERY;
        shown = true;
        let text = describe(counts, waiting, started.elapsed());
        let _ = write!(io::stderr(), "\r\x1b[K{text}").and_then(|()| io::stderr().flush());
    }
    if shown {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}

fn describe(counts: &Counts, waiting: &str, elapsed: Duration) -> String {
    let rows = counts.rows.load(Ordering::Relaxed);
    let bytes = counts.bytes.load(Ordering::Relaxed);
    let seconds = elapsed.as_secs();
    match (rows, bytes) {
        (0, _) => format!("{waiting} · {seconds} s"),
        (rows, 0) => format!("{} rows · {seconds} s", grouped(rows)),
        (rows, bytes) => format!("{} rows · {} MB written · {seconds} s", grouped(rows), bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_is_known() {
        let counts = Counts::default();
        let elapsed = Duration::from_secs(7);
        assert_eq!(describe(&counts, "waiting", elapsed), "waiting · 7 s");
        counts.rows.store(1_234_567, Ordering::Relaxed);
        assert_eq!(describe(&counts, "waiting", elapsed), "1,234,567 rows · 7 s");
        counts.bytes.store(45_600_000, Ordering::Relaxed);
        assert_eq!(describe(&counts, "waiting", elapsed), "1,234,567 rows · 45 MB written · 7 s");
    }
}

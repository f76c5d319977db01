//! The one tokio runtime of the process, and the one way to block on a future.
//!
//! A runtime belongs to the process id that made it: after `fork` its threads are gone, so a child makes its own
//! and leaves the inherited one alone, without dropping it.

use std::future::Future;
use std::sync::Arc;

use adbc_core::error::{Error, Result, Status};
use arc_swap::ArcSwapOption;
use tokio::runtime::{Builder, Handle, Runtime};

// Lock-free: a lock held by another thread at the moment of a fork would stay locked in the child for ever.
static CURRENT: ArcSwapOption<Current> = ArcSwapOption::const_empty();

#[derive(Debug)]
struct Current {
    process_id: u32,
    handle: Handle,
}

/// The runtime of this process, made on first use.
pub(super) fn handle() -> Result<Handle> {
    let process_id = std::process::id();
    loop {
        let current = CURRENT.load();
        if let Some(current) = current.as_ref().filter(|current| current.process_id == process_id) {
            return Ok(current.handle.clone());
        }
        let runtime = start()?;
        let fresh = Arc::new(Current { process_id, handle: runtime.handle().clone() });
        let previous = CURRENT.compare_and_swap(&current, Some(fresh));
        if previous.as_ref().map(Arc::as_ptr) == current.as_ref().map(Arc::as_ptr) {
            // Lives as long as the process: connections may outlive any object that could own it.
            std::mem::forget(runtime);
            // After a fork: dropping what was inherited could wait for threads that do not exist here.
            std::mem::forget(previous);
        } else {
            runtime.shutdown_background();
        }
    }
}

/// Runs a future to its end on the calling thread, which may itself belong to a tokio runtime.
///
/// `Runtime::block_on` panics on a runtime's own threads, so this parks the thread and lets the shared runtime
/// drive sockets and timers.
pub(super) fn block_on<F: Future>(future: F) -> Result<F::Output> {
    let handle = handle()?;
    let _context = handle.enter();
    Ok(pollster::block_on(future))
}

fn start() -> Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).thread_name("adbc-redshift").enable_all().build().map_err(
        |error| Error::with_message_and_status(format!("cannot start the I/O threads: {error}"), Status::IO),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocking_works_on_plain_threads_and_on_another_runtimes_threads() {
        let sleep = || async {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            7
        };
        assert_eq!(block_on(sleep()).unwrap(), 7);
        let host = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert_eq!(
            host.block_on(async { tokio::spawn(async move { block_on(sleep()).unwrap() }).await.unwrap() }),
            7
        );
    }
}

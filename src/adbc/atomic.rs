//! A transaction of the driver's own, around several statements that belong together.
//!
//! Invariant: on return either all of the work is committed, or none of it and the session is outside of a transaction;
//! unless a transaction was open before, which is then the caller's to end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adbc_core::error::Result;

use super::error::from_session;
use super::runtime;
use crate::session::{CancelToken, Operation, Session, TransactionStatus};

/// How long undoing may take before the connection is given up.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(60);

/// Does the work in a transaction that is begun with its first statement. Without `own`, the operation says what the
/// work runs in.
pub(super) fn in_transaction<T>(
    session: &Arc<Session>,
    operation: &Operation,
    own: bool,
    work: impl FnOnce(&Operation) -> Result<T>,
) -> Result<T> {
    if !own || session.transaction_status() != TransactionStatus::Idle {
        return work(operation);
    }
    let begin = Operation { begin: true, ..operation.clone() };
    let done = work(&begin).and_then(|value| end(session, "COMMIT", operation).map(|()| value));
    if done.is_err() {
        // The cause is what the caller must know; a session that cannot roll back is closed and says so next time.
        let undo = Operation {
            cancel: CancelToken::new(),
            deadline: Some(Instant::now() + ROLLBACK_TIMEOUT),
            ..operation.clone()
        };
        let _ = end(session, "ROLLBACK", &undo);
    }
    done
}

fn end(session: &Arc<Session>, sql: &str, operation: &Operation) -> Result<()> {
    if session.is_closed() || session.transaction_status() == TransactionStatus::Idle {
        return Ok(());
    }
    let operation = Operation { begin: false, ..operation.clone() };
    runtime::block_on(session.command(sql, &operation))?.map(drop).map_err(|error| from_session(&error))
}

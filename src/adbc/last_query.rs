//! Redshift's id of the query that a statement ran last. Costs nothing until it is asked for.
//!
//! The server knows only the last query of a session. Invariant: an id is answered only if nothing else ran on the
//! session between the statement's query and the question.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use adbc_core::error::{Error, Result, Status};

use super::connection::Connection;
use super::error::{from_session, invalid_state};
use super::running::RunningOperation;
use super::runtime;
use crate::session::Session;

/// Which query it was, and its id once known.
#[derive(Debug, Default)]
pub(super) struct LastQuery(Mutex<Option<Ran>>);

#[derive(Clone, Debug)]
struct Ran {
    session: Weak<Session>,
    operation: u64,
    id: Option<String>,
}

impl LastQuery {
    /// The session's latest operation was this statement's query.
    pub(super) fn ran(&self, session: &Arc<Session>) {
        let ran = Ran { session: Arc::downgrade(session), operation: session.operations(), id: None };
        *self.lock() = Some(ran);
    }

    /// The id; the first answer is kept.
    pub(super) fn id(&self, connection: &Connection) -> Result<String> {
        let ran = self.lock().clone().ok_or_else(|| not_found("the statement has not run yet"))?;
        if let Some(id) = ran.id {
            return Ok(id);
        }
        let session = ran.session.upgrade().ok_or_else(|| not_found("the connection was released"))?;
        if session.operations() != ran.operation {
            return Err(invalid_state(
                "something else ran on the connection since the statement's query; read the id right after executing",
            ));
        }
        let running = RunningOperation::start(&[connection.running()]);
        let operation = connection.metadata_operation(&running)?;
        let rows = runtime::block_on(session.rows("SELECT pg_last_query_id()", &operation))?
            .map_err(|error| from_session(&error))?;
        let id = rows.into_iter().flatten().flatten().next().filter(|id| id != "-1");
        let id = id.ok_or_else(|| not_found("the query has no id: it ran on the leader node alone"))?;
        if let Some(kept) = self.lock().as_mut().filter(|kept| kept.operation == ran.operation) {
            kept.id = Some(id.clone());
        }
        Ok(id)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Ran>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_found(message: &str) -> Error {
    Error::with_message_and_status(message, Status::NotFound)
}

//! The query group of the session: SET goes ahead of the statement that needs another one, in the same round trip.
//!
//! Nobody waits for its answer: [`Wire::next_answer`] passes over it. Invariant: the group counts as known only when the
//! SET cannot be undone, that is, outside a transaction block.

use std::sync::Arc;

use super::error::Error;
use super::request::Request;
use super::shared::Shared;
use super::wire::Wire;
use super::{Operation, TransactionStatus};

/// What the session's query group is, as far as the driver changed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Group {
    /// The server's or the user's own.
    #[default]
    Own,
    /// Set by the driver.
    Set(Arc<str>),
    /// Changed in a transaction that may be rolled back.
    Unknown,
}

/// Queues what brings the session into the operation's group, if it is not there.
pub(super) fn change(wire: &mut Wire, shared: &Shared, operation: &Operation) -> Result<(), Error> {
    let wanted = operation.query_group.clone().map_or(Group::Own, Group::Set);
    if wire.group == wanted {
        return Ok(());
    }
    let sql = match &wanted {
        // Without a backslash, which may be an escape: whoever makes the operation refuses it.
        Group::Set(group) => format!("SET query_group TO '{}'", group.replace('\'', "''")),
        Group::Own | Group::Unknown => "RESET query_group".to_owned(),
    };
    let mut request = Request::default();
    request.simple_query(&sql)?;
    wire.send(&request);
    wire.unawaited += request.syncs;
    let is_final = shared.transaction_status() == TransactionStatus::Idle;
    wire.group = if is_final { wanted } else { Group::Unknown };
    Ok(())
}

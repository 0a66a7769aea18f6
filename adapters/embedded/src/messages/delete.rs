//! Deleting: the row stays as a tombstone, everything that it said goes.

use rusqlite::Connection;
use tertulia_domain::access::Grant;
use tertulia_domain::event::{DeleteReason, EventBody, MessageDeleted};
use tertulia_domain::{Event, MessageId, Timestamp};

use super::{load, mentions};
use crate::rows::Here;
use crate::sql::{Ran, exec};

pub(super) fn delete(db: &Connection, grant: Grant, id: MessageId, reason: DeleteReason, at: Timestamp) -> Ran<Option<Event>> {
    const TOMBSTONE: &str =
        "UPDATE messages SET content = NULL, mentions = NULL, mention_scope = NULL, pinned_at = NULL, deleted_at = ? WHERE row = ?";
    const ROOT: &str = "UPDATE messages SET thread_count = thread_count - 1 WHERE row = (SELECT thread_root FROM messages WHERE row = ?)";
    let mut here = Here::enter(db, grant)?;
    let target = load::target(db, &here, id)?;
    if target.deleted {
        return Ok(None);
    }
    let message = load::as_new(db, target.row)?;
    mentions::remove(db, &here, target.seq, &message.mentions)?;
    exec(db, TOMBSTONE, (at.as_millis(), target.row))?;
    exec(db, "DELETE FROM versions WHERE message = ?", [target.row])?;
    exec(db, "DELETE FROM reactions WHERE message = ?", [target.row])?;
    exec(db, ROOT, [target.row])?;
    let deleted = MessageDeleted { message_id: id, thread_root: message.thread_root, reason, deleted_at: at };
    here.record(db, Some(target.row), at, EventBody::MessageDeleted(deleted)).map(Some)
}

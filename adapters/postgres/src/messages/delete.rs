//! Deleting: the row stays as a tombstone, everything that it said goes.

use tertulia_domain::access::Grant;
use tertulia_domain::event::{DeleteReason, EventBody, MessageDeleted};
use tertulia_domain::{Event, MessageId, Timestamp};

use super::{load, mentions};
use crate::rows::Here;
use crate::sql::{Ran, Tx, exec};

pub(super) async fn delete(db: Tx, grant: Grant, id: MessageId, reason: DeleteReason, at: Timestamp) -> Ran<Option<Event>> {
    const TOMBSTONE: &str = "UPDATE messages SET content = NULL, mentions = NULL, mention_scope = NULL, pinned_at = NULL, deleted_at = $4
        WHERE conversation = $1 AND seq = $2 AND created_at = $3";
    const ROOT: &str = "UPDATE messages m SET thread_count = m.thread_count - 1 FROM message_ids i
        WHERE i.conversation = $1 AND i.seq = $2 AND m.conversation = i.conversation AND m.seq = i.seq AND m.created_at = i.created_at";
    let mut here = Here::enter(&db, grant).await?;
    let target = load::target(&db, &here, id).await?;
    if target.deleted {
        return Ok(None);
    }
    let conversation = here.id.0;
    mentions::remove(&db, &here, &target).await?;
    exec(&db, TOMBSTONE, &[&conversation, &target.seq, &target.created_at, &at.as_millis()]).await?;
    exec(&db, "DELETE FROM versions WHERE conversation = $1 AND seq = $2", &[&conversation, &target.seq]).await?;
    exec(&db, "DELETE FROM reactions WHERE conversation = $1 AND seq = $2", &[&conversation, &target.seq]).await?;
    if let Some(root) = target.thread_root {
        exec(&db, ROOT, &[&conversation, &root]).await?;
    }
    let deleted = MessageDeleted { message_id: id, thread_root: target.message.thread_root, reason, deleted_at: at };
    here.record(&db, Some(target.seq), at, EventBody::MessageDeleted(deleted)).await.map(Some)
}

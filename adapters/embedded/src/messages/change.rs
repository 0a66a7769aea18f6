//! Editing and pinning.

use rusqlite::Connection;
use tertulia_domain::access::Grant;
use tertulia_domain::event::{EventBody, MessagePinned, MessageUpdated};
use tertulia_domain::message::{MentionScope, Toggle};
use tertulia_domain::{Content, Event, MessageId, Timestamp, UserId};

use super::{load, mentions};
use crate::codes::Coded;
use crate::rows::{Here, RowNo};
use crate::sql::{Ran, exec};

pub(super) fn edit(
    db: &Connection,
    grant: Grant,
    id: MessageId,
    content: Content,
    mentions: Vec<UserId>,
    mention_scope: Option<MentionScope>,
    at: Timestamp,
) -> Ran<Option<Event>> {
    let mut here = Here::enter(db, grant)?;
    let target = load::live_target(db, &here, id)?;
    let old = load::as_new(db, target.row)?;
    if old.content == content && old.mentions == mentions && old.mention_scope == mention_scope {
        return Ok(None);
    }
    if old.content != content {
        keep_version(db, target.row)?;
    }
    mentions::remove(db, &here, target.seq, &old.mentions)?;
    mentions::add(db, &here, target.seq, target.sender, &mentions)?;
    exec(
        db,
        "UPDATE messages SET content = ?, mentions = ?, mention_scope = ?, edited_at = ? WHERE row = ?",
        (serde_json::to_string(&content)?, mentions::pack(&mentions), mention_scope.map(Coded), at.as_millis(), target.row),
    )?;
    let updated = MessageUpdated { message_id: id, content, mentions, mention_scope, edited_at: at };
    here.record(db, Some(target.row), at, EventBody::MessageUpdated(updated)).map(Some)
}

fn keep_version(db: &Connection, message: RowNo) -> Ran<()> {
    const SQL: &str = "INSERT INTO versions (message, number, at, content)
        SELECT row, (SELECT count(*) FROM versions WHERE message = ?1), coalesce(edited_at, created_at), content FROM messages WHERE row = ?1";
    exec(db, SQL, [message])?;
    Ok(())
}

pub(super) fn pin(db: &Connection, grant: Grant, id: MessageId, action: Toggle, at: Timestamp) -> Ran<Option<Event>> {
    let mut here = Here::enter(db, grant)?;
    let target = load::live_target(db, &here, id)?;
    let pinned_at = (action == Toggle::Add).then_some(at.as_millis());
    const SQL: &str = "UPDATE messages SET pinned_at = ?2 WHERE row = ?1 AND (pinned_at IS NULL) <> (?2 IS NULL)";
    if exec(db, SQL, (target.row, pinned_at))? == 0 {
        return Ok(None);
    }
    here.record(db, Some(target.row), at, EventBody::MessagePinned(MessagePinned { message_id: id, action })).map(Some)
}

//! Rows to messages.

use rusqlite::{Connection, Row};
use tertulia_domain::message::{MentionScope, Priority, REACTION_NAMES_MAX, Reaction};
use tertulia_domain::{Content, Message, MessageId};

use super::mentions;
use crate::codes::Coded;
use crate::rows::{Here, RowNo, count, id, maybe_id, maybe_time, missing, seq, time};
use crate::sql::{Fault, Ran, all, one};

const MESSAGE: &str = "SELECT m.id, c.id, m.seq, s.id, m.content, p.id, t.id, m.thread_count, m.last_reply_at, m.mentions, m.mention_scope,
    m.priority, m.created_at, m.edited_at, m.deleted_at, m.expires_at, m.pinned_at
    FROM messages m JOIN conversations c ON c.row = m.conversation JOIN users s ON s.row = m.sender
    LEFT JOIN messages p ON p.row = m.reply_to LEFT JOIN messages t ON t.row = m.thread_root WHERE m.row = ?";

/// Without reactions.
fn message(row: &Row<'_>) -> rusqlite::Result<(Message, Option<String>)> {
    let scope: Option<Coded<MentionScope>> = row.get(10)?;
    let priority: Coded<Priority> = row.get(11)?;
    let message = Message {
        id: id(row, 0)?,
        conversation_id: id(row, 1)?,
        seq: seq(row, 2)?,
        sender_id: id(row, 3)?,
        content: Content::tombstone(),
        reply_to: maybe_id(row, 5)?,
        thread_root: maybe_id(row, 6)?,
        thread_count: count(row, 7)?,
        last_reply_at: maybe_time(row, 8)?,
        mentions: mentions::unpack(row.get_ref(9)?.as_bytes_or_null()?.unwrap_or_default()),
        mention_scope: scope.map(|coded| coded.0),
        reactions: Vec::new(),
        priority: priority.0,
        created_at: time(row, 12)?,
        edited_at: maybe_time(row, 13)?,
        deleted_at: maybe_time(row, 14)?,
        expires_at: maybe_time(row, 15)?,
        pinned_at: maybe_time(row, 16)?,
    };
    Ok((message, row.get(4)?))
}

fn bare(db: &Connection, row: RowNo) -> Ran<Message> {
    let (mut message, content) = one(db, MESSAGE, [row], message)?.ok_or_else(|| Fault::Broken(format!("no message {row}")))?;
    if let Some(content) = content {
        message.content = serde_json::from_str(&content)?;
    }
    Ok(message)
}

/// As `viewer` sees it; none: nobody's reaction is theirs.
pub(crate) fn full(db: &Connection, row: RowNo, viewer: Option<RowNo>) -> Ran<Message> {
    Ok(Message { reactions: reactions(db, row, viewer)?, ..bare(db, row)? })
}

pub(super) fn all_full(db: &Connection, rows: &[RowNo], viewer: RowNo) -> Ran<Vec<Message>> {
    rows.iter().map(|&row| full(db, row, Some(viewer))).collect()
}

/// As its `message.new` shows it: what later events bring is left out.
pub(crate) fn as_new(db: &Connection, row: RowNo) -> Ran<Message> {
    Ok(Message { thread_count: 0, last_reply_at: None, pinned_at: None, ..bare(db, row)? })
}

fn reactions(db: &Connection, message: RowNo, viewer: Option<RowNo>) -> Ran<Vec<Reaction>> {
    const SQL: &str =
        "SELECT r.emoji, r.user IS ?2, u.id FROM reactions r JOIN users u ON u.row = r.user WHERE r.message = ?1 ORDER BY r.place, r.row";
    let mut reactions: Vec<Reaction> = Vec::new();
    for (emoji, me, user_id) in all(db, SQL, (message, viewer), |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, id(row, 2)?)))?
    {
        if reactions.last().is_none_or(|reaction| reaction.emoji != emoji) {
            reactions.push(Reaction { emoji, count: 0, me: false, user_ids: Vec::new() });
        }
        if let Some(reaction) = reactions.last_mut() {
            reaction.count += 1;
            reaction.me |= me;
            if reaction.user_ids.len() < REACTION_NAMES_MAX {
                reaction.user_ids.push(user_id);
            }
        }
    }
    Ok(reactions)
}

/// What changing a message is decided from.
pub(super) struct Target {
    pub(super) row: RowNo,
    pub(super) seq: i64,
    pub(super) sender: RowNo,
    pub(super) deleted: bool,
}

/// A message of this conversation; `NOT_FOUND` where it is elsewhere or nowhere.
pub(super) fn target(db: &Connection, here: &Here, id: MessageId) -> Ran<Target> {
    const SQL: &str = "SELECT row, seq, sender, deleted_at IS NOT NULL FROM messages WHERE id = ? AND conversation = ?";
    one(db, SQL, (id.as_bytes(), here.row), |row| {
        Ok(Target { row: row.get(0)?, seq: row.get(1)?, sender: row.get(2)?, deleted: row.get(3)? })
    })?
    .ok_or_else(missing)
}

/// As [`target`]; `NOT_FOUND` where it is deleted, too.
pub(super) fn live_target(db: &Connection, here: &Here, id: MessageId) -> Ran<Target> {
    let target = target(db, here, id)?;
    if target.deleted { Err(missing()) } else { Ok(target) }
}

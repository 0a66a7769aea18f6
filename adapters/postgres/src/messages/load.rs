//! Rows to messages.

use std::collections::HashMap;

use tertulia_domain::message::{MentionScope, Priority, REACTION_NAMES_MAX, Reaction};
use tertulia_domain::{Content, Message, MessageId, Seq, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::mentions;
use crate::codes::Coded;
use crate::rows::{Here, count, get, id, maybe_id, maybe_time, missing, seq, stored_seq, time};
use crate::sql::{Ran, Tx, all, one};

/// Of a message `m` [`WITH_PARENTS`].
pub(crate) const COLUMNS: &str =
    "m.id, m.conversation, m.seq, m.sender, m.content, p.id, t.id, m.thread_count, m.last_reply_at, m.mentions,
    m.mention_scope, m.priority, m.created_at, m.edited_at, m.deleted_at, m.expires_at, m.pinned_at";

/// What it answers, and the root of its thread.
pub(crate) const WITH_PARENTS: &str = "LEFT JOIN message_ids p ON p.conversation = m.conversation AND p.seq = m.reply_to
    LEFT JOIN message_ids t ON t.conversation = m.conversation AND t.seq = m.thread_root";

/// A message by its id: the time tells in which partition it is.
pub(crate) const BY_ID: &str =
    "FROM message_ids i JOIN messages m ON m.conversation = i.conversation AND m.seq = i.seq AND m.created_at = i.created_at";

/// From [`COLUMNS`]; without reactions.
pub(crate) fn message(row: &Row) -> Ran<Message> {
    let scope: Option<Coded<MentionScope>> = get(row, 10)?;
    let priority: Coded<Priority> = get(row, 11)?;
    let content: Option<&str> = get(row, 4)?;
    Ok(Message {
        id: id(row, 0)?,
        conversation_id: id(row, 1)?,
        seq: seq(row, 2)?,
        sender_id: id(row, 3)?,
        content: content.map_or_else(|| Ok(Content::tombstone()), serde_json::from_str)?,
        reply_to: maybe_id(row, 5)?,
        thread_root: maybe_id(row, 6)?,
        thread_count: count(row, 7)?,
        last_reply_at: maybe_time(row, 8)?,
        mentions: mentions::unpack(get::<Option<&[u8]>>(row, 9)?.unwrap_or_default()),
        mention_scope: scope.map(|coded| coded.0),
        reactions: Vec::new(),
        priority: priority.0,
        created_at: time(row, 12)?,
        edited_at: maybe_time(row, 13)?,
        deleted_at: maybe_time(row, 14)?,
        expires_at: maybe_time(row, 15)?,
        pinned_at: maybe_time(row, 16)?,
    })
}

/// As its `message.new` shows it: what later events bring is left out.
pub(crate) fn as_new(message: Message) -> Message {
    Message { thread_count: 0, last_reply_at: None, pinned_at: None, ..message }
}

/// Messages of one conversation with their reactions, as `viewer` sees them.
pub(crate) async fn with_reactions(db: &Tx, mut messages: Vec<Message>, viewer: UserId) -> Ran<Vec<Message>> {
    const SQL: &str = "SELECT seq, emoji, user_id FROM reactions WHERE conversation = $1 AND seq = ANY($2) ORDER BY place, since";
    let Some(conversation) = messages.first().map(|message| message.conversation_id) else { return Ok(messages) };
    let seqs: Vec<i64> = messages.iter().map(|message| stored_seq(message.seq)).collect();
    let mut found: HashMap<Seq, Vec<Reaction>> = HashMap::new();
    let rows = all(db, SQL, &[&conversation.0, &seqs], |row| Ok((seq(row, 0)?, get::<String>(row, 1)?, id::<UserId>(row, 2)?))).await?;
    for (seq, emoji, user) in rows {
        put(found.entry(seq).or_default(), emoji, user, viewer);
    }
    for message in &mut messages {
        message.reactions = found.remove(&message.seq).unwrap_or_default();
    }
    Ok(messages)
}

fn put(reactions: &mut Vec<Reaction>, emoji: String, user: UserId, viewer: UserId) {
    if reactions.last().is_none_or(|reaction| reaction.emoji != emoji) {
        reactions.push(Reaction { emoji, count: 0, me: false, user_ids: Vec::new() });
    }
    if let Some(reaction) = reactions.last_mut() {
        reaction.count += 1;
        reaction.me |= user == viewer;
        if reaction.user_ids.len() < REACTION_NAMES_MAX {
            reaction.user_ids.push(user);
        }
    }
}

/// What changing a message is decided from; `seq` and `created_at` find its row.
pub(super) struct Target {
    pub(super) seq: i64,
    pub(super) created_at: i64,
    pub(super) sender: Uuid,
    pub(super) deleted: bool,
    pub(super) thread_root: Option<i64>,
    pub(super) message: Message,
}

/// A message of this conversation; `NOT_FOUND` where it is elsewhere or nowhere.
pub(super) async fn target(db: &Tx, here: &Here, id: MessageId) -> Ran<Target> {
    let sql = format!("SELECT {COLUMNS}, m.thread_root {BY_ID} {WITH_PARENTS} WHERE i.id = $1 AND i.conversation = $2");
    let found = one(db, &sql, &[&id.0, &here.id.0], |row| {
        let message = message(row)?;
        Ok(Target {
            seq: stored_seq(message.seq),
            created_at: message.created_at.as_millis(),
            sender: message.sender_id.0,
            deleted: message.deleted_at.is_some(),
            thread_root: get(row, 17)?,
            message,
        })
    })
    .await?;
    found.ok_or_else(missing)
}

/// As [`target`]; `NOT_FOUND` where it is deleted, too.
pub(super) async fn live_target(db: &Tx, here: &Here, id: MessageId) -> Ran<Target> {
    let target = target(db, here, id).await?;
    if target.deleted { Err(missing()) } else { Ok(target) }
}

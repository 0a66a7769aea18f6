//! Reading the log: both halves, merged by `seq`.

use rusqlite::Connection;
use tertulia_domain::access::Grant;
use tertulia_domain::event::{Event, EventBody, MessageNew, MessageUpdated};
use tertulia_domain::{ConversationId, Seq, Timestamp, UserId};
use tertulia_ports::store::log::Tail;

use crate::conversations;
use crate::messages::load::as_new;
use crate::rows::{Here, RowNo, first, id, missing, seq, stored_seq, time};
use crate::sql::{Fault, Ran, all};

pub(super) fn granted(db: &Connection, grant: Grant, after: Seq, limit: u32) -> Ran<Tail> {
    let here = Here::enter(db, grant)?;
    let events = between(db, here.row, here.id, after, limit)?;
    Ok(Tail { events, head: here.seq()?, epoch: here.epoch })
}

/// `NOT_FOUND` where the conversation does not exist.
pub(super) fn repair(db: &Connection, id: ConversationId, after: Seq, limit: u32) -> Ran<Tail> {
    let stored = conversations::load(db, id)?.ok_or_else(missing)?;
    let events = between(db, stored.row, id, after, limit)?;
    Ok(Tail { events, head: stored.conversation.head, epoch: stored.conversation.epoch })
}

/// The second half's part of the log; its content may have to be looked up.
struct Entry {
    seq: Seq,
    actor_id: UserId,
    at: Timestamp,
    message: Option<RowNo>,
    body: Option<String>,
}

fn between(db: &Connection, conversation: RowNo, conversation_id: ConversationId, after: Seq, limit: u32) -> Ran<Vec<Event>> {
    const MESSAGES: &str =
        "SELECT row FROM messages INDEXED BY messages_by_seq WHERE conversation = ? AND seq > ? AND seq <= ? ORDER BY seq";
    const EVENTS: &str = "SELECT e.seq, u.id, e.at, e.message, e.body FROM events e JOIN users u ON u.row = e.actor
        WHERE e.conversation = ? AND e.seq > ? AND e.seq <= ? ORDER BY e.seq";
    // Without a gap, the next `limit` events are the next `limit` numbers.
    let after = stored_seq(after);
    let range = (conversation, after, after.saturating_add(i64::from(limit.clamp(1, 500))));
    let mut events = Vec::new();
    for row in all(db, MESSAGES, range, first)? {
        events.push(new_message(db, row)?);
    }
    for entry in all(db, EVENTS, range, entry)? {
        events.push(entry.event(db, conversation_id)?);
    }
    events.sort_by_key(|event| event.seq);
    Ok(events)
}

pub(super) fn new_message(db: &Connection, row: RowNo) -> Ran<Event> {
    let message = as_new(db, row)?;
    Ok(Event {
        conversation_id: message.conversation_id,
        seq: message.seq,
        actor_id: message.sender_id,
        at: message.created_at,
        body: EventBody::MessageNew(MessageNew { message }),
    })
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry { seq: seq(row, 0)?, actor_id: id(row, 1)?, at: time(row, 2)?, message: row.get(3)?, body: row.get(4)? })
}

impl Entry {
    fn event(self, db: &Connection, conversation_id: ConversationId) -> Ran<Event> {
        let body = match (self.body, self.message) {
            (Some(body), _) => serde_json::from_str(&body)?,
            (None, Some(message)) => updated(db, message, self.at)?,
            (None, None) => return Err(Fault::Broken(format!("event {} of {conversation_id} has no body", self.seq))),
        };
        Ok(Event { conversation_id, seq: self.seq, actor_id: self.actor_id, at: self.at, body })
    }
}

fn updated(db: &Connection, message: RowNo, edited_at: Timestamp) -> Ran<EventBody> {
    let message = as_new(db, message)?;
    Ok(EventBody::MessageUpdated(MessageUpdated {
        message_id: message.id,
        content: message.content,
        mentions: message.mentions,
        mention_scope: message.mention_scope,
        edited_at,
    }))
}

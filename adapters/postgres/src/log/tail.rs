//! Reading the log: both halves, merged by `seq`.

use futures_util::future::try_join;
use tertulia_domain::access::Grant;
use tertulia_domain::event::{Event, EventBody, MessageNew, MessageUpdated};
use tertulia_domain::{ConversationId, Message, Seq, Timestamp, UserId};
use tertulia_ports::store::log::Tail;
use tokio_postgres::Row;

use crate::conversations;
use crate::messages::load::{self, COLUMNS, WITH_PARENTS, as_new};
use crate::rows::{Here, get, id, missing, seq, stored_seq, time};
use crate::sql::{Fault, Ran, Tx, all};

pub(super) async fn granted(db: Tx, grant: Grant, after: Seq, limit: u32) -> Ran<Tail> {
    let (here, events) = try_join(Here::look(&db, grant), between(&db, grant.conversation(), after, limit)).await?;
    Ok(Tail { events, head: here.seq()?, epoch: here.epoch })
}

/// `NOT_FOUND` where the conversation does not exist.
pub(super) async fn repair(db: Tx, id: ConversationId, after: Seq, limit: u32) -> Ran<Tail> {
    let (conversation, events) = try_join(conversations::load(&db, id), between(&db, id, after, limit)).await?;
    let conversation = conversation.ok_or_else(missing)?;
    Ok(Tail { events, head: conversation.head, epoch: conversation.epoch })
}

/// The second half's part of the log; its content may stand with a message.
struct Entry {
    seq: Seq,
    actor_id: UserId,
    at: Timestamp,
    message: Option<i64>,
    body: Option<String>,
}

async fn between(db: &Tx, conversation: ConversationId, after: Seq, limit: u32) -> Ran<Vec<Event>> {
    const EVENTS: &str = "SELECT seq, actor, at, message, body FROM events WHERE conversation = $1 AND seq > $2 AND seq <= $3 ORDER BY seq";
    let messages =
        format!("SELECT {COLUMNS} FROM messages m {WITH_PARENTS} WHERE m.conversation = $1 AND m.seq > $2 AND m.seq <= $3 ORDER BY m.seq");
    // Without a gap, the next `limit` events are the next `limit` numbers.
    let after = stored_seq(after);
    let last = after.saturating_add(i64::from(limit.clamp(1, 500)));
    let (messages, entries) = try_join(
        all(db, &messages, &[&conversation.0, &after, &last], load::message),
        all(db, EVENTS, &[&conversation.0, &after, &last], entry),
    )
    .await?;
    let edited = edited(db, conversation, &entries).await?;
    let mut events: Vec<Event> = messages.into_iter().map(new_message).collect();
    for entry in entries {
        events.push(entry.event(conversation, &edited)?);
    }
    events.sort_by_key(|event| event.seq);
    Ok(events)
}

/// The messages that events without a body are about, by `seq`.
async fn edited(db: &Tx, conversation: ConversationId, entries: &[Entry]) -> Ran<Vec<Message>> {
    let seqs: Vec<i64> = entries.iter().filter(|entry| entry.body.is_none()).filter_map(|entry| entry.message).collect();
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM message_ids i JOIN messages m ON m.conversation = i.conversation AND m.seq = i.seq AND m.created_at = i.created_at
         {WITH_PARENTS} WHERE i.conversation = $1 AND i.seq = ANY($2)"
    );
    all(db, &sql, &[&conversation.0, &seqs], load::message).await
}

fn new_message(message: Message) -> Event {
    Event {
        conversation_id: message.conversation_id,
        seq: message.seq,
        actor_id: message.sender_id,
        at: message.created_at,
        body: EventBody::MessageNew(MessageNew { message: as_new(message) }),
    }
}

fn entry(row: &Row) -> Ran<Entry> {
    Ok(Entry { seq: seq(row, 0)?, actor_id: id(row, 1)?, at: time(row, 2)?, message: get(row, 3)?, body: get(row, 4)? })
}

impl Entry {
    fn event(self, conversation_id: ConversationId, edited: &[Message]) -> Ran<Event> {
        let message = edited.iter().find(|message| self.message == Some(stored_seq(message.seq)));
        let body = match (self.body, message) {
            (Some(body), _) => serde_json::from_str(&body)?,
            (None, Some(message)) => updated(message, self.at),
            (None, None) => return Err(Fault::Broken(format!("event {} of {conversation_id} has no body", self.seq))),
        };
        Ok(Event { conversation_id, seq: self.seq, actor_id: self.actor_id, at: self.at, body })
    }
}

fn updated(message: &Message, edited_at: Timestamp) -> EventBody {
    EventBody::MessageUpdated(MessageUpdated {
        message_id: message.id,
        content: message.content.clone(),
        mentions: message.mentions.clone(),
        mention_scope: message.mention_scope,
        edited_at,
    })
}

//! Writing messages: dedup, parents, `seq`, rows.

use std::collections::HashMap;

use rusqlite::Connection;
use tertulia_domain::access::Grant;
use tertulia_domain::event::{EventBody, MessageNew};
use tertulia_domain::{Code, Event, Message, MessageId, Refusal, Timestamp, UserId};
use tertulia_ports::sabotage::{Sabotage, is_on};
use tertulia_ports::store::messages::{Appended, Draft, Fingerprint, fingerprint_of};

use super::mentions;
use crate::codes::Coded;
use crate::rows::{Here, RowNo, need_user, seq, time};
use crate::sql::{Ran, exec, insert, one};

pub(super) fn one_draft(db: &Connection, grant: Grant, draft: Draft) -> Ran<Appended> {
    let mut here = Here::enter(db, grant)?;
    let head_before = here.head;
    let sender = (here.actor_id, here.actor);
    let appended = append(db, &mut here, sender, draft)?;
    if let Some(event) = &appended.event {
        advance(db, &here, event.at)?;
        follow(db, &here, head_before, event.at)?;
    }
    Ok(appended)
}

pub(super) fn many(db: &Connection, grant: Grant, drafts: Vec<(UserId, Draft)>) -> Ran<Vec<Appended>> {
    let mut here = Here::enter(db, grant)?;
    let mut senders: HashMap<UserId, RowNo> = HashMap::new();
    let mut newest: Option<Timestamp> = None;
    let mut all = Vec::with_capacity(drafts.len());
    for (sender, draft) in drafts {
        let sender_row = match senders.get(&sender) {
            Some(row) => *row,
            None => *senders.entry(sender).or_insert(need_user(db, sender)?),
        };
        let appended = append(db, &mut here, (sender, sender_row), draft)?;
        newest = newest.max(appended.event.as_ref().map(|event| event.at));
        all.push(appended);
    }
    if let Some(newest) = newest {
        advance(db, &here, newest)?;
    }
    Ok(all)
}

/// The head of the log and the time of its newest message.
fn advance(db: &Connection, here: &Here, newest: Timestamp) -> Ran<()> {
    const SQL: &str = "UPDATE conversations SET head = ?2, last_message_at = max(coalesce(last_message_at, ?3), ?3) WHERE row = ?1";
    exec(db, SQL, (here.row, here.head, newest.as_millis()))?;
    Ok(())
}

/// Who had read everything has read their own message.
fn follow(db: &Connection, here: &Here, head_before: i64, at: Timestamp) -> Ran<()> {
    const SQL: &str = "UPDATE members SET read_seq = ?3, delivered_seq = ?3, read_at = ?4, delivered_at = ?4
        WHERE conversation = ?1 AND user = ?2 AND read_seq = ?5";
    exec(db, SQL, (here.row, here.actor, here.head, at.as_millis(), head_before))?;
    Ok(())
}

/// Moves `here.head`; [`advance`] stores it.
fn append(db: &Connection, here: &mut Here, sender: (UserId, RowNo), mut draft: Draft) -> Ran<Appended> {
    let fingerprint = fingerprint(&draft)?;
    if let Some(known) = duplicate(db, here, sender.1, draft.id, fingerprint)? {
        if !is_on(Sabotage::Dedup) {
            return Ok(known);
        }
        draft.id = uuid::Uuid::now_v7().into();
    }
    let reply_to = draft.reply_to.map(|id| parent(db, here, id, false)).transpose()?;
    let thread_root = draft.thread_root.map(|id| parent(db, here, id, true)).transpose()?;
    here.head += 1;
    add(db, here, sender.1, &draft, fingerprint, reply_to, thread_root)?;
    mentions::add(db, here, here.head, sender.1, &draft.mentions)?;
    if let Some(root) = thread_root {
        let reply = (root, draft.at.as_millis());
        exec(db, "UPDATE messages SET thread_count = thread_count + 1, last_reply_at = ?2 WHERE row = ?1", reply)?;
    }
    let (seq, at) = (here.seq()?, draft.at);
    let body = EventBody::MessageNew(MessageNew { message: message(here, sender.0, draft)? });
    let event = Event { conversation_id: here.id, seq, actor_id: sender.0, at, body };
    Ok(Appended { seq, at, duplicate: false, event: Some(event) })
}

fn add(
    db: &Connection,
    here: &Here,
    sender: RowNo,
    draft: &Draft,
    fingerprint: Fingerprint,
    reply_to: Option<RowNo>,
    thread_root: Option<RowNo>,
) -> Ran<RowNo> {
    insert(
        db,
        "INSERT INTO messages (id, conversation, seq, sender, thread_root, reply_to, content, fingerprint, mentions, mention_scope, priority,
         created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            draft.id.as_bytes(),
            here.row,
            here.head,
            sender,
            thread_root,
            reply_to,
            serde_json::to_string(&draft.content)?,
            fingerprint,
            mentions::pack(&draft.mentions),
            draft.mention_scope.map(Coded),
            Coded(draft.priority),
            draft.at.as_millis(),
            draft.expires_at.map(Timestamp::as_millis),
        ),
    )
}

fn message(here: &Here, sender_id: UserId, draft: Draft) -> Ran<Message> {
    Ok(Message {
        id: draft.id,
        conversation_id: here.id,
        seq: here.seq()?,
        sender_id,
        content: draft.content,
        reply_to: draft.reply_to,
        thread_root: draft.thread_root,
        thread_count: 0,
        last_reply_at: None,
        mentions: draft.mentions,
        mention_scope: draft.mention_scope,
        reactions: Vec::new(),
        priority: draft.priority,
        created_at: draft.at,
        edited_at: None,
        deleted_at: None,
        expires_at: draft.expires_at,
        pinned_at: None,
    })
}

pub(crate) fn fingerprint(draft: &Draft) -> Ran<Fingerprint> {
    Ok(fingerprint_of([draft.reply_to, draft.thread_root], &serde_json::to_vec(&draft.content)?))
}

/// The message of this id where it is the same one; another one: `CONFLICT`.
fn duplicate(db: &Connection, here: &Here, sender: RowNo, id: MessageId, print: Fingerprint) -> Ran<Option<Appended>> {
    const SQL: &str = "SELECT conversation = ?2 AND sender = ?3 AND fingerprint = ?4, seq, created_at FROM messages WHERE id = ?1";
    let known = one(db, SQL, (id.as_bytes(), here.row, sender, print), |row| {
        let same: bool = row.get(0)?;
        Ok((same, Appended { seq: seq(row, 1)?, at: time(row, 2)?, duplicate: true, event: None }))
    })?;
    match known {
        Some((false, _)) => Err(taken().into()),
        known => Ok(known.map(|(_, appended)| appended)),
    }
}

pub(crate) fn taken() -> Refusal {
    Refusal::new(Code::Conflict, "this messageId was used for something else")
}

/// A message that can be answered, or (`as_root`) whose thread can be written to.
fn parent(db: &Connection, here: &Here, id: MessageId, as_root: bool) -> Ran<RowNo> {
    const SQL: &str = "SELECT row, deleted_at IS NULL, thread_root IS NULL FROM messages WHERE id = ? AND conversation = ?";
    let found = one(db, SQL, (id.as_bytes(), here.row), |row| Ok((row.get(0)?, row.get::<_, bool>(1)?, row.get::<_, bool>(2)?)))?;
    match found {
        Some((row, true, outside_threads)) if outside_threads || !as_root => Ok(row),
        _ => Err(Refusal::new(Code::InvalidParent, "the message answered is deleted, elsewhere, or itself in a thread").into()),
    }
}

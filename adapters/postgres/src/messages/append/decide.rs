//! What becomes of each draft of a batch: decided here, from what one round trip read while the conversations are locked.

use std::collections::HashMap;

use futures_util::future::try_join3;
use tertulia_domain::access::Grant;
use tertulia_domain::event::{EventBody, MessageNew};
use tertulia_domain::{Code, ConversationId, Event, Message, MessageId, Refusal, Timestamp, UserId};
use tertulia_ports::sabotage::{Sabotage, is_on};
use tertulia_ports::store::messages::Appended;
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::{Follow, Rows};
use super::{Item, taken};
use crate::rows::{get, id, seq_of, time};
use crate::sql::{Ran, Tx};

/// A log: where it ends.
struct Place {
    head: i64,
    last_message_at: Option<i64>,
    grew: bool,
}

/// How a sender stands to a conversation.
struct Standing {
    /// None: no member.
    read_seq: Option<i64>,
    exists: bool,
    /// Where the watermark was in the database, and when it moved since.
    was: i64,
    moved_at: Option<Timestamp>,
}

/// A message that is there, or that this batch brings.
#[derive(Clone)]
struct There {
    conversation: ConversationId,
    seq: i64,
    created_at: Timestamp,
    sender: UserId,
    fingerprint: Vec<u8>,
    is_deleted: bool,
    is_reply: bool,
}

/// All that deciding takes.
pub(super) struct Known {
    places: HashMap<ConversationId, Place>,
    standings: HashMap<(ConversationId, UserId), Standing>,
    messages: HashMap<MessageId, There>,
    /// Replies that came to a thread, and the time of the last one; by conversation and `seq`.
    threads: HashMap<(ConversationId, i64), (Timestamp, i64, Timestamp)>,
}

/// What each draft is answered, and what has to be written for it.
pub(super) struct Decided {
    pub(super) answers: Vec<Result<Appended, Refusal>>,
    pub(super) rows: Rows,
}

const LOCK: &str = "SELECT id, head, last_message_at FROM conversations WHERE id = ANY($1) ORDER BY id FOR UPDATE";
const STANDINGS: &str = "SELECT w.conversation, w.user_id, m.read_seq, m.conversation IS NOT NULL OR u.id IS NOT NULL
    FROM unnest($1::uuid[], $2::uuid[]) AS w(conversation, user_id)
    LEFT JOIN members m ON m.conversation = w.conversation AND m.user_id = w.user_id
    LEFT JOIN users u ON u.id = w.user_id AND m.conversation IS NULL";
const MESSAGES: &str =
    "SELECT i.id, i.conversation, i.seq, i.created_at, m.sender, m.fingerprint, m.deleted_at IS NOT NULL, m.thread_root IS NOT NULL
    FROM message_ids i JOIN messages m ON m.conversation = i.conversation AND m.seq = i.seq AND m.created_at = i.created_at
    WHERE i.id = ANY($1)";

impl Known {
    /// Locks the conversations, in the order of their ids; what is read after that nobody changes.
    pub(super) async fn read(db: &Tx, items: &[Item]) -> Ran<Self> {
        let lock = db.prepare_cached(LOCK).await?;
        let standings = db.prepare_cached(STANDINGS).await?;
        let messages = db.prepare_cached(MESSAGES).await?;
        let mut asked: Vec<(Uuid, Uuid)> = items.iter().map(|item| (item.grant.conversation().0, item.sender.0)).collect();
        asked.sort_unstable();
        asked.dedup();
        let (of, users): (Vec<Uuid>, Vec<Uuid>) = asked.into_iter().unzip();
        let mut places = of.clone();
        places.dedup();
        let parents = items.iter().flat_map(|item| [item.draft.reply_to, item.draft.thread_root]).flatten();
        let ids: Vec<Uuid> = items.iter().map(|item| item.draft.id).chain(parents).map(|id| id.0).collect();
        // All are prepared, so they go out in this order.
        let (places, standings, messages) =
            try_join3(db.query(&lock, &[&places]), db.query(&standings, &[&of, &users]), db.query(&messages, &[&ids])).await?;
        Ok(Self {
            places: places.iter().map(place).collect::<Ran<_>>()?,
            standings: standings.iter().map(standing).collect::<Ran<_>>()?,
            messages: messages.iter().map(there).collect::<Ran<_>>()?,
            threads: HashMap::new(),
        })
    }

    fn decide(&mut self, item: &Item, rows: &mut Rows) -> Ran<Result<Appended, Refusal>> {
        let draft = &item.draft;
        let conversation = item.grant.conversation();
        let key = (conversation, item.sender);
        if !self.may_write(item.grant, item.sender) {
            return Ok(Err(Refusal::not_found()));
        }
        let mut id = draft.id;
        if let Some(there) = self.messages.get(&id) {
            if !is_on(Sabotage::Dedup) {
                return Ok(there.answers(conversation, item).ok_or_else(taken).and_then(|there| there.appended()));
            }
            id = Uuid::now_v7().into();
        }
        let (reply_to, thread_root) =
            match (self.parent(conversation, draft.reply_to, false), self.parent(conversation, draft.thread_root, true)) {
                (Ok(reply_to), Ok(thread_root)) => (reply_to, thread_root),
                (Err(refusal), _) | (_, Err(refusal)) => return Ok(Err(refusal)),
            };
        let Some(place) = self.places.get_mut(&conversation) else { return Ok(Err(Refusal::not_found())) };
        let before = place.head;
        place.advance(draft.at);
        let seq = place.head;
        rows.add(item, id, seq, reply_to.map(|(seq, _)| seq), thread_root.map(|(seq, _)| seq));
        if let Some(standing) = self.standings.get_mut(&key).filter(|_| item.follows) {
            standing.follow(before, seq, draft.at);
        }
        if let Some((root, created_at)) = thread_root {
            let thread = self.threads.entry((conversation, root)).or_insert((created_at, 0, draft.at));
            *thread = (created_at, thread.1 + 1, draft.at);
        }
        let there = There {
            conversation,
            seq,
            created_at: draft.at,
            sender: item.sender,
            fingerprint: item.fingerprint.to_vec(),
            is_deleted: false,
            is_reply: thread_root.is_some(),
        };
        self.messages.insert(id, there);
        Ok(Ok(appended(item, id, seq)?))
    }

    fn may_write(&self, grant: Grant, sender: UserId) -> bool {
        let standing = self.standings.get(&(grant.conversation(), sender));
        standing.is_some_and(|standing| standing.exists && (standing.read_seq.is_some() || !grant.needs_membership()))
    }

    /// A message that can be answered, or (`as_root`) whose thread can be written to: its `seq` and time.
    fn parent(&self, here: ConversationId, id: Option<MessageId>, as_root: bool) -> Result<Option<(i64, Timestamp)>, Refusal> {
        let Some(id) = id else { return Ok(None) };
        match self.messages.get(&id) {
            Some(there) if there.conversation == here && !there.is_deleted && !(as_root && there.is_reply) => {
                Ok(Some((there.seq, there.created_at)))
            }
            _ => Err(Refusal::new(Code::InvalidParent, "the message answered is deleted, elsewhere, or itself in a thread")),
        }
    }

    fn finish(self, rows: &mut Rows) {
        for (conversation, place) in self.places.iter().filter(|(_, place)| place.grew) {
            rows.advance(*conversation, place.head, place.last_message_at);
        }
        for ((conversation, seq), (created_at, more, last)) in self.threads {
            rows.grow_thread((conversation, seq, created_at), more, last);
        }
        for ((conversation, user), standing) in self.standings {
            if let (Some(at), Some(seq)) = (standing.moved_at, standing.read_seq) {
                rows.follow(Follow { conversation, user, was: standing.was, seq, at });
            }
        }
    }
}

/// Draft after draft, in the order given: each sees what those before it bring.
pub(super) fn decide(items: &[Item], mut known: Known) -> Ran<Decided> {
    let mut rows = Rows::default();
    let answers = items.iter().map(|item| known.decide(item, &mut rows)).collect::<Ran<Vec<_>>>()?;
    known.finish(&mut rows);
    Ok(Decided { answers, rows })
}

impl Place {
    fn advance(&mut self, at: Timestamp) {
        self.head += 1;
        self.grew = true;
        self.last_message_at = self.last_message_at.max(Some(at.as_millis()));
    }
}

impl Standing {
    /// Who had read everything has read their own message.
    fn follow(&mut self, before: i64, seq: i64, at: Timestamp) {
        if self.read_seq == Some(before) {
            self.read_seq = Some(seq);
            self.moved_at = Some(at);
        }
    }
}

impl There {
    /// Itself where the item is it, sent again.
    fn answers(&self, conversation: ConversationId, item: &Item) -> Option<&Self> {
        let same = self.conversation == conversation && self.sender == item.sender && self.fingerprint == item.fingerprint;
        same.then_some(self)
    }

    fn appended(&self) -> Result<Appended, Refusal> {
        Ok(Appended { seq: self.seq.try_into().unwrap_or_default(), at: self.created_at, duplicate: true, event: None })
    }
}

fn appended(item: &Item, id: MessageId, seq: i64) -> Ran<Appended> {
    let (draft, conversation_id, seq) = (&item.draft, item.grant.conversation(), seq_of(seq)?);
    let message = Message {
        id,
        conversation_id,
        seq,
        sender_id: item.sender,
        content: draft.content.clone(),
        reply_to: draft.reply_to,
        thread_root: draft.thread_root,
        thread_count: 0,
        last_reply_at: None,
        mentions: draft.mentions.clone(),
        mention_scope: draft.mention_scope,
        reactions: Vec::new(),
        priority: draft.priority,
        created_at: draft.at,
        edited_at: None,
        deleted_at: None,
        expires_at: draft.expires_at,
        pinned_at: None,
    };
    let event = Event { conversation_id, seq, actor_id: item.sender, at: draft.at, body: EventBody::MessageNew(MessageNew { message }) };
    Ok(Appended { seq, at: draft.at, duplicate: false, event: Some(event) })
}

fn place(row: &Row) -> Ran<(ConversationId, Place)> {
    Ok((id(row, 0)?, Place { head: get(row, 1)?, last_message_at: get(row, 2)?, grew: false }))
}

fn standing(row: &Row) -> Ran<((ConversationId, UserId), Standing)> {
    let read_seq: Option<i64> = get(row, 2)?;
    let standing = Standing { read_seq, exists: get(row, 3)?, was: read_seq.unwrap_or_default(), moved_at: None };
    Ok(((id(row, 0)?, id(row, 1)?), standing))
}

fn there(row: &Row) -> Ran<(MessageId, There)> {
    let there = There {
        conversation: id(row, 1)?,
        seq: get(row, 2)?,
        created_at: time(row, 3)?,
        sender: id(row, 4)?,
        fingerprint: get(row, 5)?,
        is_deleted: get(row, 6)?,
        is_reply: get(row, 7)?,
    };
    Ok((id(row, 0)?, there))
}

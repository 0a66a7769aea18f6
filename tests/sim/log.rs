//! The truth that clients have to arrive at: logs, and who may read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tertulia_domain::content::Content;
use tertulia_domain::conversation::{Member, MemberRole};
use tertulia_domain::event::{EventBody, MemberJoined, MemberLeft, MessageNew, MessagePinned};
use tertulia_domain::message::{Message, Priority, Toggle};
use tertulia_domain::{ConversationId, Event, MessageId, Seq, Timestamp, UserId};
use tertulia_ports::store::log::Head;
use uuid::Uuid;

pub struct Log {
    pub id: ConversationId,
    pub events: Vec<Arc<Event>>,
    /// Members, with the `seq` of the event that let them in.
    pub members: BTreeMap<UserId, Seq>,
    /// The last `seq` that former members may know of.
    pub left: BTreeMap<UserId, Seq>,
}

/// Ids that come again with the same seed.
pub fn id<T: From<Uuid>>(kind: u32, number: usize) -> T {
    Uuid::from_u128((u128::from(kind) << 96) | 0x7000_8000_0000_0000_0000 | number as u128).into()
}

fn at(seq: Seq) -> Timestamp {
    Timestamp::EPOCH.plus_millis(1_800_000_000_000 + seq as i64)
}

impl Log {
    pub fn new(id: ConversationId, members: &[UserId]) -> Self {
        let mut log = Self { id, events: Vec::new(), members: BTreeMap::new(), left: BTreeMap::new() };
        for member in members {
            log.join(*member);
        }
        log
    }

    pub fn head(&self) -> Seq {
        self.events.len() as Seq
    }

    pub fn as_head(&self) -> Head {
        Head { conversation_id: self.id, seq: self.head(), member_count: self.members.len() as u64 }
    }

    pub fn after(&self, seq: Seq, limit: usize) -> &[Arc<Event>] {
        let start = (seq as usize).min(self.events.len());
        &self.events[start..(start + limit).min(self.events.len())]
    }

    /// Whether somebody may know of an event: they are in it, or were when it happened.
    pub fn may_read(&self, user: UserId, seq: Seq) -> bool {
        self.members.contains_key(&user) || self.left.get(&user).is_some_and(|left| seq <= *left)
    }

    fn append(&mut self, actor_id: UserId, body: EventBody) -> Arc<Event> {
        let seq = self.head() + 1;
        let event = Arc::new(Event { conversation_id: self.id, seq, actor_id, at: at(seq), body });
        self.events.push(event.clone());
        event
    }

    pub fn join(&mut self, user: UserId) -> Arc<Event> {
        let seq = self.head() + 1;
        self.members.insert(user, seq);
        let member = Member { user_id: user, role: MemberRole::Member, joined_at: at(seq) };
        self.append(user, EventBody::MemberJoined(MemberJoined { member }))
    }

    pub fn leave(&mut self, user: UserId) -> Arc<Event> {
        self.members.remove(&user);
        self.left.insert(user, self.head() + 1);
        self.append(user, EventBody::MemberLeft(MemberLeft { user_id: user }))
    }

    pub fn write(&mut self, sender_id: UserId) -> Arc<Event> {
        let seq = self.head() + 1;
        let message = Message {
            id: id(3, (self.id.0.as_u128() as usize & 0xff) << 32 | seq as usize),
            conversation_id: self.id,
            seq,
            sender_id,
            content: Content::text(format!("message {seq}")),
            reply_to: None,
            thread_root: None,
            thread_count: 0,
            last_reply_at: None,
            mentions: Vec::new(),
            mention_scope: None,
            reactions: Vec::new(),
            priority: Priority::Normal,
            created_at: at(seq),
            edited_at: None,
            deleted_at: None,
            expires_at: None,
            pinned_at: None,
        };
        self.append(sender_id, EventBody::MessageNew(MessageNew { message }))
    }

    /// Pins the newest message that is not pinned, or the other way round.
    pub fn pin(&mut self, actor: UserId) -> Option<Arc<Event>> {
        let message_id: MessageId = self.events.iter().rev().find_map(|event| match &event.body {
            EventBody::MessageNew(new) => Some(new.message.id),
            _ => None,
        })?;
        let pinned = self.events.iter().rev().find_map(|event| match &event.body {
            EventBody::MessagePinned(pin) if pin.message_id == message_id => Some(pin.action),
            _ => None,
        });
        let action = if pinned == Some(Toggle::Add) { Toggle::Remove } else { Toggle::Add };
        Some(self.append(actor, EventBody::MessagePinned(MessagePinned { message_id, action })))
    }
}

//! The state of a conversation as its events tell it.

use std::collections::HashMap;

use tertulia_domain::conversation::Member;
use tertulia_domain::event::{ConversationUpdated, EventBody, MessageReaction};
use tertulia_domain::message::Toggle;
use tertulia_domain::{ConversationId, MessageId, Seq, Timestamp, UserId};

use super::{Findings, each};
use crate::rows::{get, id, maybe_id, seq, time};
use crate::sql::{Ran, Tx};

/// Who has put on which emoji, both in the order of their coming.
pub(super) type Reactions = Vec<(String, Vec<UserId>)>;

/// Messages go by their `seq`.
#[derive(Default)]
pub(super) struct Ledger {
    /// With the `seq` of their joining.
    pub(super) members: HashMap<UserId, (Member, Seq)>,
    pub(super) described: Option<(ConversationUpdated, Timestamp)>,
    pub(super) edited: HashMap<i64, Timestamp>,
    pub(super) deleted: HashMap<i64, Timestamp>,
    pub(super) pinned: HashMap<i64, Timestamp>,
    pub(super) reactions: HashMap<i64, Reactions>,
}

/// A row of the log's second half, with the message that it names.
struct Entry {
    seq: Seq,
    actor: UserId,
    at: Timestamp,
    message: Option<i64>,
    /// None where that message does not exist before the event.
    message_id: Option<MessageId>,
}

const ENTRIES: &str = "SELECT e.seq, e.actor, e.at, e.message, m.id, e.body FROM events e
    LEFT JOIN message_ids m ON m.conversation = e.conversation AND m.seq = e.message AND m.seq < e.seq
    WHERE e.conversation = $1 ORDER BY e.seq";

impl Ledger {
    pub(super) async fn read(db: &Tx, conversation: ConversationId, findings: &mut Findings) -> Ran<Self> {
        let mut ledger = Self::default();
        each(db, ENTRIES, conversation, |row| {
            let entry =
                Entry { seq: seq(row, 0)?, actor: id(row, 1)?, at: time(row, 2)?, message: get(row, 3)?, message_id: maybe_id(row, 4)? };
            match get::<Option<&str>>(row, 5)?.map(serde_json::from_str).transpose() {
                Ok(body) => ledger.take(entry, body, findings),
                Err(_) => findings.note(format!("event {} cannot be read", entry.seq)),
            }
            Ok(())
        })
        .await?;
        Ok(ledger)
    }

    fn take(&mut self, entry: Entry, body: Option<EventBody>, findings: &mut Findings) {
        if body.as_ref().is_some_and(|body| message_of(body) != entry.message_id) || (body.is_none() && entry.message_id.is_none()) {
            findings.note(format!("event {} names another message than it is stored with", entry.seq));
        }
        let (at, message) = (entry.at, entry.message.unwrap_or_default());
        match body {
            None => drop(self.edited.insert(message, at)),
            Some(EventBody::MessageDeleted(_)) => {
                self.deleted.insert(message, at);
                self.pinned.remove(&message);
                self.reactions.remove(&message);
            }
            Some(EventBody::MessagePinned(pin)) if pin.action == Toggle::Add => drop(self.pinned.insert(message, at)),
            Some(EventBody::MessagePinned(_)) => drop(self.pinned.remove(&message)),
            Some(EventBody::MessageReaction(reaction)) => self.react(message, &entry, reaction, findings),
            Some(EventBody::MemberJoined(joined)) => drop(self.members.insert(joined.member.user_id, (joined.member, entry.seq))),
            Some(EventBody::MemberLeft(left)) => drop(self.members.remove(&left.user_id)),
            Some(EventBody::MemberUpdated(updated)) => self.update(updated.member, entry.seq, findings),
            Some(EventBody::ConversationUpdated(updated)) => self.described = Some((updated, at)),
            Some(EventBody::MessageNew(_) | EventBody::MessageUpdated(_)) => findings.note(format!("event {} holds content", entry.seq)),
        }
    }

    fn update(&mut self, member: Member, seq: Seq, findings: &mut Findings) {
        match self.members.get_mut(&member.user_id) {
            Some((known, _)) => *known = member,
            None => findings.note(format!("event {seq} changes somebody who is no member")),
        }
    }

    fn react(&mut self, message: i64, entry: &Entry, reaction: MessageReaction, findings: &mut Findings) {
        let all = self.reactions.entry(message).or_default();
        let place = match all.iter().position(|(emoji, _)| *emoji == reaction.emoji) {
            Some(place) => place,
            None => {
                all.push((reaction.emoji, Vec::new()));
                all.len() - 1
            }
        };
        let Some((_, users)) = all.get_mut(place) else { return };
        match reaction.action {
            Toggle::Add => users.push(entry.actor),
            Toggle::Remove => users.retain(|user| *user != entry.actor),
        }
        let count = users.len();
        findings.expect(
            format_args!("the count in reaction event {}", entry.seq),
            usize::try_from(reaction.count).unwrap_or(usize::MAX),
            count,
        );
        all.retain(|(_, users)| !users.is_empty());
    }
}

fn message_of(body: &EventBody) -> Option<MessageId> {
    match body {
        EventBody::MessageDeleted(body) => Some(body.message_id),
        EventBody::MessageReaction(body) => Some(body.message_id),
        EventBody::MessagePinned(body) => Some(body.message_id),
        _ => None,
    }
}

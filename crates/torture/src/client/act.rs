//! What a client does next, at random.

use std::time::Duration;

use serde_json::{Value, json};
use tertulia_domain::ids::{ConversationId, MessageId};
use tokio::time::Instant;
use uuid::Uuid;

use super::Client;
use super::link::{Pending, Purpose};
use super::outbox::{Reaction, Unsent};
use crate::history::{Request, now};
use crate::world::Tally;

const EMOJI: &[&str] = &["👍", "🎉", "👀", ":ship-it:"];
const BEAT_EVERY: Duration = Duration::from_secs(10);
/// Of a burst's message: 30 of them are more than a connection may be behind.
const LARGE_CHARS: usize = 15_000;

/// What is said, how often in a thousand, about what.
struct Weights;

impl Weights {
    const ALL: &[(u64, Act)] = &[
        (520, Act::Send),
        (40, Act::Pipeline),
        (30, Act::Twice),
        (30, Act::Post),
        (80, Act::Edit),
        (30, Act::Delete),
        (70, Act::React),
        (60, Act::Read),
        (25, Act::Delivered),
        (5, Act::Unread),
        (30, Act::Type),
        (10, Act::Focus),
        (30, Act::Look),
        (8, Act::Sync),
        (8, Act::JoinOrLeave),
        (20, Act::Replay),
        (6, Act::Conflict),
        (3, Act::Cut),
    ];

    fn pick(roll: u64) -> Act {
        let all: u64 = Self::ALL.iter().map(|(weight, _)| weight).sum();
        let mut left = roll % all;
        for (weight, act) in Self::ALL {
            if left < *weight {
                return *act;
            }
            left -= weight;
        }
        Act::Send
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Send,
    Pipeline,
    Twice,
    Post,
    Edit,
    Delete,
    React,
    Read,
    Delivered,
    Unread,
    Type,
    Focus,
    Look,
    Sync,
    JoinOrLeave,
    Replay,
    Conflict,
    Cut,
}

impl Client {
    pub(super) async fn act(&mut self) {
        let act = Weights::pick(self.dice.next());
        let place = self.dice.zipf(self.world.places.len());
        let Some(conversation) = self.world.places.get(place).map(|place| place.conversation) else { return };
        if self.link.as_ref().is_none_or(super::link::Link::is_full) {
            return;
        }
        match act {
            // Also where this client is not, now and then: that must be refused.
            Act::Send if self.copies.contains_key(&conversation) || self.dice.chance(2) => self.send(conversation, 1).await,
            Act::Pipeline => self.send(conversation, 8).await,
            Act::Twice => self.send_twice(conversation).await,
            Act::Post => {
                let unsent = self.write(conversation, None);
                self.post(unsent);
            }
            Act::Edit => self.edit().await,
            Act::Delete => self.delete().await,
            Act::React => self.react().await,
            Act::Read | Act::Delivered | Act::Unread => self.mark(act, place).await,
            Act::Type => self.say("typing.start", Request::Other, Purpose::Note, json!({ "conversationId": conversation })).await,
            Act::Focus => {
                let focus = self.dice.chance(70).then_some(conversation).filter(|conversation| self.copies.contains_key(conversation));
                self.say("conversation.focus", Request::Other, Purpose::Note, json!({ "conversationId": focus })).await;
            }
            Act::Look => self.look(conversation),
            Act::Sync => self.sync().await,
            Act::JoinOrLeave => self.join_or_leave(conversation),
            Act::Replay => self.replay().await,
            Act::Conflict => self.conflict().await,
            Act::Cut => {
                let in_frame = self.dice.chance(50);
                self.cut(in_frame).await;
            }
            Act::Send => {}
        }
    }

    /// A message with words of its own: nobody ever writes the same.
    fn write(&mut self, conversation: ConversationId, chars: Option<usize>) -> Unsent {
        self.numbers += 1;
        let mut text = format!("{}:{}:{}", self.world.seed, self.index, self.numbers);
        let chars = chars.unwrap_or(if self.dice.chance(3) { 4_000 } else { self.dice.below(200) });
        if chars > 0 {
            text.push(' ');
            text.extend(std::iter::repeat_n('x', chars));
        }
        Unsent { conversation, message: MessageId(Uuid::now_v7()), text }
    }

    async fn send(&mut self, conversation: ConversationId, count: usize) {
        let all: Vec<Unsent> = (0..count).map(|_| self.write(conversation, None)).collect();
        self.send_all(all).await;
    }

    async fn send_all(&mut self, all: Vec<Unsent>) {
        let frames: Vec<String> = all.into_iter().map(|unsent| self.frame_of(unsent.clone(), Purpose::Send(unsent))).collect();
        self.transmit(frames).await;
    }

    async fn send_twice(&mut self, conversation: ConversationId) {
        let unsent = self.write(conversation, None);
        Tally::add(&self.world.tally.duplicates, 1);
        let frames = vec![self.frame_of(unsent.clone(), Purpose::Send(unsent.clone())), self.frame_of(unsent, Purpose::Note)];
        self.transmit(frames).await;
    }

    pub(super) async fn burst(&mut self, count: usize) {
        let Some(busiest) = self.world.places.first().map(|place| place.conversation) else { return };
        let all: Vec<Unsent> = (0..count).map(|_| self.write(busiest, Some(LARGE_CHARS))).collect();
        self.send_all(all).await;
    }

    /// Sends what waits.
    pub(super) async fn resend(&mut self) {
        if self.link.as_ref().is_some_and(|link| link.greeted) {
            let waiting = std::mem::take(&mut self.outbox.waiting);
            self.send_all(waiting).await;
        }
    }

    pub(super) async fn replay(&mut self) {
        let Some((unsent, seq)) = self.outbox.any_sent(&mut self.dice).map(|sent| (sent.unsent.clone(), sent.seq)) else { return };
        Tally::add(&self.world.tally.duplicates, 1);
        let frames = vec![self.frame_of(unsent, Purpose::Again(seq))];
        self.transmit(frames).await;
    }

    /// Another text under an id that is taken.
    async fn conflict(&mut self) {
        let Some(mut unsent) = self.outbox.any_sent(&mut self.dice).map(|sent| sent.unsent.clone()) else { return };
        unsent.text.push_str(" other");
        let frames = vec![self.frame_of(unsent, Purpose::Note)];
        self.transmit(frames).await;
    }

    fn frame_of(&mut self, unsent: Unsent, purpose: Purpose) -> String {
        let Unsent { conversation, message, text } = unsent;
        let payload = json!({ "messageId": message, "conversationId": conversation, "content": { "type": "text", "text": text } });
        self.frame("message.send", Request::Send { conversation, message, text }, purpose, &payload)
    }

    async fn edit(&mut self) {
        let Some(sent) = self.outbox.any_sent(&mut self.dice).filter(|sent| !sent.deleted) else { return };
        sent.edits += 1;
        let (conversation, message) = (sent.unsent.conversation, sent.unsent.message);
        let text = format!("{}:e{}", sent.unsent.text.split(' ').next().unwrap_or_default(), sent.edits);
        let payload = json!({ "messageId": message, "content": { "type": "text", "text": text } });
        self.say("message.edit", Request::Edit { conversation, message, text }, Purpose::Note, payload).await;
    }

    async fn delete(&mut self) {
        let Some(sent) = self.outbox.any_sent(&mut self.dice).filter(|sent| !sent.deleted) else { return };
        sent.deleted = true;
        let (conversation, message) = (sent.unsent.conversation, sent.unsent.message);
        self.say("message.delete", Request::Delete { conversation, message }, Purpose::Note, json!({ "messageId": message })).await;
    }

    async fn react(&mut self) {
        let taken_back = if self.dice.chance(30) { self.outbox.reactions.pop() } else { None };
        let add = taken_back.is_none();
        let seen = self.outbox.any_seen(&mut self.dice);
        let emoji = self.dice.pick(EMOJI).copied().unwrap_or("👍");
        let Some(reaction) = taken_back.or(seen.map(|(conversation, message)| Reaction { conversation, message, emoji })) else { return };
        let Reaction { conversation, message, emoji } = reaction.clone();
        let payload = json!({ "messageId": message, "emoji": emoji, "action": if add { "add" } else { "remove" } });
        let purpose = if add { Purpose::React(reaction) } else { Purpose::Note };
        self.say("message.react", Request::React { conversation, message, emoji, add }, purpose, payload).await;
    }

    async fn mark(&mut self, act: Act, place: usize) {
        let Some(conversation) = self.world.places.get(place).map(|place| place.conversation) else { return };
        let Some(last) = self.copies.get(&conversation).map(|copy| copy.last) else { return };
        // Backwards too: that must change nothing.
        let seq = last.saturating_sub(self.dice.within(0, 6)).max(1);
        let payload = json!({ "conversationId": conversation, "seq": seq });
        match act {
            Act::Read => self.say("receipt.read", Request::Read { conversation, seq }, Purpose::Note, payload).await,
            Act::Delivered => self.say("receipt.delivered", Request::Delivered { conversation, seq }, Purpose::Note, payload).await,
            // In the lobby only, so that marks elsewhere are known to go forward.
            _ if place == 0 => self.say("receipt.unread", Request::Unread { conversation, seq }, Purpose::Note, payload).await,
            _ => {}
        }
    }

    fn join_or_leave(&mut self, conversation: ConversationId) {
        if self.world.place(conversation).is_none_or(|place| !place.restless || !place.public) {
            return;
        }
        if self.copies.contains_key(&conversation) && self.dice.chance(30) {
            self.leave(conversation);
        } else {
            self.join(conversation);
        }
    }

    pub(super) async fn sync(&mut self) {
        let positions: Vec<Value> =
            self.copies.iter().map(|(conversation, copy)| json!({ "conversationId": conversation, "lastSeq": copy.last })).collect();
        let purpose = Purpose::Sync { generation: self.generation };
        self.say("sync.request", Request::Other, purpose, json!({ "conversations": positions })).await;
    }

    pub(super) async fn beat_if_due(&mut self) {
        let Some(link) = self.link.as_mut().filter(|link| link.greeted && Instant::now() >= link.beat_at) else { return };
        link.beat_at = Instant::now() + BEAT_EVERY;
        self.say("heartbeat", Request::Other, Purpose::Beat, json!({})).await;
    }

    async fn say(&mut self, kind: &'static str, request: Request, purpose: Purpose, payload: Value) {
        let frame = self.frame(kind, request, purpose, &payload);
        self.transmit(vec![frame]).await;
    }

    /// Notes a request and makes its frame.
    fn frame(&mut self, kind: &'static str, request: Request, purpose: Purpose, payload: &Value) -> String {
        let entry = self.history.invoke(request);
        let reference = format!("{}-{entry}", self.index);
        if let Some(link) = &mut self.link {
            link.pending.insert(reference.clone(), Pending { entry, kind, since: now(), purpose });
        }
        json!({ "type": kind, "id": reference, "payload": payload }).to_string()
    }

    async fn transmit(&mut self, frames: Vec<String>) {
        let Some(link) = &mut self.link else { return };
        if !frames.is_empty() && !link.socket.send(frames).await {
            self.closed(crate::socket::ABNORMAL);
        }
    }
}

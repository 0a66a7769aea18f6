//! What the server says on a connection.

use serde_json::{Value, json};
use tertulia_domain::error::Retry;
use tertulia_domain::ids::ConversationId;

use super::link::{Pending, Purpose};
use super::outbox::Unsent;
use super::{Client, Stage};
use crate::findings::Invariant;
use crate::history::{MarkSeen, Outcome, Request, Seen, now};
use crate::record::{Record, id, is_event};
use crate::rest::{Failed, refusal};
use crate::world::{LARGE, Tally};

/// Close codes of the contract that a well-behaved client may meet.
const CLOSES: &[u16] = &[1000, 1006, 1011, 4400, 4402, 4404, 4408, 4409, 4410, 4429, 4453, 4500, 4503, 4507];

impl Client {
    pub(super) async fn hear(&mut self, frame: &Value) {
        let kind = frame.get("type").and_then(Value::as_str).unwrap_or_default();
        let nothing = Value::Null;
        let payload = frame.get("payload").unwrap_or(&nothing);
        match kind {
            "connected" => self.greeted(payload).await,
            "ack" => self.acked(payload),
            "conversation.added" => {
                if let Some(conversation) = id(payload.pointer("/conversation/id")) {
                    let head = payload.pointer("/conversation/head").and_then(Value::as_u64).unwrap_or_default();
                    self.copy_of(conversation).hear_of(head, now());
                    self.fetch(conversation);
                }
            }
            "conversation.removed" => {
                if let Some(conversation) = id::<ConversationId>(payload.get("conversationId")) {
                    self.copies.remove(&conversation);
                }
            }
            "conversation.activity" => {
                let head = payload.get("lastSeq").and_then(Value::as_u64).unwrap_or_default();
                if let Some(copy) = id(payload.get("conversationId")).and_then(|conversation| self.copies.get_mut(&conversation)) {
                    copy.hear_of(head, now());
                    copy.summarised = true;
                }
            }
            "receipt.read" | "receipt.delivered" => self.marked(kind, payload),
            "error" => {
                refusal(&json!({ "error": payload }), &self.world.findings);
            }
            kind if is_event(kind) => self.pushed(kind, payload),
            _ => {}
        }
    }

    async fn greeted(&mut self, connected: &Value) {
        let resumed = connected.get("resumed").and_then(Value::as_bool).unwrap_or_default();
        self.resume = connected.get("resumeToken").and_then(Value::as_str).map(str::to_owned);
        if let Some(link) = &mut self.link {
            link.greeted = true;
            link.synced = resumed;
        }
        if resumed {
            Tally::add(&self.world.tally.resumed, 1);
        } else {
            self.sync().await;
        }
        self.resend().await;
    }

    fn pushed(&mut self, kind: &str, payload: &Value) {
        let Some(record) = Record::read(kind, payload, payload) else { return };
        let (conversation, seq) = (record.conversation, record.seq);
        let was_live = self.copies.get(&conversation).is_some_and(|copy| copy.live && !copy.is_behind());
        let syncing = self.link.as_ref().is_some_and(super::link::Link::is_syncing);
        self.apply(record, true);
        let Some(copy) = self.copies.get(&conversation) else { return };
        if copy.is_behind() && !copy.fetching && !syncing {
            let small = self.world.place(conversation).is_some_and(|place| place.members < LARGE);
            if small && was_live && !copy.summarised {
                Tally::add(&self.world.tally.gaps, 1);
                let gap = format!("client {}: {seq} of {conversation} was pushed after {}", self.index, copy.last);
                self.world.tally.skipped.lock().push(gap);
            }
            self.fetch(conversation);
        }
    }

    /// Takes an event into the copy of its log. Who is put out keeps theirs until `conversation.removed`: they may be back already.
    pub(super) fn apply(&mut self, record: Record, pushed: bool) {
        let world = self.world.clone();
        world.ledger.see(&record, self.rest.name(), &world.findings);
        let (conversation, me) = (record.conversation, self.rest.user);
        self.history.seen.push(Seen { conversation, seq: record.seq, at: now(), print: record.print(), pushed });
        let synced = self.link.as_ref().is_some_and(|link| link.synced);
        let copy = self.copy_of(conversation);
        let ready = copy.hear(record, now());
        copy.live |= synced && !copy.is_behind();
        for ready in ready {
            Tally::add(&world.tally.deliveries, 1);
            if let Some(message) = ready.message.filter(|_| ready.kind == "message.new" && ready.actor != me) {
                self.outbox.saw(conversation, message);
            }
        }
    }

    fn marked(&mut self, kind: &str, payload: &Value) {
        let (conversation, user) = (id(payload.get("conversationId")), id(payload.get("userId")));
        if let (Some(conversation), Some(user), Some(seq)) = (conversation, user, payload.get("seq").and_then(Value::as_u64)) {
            self.history.marks.push(Some(MarkSeen { conversation, user, read: kind == "receipt.read", seq }));
        }
    }

    fn acked(&mut self, ack: &Value) {
        let world = self.world.clone();
        let reference = ack.get("refId").and_then(Value::as_str).unwrap_or_default();
        let pending = self.link.as_mut().and_then(|link| link.pending.remove(reference));
        world.findings.expect(Invariant::Answer, pending.is_some(), || {
            format!("client {}: an answer to nothing that is open: {reference}", self.index)
        });
        let Some(Pending { entry, purpose, .. }) = pending else { return };
        let result = ack.get("result");
        let failed = refusal(ack, &world.findings);
        let outcome = match &failed {
            Some(Failed::Refused { code, .. }) => Outcome::refused(*code),
            Some(Failed::Gone | Failed::Lost(_)) => Outcome::Unknown,
            None => Outcome::Ok {
                seq: result.and_then(|result| result.get("seq")).and_then(Value::as_u64),
                duplicate: result.and_then(|result| result.get("duplicate")).and_then(Value::as_bool).unwrap_or_default(),
            },
        };
        self.history.answer(entry, outcome);
        match purpose {
            Purpose::Send(unsent) => self.sent(unsent, outcome),
            Purpose::React(reaction) if matches!(outcome, Outcome::Ok { .. }) => self.outbox.reactions.push(reaction),
            Purpose::Sync { generation } => self.synced(result, generation, entry),
            Purpose::Beat => self.beaten(result),
            Purpose::Again(before) => {
                let same = !matches!(outcome, Outcome::Ok { seq, .. } if seq != Some(before));
                let index = self.index;
                world.findings.expect(Invariant::Dedup, same, || {
                    format!("client {index}: sent again, what had seq {before} was answered {outcome:?}")
                });
            }
            Purpose::React(_) | Purpose::Note => {}
        }
    }

    /// What becomes of a message by the answer to it.
    pub(super) fn sent(&mut self, unsent: Unsent, outcome: Outcome) {
        match outcome {
            Outcome::Ok { seq: Some(seq), .. } => {
                Tally::add(&self.world.tally.acked, 1);
                self.outbox.sent(unsent, seq, &mut self.dice);
            }
            Outcome::Unknown => self.keep_trying(unsent),
            Outcome::Refused(code) if matches!(code.retry(), Retry::After | Retry::Auth) => self.keep_trying(unsent),
            _ => {}
        }
    }

    /// Most are sent again until they are answered; of some, the outcome stays unknown.
    fn keep_trying(&mut self, unsent: Unsent) {
        if self.stage > Stage::Busy || self.dice.chance(85) {
            self.outbox.waiting.push(unsent);
        }
    }

    pub(super) fn drop_pending(&mut self, pending: std::collections::HashMap<String, Pending>) {
        let mut pending: Vec<Pending> = pending.into_values().collect();
        pending.sort_unstable_by_key(|pending| pending.entry);
        for Pending { entry, purpose, .. } in pending {
            self.history.answer(entry, Outcome::Unknown);
            if let Purpose::Send(unsent) = purpose {
                self.keep_trying(unsent);
            }
        }
    }

    pub(super) fn closed(&mut self, code: u16) {
        let Some(link) = self.link.take() else { return };
        *self.world.tally.closes.lock().entry(code).or_default() += 1;
        self.world.findings.expect(Invariant::Codes, CLOSES.contains(&code), || format!("client {}: closed with {code}", self.index));
        self.drop_pending(link.pending);
    }

    fn synced(&mut self, result: Option<&Value>, generation: u64, entry: usize) {
        let Some(answer) = result else { return };
        if let Some(link) = &mut self.link {
            link.synced = true;
        }
        let invoked = self.history.entry(entry).map_or(0, |entry| entry.invoked);
        let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        for missed in list("conversations") {
            let Some(conversation) = id::<ConversationId>(missed.get("conversationId")) else { continue };
            let number = |name: &str| missed.get(name).and_then(Value::as_u64).unwrap_or_default();
            for (request, seq) in
                [(Request::Look { conversation }, number("head")), (Request::LookAtMark { conversation }, number("readSeq"))]
            {
                let place = self.history.invoke(request);
                self.history.answer(place, Outcome::Ok { seq: Some(seq), duplicate: false });
                self.history.date_back(place, invoked);
            }
            if !self.copies.contains_key(&conversation) {
                continue;
            }
            let events = missed.get("events").and_then(Value::as_array).filter(|events| !events.is_empty());
            if let Some(first) = events.and_then(|events| events.first()?.get("seq")?.as_u64()) {
                self.take(missed.get("events"), first.saturating_sub(1));
            }
            if let Some(copy) = self.copies.get_mut(&conversation) {
                copy.hear_of(number("head"), now());
            }
        }
        for view in list("added") {
            if let Some(conversation) = id(view.get("id")) {
                let head = view.get("head").and_then(Value::as_u64).unwrap_or_default();
                self.copy_of(conversation).hear_of(head, now());
            }
        }
        for removed in list("removed") {
            let Some(conversation) = id::<ConversationId>(Some(&removed)) else { continue };
            if self.copies.get(&conversation).is_some_and(|copy| copy.generation <= generation) {
                self.copies.remove(&conversation);
            }
        }
        let behind: Vec<ConversationId> = self.copies.iter().filter(|(_, copy)| copy.is_behind()).map(|(id, _)| *id).collect();
        behind.into_iter().for_each(|conversation| self.fetch(conversation));
    }

    fn beaten(&mut self, result: Option<&Value>) {
        let heads = result.and_then(|result| result.get("heads")).and_then(Value::as_object);
        for (conversation, head) in heads.into_iter().flatten() {
            if let Some(copy) = conversation.parse().ok().and_then(|id: ConversationId| self.copies.get_mut(&id)) {
                copy.hear_of(head.as_u64().unwrap_or_default(), now());
            }
        }
    }
}

//! What a client asks over HTTP while its connection goes on.

use std::future::Future;
use std::pin::Pin;

use serde_json::{Value, json};
use tertulia_domain::Code;
use tertulia_domain::error::Retry;
use tertulia_domain::ids::{ConversationId, Seq};

use super::Client;
use super::copy::Copy;
use super::outbox::Unsent;
use crate::findings::Invariant;
use crate::history::{Outcome, Request, now};
use crate::record::{Record, id};
use crate::rest::Failed;

pub type Job = Pin<Box<dyn Future<Output = Done> + Send>>;
type Answered = Result<Value, Failed>;

/// A request that has come back.
pub enum Done {
    Page { conversation: ConversationId, generation: u64, after: Seq, entry: usize, answer: Answered },
    Sent { unsent: Unsent, entry: usize, answer: Answered },
    Listed(Answered),
    Noted { entry: usize, answer: Answered },
    SignedIn,
}

impl Client {
    /// Reads on where a copy ends, unless that is under way.
    pub(super) fn fetch(&mut self, conversation: ConversationId) {
        let entry = {
            let Some(copy) = self.copies.get_mut(&conversation) else { return };
            if copy.fetching {
                return;
            }
            copy.fetching = true;
            self.history.invoke(Request::Look { conversation })
        };
        let Some(copy) = self.copies.get(&conversation) else { return };
        let (rest, generation, after) = (self.rest.clone(), copy.generation, copy.last);
        let path = format!("conversations/{conversation}/events?after={after}&limit=200");
        self.jobs.push(Box::pin(async move {
            let answer = rest.get(&path).await;
            Done::Page { conversation, generation, after, entry, answer }
        }));
    }

    /// Asks for all heads, at the end.
    pub(super) fn list(&mut self) {
        let rest = self.rest.clone();
        self.jobs.push(Box::pin(async move { Done::Listed(rest.get("conversations?limit=200").await) }));
    }

    pub(super) fn look(&mut self, conversation: ConversationId) {
        let newest = self.dice.chance(50);
        let path = if newest {
            format!("conversations/{conversation}/messages?limit=20")
        } else {
            format!("conversations/{conversation}/events?after=0&limit=10")
        };
        self.call(Request::Look { conversation }, move |rest| async move { rest.get(&path).await });
    }

    pub(super) fn join(&mut self, conversation: ConversationId) {
        let user = self.rest.user;
        let path = format!("conversations/{conversation}/members");
        self.call(Request::Add { conversation, user }, move |rest| async move { rest.post(&path, json!({ "userIds": [user] })).await });
    }

    pub(super) fn leave(&mut self, conversation: ConversationId) {
        let user = self.rest.user;
        let path = format!("conversations/{conversation}/members/{user}");
        self.call(Request::Remove { conversation, user }, move |rest| async move { rest.delete(&path).await });
    }

    pub(super) fn post(&mut self, unsent: Unsent) {
        let Unsent { conversation, message, text } = unsent.clone();
        let body = json!({ "messageId": message, "content": { "type": "text", "text": text } });
        let entry = self.history.invoke(Request::Send { conversation, message, text });
        let rest = self.rest.clone();
        self.jobs.push(Box::pin(async move {
            let answer = rest.post(&format!("conversations/{conversation}/messages"), body).await;
            Done::Sent { unsent, entry, answer }
        }));
    }

    fn call<F: Future<Output = Answered> + Send + 'static>(&mut self, request: Request, ask: impl FnOnce(crate::rest::Rest) -> F) {
        let entry = self.history.invoke(request);
        let asking = ask(self.rest.clone());
        self.jobs.push(Box::pin(async move { Done::Noted { entry, answer: asking.await } }));
    }

    pub(super) fn done(&mut self, done: Done) {
        match done {
            Done::Page { conversation, generation, after, entry, answer } => {
                self.note(entry, &answer);
                self.paged(conversation, generation, after, answer);
            }
            Done::Sent { unsent, entry, answer } => {
                self.note(entry, &answer);
                let outcome = self.history.entry(entry).map_or(Outcome::Unknown, |entry| entry.outcome);
                self.sent(unsent, outcome);
            }
            Done::Listed(Ok(list)) => self.listed(&list),
            Done::Listed(Err(_)) => self.list(),
            Done::Noted { entry, answer } => self.note(entry, &answer),
            Done::SignedIn => {}
        }
    }

    fn note(&mut self, entry: usize, answer: &Answered) {
        let outcome = match answer {
            Ok(body) => Outcome::Ok {
                seq: body.get("seq").or_else(|| body.get("head")).and_then(Value::as_u64),
                duplicate: body.get("duplicate").and_then(Value::as_bool).unwrap_or_default(),
            },
            Err(failed) => failed.code().map_or(Outcome::Unknown, Outcome::refused),
        };
        self.history.answer(entry, outcome);
        if answer.as_ref().err().and_then(Failed::code).is_some_and(|code| code.retry() == Retry::Auth) {
            let rest = self.rest.clone();
            self.jobs.push(Box::pin(async move {
                rest.sign_in().await.ok();
                Done::SignedIn
            }));
        }
    }

    fn paged(&mut self, conversation: ConversationId, generation: u64, after: Seq, answer: Answered) {
        let Some(copy) = self.copies.get_mut(&conversation).filter(|copy| copy.generation == generation) else { return };
        copy.fetching = false;
        match answer {
            Ok(page) => {
                let head = page.get("head").and_then(Value::as_u64).unwrap_or_default();
                copy.hear_of(head, now());
                self.world.findings.expect(Invariant::Once, head >= after, || {
                    format!("client {}: {conversation} ends at {head}, and had reached {after}", self.index)
                });
                self.take(page.get("items"), after);
                if self.copies.get(&conversation).is_some_and(Copy::is_behind) {
                    self.fetch(conversation);
                }
            }
            // Whoever may not read it any more drops their copy.
            Err(failed) if matches!(failed.code(), Some(Code::NotFound | Code::Forbidden)) => drop(self.copies.remove(&conversation)),
            Err(_) => {}
        }
    }

    /// Events from a page or a sync answer, which must follow `after` without a gap.
    pub(super) fn take(&mut self, events: Option<&Value>, after: Seq) {
        let mut expected = after;
        for event in events.and_then(Value::as_array).into_iter().flatten() {
            let Some(record) = Record::of_page(event) else { continue };
            expected += 1;
            self.world.findings.expect(Invariant::Gap, record.seq == expected, || {
                format!("a page of {} has {} where {expected} belongs", record.conversation, record.seq)
            });
            self.apply(record, false);
        }
    }

    fn listed(&mut self, list: &Value) {
        for item in list.get("items").and_then(Value::as_array).into_iter().flatten() {
            let (Some(conversation), Some(head)) = (id(item.get("id")), item.get("head").and_then(Value::as_u64)) else { continue };
            self.copy_of(conversation).hear_of(head, now());
            if let Some(read) = item.pointer("/membership/readSeq").and_then(Value::as_u64) {
                let entry = self.history.invoke(Request::LookAtMark { conversation });
                self.history.answer(entry, Outcome::Ok { seq: Some(read), duplicate: false });
            }
            self.fetch(conversation);
        }
        self.listed = true;
    }

    /// The copy of a conversation, made now if there is none.
    pub(super) fn copy_of(&mut self, conversation: ConversationId) -> &mut Copy {
        let generation = &mut self.generation;
        self.copies.entry(conversation).or_insert_with(|| {
            *generation += 1;
            Copy::new(*generation)
        })
    }
}

//! What one client lived through in a plan, in the form that the SDK's engine can be played: `sdk/typescript/tests/plans.md`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tertulia_domain::event::EventBody;
use tertulia_domain::message::Toggle;
use tertulia_domain::{ConversationId, Event, UserId};

use crate::client::{Heard, Logs};
use crate::log::Log;

pub struct Story {
    pub client: usize,
    user: UserId,
    first: Vec<Value>,
    steps: Vec<Value>,
    /// Its connection stands, as far as it knows.
    is_up: bool,
}

impl Story {
    pub fn new(client: usize, user: UserId, logs: &Logs) -> Self {
        let first = logs.values().map(|log| view(log.id)).collect();
        let mut story = Self { client, user, first, steps: Vec::new(), is_up: false };
        logs.values().flat_map(|log| &log.events).for_each(|event| story.committed(event));
        story
    }

    /// Adds to the last step, where that is of the same kind.
    fn add(&mut self, kind: &str, what: Value) {
        match self.steps.last_mut().and_then(|step| step.get_mut(kind)).and_then(Value::as_array_mut) {
            Some(all) => all.push(what),
            None => self.steps.push(json!({ kind: [what] })),
        }
    }

    pub fn committed(&mut self, event: &Event) {
        self.add("log", serde_json::to_value(event).expect("JSON"));
    }

    /// Not as long as it was: a real client would lose patience, and ask again.
    pub fn waited(&mut self, ms: u64) {
        let ms = ms.min(1_500);
        self.steps.push(json!({ "wait": ms }));
    }

    pub fn focused(&mut self, target: Option<ConversationId>) {
        self.steps.push(json!({ "focus": target }));
    }

    /// `read`: the server reads what it will answer.
    pub fn sync(&mut self, what: &str) {
        self.steps.push(json!({ "sync": what }));
    }

    pub fn gone(&mut self, code: u16) {
        if std::mem::take(&mut self.is_up) {
            self.steps.push(json!({ "down": code }));
        }
    }

    pub fn heard(&mut self, heard: &Heard) {
        match heard {
            Heard::Connected { resumed } => {
                let kind = if std::mem::replace(&mut self.is_up, true) { "takeover" } else { "up" };
                self.steps.push(json!({ kind: { "resumed": resumed } }));
            }
            Heard::Event(id, seq) => self.add("deliver", json!([id, seq])),
            Heard::Frame(frame) => match frame["type"].as_str().expect("a type") {
                "synced" => self.sync("answer"),
                "conversation.added" => {
                    let view = &frame["payload"]["conversation"];
                    self.steps.push(json!({ "added": [view["id"], view["head"]] }));
                }
                _ => self.steps.push(json!({ "frame": frame })),
            },
            Heard::Ping(_) | Heard::Closed(_) | Heard::Answer => {}
        }
    }

    /// The whole plan, in one line.
    pub fn end(self, seed: u64, logs: &Logs) -> String {
        let own = logs.values().filter(|log| log.members.contains_key(&self.user));
        let end: BTreeMap<String, Value> = own.map(|log| (log.id.to_string(), end_of(log))).collect();
        let latency = [0, 0, 5, 80][seed as usize % 4];
        let plan = json!({
            "seed": seed, "me": self.user, "latencyMs": latency, "syncs": "held",
            "conversations": self.first, "steps": self.steps, "final": end,
        });
        plan.to_string()
    }
}

/// Before its log begins; who is in it, the log says.
fn view(id: ConversationId) -> Value {
    let at = "2026-01-01T00:00:00.000Z";
    json!({
        "id": id, "type": "channel", "name": id, "visibility": "private", "memberCount": 0, "head": 0, "epoch": "e1",
        "settings": { "onlyAdminsCanPost": false, "allowMemberInvites": true },
        "createdBy": id, "createdAt": at, "updatedAt": at, "unreadCount": 0, "mentionCount": 0,
    })
}

/// What a log comes to, in the plainest way.
fn end_of(log: &Log) -> Value {
    let is_pinned = |id| {
        let mut pins = log.events.iter().filter_map(|event| match &event.body {
            EventBody::MessagePinned(pin) if pin.message_id == id => Some(pin.action == Toggle::Add),
            _ => None,
        });
        pins.next_back().unwrap_or_default()
    };
    let messages = log.events.iter().filter_map(|event| match &event.body {
        EventBody::MessageNew(new) => Some(json!({
            "id": new.message.id, "seq": event.seq, "text": new.message.content.text, "deleted": false, "pinned": is_pinned(new.message.id),
        })),
        _ => None,
    });
    json!({ "head": log.head(), "epoch": "e1", "messages": messages.collect::<Vec<_>>() })
}

//! An event of a log as the checker compares it: what never changes of it, and the text it shows now.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;
use tertulia_domain::ids::{ConversationId, MessageId, Seq, UserId};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub conversation: ConversationId,
    pub seq: Seq,
    pub kind: String,
    pub actor: UserId,
    /// That it is about.
    pub message: Option<MessageId>,
    /// Who joined or left.
    pub user: Option<UserId>,
    /// Emoji and action of a reaction.
    pub detail: String,
    /// Present content, for `message.new` and `message.updated`; a tombstone has none.
    pub text: Option<String>,
}

impl Record {
    /// Reads an event: `place` has conversation, seq and actor, `body` what happened. None: it is no event.
    pub fn read(kind: &str, place: &Value, body: &Value) -> Option<Self> {
        let conversation = id(place.get("conversationId"))?;
        let seq = place.get("seq")?.as_u64()?;
        let actor = id(place.get("actorId"))?;
        let message = body.get("message");
        let content = message.unwrap_or(body).get("content");
        let text = content.and_then(|content| content.get("text")).and_then(Value::as_str).map(str::to_owned);
        let member = body.get("member");
        let word = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        Some(Self {
            conversation,
            seq,
            kind: kind.to_owned(),
            actor,
            message: id(message.and_then(|message| message.get("id")).or_else(|| body.get("messageId"))),
            user: id(member.and_then(|member| member.get("userId")).or_else(|| body.get("userId"))),
            detail: format!("{} {}", word("emoji"), word("action")).trim().to_owned(),
            text,
        })
    }

    /// An event as pages and sync answers have it.
    pub fn of_page(event: &Value) -> Option<Self> {
        Self::read(event.get("type")?.as_str()?, event, event.get("payload")?)
    }

    /// What must be the same for everybody, for ever. The text is not: an event shows what its message says now.
    pub fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.kind, self.actor, self.message, self.user, &self.detail).hash(&mut hasher);
        // 0 stands for "not seen yet".
        hasher.finish().max(1)
    }
}

/// An id in a value.
pub fn id<T: std::str::FromStr>(value: Option<&Value>) -> Option<T> {
    value?.as_str()?.parse().ok()
}

/// Whether a frame's type is that of an event of a log.
pub fn is_event(kind: &str) -> bool {
    kind.starts_with("message.") && kind != "message.delta" || kind.starts_with("member.") || kind == "conversation.updated"
}

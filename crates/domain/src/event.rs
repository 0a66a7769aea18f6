//! The log's entries. An event, once committed, keeps its place; content lives with its message, so
//! that deleting a message deletes it everywhere (`docs/decisions/0002-content-lives-once.md`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::content::Content;
use crate::conversation::{ConversationSettings, Member, Visibility};
use crate::ids::{ConversationId, MessageId, Seq, UserId};
use crate::message::{MentionScope, Message, Toggle};
use crate::time::Timestamp;

/// One durable change in a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub conversation_id: ConversationId,
    pub seq: Seq,
    /// Who caused it.
    pub actor_id: UserId,
    pub at: Timestamp,
    #[serde(flatten)]
    pub body: EventBody,
}

/// What changed. `type` and `payload` on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", content = "payload")]
pub enum EventBody {
    #[serde(rename = "message.new")]
    MessageNew(MessageNew),
    #[serde(rename = "message.updated")]
    MessageUpdated(MessageUpdated),
    #[serde(rename = "message.deleted")]
    MessageDeleted(MessageDeleted),
    #[serde(rename = "message.reaction")]
    MessageReaction(MessageReaction),
    #[serde(rename = "message.pinned")]
    MessagePinned(MessagePinned),
    #[serde(rename = "member.joined")]
    MemberJoined(MemberJoined),
    #[serde(rename = "member.left")]
    MemberLeft(MemberLeft),
    #[serde(rename = "member.updated")]
    MemberUpdated(MemberUpdated),
    #[serde(rename = "conversation.updated")]
    ConversationUpdated(ConversationUpdated),
}

impl EventBody {
    /// The wire's `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MessageNew(_) => "message.new",
            Self::MessageUpdated(_) => "message.updated",
            Self::MessageDeleted(_) => "message.deleted",
            Self::MessageReaction(_) => "message.reaction",
            Self::MessagePinned(_) => "message.pinned",
            Self::MemberJoined(_) => "member.joined",
            Self::MemberLeft(_) => "member.left",
            Self::MemberUpdated(_) => "member.updated",
            Self::ConversationUpdated(_) => "conversation.updated",
        }
    }
}

/// The message with its present content, and without reactions, thread count and pin: later events bring those.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessageNew {
    pub message: Message,
}

/// The message's present content. After a deletion: the tombstone's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct MessageUpdated {
    pub message_id: MessageId,
    pub content: Content,
    pub mentions: Vec<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mention_scope: Option<MentionScope>,
    pub edited_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum DeleteReason {
    /// Its author or an admin did it.
    Deleted,
    /// Its time (`expiresAt`) was over.
    Expired,
}

/// The message is a tombstone now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct MessageDeleted {
    pub message_id: MessageId,
    /// Its thread lost a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_root: Option<MessageId>,
    pub reason: DeleteReason,
    pub deleted_at: Timestamp,
}

/// The actor reacted, or took it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessageReaction {
    pub message_id: MessageId,
    pub emoji: String,
    pub action: Toggle,
    /// How many have it after this.
    pub count: u32,
}

/// The actor pinned or unpinned a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessagePinned {
    pub message_id: MessageId,
    pub action: Toggle,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MemberJoined {
    pub member: Member,
}

/// `actorId` is the member themselves when they left, another when they were removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MemberLeft {
    pub user_id: UserId,
}

/// The member's role changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MemberUpdated {
    pub member: Member,
}

/// All that can change about a conversation, as it is after the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ConversationUpdated {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    pub visibility: Visibility,
    pub settings: ConversationSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}

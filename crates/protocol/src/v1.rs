//! Frames of protocol v1. JSON text frames: `{ "type", "id"?, "payload" }` from the client,
//! `{ "type", "payload" }` from the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_domain::content::Content;
use tertulia_domain::conversation::{ConversationView, Receipt, Unread};
use tertulia_domain::event::{
    ConversationUpdated, Event, MemberJoined, MemberLeft, MemberUpdated, MessageDeleted, MessageNew, MessagePinned, MessageReaction,
    MessageUpdated,
};
use tertulia_domain::ids::{ConnectionId, ConversationId, MessageId, Seq, UserId};
use tertulia_domain::message::{Message, Priority, Toggle};
use tertulia_domain::presence::{Presence, Status};
use tertulia_domain::time::Timestamp;
use ts_rs::TS;

use crate::error::ErrorBody;

// ---- client → server ------------------------------------------------------------------------

/// A frame from the client. Unknown fields are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", content = "payload")]
pub enum ClientFrame {
    #[serde(rename = "message.send")]
    MessageSend(MessageSend),
    #[serde(rename = "message.edit")]
    MessageEdit(MessageEdit),
    #[serde(rename = "message.delete")]
    MessageDelete(MessageRef),
    #[serde(rename = "message.react")]
    MessageReact(MessageReact),
    #[serde(rename = "message.pin")]
    MessagePin(MessagePin),
    #[serde(rename = "receipt.delivered")]
    ReceiptDelivered(Mark),
    #[serde(rename = "receipt.read")]
    ReceiptRead(Mark),
    #[serde(rename = "receipt.unread")]
    ReceiptUnread(Mark),
    #[serde(rename = "typing.start")]
    TypingStart(Typing),
    #[serde(rename = "typing.stop")]
    TypingStop(Typing),
    #[serde(rename = "presence.update")]
    PresenceUpdate(PresenceUpdate),
    #[serde(rename = "presence.subscribe")]
    PresenceSubscribe(UserIds),
    #[serde(rename = "presence.unsubscribe")]
    PresenceUnsubscribe(UserIds),
    #[serde(rename = "conversation.focus")]
    ConversationFocus(Focus),
    #[serde(rename = "sync.request")]
    SyncRequest(SyncRequest),
    #[serde(rename = "auth.refresh")]
    AuthRefresh(AuthRefresh),
    #[serde(rename = "heartbeat")]
    Heartbeat(Empty),
}

impl ClientFrame {
    /// Every type a client may send.
    pub const TYPES: &[&str] = &[
        "message.send",
        "message.edit",
        "message.delete",
        "message.react",
        "message.pin",
        "receipt.delivered",
        "receipt.read",
        "receipt.unread",
        "typing.start",
        "typing.stop",
        "presence.update",
        "presence.subscribe",
        "presence.unsubscribe",
        "conversation.focus",
        "sync.request",
        "auth.refresh",
        "heartbeat",
    ];
}

/// `{}`, or nothing at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(type = "Record<string, never>")]
pub struct Empty {}

/// Answered by [`MessageSent`], only after the event is durable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct MessageSend {
    /// The client's UUID (v7 is best): the idempotency key, for as long as the log exists.
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
    #[serde(flatten)]
    pub message: MessageInput,
}

/// What a client says about a message that it sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct MessageInput {
    pub content: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_root: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// One second to a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_ms: Option<u64>,
    /// Written then, and only then part of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
}

/// The ack's result. A scheduled message has no `seq` yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct MessageSent {
    pub message_id: MessageId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// This message was stored before; nothing changed now.
    pub duplicate: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessageEdit {
    pub message_id: MessageId,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessageRef {
    pub message_id: MessageId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessageReact {
    pub message_id: MessageId,
    pub emoji: String,
    pub action: Toggle,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessagePin {
    pub message_id: MessageId,
    pub action: Toggle,
}

/// The result of edit, delete, react and pin: the event's place, or none where nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Changed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
}

/// A watermark: everything up to `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    pub conversation_id: ConversationId,
    pub seq: Seq,
}

/// The watermark as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Marked {
    pub seq: Seq,
    #[serde(flatten)]
    pub unread: Unread,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Typing {
    pub conversation_id: ConversationId,
    /// Typing in this thread, not in the conversation itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_root: Option<MessageId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct PresenceUpdate {
    /// `offline` = appear offline.
    pub status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// At most 500.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UserIds {
    pub user_ids: Vec<UserId>,
}

/// What this connection looks at; none = nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Focus {
    pub conversation_id: Option<ConversationId>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AuthRefresh {
    pub access_token: String,
}

impl std::fmt::Debug for AuthRefresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthRefresh(…)")
    }
}

/// All that the client knows, in one frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct SyncRequest {
    /// At most 1,000.
    pub conversations: Vec<SyncPosition>,
    /// Events per conversation, at most 500 (the default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct SyncPosition {
    pub conversation_id: ConversationId,
    pub last_seq: Seq,
    /// Of the log that `lastSeq` is about; another one now means: start over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
}

// ---- server → client ------------------------------------------------------------------------

/// A frame from the server. Unknown types are to be ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", content = "payload")]
pub enum ServerFrame {
    #[serde(rename = "connected")]
    Connected(Connected),
    #[serde(rename = "ack")]
    Ack(Ack),
    #[serde(rename = "error")]
    Error(ErrorFrame),
    #[serde(rename = "message.new")]
    MessageNew(InLog<MessageNew>),
    #[serde(rename = "message.updated")]
    MessageUpdated(InLog<MessageUpdated>),
    #[serde(rename = "message.deleted")]
    MessageDeleted(InLog<MessageDeleted>),
    #[serde(rename = "message.reaction")]
    MessageReaction(InLog<MessageReaction>),
    #[serde(rename = "message.pinned")]
    MessagePinned(InLog<MessagePinned>),
    #[serde(rename = "member.joined")]
    MemberJoined(InLog<MemberJoined>),
    #[serde(rename = "member.left")]
    MemberLeft(InLog<MemberLeft>),
    #[serde(rename = "member.updated")]
    MemberUpdated(InLog<MemberUpdated>),
    #[serde(rename = "conversation.updated")]
    ConversationUpdated(InLog<ConversationUpdated>),
    #[serde(rename = "conversation.added")]
    ConversationAdded(ConversationAdded),
    #[serde(rename = "conversation.removed")]
    ConversationRemoved(ConversationRemoved),
    #[serde(rename = "conversation.activity")]
    ConversationActivity(ConversationActivity),
    #[serde(rename = "receipt.delivered")]
    ReceiptDelivered(ReceiptFrame),
    #[serde(rename = "receipt.read")]
    ReceiptRead(ReceiptFrame),
    #[serde(rename = "typing.indicator")]
    TypingIndicator(TypingIndicator),
    #[serde(rename = "presence.changed")]
    PresenceChanged(Presence),
    #[serde(rename = "presence.bulk")]
    PresenceBulk(PresenceBulk),
    #[serde(rename = "notification.badge")]
    NotificationBadge(Badge),
    #[serde(rename = "token.refresh")]
    TokenRefresh(TokenRefresh),
    #[serde(rename = "server.draining")]
    ServerDraining(ServerDraining),
    #[serde(rename = "server.health")]
    ServerHealth(ServerHealth),
}

impl ServerFrame {
    /// Every type the server may send.
    pub const TYPES: &[&str] = &[
        "connected",
        "ack",
        "error",
        "message.new",
        "message.updated",
        "message.deleted",
        "message.reaction",
        "message.pinned",
        "member.joined",
        "member.left",
        "member.updated",
        "conversation.updated",
        "conversation.added",
        "conversation.removed",
        "conversation.activity",
        "receipt.delivered",
        "receipt.read",
        "typing.indicator",
        "presence.changed",
        "presence.bulk",
        "notification.badge",
        "token.refresh",
        "server.draining",
        "server.health",
    ];
}

/// A durable event: where it stands in the log, and what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "{T}InLog")]
pub struct InLog<T> {
    pub conversation_id: ConversationId,
    pub seq: Seq,
    pub actor_id: UserId,
    pub at: Timestamp,
    #[serde(flatten)]
    pub body: T,
}

/// The first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Connected {
    pub connection_id: ConnectionId,
    pub user_id: UserId,
    /// The version spoken on this connection.
    pub protocol: String,
    pub server_time: Timestamp,
    pub heartbeat_interval_ms: u64,
    /// Presented when reconnecting, within ten minutes.
    pub resume_token: String,
    /// Subscriptions were restored and missed events follow; otherwise: sync.
    pub resumed: bool,
    pub limits: Limits,
}

/// Bounds that a client should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    pub frame_bytes: u64,
    pub text_chars: u64,
    pub sync_conversations: u64,
    pub sync_events: u64,
    pub presence_subscriptions: u64,
}

/// The one answer to a frame that had an `id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Ack {
    pub ref_id: String,
    pub status: AckStatus,
    /// Depends on the type that was asked; see each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(type = "unknown")]
    pub result: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum AckStatus {
    Ok,
    Error,
}

/// A frame that could not be taken and had no `id` to answer to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ErrorFrame {
    #[serde(flatten)]
    pub error: ErrorBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_id: Option<String>,
}

/// To the user who gained access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConversationAdded {
    pub conversation: ConversationView,
}

/// To the user who lost access: drop every copy of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConversationRemoved {
    pub conversation_id: ConversationId,
}

/// In place of the events themselves: to connections that don't focus a conversation of more than 100 members, and to
/// all while it has more than 100 messages a second. At most one a second and conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConversationActivity {
    pub conversation_id: ConversationId,
    /// The end of the log now.
    pub last_seq: Seq,
    /// Messages outside threads since the last one of these frames.
    pub new_messages: u64,
}

/// In conversations of up to 100 members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptFrame {
    pub conversation_id: ConversationId,
    pub user_id: UserId,
    pub seq: Seq,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct TypingIndicator {
    pub conversation_id: ConversationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_root: Option<MessageId>,
    pub user_id: UserId,
    pub display_name: String,
    pub active: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct PresenceBulk {
    pub items: Vec<Presence>,
}

/// To all of a user's connections; at most one a second and conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Badge {
    pub conversation_id: ConversationId,
    #[serde(flatten)]
    pub unread: Unread,
    /// The user's own read watermark.
    pub read_seq: Seq,
    /// Over all conversations that are not muted.
    pub total_unread: u32,
}

/// Answer with `auth.refresh` before then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TokenRefresh {
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ServerDraining {
    pub reconnect_after_ms: u64,
}

/// Parts of the server that are away: `store`, `bus`, `presence`, … Sent when that changes, and after `connected` where any
/// is. Without the store nothing can be sent; without the others messages still go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ServerHealth {
    pub away: Vec<String>,
}

/// The result of `presence.subscribe`: the present state of those one may know of.
pub type PresenceSnapshot = PresenceBulk;

/// The result of `heartbeat`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    pub server_time: Timestamp,
    /// Conversations whose head moved since the last heartbeat: reveals a lost tail.
    pub heads: std::collections::BTreeMap<ConversationId, Seq>,
}

/// The result of `sync.request` and the answer of `POST sync`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SyncAnswer {
    /// Those of the request where the client lacks something or its state changed; others are up to date.
    pub conversations: Vec<SyncConversation>,
    /// Conversations that the request did not name.
    pub added: Vec<ConversationView>,
    /// Conversations of the request that the caller may not read (any more): drop every copy.
    pub removed: Vec<ConversationId>,
    pub server_time: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SyncConversation {
    pub conversation_id: ConversationId,
    /// After the request's `lastSeq`, ascending without a gap.
    pub events: Vec<Event>,
    /// The newest `seq` that the client has after applying this.
    pub last_seq: Seq,
    pub head: Seq,
    pub epoch: String,
    /// Ask again from `lastSeq`.
    pub has_more: bool,
    /// Over 500 behind, or another epoch: drop the copy and take `messages`.
    pub too_large: bool,
    /// With `tooLarge`: the newest page, oldest first.
    pub messages: Vec<Message>,
    pub read_seq: Seq,
    #[serde(flatten)]
    pub unread: Unread,
    /// How far the others are, in conversations of up to 100 members.
    pub receipts: Vec<Receipt>,
}

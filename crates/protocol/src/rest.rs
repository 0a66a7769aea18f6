//! Bodies of the REST API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_domain::content::Content;
use tertulia_domain::conversation::{ConversationSettings, ConversationType, MemberRole, NotificationLevel, Visibility};
use tertulia_domain::event::Event;
use tertulia_domain::ids::{MessageId, Seq, UserId, WorkspaceId};
use tertulia_domain::message::Message;
use tertulia_domain::time::Timestamp;
use tertulia_domain::user::User;
use tertulia_domain::workspace::{Invite, Workspace, WorkspaceRole};
use ts_rs::TS;

use crate::v1::MessageInput;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PageOf{T}")]
#[ts(optional_fields)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Present while there is more; opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

// ---- auth -------------------------------------------------------------------------------------

/// Creates the first account and its workspace, with the token of the banner.
#[derive(Clone, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Setup {
    pub token: String,
    pub username: String,
    pub password: String,
    #[serde(default)]
    pub display_name: Option<String>,
    pub workspace_name: String,
}

/// With open registration no invite is needed.
#[derive(Clone, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Register {
    pub username: String,
    /// 8–256 bytes.
    pub password: String,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    /// The token of an invitation.
    #[serde(default)]
    pub invite: Option<String>,
    #[serde(default)]
    pub device_name: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Login {
    pub username: String,
    pub password: String,
    #[serde(default)]
    pub device_name: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Refresh {
    pub refresh_token: String,
}

/// Both tokens are shown once; keep the refresh token safe.
#[derive(Clone, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    pub user: User,
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// Used once; every use gives the next.
    pub refresh_token: String,
    /// How long the access token lives.
    pub expires_in_ms: u64,
}

/// Opens one WebSocket, once.
#[derive(Clone, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    pub ticket: String,
    pub expires_in_ms: u64,
}

/// What a signed-out client may know about this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    pub name: String,
    pub version: String,
    pub protocols: Vec<String>,
    /// No account exists yet: open the link that the server printed.
    pub needs_setup: bool,
    /// Anybody may register.
    pub open_registration: bool,
}

// ---- users ------------------------------------------------------------------------------------

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct UpdateMe {
    #[serde(default)]
    pub display_name: Option<String>,
    /// Empty takes it away.
    #[serde(default)]
    pub avatar_url: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChangePassword {
    pub current_password: String,
    pub new_password: String,
}

// ---- workspaces -------------------------------------------------------------------------------

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct CreateWorkspace {
    pub name: String,
    #[serde(default)]
    pub slug: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UpdateWorkspace {
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UpdateWorkspaceMember {
    pub role: WorkspaceRole,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct CreateInvite {
    /// Absent = member. Nobody invites above their own role.
    #[serde(default)]
    pub role: Option<WorkspaceRole>,
    /// Absent = without limit.
    #[serde(default)]
    pub max_uses: Option<u32>,
    /// Absent = 7 days; at most 90.
    #[serde(default)]
    pub expires_in_ms: Option<u64>,
}

/// The token is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct InviteCreated {
    pub token: String,
    /// Opens the web client's page that accepts it.
    pub url: String,
    #[serde(flatten)]
    pub invite: Invite,
}

/// What somebody with the link may know before they accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct InvitePreview {
    pub workspace_name: String,
    pub role: WorkspaceRole,
    pub expires_at: Timestamp,
}

/// The workspace now joined.
pub type InviteAccepted = Workspace;

// ---- conversations ----------------------------------------------------------------------------

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct CreateConversation {
    #[serde(rename = "type")]
    pub conversation_type: ConversationType,
    /// Required for channels and broadcasts.
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
    /// Required for all but direct ones.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub topic: Option<String>,
    /// Absent = public for channels and broadcasts, private for the rest.
    #[serde(default)]
    pub visibility: Option<Visibility>,
    /// Besides the caller; exactly one for a direct one.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<UserId>>")]
    pub member_ids: Vec<UserId>,
    #[serde(default)]
    pub settings: Option<ConversationSettings>,
}

/// What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct UpdateConversation {
    #[serde(default)]
    pub name: Option<String>,
    /// Empty takes it away.
    #[serde(default)]
    pub topic: Option<String>,
    /// Empty takes it away.
    #[serde(default)]
    pub avatar_url: Option<String>,
    #[serde(default)]
    pub visibility: Option<Visibility>,
    #[serde(default)]
    pub settings: Option<ConversationSettings>,
    #[serde(default)]
    pub archived: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct AddMembers {
    /// 1–1,000; the caller's own id joins a public channel.
    pub user_ids: Vec<UserId>,
    #[serde(default)]
    pub role: Option<MemberRole>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UpdateMember {
    pub role: MemberRole,
}

/// Somebody in a conversation, with their profile and how far they have read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    pub user: User,
    pub role: MemberRole,
    pub joined_at: Timestamp,
}

/// What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct UpdatePreferences {
    #[serde(default)]
    pub notification_level: Option<NotificationLevel>,
    /// A time in the past unmutes.
    #[serde(default)]
    pub muted_until: Option<Timestamp>,
    #[serde(default)]
    pub pinned: Option<bool>,
}

/// A read or delivered watermark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct UpdateReceipt {
    #[serde(default)]
    pub delivered_seq: Option<Seq>,
    #[serde(default)]
    pub read_seq: Option<Seq>,
    /// `readSeq` may move back.
    #[serde(default)]
    pub unread: Option<bool>,
}

// ---- messages ---------------------------------------------------------------------------------

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    pub message_id: MessageId,
    #[serde(flatten)]
    pub message: MessageInput,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct EditMessage {
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct React {
    pub emoji: String,
}

/// Messages outside threads, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct MessagePage {
    pub items: Vec<Message>,
    /// Older ones: pass as `before`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Newer ones: pass as `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// In the direction asked; the contract's cursor, equal to `before` or `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    pub has_more: bool,
    pub head: Seq,
    pub epoch: String,
}

/// A thread: its root and a page of its replies, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Thread {
    pub root: Message,
    pub items: Vec<Message>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    pub head: Seq,
    pub epoch: String,
}

/// A piece of the log, `seq` ascending without a gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct EventPage {
    pub items: Vec<Event>,
    pub head: Seq,
    pub epoch: String,
}

/// A message waiting for its time; only its author sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ScheduledMessage {
    pub message_id: MessageId,
    pub content: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_root: Option<MessageId>,
    pub scheduled_at: Timestamp,
}

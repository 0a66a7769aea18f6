//! Any place where messages are written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{ConversationId, Seq, UserId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ConversationType {
    /// Two people, made once per pair.
    Direct,
    /// Up to [`GROUP_MEMBERS_MAX`] people, by invitation of its members.
    Group,
    /// In a workspace; public or private.
    Channel,
    /// A channel where only admins post.
    Broadcast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum Visibility {
    /// Every member of the workspace (guests excepted) may find and join it.
    Public,
    Private,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum MemberRole {
    Member,
    /// Changes settings, adds and removes people, deletes others' messages.
    Admin,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum NotificationLevel {
    #[default]
    All,
    Mentions,
    Off,
}

pub const GROUP_MEMBERS_MAX: usize = 1_000;
pub const CONVERSATION_NAME_CHARS_MAX: usize = 100;
pub const TOPIC_CHARS_MAX: usize = 250;

/// What admins of a conversation decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(optional_fields)]
pub struct ConversationSettings {
    /// Only admins write; always so in a broadcast.
    pub only_admins_can_post: bool,
    /// Members, not only admins, may add people.
    pub allow_member_invites: bool,
}

impl Default for ConversationSettings {
    fn default() -> Self {
        Self { only_admins_can_post: false, allow_member_invites: true }
    }
}

/// A conversation as everybody in it sees it: nothing here differs between members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Conversation {
    pub id: ConversationId,
    #[serde(rename = "type")]
    pub conversation_type: ConversationType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
    /// Absent for direct conversations: clients show the other person's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    pub visibility: Visibility,
    pub member_count: u64,
    /// The `seq` of the newest event.
    pub head: Seq,
    /// Identity of the log; changes only when it was restored or rebuilt.
    pub epoch: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_at: Option<Timestamp>,
    pub settings: ConversationSettings,
    /// New members of the workspace are put here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub is_default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
    pub created_by: UserId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Somebody in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub user_id: UserId,
    pub role: MemberRole,
    pub joined_at: Timestamp,
}

/// What one member keeps for themselves about a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Membership {
    pub role: MemberRole,
    /// The highest `seq` read; moves back only on purpose.
    pub read_seq: Seq,
    /// The highest `seq` received by any of their devices.
    pub delivered_seq: Seq,
    pub notification_level: NotificationLevel,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Timestamp>,
    /// Pinned to the top of their list.
    pub pinned: bool,
    pub joined_at: Timestamp,
}

/// Derived from log and watermark: never counted up, so it cannot drift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    /// Messages of others after `readSeq`, outside threads, not deleted; counted up to [`UNREAD_MAX`].
    pub unread_count: u32,
    /// Those among all messages after `readSeq` that mention the member, threads included.
    pub mention_count: u32,
}

/// Counting stops here; clients show "999+".
pub const UNREAD_MAX: u32 = 1_000;

/// A conversation as one member sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ConversationView {
    #[serde(flatten)]
    pub conversation: Conversation,
    /// Absent for those who may see it without being in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership: Option<Membership>,
    /// In a direct conversation: the other one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<UserId>,
    #[serde(flatten)]
    pub unread: Unread,
}

/// How far one member has come: "seen by".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Receipt {
    pub user_id: UserId,
    pub delivered_seq: Seq,
    pub read_seq: Seq,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

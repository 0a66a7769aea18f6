use async_trait::async_trait;
use tertulia_domain::access::{Grant, WorkspaceGrant};
use tertulia_domain::conversation::{
    Conversation, ConversationSettings, ConversationType, ConversationView, Member, MemberRole, NotificationLevel, Visibility,
};
use tertulia_domain::ids::{ConversationId, UserId, WorkspaceId};
use tertulia_domain::workspace::WorkspaceRole;
use tertulia_domain::{Event, Timestamp};

use super::log::Head;
use super::{Page, PageRequest, StoreResult};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConversation {
    pub id: ConversationId,
    pub conversation_type: ConversationType,
    pub workspace_id: Option<WorkspaceId>,
    pub name: Option<String>,
    pub topic: Option<String>,
    pub visibility: Visibility,
    pub settings: ConversationSettings,
    pub is_default: bool,
    /// The conversation's admin (in a direct one: nobody is).
    pub creator: UserId,
    /// Without the creator.
    pub members: Vec<UserId>,
    pub at: Timestamp,
}

/// A conversation, and the `member.joined` events that began its log.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    pub conversation: Conversation,
    /// Empty where it existed.
    pub events: Vec<Event>,
    /// It was there already (direct ones are made once per pair).
    pub existed: bool,
}

/// All that permission is decided from, and who listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    pub conversation: Conversation,
    pub members: Vec<Member>,
}

/// How one user stands to one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingRow {
    pub conversation: Conversation,
    pub workspace_role: Option<WorkspaceRole>,
    pub member_role: Option<MemberRole>,
}

/// What is `Some` changes; an empty text takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationPatch {
    pub name: Option<String>,
    pub topic: Option<String>,
    pub avatar_url: Option<String>,
    pub visibility: Option<Visibility>,
    pub settings: Option<ConversationSettings>,
    pub archived: Option<bool>,
}

/// What is `Some` changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreferencesPatch {
    pub notification_level: Option<NotificationLevel>,
    pub muted_until: Option<Timestamp>,
    pub pinned: Option<bool>,
}

/// Conversations and who is in them.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// Its log begins with one `member.joined` for each member, the creator's first. A channel's name is
    /// unique in its workspace among those not archived, without regard to case (`CONFLICT`).
    /// Members unknown to the store, or (in a workspace) not in it: `NOT_FOUND`.
    async fn create(&self, conversation: NewConversation) -> StoreResult<Created>;
    /// None where it does not exist.
    async fn standing(&self, id: ConversationId, user: UserId) -> StoreResult<Option<StandingRow>>;
    /// Of one conversation, by the order of joining.
    async fn members(&self, grant: Grant, page: PageRequest) -> StoreResult<Page<Member>>;
    /// Everybody in each of them. Those that don't exist or have more than `max` members are left out.
    async fn member_ids(&self, ids: &[ConversationId], max: u64) -> StoreResult<Vec<(ConversationId, Vec<UserId>)>>;
    /// As `viewer` sees them, unread counts included; in the order asked, unknown and unreadable ones left out.
    async fn view(&self, viewer: UserId, ids: &[ConversationId]) -> StoreResult<Vec<ConversationView>>;
    /// The viewer's own; newest message first, archived ones last.
    async fn list(&self, viewer: UserId, page: PageRequest) -> StoreResult<Page<ConversationView>>;
    /// All conversations that the user is in (or whether they are in this one), and how long their logs are: as of one moment.
    async fn heads_of(&self, user: UserId, only: Option<ConversationId>) -> StoreResult<Vec<Head>>;
    /// Public channels of a workspace whose name contains `query`, by name, archived ones left out.
    async fn browse(&self, grant: WorkspaceGrant, query: &str, page: PageRequest) -> StoreResult<Page<ConversationView>>;
    /// `conversation.updated`; none where nothing changes.
    async fn update(&self, grant: Grant, patch: ConversationPatch, at: Timestamp) -> StoreResult<Option<Event>>;
    /// One `member.joined` for each who was not in it. Past `max` members: `LIMIT_REACHED`, and nobody is added.
    /// Unknown, or not in the conversation's workspace: `NOT_FOUND`.
    async fn add_members(
        &self,
        grant: Grant,
        users: &[UserId],
        role: MemberRole,
        max: Option<usize>,
        at: Timestamp,
    ) -> StoreResult<Vec<Event>>;
    /// A role of none removes them (`member.left`), another changes it (`member.updated`). None where nothing
    /// changes; `NOT_FOUND` where they are not in it.
    async fn set_member(&self, grant: Grant, user: UserId, role: Option<MemberRole>, at: Timestamp) -> StoreResult<Option<Event>>;
    /// The actor's own.
    async fn set_preferences(&self, grant: Grant, patch: PreferencesPatch) -> StoreResult<()>;
}

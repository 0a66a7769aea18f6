use async_trait::async_trait;
use tertulia_domain::ids::{UserId, WorkspaceId};
use tertulia_domain::workspace::WorkspaceRole;
use tertulia_domain::{Timestamp, User};

use super::StoreResult;

/// An account to be made.
#[derive(Clone)]
pub struct NewUser {
    pub id: UserId,
    /// Checked and folded.
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    /// PHC string. None: cannot sign in (imported).
    pub password_hash: Option<String>,
    pub at: Timestamp,
}

/// What lets somebody register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Anybody may.
    Open,
    /// Refused with `CONFLICT` once any account that can sign in exists.
    First,
    /// SHA-256 of an invitation's token; it is used up by one. Unknown: `NOT_FOUND`; spent, withdrawn or late: `GONE`.
    Invite([u8; 32]),
}

/// The account made, and the workspace that the invitation was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    pub user: User,
    pub joined: Option<(WorkspaceId, WorkspaceRole)>,
}

/// What signing in is decided from.
#[derive(Clone)]
pub struct Credentials {
    pub user: User,
    pub password_hash: Option<String>,
    pub disabled: bool,
}

/// What is `Some` changes; an empty `avatar_url` takes it away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserPatch {
    pub display_name: Option<String>,
    pub avatar_url: Option<String>,
}

/// Accounts.
#[async_trait]
pub trait Users: Send + Sync {
    /// Makes the account and, for an invitation, the workspace membership. A taken name: `CONFLICT`.
    async fn register(&self, user: NewUser, admission: Admission) -> StoreResult<Registered>;
    /// Authors of imported messages, all in one step. A name that exists stays as it is. Answers the ids
    /// by name, in the order given.
    async fn import(&self, users: Vec<NewUser>) -> StoreResult<Vec<UserId>>;
    /// Whether an account exists that can sign in.
    async fn any(&self) -> StoreResult<bool>;
    async fn credentials_by_name(&self, username: &str) -> StoreResult<Option<Credentials>>;
    async fn credentials(&self, id: UserId) -> StoreResult<Option<Credentials>>;
    /// Those that exist, in no order.
    async fn get_many(&self, ids: &[UserId]) -> StoreResult<Vec<User>>;
    /// Those of `usernames` that are members of the conversation or (for channels) of its workspace.
    async fn mentionable(&self, conversation: tertulia_domain::ConversationId, usernames: &[String]) -> StoreResult<Vec<UserId>>;
    /// People whose name begins with `query` (any, when empty) and who share a workspace or a conversation with `viewer`. By display name.
    async fn search(&self, viewer: UserId, query: &str, limit: u32) -> StoreResult<Vec<User>>;
    /// `NOT_FOUND` where there is none.
    async fn update(&self, id: UserId, patch: UserPatch) -> StoreResult<User>;
    async fn set_password(&self, id: UserId, password_hash: String) -> StoreResult<()>;
    async fn set_disabled(&self, id: UserId, disabled: bool) -> StoreResult<()>;
    /// Whether `viewer` may know of `other`: they share a workspace or a conversation, or are the same.
    async fn visible(&self, viewer: UserId, others: &[UserId]) -> StoreResult<Vec<UserId>>;
    /// Those of `ids` whose profile `viewer` may read, in no order: the visible ones, authors of imported messages, and
    /// who was in one of the viewer's conversations before: their messages are still there.
    async fn profiles(&self, viewer: UserId, ids: &[UserId]) -> StoreResult<Vec<User>>;
}

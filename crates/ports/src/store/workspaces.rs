use async_trait::async_trait;
use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::ids::{InviteId, UserId, WorkspaceId};
use tertulia_domain::workspace::{Invite, WorkspaceMember, WorkspaceRole};
use tertulia_domain::{Timestamp, Workspace};

use super::{Page, PageRequest, StoreResult};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWorkspace {
    pub id: WorkspaceId,
    pub name: String,
    /// Taken: the store appends `-2`, `-3` … when `slug_exact` is false, and refuses with `CONFLICT` otherwise.
    pub slug: String,
    pub slug_exact: bool,
    pub owner: UserId,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvite {
    pub id: InviteId,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    pub role: WorkspaceRole,
    pub max_uses: Option<u32>,
    pub at: Timestamp,
    pub expires_at: Timestamp,
}

/// Teams, their people and invitations.
#[async_trait]
pub trait Workspaces: Send + Sync {
    /// With its owner.
    async fn create(&self, workspace: NewWorkspace) -> StoreResult<Workspace>;
    /// As `viewer` sees it; none where they are not in it.
    async fn get(&self, id: WorkspaceId, viewer: UserId) -> StoreResult<Option<Workspace>>;
    /// The viewer's, by name.
    async fn list(&self, viewer: UserId) -> StoreResult<Vec<Workspace>>;
    /// Every one, as its earliest owner sees it, with that owner; by slug. For the operator's tools.
    async fn all(&self) -> StoreResult<Vec<(Workspace, UserId)>>;
    async fn rename(&self, grant: WorkspaceGrant, name: String) -> StoreResult<Workspace>;
    /// By display name.
    async fn members(&self, grant: WorkspaceGrant, page: PageRequest) -> StoreResult<Page<WorkspaceMember>>;
    /// A role of none removes them, from the workspace's conversations too (`member.left` in each, which
    /// are the events answered). Taking the last owner's role: `LAST_OWNER`. Not in it: `NOT_FOUND`.
    async fn set_role(
        &self,
        grant: WorkspaceGrant,
        user: UserId,
        role: Option<WorkspaceRole>,
        at: Timestamp,
    ) -> StoreResult<Vec<tertulia_domain::Event>>;
    async fn create_invite(&self, grant: WorkspaceGrant, invite: NewInvite) -> StoreResult<Invite>;
    /// Those still usable, newest first.
    async fn invites(&self, grant: WorkspaceGrant, now: Timestamp) -> StoreResult<Vec<Invite>>;
    /// False where there is none.
    async fn revoke_invite(&self, grant: WorkspaceGrant, id: InviteId) -> StoreResult<bool>;
    /// The invitation of a token and its workspace's name. Unknown: `NOT_FOUND`; spent, withdrawn, late, or made by
    /// somebody who could not make it any more: `GONE`.
    async fn find_invite(&self, token_hash: [u8; 32], now: Timestamp) -> StoreResult<(Invite, String)>;
    /// Uses it once. Who is a member already stays as they are and uses nothing up. Errors as `find_invite`.
    async fn accept_invite(&self, token_hash: [u8; 32], user: UserId, now: Timestamp) -> StoreResult<Workspace>;
    /// The role of a user, none where they are not in it.
    async fn role(&self, id: WorkspaceId, user: UserId) -> StoreResult<Option<WorkspaceRole>>;
}

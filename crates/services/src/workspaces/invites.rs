//! Invitations by link.

use tertulia_domain::access::WorkspaceAction;
use tertulia_domain::ids::{InviteId, WorkspaceId};
use tertulia_domain::workspace::{Invite, WorkspaceRole};
use tertulia_domain::{Refusal, Workspace};
use tertulia_ports::store::workspaces::NewInvite;
use uuid::Uuid;

use super::Workspaces;
use crate::spine::belonging::join_default_channels;
use crate::spine::secrets::{hash_secret, new_secret};
use crate::spine::tasks::finish;
use crate::{Answer, Caller, refuse};

const DAY_MS: u64 = 24 * 3_600_000;
const LIFETIME_MS_MAX: u64 = 90 * DAY_MS;

/// What is asked of an invitation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewInviteInput {
    /// None = member.
    pub role: Option<WorkspaceRole>,
    /// None = without limit.
    pub max_uses: Option<u32>,
    /// None = 7 days; at most 90.
    pub expires_in_ms: Option<u64>,
}

/// An invitation just made. Its token is shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedInvite {
    pub token: String,
    pub invite: Invite,
}

impl Workspaces {
    pub async fn invite(&self, caller: Caller, id: WorkspaceId, input: NewInviteInput) -> Answer<IssuedInvite> {
        let role = input.role.unwrap_or(WorkspaceRole::Member);
        let grant = self.spine.access.workspace(WorkspaceAction::Invite, caller.user_id, id).await?;
        self.spine.access.workspace(WorkspaceAction::ManageMember { of: role }, caller.user_id, id).await?;
        let lifetime_ms = input.expires_in_ms.unwrap_or(7 * DAY_MS);
        if !(60_000..=LIFETIME_MS_MAX).contains(&lifetime_ms) {
            return Err(Refusal::field("expiresInMs", "one minute to 90 days"));
        }
        if input.max_uses == Some(0) {
            return Err(Refusal::field("maxUses", "at least 1"));
        }
        let token = new_secret();
        let at = self.spine.clock.now();
        let invite = NewInvite {
            id: InviteId(Uuid::now_v7()),
            token_hash: hash_secret(&token),
            role,
            max_uses: input.max_uses,
            at,
            expires_at: at.plus_millis(i64::try_from(lifetime_ms).unwrap_or(i64::MAX)),
        };
        let invite = self.spine.store.workspaces.create_invite(grant, invite).await.map_err(refuse)?;
        Ok(IssuedInvite { token, invite })
    }

    /// Those still usable.
    pub async fn invites(&self, caller: Caller, id: WorkspaceId) -> Answer<Vec<Invite>> {
        let grant = self.spine.access.workspace(WorkspaceAction::Invite, caller.user_id, id).await?;
        self.spine.store.workspaces.invites(grant, self.spine.clock.now()).await.map_err(refuse)
    }

    pub async fn revoke_invite(&self, caller: Caller, id: WorkspaceId, invite: InviteId) -> Answer<()> {
        let grant = self.spine.access.workspace(WorkspaceAction::Invite, caller.user_id, id).await?;
        let existed = self.spine.store.workspaces.revoke_invite(grant, invite).await.map_err(refuse)?;
        if existed { Ok(()) } else { Err(Refusal::not_found()) }
    }

    /// What somebody with the link may know: the invitation and its workspace's name.
    pub async fn preview_invite(&self, token: &str) -> Answer<(Invite, String)> {
        self.spine.store.workspaces.find_invite(hash_secret(token), self.spine.clock.now()).await.map_err(refuse)
    }

    /// Joins the workspace. Who is in it already stays as they are.
    pub async fn accept_invite(&self, caller: Caller, token: &str) -> Answer<Workspace> {
        let (hash, now) = (hash_secret(token), self.spine.clock.now());
        let spine = self.spine.clone();
        let work = self.spine.tasks.run(async move {
            let workspace = spine.store.workspaces.accept_invite(hash, caller.user_id, now).await.map_err(refuse)?;
            spine.bus.publish(tertulia_ports::Signal::RoleChanged { user_id: caller.user_id });
            join_default_channels(&spine, workspace.id, caller.user_id, workspace.role).await?;
            Ok(workspace)
        });
        finish(work).await
    }
}

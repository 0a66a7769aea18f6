//! Teams: made, joined by invitation, managed.

mod invites;

use std::sync::Arc;

use tertulia_domain::access::{WorkspaceAction, WorkspaceGrant};
use tertulia_domain::conversation::ConversationView;
use tertulia_domain::ids::{UserId, WorkspaceId};
use tertulia_domain::user::check_name;
use tertulia_domain::workspace::{WorkspaceMember, WorkspaceRole, slug_of};
use tertulia_domain::{Refusal, Workspace};
use tertulia_ports::store::{Page, PageRequest};

use crate::spine::Spine;
use crate::spine::belonging::found_workspace;
use crate::spine::tasks::finish;
use crate::{Answer, Caller, refuse};

pub use invites::{IssuedInvite, NewInviteInput};

#[derive(Clone)]
pub struct Workspaces {
    spine: Arc<Spine>,
}

impl Workspaces {
    pub(crate) fn new(spine: Arc<Spine>) -> Self {
        Self { spine }
    }

    /// With the caller as owner and the channel `general`. A slug that is given has to be free (`CONFLICT`).
    pub async fn create(&self, caller: Caller, name: &str, slug: Option<String>) -> Answer<Workspace> {
        let name = check_name("name", name, 100)?;
        if slug.as_ref().is_some_and(|slug| slug.is_empty() || slug_of(slug) != *slug) {
            return Err(Refusal::field("slug", "lower-case letters, digits and single hyphens, at most 40"));
        }
        let spine = self.spine.clone();
        finish(self.spine.tasks.run(async move { found_workspace(&spine, caller.user_id, name, slug).await })).await
    }

    /// The caller's.
    pub async fn list(&self, caller: Caller) -> Answer<Vec<Workspace>> {
        self.spine.store.workspaces.list(caller.user_id).await.map_err(refuse)
    }

    pub async fn get(&self, caller: Caller, id: WorkspaceId) -> Answer<Workspace> {
        self.spine.store.workspaces.get(id, caller.user_id).await.map_err(refuse)?.ok_or_else(Refusal::not_found)
    }

    pub async fn rename(&self, caller: Caller, id: WorkspaceId, name: &str) -> Answer<Workspace> {
        let grant = self.spine.access.workspace(WorkspaceAction::Update, caller.user_id, id).await?;
        let name = check_name("name", name, 100)?;
        self.spine.store.workspaces.rename(grant, name).await.map_err(refuse)
    }

    pub async fn members(&self, caller: Caller, id: WorkspaceId, page: PageRequest) -> Answer<Page<WorkspaceMember>> {
        let grant = self.spine.access.workspace(WorkspaceAction::Browse, caller.user_id, id).await?;
        self.spine.store.workspaces.members(grant, page).await.map_err(refuse)
    }

    /// Public channels whose name contains `query`, joined or not.
    pub async fn channels(&self, caller: Caller, id: WorkspaceId, query: &str, page: PageRequest) -> Answer<Page<ConversationView>> {
        let grant = self.spine.access.workspace(WorkspaceAction::Browse, caller.user_id, id).await?;
        self.spine.store.conversations.browse(grant, query.trim(), page).await.map_err(refuse)
    }

    pub async fn set_role(&self, caller: Caller, id: WorkspaceId, user: UserId, role: WorkspaceRole) -> Answer<()> {
        self.manage(caller, id, user, Some(role)).await
    }

    /// Leaves too, when `user` is the caller. Conversations of the workspace are left with it.
    pub async fn remove(&self, caller: Caller, id: WorkspaceId, user: UserId) -> Answer<()> {
        self.manage(caller, id, user, None).await
    }

    async fn manage(&self, caller: Caller, id: WorkspaceId, user: UserId, role: Option<WorkspaceRole>) -> Answer<()> {
        let grant = self.may_manage(caller, id, user, role).await?;
        let spine = self.spine.clone();
        let work = self.spine.tasks.run(async move {
            let at = spine.clock.now();
            let events = spine.store.workspaces.set_role(grant, user, role, at).await.map_err(refuse)?;
            spine.bus.publish(tertulia_ports::Signal::RoleChanged { user_id: user });
            spine.publish_all(events);
            Ok(())
        });
        finish(work).await
    }

    async fn may_manage(&self, caller: Caller, id: WorkspaceId, user: UserId, role: Option<WorkspaceRole>) -> Answer<WorkspaceGrant> {
        if user == caller.user_id && role.is_none() {
            return self.spine.access.workspace(WorkspaceAction::Leave, caller.user_id, id).await;
        }
        self.spine.access.workspace(WorkspaceAction::Read, caller.user_id, id).await?;
        let present = self.spine.store.workspaces.role(id, user).await.map_err(refuse)?.ok_or_else(Refusal::not_found)?;
        let of = role.map_or(present, |role| role.max(present));
        self.spine.access.workspace(WorkspaceAction::ManageMember { of }, caller.user_id, id).await
    }
}

//! From "who wants to do what where" to a grant: loads the standing, from memory where it is known, and
//! asks [`authorize`].

mod kept;

use std::sync::Arc;

use parking_lot::RwLock;
use tertulia_domain::access::{Action, Grant, Standing, Subject, WorkspaceAction, WorkspaceGrant, authorize, authorize_workspace};
use tertulia_domain::conversation::{Conversation, MemberRole};
use tertulia_domain::ids::{ConversationId, UserId, WorkspaceId};
use tertulia_domain::workspace::WorkspaceRole;
use tertulia_domain::{Refusal, Timestamp};
use tertulia_ports::{Bus, Store};

use self::kept::Kept;
use crate::{Answer, refuse};

/// All that a decision needs about one user in one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub subject: Subject,
    pub workspace_id: Option<WorkspaceId>,
    pub workspace_role: Option<WorkspaceRole>,
    pub member_role: Option<MemberRole>,
    pub member_count: u64,
}

/// Answers who may do what.
pub struct Access {
    store: Store,
    /// Tells what other nodes changed. While it carries nothing, nothing kept is believed.
    bus: Arc<dyn Bus>,
    kept: RwLock<Kept>,
}

impl Access {
    pub(crate) fn new(store: Store, bus: Arc<dyn Bus>) -> Self {
        Self { store, bus, kept: RwLock::default() }
    }

    /// Grants `action`, or refuses it. What does not exist and what the user may not know of are the same.
    pub async fn grant(&self, action: Action, user: UserId, conversation: ConversationId) -> Answer<Grant> {
        self.grant_knowing(action, user, conversation).await.map(|(grant, _)| grant)
    }

    /// As [`Access::grant`], with what the decision was made from.
    pub async fn grant_knowing(&self, action: Action, user: UserId, conversation: ConversationId) -> Answer<(Grant, Known)> {
        let known = self.standing(user, conversation).await?;
        let standing = Standing { user_id: user, workspace_role: known.workspace_role, member_role: known.member_role };
        Ok((authorize(action, standing, known.subject)?, known))
    }

    /// Grants `action` in a workspace, or refuses it.
    pub async fn workspace(&self, action: WorkspaceAction, user: UserId, workspace: WorkspaceId) -> Answer<WorkspaceGrant> {
        let role = self.store.workspaces.role(workspace, user).await.map_err(refuse)?;
        authorize_workspace(action, user, role, workspace)
    }

    async fn standing(&self, user: UserId, conversation: ConversationId) -> Answer<Known> {
        let age = {
            let kept = self.kept.read();
            if let Some(known) = kept.get(conversation, user).filter(|_| self.bus.health().is_ok()) {
                return Ok(*known);
            }
            kept.age(conversation, user)
        };
        let row = self.store.conversations.standing(conversation, user).await.map_err(refuse)?.ok_or_else(Refusal::not_found)?;
        let known = Known {
            subject: subject_of(&row.conversation),
            workspace_id: row.conversation.workspace_id,
            workspace_role: row.workspace_role,
            member_role: row.member_role,
            member_count: row.conversation.member_count,
        };
        if known.member_role.is_some() {
            self.kept.write().keep(conversation, user, known, age);
        }
        Ok(known)
    }

    /// Something about a conversation or its members changed.
    pub fn forget(&self, conversation: ConversationId) {
        self.kept.write().forget(conversation);
    }

    /// Somebody's role in a workspace changed.
    pub fn forget_user(&self, user: UserId) {
        self.kept.write().forget_user(user);
    }

    /// Anything may have changed.
    pub fn forget_all(&self) {
        self.kept.write().forget_all();
    }
}

fn subject_of(conversation: &Conversation) -> Subject {
    Subject {
        id: conversation.id,
        conversation_type: conversation.conversation_type,
        visibility: conversation.visibility,
        settings: conversation.settings,
        archived: conversation.archived_at.is_some_and(|at: Timestamp| at > Timestamp::EPOCH),
    }
}

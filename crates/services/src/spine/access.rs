//! From "who wants to do what where" to a grant: loads the standing, from memory where it is known, and
//! asks [`authorize`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use tertulia_domain::access::{Action, Grant, Standing, Subject, WorkspaceAction, WorkspaceGrant, authorize, authorize_workspace};
use tertulia_domain::conversation::{Conversation, MemberRole};
use tertulia_domain::ids::{ConversationId, UserId, WorkspaceId};
use tertulia_domain::workspace::WorkspaceRole;
use tertulia_domain::{Refusal, Timestamp};
use tertulia_ports::Store;

use crate::{Answer, refuse};

/// Standings kept in memory; past it all are forgotten.
const KNOWN_MAX: usize = 200_000;

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
    known: RwLock<HashMap<(ConversationId, UserId), Known>>,
    /// Grows with everything that is forgotten: what was read before must not be kept after.
    generation: AtomicU64,
}

impl Access {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: RwLock::default(), generation: AtomicU64::new(0) }
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
        if let Some(known) = self.known.read().get(&(conversation, user)) {
            return Ok(*known);
        }
        let generation = self.generation.load(Ordering::Acquire);
        let row = self.store.conversations.standing(conversation, user).await.map_err(refuse)?.ok_or_else(Refusal::not_found)?;
        let known = Known {
            subject: subject_of(&row.conversation),
            workspace_id: row.conversation.workspace_id,
            workspace_role: row.workspace_role,
            member_role: row.member_role,
            member_count: row.conversation.member_count,
        };
        let mut kept = self.known.write();
        if self.generation.load(Ordering::Acquire) == generation && known.member_role.is_some() {
            if kept.len() >= KNOWN_MAX {
                kept.clear();
            }
            kept.insert((conversation, user), known);
        }
        Ok(known)
    }

    /// Something about a conversation or its members changed.
    pub fn forget(&self, conversation: ConversationId) {
        self.forget_where(|(id, _)| *id == conversation);
    }

    /// Somebody's role in a workspace changed.
    pub fn forget_user(&self, user: UserId) {
        self.forget_where(|(_, id)| *id == user);
    }

    fn forget_where(&self, stale: impl Fn(&(ConversationId, UserId)) -> bool) {
        let mut kept = self.known.write();
        self.generation.fetch_add(1, Ordering::AcqRel);
        kept.retain(|key, _| !stale(key));
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

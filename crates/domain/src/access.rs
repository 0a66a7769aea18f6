//! Who may do what: one function for every way in. It answers with a [`Grant`] that only it can make,
//! and the store's methods demand one, so nothing reaches a conversation unasked.

use crate::conversation::{ConversationSettings, ConversationType, MemberRole, Visibility};
use crate::error::{Code, Refusal};
use crate::ids::{ConversationId, UserId, WorkspaceId};
use crate::workspace::WorkspaceRole;

/// What somebody wants to do in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See that it exists: name, topic, number of members.
    Look,
    /// Read messages, events, members, receipts.
    Read,
    Send,
    /// `own`: the message is the actor's.
    Edit {
        own: bool,
    },
    Delete {
        own: bool,
    },
    React,
    Pin,
    Type,
    MarkRead,
    SetPreferences,
    Join,
    Leave,
    AddMembers,
    RemoveMember,
    SetMemberRole,
    /// Name, topic, settings.
    Update,
    /// Archive it or take it back.
    Archive,
    /// `@channel` and `@here` where there are many.
    MentionAll,
}

impl Action {
    pub const ALL: &[Self] = &[
        Self::Look,
        Self::Read,
        Self::Send,
        Self::Edit { own: true },
        Self::Edit { own: false },
        Self::Delete { own: true },
        Self::Delete { own: false },
        Self::React,
        Self::Pin,
        Self::Type,
        Self::MarkRead,
        Self::SetPreferences,
        Self::Join,
        Self::Leave,
        Self::AddMembers,
        Self::RemoveMember,
        Self::SetMemberRole,
        Self::Update,
        Self::Archive,
        Self::MentionAll,
    ];

    /// Whether it changes what others see, which an archived conversation does not allow.
    fn changes(self) -> bool {
        !matches!(self, Self::Look | Self::Read | Self::MarkRead | Self::SetPreferences | Self::Leave | Self::Archive)
    }
}

/// How somebody stands to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub user_id: UserId,
    /// In the conversation's workspace.
    pub workspace_role: Option<WorkspaceRole>,
    /// In the conversation.
    pub member_role: Option<MemberRole>,
}

/// What about a conversation decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    pub id: ConversationId,
    pub conversation_type: ConversationType,
    pub visibility: Visibility,
    pub settings: ConversationSettings,
    pub archived: bool,
}

/// Proof that [`authorize`] said yes. The store still checks membership in the same transaction, so a
/// grant that has become stale changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    actor: UserId,
    conversation: ConversationId,
    action: Action,
    system: bool,
}

impl Grant {
    /// For work that no person asks for: expiry, import, the demo. `actor` is who the log will name.
    pub fn system(actor: UserId, conversation: ConversationId, action: Action) -> Self {
        Self { actor, conversation, action, system: true }
    }

    pub fn actor(&self) -> UserId {
        self.actor
    }

    pub fn conversation(&self) -> ConversationId {
        self.conversation
    }

    pub fn action(&self) -> Action {
        self.action
    }

    /// Whether the actor need not be a member.
    pub fn is_system(&self) -> bool {
        self.system
    }

    /// Whether the store has to see the actor among the members when it commits.
    pub fn needs_membership(&self) -> bool {
        !self.system && !matches!(self.action, Action::Look | Action::Join)
    }
}

/// Decides whether `who` may do `action` in `what`.
pub fn authorize(action: Action, who: Standing, what: Subject) -> Result<Grant, Refusal> {
    let granted = Grant { actor: who.user_id, conversation: what.id, action, system: false };
    let findable = what.visibility == Visibility::Public && who.workspace_role.is_some_and(|role| role >= WorkspaceRole::Member);
    let Some(member_role) = who.member_role else {
        return match action {
            _ if !findable => Err(Refusal::not_found()),
            Action::Look => Ok(granted),
            Action::Join if what.archived => Err(archived()),
            Action::Join => Ok(granted),
            _ => Err(Refusal::forbidden("join the conversation first")),
        };
    };
    if what.archived && action.changes() {
        return Err(archived());
    }
    let is_admin = member_role == MemberRole::Admin || who.workspace_role.is_some_and(|role| role >= WorkspaceRole::Admin);
    let is_guest = who.workspace_role == Some(WorkspaceRole::Guest);
    let is_direct = what.conversation_type == ConversationType::Direct;
    let is_broadcast = what.conversation_type == ConversationType::Broadcast;
    let allowed = match action {
        Action::Look | Action::Read | Action::React | Action::MarkRead | Action::SetPreferences | Action::Join => true,
        Action::Send | Action::Type => is_admin || !(is_broadcast || what.settings.only_admins_can_post),
        Action::Edit { own } => own,
        Action::Delete { own } => own || (is_admin && !is_direct),
        Action::Pin => is_admin || !is_broadcast,
        Action::Leave => !is_direct,
        Action::AddMembers => !is_direct && (is_admin || (what.settings.allow_member_invites && !is_guest && !is_broadcast)),
        Action::RemoveMember | Action::SetMemberRole | Action::Update | Action::Archive => is_admin && !is_direct,
        Action::MentionAll => is_admin || is_direct,
    };
    if allowed { Ok(granted) } else { Err(Refusal::forbidden(reason(action, is_direct))) }
}

fn archived() -> Refusal {
    Refusal::new(Code::ConversationArchived, "the conversation is archived")
}

fn reason(action: Action, is_direct: bool) -> &'static str {
    match action {
        _ if is_direct => "a direct conversation is between its two people only",
        Action::Send | Action::Type => "only admins can post here",
        Action::Edit { .. } => "only the author edits a message",
        Action::Delete { .. } => "only the author or an admin deletes a message",
        _ => "only admins of the conversation can do this",
    }
}

/// What somebody wants to do with a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkspaceAction {
    Read,
    /// Find public channels, list people.
    Browse,
    CreateChannel,
    CreateBroadcast,
    Invite,
    Update,
    /// `of`: the role the person has or would get, whichever is higher.
    ManageMember {
        of: WorkspaceRole,
    },
    Leave,
    Delete,
}

/// Proof that [`authorize_workspace`] said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkspaceGrant {
    actor: UserId,
    workspace: WorkspaceId,
}

impl WorkspaceGrant {
    pub fn actor(&self) -> UserId {
        self.actor
    }

    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// For work that no person asks for: import and the demo.
    pub fn system(actor: UserId, workspace: WorkspaceId) -> Self {
        Self { actor, workspace }
    }
}

/// Decides whether somebody with `role` (none: not in it) may do `action` in a workspace.
pub fn authorize_workspace(
    action: WorkspaceAction,
    actor: UserId,
    role: Option<WorkspaceRole>,
    workspace: WorkspaceId,
) -> Result<WorkspaceGrant, Refusal> {
    let Some(role) = role else { return Err(Refusal::not_found()) };
    let allowed = match action {
        WorkspaceAction::Read | WorkspaceAction::Leave => true,
        WorkspaceAction::Browse | WorkspaceAction::CreateChannel => role >= WorkspaceRole::Member,
        WorkspaceAction::Invite | WorkspaceAction::Update | WorkspaceAction::CreateBroadcast => role >= WorkspaceRole::Admin,
        WorkspaceAction::ManageMember { of } => role >= WorkspaceRole::Admin && (of < WorkspaceRole::Owner || role == WorkspaceRole::Owner),
        WorkspaceAction::Delete => role == WorkspaceRole::Owner,
    };
    if allowed {
        Ok(WorkspaceGrant { actor, workspace })
    } else {
        Err(Refusal::forbidden("your role in the workspace does not allow this"))
    }
}

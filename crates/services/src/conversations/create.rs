//! Making conversations.

use tertulia_domain::Refusal;
use tertulia_domain::access::WorkspaceAction;
use tertulia_domain::conversation::{
    CONVERSATION_NAME_CHARS_MAX, ConversationSettings, ConversationType, ConversationView, GROUP_MEMBERS_MAX, Visibility,
};
use tertulia_domain::ids::{ConversationId, UserId, WorkspaceId};
use tertulia_domain::user::check_name;
use tertulia_ports::store::conversations::NewConversation;
use uuid::Uuid;

use super::{Conversations, check_topic};
use crate::spine::tasks::finish;
use crate::{Answer, Caller, refuse};

/// What is asked of a new conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateInput {
    pub conversation_type: ConversationType,
    pub workspace_id: Option<WorkspaceId>,
    pub name: Option<String>,
    pub topic: Option<String>,
    pub visibility: Option<Visibility>,
    pub member_ids: Vec<UserId>,
    pub settings: Option<ConversationSettings>,
}

impl Conversations {
    /// True where it was there already: a direct conversation is made once per pair.
    pub async fn create(&self, caller: Caller, input: CreateInput) -> Answer<(ConversationView, bool)> {
        let new = self.check_new(caller, input).await?;
        let (id, existed) = self.commit_new(new).await?;
        Ok((self.view(caller, id).await?, existed))
    }

    async fn commit_new(&self, new: NewConversation) -> Answer<(ConversationId, bool)> {
        let spine = self.spine.clone();
        let work = self.spine.tasks.run(async move {
            let created = spine.store.conversations.create(new).await.map_err(refuse)?;
            let answer = (created.conversation.id, created.existed);
            spine.publish_all(created.events);
            Ok(answer)
        });
        finish(work).await
    }

    async fn check_new(&self, caller: Caller, input: CreateInput) -> Answer<NewConversation> {
        let mut members = input.member_ids;
        members.retain(|id| *id != caller.user_id);
        members.sort_unstable();
        members.dedup();
        if members.len() >= GROUP_MEMBERS_MAX {
            return Err(Refusal::limit(GROUP_MEMBERS_MAX as u64, "too many members"));
        }
        let named = matches!(input.conversation_type, ConversationType::Channel | ConversationType::Broadcast | ConversationType::Group);
        let name = match input.name {
            Some(name) if named => Some(check_name("name", &name, CONVERSATION_NAME_CHARS_MAX)?),
            None if named => return Err(Refusal::field("name", "is required")),
            _ => None,
        };
        match input.conversation_type {
            ConversationType::Direct if members.len() != 1 => {
                return Err(Refusal::field("memberIds", "exactly one other person"));
            }
            ConversationType::Direct | ConversationType::Group => {
                let known = self.spine.store.users.visible(caller.user_id, &members).await.map_err(refuse)?;
                if known.len() != members.len() {
                    return Err(Refusal::not_found());
                }
            }
            ConversationType::Channel | ConversationType::Broadcast => {
                self.check_workspace(caller, input.conversation_type, input.workspace_id).await?;
            }
        }
        let in_workspace = matches!(input.conversation_type, ConversationType::Channel | ConversationType::Broadcast);
        Ok(NewConversation {
            id: ConversationId(Uuid::now_v7()),
            conversation_type: input.conversation_type,
            workspace_id: input.workspace_id.filter(|_| in_workspace),
            name,
            topic: input.topic.map(|topic| check_topic(&topic)).transpose()?.filter(|topic| !topic.is_empty()),
            visibility: if in_workspace { input.visibility.unwrap_or(Visibility::Public) } else { Visibility::Private },
            settings: input.settings.unwrap_or_default(),
            is_default: false,
            creator: caller.user_id,
            members,
            at: self.spine.clock.now(),
        })
    }

    async fn check_workspace(&self, caller: Caller, kind: ConversationType, workspace: Option<WorkspaceId>) -> Answer<()> {
        let Some(workspace) = workspace else { return Err(Refusal::field("workspaceId", "is required")) };
        let action = if kind == ConversationType::Broadcast { WorkspaceAction::CreateBroadcast } else { WorkspaceAction::CreateChannel };
        self.spine.access.workspace(action, caller.user_id, workspace).await.map(|_| ())
    }
}

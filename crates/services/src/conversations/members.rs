//! Who is in a conversation.

use std::collections::HashMap;

use tertulia_domain::access::Action;
use tertulia_domain::conversation::{ConversationType, GROUP_MEMBERS_MAX, Member, MemberRole};
use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_domain::{Refusal, User};
use tertulia_ports::store::{Page, PageRequest};

use super::Conversations;
use crate::spine::tasks::finish;
use crate::{Answer, Caller, refuse};

/// Somebody in a conversation, with their profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberProfile {
    pub user: User,
    pub member: Member,
}

impl Conversations {
    pub async fn members(&self, caller: Caller, id: ConversationId, page: PageRequest) -> Answer<Page<MemberProfile>> {
        let grant = self.spine.access.grant(Action::Read, caller.user_id, id).await?;
        let page = self.spine.store.conversations.members(grant, page).await.map_err(refuse)?;
        Ok(Page { items: self.profiles(page.items).await?, next_cursor: page.next_cursor })
    }

    /// Adds people; the caller's own id alone joins a public channel. Answers those who are new in it.
    pub async fn add_members(
        &self,
        caller: Caller,
        id: ConversationId,
        users: Vec<UserId>,
        role: Option<MemberRole>,
    ) -> Answer<Vec<MemberProfile>> {
        if users.is_empty() || users.len() > GROUP_MEMBERS_MAX {
            return Err(Refusal::field("userIds", format!("1 to {GROUP_MEMBERS_MAX}")));
        }
        let role = role.unwrap_or(MemberRole::Member);
        let joins = users == [caller.user_id] && role == MemberRole::Member;
        let action = if joins { Action::Join } else { Action::AddMembers };
        let (grant, known) = self.spine.access.grant_knowing(action, caller.user_id, id).await?;
        if role == MemberRole::Admin {
            self.spine.access.grant(Action::SetMemberRole, caller.user_id, id).await?;
        }
        let is_group = known.subject.conversation_type == ConversationType::Group;
        if is_group {
            let visible = self.spine.store.users.visible(caller.user_id, &users).await.map_err(refuse)?;
            if users.iter().any(|user| !visible.contains(user)) {
                return Err(Refusal::not_found());
            }
        }
        let max = is_group.then_some(GROUP_MEMBERS_MAX);
        let spine = self.spine.clone();
        let work = self.spine.tasks.run(async move {
            let at = spine.clock.now();
            let events = spine.store.conversations.add_members(grant, &users, role, max, at).await.map_err(refuse)?;
            let joined = events.iter().filter_map(|event| match &event.body {
                tertulia_domain::EventBody::MemberJoined(joined) => Some(joined.member.clone()),
                _ => None,
            });
            let joined: Vec<Member> = joined.collect();
            spine.publish_all(events);
            Ok(joined)
        });
        let joined = finish(work).await?;
        self.profiles(joined).await
    }

    pub async fn set_member_role(&self, caller: Caller, id: ConversationId, user: UserId, role: MemberRole) -> Answer<()> {
        self.set_member(caller, id, user, Some(role), Action::SetMemberRole).await
    }

    /// Leaves, when `user` is the caller.
    pub async fn remove_member(&self, caller: Caller, id: ConversationId, user: UserId) -> Answer<()> {
        let action = if user == caller.user_id { Action::Leave } else { Action::RemoveMember };
        self.set_member(caller, id, user, None, action).await
    }

    async fn set_member(&self, caller: Caller, id: ConversationId, user: UserId, role: Option<MemberRole>, action: Action) -> Answer<()> {
        let grant = self.spine.access.grant(action, caller.user_id, id).await?;
        let spine = self.spine.clone();
        let work = self.spine.tasks.run(async move {
            let event = spine.store.conversations.set_member(grant, user, role, spine.clock.now()).await.map_err(refuse)?;
            spine.publish_all(event);
            Ok(())
        });
        finish(work).await
    }

    async fn profiles(&self, members: Vec<Member>) -> Answer<Vec<MemberProfile>> {
        let ids: Vec<UserId> = members.iter().map(|member| member.user_id).collect();
        let users = self.spine.store.users.get_many(&ids).await.map_err(refuse)?;
        let mut by_id: HashMap<UserId, User> = users.into_iter().map(|user| (user.id, user)).collect();
        Ok(members.into_iter().filter_map(|member| by_id.remove(&member.user_id).map(|user| MemberProfile { user, member })).collect())
    }
}

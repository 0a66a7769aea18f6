//! Conversations: made, found, joined, managed.

mod create;
mod members;

use std::sync::Arc;

use tertulia_domain::Refusal;
use tertulia_domain::access::Action;
use tertulia_domain::conversation::{CONVERSATION_NAME_CHARS_MAX, ConversationView, TOPIC_CHARS_MAX};
use tertulia_domain::ids::ConversationId;
use tertulia_domain::user::check_name;
use tertulia_ports::store::conversations::{ConversationPatch, PreferencesPatch};
use tertulia_ports::store::{Page, PageRequest};

use crate::spine::Spine;
use crate::spine::tasks::finish;
use crate::{Answer, Caller, refuse};

pub use create::CreateInput;
pub use members::MemberProfile;

#[derive(Clone)]
pub struct Conversations {
    spine: Arc<Spine>,
}

impl Conversations {
    pub(crate) fn new(spine: Arc<Spine>) -> Self {
        Self { spine }
    }

    /// The caller's own; newest message first.
    pub async fn list(&self, caller: Caller, page: PageRequest) -> Answer<Page<ConversationView>> {
        self.spine.store.conversations.list(caller.user_id, page).await.map_err(refuse)
    }

    pub async fn get(&self, caller: Caller, id: ConversationId) -> Answer<ConversationView> {
        self.spine.access.grant(Action::Look, caller.user_id, id).await?;
        self.view(caller, id).await
    }

    /// Changes name, topic, avatar, visibility, settings; archives or takes back.
    pub async fn update(&self, caller: Caller, id: ConversationId, patch: ConversationPatch) -> Answer<ConversationView> {
        let patch = check_patch(patch)?;
        let only_archived = ConversationPatch { archived: patch.archived, ..ConversationPatch::default() } == patch;
        let action = if only_archived { Action::Archive } else { Action::Update };
        let grant = self.spine.access.grant(action, caller.user_id, id).await?;
        let spine = self.spine.clone();
        let work = self.spine.tasks.run(async move {
            let at = spine.clock.now();
            let event = spine.store.conversations.update(grant, patch, at).await.map_err(refuse)?;
            spine.publish_all(event);
            Ok(())
        });
        finish(work).await?;
        self.view(caller, id).await
    }

    /// The caller's own settings for it.
    pub async fn set_preferences(&self, caller: Caller, id: ConversationId, patch: PreferencesPatch) -> Answer<ConversationView> {
        let grant = self.spine.access.grant(Action::SetPreferences, caller.user_id, id).await?;
        self.spine.store.conversations.set_preferences(grant, patch).await.map_err(refuse)?;
        self.view(caller, id).await
    }

    async fn view(&self, caller: Caller, id: ConversationId) -> Answer<ConversationView> {
        let mut views = self.spine.store.conversations.view(caller.user_id, &[id]).await.map_err(refuse)?;
        views.pop().ok_or_else(Refusal::not_found)
    }
}

fn check_patch(patch: ConversationPatch) -> Answer<ConversationPatch> {
    let name = patch.name.map(|name| check_name("name", &name, CONVERSATION_NAME_CHARS_MAX)).transpose()?;
    let topic = patch.topic.map(|topic| check_topic(&topic)).transpose()?;
    if patch.avatar_url.as_ref().is_some_and(|url| !crate::users::is_web_url(url)) {
        return Err(Refusal::field("avatarUrl", "an https:// or http:// address of at most 500 characters, or empty"));
    }
    Ok(ConversationPatch { name, topic, ..patch })
}

/// May be empty.
fn check_topic(topic: &str) -> Answer<String> {
    let topic = topic.trim();
    if topic.chars().count() > TOPIC_CHARS_MAX || topic.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Refusal::field("topic", format!("at most {TOPIC_CHARS_MAX} characters")));
    }
    Ok(topic.to_owned())
}

use tertulia_domain::access::Action;
use tertulia_domain::conversation::ConversationView;
use tertulia_ports::store::conversations::{ConversationPatch, PreferencesPatch};
use tertulia_protocol::{rest, v1};
use tertulia_services::Caller;
use tertulia_services::conversations::CreateInput;

use super::{Answer, page};
use crate::gateway::Gateway;
use crate::rest::body::NewGroup;
use crate::rest::call::Call;
use crate::rest::query::PageQuery;
use crate::ws::hub::Member;

pub async fn create(gateway: Gateway, caller: Caller, call: Call<rest::CreateConversation>) -> Answer<(ConversationView, bool)> {
    let rest::CreateConversation { conversation_type, workspace_id, name, topic, visibility, member_ids, settings } = call.body;
    gateway
        .services
        .conversations
        .create(caller, CreateInput { conversation_type, workspace_id, name, topic, visibility, member_ids, settings })
        .await
}

pub async fn create_group(gateway: Gateway, caller: Caller, call: Call<NewGroup>) -> Answer<(ConversationView, bool)> {
    let Call { path, query, body: NewGroup(body), client } = call;
    create(gateway, caller, Call { path, query, body, client }).await
}

pub async fn list(gateway: Gateway, caller: Caller, call: Call<(), PageQuery>) -> Answer<rest::Page<ConversationView>> {
    gateway.services.conversations.list(caller, call.query.request()).await.map(page)
}

pub async fn get(gateway: Gateway, caller: Caller, call: Call) -> Answer<ConversationView> {
    gateway.services.conversations.get(caller, call.id("id")?).await
}

pub async fn update(gateway: Gateway, caller: Caller, call: Call<rest::UpdateConversation>) -> Answer<ConversationView> {
    let id = call.id("id")?;
    let rest::UpdateConversation { name, topic, avatar_url, visibility, settings, archived } = call.body;
    gateway.services.conversations.update(caller, id, ConversationPatch { name, topic, avatar_url, visibility, settings, archived }).await
}

/// Deleting a conversation is archiving it: the log stays.
pub async fn archive(gateway: Gateway, caller: Caller, call: Call) -> Answer<()> {
    let patch = ConversationPatch { archived: Some(true), ..ConversationPatch::default() };
    gateway.services.conversations.update(caller, call.id("id")?, patch).await.map(|_| ())
}

pub async fn set_preferences(gateway: Gateway, caller: Caller, call: Call<rest::UpdatePreferences>) -> Answer<ConversationView> {
    let id = call.id("id")?;
    let rest::UpdatePreferences { notification_level, muted_until, pinned } = call.body;
    gateway.services.conversations.set_preferences(caller, id, PreferencesPatch { notification_level, muted_until, pinned }).await
}

/// What a connection looks at.
pub async fn focus(gateway: Gateway, member: Member, focus: v1::Focus) -> Answer<v1::Empty> {
    if let Some(id) = focus.conversation_id {
        gateway.services.spine.access.grant(Action::Read, member.caller.user_id, id).await?;
    }
    gateway.hub.focus(member, focus.conversation_id);
    Ok(v1::Empty {})
}

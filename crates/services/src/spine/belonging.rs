//! Where everybody begins in a workspace: founded by setup or by a user, entered by registration or invitation.

use tertulia_domain::access::{Action, Grant, WorkspaceGrant};
use tertulia_domain::conversation::{ConversationSettings, ConversationType, MemberRole, Visibility};
use tertulia_domain::ids::{ConversationId, UserId, WorkspaceId};
use tertulia_domain::workspace::{Workspace, WorkspaceRole, slug_of};
use tertulia_ports::store::PageRequest;
use tertulia_ports::store::conversations::NewConversation;
use tertulia_ports::store::workspaces::NewWorkspace;
use uuid::Uuid;

use super::Spine;
use crate::{Answer, refuse};

/// Makes a workspace and its channel `general`, which every later member is put into.
pub(crate) async fn found_workspace(spine: &Spine, owner: UserId, name: String, slug: Option<String>) -> Answer<Workspace> {
    let at = spine.clock.now();
    let slug_exact = slug.is_some();
    let slug = slug.unwrap_or_else(|| slug_of(&name));
    let slug = if slug.is_empty() { "workspace".to_owned() } else { slug };
    let id = WorkspaceId(Uuid::now_v7());
    let workspace = spine.store.workspaces.create(NewWorkspace { id, name, slug, slug_exact, owner, at }).await.map_err(refuse)?;
    let general = NewConversation {
        id: ConversationId(Uuid::now_v7()),
        conversation_type: ConversationType::Channel,
        workspace_id: Some(id),
        name: Some("general".into()),
        topic: Some("For everybody in the workspace".into()),
        visibility: Visibility::Public,
        settings: ConversationSettings::default(),
        is_default: true,
        creator: owner,
        members: Vec::new(),
        at,
    };
    let created = spine.store.conversations.create(general).await.map_err(refuse)?;
    spine.publish_all(created.events);
    Ok(workspace)
}

/// Puts a new member of a workspace into the channels where everybody begins. Guests are put nowhere.
pub(crate) async fn join_default_channels(spine: &Spine, workspace: WorkspaceId, user: UserId, role: WorkspaceRole) -> Answer<()> {
    if role == WorkspaceRole::Guest {
        return Ok(());
    }
    let browsing = WorkspaceGrant::system(user, workspace);
    let page = PageRequest { cursor: None, limit: 200 };
    let channels = spine.store.conversations.browse(browsing, "", page).await.map_err(refuse)?;
    for channel in channels.items.into_iter().filter(|channel| channel.conversation.is_default) {
        let grant = Grant::system(user, channel.conversation.id, Action::Join);
        let events =
            spine.store.conversations.add_members(grant, &[user], MemberRole::Member, None, spine.clock.now()).await.map_err(refuse)?;
        spine.publish_all(events);
    }
    Ok(())
}

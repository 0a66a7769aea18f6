use tertulia_domain::Workspace;
use tertulia_domain::conversation::ConversationView;
use tertulia_domain::workspace::{Invite, WorkspaceMember};
use tertulia_protocol::rest;
use tertulia_services::Caller;
use tertulia_services::workspaces::NewInviteInput;

use super::{Answer, all, page};
use crate::gateway::Gateway;
use crate::rest::call::Call;
use crate::rest::query::{NameQuery, PageQuery};

pub async fn create(gateway: Gateway, caller: Caller, call: Call<rest::CreateWorkspace>) -> Answer<Workspace> {
    gateway.services.workspaces.create(caller, &call.body.name, call.body.slug).await
}

pub async fn list(gateway: Gateway, caller: Caller, _: Call) -> Answer<rest::Page<Workspace>> {
    gateway.services.workspaces.list(caller).await.map(all)
}

pub async fn get(gateway: Gateway, caller: Caller, call: Call) -> Answer<Workspace> {
    gateway.services.workspaces.get(caller, call.id("id")?).await
}

pub async fn update(gateway: Gateway, caller: Caller, call: Call<rest::UpdateWorkspace>) -> Answer<Workspace> {
    gateway.services.workspaces.rename(caller, call.id("id")?, &call.body.name).await
}

pub async fn members(gateway: Gateway, caller: Caller, call: Call<(), PageQuery>) -> Answer<rest::Page<WorkspaceMember>> {
    let id = call.id("id")?;
    gateway.services.workspaces.members(caller, id, call.query.request()).await.map(page)
}

pub async fn update_member(gateway: Gateway, caller: Caller, call: Call<rest::UpdateWorkspaceMember>) -> Answer<()> {
    gateway.services.workspaces.set_role(caller, call.id("id")?, call.id("userId")?, call.body.role).await
}

pub async fn remove_member(gateway: Gateway, caller: Caller, call: Call) -> Answer<()> {
    gateway.services.workspaces.remove(caller, call.id("id")?, call.id("userId")?).await
}

pub async fn channels(gateway: Gateway, caller: Caller, call: Call<(), NameQuery>) -> Answer<rest::Page<ConversationView>> {
    let id = call.id("id")?;
    let NameQuery { query, cursor, limit } = call.query;
    let request = PageQuery { cursor, limit }.request();
    gateway.services.workspaces.channels(caller, id, query.as_deref().unwrap_or_default(), request).await.map(page)
}

pub async fn invite(gateway: Gateway, caller: Caller, call: Call<rest::CreateInvite>) -> Answer<rest::InviteCreated> {
    let rest::CreateInvite { role, max_uses, expires_in_ms } = call.body;
    let issued = gateway.services.workspaces.invite(caller, call.id("id")?, NewInviteInput { role, max_uses, expires_in_ms }).await?;
    let site = gateway.config.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    let url = format!("{site}/invite/{}", issued.token);
    Ok(rest::InviteCreated { token: issued.token, url, invite: issued.invite })
}

pub async fn invites(gateway: Gateway, caller: Caller, call: Call) -> Answer<rest::Page<Invite>> {
    gateway.services.workspaces.invites(caller, call.id("id")?).await.map(all)
}

pub async fn revoke_invite(gateway: Gateway, caller: Caller, call: Call) -> Answer<()> {
    gateway.services.workspaces.revoke_invite(caller, call.id("id")?, call.id("inviteId")?).await
}

pub async fn preview_invite(gateway: Gateway, call: Call) -> Answer<rest::InvitePreview> {
    let (invite, workspace_name) = gateway.services.workspaces.preview_invite(call.text("token")).await?;
    Ok(rest::InvitePreview { workspace_name, role: invite.role, expires_at: invite.expires_at })
}

pub async fn accept_invite(gateway: Gateway, caller: Caller, call: Call) -> Answer<Workspace> {
    gateway.services.workspaces.accept_invite(caller, call.text("token")).await
}

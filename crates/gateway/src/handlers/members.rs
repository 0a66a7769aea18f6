use tertulia_ports::store::Page;
use tertulia_protocol::rest;
use tertulia_services::Caller;
use tertulia_services::conversations::MemberProfile;

use super::{Answer, all, page};
use crate::gateway::Gateway;
use crate::rest::call::Call;
use crate::rest::query::PageQuery;

fn view(profile: MemberProfile) -> rest::MemberView {
    rest::MemberView { user: profile.user, role: profile.member.role, joined_at: profile.member.joined_at }
}

pub async fn list(gateway: Gateway, caller: Caller, call: Call<(), PageQuery>) -> Answer<rest::Page<rest::MemberView>> {
    let id = call.id("id")?;
    let found = gateway.services.conversations.members(caller, id, call.query.request()).await?;
    Ok(page(Page { items: found.items.into_iter().map(view).collect(), next_cursor: found.next_cursor }))
}

pub async fn add(gateway: Gateway, caller: Caller, call: Call<rest::AddMembers>) -> Answer<rest::Page<rest::MemberView>> {
    let id = call.id("id")?;
    let added = gateway.services.conversations.add_members(caller, id, call.body.user_ids, call.body.role).await?;
    Ok(all(added.into_iter().map(view).collect()))
}

pub async fn update(gateway: Gateway, caller: Caller, call: Call<rest::UpdateMember>) -> Answer<()> {
    gateway.services.conversations.set_member_role(caller, call.id("id")?, call.id("userId")?, call.body.role).await
}

pub async fn remove(gateway: Gateway, caller: Caller, call: Call) -> Answer<()> {
    gateway.services.conversations.remove_member(caller, call.id("id")?, call.id("userId")?).await
}

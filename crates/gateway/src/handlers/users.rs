use tertulia_domain::User;
use tertulia_domain::error::Refusal;
use tertulia_domain::ids::UserId;
use tertulia_ports::store::users::UserPatch;
use tertulia_protocol::rest;
use tertulia_services::Caller;

use super::{Answer, all};
use crate::gateway::Gateway;
use crate::rest::call::Call;
use crate::rest::query::UsersQuery;

pub async fn me(gateway: Gateway, caller: Caller, _: Call) -> Answer<User> {
    gateway.services.users.me(caller).await
}

pub async fn update_me(gateway: Gateway, caller: Caller, call: Call<rest::UpdateMe>) -> Answer<User> {
    let rest::UpdateMe { display_name, avatar_url } = call.body;
    gateway.services.users.update_me(caller, UserPatch { display_name, avatar_url }).await
}

pub async fn get(gateway: Gateway, caller: Caller, call: Call) -> Answer<User> {
    gateway.services.users.get(caller, call.id("id")?).await
}

pub async fn find(gateway: Gateway, caller: Caller, call: Call<(), UsersQuery>) -> Answer<rest::Page<User>> {
    let UsersQuery { query, ids, limit } = call.query;
    let found = match ids {
        Some(ids) => gateway.services.users.get_many(caller, &read_ids(&ids)?).await,
        None => gateway.services.users.search(caller, query.as_deref().unwrap_or_default(), limit.0).await,
    };
    found.map(all)
}

fn read_ids(ids: &str) -> Answer<Vec<UserId>> {
    let ids = ids.split(',').filter(|id| !id.is_empty());
    ids.map(|id| id.parse().map_err(|_| Refusal::field("ids", "is not a list of ids"))).collect()
}

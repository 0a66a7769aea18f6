//! Profiles, as far as one may see them.

use std::sync::Arc;

use tertulia_domain::ids::UserId;
use tertulia_domain::user::{DISPLAY_NAME_CHARS_MAX, check_name};
use tertulia_domain::{Refusal, User};
use tertulia_ports::store::users::UserPatch;

use crate::spine::Spine;
use crate::{Answer, Caller, refuse};

/// Users asked for at once.
const GET_MAX: usize = 200;

#[derive(Clone)]
pub struct Users {
    spine: Arc<Spine>,
}

impl Users {
    pub(crate) fn new(spine: Arc<Spine>) -> Self {
        Self { spine }
    }

    pub async fn me(&self, caller: Caller) -> Answer<User> {
        self.get(caller, caller.user_id).await
    }

    /// Somebody the caller may know of: they share or shared a conversation or workspace, or wrote imported messages.
    pub async fn get(&self, caller: Caller, id: UserId) -> Answer<User> {
        self.get_many(caller, &[id]).await?.pop().ok_or_else(Refusal::not_found)
    }

    /// Those of `ids` (at most 200) that the caller may know of.
    pub async fn get_many(&self, caller: Caller, ids: &[UserId]) -> Answer<Vec<User>> {
        if ids.len() > GET_MAX {
            return Err(Refusal::limit(GET_MAX as u64, "too many users at once"));
        }
        self.spine.store.users.profiles(caller.user_id, ids).await.map_err(refuse)
    }

    /// People the caller may know of, by the beginning of a name; at most 50.
    pub async fn search(&self, caller: Caller, query: &str, limit: u32) -> Answer<Vec<User>> {
        let query = query.trim().trim_start_matches('@');
        if query.chars().count() > 100 {
            return Err(Refusal::field("query", "at most 100 characters"));
        }
        self.spine.store.users.search(caller.user_id, query, limit.min(50)).await.map_err(refuse)
    }

    pub async fn update_me(&self, caller: Caller, patch: UserPatch) -> Answer<User> {
        let display_name = patch.display_name.map(|name| check_name("displayName", &name, DISPLAY_NAME_CHARS_MAX)).transpose()?;
        if patch.avatar_url.as_ref().is_some_and(|url| !is_web_url(url)) {
            return Err(Refusal::field("avatarUrl", "an https:// or http:// address of at most 500 characters, or empty"));
        }
        self.spine.store.users.update(caller.user_id, UserPatch { display_name, ..patch }).await.map_err(refuse)
    }
}

/// Empty, or something a browser may load as an image; never `javascript:`.
pub(crate) fn is_web_url(url: &str) -> bool {
    url.is_empty()
        || (url.len() <= 500
            && (url.starts_with("https://") || url.starts_with("http://"))
            && !url.chars().any(|c| c.is_control() || c.is_whitespace()))
}

//! `serve --demo`: a workspace that looks lived-in, and colleagues who write now and then.
//!
//! What they say is in `demo/*.json`. It is only ever made in an empty store, and the password that all
//! of them share exists only there.

mod content;
mod history;
mod live;
mod visitor;

use std::collections::HashMap;
use std::path::PathBuf;

use tertulia_domain::{ConversationId, UserId};
use tertulia_ports::store::PageRequest;
use tertulia_services::Services;

use self::content::Cast;
use crate::exit::{Exit, Failure};

/// Who and where, for the live script.
#[derive(Clone)]
pub struct Demo {
    /// By username.
    people: HashMap<String, UserId>,
    /// By name; a direct one by the other's name, as `@ada` sees it: `@maya`.
    places: HashMap<String, ConversationId>,
    /// How to sign in, for the banner.
    pub hint: String,
}

/// The visitor's own part; the script never speaks for them.
const VISITOR: &str = "ada";

/// Fills an empty store; takes one that was filled before as it is, and refuses any other.
pub async fn prepare(services: &Services) -> Result<Demo, Failure> {
    let cast = content::cast()?;
    if services.auth.needs_setup().await? {
        history::fill(services, &cast).await?;
    }
    find(services, &cast).await
}

/// Everything by name, in a store that the demo has filled.
async fn find(services: &Services, cast: &Cast) -> Result<Demo, Failure> {
    let store = &services.spine.store;
    let no_demo =
        || Failure::new(Exit::Config, "--demo needs an empty data folder, or one that --demo has filled; name another with --data");
    let workspaces = store.workspaces.all().await?;
    if !workspaces.iter().any(|(workspace, _)| workspace.name == cast.workspace) {
        return Err(no_demo());
    }
    let mut people = HashMap::new();
    for person in &cast.people {
        let known = store.users.credentials_by_name(&person.username).await?.ok_or_else(no_demo)?;
        people.insert(person.username.clone(), known.user.id);
    }
    let visitor = people.get(VISITOR).copied().ok_or_else(no_demo)?;
    let mut places = HashMap::new();
    let page = store.conversations.list(visitor, PageRequest { cursor: None, limit: 200 }).await?;
    for view in page.items {
        let peer = people.iter().find(|(_, id)| Some(**id) == view.peer_id).map(|(name, _)| format!("@{name}"));
        if let Some(name) = view.conversation.name.or(peer) {
            places.insert(name, view.conversation.id);
        }
    }
    let hint = format!("sign in as {VISITOR} (or {}) with the password {}", cast.others(VISITOR).join(", "), cast.password);
    Ok(Demo { people, places, hint })
}

/// Lets the colleagues be there, write, and answer the visitor.
pub fn start(services: &Services, demo: &Demo) -> Result<(), Failure> {
    live::start(services, demo.clone(), content::script()?);
    visitor::start(services, demo.clone());
    Ok(())
}

/// A folder that is this run's own.
pub fn own_folder() -> PathBuf {
    std::env::temp_dir().join(format!("tertulia-demo-{}", std::process::id()))
}

#[cfg(test)]
mod tests;

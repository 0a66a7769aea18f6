//! Users.

use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::{Code, UserId, WorkspaceRole};
use tertulia_ports::store::users::{Admission, NewUser, UserPatch};
use tertulia_ports::store::workspaces::NewInvite;

use crate::World;
use crate::world::{code_of, new_id};

pub async fn names_are_taken_once(world: &World) {
    let users = &world.store.users;
    let made = users.register(world.new_user("Maya"), Admission::Open).await.unwrap();
    assert_eq!(
        (made.user.username.as_str(), made.user.display_name.as_str(), made.user.imported, made.joined),
        ("maya", "Maya", false, None)
    );
    assert_eq!(code_of(users.register(world.new_user("Maya"), Admission::Open).await), Code::Conflict);
    let found = users.credentials_by_name("maya").await.unwrap().unwrap();
    assert_eq!((&found.user, found.password_hash.is_some(), found.disabled), (&made.user, true, false));
    assert!(users.credentials_by_name("nobody").await.unwrap().is_none());
    assert_eq!(users.get_many(&[new_id(), made.user.id]).await.unwrap(), [made.user]);
}

pub async fn the_first_account_is_made_once(world: &World) {
    let users = &world.store.users;
    users.import(vec![NewUser { password_hash: None, ..world.new_user("author") }]).await.unwrap();
    assert!(!users.any().await.unwrap());
    users.register(world.new_user("owner"), Admission::First).await.unwrap();
    assert!(users.any().await.unwrap());
    assert_eq!(code_of(users.register(world.new_user("late"), Admission::First).await), Code::Conflict);
    assert!(users.credentials_by_name("late").await.unwrap().is_none());
}

pub async fn an_invitation_admits_once(world: &World) {
    let owner = world.user("owner").await;
    let team = world.workspace(owner, "team").await;
    let at = world.tick();
    let invite = NewInvite {
        id: new_id(),
        token_hash: [1; 32],
        role: WorkspaceRole::Guest,
        max_uses: Some(1),
        at,
        expires_at: at.plus_millis(1_000),
    };
    world.store.workspaces.create_invite(WorkspaceGrant::system(owner, team), invite).await.unwrap();
    let users = &world.store.users;
    assert_eq!(
        code_of(users.register(world.new_user("owner"), Admission::Invite([1; 32])).await),
        Code::Conflict,
        "and nothing is used up"
    );
    let made = users.register(world.new_user("guest"), Admission::Invite([1; 32])).await.unwrap();
    assert_eq!(made.joined, Some((team, WorkspaceRole::Guest)));
    assert_eq!(world.store.workspaces.role(team, made.user.id).await.unwrap(), Some(WorkspaceRole::Guest));
    assert_eq!(code_of(users.register(world.new_user("second"), Admission::Invite([1; 32])).await), Code::Gone);
    assert_eq!(code_of(users.register(world.new_user("third"), Admission::Invite([2; 32])).await), Code::NotFound);
    assert!(users.credentials_by_name("second").await.unwrap().is_none());
}

pub async fn imported_authors_keep_their_accounts(world: &World) {
    let maya = world.user("maya").await;
    let author = NewUser { password_hash: None, ..world.new_user("author") };
    let again = NewUser { id: new_id(), ..author.clone() };
    let ids = world.store.users.import(vec![author.clone(), world.new_user("maya"), again]).await.unwrap();
    assert_eq!(ids, [author.id, maya, author.id]);
    assert!(world.store.users.credentials(author.id).await.unwrap().unwrap().user.imported);
    assert!(world.store.users.credentials(maya).await.unwrap().unwrap().password_hash.is_some());
}

pub async fn people_are_found_by_those_who_know_them(world: &World) {
    let [maya, marc, moss, mona] = world.users(["Maya", "Marc", "Moss", "Ébène"]).await;
    let team = world.workspace(maya, "team").await;
    world.join_workspace(team, maya, marc, WorkspaceRole::Member).await;
    world.group(marc, &[mona]).await;
    let users = &world.store.users;
    let names = |found: Vec<tertulia_domain::User>| found.into_iter().map(|user| user.id).collect::<Vec<_>>();
    assert_eq!(names(users.search(maya, "MA", 10).await.unwrap()), [marc, maya]);
    assert_eq!(names(users.search(maya, "ma", 1).await.unwrap()), [marc]);
    assert_eq!(names(users.search(marc, "éb", 10).await.unwrap()), [mona]);
    assert_eq!(names(users.search(marc, "", 10).await.unwrap()), [marc, maya, mona]);
    assert!(names(users.search(marc, "%", 10).await.unwrap()).is_empty());
    let mut seen = users.visible(marc, &[maya, moss, mona, marc, new_id()]).await.unwrap();
    seen.sort();
    let mut known = [maya, mona, marc];
    known.sort();
    assert_eq!(seen, known);
    assert_eq!(users.visible(moss, &[moss, maya]).await.unwrap(), [moss]);
}

pub async fn profiles_change(world: &World) {
    let maya = world.user("maya").await;
    let users = &world.store.users;
    let patch = UserPatch { display_name: Some("Maya C.".into()), avatar_url: Some("https://example.org/m.png".into()) };
    let user = users.update(maya, patch).await.unwrap();
    assert_eq!((user.display_name.as_str(), user.avatar_url.as_deref()), ("Maya C.", Some("https://example.org/m.png")));
    let user = users.update(maya, UserPatch { avatar_url: Some(String::new()), ..UserPatch::default() }).await.unwrap();
    assert_eq!((user.display_name.as_str(), user.avatar_url), ("Maya C.", None));
    assert_eq!(code_of(users.update(new_id(), UserPatch::default()).await), Code::NotFound);
    users.set_password(maya, "$argon2id$new".into()).await.unwrap();
    users.set_disabled(maya, true).await.unwrap();
    let found = users.credentials(maya).await.unwrap().unwrap();
    assert_eq!((found.password_hash.as_deref(), found.disabled), (Some("$argon2id$new"), true));
}

pub async fn mentions_reach_members_only(world: &World) {
    let [maya, marc, moss] = world.users(["maya", "marc", "moss"]).await;
    let team = world.workspace(maya, "team").await;
    world.join_workspace(team, maya, marc, WorkspaceRole::Member).await;
    let channel = world.channel(team, maya, "general").await.conversation.id;
    let group = world.group(maya, &[moss]).await;
    let names = ["maya", "marc", "moss", "nobody"].map(str::to_owned);
    let sorted = |mut ids: Vec<UserId>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(world.store.users.mentionable(channel, &names).await.unwrap()), sorted(vec![maya, marc]));
    assert_eq!(sorted(world.store.users.mentionable(group, &names).await.unwrap()), sorted(vec![maya, moss]));
}

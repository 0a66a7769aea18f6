//! Conversations: making them, seeing them, their settings.

use tertulia_domain::access::{Action, WorkspaceGrant};
use tertulia_domain::conversation::{ConversationSettings, NotificationLevel};
use tertulia_domain::{Code, ConversationType, EventBody, MemberRole, Visibility, WorkspaceRole};
use tertulia_ports::store::conversations::{ConversationPatch, NewConversation, PreferencesPatch};

use crate::World;
use crate::world::{code_of, grant, new_id, page, system};

pub async fn a_log_begins_with_its_members(world: &World) {
    let [maya, marc, moss] = world.users(["maya", "marc", "moss"]).await;
    let new = world.new_conversation(ConversationType::Group, maya, &[marc, moss, marc]);
    let made = world.store.conversations.create(new.clone()).await.unwrap();
    assert!(!made.existed);
    assert_eq!((made.conversation.head, made.conversation.member_count, made.conversation.created_by), (3, 3, maya));
    let joined: Vec<_> = made
        .events
        .iter()
        .map(|event| match &event.body {
            EventBody::MemberJoined(joined) => (event.seq, event.actor_id, joined.member.user_id, joined.member.role),
            other => panic!("{}", other.kind()),
        })
        .collect();
    assert_eq!(joined, [(1, maya, maya, MemberRole::Admin), (2, maya, marc, MemberRole::Member), (3, maya, moss, MemberRole::Member)]);
    assert_eq!(world.log_of(new.id).await, made.events);
    let mut ids = world.store.conversations.member_ids(&[new.id, new_id()], 1_000).await.unwrap().remove(0).1;
    ids.sort();
    let mut everybody = [maya, marc, moss];
    everybody.sort();
    assert_eq!(ids, everybody);
    assert!(world.store.conversations.member_ids(&[new_id()], 1_000).await.unwrap().is_empty());
    let (all, fewer) = (ids.len() as u64, ids.len() as u64 - 1);
    assert_eq!(world.store.conversations.member_ids(&[new.id], all).await.unwrap().len(), 1);
    assert!(world.store.conversations.member_ids(&[new.id], fewer).await.unwrap().is_empty(), "too many");
    assert_eq!(code_of(world.store.conversations.create(new).await), Code::Conflict, "the same id");
}

pub async fn direct_ones_are_made_once_per_pair(world: &World) {
    let [maya, marc, moss] = world.users(["maya", "marc", "moss"]).await;
    let conversations = &world.store.conversations;
    let direct = |from, to| world.new_conversation(ConversationType::Direct, from, &[to]);
    let first = conversations.create(direct(maya, marc)).await.unwrap();
    assert!(
        first.events.iter().all(|event| matches!(&event.body, EventBody::MemberJoined(joined) if joined.member.role == MemberRole::Member))
    );
    let again = conversations.create(direct(marc, maya)).await.unwrap();
    assert_eq!((again.existed, again.conversation.id, again.events.len()), (true, first.conversation.id, 0));
    let other = conversations.create(direct(maya, moss)).await.unwrap();
    assert_ne!(other.conversation.id, first.conversation.id);
    let seen = conversations.view(marc, &[first.conversation.id, other.conversation.id]).await.unwrap();
    assert_eq!(seen.iter().map(|view| (view.conversation.id, view.peer_id)).collect::<Vec<_>>(), [(first.conversation.id, Some(maya))]);
}

pub async fn channel_names_are_unique(world: &World) {
    let owner = world.user("owner").await;
    let (team, other_team) = (world.workspace(owner, "team").await, world.workspace(owner, "other").await);
    let conversations = &world.store.conversations;
    let general = world.channel(team, owner, "General").await.conversation.id;
    world.channel(other_team, owner, "general").await;
    assert_eq!(code_of(conversations.create(world.new_channel(team, owner, "gENERAL")).await), Code::Conflict);
    let random = world.channel(team, owner, "random").await.conversation.id;
    let rename = ConversationPatch { name: Some("GENERAL".into()), ..ConversationPatch::default() };
    assert_eq!(code_of(conversations.update(system(owner, random), rename, world.tick()).await), Code::Conflict);
    // An archived one gives its name free, and needs a free one to come back.
    let archive = |archived| ConversationPatch { archived: Some(archived), ..ConversationPatch::default() };
    conversations.update(system(owner, general), archive(true), world.tick()).await.unwrap().unwrap();
    world.channel(team, owner, "general").await;
    assert_eq!(code_of(conversations.update(system(owner, general), archive(false), world.tick()).await), Code::Conflict);
}

pub async fn only_known_people_come_in(world: &World) {
    let [owner, outsider] = world.users(["owner", "outsider"]).await;
    let team = world.workspace(owner, "team").await;
    let conversations = &world.store.conversations;
    let with = |members| NewConversation { members, ..world.new_channel(team, owner, "general") };
    assert_eq!(code_of(conversations.create(with(vec![outsider])).await), Code::NotFound);
    assert_eq!(code_of(conversations.create(with(vec![new_id()])).await), Code::NotFound);
    assert_eq!(code_of(conversations.create(world.new_channel(team, outsider, "mine")).await), Code::NotFound);
    assert_eq!(code_of(conversations.create(world.new_conversation(ConversationType::Group, owner, &[new_id()])).await), Code::NotFound);
    assert!(conversations.heads_of(owner, None).await.unwrap().is_empty(), "nothing was left behind");
    let channel = conversations.create(with(vec![])).await.unwrap().conversation.id;
    let add = grant(owner, channel, Action::AddMembers);
    assert_eq!(code_of(conversations.add_members(add, &[owner, outsider], MemberRole::Member, None, world.tick()).await), Code::NotFound);
    assert_eq!(world.head(channel).await, 1);
}

pub async fn views_show_what_may_be_seen(world: &World) {
    let [owner, member, guest, outsider] = world.users(["owner", "member", "guest", "outsider"]).await;
    let team = world.workspace(owner, "team").await;
    world.join_workspace(team, owner, member, WorkspaceRole::Member).await;
    world.join_workspace(team, owner, guest, WorkspaceRole::Guest).await;
    let public = world.channel(team, owner, "public").await.conversation.id;
    let private = NewConversation { visibility: Visibility::Private, ..world.new_channel(team, owner, "private") };
    let private = world.store.conversations.create(private).await.unwrap().conversation.id;
    let conversations = &world.store.conversations;
    for (viewer, visible) in [(owner, vec![private, public]), (member, vec![public]), (guest, vec![]), (outsider, vec![])] {
        let views = conversations.view(viewer, &[private, new_id(), public]).await.unwrap();
        assert_eq!(views.iter().map(|view| view.conversation.id).collect::<Vec<_>>(), visible);
        assert!(views.iter().all(|view| view.membership.is_some() == (viewer == owner)));
    }
    let browsed = conversations.browse(WorkspaceGrant::system(member, team), "PUB", page(10)).await.unwrap();
    assert_eq!(browsed.items.iter().map(|view| view.conversation.id).collect::<Vec<_>>(), [public]);
    let standing = conversations.standing(public, guest).await.unwrap().unwrap();
    assert_eq!((standing.workspace_role, standing.member_role), (Some(WorkspaceRole::Guest), None));
    let standing = conversations.standing(private, owner).await.unwrap().unwrap();
    assert_eq!((standing.workspace_role, standing.member_role), (Some(WorkspaceRole::Owner), Some(MemberRole::Admin)));
    let standing = conversations.standing(private, new_id()).await.unwrap().unwrap();
    assert_eq!((standing.workspace_role, standing.member_role), (None, None));
    assert!(conversations.standing(new_id(), owner).await.unwrap().is_none());
}

pub async fn settings_change(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let conversations = &world.store.conversations;
    let settings = ConversationSettings { only_admins_can_post: true, allow_member_invites: false };
    let patch = ConversationPatch {
        name: Some("Crew".into()),
        topic: Some("plans".into()),
        settings: Some(settings),
        ..ConversationPatch::default()
    };
    let event = conversations.update(system(maya, group), patch.clone(), world.tick()).await.unwrap().unwrap();
    let EventBody::ConversationUpdated(updated) = &event.body else { panic!("{}", event.body.kind()) };
    assert_eq!((updated.name.as_deref(), updated.topic.as_deref(), updated.settings), (Some("Crew"), Some("plans"), settings));
    assert_eq!(conversations.update(system(maya, group), patch, world.tick()).await.unwrap(), None);
    let clear = ConversationPatch { topic: Some(String::new()), archived: Some(true), ..ConversationPatch::default() };
    let at = world.tick();
    conversations.update(system(maya, group), clear, at).await.unwrap().unwrap();
    let now = conversations.standing(group, maya).await.unwrap().unwrap().conversation;
    assert_eq!((now.name.as_deref(), now.topic, now.archived_at, now.updated_at), (Some("Crew"), None, Some(at), at));
}

pub async fn preferences_are_ones_own(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    let conversations = &world.store.conversations;
    let until = world.tick().plus_millis(5_000);
    let patch = PreferencesPatch { notification_level: Some(NotificationLevel::Mentions), muted_until: Some(until), pinned: None };
    conversations.set_preferences(grant(maya, group, Action::SetPreferences), patch).await.unwrap();
    let pin = PreferencesPatch { pinned: Some(true), ..PreferencesPatch::default() };
    conversations.set_preferences(grant(maya, group, Action::SetPreferences), pin).await.unwrap();
    let mine = conversations.view(maya, &[group]).await.unwrap().remove(0).membership.unwrap();
    assert_eq!((mine.notification_level, mine.muted_until, mine.pinned), (NotificationLevel::Mentions, Some(until), true));
    let theirs = conversations.view(marc, &[group]).await.unwrap().remove(0).membership.unwrap();
    assert_eq!((theirs.notification_level, theirs.muted_until, theirs.pinned), (NotificationLevel::All, None, false));
}

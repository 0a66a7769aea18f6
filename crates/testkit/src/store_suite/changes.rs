//! What becomes of messages after they were written.

use tertulia_domain::access::Action;
use tertulia_domain::event::{DeleteReason, EventBody};
use tertulia_domain::message::{MentionScope, REACTIONS_PER_MESSAGE_MAX, Toggle};
use tertulia_domain::{Code, Content, ConversationId, Event, MessageId, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::store::messages::Draft;

use crate::World;
use crate::world::{code_of, grant, may_read, new_id};

async fn edit(world: &World, by: UserId, at: ConversationId, id: MessageId, text: &str) -> StoreResult<Option<Event>> {
    let grant = grant(by, at, Action::Edit { own: true });
    world.store.messages.edit(grant, id, Content::text(text), vec![], None, world.tick()).await
}

async fn delete(world: &World, by: UserId, at: ConversationId, id: MessageId) -> StoreResult<Option<Event>> {
    world.store.messages.delete(grant(by, at, Action::Delete { own: true }), id, DeleteReason::Deleted, world.tick()).await
}

async fn react(world: &World, by: UserId, at: ConversationId, id: MessageId, emoji: &str, action: Toggle) -> StoreResult<Option<Event>> {
    world.store.messages.react(grant(by, at, Action::React), id, emoji.into(), action, world.tick()).await
}

async fn pin(world: &World, by: UserId, at: ConversationId, id: MessageId, action: Toggle) -> StoreResult<Option<Event>> {
    world.store.messages.pin(grant(by, at, Action::Pin), id, action, world.tick()).await
}

pub async fn edits_keep_versions(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let draft = world.draft("first");
    world.append(group, maya, draft.clone()).await;
    let second = edit(world, maya, group, draft.id, "second").await.unwrap().unwrap();
    assert!(
        matches!(&second.body, EventBody::MessageUpdated(body) if body.content == Content::text("second") && body.edited_at == second.at)
    );
    assert_eq!(edit(world, maya, group, draft.id, "second").await.unwrap(), None);
    let third = edit(world, maya, group, draft.id, "third").await.unwrap().unwrap();
    let versions = world.store.messages.versions(may_read(maya, group), draft.id).await.unwrap();
    let wordings: Vec<_> = versions.iter().map(|version| (version.content.as_text(), version.at)).collect();
    assert_eq!(wordings, [("first", draft.at), ("second", second.at)]);
    let now = world.store.messages.find(draft.id, maya).await.unwrap().unwrap().message;
    assert_eq!((now.content.as_text(), now.edited_at, now.seq), ("third", Some(third.at), 2));
    // Who is named is part of what can change.
    let grant = grant(maya, group, Action::Edit { own: true });
    let scope = Some(MentionScope::Channel);
    let named = world.store.messages.edit(grant, draft.id, Content::text("third"), vec![maya], scope, world.tick()).await.unwrap();
    assert!(matches!(&named.unwrap().body, EventBody::MessageUpdated(body) if body.mentions == [maya] && body.mention_scope == scope));
}

pub async fn a_deleted_message_is_gone_everywhere(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    let draft = Draft { mentions: vec![marc], mention_scope: Some(MentionScope::Channel), ..world.draft("first secret") };
    world.append(group, maya, draft.clone()).await;
    edit(world, maya, group, draft.id, "second secret").await.unwrap();
    react(world, marc, group, draft.id, "👍", Toggle::Add).await.unwrap();
    pin(world, maya, group, draft.id, Toggle::Add).await.unwrap();
    let event = delete(world, maya, group, draft.id).await.unwrap().unwrap();
    assert!(matches!(&event.body, EventBody::MessageDeleted(body) if body.message_id == draft.id && body.deleted_at == event.at));
    assert_eq!(delete(world, maya, group, draft.id).await.unwrap(), None);
    let left = world.store.messages.find(draft.id, marc).await.unwrap().unwrap().message;
    assert_eq!((left.content, left.deleted_at, left.sender_id), (Content::tombstone(), Some(event.at), maya));
    assert!(left.mentions.is_empty() && left.mention_scope.is_none() && left.reactions.is_empty() && left.pinned_at.is_none());
    assert!(world.store.messages.versions(may_read(maya, group), draft.id).await.unwrap().is_empty());
    assert!(world.store.messages.pins(may_read(maya, group)).await.unwrap().is_empty());
    assert_eq!(world.store.conversations.view(marc, &[group]).await.unwrap()[0].unread, Default::default());
    for event in world.log_of(group).await {
        match &event.body {
            EventBody::MessageNew(body) => assert!(body.message.content == Content::tombstone() && body.message.mentions.is_empty()),
            EventBody::MessageUpdated(body) => assert!(body.content == Content::tombstone() && body.mentions.is_empty()),
            _ => {}
        }
    }
}

pub async fn reactions_count_people(world: &World) {
    let [maya, marc, moss] = world.users(["maya", "marc", "moss"]).await;
    let group = world.group(maya, &[marc, moss]).await;
    let message = world.send(group, maya, "hello").await;
    for (user, emoji, action, count) in [
        (maya, "👍", Toggle::Add, Some(1)),
        (marc, "🎉", Toggle::Add, Some(1)),
        (maya, "👍", Toggle::Add, None),
        (marc, "👍", Toggle::Add, Some(2)),
        (maya, "👍", Toggle::Remove, Some(1)),
        (maya, "👍", Toggle::Remove, None),
        (moss, "👍", Toggle::Add, Some(2)),
    ] {
        let event = react(world, user, group, message, emoji, action).await.unwrap();
        let told = event.map(|event| match event.body {
            EventBody::MessageReaction(body) => body.count,
            other => panic!("{}", other.kind()),
        });
        assert_eq!(told, count);
    }
    let reactions = world.store.messages.find(message, moss).await.unwrap().unwrap().message.reactions;
    let shown: Vec<_> = reactions.iter().map(|r| (r.emoji.as_str(), r.count, r.me, r.user_ids.as_slice())).collect();
    assert_eq!(shown, [("👍", 2, true, [marc, moss].as_slice()), ("🎉", 1, false, [marc].as_slice())]);
}

pub async fn reactions_are_limited(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    let message = world.send(group, maya, "hello").await;
    for n in 0..REACTIONS_PER_MESSAGE_MAX {
        react(world, maya, group, message, &format!(":e{n}:"), Toggle::Add).await.unwrap().unwrap();
    }
    assert_eq!(code_of(react(world, maya, group, message, ":more:", Toggle::Add).await), Code::LimitReached);
    assert!(react(world, marc, group, message, ":e0:", Toggle::Add).await.unwrap().is_some(), "one that is there already");
}

pub async fn pins_are_listed(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let (one, two) = (world.send(group, maya, "one").await, world.send(group, maya, "two").await);
    let (add, remove) = (Toggle::Add, Toggle::Remove);
    for (id, action, changes) in [(two, add, true), (one, add, true), (one, add, false), (two, remove, true), (two, add, true)] {
        assert_eq!(pin(world, maya, group, id, action).await.unwrap().is_some(), changes);
    }
    let pins = world.store.messages.pins(may_read(maya, group)).await.unwrap();
    assert_eq!(pins.iter().map(|message| message.id).collect::<Vec<_>>(), [two, one]);
}

pub async fn what_is_deleted_cannot_be_changed(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let message = world.send(group, maya, "hello").await;
    delete(world, maya, group, message).await.unwrap();
    assert_eq!(code_of(edit(world, maya, group, message, "back").await), Code::NotFound);
    assert_eq!(code_of(react(world, maya, group, message, "👍", Toggle::Add).await), Code::NotFound);
    assert_eq!(code_of(pin(world, maya, group, message, Toggle::Add).await), Code::NotFound);
    assert_eq!(world.head(group).await, 3);
}

/// A grant for one conversation reaches no message of another.
pub async fn messages_elsewhere_cannot_be_changed(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let (mine, theirs) = (world.group(maya, &[]).await, world.group(marc, &[]).await);
    for message in [world.send(theirs, marc, "private").await, new_id()] {
        assert_eq!(code_of(edit(world, maya, mine, message, "x").await), Code::NotFound);
        assert_eq!(code_of(delete(world, maya, mine, message).await), Code::NotFound);
        assert_eq!(code_of(react(world, maya, mine, message, "👍", Toggle::Add).await), Code::NotFound);
        assert_eq!(code_of(pin(world, maya, mine, message, Toggle::Add).await), Code::NotFound);
        assert_eq!(code_of(world.store.messages.versions(may_read(maya, mine), message).await), Code::NotFound);
        let request = crate::world::page(10);
        assert_eq!(code_of(world.store.messages.thread(may_read(maya, mine), message, request).await), Code::NotFound);
    }
}

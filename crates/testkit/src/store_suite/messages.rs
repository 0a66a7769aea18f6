//! Writing messages.

use tertulia_domain::access::{Action, Grant};
use tertulia_domain::event::DeleteReason;
use tertulia_domain::{Code, Content, EventBody, MessageId};
use tertulia_ports::store::messages::{Draft, Window};

use crate::World;
use crate::world::{code_of, grant, may_read, may_send, new_id, page, system};

pub async fn a_message_is_written_once(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    let draft = Draft { mentions: vec![marc], ..world.draft("hello") };
    let first = world.append(group, maya, draft.clone()).await;
    assert_eq!((first.seq, first.at, first.duplicate), (3, draft.at, false));
    let event = first.event.unwrap();
    let EventBody::MessageNew(new) = &event.body else { panic!("{}", event.body.kind()) };
    assert_eq!((event.actor_id, event.seq, new.message.seq, &new.message.content), (maya, 3, 3, &draft.content));
    let again = world.append(group, maya, Draft { at: world.tick(), ..draft.clone() }).await;
    assert_eq!((again.seq, again.at, again.duplicate, again.event), (3, draft.at, true, None));
    assert_eq!(world.head(group).await, 3);
    let found = world.store.messages.find(draft.id, marc).await.unwrap().unwrap();
    assert_eq!((found.conversation_id, &found.message), (group, &new.message));
    assert_eq!(world.store.messages.find(new_id(), marc).await.unwrap(), None);
    let row = world.store.conversations.standing(group, maya).await.unwrap().unwrap();
    assert_eq!(row.conversation.last_message_at, Some(draft.at));
}

pub async fn another_message_under_the_same_id_is_refused(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let (group, other) = (world.group(maya, &[marc]).await, world.group(maya, &[marc]).await);
    let (draft, root) = (world.draft("hello"), world.send(group, maya, "root").await);
    world.append(group, maya, draft.clone()).await;
    let messages = &world.store.messages;
    let changed = Draft { content: Content::text("other"), ..draft.clone() };
    let answer = Draft { reply_to: Some(root), ..draft.clone() };
    assert_eq!(code_of(messages.append(may_send(maya, group), changed).await), Code::Conflict, "other content");
    assert_eq!(code_of(messages.append(may_send(maya, group), answer).await), Code::Conflict, "answers another");
    assert_eq!(code_of(messages.append(may_send(marc, group), draft.clone()).await), Code::Conflict, "another sender");
    assert_eq!(code_of(messages.append(may_send(maya, other), draft).await), Code::Conflict, "another conversation");
    assert_eq!((world.head(group).await, world.head(other).await), (4, 2));
}

pub async fn dedup_outlives_edits_and_deletion(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let draft = world.draft("hello");
    world.append(group, maya, draft.clone()).await;
    let messages = &world.store.messages;
    let edit = grant(maya, group, Action::Edit { own: true });
    messages.edit(edit, draft.id, Content::text("edited"), vec![], None, world.tick()).await.unwrap();
    assert!(world.append(group, maya, draft.clone()).await.duplicate);
    let edited = Draft { content: Content::text("edited"), ..draft.clone() };
    assert_eq!(code_of(messages.append(may_send(maya, group), edited).await), Code::Conflict);
    messages.delete(grant(maya, group, Action::Delete { own: true }), draft.id, DeleteReason::Deleted, world.tick()).await.unwrap();
    assert!(world.append(group, maya, draft.clone()).await.duplicate);
    assert_eq!(world.head(group).await, 4);
}

pub async fn parents_must_be_there(world: &World) {
    let maya = world.user("maya").await;
    let (group, other) = (world.group(maya, &[]).await, world.group(maya, &[]).await);
    let (root, elsewhere, deleted) =
        (world.send(group, maya, "root").await, world.send(other, maya, "e").await, world.send(group, maya, "d").await);
    let delete = grant(maya, group, Action::Delete { own: true });
    world.store.messages.delete(delete, deleted, DeleteReason::Deleted, world.tick()).await.unwrap();
    let reply = Draft { thread_root: Some(root), ..world.draft("in the thread") };
    world.append(group, maya, reply.clone()).await;
    let head = world.head(group).await;
    let refuse = async |reply_to: Option<MessageId>, thread_root: Option<MessageId>| {
        let draft = Draft { reply_to, thread_root, ..world.draft("x") };
        code_of(world.store.messages.append(may_send(maya, group), draft).await)
    };
    for parent in [elsewhere, deleted, new_id()] {
        assert_eq!(refuse(Some(parent), None).await, Code::InvalidParent);
        assert_eq!(refuse(None, Some(parent)).await, Code::InvalidParent);
    }
    assert_eq!(refuse(None, Some(reply.id)).await, Code::InvalidParent, "no thread in a thread");
    assert_eq!(world.head(group).await, head);
    world.append(group, maya, Draft { reply_to: Some(reply.id), ..world.draft("quotes a reply") }).await;
}

pub async fn a_thread_counts_its_replies(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let root = world.send(group, maya, "root").await;
    let mut replies = Vec::new();
    for text in ["one", "two", "three"] {
        let draft = Draft { thread_root: Some(root), ..world.draft(text) };
        replies.push(draft.clone());
        world.append(group, maya, draft).await;
    }
    let delete = grant(maya, group, Action::Delete { own: true });
    world.store.messages.delete(delete, replies[2].id, DeleteReason::Deleted, world.tick()).await.unwrap();
    let message = world.store.messages.find(root, maya).await.unwrap().unwrap().message;
    assert_eq!((message.thread_count, message.last_reply_at), (2, Some(replies[2].at)));
    let thread = world.store.messages.thread(may_read(maya, group), root, page(10)).await.unwrap();
    assert_eq!(
        thread.items.iter().map(|reply| (reply.id, reply.deleted_at.is_some())).collect::<Vec<_>>(),
        [(replies[0].id, false), (replies[1].id, false), (replies[2].id, true)]
    );
}

pub async fn a_refused_batch_leaves_nothing(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[]).await;
    let bad = Draft { thread_root: Some(new_id()), ..world.draft("bad") };
    let (good, later) = (world.draft("good"), world.draft("later"));
    let drafts = vec![(maya, good.clone()), (marc, bad), (marc, later.clone())];
    assert_eq!(code_of(world.store.messages.append_all(system(maya, group), drafts).await), Code::InvalidParent);
    assert_eq!(world.head(group).await, 1);
    for draft in [good, later] {
        assert_eq!(world.store.messages.find(draft.id, maya).await.unwrap(), None);
    }
    let unknown = vec![(new_id(), world.draft("x"))];
    assert_eq!(code_of(world.store.messages.append_all(system(maya, group), unknown).await), Code::NotFound);
}

pub async fn a_batch_is_idempotent(world: &World) {
    let [maya, author] = world.users(["maya", "author"]).await;
    let group = world.group(maya, &[]).await;
    let root = world.draft("root");
    let mut drafts = vec![(author, root.clone())];
    drafts.extend((0..9).map(|n| (author, Draft { thread_root: Some(root.id), ..world.draft(&format!("reply {n}")) })));
    let grant = Grant::system(maya, group, Action::Send);
    let first = world.store.messages.append_all(grant, drafts.clone()).await.unwrap();
    assert_eq!(first.iter().map(|appended| appended.seq).collect::<Vec<_>>(), (2..12).collect::<Vec<_>>());
    drafts.push((author, world.draft("new")));
    let again = world.store.messages.append_all(grant, drafts).await.unwrap();
    assert!(again[..10].iter().all(|appended| appended.duplicate) && !again[10].duplicate);
    assert_eq!(again.iter().map(|appended| appended.seq).collect::<Vec<_>>(), (2..13).collect::<Vec<_>>());
    let window = world.store.messages.window(may_read(maya, group), Window::Latest, 50).await.unwrap();
    let shown: Vec<_> = window.items.iter().map(|message| (message.seq, message.sender_id, message.thread_count)).collect();
    assert_eq!(shown, [(2, author, 9), (12, author, 0)]);
}

pub async fn messages_expire(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let mut ids = Vec::new();
    for ms in [30, 10, 20] {
        let draft = world.draft("soon gone");
        ids.push(draft.id);
        world.append(group, maya, Draft { expires_at: Some(draft.at.plus_millis(ms)), ..draft }).await;
    }
    world.send(group, maya, "stays").await;
    let messages = &world.store.messages;
    let now = world.tick().plus_millis(100);
    assert_eq!(messages.expired(world.tick().plus_millis(-100), 10).await.unwrap(), []);
    let due = messages.expired(now, 2).await.unwrap();
    assert_eq!(due, [(group, maya, ids[1]), (group, maya, ids[2])]);
    for (conversation, sender, id) in messages.expired(now, 10).await.unwrap() {
        let event = messages.delete(system(sender, conversation), id, DeleteReason::Expired, now).await.unwrap().unwrap();
        assert!(matches!(event.body, EventBody::MessageDeleted(body) if body.reason == DeleteReason::Expired));
    }
    assert_eq!(messages.expired(now, 10).await.unwrap(), []);
}

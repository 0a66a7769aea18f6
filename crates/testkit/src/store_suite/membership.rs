//! Who is in a conversation, and what follows from it.

use tertulia_domain::access::{Action, Grant};
use tertulia_domain::conversation::Member;
use tertulia_domain::event::DeleteReason;
use tertulia_domain::message::Toggle;
use tertulia_domain::{Code, Content, EventBody, MemberRole};
use tertulia_ports::ReceiptKind;
use tertulia_ports::store::conversations::{ConversationPatch, PreferencesPatch};
use tertulia_ports::store::messages::Window;
use tertulia_ports::store::schedule::Scheduled;

use crate::World;
use crate::world::{code_of, grant, may_read, may_send, new_id, page, system};

pub async fn people_come_and_go(world: &World) {
    let [maya, marc, moss] = world.users(["maya", "marc", "moss"]).await;
    let group = world.group(maya, &[marc]).await;
    let conversations = &world.store.conversations;
    let add = grant(maya, group, Action::AddMembers);
    let at = world.tick();
    let events = conversations.add_members(add, &[marc, moss, moss], MemberRole::Member, Some(3), at).await.unwrap();
    let joined = Member { user_id: moss, role: MemberRole::Member, joined_at: at };
    assert_eq!(events.len(), 1, "who is in it already is left alone");
    assert!(matches!(&events[0].body, EventBody::MemberJoined(body) if body.member == joined));
    let manage = grant(maya, group, Action::SetMemberRole);
    let promoted = conversations.set_member(manage, moss, Some(MemberRole::Admin), world.tick()).await.unwrap().unwrap();
    let admin = Member { role: MemberRole::Admin, ..joined };
    assert!(matches!(&promoted.body, EventBody::MemberUpdated(body) if body.member == admin));
    assert_eq!(conversations.set_member(manage, moss, Some(MemberRole::Admin), world.tick()).await.unwrap(), None);
    let left = conversations.set_member(grant(marc, group, Action::Leave), marc, None, world.tick()).await.unwrap().unwrap();
    assert!(matches!(&left.body, EventBody::MemberLeft(body) if body.user_id == marc && left.actor_id == marc));
    assert_eq!(code_of(conversations.set_member(manage, marc, None, world.tick()).await), Code::NotFound);
    let now = conversations.members(may_read(maya, group), page(10)).await.unwrap();
    assert_eq!(
        now.items.iter().map(|member| (member.user_id, member.role)).collect::<Vec<_>>(),
        [(maya, MemberRole::Admin), (moss, MemberRole::Admin)]
    );
    assert_eq!(conversations.standing(group, maya).await.unwrap().unwrap().conversation.member_count, 2);
}

pub async fn a_full_group_takes_nobody(world: &World) {
    let [maya, marc, moss] = world.users(["maya", "marc", "moss"]).await;
    let group = world.group(maya, &[]).await;
    let add = grant(maya, group, Action::AddMembers);
    let outcome = world.store.conversations.add_members(add, &[marc, moss], MemberRole::Member, Some(2), world.tick()).await;
    assert_eq!(code_of(outcome), Code::LimitReached);
    assert_eq!(world.store.conversations.member_ids(&[group], 10).await.unwrap(), [(group, vec![maya])]);
    assert_eq!(world.head(group).await, 1);
}

pub async fn new_members_have_read_what_was_before(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[]).await;
    world.send(group, maya, "before").await;
    world
        .store
        .conversations
        .add_members(grant(maya, group, Action::AddMembers), &[marc], MemberRole::Member, None, world.tick())
        .await
        .unwrap();
    let view = world.store.conversations.view(marc, &[group]).await.unwrap().remove(0);
    let membership = view.membership.unwrap();
    assert_eq!((view.conversation.head, membership.read_seq, membership.delivered_seq, view.unread.unread_count), (3, 3, 3, 0));
    world.send(group, maya, "after").await;
    assert_eq!(world.store.conversations.view(marc, &[group]).await.unwrap()[0].unread.unread_count, 1);
}

/// Whatever a grant was given for: in the moment of the commit its actor must be a member.
pub async fn a_stale_grant_opens_nothing(world: &World) {
    let [maya, marc, moss] = world.users(["maya", "marc", "moss"]).await;
    let group = world.group(maya, &[marc]).await;
    let message = world.send(group, marc, "hello").await;
    world.store.conversations.set_member(system(maya, group), marc, None, world.tick()).await.unwrap();
    let (head, at) = (world.head(group).await, world.tick());
    let of = |action| grant(marc, group, action);
    let tertulia_ports::Store { messages, conversations, log, receipts, schedule, .. } = world.store.clone();
    let scheduled = Scheduled { conversation_id: group, sender_id: marc, draft: world.draft("later"), expires_in_ms: None };
    let refused = [
        code_of(messages.append(of(Action::Send), world.draft("late")).await),
        code_of(messages.edit(of(Action::Edit { own: true }), message, Content::text("x"), vec![], None, at).await),
        code_of(messages.delete(of(Action::Delete { own: true }), message, DeleteReason::Deleted, at).await),
        code_of(messages.react(of(Action::React), message, "👍".into(), Toggle::Add, at).await),
        code_of(messages.pin(of(Action::Pin), message, Toggle::Add, at).await),
        code_of(messages.window(of(Action::Read), Window::Latest, 10).await),
        code_of(messages.seq_at(of(Action::Read), at).await),
        code_of(messages.thread(of(Action::Read), message, page(10)).await),
        code_of(messages.pins(of(Action::Read)).await),
        code_of(messages.versions(of(Action::Read), message).await),
        code_of(log.tail(of(Action::Read), 0, 10).await),
        code_of(conversations.members(of(Action::Read), page(10)).await),
        code_of(
            conversations
                .update(of(Action::Update), ConversationPatch { name: Some("x".into()), ..ConversationPatch::default() }, at)
                .await,
        ),
        code_of(conversations.add_members(of(Action::AddMembers), &[moss], MemberRole::Member, None, at).await),
        code_of(conversations.set_member(of(Action::RemoveMember), maya, None, at).await),
        code_of(conversations.set_preferences(of(Action::SetPreferences), PreferencesPatch::default()).await),
        code_of(receipts.mark(of(Action::MarkRead), ReceiptKind::Read, head, at).await),
        code_of(receipts.mark_unread(of(Action::MarkRead), 0).await),
        code_of(receipts.list(of(Action::Read), 10).await),
        code_of(schedule.put(of(Action::Send), scheduled).await),
        code_of(schedule.list(of(Action::Read)).await),
    ];
    assert_eq!(refused, [Code::NotFound; 21]);
    assert_eq!(world.head(group).await, head);
    // Nor does a conversation that is not there, or an actor whom nobody knows.
    assert_eq!(code_of(messages.append(may_send(maya, new_id()), world.draft("x")).await), Code::NotFound);
    assert_eq!(code_of(messages.append(Grant::system(new_id(), group, Action::Send), world.draft("x")).await), Code::NotFound);
    messages.append(Grant::system(marc, group, Action::Send), world.draft("the server may")).await.unwrap();
}

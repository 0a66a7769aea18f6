//! Watermarks and counts.

use tertulia_domain::access::{Action, Grant};
use tertulia_domain::conversation::Unread;
use tertulia_domain::event::DeleteReason;
use tertulia_domain::message::MentionScope;
use tertulia_domain::{ConversationId, MemberRole, UserId};
use tertulia_ports::ReceiptKind;
use tertulia_ports::store::conversations::PreferencesPatch;
use tertulia_ports::store::messages::Draft;
use tertulia_ports::store::receipts::Badge;
use tertulia_ports::store::receipts::Marked;

use crate::World;
use crate::world::{grant, may_read, new_id};

fn may_mark(user: UserId, conversation: ConversationId) -> Grant {
    grant(user, conversation, Action::MarkRead)
}

fn unread(unread_count: u32, mention_count: u32) -> Unread {
    Unread { unread_count, mention_count }
}

async fn unread_of(world: &World, user: UserId, conversation: ConversationId) -> Unread {
    world.store.conversations.view(user, &[conversation]).await.unwrap()[0].unread
}

/// Three messages of maya's, with `seq` 3, 4 and 5.
async fn three(world: &World) -> (UserId, UserId, ConversationId) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    for text in ["one", "two", "three"] {
        world.send(group, maya, text).await;
    }
    (maya, marc, group)
}

pub async fn watermarks_move_forward(world: &World) {
    let (_, marc, group) = three(world).await;
    let receipts = &world.store.receipts;
    let (first_at, second_at) = (world.tick(), world.tick());
    let mark = async |kind, seq, at| receipts.mark(may_mark(marc, group), kind, seq, at).await.unwrap();
    assert_eq!(mark(ReceiptKind::Delivered, 4, first_at).await, Marked { seq: 4, moved: true, unread: unread(3, 0) });
    assert_eq!(mark(ReceiptKind::Delivered, 3, first_at).await, Marked { seq: 4, moved: false, unread: unread(3, 0) });
    assert_eq!(mark(ReceiptKind::Read, 3, first_at).await, Marked { seq: 3, moved: true, unread: unread(2, 0) });
    assert_eq!(mark(ReceiptKind::Read, 3, second_at).await, Marked { seq: 3, moved: false, unread: unread(2, 0) });
    assert_eq!(mark(ReceiptKind::Read, 999, second_at).await, Marked { seq: 5, moved: true, unread: unread(0, 0) }, "not past the head");
    let list = receipts.list(may_read(marc, group), 10).await.unwrap();
    let mine = list.iter().find(|receipt| receipt.user_id == marc).unwrap();
    assert_eq!((mine.delivered_seq, mine.read_seq), (5, 5), "reading implies delivery");
    assert_eq!((mine.delivered_at, mine.read_at), (Some(second_at), Some(second_at)));
    assert!(list.is_sorted_by_key(|receipt| receipt.user_id));
    assert_eq!((list.len(), receipts.list(may_read(marc, group), 1).await.unwrap().len()), (2, 1));
}

/// What a mark would answer, and nothing of it done.
pub async fn a_mark_can_be_foreseen(world: &World) {
    let (_, marc, group) = three(world).await;
    let receipts = &world.store.receipts;
    let before = receipts.list(may_read(marc, group), 10).await.unwrap();
    for (kind, seq) in [(ReceiptKind::Read, 3), (ReceiptKind::Delivered, 4), (ReceiptKind::Delivered, 1), (ReceiptKind::Read, 999)] {
        let foreseen = receipts.foresee(may_mark(marc, group), kind, seq).await.unwrap();
        assert_eq!(receipts.list(may_read(marc, group), 10).await.unwrap(), before, "it was only foreseen");
        assert_eq!(unread_of(world, marc, group).await, unread(3, 0));
        assert!(!foreseen.moved);
        if kind == ReceiptKind::Read {
            let expected = if seq == 3 { (3, unread(2, 0)) } else { (5, unread(0, 0)) };
            assert_eq!((foreseen.seq, foreseen.unread), expected);
        } else {
            assert_eq!((foreseen.seq, foreseen.unread), (seq.max(2), unread(3, 0)), "receiving is not reading");
        }
    }
    let done = receipts.mark(may_mark(marc, group), ReceiptKind::Read, 4, world.tick()).await.unwrap();
    let foreseen = receipts.foresee(may_mark(marc, group), ReceiptKind::Read, 3).await.unwrap();
    assert_eq!((foreseen.seq, foreseen.unread), (done.seq, done.unread), "never back");
}

pub async fn watermarks_move_back_on_purpose(world: &World) {
    let (_, marc, group) = three(world).await;
    let receipts = &world.store.receipts;
    receipts.mark(may_mark(marc, group), ReceiptKind::Read, 5, world.tick()).await.unwrap();
    assert_eq!(receipts.mark_unread(may_mark(marc, group), 3).await.unwrap(), Marked { seq: 3, moved: true, unread: unread(2, 0) });
    assert_eq!(receipts.mark_unread(may_mark(marc, group), 4).await.unwrap(), Marked { seq: 3, moved: false, unread: unread(2, 0) });
    assert_eq!(unread_of(world, marc, group).await, unread(2, 0));
}

pub async fn unread_counts_what_others_wrote(world: &World) {
    let (maya, marc, group) = three(world).await;
    assert_eq!((unread_of(world, maya, group).await, unread_of(world, marc, group).await), (unread(0, 0), unread(3, 0)));
    let root = world.send(group, maya, "four").await;
    world.append(group, maya, Draft { thread_root: Some(root), ..world.draft("in a thread") }).await;
    world.send(group, marc, "mine").await;
    assert_eq!(unread_of(world, marc, group).await, unread(4, 0));
    let delete = grant(maya, group, Action::Delete { own: true });
    world.store.messages.delete(delete, root, DeleteReason::Deleted, world.tick()).await.unwrap();
    assert_eq!(unread_of(world, marc, group).await, unread(3, 0));
}

pub async fn mentions_count_in_threads(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    let root = world.send(group, maya, "root").await;
    let both = Draft { mentions: vec![marc], mention_scope: Some(MentionScope::Channel), ..world.draft("@marc @channel") };
    world.append(group, maya, both).await;
    let reply = Draft { thread_root: Some(root), mentions: vec![marc, maya], ..world.draft("@marc") };
    world.append(group, maya, reply.clone()).await;
    world.append(group, maya, Draft { mention_scope: Some(MentionScope::Here), ..world.draft("@here") }).await;
    assert_eq!(unread_of(world, marc, group).await, unread(3, 3), "a message counts once");
    assert_eq!(unread_of(world, maya, group).await, unread(0, 0), "nobody mentions themselves");
    let edit = grant(maya, group, Action::Edit { own: true });
    world.store.messages.edit(edit, reply.id, reply.content.clone(), vec![], None, world.tick()).await.unwrap();
    assert_eq!(unread_of(world, marc, group).await, unread(3, 2));
    world.store.receipts.mark(may_mark(marc, group), ReceiptKind::Read, 4, world.tick()).await.unwrap();
    assert_eq!(unread_of(world, marc, group).await, unread(1, 1));
}

/// Whoever was at the head stays there with what they write; whoever was not has something left to read.
pub async fn ones_own_message_is_read(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    world.send(group, maya, "one").await;
    world.send(group, marc, "two").await;
    let membership = async |user| world.store.conversations.view(user, &[group]).await.unwrap().remove(0).membership.unwrap();
    assert_eq!((membership(maya).await.read_seq, membership(maya).await.delivered_seq), (3, 3));
    assert_eq!(membership(marc).await.read_seq, 2);
    assert_eq!((unread_of(world, maya, group).await, unread_of(world, marc, group).await), (unread(1, 0), unread(1, 0)));
}

pub async fn badges_leave_muted_ones_out(world: &World) {
    let (maya, marc, group) = three(world).await;
    let other = world.group(maya, &[marc]).await;
    world.send(other, maya, "elsewhere").await;
    let receipts = &world.store.receipts;
    let now = world.tick();
    let badge =
        |conversation_id, user_id, read_seq, unread, total_unread| Badge { conversation_id, user_id, read_seq, unread, total_unread };
    let badges =
        receipts.badges(vec![(group, vec![marc, new_id(), maya]), (new_id(), vec![marc]), (other, vec![marc])], now).await.unwrap();
    let expected = [badge(group, marc, 2, unread(3, 0), 4), badge(group, maya, 5, unread(0, 0), 0), badge(other, marc, 2, unread(1, 0), 4)];
    assert_eq!(badges, expected);
    let mute = PreferencesPatch { muted_until: Some(now.plus_millis(1_000)), ..PreferencesPatch::default() };
    world.store.conversations.set_preferences(grant(marc, other, Action::SetPreferences), mute).await.unwrap();
    assert_eq!(receipts.badges(vec![(group, vec![marc])], now).await.unwrap(), [badge(group, marc, 2, unread(3, 0), 3)]);
    assert_eq!(receipts.badges(vec![(group, vec![marc])], now.plus_millis(1_000)).await.unwrap(), [badge(group, marc, 2, unread(3, 0), 4)]);
}

pub async fn sync_states_are_complete(world: &World) {
    let (maya, marc, group) = three(world).await;
    let other = world.group(marc, &[]).await;
    let mut states = world.store.receipts.sync_states(marc).await.unwrap();
    states.sort_by_key(|state| state.head);
    let seen: Vec<_> =
        states.iter().map(|state| (state.conversation_id, state.head, state.member_count, state.membership.role, state.unread)).collect();
    assert_eq!(seen, [(other, 1, 1, MemberRole::Admin, unread(0, 0)), (group, 5, 2, MemberRole::Member, unread(3, 0))]);
    world.store.conversations.set_member(grant(maya, group, Action::RemoveMember), marc, None, world.tick()).await.unwrap();
    assert_eq!(world.store.receipts.sync_states(marc).await.unwrap().len(), 1);
    assert!(world.store.receipts.sync_states(new_id()).await.unwrap().is_empty());
}

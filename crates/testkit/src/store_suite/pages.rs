//! Reading in pages.

use tertulia_domain::access::{Action, WorkspaceGrant};
use tertulia_domain::{Code, ConversationId, MemberRole, MessageId, Seq, UserId, WorkspaceRole};
use tertulia_ports::StoreResult;
use tertulia_ports::store::conversations::ConversationPatch;
use tertulia_ports::store::messages::{Draft, Window};
use tertulia_ports::store::{Page, PageRequest};

use crate::World;
use crate::world::{code_of, grant, may_read, page, system};

/// A group of one with `count` messages outside threads, each second one with a reply: their `seq`.
async fn talk(world: &World, maya: UserId, count: usize) -> (ConversationId, Vec<Seq>) {
    let group = world.group(maya, &[]).await;
    let mut seqs = Vec::new();
    for n in 0..count {
        let draft = world.draft(&format!("message {n}"));
        let root = draft.id;
        seqs.push(world.append(group, maya, draft).await.seq);
        if n % 2 == 0 {
            world.append(group, maya, Draft { thread_root: Some(root), ..world.draft("reply") }).await;
        }
    }
    (group, seqs)
}

pub async fn windows_leave_threads_out(world: &World) {
    let maya = world.user("maya").await;
    let (group, seqs) = talk(world, maya, 10).await;
    let read = async |window, limit| {
        let found = world.store.messages.window(may_read(maya, group), window, limit).await.unwrap();
        let items: Vec<Seq> = found.items.iter().map(|message| message.seq).collect();
        assert_eq!(found.head, 16);
        (items, found.has_older, found.has_newer)
    };
    assert_eq!(read(Window::Latest, 4).await, (seqs[6..].to_vec(), true, false));
    assert_eq!(read(Window::Latest, 50).await, (seqs.clone(), false, false));
    assert_eq!(read(Window::Before(seqs[6]), 4).await, (seqs[2..6].to_vec(), true, true));
    assert_eq!(read(Window::Before(seqs[2]), 4).await, (seqs[..2].to_vec(), false, true));
    assert_eq!(read(Window::Before(1), 4).await, (vec![], false, true));
    assert_eq!(read(Window::After(seqs[6]), 4).await, (seqs[7..].to_vec(), true, false));
    assert_eq!(read(Window::After(0), 4).await, (seqs[..4].to_vec(), false, true));
    assert_eq!(read(Window::After(99), 4).await, (vec![], true, false));
}

pub async fn a_window_around_a_message(world: &World) {
    let maya = world.user("maya").await;
    let (group, seqs) = talk(world, maya, 10).await;
    let around = async |seq, limit| {
        let found = world.store.messages.window(may_read(maya, group), Window::Around(seq), limit).await.unwrap();
        (found.items.iter().map(|message| message.seq).collect::<Vec<_>>(), found.has_older, found.has_newer)
    };
    assert_eq!(around(seqs[5], 4).await, (seqs[3..7].to_vec(), true, true));
    assert_eq!(around(seqs[4] + 1, 4).await, (seqs[3..7].to_vec(), true, true), "a reply's seq lies between two messages");
    assert_eq!(around(seqs[0], 4).await, (seqs[..2].to_vec(), false, true));
    assert_eq!(around(999, 4).await, (seqs[8..].to_vec(), true, false));
}

pub async fn dates_are_found(world: &World) {
    let maya = world.user("maya").await;
    let (group, seqs) = talk(world, maya, 3).await;
    let messages = &world.store.messages;
    let window = messages.window(may_read(maya, group), Window::Latest, 10).await.unwrap();
    for (message, seq) in window.items.iter().zip(&seqs) {
        assert_eq!(messages.seq_at(may_read(maya, group), message.created_at).await.unwrap(), Some(*seq));
    }
    let second = window.items[1].created_at;
    assert_eq!(messages.seq_at(may_read(maya, group), second.plus_millis(1)).await.unwrap(), Some(seqs[2]));
    assert_eq!(messages.seq_at(may_read(maya, group), world.tick()).await.unwrap(), None);
}

/// Follows the cursors to the end; no page is longer than asked.
async fn walk<T>(limit: u32, read: impl AsyncFn(PageRequest) -> StoreResult<Page<T>>) -> Vec<T> {
    let (mut items, mut request) = (Vec::new(), page(limit));
    loop {
        let page = read(request.clone()).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        items.extend(page.items);
        request.cursor = page.next_cursor;
        if request.cursor.is_none() {
            return items;
        }
    }
}

pub async fn threads_come_in_pages(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let root = world.send(group, maya, "root").await;
    let mut replies: Vec<MessageId> = Vec::new();
    for n in 0..7 {
        let draft = Draft { thread_root: Some(root), ..world.draft(&format!("reply {n}")) };
        replies.push(draft.id);
        world.append(group, maya, draft).await;
    }
    for limit in [1, 3, 7, 50] {
        let read = walk(limit, async |page| world.store.messages.thread(may_read(maya, group), root, page).await).await;
        assert_eq!(read.iter().map(|message| message.id).collect::<Vec<_>>(), replies);
        assert!(read.iter().all(|message| message.thread_root == Some(root)));
    }
}

pub async fn members_come_in_pages(world: &World) {
    let maya = world.user("maya").await;
    let team = world.workspace(maya, "team").await;
    let channel = world.channel(team, maya, "general").await.conversation.id;
    let mut people = vec![maya];
    for name in ["Zoe", "Ana", "bob", "Cem"] {
        let user = world.user(name).await;
        world.join_workspace(team, maya, user, WorkspaceRole::Member).await;
        world
            .store
            .conversations
            .add_members(grant(maya, channel, Action::AddMembers), &[user], MemberRole::Member, None, world.tick())
            .await
            .unwrap();
        people.push(user);
    }
    for limit in [2, 5] {
        let members = walk(limit, async |page| world.store.conversations.members(may_read(maya, channel), page).await).await;
        assert_eq!(members.iter().map(|member| member.user_id).collect::<Vec<_>>(), people, "by the order of joining");
        let team = walk(limit, async |page| world.store.workspaces.members(WorkspaceGrant::system(maya, team), page).await).await;
        assert_eq!(team.iter().map(|member| member.user.display_name.as_str()).collect::<Vec<_>>(), ["Ana", "bob", "Cem", "maya", "Zoe"]);
    }
}

pub async fn lists_come_in_pages(world: &World) {
    let maya = world.user("maya").await;
    let team = world.workspace(maya, "team").await;
    let mut channels = Vec::new();
    for name in ["delta", "Alpha", "charlie", "bravo", "echo"] {
        channels.push(world.channel(team, maya, name).await.conversation.id);
    }
    world.send(channels[0], maya, "the newest message").await;
    let archive = ConversationPatch { archived: Some(true), ..ConversationPatch::default() };
    world.store.conversations.update(system(maya, channels[4]), archive, world.tick()).await.unwrap();
    let conversations = &world.store.conversations;
    for limit in [1, 2, 10] {
        let list = walk(limit, async |page| conversations.list(maya, page).await).await;
        assert_eq!(list.iter().map(|view| view.conversation.id).collect::<Vec<_>>(), [0, 3, 2, 1, 4].map(|n| channels[n]));
        let browsed = walk(limit, async |page| conversations.browse(WorkspaceGrant::system(maya, team), "", page).await).await;
        assert_eq!(browsed.iter().map(|view| view.conversation.id).collect::<Vec<_>>(), [1, 3, 2, 0].map(|n| channels[n]));
    }
}

pub async fn foreign_cursors_are_refused(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let (group, other) = (world.group(maya, &[marc]).await, world.group(maya, &[marc]).await);
    let conversations = &world.store.conversations;
    let cursor = conversations.members(may_read(maya, group), page(1)).await.unwrap().next_cursor.unwrap();
    let members = async |conversation, cursor: String| {
        let request = PageRequest { cursor: Some(cursor), limit: 1 };
        conversations.members(may_read(maya, conversation), request).await
    };
    assert_eq!(members(group, cursor.clone()).await.unwrap().items[0].user_id, marc);
    assert_eq!(code_of(members(other, cursor.clone()).await), Code::InvalidCursor, "another list's");
    for place in 0..cursor.len() {
        let mut tampered = cursor.clone().into_bytes();
        tampered[place] = if tampered[place] == b'0' { b'1' } else { b'0' };
        let tampered = String::from_utf8(tampered).unwrap();
        assert_eq!(code_of(members(group, tampered).await), Code::InvalidCursor);
    }
    for junk in ["", "0", "x", "'; DROP TABLE users; --", "ffffffffffffffffffffffff", "é"] {
        assert_eq!(code_of(members(group, junk.into()).await), Code::InvalidCursor, "{junk}");
    }
    let request = PageRequest { cursor: Some(cursor), limit: 1 };
    assert_eq!(code_of(conversations.list(maya, request).await), Code::InvalidCursor);
}

//! What is the embedded store's own: its folder, its lock, its check of what it finds on disk.

// Helpers of tests, where a panic is the report.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use tertulia_domain::access::Action;
use tertulia_domain::event::DeleteReason;
use tertulia_domain::message::Toggle;
use tertulia_domain::{Content, ConversationId, MessageId, UserId};
use tertulia_embedded::{Embedded, OpenError, open, open_beside};
use tertulia_ports::StoreError;
use tertulia_ports::store::messages::{Draft, Window};
use tertulia_testkit::World;
use tertulia_testkit::world::{grant, may_read, may_send};

/// A group with one of everything: a thread, a mention, an edit, a reaction, a pin, a tombstone.
struct Scene {
    maya: UserId,
    group: ConversationId,
    root: MessageId,
}

async fn scene(world: &World) -> Scene {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    let messages = &world.store.messages;
    let root = world.send(group, maya, "root").await;
    world.append(group, maya, Draft { thread_root: Some(root), mentions: vec![marc], ..world.draft("reply") }).await;
    let (edited, deleted) = (world.send(group, maya, "edited").await, world.send(group, maya, "deleted").await);
    let edit = grant(maya, group, Action::Edit { own: true });
    messages.edit(edit, edited, Content::text("second"), vec![], None, world.tick()).await.unwrap();
    messages.react(grant(marc, group, Action::React), root, "👍".into(), Toggle::Add, world.tick()).await.unwrap();
    messages.pin(grant(maya, group, Action::Pin), root, Toggle::Add, world.tick()).await.unwrap();
    messages.delete(grant(maya, group, Action::Delete { own: true }), deleted, DeleteReason::Deleted, world.tick()).await.unwrap();
    world.assert_sound().await;
    Scene { maya, group, root }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn raw(folder: &Path) -> Connection {
    Connection::open(folder.join("tertulia.db")).unwrap()
}

/// Opens what `World` works on; the folder stays the caller's.
fn world(folder: &Path) -> (World, Embedded) {
    let embedded = open(folder).unwrap();
    (World::new(embedded.store.clone()), embedded)
}

#[tokio::test]
async fn everything_is_there_after_it_was_closed_or_dropped() {
    let folder = folder();
    let (first, embedded) = world(folder.path());
    let Scene { maya, group, .. } = scene(&first).await;
    let before = (first.log_of(group).await, first.store.messages.window(may_read(maya, group), Window::Latest, 50).await.unwrap());
    drop((first, embedded));
    for _ in 0..2 {
        let (again, embedded) = world(folder.path());
        assert_eq!(
            before,
            (again.log_of(group).await, again.store.messages.window(may_read(maya, group), Window::Latest, 50).await.unwrap())
        );
        again.assert_sound().await;
        embedded.close().await;
        let late = again.store.messages.append(may_send(maya, group), again.draft("late")).await;
        assert!(matches!(late, Err(StoreError::Down(_))));
        assert!(matches!(again.store.users.any().await, Err(StoreError::Down(_))));
    }
}

#[tokio::test]
async fn closing_finishes_what_waits() {
    let folder = folder();
    let (first, embedded) = world(folder.path());
    let Scene { maya, group, .. } = scene(&first).await;
    let mut sends = tokio::task::JoinSet::new();
    for n in 0..200 {
        let (store, draft) = (first.store.clone(), first.draft(&format!("{n}")));
        sends.spawn(async move { store.messages.append(may_send(maya, group), draft).await });
    }
    tokio::task::yield_now().await;
    embedded.close().await;
    let outcomes = sends.join_all().await;
    let acked: Vec<u64> = outcomes.into_iter().filter_map(|outcome| outcome.ok().map(|appended| appended.seq)).collect();
    assert!(!acked.is_empty());
    drop((first, embedded));
    let (again, _embedded) = world(folder.path());
    let log = again.log_of(group).await;
    assert!(acked.iter().all(|seq| log.iter().any(|event| event.seq == *seq)), "an acknowledged message is gone");
    again.assert_sound().await;
}

#[tokio::test]
async fn a_second_server_is_refused_and_a_tool_is_not() {
    let folder = folder();
    let (server, embedded) = world(folder.path());
    let Scene { maya, group, .. } = scene(&server).await;
    let refused = open(folder.path()).err().unwrap();
    assert!(matches!(refused, OpenError::InUse(_)) && refused.to_string().ends_with("is used by another process"), "{refused}");
    let beside = open_beside(folder.path()).unwrap();
    let tool = World::new(beside.store.clone());
    let mut both = tokio::task::JoinSet::new();
    for n in 0..100 {
        for world in [&server, &tool] {
            let (store, draft) = (world.store.clone(), world.draft(&format!("{n}")));
            both.spawn(async move { store.messages.append(may_send(maya, group), draft).await.unwrap().seq });
        }
    }
    let mut seqs = both.join_all().await;
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), 200);
    assert_eq!(server.log_of(group).await, tool.log_of(group).await);
    tool.assert_sound().await;
    embedded.close().await;
    let _next = open(folder.path()).unwrap();
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused() {
    let folder = folder();
    open(folder.path()).unwrap().close().await;
    raw(folder.path()).execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(open(folder.path()).err().unwrap(), OpenError::Newer { found: 99, .. }));
    raw(folder.path()).execute_batch("PRAGMA user_version = 1; UPDATE migrations SET checksum = x'00'").unwrap();
    assert!(matches!(open(folder.path()).err().unwrap(), OpenError::Altered(1)));
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    let folder = folder();
    std::fs::write(folder.path().join("tertulia.db"), "not a database, but long enough to look like one ".repeat(100)).unwrap();
    let refused = open(folder.path()).err().unwrap();
    assert!(matches!(refused, OpenError::Sqlite { .. }) && refused.to_string().contains("tertulia.db"), "{refused}");
}

#[tokio::test]
async fn deleted_content_is_not_in_the_file() {
    let folder = folder();
    let (first, embedded) = world(folder.path());
    let Scene { maya, group, .. } = scene(&first).await;
    let secret = first.send(group, maya, "xyzzy-plugh-secret").await;
    let edit = grant(maya, group, Action::Edit { own: true });
    first.store.messages.edit(edit, secret, Content::text("changed"), vec![], None, first.tick()).await.unwrap();
    first
        .store
        .messages
        .delete(grant(maya, group, Action::Delete { own: true }), secret, DeleteReason::Deleted, first.tick())
        .await
        .unwrap();
    embedded.close().await;
    drop((first, embedded));
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(18).any(|window| window == b"xyzzy-plugh-secret"));
    }
}

/// Each is a fault that the check must see, and the words by which it is told.
const FAULTS: &[(&str, &str)] = &[
    ("DELETE FROM messages WHERE seq = 5", "gap"),
    ("UPDATE events SET seq = 30 WHERE seq = 10", "gap"),
    ("UPDATE messages SET seq = 4 WHERE seq = 5", "twice"),
    ("UPDATE conversations SET head = head - 1", "head"),
    ("UPDATE conversations SET member_count = 7", "memberCount"),
    ("UPDATE conversations SET last_message_at = 1", "lastMessageAt"),
    ("DELETE FROM members WHERE role = 0", "number of members"),
    ("UPDATE members SET role = 1", "membership"),
    ("UPDATE members SET read_seq = 99", "has read"),
    ("UPDATE members SET read_seq = delivered_seq + 1 WHERE role = 0", "has read"),
    ("UPDATE messages SET content = replace(content, 'root', 'foot')", "not what was sent"),
    ("UPDATE messages SET content = '{' WHERE seq = 3", "cannot be read"),
    ("UPDATE messages SET content = NULL WHERE seq = 3", "lost its content"),
    ("UPDATE messages SET content = '{\"type\":\"text\"}' WHERE deleted_at IS NOT NULL", "keeps its content"),
    ("UPDATE messages SET deleted_at = NULL, content = '{\"type\":\"text\"}' WHERE deleted_at IS NOT NULL", "deletedAt"),
    ("UPDATE messages SET edited_at = 1 WHERE seq = 3", "editedAt"),
    ("UPDATE messages SET pinned_at = NULL", "pinnedAt"),
    ("UPDATE messages SET thread_count = 2 WHERE thread_count = 1", "thread"),
    ("UPDATE messages SET thread_count = 1 WHERE seq = 5", "counts replies"),
    ("UPDATE messages SET thread_root = 99 WHERE thread_root IS NOT NULL", "thread that is none"),
    ("DELETE FROM reactions", "reactions"),
    ("UPDATE reactions SET emoji = 'x'", "reactions"),
    ("INSERT INTO reactions (message, emoji, user, place) VALUES (3, 'x', 1, 9)", "number of reactions"),
    ("DELETE FROM mentions", "mention"),
    ("INSERT INTO mentions VALUES (1, 1, 3)", "number of mentions"),
    ("INSERT INTO versions VALUES (4, 0, 1, '{}')", "versions of deleted"),
    ("UPDATE events SET body = '{}' WHERE seq = 1", "event 1 cannot be read"),
    ("UPDATE events SET message = 3 WHERE seq = 8", "names another message"),
];

#[tokio::test]
async fn the_check_finds_planted_faults() {
    let original = folder();
    let (first, embedded) = world(original.path());
    scene(&first).await;
    embedded.close().await;
    drop((first, embedded));
    for (fault, told) in FAULTS {
        let folder = folder();
        std::fs::copy(original.path().join("tertulia.db"), folder.path().join("tertulia.db")).unwrap();
        let changed = raw(folder.path()).execute(fault, []).unwrap();
        assert!(changed > 0, "{fault}: nothing to break");
        let broken = open_beside(folder.path()).unwrap();
        let report = broken.store.log.check(Box::new(|_, _| {})).await.unwrap();
        assert!(report.drifts.iter().any(|drift| drift.what.contains(told)), "{fault}: {:#?}", report.drifts);
    }
}

#[tokio::test]
async fn the_check_finds_damage_to_the_file() {
    let folder = folder();
    let (first, embedded) = world(folder.path());
    let Scene { maya, group, root } = scene(&first).await;
    let thread = |n| (maya, Draft { thread_root: Some(root), ..first.draft(&format!("{n} {}", "long ".repeat(100))) });
    first.store.messages.append_all(tertulia_testkit::world::system(maya, group), (0..500).map(thread).collect()).await.unwrap();
    embedded.close().await;
    drop((first, embedded));
    let path = folder.path().join("tertulia.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let broken = open_beside(folder.path()).unwrap();
    let report = broken.store.log.check(Box::new(|_, _| {})).await.unwrap();
    assert!(!report.drifts.is_empty());
}

//! No statement of everyday work reads a whole table: told by the server's own counters, over tables of some thousand rows.

// Helpers of tests, where a panic is the report.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use support::{Schema, now};
use tertulia_domain::access::Action;
use tertulia_domain::event::DeleteReason;
use tertulia_domain::message::{MentionScope, Toggle};
use tertulia_domain::{Content, ConversationId, MessageId, UserId};
use tertulia_ports::ReceiptKind;
use tertulia_ports::store::messages::{Draft, Window};
use tertulia_testkit::world::{grant, may_read, may_send, page};
use tertulia_testkit::{ManualClock, World};
use tokio_postgres::Client;

/// 2,000 people, 300 conversations of 20, and 300 messages and 100 other events in each, over two months.
const FILL: &str = "
    CREATE FUNCTION pg_temp.id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT (lpad(kind::text, 8, '0') || '-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
    INSERT INTO users (id, username, display_name, name_key, password_hash, created_at)
        SELECT pg_temp.id(1, n), 'user' || n, 'User ' || n, 'user ' || n, 'x', 0 FROM generate_series(1, 2000) n;
    INSERT INTO conversations (id, type, visibility, settings, is_default, epoch, created_by, created_at, updated_at, head, member_count, last_message_at)
        SELECT pg_temp.id(2, n), 1, 1, '{}', false, 'e', pg_temp.id(1, 1), 0, 0, 400, 20, $now FROM generate_series(1, 300) n;
    INSERT INTO members (conversation, user_id, role, joined_at, joined_seq, read_seq, delivered_seq)
        SELECT pg_temp.id(2, c), pg_temp.id(1, (c * 7 + n) % 2000 + 1), 0, 0, n, 200, 200 FROM generate_series(1, 300) c, generate_series(1, 20) n;
    INSERT INTO messages (conversation, seq, created_at, id, sender, thread_root, content, fingerprint, priority, mention_scope, pinned_at, expires_at)
        SELECT pg_temp.id(2, c), n, $now - (300 - n) * 14400000::bigint, pg_temp.id(3, c * 1000 + n), pg_temp.id(1, (c * 7 + n % 20 + 1) % 2000 + 1),
            CASE WHEN n % 10 = 0 THEN 1 END, '{\"type\":\"text\",\"text\":\"hello\"}', '\\x00', 0, CASE WHEN n % 50 = 0 THEN 1 END,
            CASE WHEN n % 100 = 1 THEN 5 END, CASE WHEN n % 30 = 0 THEN $now + n END
        FROM generate_series(1, 300) c, generate_series(1, 300) n;
    INSERT INTO message_ids (id, conversation, seq, created_at) SELECT id, conversation, seq, created_at FROM messages;
    INSERT INTO events (conversation, seq, at, actor, message, body)
        SELECT pg_temp.id(2, c), n, $now - (400 - n) * 14400000::bigint, pg_temp.id(1, 1), 1, NULL
        FROM generate_series(1, 300) c, generate_series(301, 400) n;
    INSERT INTO mentions SELECT pg_temp.id(1, (c * 7 + n) % 2000 + 1), pg_temp.id(2, c), n FROM generate_series(1, 300) c, generate_series(1, 50) n;
    INSERT INTO reactions SELECT pg_temp.id(2, c), n, 'x', pg_temp.id(1, 1), 1, 1 FROM generate_series(1, 300) c, generate_series(1, 50) n;
    INSERT INTO versions SELECT pg_temp.id(2, c), n, 0, 0, '{\"type\":\"text\",\"text\":\"old\"}' FROM generate_series(1, 300) c, generate_series(1, 50) n;
    ANALYZE";

fn id<T: From<uuid::Uuid>>(kind: u32, n: u32) -> T {
    format!("{kind:08}-0000-7000-8000-{n:012}").parse::<uuid::Uuid>().unwrap().into()
}

/// How often each large table was read as a whole.
async fn scans(client: &Client) -> BTreeMap<String, i64> {
    const SQL: &str = "SELECT s.relname::text, s.seq_scan FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
        WHERE s.schemaname = current_schema() AND c.reltuples > 1000";
    let rows = client.query(SQL, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_reads_a_whole_table() {
    let schema = Schema::new();
    // Made and closed before: a partition that is attached is read for each of its indexes.
    let made = schema.open().await;
    for days in [0, 20, 40, 60] {
        made.maintain(now().plus_millis(-days * 86_400_000)).await.unwrap();
    }
    made.close().await;
    let client = schema.client().await;
    client.batch_execute(&FILL.replace("$now", &now().as_millis().to_string())).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let postgres = schema.open().await;
    let before = scans(&client).await;
    assert!(before.len() >= 9, "{before:?}");
    let world = World { store: postgres.store.clone(), clock: ManualClock::at(now()) };
    // Often enough for the server to settle for plans that do not look at the values.
    for round in 0..12 {
        work(&world, round).await;
    }
    postgres.close().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(before, scans(&client).await, "tables read as a whole");
}

async fn work(world: &World, round: u32) {
    let (here, actor, other) = (id::<ConversationId>(2, round + 1), id::<UserId>(1, round * 7 + 9), id::<UserId>(1, round * 7 + 10));
    let (root, old) = (id::<MessageId>(3, (round + 1) * 1000 + 1), id::<MessageId>(3, (round + 1) * 1000 + 7));
    let draft = Draft {
        thread_root: Some(root),
        reply_to: Some(old),
        mentions: vec![other],
        mention_scope: Some(MentionScope::Channel),
        ..world.draft("a reply")
    };
    world.append(here, actor, draft.clone()).await;
    world.append(here, actor, world.draft("plain")).await;
    assert!(world.append(here, actor, draft.clone()).await.duplicate);
    let many = (0..20).map(|n| (actor, world.draft(&format!("{n}")))).collect();
    world.store.messages.append_all(may_send(actor, here), many).await.unwrap();
    change(world, here, actor, draft.id, other).await;
    let messages = &world.store.messages;
    for window in [Window::Latest, Window::Before(150), Window::After(20), Window::Around(100)] {
        assert!(!messages.window(may_read(actor, here), window, 50).await.unwrap().items.is_empty());
    }
    messages.seq_at(may_read(actor, here), now().plus_millis(-86_400_000)).await.unwrap().unwrap();
    messages.thread(may_read(actor, here), root, page(20)).await.unwrap();
    messages.pins(may_read(actor, here)).await.unwrap();
    messages.versions(may_read(actor, here), old).await.unwrap();
    messages.expired(now(), 10).await.unwrap();
    messages.find(old, actor).await.unwrap().unwrap();
    let log = &world.store.log;
    assert_eq!(log.tail(may_read(actor, here), 250, 100).await.unwrap().events.len(), 100);
    log.repair(here, 390, 500).await.unwrap();
    log.heads(&[here, id(2, 30)]).await.unwrap();
    stand(world, here, actor, other).await;
}

async fn change(world: &World, here: ConversationId, actor: UserId, message: MessageId, other: UserId) {
    let messages = &world.store.messages;
    let edit = grant(actor, here, Action::Edit { own: true });
    messages.edit(edit, message, Content::text("new"), vec![other], None, world.tick()).await.unwrap().unwrap();
    messages.react(grant(actor, here, Action::React), message, "👍".into(), Toggle::Add, world.tick()).await.unwrap().unwrap();
    messages.pin(grant(actor, here, Action::Pin), message, Toggle::Add, world.tick()).await.unwrap().unwrap();
    let delete = grant(actor, here, Action::Delete { own: true });
    messages.delete(delete, message, DeleteReason::Deleted, world.tick()).await.unwrap().unwrap();
}

/// Without `Users::search`: of so few people it is right to read all.
async fn stand(world: &World, here: ConversationId, actor: UserId, other: UserId) {
    let (receipts, conversations) = (&world.store.receipts, &world.store.conversations);
    let mark = grant(actor, here, Action::MarkRead);
    receipts.mark(mark, ReceiptKind::Read, 250, world.tick()).await.unwrap();
    receipts.foresee(mark, ReceiptKind::Delivered, 300).await.unwrap();
    receipts.mark_unread(mark, 210).await.unwrap();
    receipts.list(may_read(actor, here), 100).await.unwrap();
    assert!(!receipts.sync_states(actor).await.unwrap().is_empty());
    receipts.badges(vec![(here, vec![actor, other]), (id(2, 40), vec![actor])], now()).await.unwrap();
    assert!(conversations.standing(here, actor).await.unwrap().unwrap().member_role.is_some());
    conversations.members(may_read(actor, here), page(10)).await.unwrap();
    conversations.member_ids(&[here], 100).await.unwrap();
    conversations.view(actor, &[here]).await.unwrap();
    conversations.list(actor, page(10)).await.unwrap();
    conversations.heads_of(actor, None).await.unwrap();
    conversations.heads_of(actor, Some(here)).await.unwrap();
    let users = &world.store.users;
    users.get_many(&[actor, other]).await.unwrap();
    users.credentials(actor).await.unwrap();
    users.mentionable(here, &["user12".into()]).await.unwrap();
    users.visible(actor, &[other]).await.unwrap();
}

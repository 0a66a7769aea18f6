//! Several servers on one database, and a database that goes away.

// Helpers of tests, where a panic is the report.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use support::{Schema, connect, now};
use tertulia_domain::{Code, ConversationId, MessageId, Seq, Timestamp, UserId};
use tertulia_ports::store::messages::{Appended, Draft};
use tertulia_ports::{Store, StoreError};
use tertulia_postgres::OpenError;
use tertulia_testkit::World;
use tertulia_testkit::world::{code_of, may_send, new_id};
use tokio::task::JoinSet;
use uuid::Uuid;

async fn groups<const N: usize>(world: &World) -> (UserId, [ConversationId; N]) {
    let maya = world.user("maya").await;
    let mut groups = Vec::new();
    for _ in 0..N {
        groups.push(world.group(maya, &[]).await);
    }
    (maya, groups.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_write_one_log() {
    let schema = Schema::new();
    let (one, two) = (schema.open().await, schema.open().await);
    let world = World::new(one.store.clone());
    let (maya, groups) = groups::<3>(&world).await;
    let mut tasks = JoinSet::new();
    for task in 0..24 {
        let (store, group) = (if task % 2 == 0 { &one } else { &two }.store.clone(), groups[task % 3]);
        let drafts: Vec<Draft> = (0..25).map(|n| world.draft(&format!("{task}:{n}"))).collect();
        tasks.spawn(async move {
            let mut seqs = Vec::new();
            for draft in drafts {
                seqs.push((group, store.messages.append(may_send(maya, group), draft).await.unwrap().seq));
            }
            seqs
        });
    }
    let acked: Vec<(ConversationId, Seq)> = tasks.join_all().await.concat();
    assert_eq!(acked.iter().collect::<HashSet<_>>().len(), 600, "every answer has a seq of its own");
    for group in groups {
        assert_eq!(World::new(two.store.clone()).log_of(group).await.len(), 201);
    }
    world.assert_sound().await;
}

/// The same messages sent through both nodes at once, some under an id that the other node uses in another conversation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_writes_once_whatever_the_node() {
    let schema = Schema::new();
    let (one, two) = (schema.open().await, schema.open().await);
    let world = World::new(one.store.clone());
    let (maya, [here, there]) = groups::<2>(&world).await;
    let send = |store: &Store, group, draft: Draft| {
        let store = store.clone();
        async move { store.messages.append(may_send(maya, group), draft).await }
    };
    let (mut same, mut other) = (JoinSet::new(), JoinSet::new());
    for n in 0..50 {
        let draft = world.draft(&format!("once {n}"));
        same.spawn(send(&one.store, here, draft.clone()));
        same.spawn(send(&two.store, here, draft));
        let draft = world.draft(&format!("here or there {n}"));
        other.spawn(send(&one.store, here, draft.clone()));
        other.spawn(send(&two.store, there, draft));
    }
    let answers: Vec<Appended> = same.join_all().await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| answer.duplicate).count(), 50);
    let (written, refused): (Vec<_>, Vec<_>) = other.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((written.len(), refused.len()), (50, 50));
    refused.into_iter().for_each(|answer| assert_eq!(code_of(answer), Code::Conflict));
    assert_eq!(world.head(here).await + world.head(there).await, 102);
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clusters_are_kept_apart() {
    let schema = Schema::new();
    let (one, two) = (schema.open().await, schema.open().await);
    one.enroll(Uuid::new_v4(), "redis at a:6379").await.unwrap();
    let refused = two.enroll(Uuid::new_v4(), "redis at b:6379").await.unwrap_err();
    assert!(matches!(refused, OpenError::OtherCluster { .. }));
    assert!(refused.to_string().contains("in use by another cluster") && refused.to_string().contains("redis at a:6379"), "{refused}");
    two.enroll(Uuid::new_v4(), "redis at a:6379").await.unwrap();
    let client = schema.client().await;
    client.batch_execute("DELETE FROM nodes").await.unwrap();
    two.beat().await.unwrap();
    one.enroll(Uuid::new_v4(), "redis at b:6379").await.unwrap_err();
    one.leave().await.unwrap();
    one.beat().await.unwrap_err();
    let silent = "UPDATE nodes SET seen_at = seen_at - interval '16 seconds'";
    client.batch_execute(silent).await.unwrap();
    one.enroll(Uuid::new_v4(), "redis at b:6379").await.unwrap();
}

/// A message of any month finds its partition; nobody made it before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_made_when_they_are_needed() {
    let schema = Schema::new();
    let (one, two) = (schema.open().await, schema.open().await);
    let world = World::new(one.store.clone());
    let (maya, [group]) = groups::<1>(&world).await;
    let times = [0, 951_868_799_999, 951_868_800_000, 1_709_251_199_999, 4_102_444_800_000].map(|ms| Timestamp::from_millis(ms).unwrap());
    let mut sent = JoinSet::new();
    for at in times {
        for store in [&one.store, &two.store] {
            let (store, draft) = (store.clone(), Draft { at, ..world.draft("long ago") });
            sent.spawn(async move { (draft.id, store.messages.append(may_send(maya, group), draft).await.unwrap()) });
        }
    }
    let sent: Vec<(MessageId, Appended)> = sent.join_all().await;
    for (id, appended) in &sent {
        let found = two.store.messages.find(*id, maya).await.unwrap().unwrap().message;
        assert_eq!((found.created_at, found.seq), (appended.at, appended.seq));
    }
    let client = schema.client().await;
    let sql = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'messages'::regclass AND
        inhrelid::regclass::text IN ('messages_y1970m01', 'messages_y2000m02', 'messages_y2000m03', 'messages_y2024m02', 'messages_y2100m01')";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 5);
    // Those of the coming months are there from the beginning, and maintained.
    one.maintain(now().plus_millis(60 * 86_400_000)).await.unwrap();
    // A month that somebody took away is no trouble for longer than one message.
    client.batch_execute("DROP TABLE messages_y1970m01, events_y1970m01").await.unwrap();
    client.batch_execute("DELETE FROM message_ids WHERE created_at < 1000").await.unwrap();
    let again = async || one.store.messages.append(may_send(maya, group), Draft { at: times[0], ..world.draft("again") }).await;
    assert!(matches!(again().await, Err(StoreError::Failed(_))));
    again().await.unwrap();
}

/// Connections are ended by the server again and again: nothing acknowledged is lost, nothing stands twice, and it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_loses_no_message() {
    const KILL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND
        pid IN (SELECT pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relnamespace = $1::text::regnamespace)";
    let schema = Schema::new();
    let postgres = schema.open().await;
    let world = Arc::new(World::new(postgres.store.clone()));
    let (maya, groups) = groups::<4>(&world).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let (world, over, group) = (world.clone(), over.clone(), groups[task % 4]);
        tasks.spawn(async move {
            let mut acked: Vec<(MessageId, Seq)> = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let draft = world.draft("hello");
                // As clients do: the same again until there is an answer.
                loop {
                    match world.store.messages.append(may_send(maya, group), draft.clone()).await {
                        Ok(appended) => break acked.push((draft.id, appended.seq)),
                        Err(StoreError::Refused(refusal)) => panic!("{refusal}"),
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                }
            }
            acked
        });
    }
    let killer = connect().await;
    let mut killed = 0;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        killed += killer.query(KILL, &[&schema.0]).await.unwrap().len();
    }
    over.store(true, Ordering::Relaxed);
    let acked = tasks.join_all().await.concat();
    assert!(killed > 5 && acked.len() > 100, "{killed} killed, {} acked", acked.len());
    for (id, seq) in acked {
        let found = world.store.messages.find(id, maya).await.unwrap().unwrap();
        assert_eq!(found.message.seq, seq);
    }
    world.assert_sound().await;
    postgres.store.log.health().await.unwrap();
}

/// PostgreSQL's texts cannot hold U+0000; JSON can name it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nul_is_stored_or_refused() {
    let schema = Schema::new();
    let postgres = schema.open().await;
    let world = World::new(postgres.store.clone());
    let (maya, [group]) = groups::<1>(&world).await;
    let draft = world.draft("a\0b");
    world.append(group, maya, draft.clone()).await;
    assert!(world.append(group, maya, draft.clone()).await.duplicate);
    let found = world.store.messages.find(draft.id, maya).await.unwrap().unwrap();
    assert_eq!(found.message.content, draft.content);
    let named = world.new_user("no\0body");
    let refused = world.store.users.register(named, tertulia_ports::store::users::Admission::Open).await;
    assert_eq!(code_of(refused), Code::InvalidField);
    assert!(matches!(world.store.users.search(maya, "\0", 10).await, Err(StoreError::Refused(_))));
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_store_is_down() {
    let schema = Schema::new();
    let postgres = schema.open().await;
    let world = World::new(postgres.store.clone());
    let (maya, [group]) = groups::<1>(&world).await;
    postgres.close().await;
    let sent = world.store.messages.append(may_send(maya, group), world.draft("late")).await;
    assert!(matches!(sent, Err(StoreError::Down(_))));
    assert!(matches!(world.store.messages.find(new_id(), maya).await, Err(StoreError::Down(_))));
    assert!(world.store.log.health().await.is_err());
}

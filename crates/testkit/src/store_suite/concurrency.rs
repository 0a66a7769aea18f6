//! Many at once.

use std::sync::Arc;

use tertulia_domain::access::Action;
use tertulia_domain::message::Toggle;
use tertulia_domain::{Content, ConversationId, ConversationType, Seq, UserId};
use tertulia_ports::Store;
use tertulia_ports::store::messages::Draft;
use tokio::task::JoinSet;

use crate::World;
use crate::world::{grant, may_read, may_send};

const TASKS: usize = 64;
const SENDS: usize = 50;

/// 64 tasks send, edit and react; the log is 1, 2, 3 … and each task's messages stand in their order.
pub async fn concurrent_writes_leave_no_gap(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let user = if task % 2 == 0 { maya } else { marc };
        let drafts: Vec<Draft> = (0..SENDS).map(|n| world.draft(&format!("{task}:{n}"))).collect();
        tasks.spawn(write(world.store.clone(), group, user, drafts));
    }
    let mut acked: Vec<Seq> = Vec::new();
    while let Some(seqs) = tasks.join_next().await {
        let seqs = seqs.unwrap();
        assert!(seqs.is_sorted());
        acked.extend(seqs);
    }
    acked.sort_unstable();
    acked.dedup();
    assert_eq!(acked.len(), TASKS * (SENDS + 2 * SENDS / 10), "every answer has a seq of its own");
    let log = world.log_of(group).await;
    let seqs: Vec<Seq> = log.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=world.head(group).await).collect::<Vec<_>>());
    assert_eq!(seqs.len(), acked.len() + 2);
    let tail = world.store.log.tail(may_read(maya, group), 2, 500).await.unwrap();
    assert_eq!(tail.events, log[2..502]);
}

async fn write(store: Store, group: ConversationId, user: UserId, drafts: Vec<Draft>) -> Vec<Seq> {
    let mut seqs = Vec::new();
    for (n, draft) in drafts.into_iter().enumerate() {
        let (id, at) = (draft.id, draft.at);
        seqs.push(store.messages.append(may_send(user, group), draft).await.unwrap().seq);
        if n % 10 == 0 {
            let edit = grant(user, group, Action::Edit { own: true });
            let edited = store.messages.edit(edit, id, Content::text("edited"), vec![], None, at).await.unwrap();
            seqs.push(edited.unwrap().seq);
            let react = grant(user, group, Action::React);
            seqs.push(store.messages.react(react, id, "👍".into(), Toggle::Add, at).await.unwrap().unwrap().seq);
        }
    }
    seqs
}

pub async fn concurrent_retries_write_once(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let draft = Arc::new(world.draft("once"));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (store, draft) = (world.store.clone(), draft.clone());
        tasks.spawn(async move { store.messages.append(may_send(maya, group), (*draft).clone()).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().all(|answer| answer.seq == 2));
    assert_eq!(answers.iter().filter(|answer| !answer.duplicate).count(), 1);
    assert_eq!(world.head(group).await, 2);
}

pub async fn concurrent_pairs_meet_in_one_conversation(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let mut tasks = JoinSet::new();
    for n in 0..TASKS {
        let (from, to) = if n % 2 == 0 { (maya, marc) } else { (marc, maya) };
        let (store, direct) = (world.store.clone(), world.new_conversation(ConversationType::Direct, from, &[to]));
        tasks.spawn(async move { store.conversations.create(direct).await.unwrap() });
    }
    let made = tasks.join_all().await;
    assert!(made.iter().all(|created| created.conversation.id == made[0].conversation.id));
    assert_eq!(made.iter().filter(|created| !created.existed).count(), 1);
    assert_eq!(world.store.conversations.heads_of(maya, None).await.unwrap().len(), 1);
}

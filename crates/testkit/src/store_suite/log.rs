//! The log.

use tertulia_domain::{Code, Seq};

use tertulia_ports::store::log::Head;

use crate::World;
use crate::world::{code_of, may_read, new_id};

pub async fn a_tail_is_gap_free(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    for n in 0..20 {
        world.send(group, maya, &format!("message {n}")).await;
    }
    let log = &world.store.log;
    for (after, limit, seqs) in [(0, 5, 1..6), (5, 500, 6..22), (20, 1, 21..22), (21, 10, 0..0), (Seq::MAX, 10, 0..0)] {
        let tail = log.tail(may_read(maya, group), after, limit).await.unwrap();
        assert_eq!(tail.events.iter().map(|event| event.seq).collect::<Vec<_>>(), seqs.collect::<Vec<Seq>>());
        assert_eq!(tail.head, 21);
        assert_eq!(log.repair(group, after, limit).await.unwrap(), tail);
    }
    let epoch = world.store.conversations.standing(group, maya).await.unwrap().unwrap().conversation.epoch;
    assert_eq!(log.tail(may_read(maya, group), 0, 1).await.unwrap().epoch, epoch);
    assert!(!epoch.is_empty());
    assert_eq!(code_of(log.repair(new_id(), 0, 10).await), Code::NotFound);
}

pub async fn heads_of_those_that_exist(world: &World) {
    let maya = world.user("maya").await;
    let (one, two) = (world.group(maya, &[]).await, world.group(maya, &[]).await);
    world.send(two, maya, "hello").await;
    let head = |conversation_id, seq, member_count| Head { conversation_id, seq, member_count };
    assert_eq!(world.store.log.heads(&[two, new_id(), one]).await.unwrap(), [head(two, 2, 1), head(one, 1, 1)]);
}

pub async fn a_store_is_healthy(world: &World) {
    world.store.log.health().await.unwrap();
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    world.send(group, maya, "hello").await;
    let report = world.store.log.check(Box::new(|done, total| assert!(done <= total))).await.unwrap();
    assert_eq!((report.conversations, report.events, report.messages, report.drifts), (1, 2, 1, vec![]));
}

//! What nodes share, while Redis forgets it or is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tertulia_domain::presence::{Chosen, Status};
use tertulia_domain::{Timestamp, UserId};
use tertulia_embedded::MemoryLimits;
use tertulia_ports::attendance::Report;
use tertulia_ports::{Handover, LimitKey, Rate, StoreError};
use uuid::Uuid;

use crate::server::Server;
use crate::{node, soon};

fn connected(user_id: UserId, connections: u32) -> Report {
    Report { user_id, connections, chosen: None, last_seen_at: None }
}

#[tokio::test]
async fn everything_that_is_forgotten_can_be_said_again() {
    let server = Server::start(&[]);
    let (node, maya, now) = (node(&server).await, UserId(Uuid::new_v4()), Timestamp::EPOCH);
    let (attendance, handovers) = (node.attendance(), node.handovers());
    let limits = node.limits(Arc::new(MemoryLimits::default()));
    let (key, rate) = (LimitKey { action: "try", subject: 1 }, Rate { burst: 5, refill: Duration::from_secs(600) });
    attendance.report(vec![connected(maya, 2)]).await.unwrap();
    let left = Handover { id: Uuid::new_v4(), state: vec![1], expires_at: now.plus_millis(60_000) };
    handovers.keep(vec![left.clone()], now).await.unwrap();
    (0..5).for_each(|_| limits.take(key, rate, Instant::now()).unwrap());
    tokio::time::sleep(Duration::from_millis(300)).await;

    for forget in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"]] {
        server.tell(forget);
    }

    assert_eq!(attendance.of(&[maya]).await.unwrap()[0].connections, 0);
    assert_eq!(attendance.report(vec![connected(maya, 2)]).await.unwrap()[0].connections, 2);
    assert_eq!(handovers.take(left.id, now).await.unwrap(), None);
    handovers.keep(vec![left.clone()], now).await.unwrap();
    assert_eq!(handovers.take(left.id, now).await.unwrap(), Some(vec![1]));
    assert!(limits.take(key, rate, Instant::now()).is_err(), "the node itself knows");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_it_is_said_at_once_and_limits_hold() {
    let mut server = Server::start(&[]);
    let (node, maya, now) = (node(&server).await, UserId(Uuid::new_v4()), Timestamp::EPOCH);
    let (attendance, handovers) = (node.attendance(), node.handovers());
    let limits = node.limits(Arc::new(MemoryLimits::default()));
    server.kill();
    soon("the loss is noticed", || attendance.health().is_err()).await;
    let start = Instant::now();
    attendance.report(vec![connected(maya, 1)]).await.unwrap_err();
    attendance.of(&[maya]).await.unwrap_err();
    assert!(matches!(handovers.take(Uuid::new_v4(), now).await, Err(StoreError::Down(_))));
    let left = Handover { id: Uuid::new_v4(), state: vec![1], expires_at: now.plus_millis(60_000) };
    assert!(matches!(handovers.keep(vec![left], now).await, Err(StoreError::Down(_))));
    let (key, rate) = (LimitKey { action: "try", subject: 1 }, Rate { burst: 5, refill: Duration::from_secs(600) });
    assert_eq!((0..9).filter(|_| limits.take(key, rate, Instant::now()).is_ok()).count(), 5);
    assert!(start.elapsed() < Duration::from_millis(200), "{:?}", start.elapsed());
    server.start_again();
    soon("Redis is found again", || attendance.health().is_ok()).await;
    assert_eq!(attendance.report(vec![connected(maya, 1)]).await.unwrap()[0].connections, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_more_than_a_second() {
    let server = Server::start(&[]);
    let (node, maya) = (node(&server).await, UserId(Uuid::new_v4()));
    let attendance = node.attendance();
    server.signal("STOP");
    let start = Instant::now();
    attendance.of(&[maya]).await.unwrap_err();
    let outcome = node.handovers().take(Uuid::new_v4(), Timestamp::EPOCH).await;
    assert!(matches!(outcome, Err(StoreError::Failed(_) | StoreError::Down(_))), "{outcome:?}");
    assert!(start.elapsed() < Duration::from_millis(2_500), "{:?}", start.elapsed());
    soon("the silence is noticed", || attendance.health().is_err()).await;
    server.signal("CONT");
    soon("Redis is found again", || attendance.health().is_ok()).await;
    attendance.of(&[maya]).await.unwrap();
}

/// A node that died says nothing more. Its field stands there as it would after 45 s.
#[tokio::test]
async fn a_node_that_is_not_heard_of_does_not_count() {
    let server = Server::start(&[]);
    let (one, other, maya) = (node(&server).await.attendance(), node(&server).await.attendance(), UserId(Uuid::new_v4()));
    let chosen = Chosen { status: Status::Brb, text: None, emoji: None, until: None };
    one.report(vec![Report { chosen: Some(Some(chosen.clone())), ..connected(maya, 1) }]).await.unwrap();
    let key = format!("tertulia:{{faults}}:presence:{maya}");
    server.tell(&["HSET", &key, &format!("n:{}", Uuid::new_v4()), "7:1000"]);
    let known = other.report(vec![connected(maya, 2)]).await.unwrap().remove(0);
    assert_eq!((known.connections, known.chosen), (3, Some(chosen)));
    assert_eq!(one.of(&[maya]).await.unwrap()[0].connections, 3);
    // What another version may write is no reason to fail.
    server.tell(&["HSET", &key, "chosen", "{\"status\":\"dancing\"}"]);
    assert_eq!(one.of(&[maya]).await.unwrap()[0].chosen, None);
}

//! Work, while workers die and Redis forgets it.

use std::sync::Arc;
use std::time::Duration;

use tertulia_domain::ConversationId;
use tertulia_ports::Queue;
use tertulia_ports::queue::{Taken, Work};
use uuid::Uuid;

use crate::server::Server;
use crate::{node, soon};

const SOON: Duration = Duration::from_millis(500);

/// Of partition 3.
fn work(seq: u64) -> Work {
    Work { conversation_id: ConversationId(Uuid::from_u128(128 * 7 + 3)), seq }
}

async fn take(queue: &Arc<dyn Queue>) -> Vec<Taken> {
    queue.take(10, SOON).await.unwrap()
}

fn seqs(taken: &[Taken]) -> Vec<u64> {
    taken.iter().map(|taken| taken.work.seq).collect()
}

/// Its time is over, as it would be after 30 s.
fn expire(server: &Server) {
    server.tell(&["ZADD", "tertulia:{faults}:work:waiting", "1000", "3"]);
}

#[tokio::test]
async fn what_a_dead_worker_took_is_given_again_and_late_ones_free_nothing() {
    let server = Server::start(&[]);
    let (late, other) = (node(&server).await.queue(), node(&server).await.queue());
    late.push(vec![work(1), work(2)]).await.unwrap();
    let before = take(&late).await;
    assert_eq!((seqs(&before), seqs(&take(&other).await)), (vec![1, 2], vec![]));
    expire(&server);
    let again = take(&other).await;
    assert_eq!(seqs(&again), [1, 2]);
    late.push(vec![work(3)]).await.unwrap();
    late.done(before).await.unwrap();
    assert_eq!(seqs(&take(&late).await), [0; 0], "another has the partition");
    other.done(again).await.unwrap();
    assert_eq!(seqs(&take(&late).await), [3]);
    assert_eq!(other.lag().await.unwrap(), 1);
}

#[tokio::test]
async fn a_partition_is_free_once_all_that_was_taken_is_done() {
    let server = Server::start(&[]);
    let queue = node(&server).await.queue();
    queue.push((1..=3).map(work).collect()).await.unwrap();
    let mut taken = queue.take(2, SOON).await.unwrap();
    queue.done(vec![taken.remove(0)]).await.unwrap();
    assert_eq!(seqs(&take(&queue).await), [0; 0]);
    queue.done(taken).await.unwrap();
    assert_eq!(seqs(&take(&queue).await), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_after_redis_forgot_all_or_was_away() {
    let mut server = Server::start(&[]);
    let (one, other) = (node(&server).await.queue(), node(&server).await);
    let (attendance, other) = (other.attendance(), other.queue());
    one.push(vec![work(1)]).await.unwrap();
    let taken = take(&one).await;
    server.tell(&["FLUSHALL"]);
    one.push(vec![work(2)]).await.unwrap();
    one.done(taken).await.unwrap();
    let taken = take(&other).await;
    assert_eq!(seqs(&taken), [2]);
    server.kill();
    soon("the loss is noticed", || attendance.health().is_err()).await;
    other.done(taken).await.unwrap_err();
    one.push(vec![work(3)]).await.unwrap_err();
    other.take(1, Duration::from_secs(30)).await.unwrap_err();
    one.lag().await.unwrap_err();
    server.start_again();
    soon("Redis is found again", || attendance.health().is_ok()).await;
    other.push(vec![work(4)]).await.unwrap();
    assert_eq!(seqs(&take(&other).await), [4]);
}

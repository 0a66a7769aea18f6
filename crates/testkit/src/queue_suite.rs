//! Promises of [`tertulia_ports::Queue`], for every adapter.

use std::sync::Arc;
use std::time::Duration;

use tertulia_domain::ConversationId;
use tertulia_ports::Queue;
use tertulia_ports::queue::{PARTITIONS, Taken, Work};
use uuid::Uuid;

/// Runs the suite: a test for each promise. `$open`: an expression that is a future of two workers' views of one empty
/// queue, `Arc<dyn Queue>` each, and of whatever has to live as long; no two calls share a queue.
#[macro_export]
macro_rules! queue_suite {
    ($open:expr) => {
        $crate::queue_suite!(@each $open, work_is_given_once_and_in_order, a_partition_is_one_workers_at_a_time, who_waits_is_given_what_comes, an_empty_queue_answers_in_time);
    };
    (@each $open:expr, $($name:ident),+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let (one, other, _kept) = $open.await;
            $crate::queue_suite::$name(one, other).await;
        }
    )+};
}

const SOON: Duration = Duration::from_millis(500);

/// About a conversation of this partition.
fn work(partition: u8, seq: u64) -> Work {
    let id = (u128::from(seq) << 64) / u128::from(PARTITIONS) * u128::from(PARTITIONS) + u128::from(partition);
    Work { conversation_id: ConversationId(Uuid::from_u128(id)), seq }
}

fn works(taken: &[Taken]) -> Vec<Work> {
    taken.iter().map(|taken| taken.work).collect()
}

/// Until nothing more comes.
async fn drain(queue: &Arc<dyn Queue>) -> Vec<Work> {
    let mut all = Vec::new();
    loop {
        let taken = queue.take(7, SOON).await.unwrap();
        if taken.is_empty() {
            return all;
        }
        all.extend(works(&taken));
        queue.done(taken).await.unwrap();
    }
}

pub async fn work_is_given_once_and_in_order(one: Arc<dyn Queue>, other: Arc<dyn Queue>) {
    let pushed: Vec<Work> = (0..60).map(|n| work((n % 3) as u8, n)).collect();
    one.push(pushed[..30].to_vec()).await.unwrap();
    other.push(pushed[30..].to_vec()).await.unwrap();
    assert_eq!(one.lag().await.unwrap(), 60);
    let got = drain(&other).await;
    for partition in 0..3 {
        let of = |works: &[Work]| works.iter().filter(|work| work.seq % 3 == partition).copied().collect::<Vec<_>>();
        assert_eq!(of(&got), of(&pushed), "partition {partition}");
    }
    assert_eq!((got.len(), drain(&one).await.len()), (60, 0));
    assert_eq!(other.lag().await.unwrap(), 0);
}

pub async fn a_partition_is_one_workers_at_a_time(one: Arc<dyn Queue>, other: Arc<dyn Queue>) {
    one.push(vec![work(5, 1), work(5, 2)]).await.unwrap();
    let taken = one.take(1, SOON).await.unwrap();
    assert_eq!(works(&taken), [work(5, 1)]);
    assert_eq!(other.take(10, SOON).await.unwrap(), [], "before what comes before is done");
    one.done(taken).await.unwrap();
    let mut rest = one.take(10, SOON).await.unwrap();
    if rest.is_empty() {
        rest = other.take(10, Duration::from_secs(10)).await.unwrap();
    }
    assert_eq!(works(&rest), [work(5, 2)]);
}

pub async fn who_waits_is_given_what_comes(one: Arc<dyn Queue>, other: Arc<dyn Queue>) {
    let waiting = one.take(10, Duration::from_secs(20));
    let pushing = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        other.push(vec![work(9, 1)]).await.unwrap();
    };
    let (taken, ()) = tokio::join!(waiting, pushing);
    assert_eq!(works(&taken.unwrap()), [work(9, 1)]);
}

pub async fn an_empty_queue_answers_in_time(one: Arc<dyn Queue>, _: Arc<dyn Queue>) {
    let taken = tokio::time::timeout(Duration::from_secs(10), one.take(10, SOON)).await.expect("no answer");
    assert_eq!(taken.unwrap(), []);
    one.push(Vec::new()).await.unwrap();
    one.done(Vec::new()).await.unwrap();
}

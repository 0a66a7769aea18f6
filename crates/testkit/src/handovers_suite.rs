//! Promises of [`tertulia_ports::Handovers`], for every adapter.

use std::sync::Arc;

use tertulia_domain::Timestamp;
use tertulia_ports::{Handover, Handovers};
use uuid::Uuid;

use crate::world::new_id;

/// Runs the suite: a test for each promise. `$open`: an expression that is a future of an `Arc<dyn Handovers>` and of
/// whatever has to live as long.
#[macro_export]
macro_rules! handovers_suite {
    ($open:expr) => {
        $crate::handovers_suite!(@each $open, what_is_left_is_taken_once, of_many_takers_one_gets_it);
    };
    (@each $open:expr, $($name:ident),+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let (handovers, _kept) = $open.await;
            $crate::handovers_suite::$name(handovers).await;
        }
    )+};
}

/// The true time: an adapter may forget by a clock of its own.
fn now() -> Timestamp {
    let (seconds, _) = Uuid::now_v7().get_timestamp().unwrap().to_unix();
    Timestamp::from_millis(i64::try_from(seconds).unwrap() * 1_000).unwrap()
}

fn left(id: Uuid, now: Timestamp) -> Handover {
    Handover { id, state: id.as_bytes().to_vec(), expires_at: now.plus_millis(60_000) }
}

pub async fn what_is_left_is_taken_once(handovers: Arc<dyn Handovers>) {
    let (one, other, now) = (new_id::<Uuid>(), new_id::<Uuid>(), now());
    handovers.keep([one, other].map(|id| left(id, now)).to_vec(), now).await.unwrap();
    assert_eq!(handovers.take(new_id(), now).await.unwrap(), None);
    assert_eq!(handovers.take(one, now).await.unwrap(), Some(one.as_bytes().to_vec()));
    assert_eq!(handovers.take(one, now).await.unwrap(), None, "a second time");
    assert_eq!(handovers.take(other, now.plus_millis(60_000)).await.unwrap(), None, "too late");
}

pub async fn of_many_takers_one_gets_it(handovers: Arc<dyn Handovers>) {
    let (id, now) = (new_id::<Uuid>(), now());
    handovers.keep(vec![left(id, now)], now).await.unwrap();
    let mut takers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let handovers = handovers.clone();
        takers.spawn(async move { handovers.take(id, now).await.unwrap().is_some() });
    }
    let got = takers.join_all().await;
    assert_eq!(got.iter().filter(|got| **got).count(), 1);
}

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
    #[allow(clippy::disallowed_methods)] // As the doc line says.
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap()).unwrap()
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

#[allow(clippy::disallowed_methods)] // They end with the test.
pub async fn of_many_takers_one_gets_it(handovers: Arc<dyn Handovers>) {
    let (id, now) = (new_id::<Uuid>(), now());
    handovers.keep(vec![left(id, now)], now).await.unwrap();
    let takers: Vec<_> = (0..20)
        .map(|_| {
            let handovers = handovers.clone();
            tokio::spawn(async move { handovers.take(id, now).await.unwrap().is_some() })
        })
        .collect();
    let mut got = 0;
    for taker in takers {
        got += u32::from(taker.await.unwrap());
    }
    assert_eq!(got, 1);
}

//! Promises of [`tertulia_ports::Carrier`], for every adapter.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tertulia_ports::Carrier;
use tertulia_ports::carrier::{Carried, TOPICS};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Runs the suite: a test for each promise. `$open`: an expression that is a future of two nodes' carriers, `Arc<dyn
/// Carrier>` each, that belong to one cluster, and of whatever has to live as long; no two calls share a cluster.
#[macro_export]
macro_rules! carrier_suite {
    ($open:expr) => {
        $crate::carrier_suite!(@each $open, all_nodes_receive_what_one_sends, topics_keep_their_order, large_payloads_arrive, clusters_do_not_mix);
    };
    (@each $open:expr, $($name:ident),+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let (one, other, _kept) = $open.await;
            let (strange, _, _kept) = $open.await;
            $crate::carrier_suite::$name(one, other, strange).await;
        }
    )+};
}

type Heard = UnboundedReceiver<(u8, Vec<u8>)>;

fn receive(carrier: &Arc<dyn Carrier>) -> Heard {
    let (said, heard) = unbounded_channel();
    carrier.receive(Arc::new(move |carried| {
        if let Carried::Payload(topic, payload) = carried {
            drop(said.send((topic, payload.to_vec())));
        }
    }));
    heard
}

async fn next(heard: &mut Heard) -> (u8, Vec<u8>) {
    tokio::time::timeout(Duration::from_secs(10), heard.recv()).await.expect("nothing received").expect("the carrier is gone")
}

/// Subscribing takes a moment; nothing is promised until then.
async fn connected(carriers: [&Arc<dyn Carrier>; 2]) -> [Heard; 2] {
    let mut heard = carriers.map(receive);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    for topic in 0..TOPICS {
        for listener in 0..2 {
            // Whose it is, too: each hears itself.
            let asked = (topic, format!("{listener}, are you there?").into_bytes());
            let mut come = false;
            while !come {
                assert!(std::time::Instant::now() < deadline, "topic {topic} never comes: {:?}", carriers[listener].health());
                carriers[1 - listener].send(topic, Bytes::from(asked.1.clone()));
                // Asking again for each older answer would double what is on its way with every topic.
                let answer = async { while heard[listener].recv().await.is_some_and(|heard| heard != asked) {} };
                come = tokio::time::timeout(Duration::from_millis(50), answer).await.is_ok();
            }
        }
    }
    assert_eq!(carriers.map(|carrier| carrier.health()), [Ok(()), Ok(())]);
    // What was asked too often is still on its way: all of it comes before this.
    for topic in 0..TOPICS {
        assert!(carriers.iter().all(|carrier| carrier.send(topic, Bytes::from_static(b"all said"))));
    }
    for listener in &mut heard {
        let mut left = 2 * u32::from(TOPICS);
        while left > 0 {
            left -= u32::from(next(listener).await.1 == b"all said");
        }
    }
    heard
}

pub async fn all_nodes_receive_what_one_sends(one: Arc<dyn Carrier>, other: Arc<dyn Carrier>, _: Arc<dyn Carrier>) {
    let mut heard = connected([&one, &other]).await;
    for topic in 0..TOPICS {
        assert!(one.send(topic, Bytes::from(vec![topic; 3])));
    }
    for listener in &mut heard {
        let mut got = Vec::new();
        for _ in 0..TOPICS {
            got.push(next(listener).await);
        }
        got.sort();
        assert_eq!(got, (0..TOPICS).map(|topic| (topic, vec![topic; 3])).collect::<Vec<_>>());
    }
}

pub async fn topics_keep_their_order(one: Arc<dyn Carrier>, other: Arc<dyn Carrier>, _: Arc<dyn Carrier>) {
    let [_, mut heard] = connected([&one, &other]).await;
    for number in 0..2_000_u32 {
        assert!(one.send(5, Bytes::copy_from_slice(&number.to_be_bytes())), "{number}");
    }
    for number in 0..2_000_u32 {
        assert_eq!(next(&mut heard).await, (5, number.to_be_bytes().to_vec()));
    }
}

pub async fn large_payloads_arrive(one: Arc<dyn Carrier>, other: Arc<dyn Carrier>, _: Arc<dyn Carrier>) {
    let [_, mut heard] = connected([&one, &other]).await;
    // Every byte that there is, and 128 KiB of them.
    let payload: Vec<u8> = (0..=u8::MAX).cycle().take(128 * 1024).collect();
    assert!(one.send(0, Bytes::from(payload.clone())));
    assert_eq!(next(&mut heard).await, (0, payload));
}

pub async fn clusters_do_not_mix(one: Arc<dyn Carrier>, other: Arc<dyn Carrier>, strange: Arc<dyn Carrier>) {
    let mut elsewhere = receive(&strange);
    let [_, mut heard] = connected([&one, &other]).await;
    assert!(one.send(1, Bytes::from_static(b"ours")));
    assert_eq!(next(&mut heard).await, (1, b"ours".to_vec()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(elsewhere.try_recv().ok(), None);
}

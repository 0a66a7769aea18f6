//! The suites of the ports, on a real Redis.

// Helpers of tests, where a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use tertulia_embedded::MemoryLimits;
use tertulia_ports::{Attendance, Carrier, Handovers, LimitKey, Limits, Queue, Rate};
use tertulia_redis::{Options, Redis};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// A node of that cluster.
async fn node(cluster: &str) -> Redis {
    #[allow(clippy::disallowed_methods)] // Where the service is, for tests only.
    let url = std::env::var("TERTULIA_TEST_REDIS").expect("TERTULIA_TEST_REDIS has to name a Redis: run this by scripts/with-services.sh");
    Redis::open(&Options { url, cluster: cluster.into(), node: Uuid::new_v4(), may_be_away: false }).await.unwrap()
}

fn new_cluster() -> String {
    format!("test-{}", Uuid::new_v4())
}

async fn two_nodes() -> [Redis; 2] {
    let cluster = new_cluster();
    [node(&cluster).await, node(&cluster).await]
}

mod carrier {
    use super::*;

    async fn open() -> (Arc<dyn Carrier>, Arc<dyn Carrier>, ()) {
        let [one, other] = two_nodes().await;
        (one.carrier().await.unwrap(), other.carrier().await.unwrap(), ())
    }

    tertulia_testkit::carrier_suite!(open());
}

mod attendance {
    use super::*;

    async fn open() -> (Arc<dyn Attendance>, Arc<dyn Attendance>, ()) {
        let [one, other] = two_nodes().await;
        (one.attendance(), other.attendance(), ())
    }

    tertulia_testkit::attendance_suite!(open());
}

mod queue {
    use super::*;

    async fn open() -> (Arc<dyn Queue>, Arc<dyn Queue>, ()) {
        let [one, other] = two_nodes().await;
        (one.queue(), other.queue(), ())
    }

    tertulia_testkit::queue_suite!(open());
}

mod handovers {
    use super::*;

    async fn open() -> (Arc<dyn Handovers>, ()) {
        (node(&new_cluster()).await.handovers(), ())
    }

    tertulia_testkit::handovers_suite!(open());

    #[tokio::test]
    async fn large_ones_are_kept_for_another_node() {
        let ([one, other], now) = (two_nodes().await, tertulia_domain::Timestamp::from_millis(1_900_000_000_000).unwrap());
        let (id, state) = (Uuid::new_v4(), (0..=u8::MAX).cycle().take(64 * 1024).collect::<Vec<_>>());
        let left = tertulia_ports::Handover { id, state: state.clone(), expires_at: now.plus_millis(60_000) };
        let late = tertulia_ports::Handover { id: Uuid::new_v4(), expires_at: now, ..left.clone() };
        one.handovers().keep(vec![left, late.clone()], now).await.unwrap();
        assert_eq!(other.handovers().take(late.id, now).await.unwrap(), None);
        assert_eq!(other.handovers().take(id, now).await.unwrap(), Some(state));
    }
}

mod limits {
    use super::*;

    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

    fn of_nodes<const N: usize>() -> [Arc<dyn Limits>; N] {
        let cluster = new_cluster();
        let open = async || node(&cluster).await.limits(Arc::new(MemoryLimits::default()));
        std::array::from_fn(|_| RUNTIME.block_on(open()))
    }

    fn open() -> Arc<dyn Limits> {
        let [limits] = of_nodes();
        limits
    }

    tertulia_testkit::limits_suite!(open());

    const KEY: LimitKey = LimitKey { action: "try", subject: 7 };

    /// Both ask a thousand times a second, for two seconds.
    #[test]
    fn two_nodes_give_the_burst_and_what_one_settlement_misses() {
        let (nodes, rate) = (of_nodes::<2>(), Rate { burst: 100, refill: Duration::from_millis(50) });
        let start = Instant::now();
        let mut given = 0;
        while start.elapsed() < Duration::from_secs(2) {
            given += nodes.iter().filter(|node| node.take(KEY, rate, Instant::now()).is_ok()).count();
            std::thread::sleep(Duration::from_millis(1));
        }
        let alone = 100 + 2_000 / 50;
        // Until the first settlement both may have given all that there was.
        assert!((alone - 2..=2 * alone).contains(&given), "{given} given");
        // From then on they share what comes back.
        let (start, mut later) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_secs(3) {
            later += nodes.iter().filter(|node| node.take(KEY, rate, Instant::now()).is_ok()).count();
            std::thread::sleep(Duration::from_millis(1));
        }
        // Sixty come back in that time; each settlement may miss the one that came back since the last.
        assert!(later <= 60 + 60, "{later} given later");
    }

    /// The other node has used up all; this one learns it with the first token that it gives away.
    #[test]
    fn what_another_node_gave_away_is_learned_within_a_settlement() {
        let ([one, other], rate) = (of_nodes(), Rate { burst: 50, refill: Duration::from_secs(60) });
        assert_eq!((0..60).filter(|_| one.take(KEY, rate, Instant::now()).is_ok()).count(), 50);
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(other.take(KEY, rate, Instant::now()), Ok(()));
        std::thread::sleep(Duration::from_millis(500));
        let wait = other.take(KEY, rate, Instant::now()).unwrap_err();
        assert!(wait > Duration::from_secs(110) && wait <= Duration::from_secs(120), "{wait:?}");
    }

    /// What comes back from Redis is no stricter than what the node knew by itself.
    #[test]
    fn a_node_alone_is_refused_no_longer_than_without_redis() {
        let (limits, rate) = (open(), Rate { burst: 20, refill: Duration::from_millis(500) });
        let start = Instant::now();
        (0..20).for_each(|_| limits.take(KEY, rate, start).unwrap());
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(limits.take(KEY, rate, start), Err(rate.refill));
        assert_eq!(limits.take(KEY, rate, start + rate.refill), Ok(()));
    }
}

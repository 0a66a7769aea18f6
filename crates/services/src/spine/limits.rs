//! How often somebody may do something: token buckets per action and key, in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_domain::Refusal;
use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_ports::Clock;

use crate::Answer;

/// What is counted, and for whom: a user however many connections they have, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Messages in the last moment: 10/s, burst 20.
    Message(UserId),
    /// Messages over time: 100 a minute.
    MessageSustained(UserId),
    /// Urgent messages: 3 an hour.
    Urgent(UserId),
    /// Edits, deletions, reactions, pins: 10/s, burst 30.
    Change(UserId),
    Typing(UserId, ConversationId),
    /// 5 a minute for each account and address.
    SignIn(String, IpAddr),
    /// Accounts made from one address: 20 an hour.
    Register(IpAddr),
    /// Sockets opened: 10 a minute for each user (burst 20: a deploy reconnects everybody's tabs).
    Connect(UserId),
    /// 60 a minute.
    ConnectFrom(IpAddr),
    /// Frames and requests of any kind: 50/s, burst 200.
    Request(UserId),
}

impl Key {
    /// Tokens that fit, and how long one takes to come back.
    fn rate(&self) -> (f64, Duration) {
        match self {
            Self::Message(_) => (20.0, Duration::from_millis(100)),
            Self::MessageSustained(_) => (100.0, Duration::from_millis(600)),
            Self::Urgent(_) => (3.0, Duration::from_secs(20 * 60)),
            Self::Change(_) => (30.0, Duration::from_millis(100)),
            Self::Typing(..) => (1.0, Duration::from_secs(1)),
            Self::SignIn(..) => (5.0, Duration::from_secs(12)),
            Self::Register(_) => (20.0, Duration::from_secs(180)),
            Self::Connect(_) => (20.0, Duration::from_secs(6)),
            Self::ConnectFrom(_) => (60.0, Duration::from_secs(1)),
            Self::Request(_) => (200.0, Duration::from_millis(20)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Buckets looked at before full ones are thrown away.
const SWEEP_EVERY: usize = 10_000;

/// All buckets of this node.
pub struct Limits {
    clock: Arc<dyn Clock>,
    on: bool,
    buckets: Mutex<HashMap<Key, Bucket>>,
}

impl Limits {
    pub(crate) fn new(clock: Arc<dyn Clock>, on: bool) -> Self {
        Self { clock, on, buckets: Mutex::default() }
    }

    /// Takes one token, or refuses with the time until there is one.
    pub fn take(&self, key: Key) -> Answer<()> {
        if !self.on {
            return Ok(());
        }
        let (burst, refill) = key.rate();
        let now = self.clock.instant();
        let mut buckets = self.buckets.lock();
        if buckets.len() >= SWEEP_EVERY {
            buckets.retain(|key, bucket| refilled(key, *bucket, now) < key.rate().0);
        }
        let tokens = buckets.get(&key).map_or(burst, |bucket| refilled(&key, *bucket, now));
        if tokens >= 1.0 {
            buckets.insert(key, Bucket { tokens: tokens - 1.0, at: now });
            Ok(())
        } else {
            let wait = refill.mul_f64(1.0 - tokens);
            Err(Refusal::rate_limited(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)))
        }
    }
}

fn refilled(key: &Key, bucket: Bucket, now: Instant) -> f64 {
    let (burst, refill) = key.rate();
    let back = now.saturating_duration_since(bucket.at).as_secs_f64() / refill.as_secs_f64();
    (bucket.tokens + back).min(burst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tertulia_domain::Timestamp;
    use uuid::Uuid;

    struct Hand(Mutex<Instant>);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::EPOCH
        }
        fn instant(&self) -> Instant {
            *self.0.lock()
        }
    }

    #[test]
    fn a_burst_passes_then_the_rate_holds_and_says_when() {
        let start = Instant::now();
        let clock = Arc::new(Hand(Mutex::new(start)));
        let limits = Limits::new(clock.clone(), true);
        let key = || Key::Message(UserId(Uuid::nil()));
        for _ in 0..20 {
            limits.take(key()).unwrap();
        }
        assert_eq!(limits.take(key()).unwrap_err().retry_after_ms, Some(100));
        *clock.0.lock() = start + Duration::from_millis(100);
        limits.take(key()).unwrap();
        limits.take(key()).unwrap_err();
        assert!(limits.take(Key::Message(UserId(Uuid::max()))).is_ok(), "others are not touched");
    }
}

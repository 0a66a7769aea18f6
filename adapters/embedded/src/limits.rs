//! Token buckets in this process's memory.
//!
//! A bucket is the moment when it will be full again (GCRA): each token taken moves that moment on by one
//! refill, and a token is there as long as the moment lies at most a burst of refills ahead.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_ports::{LimitKey, Limits, Rate};

const SHARDS: usize = 64;
/// Half a million in all, some 50 MB.
const SHARD_BUCKETS_MAX: usize = 8_192;
/// Fewer are not worth looking through.
const SHARD_BUCKETS_MIN: usize = 128;

/// Buckets of this node, in shards with a lock each.
pub struct MemoryLimits {
    /// Keyed, so that nobody can aim at one shard.
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
}

#[derive(Debug)]
struct Shard {
    full_at: HashMap<LimitKey, Instant>,
    /// So many buckets are looked through. At least twice what was left the last time, so that a look costs
    /// each insertion the same, however many there are.
    sweep_at: usize,
    most: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self::holding(SHARD_BUCKETS_MAX)
    }
}

impl MemoryLimits {
    fn holding(most: usize) -> Self {
        let shard = || Mutex::new(Shard { full_at: HashMap::new(), sweep_at: SHARD_BUCKETS_MIN.min(most), most });
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| shard()).collect() }
    }
}

impl Limits for MemoryLimits {
    fn take(&self, key: LimitKey, rate: Rate, now: Instant) -> Result<(), Duration> {
        let place = self.hasher.hash_one(key) as usize % SHARDS;
        // There are as many as `place` counts to.
        self.shards.get(place).map_or(Ok(()), |shard| shard.lock().take(key, rate, now))
    }

    fn learn(&self, key: LimitKey, full_in: Duration, now: Instant) {
        let place = self.hasher.hash_one(key) as usize % SHARDS;
        if let Some(shard) = self.shards.get(place) {
            shard.lock().learn(key, now + full_in, now);
        }
    }

    fn held(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().full_at.len()).sum()
    }
}

impl Shard {
    fn take(&mut self, key: LimitKey, rate: Rate, now: Instant) -> Result<(), Duration> {
        let known = self.full_at.get_mut(&key);
        let full_at = known.as_ref().map_or(now, |full_at| now.max(**full_at)) + rate.refill;
        let wait = full_at.saturating_duration_since(now).saturating_sub(rate.refill * rate.burst);
        if !wait.is_zero() {
            return Err(wait);
        }
        match known {
            Some(known) => *known = full_at,
            None => self.insert(key, full_at, now),
        }
        Ok(())
    }

    fn learn(&mut self, key: LimitKey, full_at: Instant, now: Instant) {
        match self.full_at.get_mut(&key) {
            Some(known) => *known = full_at.max(*known),
            None => self.insert(key, full_at, now),
        }
    }

    fn insert(&mut self, key: LimitKey, full_at: Instant, now: Instant) {
        if self.full_at.len() >= self.sweep_at {
            self.sweep(now);
        }
        self.full_at.insert(key, full_at);
    }

    /// Forgets what is full, and then what is nearest to it if that leaves too many.
    fn sweep(&mut self, now: Instant) {
        self.full_at.retain(|_, full_at| *full_at > now);
        let kept = self.most - self.most / 4;
        if self.full_at.len() > kept {
            self.forget_all_but(kept);
        }
        self.sweep_at = (self.full_at.len() * 2).clamp(SHARD_BUCKETS_MIN.min(self.most), self.most);
        self.full_at.shrink_to(self.sweep_at);
    }

    fn forget_all_but(&mut self, kept: usize) {
        let mut moments: Vec<Instant> = self.full_at.values().copied().collect();
        let mut over = moments.len() - kept;
        let (_, latest, _) = moments.select_nth_unstable(over - 1);
        let latest = *latest;
        // Many may be full at the same moment: the earlier ones go, and of those as many as are over.
        self.full_at.retain(|_, full_at| *full_at >= latest);
        over = self.full_at.len().saturating_sub(kept);
        self.full_at.retain(|_, full_at| {
            let goes = over > 0 && *full_at == latest;
            over -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Rate = Rate { burst: 3, refill: Duration::from_secs(3_600) };

    fn key(subject: u128) -> LimitKey {
        LimitKey { action: "try", subject }
    }

    #[test]
    fn where_there_are_too_many_the_emptiest_stay() {
        let (limits, now) = (MemoryLimits::holding(40), Instant::now());
        for _ in 0..SLOW.burst {
            limits.take(key(0), SLOW, now).unwrap();
        }
        for subject in 1..20_000 {
            limits.take(key(subject), SLOW, now).unwrap();
            assert!(limits.held() <= SHARDS * 40);
        }
        assert!(limits.held() >= SHARDS * 30, "no more than a quarter goes at a time");
        assert_eq!(limits.take(key(0), SLOW, now), Err(SLOW.refill));
    }

    #[test]
    fn buckets_that_are_full_at_the_same_moment_do_not_all_go() {
        let now = Instant::now();
        let mut shard = Shard { full_at: HashMap::new(), sweep_at: 8, most: 8 };
        for subject in 0..8 {
            shard.take(key(subject), SLOW, now).unwrap();
        }
        shard.take(key(8), SLOW, now).unwrap();
        assert_eq!(shard.full_at.len(), 7);
    }

    #[test]
    fn what_is_full_is_forgotten_and_its_room_given_back() {
        let mut now = Instant::now();
        let rate = Rate { burst: 2, refill: Duration::from_millis(100) };
        let mut shard = Shard { full_at: HashMap::new(), sweep_at: SHARD_BUCKETS_MIN, most: SHARD_BUCKETS_MAX };
        for subject in 0..5_000 {
            shard.take(key(subject), rate, now).unwrap();
        }
        assert_eq!(shard.full_at.len(), 5_000);
        now += Duration::from_secs(1);
        shard.sweep(now);
        assert_eq!((shard.full_at.len(), shard.sweep_at), (0, SHARD_BUCKETS_MIN));
        assert!(shard.full_at.capacity() < 1_000, "{}", shard.full_at.capacity());
    }
}

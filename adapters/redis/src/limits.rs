//! Token buckets of all nodes together: each node decides from its own, and settles ten times a second.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_ports::{LimitKey, Limits, Rate};

use crate::link::Link;
use crate::script::{Call, Script};
use crate::task::Task;
use crate::{Names, Redis};

const SETTLED_EVERY: Duration = Duration::from_millis(100);
/// Settled in one round. What others take is counted by their own node alone then.
const KEYS_MAX: usize = 10_000;
/// No bucket is full later than that. Numbers of scripts are exact up to 2^53, µs since 1970 included.
const FULL_IN_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(&[include_str!("scripts/take.lua")]));

type Noted = Arc<Mutex<HashMap<LimitKey, Taken>>>;

pub(crate) struct Settled {
    inner: Arc<dyn Limits>,
    noted: Noted,
    _settler: Task,
}

/// What was taken of a bucket since the last round.
struct Taken {
    rate: Rate,
    tokens: u32,
    first: Instant,
}

impl Settled {
    pub(crate) fn new(redis: &Redis, inner: Arc<dyn Limits>) -> Self {
        let noted = Noted::default();
        let settler = Task::start(settle_for_ever(redis.link.clone(), redis.names.clone(), noted.clone(), inner.clone()));
        Self { inner, noted, _settler: settler }
    }
}

impl Limits for Settled {
    fn take(&self, key: LimitKey, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.inner.take(key, rate, now)?;
        let mut noted = self.noted.lock();
        let full = noted.len() >= KEYS_MAX;
        match noted.entry(key) {
            Entry::Occupied(mut taken) => taken.get_mut().tokens += 1,
            Entry::Vacant(place) if !full => drop(place.insert(Taken { rate, tokens: 1, first: now })),
            Entry::Vacant(_) => {}
        }
        Ok(())
    }

    fn learn(&self, key: LimitKey, full_in: Duration, now: Instant) {
        self.inner.learn(key, full_in, now);
    }

    fn held(&self) -> usize {
        self.inner.held()
    }
}

async fn settle_for_ever(link: Arc<Link>, names: Names, noted: Noted, inner: Arc<dyn Limits>) {
    loop {
        tokio::time::sleep(SETTLED_EVERY).await;
        let taken = std::mem::take(&mut *noted.lock());
        // Without Redis, this node's own buckets hold. What was taken meanwhile is not made up for.
        if !taken.is_empty()
            && link.is_up()
            && let Err(error) = settle(&link, &names, &taken, &*inner).await
        {
            tracing::debug!(%error, "limits not settled");
        }
    }
}

/// Both moments are counted from before the question: the way there is in neither, so that a node that is alone
/// learns what it knew.
async fn settle(link: &Link, names: &Names, taken: &HashMap<LimitKey, Taken>, inner: &dyn Limits) -> Result<(), String> {
    let asked_at = Instant::now();
    let (keys, calls): (Vec<_>, Vec<_>) = taken.iter().map(|(key, taken)| (*key, call(names, key, taken, asked_at))).unzip();
    let full_in: Vec<u64> = TAKE.run(link, &calls).await?;
    for (key, full_in) in keys.into_iter().zip(full_in).filter(|(_, full_in)| *full_in > 0) {
        inner.learn(key, Duration::from_micros(full_in), asked_at);
    }
    Ok(())
}

fn call(names: &Names, key: &LimitKey, taken: &Taken, asked_at: Instant) -> Call<(u64, u64, u64)> {
    let refills = |count: u32| micros(taken.rate.refill.saturating_mul(count));
    // Rounded up, so that nobody waits longer for it.
    let age = micros(asked_at.saturating_duration_since(taken.first)) + 1;
    // Others may be over the burst by as much again, and not by more.
    let most = refills(taken.rate.burst.saturating_mul(2));
    Call { key: names.of("limit", format_args!("{}:{:x}", key.action, key.subject)), args: (age, refills(taken.tokens), most) }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.min(FULL_IN_MAX).as_micros()).unwrap_or(u64::MAX)
}

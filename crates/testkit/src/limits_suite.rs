//! Promises of [`tertulia_ports::Limits`], for every adapter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tertulia_ports::{LimitKey, Limits, Rate};

/// Runs the suite: a test for each promise. `$open` makes empty buckets' keeper: an `Arc<dyn Limits>`.
#[macro_export]
macro_rules! limits_suite {
    ($open:expr) => {
        $crate::limits_suite!(@each $open,
            a_burst_passes_then_the_rate_holds,
            who_is_refused_is_told_when_and_loses_nothing,
            others_are_not_touched,
            an_idle_bucket_comes_back_full_and_no_fuller,
            an_earlier_now_gives_nobody_more,
            a_hundred_thousand_keys_stay_bounded,
            takers_at_once_never_get_more_than_the_burst,
            what_others_took_counts,
        );
    };
    (@each $open:expr, $($name:ident),+ $(,)?) => {$(
        #[test]
        fn $name() {
            $crate::limits_suite::$name($open);
        }
    )+};
}

const RATE: Rate = Rate { burst: 20, refill: Duration::from_millis(100) };

fn key(subject: u128) -> LimitKey {
    LimitKey { action: "try", subject }
}

fn empty(limits: &dyn Limits, key: LimitKey, rate: Rate, now: Instant) {
    for n in 0..rate.burst {
        assert_eq!(limits.take(key, rate, now), Ok(()), "token {n} of a full bucket");
    }
    assert!(limits.take(key, rate, now).is_err(), "more than the burst");
}

/// Over ten seconds of asking every 10 ms: the burst and one per refill, no more and no fewer.
pub fn a_burst_passes_then_the_rate_holds(limits: Arc<dyn Limits>) {
    let start = Instant::now();
    let passed = (0..1_000_u64).filter(|n| limits.take(key(1), RATE, start + Duration::from_millis(n * 10)).is_ok()).count();
    assert_eq!(passed, 20 + 99);
}

pub fn who_is_refused_is_told_when_and_loses_nothing(limits: Arc<dyn Limits>) {
    let start = Instant::now();
    empty(&*limits, key(1), RATE, start);
    for later in [0, 1, 60, 99] {
        let wait = limits.take(key(1), RATE, start + Duration::from_millis(later)).unwrap_err();
        assert_eq!(wait, Duration::from_millis(100 - later), "asked {later} ms later");
    }
    let then = start + Duration::from_millis(100);
    assert_eq!(limits.take(key(1), RATE, then), Ok(()), "not when it was told");
    assert_eq!(limits.take(key(1), RATE, then), Err(RATE.refill));
}

/// Neither the same action of somebody else nor another action of the same one.
pub fn others_are_not_touched(limits: Arc<dyn Limits>) {
    let now = Instant::now();
    empty(&*limits, key(1), RATE, now);
    empty(&*limits, key(2), RATE, now);
    empty(&*limits, LimitKey { action: "do", subject: 1 }, Rate { burst: 3, ..RATE }, now);
}

pub fn an_idle_bucket_comes_back_full_and_no_fuller(limits: Arc<dyn Limits>) {
    let start = Instant::now();
    empty(&*limits, key(1), RATE, start);
    empty(&*limits, key(1), RATE, start + RATE.refill * RATE.burst);
    empty(&*limits, key(1), RATE, start + Duration::from_secs(24 * 3_600));
}

/// Two threads read the clock one after the other and come here the other way round.
pub fn an_earlier_now_gives_nobody_more(limits: Arc<dyn Limits>) {
    let start = Instant::now();
    let later = start + Duration::from_millis(500);
    empty(&*limits, key(1), RATE, later);
    assert!(limits.take(key(1), RATE, start).is_err());
    assert_eq!(limits.take(key(1), RATE, later + RATE.refill), Ok(()));
}

/// Wave after wave of people who come once, beside one who has used up what comes back within days.
pub fn a_hundred_thousand_keys_stay_bounded(limits: Arc<dyn Limits>) {
    let (mut now, rare) = (Instant::now(), Rate { burst: 3, refill: Duration::from_secs(24 * 3_600) });
    empty(&*limits, key(0), rare, now);
    for wave in 1..=6_u128 {
        for n in 0..100_000 {
            assert_eq!(limits.take(key(wave << 32 | n), RATE, now), Ok(()));
        }
        now += Duration::from_secs(60);
        assert!(limits.held() <= 300_000, "{} kept after {wave} waves of 100,000, of which all but the last are full", limits.held());
    }
    assert!(limits.take(key(0), rare, now).is_err(), "a bucket was forgotten that was not full");
}

pub fn takers_at_once_never_get_more_than_the_burst(limits: Arc<dyn Limits>) {
    let (now, rate) = (Instant::now(), Rate { burst: 500, refill: Duration::from_secs(3_600) });
    let passed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mine = (0..200).filter(|_| limits.take(key(1), rate, now).is_ok()).count();
                passed.fetch_add(u32::try_from(mine).unwrap(), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(passed.into_inner(), 500);
}

pub fn what_others_took_counts(limits: Arc<dyn Limits>) {
    let start = Instant::now();
    limits.learn(key(1), RATE.refill * 19, start);
    assert_eq!(limits.take(key(1), RATE, start), Ok(()), "the last token");
    assert_eq!(limits.take(key(1), RATE, start), Err(RATE.refill));
    limits.learn(key(1), RATE.refill, start);
    assert_eq!(limits.take(key(1), RATE, start), Err(RATE.refill), "learning gives nothing back");
    limits.learn(key(1), RATE.refill * 22, start);
    assert_eq!(limits.take(key(1), RATE, start), Err(RATE.refill * 3), "others may be over it");
}

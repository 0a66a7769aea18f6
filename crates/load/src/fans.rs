//! What arrived where: latency from when it was due, and what is missing.

use std::time::Instant;

use hdrhistogram::Histogram;

use crate::fault::Ran;
use crate::stamp::{RunClock, Stamp};

/// For times up to ten minutes, in microseconds, three digits exact.
pub fn times() -> Ran<Histogram<u64>> {
    Ok(Histogram::new_with_max(600_000_000, 3)?)
}

/// One stream as one client sees it.
struct Seen {
    stream: u32,
    /// The number that comes next.
    next: u32,
}

/// Counts what every client receives of the streams that it should.
pub struct Fans {
    clock: RunClock,
    /// By client. Few streams each, so a list is the quickest.
    seen: Vec<Vec<Seen>>,
    pub latency: Histogram<u64>,
    pub deliveries: u64,
    /// Passed over by a later one.
    skipped: u64,
    /// Came after a later one, or twice.
    pub late: u64,
}

impl Fans {
    pub fn new(clients: usize, clock: RunClock) -> Ran<Self> {
        let seen = std::iter::repeat_with(Vec::new).take(clients).collect();
        Ok(Self { clock, seen, latency: times()?, deliveries: 0, skipped: 0, late: 0 })
    }

    /// This client has to see this stream.
    pub fn expect(&mut self, client: usize, stream: u32) {
        if let Some(seen) = self.seen.get_mut(client) {
            seen.push(Seen { stream, next: 0 });
        }
    }

    /// What came so far was for warming up.
    pub fn begin(&mut self) {
        self.latency.reset();
        (self.deliveries, self.skipped, self.late) = (0, 0, 0);
    }

    /// A message has arrived; false where it was not this client's to see, or not its turn.
    pub fn take(&mut self, client: usize, stamp: Stamp) -> bool {
        let seen = self.seen.get_mut(client).and_then(|seen| seen.iter_mut().find(|seen| seen.stream == stamp.stream));
        let Some(seen) = seen else { return false };
        if stamp.number < seen.next {
            self.late += 1;
            return false;
        }
        self.skipped += u64::from(stamp.number - seen.next);
        seen.next = stamp.number + 1;
        self.deliveries += 1;
        self.latency.saturating_record(self.clock.micros(Instant::now()).saturating_sub(stamp.due_us));
        true
    }

    /// What should have come and did not, when `sent` answers how many messages each stream had.
    pub fn lost(&self, sent: impl Fn(u32) -> u32) -> u64 {
        let tail: u64 = self.seen.iter().flatten().map(|seen| u64::from(sent(seen.stream).saturating_sub(seen.next))).sum();
        self.skipped + tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_twice_is_seen() {
        let mut fans = Fans::new(2, RunClock::start()).unwrap();
        fans.expect(0, 7);
        fans.expect(1, 7);
        let stamp = |number| Stamp { due_us: 0, stream: 7, number };
        assert!(fans.take(0, stamp(0)) && fans.take(0, stamp(1)) && fans.take(0, stamp(3)));
        assert!(fans.take(1, stamp(0)));
        assert!(!fans.take(1, stamp(0)) && !fans.take(1, Stamp { stream: 8, ..stamp(1) }));
        // 2 at the first, 1, 2 and 3 at the second.
        assert_eq!((fans.deliveries, fans.late, fans.lost(|_| 4)), (4, 1, 4));
    }
}

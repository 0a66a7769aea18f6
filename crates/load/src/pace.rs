//! When messages are due: a fixed schedule that nothing delays. One that is sent late counts from when it was due.

use std::time::{Duration, Instant};

/// A schedule of numbered messages.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    start: Instant,
    /// Between two bursts.
    gap: Duration,
    /// Messages that are due at the same moment.
    burst: u64,
    total: u64,
    next: u64,
}

impl Pace {
    /// `rate` messages a second for `lasting`, in bursts of `burst`, from `start` on.
    pub fn new(start: Instant, rate: f64, burst: u32, lasting: Duration) -> Self {
        let burst = u64::from(burst.max(1));
        let gap = Duration::from_secs_f64(burst as f64 / rate);
        let bursts = (lasting.as_secs_f64() / gap.as_secs_f64()).floor() as u64;
        Self { start, gap, burst, total: (bursts * burst).max(burst), next: 0 }
    }

    /// The next message's number and time, if it is due.
    pub fn due(&mut self, now: Instant) -> Option<(u64, Instant)> {
        let at = self.next_at()?;
        if at > now {
            return None;
        }
        self.next += 1;
        Some((self.next - 1, at))
    }

    /// When the next is due; none after the last.
    pub fn next_at(&self) -> Option<Instant> {
        if self.next >= self.total {
            return None;
        }
        let nanos = self.gap.as_nanos().saturating_mul(u128::from(self.next / self.burst));
        Some(self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_does_not_move_when_somebody_is_late() {
        let start = Instant::now();
        let mut pace = Pace::new(start, 20.0, 1, Duration::from_secs(1));
        assert_eq!(pace.total(), 20);
        assert_eq!(pace.due(start), Some((0, start)));
        assert_eq!(pace.due(start), None);
        let late = start + Duration::from_millis(420);
        let due: Vec<_> = std::iter::from_fn(|| pace.due(late)).map(|(n, at)| (n, at.duration_since(start).as_millis())).collect();
        assert_eq!(due, (1..=8).map(|n| (n, u128::from(n) * 50)).collect::<Vec<_>>());
    }

    #[test]
    fn bursts_are_due_together() {
        let start = Instant::now();
        let mut pace = Pace::new(start, 40.0, 10, Duration::from_secs(1));
        assert_eq!(std::iter::from_fn(|| pace.due(start)).count(), 10);
        assert_eq!(pace.next_at(), Some(start + Duration::from_millis(250)));
        assert_eq!(pace.total(), 40);
    }
}

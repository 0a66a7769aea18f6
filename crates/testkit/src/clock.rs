//! Time that moves when a test says so.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_domain::Timestamp;
use tertulia_ports::Clock;

/// Stands still until it is moved. Both clocks move together.
pub struct ManualClock {
    started: Instant,
    now: Mutex<(Timestamp, Duration)>,
}

impl Default for ManualClock {
    /// 2026-01-01T09:00:00Z.
    fn default() -> Self {
        Self::at(Timestamp::from_millis(1_767_258_000_000).unwrap())
    }
}

impl ManualClock {
    pub fn at(now: Timestamp) -> Self {
        Self { started: Instant::now(), now: Mutex::new((now, Duration::ZERO)) }
    }

    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock();
        let ms = i64::try_from(by.as_millis()).unwrap();
        *now = (now.0.plus_millis(ms), now.1 + by);
    }

    /// Wall-clock time jumps, as it does when the machine's clock is set; time that passes does not.
    pub fn jump(&self, to: Timestamp) {
        self.now.lock().0 = to;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.now.lock().0
    }

    fn instant(&self) -> Instant {
        self.started + self.now.lock().1
    }
}

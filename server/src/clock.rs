//! The machine's clocks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tertulia_domain::Timestamp;
use tertulia_ports::Clock;

/// The one place that asks the machine for the time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // This is the port's adapter.
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(since.as_millis()).unwrap_or_default();
        Timestamp::from_millis(ms).unwrap_or(Timestamp::EPOCH)
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}

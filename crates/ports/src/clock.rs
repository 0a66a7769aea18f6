//! Time from outside, so that tests can move it.

use std::time::Instant;

use tertulia_domain::Timestamp;

/// Two clocks: `now` for what people read and what is stored, `instant` for measuring time that passes.
pub trait Clock: Send + Sync {
    /// Wall-clock time; may jump.
    fn now(&self) -> Timestamp;
    /// Monotonic; never goes back.
    fn instant(&self) -> Instant;
}

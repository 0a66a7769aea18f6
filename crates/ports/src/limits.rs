//! How often somebody may do something, counted for all nodes together.

use std::time::{Duration, Instant};

/// Whose bucket: what is done, and who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LimitKey {
    pub action: &'static str,
    /// A user, an address, or a hash of whatever is counted; the same on every node.
    pub subject: u128,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that fit. At least one.
    pub burst: u32,
    /// How long one takes to come back. Longer than nothing.
    pub refill: Duration,
}

/// Token buckets. One that nobody has touched is full: `burst` tokens; one comes back every `refill`.
///
/// Nobody waits here. Takers on one node never get more than the bucket holds, however many there are at
/// once. An adapter over a network answers from what this node knows and settles with the others
/// afterwards: for that moment the nodes may together give away more than the burst, never for longer.
///
/// Memory is bounded whatever clients do: full buckets are forgotten, and where too many are not full,
/// those nearest to it, which loses the least.
pub trait Limits: Send + Sync {
    /// Takes one token, or says how long until there is one; then nothing was taken. A key comes with the
    /// same rate every time. A `now` that lies before another call's gives nobody more.
    fn take(&self, key: LimitKey, rate: Rate, now: Instant) -> Result<(), Duration>;

    /// Others took too: the bucket is full in `full_in` at the soonest.
    fn learn(&self, key: LimitKey, full_in: Duration, now: Instant);

    /// Buckets that this node keeps.
    fn held(&self) -> usize;
}

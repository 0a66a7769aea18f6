//! How many may come in at once: after a restart everybody does. Who has to wait is given a time of their own, and those
//! who are in already go first.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_domain::error::{Code, Refusal};

/// So much of a second's handshakes may come together.
const BURST: Duration = Duration::from_millis(250);

/// How often the pace is looked at, and how late those who are in may be served for it to stay.
pub const PACE_EVERY: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_millis(50);
/// However busy the node is, so many come in.
const SLOWEST: Duration = Duration::from_millis(5);

/// Handshakes of this node, evenly spread.
#[derive(Debug)]
pub struct Admission {
    /// As few as there can be between two.
    quickest: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Between two.
    each: Duration,
    /// When the next would come if all came evenly.
    next: Instant,
    /// Until when places have been promised to those who wait.
    promised: Instant,
}

impl Admission {
    pub fn new(handshakes_per_second: u32, now: Instant) -> Self {
        let each = Duration::from_secs(1) / handshakes_per_second.max(1);
        Self { quickest: each, state: Mutex::new(State { each, next: now, promised: now }) }
    }

    /// Adapts to how late those who are in were served lately.
    pub fn pace(&self, lateness: Duration) {
        let mut state = self.state.lock();
        state.each = if lateness > LATE { state.each * 3 / 2 } else { state.each * 9 / 10 };
        state.each = state.each.clamp(self.quickest, SLOWEST.max(self.quickest));
    }

    /// Lets one in, or says when there is room for it.
    pub fn take(&self, now: Instant) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        if state.next <= now + BURST {
            state.next = state.next.max(now) + state.each;
            return Ok(());
        }
        // After those who are let in already and those who were told to wait before.
        state.promised = state.promised.max(state.next) + state.each;
        let wait = state.promised.saturating_duration_since(now);
        metrics::counter!("tertulia_handshakes_refused_total").increment(1);
        let refusal = Refusal::new(Code::Overloaded, "many are coming in at once; wait for your turn");
        Err(Refusal { retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)), ..refusal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_in_go_first() {
        let start = Instant::now();
        let admission = Admission::new(1_000, start);
        let let_in = |from: u64| {
            let moments = (from..from + 1_000).map(|ms| start + Duration::from_millis(ms));
            moments.filter(|now| admission.take(*now).is_ok()).count()
        };
        assert_eq!(let_in(0), 1_000);
        (0..20).for_each(|_| admission.pace(Duration::from_millis(80)));
        let busy = let_in(10_000);
        assert!((200..300).contains(&busy), "{busy} in a second while others wait");
        (0..50).for_each(|_| admission.pace(Duration::from_millis(1)));
        assert_eq!(let_in(20_000), 1_000);
    }

    #[test]
    fn a_crowd_is_let_in_evenly_and_everybody_gets_in() {
        let start = Instant::now();
        let admission = Admission::new(1_000, start);
        let mut waiting: Vec<u64> = vec![0; 10_000];
        let mut let_in = Vec::new();
        for ms in 0..60_000u64 {
            let now = start + Duration::from_millis(ms);
            let due: Vec<u64> = waiting.extract_if(.., |at| *at <= ms).collect();
            for _ in due {
                match admission.take(now) {
                    Ok(()) => let_in.push(ms),
                    Err(refusal) => waiting.push(ms + refusal.retry_after_ms.unwrap()),
                }
            }
        }
        assert_eq!(let_in.len(), 10_000);
        assert!(*let_in.last().unwrap() <= 10_100, "{:?}", let_in.last());
        for second in 0..10 {
            let count = let_in.iter().filter(|ms| **ms / 1_000 == second).count();
            assert!(count <= 1_260, "{count} in second {second}");
        }
    }
}

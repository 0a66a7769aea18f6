//! How many may come in at once: after a restart everybody does. Who has to wait is given a time of their own.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_domain::error::{Code, Refusal};

/// So much of a second's handshakes may come together.
const BURST: Duration = Duration::from_millis(250);

/// Handshakes of this node, evenly spread.
#[derive(Debug)]
pub struct Admission {
    each: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the next would come if all came evenly.
    next: Instant,
    /// Until when places have been promised to those who wait.
    promised: Instant,
}

impl Admission {
    pub fn new(handshakes_per_second: u32, now: Instant) -> Self {
        let each = Duration::from_secs(1) / handshakes_per_second.max(1);
        Self { each, state: Mutex::new(State { next: now, promised: now }) }
    }

    /// Lets one in, or says when there is room for it.
    pub fn take(&self, now: Instant) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        if state.next <= now + BURST {
            state.next = state.next.max(now) + self.each;
            return Ok(());
        }
        // After those who are let in already and those who were told to wait before.
        state.promised = state.promised.max(state.next) + self.each;
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

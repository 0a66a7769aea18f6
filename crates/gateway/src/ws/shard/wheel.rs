//! When each connection has to be looked at again: one wheel for all, in steps of a quarter of a second.

use std::time::{Duration, Instant};

/// Steps since the shard began. Wraps after 34 years.
pub type Tick = u32;

const STEP_MS: u64 = 250;
/// Two minutes and a bit: longer than anything is left unlooked at.
const SPOKES: usize = 512;
pub const FARTHEST: Tick = SPOKES as Tick - 1;

/// Ticks of so many seconds.
pub const fn seconds(seconds: u32) -> Tick {
    seconds * (1_000 / STEP_MS as u32)
}

pub struct Wheel {
    started: Instant,
    spokes: Vec<Vec<u32>>,
    /// The last tick that was handed out.
    at: Tick,
}

impl Wheel {
    pub fn new(now: Instant) -> Self {
        Self { started: now, spokes: vec![Vec::new(); SPOKES], at: 0 }
    }

    pub fn tick_of(&self, now: Instant) -> Tick {
        let steps = now.saturating_duration_since(self.started).as_millis() as u64 / STEP_MS;
        Tick::try_from(steps).unwrap_or(Tick::MAX)
    }

    /// Has `slot` come up at `tick`, or at the next one where that is over. Farther than [`FARTHEST`] is not possible.
    pub fn set(&mut self, slot: u32, tick: Tick) {
        let tick = tick.clamp(self.at + 1, self.at + FARTHEST);
        if let Some(spoke) = self.spokes.get_mut(tick as usize % SPOKES) {
            spoke.push(slot);
        }
    }

    /// The next tick that is due by `now`, and who comes up then.
    pub fn turn(&mut self, now: Instant) -> Option<(Tick, Vec<u32>)> {
        if self.at >= self.tick_of(now) {
            return None;
        }
        self.at += 1;
        Some((self.at, self.spokes.get_mut(self.at as usize % SPOKES).map(std::mem::take).unwrap_or_default()))
    }

    /// Until the next tick.
    pub fn next_in(&self, now: Instant) -> Duration {
        let next = self.started + Duration::from_millis(STEP_MS * (u64::from(self.at) + 1));
        next.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_up_when_they_asked() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        for (slot, tick) in [(1, 0), (2, 2), (3, 2), (4, FARTHEST), (5, u32::MAX)] {
            wheel.set(slot, tick);
        }
        let mut came = Vec::new();
        while let Some((tick, slots)) = wheel.turn(start + Duration::from_secs(200)) {
            came.extend(slots.into_iter().map(|slot| (slot, tick)));
        }
        assert_eq!(came, [(1, 1), (2, 2), (3, 2), (4, FARTHEST), (5, FARTHEST)]);
        assert_eq!(wheel.next_in(start + Duration::from_secs(200)), Duration::from_millis(STEP_MS));
    }
}

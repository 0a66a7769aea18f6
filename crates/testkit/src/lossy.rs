//! A bus as bad as its contract allows: it loses, repeats and reorders.

use std::sync::Arc;

use parking_lot::Mutex;
use tertulia_ports::{Bus, Signal, Subscription};

use crate::Random;

/// Spoils what is published on another bus; how, the seed decides.
pub struct LossyBus {
    inner: Arc<dyn Bus>,
    state: Mutex<State>,
}

struct State {
    random: Random,
    /// Overtaken by a later one.
    held: Option<Signal>,
    lossy: bool,
}

impl LossyBus {
    pub fn new(inner: Arc<dyn Bus>, seed: u64) -> Self {
        Self { inner, state: Mutex::new(State { random: Random::new(seed), held: None, lossy: true }) }
    }

    /// From now on everything arrives; what was held back still does.
    pub fn heal(&self) {
        let mut state = self.state.lock();
        state.lossy = false;
        if let Some(held) = state.held.take() {
            self.inner.publish(held);
        }
    }
}

impl Bus for LossyBus {
    fn publish(&self, signal: Signal) {
        let mut state = self.state.lock();
        let fate = if state.lossy { state.random.below(10) } else { 9 };
        match fate {
            0..=1 => return,
            2..=3 if state.held.is_none() => {
                state.held = Some(signal);
                return;
            }
            4 => self.inner.publish(signal.clone()),
            _ => {}
        }
        self.inner.publish(signal);
        if let Some(held) = state.held.take() {
            self.inner.publish(held);
        }
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        self.inner.subscribe()
    }
}

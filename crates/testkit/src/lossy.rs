//! A bus as bad as its contract allows: it loses, repeats and reorders.

use std::sync::Arc;

use parking_lot::Mutex;
use tertulia_ports::{Bus, Ear, Signal};

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
        let held = {
            let mut state = self.state.lock();
            state.lossy = false;
            state.held.take()
        };
        held.into_iter().for_each(|signal| self.inner.publish(signal));
    }
}

impl State {
    /// What is published instead of `signal`.
    fn spoil(&mut self, signal: Signal) -> Vec<Signal> {
        let fate = if self.lossy { self.random.below(10) } else { 9 };
        let mut arriving = match fate {
            0..=1 => return Vec::new(),
            2..=3 if self.held.is_none() => {
                self.held = Some(signal);
                return Vec::new();
            }
            4 => vec![signal.clone(), signal],
            _ => vec![signal],
        };
        arriving.extend(self.held.take());
        arriving
    }
}

impl Bus for LossyBus {
    fn publish(&self, signal: Signal) {
        // Nothing is locked meanwhile: who hears may publish.
        let arriving = self.state.lock().spoil(signal);
        arriving.into_iter().for_each(|signal| self.inner.publish(signal));
    }

    fn publish_here(&self, signal: Signal) {
        self.publish(signal);
    }

    fn listen(&self, ear: Ear) {
        self.inner.listen(ear);
    }

    fn health(&self) -> Result<(), String> {
        self.inner.health()
    }
}

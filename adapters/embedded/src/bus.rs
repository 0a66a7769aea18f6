//! Within one process: who publishes calls the listeners.

use std::sync::Arc;

use parking_lot::RwLock;
use tertulia_ports::{Bus, Ear, Heard, Signal};

/// Carries signals to the listeners of this process, in the thread of who publishes: no hop, nothing lost.
#[derive(Default)]
pub struct MemoryBus {
    /// Behind an `Arc`, so that a listener can publish: nothing is locked while it hears.
    ears: RwLock<Arc<Vec<Ear>>>,
}

impl Bus for MemoryBus {
    fn publish(&self, signal: Signal) {
        let ears = self.ears.read().clone();
        let heard = Heard::Signal(signal);
        ears.iter().for_each(|ear| ear(&heard));
    }

    fn publish_here(&self, signal: Signal) {
        self.publish(signal);
    }

    fn listen(&self, ear: Ear) {
        let mut ears = self.ears.write();
        *ears = Arc::new(ears.iter().cloned().chain([ear]).collect());
    }

    fn health(&self) -> Result<(), String> {
        Ok(())
    }
}

//! Within one process.

use async_trait::async_trait;
use tertulia_ports::{Bus, Heard, Signal, Subscription};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// How far a listener may fall behind before it hears [`Heard::Lost`].
const SIGNALS_KEPT: usize = 16_384;

/// Carries signals to the listeners of this process.
pub struct MemoryBus {
    sender: Sender<Signal>,
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::new(SIGNALS_KEPT)
    }
}

impl MemoryBus {
    /// Keeps the newest `signals_kept` for listeners that are behind.
    pub fn new(signals_kept: usize) -> Self {
        Self { sender: broadcast::channel(signals_kept).0 }
    }
}

impl Bus for MemoryBus {
    fn publish(&self, signal: Signal) {
        // Fails only when nobody listens, and then nobody is missing anything.
        drop(self.sender.send(signal));
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        Box::new(Listener(self.sender.subscribe()))
    }
}

struct Listener(Receiver<Signal>);

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(signal) => Some(Heard::Signal(signal)),
            Err(RecvError::Lagged(_)) => Some(Heard::Lost),
            Err(RecvError::Closed) => None,
        }
    }
}

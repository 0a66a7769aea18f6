//! Payloads between nodes: what a bus over a network is made of.

use std::sync::Arc;

use bytes::Bytes;

/// Payloads travel on this many topics, so that a cluster of brokers can share them. What is sent on one topic arrives,
/// if it arrives, mostly in order.
pub const TOPICS: u8 = 16;

/// What a carrier brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried<'a> {
    /// As it was sent, on its topic.
    Payload(u8, &'a [u8]),
    /// An unknown number of payloads did not come: the way to the broker was cut, or this node was too slow.
    Lost,
}

/// Called with everything that comes, one after the other on each topic: it has to be quick and must not wait.
pub type Receiver = Arc<dyn Fn(Carried<'_>) + Send + Sync>;

/// Carries payloads to all nodes of a cluster, this one included, at most once.
///
/// Payloads are up to 128 KiB. It finds its broker again by itself, for ever; what was sent meanwhile is lost, not kept.
pub trait Carrier: Send + Sync {
    /// Never waits. False: it is lost, since there is no broker or too much is on its way to it.
    fn send(&self, topic: u8, payload: Bytes) -> bool;
    /// Receives from now on, for as long as the carrier lives. Called once.
    fn receive(&self, receiver: Receiver);
    /// Whether it carries anything right now; why not, for the operator. Cheap: asked before each decision from memory.
    fn health(&self) -> Result<(), String>;
}

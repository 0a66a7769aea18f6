//! The WebSocket: codec, connections, and the hub that delivers to them.

pub mod close;
pub mod command;
pub mod deflate;
pub mod encode;
pub mod envelope;
pub mod frame;
pub mod handshake;
pub mod hub;
pub mod open;
pub mod outbox;
pub mod outgoing;
pub mod shard;

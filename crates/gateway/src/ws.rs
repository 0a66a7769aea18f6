//! The WebSocket: codec, connections, and the hub that delivers to them.

pub mod close;
pub mod connection;
pub mod encode;
pub mod envelope;
pub mod frame;
pub mod handshake;
pub mod hub;
pub mod send_queue;

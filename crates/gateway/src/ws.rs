//! The WebSocket: codec, connections, and the hub that delivers to them.

pub mod close;
pub mod frame;
pub mod send_queue;

//! What black-box tests stand on: the real binary in a process of its own, and clients that speak to it
//! the way anybody's would. A helper that meets something unexpected panics: that is the test's failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod binary;
mod client;
mod cluster;
mod forge;
mod log;
mod raw;
mod scene;
mod server;
mod socket;

pub use binary::binary;
pub use client::{Account, Client, Reply, text};
pub use cluster::{Bus, Cluster, service};
pub use forge::Forge;
pub use log::Log;
pub use raw::{Handshake, RawSocket, exchange, exchange_all, frame};
pub use scene::{Scene, unique};
pub use server::{Options, Server};
pub use socket::{Closed, Socket};

/// A random id, as clients make them.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// How long anything may take before a test says that it never came.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

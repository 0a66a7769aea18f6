//! What happens to Redis, and what the adapter makes of it. Each test has a server of its own.

// All of it is a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod carrier;
mod open;
mod queue;
mod server;
mod shared;

use std::time::{Duration, Instant};

use tertulia_redis::{Options, Redis};
use uuid::Uuid;

use crate::server::Server;

/// In which a loss has to be noticed, and what came back has to be found.
const SOON: Duration = Duration::from_secs(5);

async fn node(server: &Server) -> Redis {
    Redis::open(&Options { url: server.url(), cluster: "faults".into(), node: Uuid::new_v4(), may_be_away: false }).await.unwrap()
}

async fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < SOON, "{what}: not within {SOON:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

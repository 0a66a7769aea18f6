//! What happens to NATS, and what the adapter makes of it. Each test has a server of its own.

// All of it is a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod carrier;
mod open;
mod server;

use tertulia_nats::{Nats, Options};
use tertulia_testkit::soon;
use uuid::Uuid;

use crate::server::Server;

async fn node(server: &Server) -> Nats {
    Nats::open(&Options { url: server.url(), credentials: None, cluster: "faults".into(), node: Uuid::new_v4(), may_be_away: false })
        .await
        .unwrap()
}

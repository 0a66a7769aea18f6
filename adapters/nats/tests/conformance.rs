//! The suite of the port, on a real NATS.

// Helpers of tests, where a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use tertulia_nats::{Nats, Options};
use tertulia_ports::Carrier;
use uuid::Uuid;

async fn node(cluster: &str) -> Arc<dyn Carrier> {
    #[allow(clippy::disallowed_methods)] // Where the service is, for tests only.
    let url = std::env::var("TERTULIA_TEST_NATS").expect("TERTULIA_TEST_NATS has to name a NATS: run this by scripts/with-services.sh");
    let options = Options { url, credentials: None, cluster: cluster.into(), node: Uuid::new_v4(), may_be_away: false };
    Nats::open(&options).await.unwrap().carrier().await.unwrap()
}

async fn open() -> (Arc<dyn Carrier>, Arc<dyn Carrier>, ()) {
    let cluster = format!("test-{}", Uuid::new_v4());
    (node(&cluster).await, node(&cluster).await, ())
}

tertulia_testkit::carrier_suite!(open());

//! Payloads between nodes on a NATS server, or several of a cluster.
//!
//! [`Nats::open`] says what is wrong with it; after that it is found again for ever. Everything is under
//! `tertulia.CLUSTER.`, so that clusters can share a server.

mod carrier;
mod open;
mod task;

use std::path::PathBuf;
use std::sync::Arc;

use async_nats::{Client, Event};
use tertulia_ports::Carrier;
use tokio::sync::broadcast;
use uuid::Uuid;

pub use open::OpenError;

/// Which NATS, and whose it is.
#[derive(Clone)]
pub struct Options {
    /// `nats://USER:PASSWORD@HOST:PORT`, or `nats://TOKEN@…`; `tls://…` insists on TLS. Several of a cluster with commas
    /// between them: the first that names a user, or a token, names it for all. The system's certificates count, or
    /// those that `SSL_CERT_FILE` names.
    pub url: String,
    /// A file with a user's JWT and key, as `nsc` writes it.
    pub credentials: Option<PathBuf>,
    /// Nodes with the same name belong together. 1–64 of `a-z`, `A-Z`, `0-9`, `-` and `_`.
    pub cluster: String,
    /// This process: no two of a cluster have the same.
    pub node: Uuid,
}

/// A NATS that was there, and would do. Cloning shares its connection.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    events: broadcast::Sender<Event>,
    cluster: String,
    node: Uuid,
}

impl Nats {
    /// Connects, and checks the server. To be called in the runtime that shall do the work.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        // The oldest go when nobody listens.
        let events = broadcast::Sender::new(64);
        let client = open::connect(options, events.clone()).await?;
        open::check_server(&client.server_info())?;
        Ok(Self { client, events, cluster: options.cluster.clone(), node: options.node })
    }

    /// On this connection. Once payloads come back to it.
    pub async fn carrier(&self) -> Result<Arc<dyn Carrier>, OpenError> {
        Ok(Arc::new(carrier::Subjects::open(self).await?))
    }
}

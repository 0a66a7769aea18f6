//! Payloads between nodes, and work for them, on a NATS server, or several of a cluster.
//!
//! [`Nats::open`] says what is wrong with it; after that it is found again for ever. Everything is under
//! `tertulia.CLUSTER.`, the stream of work under `work.tertulia.CLUSTER.`, so that clusters can share a server.

mod carrier;
mod open;
mod queue;
mod task;

use std::path::PathBuf;
use std::sync::Arc;

use async_nats::{Client, Event};
use tertulia_ports::{Carrier, Queue};
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
    /// Where it is not reached at first, it is looked for as if it had been lost. One that refuses us is an error anyway.
    pub may_be_away: bool,
}

/// A NATS that was there, and would do. Cloning shares its connection.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    events: broadcast::Sender<Event>,
    cluster: String,
    node: Uuid,
    may_be_away: bool,
}

impl Nats {
    /// Connects, and checks the server. To be called in the runtime that shall do the work.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        // The oldest go when nobody listens.
        let events = broadcast::Sender::new(64);
        let client = open::connect(options, events.clone()).await?;
        let may_be_away = options.may_be_away;
        Ok(Self { client, events, cluster: options.cluster.clone(), node: options.node, may_be_away })
    }

    /// Work for all nodes, in a stream of JetStream's. The server has to have that enabled; until it has, all is [`Away`].
    ///
    /// [`Away`]: tertulia_ports::queue::Away
    pub fn queue(&self) -> Arc<dyn Queue> {
        Arc::new(queue::WorkStream::new(self))
    }

    /// On this connection. Once payloads come back to it, where it is there.
    pub async fn carrier(&self) -> Result<Arc<dyn Carrier>, OpenError> {
        Ok(Arc::new(carrier::Subjects::open(self).await?))
    }
}

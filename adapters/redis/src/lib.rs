//! What several nodes share through a Redis: payloads, who is there, handovers and limits.
//!
//! [`Redis::open`] says what is wrong with a server; after that every part finds it again by itself, for ever.
//! All keys and channels begin with `tertulia:{CLUSTER}:`, so that clusters can share a server. They hold nothing that
//! could not be lost: a restart of Redis costs tickets, presence until it is reported again, and what was counted.

mod attendance;
mod carrier;
mod handovers;
mod limits;
mod link;
mod open;
mod script;
mod task;

use std::sync::Arc;

use redis::Client;
use tertulia_ports::{Attendance, Carrier, Handovers, Limits};
use uuid::Uuid;

use crate::link::Link;

pub use open::OpenError;

/// Which Redis, and whose it is.
#[derive(Clone)]
pub struct Options {
    /// `redis://USER:PASSWORD@HOST:PORT/DATABASE`; `rediss://…` for TLS. The system's certificates count, or those that
    /// `SSL_CERT_FILE` names.
    pub url: String,
    /// Nodes with the same name belong together. 1–64 of `a-z`, `A-Z`, `0-9`, `-` and `_`.
    pub cluster: String,
    /// This process: no two of a cluster have the same.
    pub node: Uuid,
}

/// A Redis that was there, and would do. Cloning shares its connection.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    names: Names,
    node: Uuid,
    /// For what is asked and answered.
    link: Arc<Link>,
}

impl Redis {
    /// Connects, and checks the server. To be called in the runtime that shall do the work.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        let client = open::client(options)?;
        let link = Link::open("commands", client.clone(), Box::new(|_| Box::pin(async { Ok(()) })), None).await?;
        let mut connection = link.connection().map_err(OpenError::Unreachable)?;
        open::check_server(&mut connection).await?;
        Ok(Self { client, names: Names(format!("tertulia:{{{}}}:", options.cluster)), node: options.node, link })
    }

    /// On two connections of its own.
    pub async fn carrier(&self) -> Result<Arc<dyn Carrier>, OpenError> {
        Ok(Arc::new(carrier::PubSub::open(&self.client, &self.names).await?))
    }

    pub fn attendance(&self) -> Arc<dyn Attendance> {
        Arc::new(attendance::Presence::new(self))
    }

    pub fn handovers(&self) -> Arc<dyn Handovers> {
        Arc::new(handovers::Kept::new(self))
    }

    /// `inner`: this node's own buckets, which decide. They learn here what other nodes gave away.
    pub fn limits(&self, inner: Arc<dyn Limits>) -> Arc<dyn Limits> {
        Arc::new(limits::Settled::new(self, inner))
    }
}

/// Names of keys and channels. The braces make Redis keep all of a cluster in one place, should it ever be divided.
#[derive(Clone)]
struct Names(String);

impl Names {
    fn of(&self, kind: &str, name: impl std::fmt::Display) -> String {
        format!("{}{kind}:{name}", self.0)
    }
}

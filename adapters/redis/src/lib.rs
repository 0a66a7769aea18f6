//! What several nodes share through a Redis: payloads, who is there, handovers, limits and work.
//!
//! [`Redis::open`] says what is wrong with a server; after that every part finds it again by itself, for ever.
//! All keys and channels begin with `tertulia:{CLUSTER}:`, so that clusters can share a server. They hold nothing that
//! could not be lost: a restart of Redis costs tickets, presence until it is reported again,
//! what was counted, and work until it is told again.

mod attendance;
mod carrier;
mod handovers;
mod limits;
mod link;
mod open;
mod queue;
mod script;
mod task;

use std::sync::Arc;

use redis::Client;
use tertulia_ports::{Attendance, Carrier, Handovers, Limits, Queue};
use uuid::Uuid;

use crate::link::{Link, SetUp};

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
    /// Where it is not reached at first, it is looked for as if it had been lost. One that refuses us is an error anyway.
    pub may_be_away: bool,
}

/// A Redis that was there, and would do. Cloning shares its connection.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    names: Names,
    node: Uuid,
    may_be_away: bool,
    /// For what is asked and answered.
    link: Arc<Link>,
}

impl Redis {
    /// Connects, and checks the server, also whenever it is found again. To be called in the runtime that shall do the work.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        let client = open::client(options)?;
        let set_up: SetUp = Box::new(|connection| Box::pin(open::check_server(connection)));
        let may_be_away = options.may_be_away;
        let link = Link::open("commands", client.clone(), set_up, None, may_be_away).await?;
        Ok(Self { client, names: Names(format!("tertulia:{{{}}}:", options.cluster)), node: options.node, may_be_away, link })
    }

    /// On two connections of its own.
    pub async fn carrier(&self) -> Result<Arc<dyn Carrier>, OpenError> {
        Ok(Arc::new(carrier::PubSub::open(self).await?))
    }

    pub fn attendance(&self) -> Arc<dyn Attendance> {
        Arc::new(attendance::Presence::new(self))
    }

    /// Work for all nodes. It is given to whoever asks first, so that it does not matter on which node it was pushed.
    pub fn queue(&self) -> Arc<dyn Queue> {
        Arc::new(queue::Streams::new(self))
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

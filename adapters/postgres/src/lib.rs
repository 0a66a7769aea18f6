//! The store on PostgreSQL 15 or newer, for servers of several nodes.
//!
//! [`open`] takes a URL. The schema is in `migrations/`, the map of the log in `src/log.rs`; `src/messages/append/` is how many
//! messages share a commit. What is locked in which order: conversations first, by id; then what belongs to them.

mod codes;
mod conversations;
mod db;
mod error;
mod followers;
mod handovers;
mod log;
mod messages;
mod receipts;
mod rows;
mod schedule;
mod sessions;
mod sql;
mod tls;
mod users;
mod workspaces;

use std::sync::Arc;

use parking_lot::Mutex;
use tertulia_domain::Timestamp;
use tertulia_ports::{Store, StoreError, StoreResult};
use uuid::Uuid;

pub use error::OpenError;

use crate::db::Db;

/// Where the database is, and how much of it we take.
#[derive(Clone)]
pub struct Options {
    /// `postgres://user:password@host:port/database?sslmode=…`. `disable`, `prefer` (the default) and `require` check no certificate;
    /// `verify-ca` and `verify-full` do, against the system's roots or `sslrootcert=/path.pem`.
    pub url: String,
    /// A standby of it, for reads that may be some seconds old.
    pub replica_url: Option<String>,
    /// The schema that the tables are in, made where it is missing; none: the first one of the user's search path.
    pub schema: Option<String>,
    /// Connections at most, besides one for each lane.
    pub pool: usize,
    /// Batches of messages that are committed at the same time.
    pub lanes: usize,
    /// The name of the servers that work together: others are refused.
    pub cluster: String,
}

impl Options {
    /// With everything else as it is by default.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), replica_url: None, schema: None, pool: 16, lanes: 4, cluster: "tertulia".into() }
    }
}

/// An open database.
pub struct Postgres {
    pub store: Store,
    db: Arc<Db>,
    cluster: String,
    /// And what carries its events.
    node: Mutex<Option<(Uuid, String)>>,
}

/// Connects, checks that the server keeps what it acknowledges, and brings the schema up to date. `now`: this machine's time, which
/// may not be far from the database's.
pub async fn open(options: &Options, now: Timestamp) -> Result<Postgres, OpenError> {
    let db = Arc::new(Db::open(options, now).await?);
    let store = Store {
        users: db.clone(),
        sessions: db.clone(),
        workspaces: db.clone(),
        conversations: db.clone(),
        messages: db.clone(),
        log: db.clone(),
        cursors: db.clone(),
        receipts: db.clone(),
        handovers: db.clone(),
        schedule: db.clone(),
    };
    Ok(Postgres { store, db, cluster: options.cluster.clone(), node: Mutex::new(None) })
}

impl Postgres {
    /// Makes what the coming months need; to be called every day.
    pub async fn maintain(&self, now: Timestamp) -> StoreResult<()> {
        self.db.make_room_ahead(now).await
    }

    /// Says that this process works on the database. `bus`: what carries its events, without secrets. Refused with
    /// [`OpenError::OtherCluster`] where another one, seen within the last 15 s, uses another bus or is of another cluster.
    pub async fn enroll(&self, node: Uuid, bus: &str) -> Result<(), OpenError> {
        self.db.enroll(node, &self.cluster, bus).await?;
        *self.node.lock() = Some((node, bus.to_owned()));
        Ok(())
    }

    /// Says that it still does; to be called every 5 s.
    pub async fn beat(&self) -> StoreResult<()> {
        let (node, bus) = self.enrolled()?;
        self.db.beat(node, &self.cluster, &bus).await
    }

    /// Says that it stops.
    pub async fn leave(&self) -> StoreResult<()> {
        let (node, _) = self.enrolled()?;
        self.node.lock().take();
        self.db.leave(node).await
    }

    fn enrolled(&self) -> StoreResult<(Uuid, String)> {
        let node = self.node.lock().clone();
        node.ok_or_else(|| StoreError::Failed("this node is not enrolled".into()))
    }

    /// Finishes what is waiting to be written and gives the connections back. Afterwards every call answers [`StoreError::Down`].
    pub async fn close(&self) {
        self.db.close().await;
    }
}

//! The store that the configuration names.

use std::path::Path;
use std::time::{Duration, Instant};

use tertulia_embedded::{Embedded, OpenError as EmbeddedError};
use tertulia_ports::{Clock, Store};
use tertulia_postgres::{OpenError as PostgresError, Postgres};
use tertulia_services::Services;
use uuid::Uuid;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::exit::{Exit, Failure};

/// How long a server waits at its start for a database that does not answer.
const WAITS: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_secs(1);
/// How often a node says that it works on the database.
const BEAT_EVERY: Duration = Duration::from_secs(5);
const MAINTAIN_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// How the bus of a server is called that has none.
pub const ALONE: &str = "none";

/// Whose opening it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// Of SQLite there is one at a time; for PostgreSQL it waits.
    Server,
    /// Whether or not a server runs.
    Tool,
}

/// An open store.
pub enum Kept {
    Embedded(Embedded),
    Postgres(std::sync::Arc<Postgres>),
}

impl Kept {
    pub async fn open(config: &Config, opener: Opener) -> Result<Self, Failure> {
        if config.store.is_shared() {
            return Ok(Self::Postgres(std::sync::Arc::new(postgres(config, opener).await?)));
        }
        check_alone(config)?;
        let data = &config.server.data;
        let opened = match opener {
            Opener::Server => tertulia_embedded::open(data),
            Opener::Tool => tertulia_embedded::open_beside(data),
        };
        opened.map(Self::Embedded).map_err(|error| {
            let exit = match error {
                EmbeddedError::Newer { .. } | EmbeddedError::Altered(_) => Exit::Failed,
                _ => Exit::Unavailable,
            };
            Failure::new(exit, error.to_string())
        })
    }

    pub fn store(&self) -> Store {
        match self {
            Self::Embedded(embedded) => embedded.store.clone(),
            Self::Postgres(postgres) => postgres.store.clone(),
        }
    }

    /// Says that this process works on a shared database, and that its events go over `bus`.
    pub async fn enroll(&self, node: Uuid, bus: &str) -> Result<(), Failure> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::Postgres(postgres) => enroll(postgres, node, bus).await.map_err(failure),
        }
    }

    /// Goes on saying so, and makes what the next months need.
    pub fn keep_up(&self, services: &Services) {
        let Self::Postgres(postgres) = self else { return };
        let beating = postgres.clone();
        services.spine.tasks.every(BEAT_EVERY, move || {
            let postgres = beating.clone();
            async move {
                if let Err(error) = postgres.beat().await {
                    tracing::debug!(%error, "the database does not hear that this server works on it");
                }
            }
        });
        let (maintaining, clock) = (postgres.clone(), services.spine.clock.clone());
        services.spine.tasks.every(MAINTAIN_EVERY, move || {
            let (postgres, clock) = (maintaining.clone(), clock.clone());
            async move {
                if let Err(error) = postgres.maintain(clock.now()).await {
                    tracing::warn!(%error, "partitions for the coming months are not made yet");
                }
            }
        });
    }

    pub async fn close(&self) {
        match self {
            Self::Embedded(embedded) => embedded.close().await,
            Self::Postgres(postgres) => {
                if let Err(error) = postgres.leave().await {
                    tracing::debug!(%error, "the database does not hear that this server stops");
                }
                postgres.close().await;
            }
        }
    }
}

/// A tool reads and writes what is there; it never makes a store where nobody expects one.
pub fn need_store(config: &Config) -> Result<(), Failure> {
    if config.store.is_shared() || has_file(&config.server.data) {
        return Ok(());
    }
    let data = config.server.data.display();
    Err(Failure::new(Exit::Unavailable, format!("{data}: no Tertulia store here; name its folder with --data")))
}

fn has_file(data: &Path) -> bool {
    data.join("tertulia.db").exists()
}

/// What only several servers need is a mistake beside a store that only one can have.
fn check_alone(config: &Config) -> Result<(), Failure> {
    let given = [
        ("bus.url", &config.bus.url),
        ("redis.url", &config.redis.url),
        ("queue.url", &config.queue.url),
        ("store.replica_url", &config.store.replica_url),
    ];
    match given.into_iter().find(|(_, url)| url.is_some()) {
        None => Ok(()),
        Some((setting, _)) => {
            let message = format!("{setting} is for several servers, and store.url = \"sqlite\" is for one alone: name a PostgreSQL there");
            Err(Failure::new(Exit::Config, message))
        }
    }
}

async fn postgres(config: &Config, opener: Opener) -> Result<Postgres, Failure> {
    let options = tertulia_postgres::Options {
        replica_url: config.store.replica_url.clone(),
        schema: config.store.schema.clone(),
        pool: usize::try_from(config.store.connections.0).unwrap_or(usize::MAX),
        cluster: config.node.cluster.clone(),
        ..tertulia_postgres::Options::new(&config.store.url)
    };
    let deadline = Instant::now() + WAITS;
    loop {
        match tertulia_postgres::open(&options, SystemClock.now()).await {
            Err(error) if opener == Opener::Server && error.may_pass() && Instant::now() < deadline => {
                tracing::warn!(%error, "waiting for the database");
                tokio::time::sleep(AGAIN).await;
            }
            opened => return opened.map_err(failure),
        }
    }
}

/// One alone that was killed is forgotten within seconds: whoever comes after it waits.
async fn enroll(postgres: &Postgres, node: Uuid, bus: &str) -> Result<(), PostgresError> {
    let deadline = Instant::now() + WAITS;
    loop {
        match postgres.enroll(node, bus).await {
            Err(error @ PostgresError::OtherCluster { .. }) if Instant::now() < deadline && is_alone(&error) && bus.starts_with(ALONE) => {
                tracing::warn!(%error, "waiting for it to be gone");
                tokio::time::sleep(AGAIN).await;
            }
            enrolled => return enrolled,
        }
    }
}

fn is_alone(error: &PostgresError) -> bool {
    matches!(error, PostgresError::OtherCluster { bus, .. } if bus.starts_with(ALONE))
}

fn failure(error: PostgresError) -> Failure {
    let exit = match error {
        PostgresError::Unreachable { .. } => Exit::Unavailable,
        PostgresError::Newer { .. } | PostgresError::Altered(_) | PostgresError::Database(_) => Exit::Failed,
        _ => Exit::Config,
    };
    Failure::new(exit, error.to_string())
}

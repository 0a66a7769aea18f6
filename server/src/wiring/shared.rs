//! What several servers share beside the store: the bus, and what Redis keeps for them.

use std::sync::Arc;

use tertulia_embedded::{MemoryBus, MemoryHandovers, MemoryLimits, MemoryQueue};
use tertulia_nats::Nats;
use tertulia_ports::{Attendance, Bus, Carrier, Handovers, Limits, Queue};
use tertulia_redis::Redis;
use tertulia_services::spine::relay::Relay;
use uuid::Uuid;

use super::kept::{ALONE, Kept};
use crate::config::{Config, place_of};
use crate::exit::{Exit, Failure};

/// One of each, as the configuration says.
pub struct Shared {
    pub bus: Arc<dyn Bus>,
    pub limits: Arc<dyn Limits>,
    pub tickets: Arc<dyn Handovers>,
    pub resumes: Option<Arc<dyn Handovers>>,
    pub attendance: Option<Arc<dyn Attendance>>,
    pub queue: Arc<dyn Queue>,
}

impl Shared {
    /// Of this process alone.
    pub fn nothing() -> Self {
        Self {
            bus: Arc::new(MemoryBus::default()),
            limits: Arc::new(MemoryLimits::default()),
            tickets: Arc::new(MemoryHandovers::default()),
            resumes: None,
            attendance: None,
            queue: Arc::new(MemoryQueue::default()),
        }
    }

    pub async fn open(config: &Config, kept: &Kept, node: Uuid) -> Result<Self, Failure> {
        let nothing = Self::nothing();
        let Kept::Postgres(_) = kept else { return Ok(nothing) };
        let redis = match &config.redis.url {
            Some(url) => Some(open_redis(config, url, node, "redis.url").await?),
            None => None,
        };
        let carrier: Option<Arc<dyn Carrier>> = match config.bus.url.as_deref() {
            None => None,
            Some(url) if scheme(url).starts_with("redis") => {
                let same = redis.as_ref().filter(|_| config.redis.url.as_deref() == Some(url)).cloned();
                let redis = match same {
                    Some(redis) => redis,
                    None => open_redis(config, url, node, "bus.url").await?,
                };
                Some(redis.carrier().await.map_err(|error| redis_failure(&error, "bus.url"))?)
            }
            Some(url) if is_nats(url) => Some(open_nats(config, url, node).await?.carrier().await.map_err(nats_failure)?),
            Some(url) => {
                let message = format!("bus.url: {}:… is no bus; there are redis://, rediss://, nats:// and tls://", scheme(url));
                return Err(Failure::new(Exit::Config, message));
            }
        };
        let queue = match config.queue.url.as_deref() {
            None => redis.as_ref().map_or(nothing.queue, Redis::queue),
            Some(url) if is_nats(url) => open_nats(config, url, node).await?.queue(),
            Some(url) if scheme(url).starts_with("redis") => open_redis(config, url, node, "queue.url").await?.queue(),
            Some(url) => {
                let message = format!("queue.url: {}:… is no queue; there are redis://, rediss://, nats:// and tls://", scheme(url));
                return Err(Failure::new(Exit::Config, message));
            }
        };
        // Last: who does not come up is not to keep others out.
        kept.enroll(node, &name_of_bus(config, node)).await?;
        let store = kept.store();
        Ok(Self {
            bus: carrier.map_or(nothing.bus, |carrier| Relay::start(carrier, node)),
            limits: redis.as_ref().map_or(nothing.limits.clone(), |redis| redis.limits(nothing.limits.clone())),
            tickets: redis.as_ref().map_or(store.handovers.clone(), Redis::handovers),
            resumes: redis.as_ref().map(Redis::handovers),
            attendance: redis.as_ref().map(Redis::attendance),
            queue,
        })
    }
}

/// What two servers on one database have to have in common. Without a bus there is one alone.
fn name_of_bus(config: &Config, node: Uuid) -> String {
    match config.bus.url.as_deref() {
        None => format!("{ALONE} (node {node})"),
        Some(url) if config.bus.name.is_some() => format!("{} of {}", config.bus.name.as_deref().unwrap_or_default(), scheme(url)),
        // Secrets stay here.
        Some(url) => place_of(url),
    }
}

fn is_nats(url: &str) -> bool {
    matches!(scheme(url), "nats" | "tls")
}

fn nats_failure(error: tertulia_nats::OpenError) -> Failure {
    Failure::new(if error.is_passing() { Exit::Unavailable } else { Exit::Config }, error.to_string())
}

fn scheme(url: &str) -> &str {
    url.split_once(':').map_or(url, |(scheme, _)| scheme)
}

async fn open_redis(config: &Config, url: &str, node: Uuid, setting: &str) -> Result<Redis, Failure> {
    let options = tertulia_redis::Options { url: url.to_owned(), cluster: config.node.cluster.clone(), node, may_be_away: true };
    Redis::open(&options).await.map_err(|error| redis_failure(&error, setting))
}

/// It speaks of `redis.url`, whichever setting it was.
fn redis_failure(error: &tertulia_redis::OpenError, setting: &str) -> Failure {
    let exit = if error.is_passing() { Exit::Unavailable } else { Exit::Config };
    Failure::new(exit, error.to_string().replace("redis.url", setting))
}

async fn open_nats(config: &Config, url: &str, node: Uuid) -> Result<Nats, Failure> {
    let options = tertulia_nats::Options {
        url: url.to_owned(),
        credentials: config.bus.credentials.clone().map(Into::into),
        cluster: config.node.cluster.clone(),
        node,
        may_be_away: true,
    };
    Nats::open(&options).await.map_err(nats_failure)
}

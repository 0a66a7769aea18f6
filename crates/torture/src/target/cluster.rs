//! Several nodes, what they share, and what lies between: nodes reach every service through a proxy of their own, clients
//! reach the nodes through one that takes whichever node is there.

use std::net::SocketAddr;
use std::path::Path;

use tokio::sync::watch;

use super::Trouble;
use super::disk::Disk;
use super::process::{Dressed, Process};
use super::proxy::{Proxy, free_port};
use super::service::{Program, Service};
use crate::plan::Service as Side;

const NODES: usize = 3;
const LOSSY: &str = "lossy-bus";
/// Nodes reach it by different addresses, and it is the same.
const BUS_NAME: &str = "bus.name=torture";

/// What carries events between the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    Redis,
    Nats,
}

impl Bus {
    pub const ALL: &[Self] = &[Self::Redis, Self::Nats];

    pub fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Nats => "nats",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|bus| bus.name() == name)
    }

    /// What has to be installed.
    pub fn programs(self) -> Vec<Program> {
        let nats = (self == Self::Nats).then_some(Program::Nats);
        [Program::Postgres, Program::Redis].into_iter().chain(nats).collect()
    }
}

/// The proxies of one node.
struct Links {
    database: Proxy,
    redis: Proxy,
    bus: Proxy,
}

/// All of it. Fields are dropped in this order: whoever needs something goes before it.
pub struct Cluster {
    pub nodes: Vec<Process>,
    links: Vec<Links>,
    balancer: Proxy,
    pub nats: Option<Service>,
    pub redis: Service,
    pub database: Service,
}

impl Cluster {
    /// Starts everything, in `folder`; PostgreSQL keeps its data on `disk` where there is one. Needs a runtime of tokio
    /// around it.
    pub fn start(binary: &Path, bus: Bus, folder: &Path, disk: Option<&Disk>, lossy: bool) -> Result<Self, Trouble> {
        let data = disk.map_or(folder, Disk::path).join("postgres");
        let database = Service::new(Program::Postgres, folder, &data)?;
        let redis = Service::new(Program::Redis, folder, &folder.join("redis"))?;
        let nats = match bus {
            Bus::Nats => Some(Service::new(Program::Nats, folder, &folder.join("nats"))?),
            _ => None,
        };
        let carrier = nats.as_ref().unwrap_or(&redis).address();
        let (mut nodes, mut links, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for place in 1..=NODES {
            let link = Links { database: Proxy::to(database.address())?, redis: Proxy::to(redis.address())?, bus: Proxy::to(carrier)? };
            let port = free_port()?;
            let name = format!("node{place}");
            let process = Process::new(binary, folder, &folder.join(&name));
            let mut node = process.node(&name, port, &settings(bus, &link), lossy.then_some(LOSSY));
            // One after the other: the first makes the tables.
            node.start(&Dressed::Plain)?;
            if lossy && !node.log().contains(LOSSY) {
                return Err(Trouble("--lossy needs a build with the feature sabotage".into()));
            }
            addresses.push(SocketAddr::from(([127, 0, 0, 1], port)));
            nodes.push(node);
            links.push(link);
        }
        let balancer = Proxy::new(watch::channel(addresses).1)?;
        Ok(Self { nodes, links, balancer, nats, redis, database })
    }

    /// For clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.balancer.address())
    }

    /// The database, past all proxies.
    pub fn store_url(&self) -> String {
        store_url(self.database.address())
    }

    /// What lies between a node, counted from 0, and a service.
    pub fn between(&self, node: usize, side: Side) -> Result<&Proxy, Trouble> {
        let links = self.links.get(node).ok_or_else(|| Trouble("no such node".into()))?;
        match side {
            Side::Database => Ok(&links.database),
            Side::Redis => Ok(&links.redis),
            Side::Bus => Ok(&links.bus),
        }
    }
}

fn settings(bus: Bus, links: &Links) -> Vec<String> {
    vec![
        format!("store.url={}", store_url(links.database.address())),
        format!("redis.url=redis://{}", links.redis.address()),
        format!("bus.url={}://{}", bus.name(), links.bus.address()),
        BUS_NAME.to_owned(),
    ]
}

fn store_url(address: SocketAddr) -> String {
    format!("postgres://postgres@{address}/tertulia")
}

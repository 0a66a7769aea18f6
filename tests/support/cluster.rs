//! Several servers on one PostgreSQL, with a bus between them. The services are those that `scripts/with-services.sh` starts.

use crate::{Options, Server, new_id};

/// What carries events between the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    Redis,
    Nats,
}

/// The nodes, and what they share.
pub struct Cluster {
    pub nodes: Vec<Server>,
    settings: Vec<(&'static str, String)>,
}

/// A service that `scripts/with-services.sh` started.
#[allow(clippy::disallowed_methods)] // The environment is how that script names it.
pub fn service(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run this by `scripts/with-services.sh postgres redis nats -- …`"))
}

impl Cluster {
    /// With a schema and a name of its own.
    pub fn start(nodes: usize, bus: Bus) -> Self {
        let bus = match bus {
            Bus::Redis => service("TERTULIA_TEST_REDIS"),
            Bus::Nats => service("TERTULIA_TEST_NATS"),
        };
        Self::over(nodes, &bus, &service("TERTULIA_TEST_REDIS"))
    }

    /// With a bus and a Redis of the test's own.
    pub fn over(nodes: usize, bus: &str, redis: &str) -> Self {
        let name = format!("c{}", new_id().replace('-', ""));
        let settings = vec![
            ("store.url", service("TERTULIA_TEST_POSTGRES")),
            ("store.schema", name.clone()),
            ("store.connections", "4".to_owned()),
            ("bus.url", bus.to_owned()),
            ("redis.url", redis.to_owned()),
            ("node.cluster", name),
        ];
        let mut cluster = Self { nodes: Vec::new(), settings };
        cluster.nodes = (0..nodes).map(|_| cluster.another(&[])).collect();
        cluster
    }

    /// One more node, with settings of its own.
    pub fn another(&self, more: &[(&str, &str)]) -> Server {
        self.another_with(Options::default(), more)
    }

    pub fn another_with(&self, options: Options, more: &[(&str, &str)]) -> Server {
        Server::with(Options { more: self.arguments(more), ..options })
    }

    /// What a node is told on its command line.
    pub fn arguments(&self, more: &[(&str, &str)]) -> Vec<String> {
        let own = self.settings.iter().map(|(key, value)| (*key, value.as_str()));
        own.chain(more.iter().copied()).flat_map(|(key, value)| ["--set".to_owned(), format!("{key}={value}")]).collect()
    }
}

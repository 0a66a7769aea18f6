//! What all connections and requests share.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;
use tertulia_domain::Refusal;
use tertulia_services::Services;

use crate::admission::{Admission, PACE_EVERY};
use crate::ws::hub::Hub;
use crate::ws::hub::core::Ways;
use crate::ws::shard::Socket;

/// As many as a bit set of them holds.
const SHARDS_MAX: usize = 64;

/// What an operator may set about the ways in.
#[derive(Clone)]
pub struct GatewayConfig {
    /// Shown to clients before they sign in.
    pub server_name: String,
    pub version: String,
    /// Sites, besides the server's own, whose pages may use it: `https://chat.example.com`.
    pub origins: Vec<String>,
    /// Begins the links in invitations; none: they are relative.
    pub public_url: Option<String>,
    /// Open sockets, HTTP and WebSocket together; more are answered with 503.
    pub connections_max: usize,
    /// WebSockets let in a second; who comes above that is told when.
    pub handshakes_per_second: u32,
    /// WebSockets of one user; one more closes the oldest.
    pub connections_per_user: usize,
    /// permessage-deflate is agreed on where it is offered.
    pub compression: bool,
    /// A server for conformance suites: everything is sent back, to anybody, at every address.
    pub echo: bool,
    /// Messages a second in one conversation past which nobody gets them in full, but how many there are; none: never.
    pub summary_messages: Option<u32>,
    /// Whether clients are served; otherwise only `/healthz`, `/readyz` and `/metrics` answer.
    pub clients: bool,
    /// What `/metrics` renders; none: it answers 404.
    pub metrics: Option<PrometheusHandle>,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            server_name: "Tertulia".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            origins: Vec::new(),
            public_url: None,
            connections_max: 15_000,
            handshakes_per_second: 2_000,
            connections_per_user: 5,
            compression: false,
            echo: false,
            summary_messages: Some(100),
            clients: true,
            metrics: None,
        }
    }
}

/// A cheap handle on everything that a request needs.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

pub struct Shared {
    pub services: Services,
    pub config: GatewayConfig,
    pub hub: Hub,
    pub admission: Admission,
}

impl Deref for Gateway {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Gateway {
    /// Lets one more WebSocket in, or says when.
    pub fn let_in(&self) -> Result<(), Refusal> {
        self.admission.take(self.services.spine.clock.instant())
    }

    /// Starts the shards and listens to the bus; [`Gateway::serve`] lets clients in.
    pub fn new(services: Services, config: GatewayConfig) -> io::Result<Self> {
        let shards = std::thread::available_parallelism().map_or(1, usize::from).min(SHARDS_MAX);
        let sockets = (0..shards).map(|_| Socket::new()).collect::<io::Result<Vec<_>>>()?;
        let ways = Ways { shards, connections_per_user: config.connections_per_user, summary_messages: config.summary_messages };
        let hub = Hub::start(services.clone(), ways, sockets.iter().map(Socket::inbox).collect());
        let admission = Admission::new(config.handshakes_per_second, services.spine.clock.instant());
        let gateway = Self(Arc::new(Shared { services, config, hub, admission }));
        for (number, socket) in (0..).zip(sockets) {
            socket.run(number, gateway.clone())?;
        }
        gateway.pace();
        // Whoever is only sent everything back has no session.
        if !gateway.config.echo {
            gateway.hub.watch_sessions();
        }
        Ok(gateway)
    }

    /// Lets fewer in while those who are in have to wait: for a shard, or for the runtime.
    fn pace(&self) {
        let (gateway, last) = (self.clone(), Mutex::new(Instant::now()));
        self.services.spine.tasks.every(PACE_EVERY, move || {
            let since = std::mem::replace(&mut *last.lock(), Instant::now()).elapsed();
            gateway.admission.pace(gateway.hub.lateness().max(since.saturating_sub(PACE_EVERY)));
            std::future::ready(())
        });
    }
}

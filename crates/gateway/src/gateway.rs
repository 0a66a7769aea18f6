//! What all connections and requests share.

use std::ops::Deref;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tertulia_services::Services;

use crate::ws::hub::Hub;

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
    /// WebSockets of one user; one more closes the oldest.
    pub connections_per_user: usize,
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
            connections_per_user: 5,
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
}

impl Deref for Gateway {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Gateway {
    /// Starts to listen to the bus; [`Gateway::serve`] lets clients in.
    pub fn new(services: Services, config: GatewayConfig) -> Self {
        let hub = Hub::start(services.clone(), config.connections_per_user);
        Self(Arc::new(Shared { services, config, hub }))
    }
}

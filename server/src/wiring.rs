//! The one place where an adapter meets the services.

mod kept;
mod shared;

use std::sync::Arc;

use tertulia_domain::content::ContentLimits;
use tertulia_gateway::GatewayConfig;
use tertulia_services::spine::limits::Rates;
use tertulia_services::{Ports, Services, Settings};
use uuid::Uuid;

pub use self::kept::need_store;

use self::kept::{Kept, Opener};
use self::shared::Shared;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::exit::Failure;

const MINUTE_MS: i64 = 60_000;
/// Open files for everything but connections.
const FILES_KEPT: u64 = 256;

/// The services over the store that the configuration names.
pub struct House {
    pub services: Services,
    kept: Kept,
}

impl House {
    /// For the server, with all that it shares with others. With SQLite nobody else may serve the same folder.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        let kept = Kept::open(config, Opener::Server).await?;
        let shared = Shared::open(config, &kept, Uuid::new_v4()).await?;
        let house = Self::over(kept, shared, config).await?;
        house.kept.keep_up(&house.services);
        Ok(house)
    }

    /// For a tool: whether or not a server runs, which does not hear what is done here.
    pub async fn open_beside(config: &Config) -> Result<Self, Failure> {
        Self::over(Kept::open(config, Opener::Tool).await?, Shared::nothing(), config).await
    }

    async fn over(kept: Kept, shared: Shared, config: &Config) -> Result<Self, Failure> {
        let Shared { bus, limits, tickets, resumes, attendance, queue } = shared;
        let ports = Ports { store: kept.store(), bus, limits, tickets, resumes, attendance, queue, clock: Arc::new(SystemClock) };
        let services = Services::new(ports, settings(config)).await?;
        Ok(Self { services, kept })
    }

    /// Stops background work, waits for what is being written, closes the store.
    pub async fn close(self) {
        self.services.stop().await;
        self.kept.close().await;
    }
}

fn settings(config: &Config) -> Settings {
    let edit_window = config.limits.edit_window_minutes.0;
    Settings {
        open_registration: config.accounts.open_registration,
        limits: config.limits.rate,
        rates: rates(&config.limits),
        content: ContentLimits { text_chars_max: config.limits.text_chars.0 as usize, ..ContentLimits::default() },
        edit_window_ms: (edit_window > 0).then(|| minutes(edit_window)),
        access_token_ms: minutes(config.accounts.access_token_minutes.0),
        refresh_token_ms: minutes(config.accounts.refresh_token_days.0 * 24 * 60),
    }
}

fn rates(limits: &crate::config::Limits) -> Rates {
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    Rates {
        messages_per_second: number(limits.messages_per_second.0),
        messages_per_minute: number(limits.messages_per_minute.0),
        changes_per_second: number(limits.changes_per_second.0),
        urgent_per_hour: number(limits.urgent_per_hour.0),
        requests_per_second: number(limits.requests_per_second.0),
        connects_per_minute: number(limits.connects_per_minute.0),
        connects_per_minute_from_address: number(limits.connects_per_minute_from_address.0),
        sign_ins_per_minute: number(limits.sign_ins_per_minute.0),
        registrations_per_hour: number(limits.registrations_per_hour.0),
    }
}

fn minutes(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(MINUTE_MS)
}

/// What the gateway is told.
pub fn gateway_config(config: &Config, open_files: Option<u64>, metrics: metrics_exporter_prometheus::PrometheusHandle) -> GatewayConfig {
    let summary_messages = config.limits.summary_messages_per_second.0;
    let summary_messages = u32::try_from(summary_messages).ok().filter(|most| *most > 0 && config.limits.rate);
    GatewayConfig {
        server_name: config.server.name.clone(),
        origins: config.server.origins.clone(),
        public_url: config.server.public_url.clone(),
        connections_max: connections_max(config.limits.connections.0, open_files),
        summary_messages,
        compression: config.server.compression,
        handshakes_per_second: u32::try_from(config.limits.handshakes_per_second.0).unwrap_or(u32::MAX),
        connections_per_user: config.limits.connections_per_user.0 as usize,
        clients: config.node.has("gateway"),
        metrics: Some(metrics),
        ..GatewayConfig::default()
    }
}

/// What is over is turned away before the system would refuse it, which nobody could be told.
fn connections_max(asked: u64, open_files: Option<u64>) -> usize {
    let possible = open_files.map_or(u64::from(u32::MAX), |files| files.saturating_sub(FILES_KEPT).max(files / 2));
    let most = if asked == 0 { possible } else { asked.min(possible) };
    usize::try_from(most).unwrap_or(usize::MAX)
}

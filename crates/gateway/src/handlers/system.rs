use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tertulia_protocol::{VERSIONS, rest};
use tertulia_services::health::Health;

use super::Answer;
use crate::gateway::Gateway;
use crate::rest::answer;
use crate::rest::call::Call;

pub async fn server(gateway: Gateway, _: Call) -> Answer<rest::ServerInfo> {
    Ok(rest::ServerInfo {
        name: gateway.config.server_name.clone(),
        version: gateway.config.version.clone(),
        protocols: VERSIONS.iter().map(|&version| version.to_owned()).collect(),
        needs_setup: gateway.services.auth.needs_setup().await?,
        open_registration: gateway.services.spine.settings.open_registration,
    })
}

/// Alive: the process answers.
pub async fn health() -> Response {
    answer::with_type(StatusCode::OK, "application/json", r#"{"status":"ok"}"#)
}

/// Ready: each part, and whether clients may come. They may where a part is away that messaging goes on without.
pub async fn ready(State(gateway): State<Gateway>) -> Response {
    let mut parts = gateway.services.health().await;
    let draining = gateway.hub.is_draining().then(|| Health::Down("draining".into()));
    parts.insert("gateway", draining.unwrap_or(Health::Ok));
    let mut shown = BTreeMap::new();
    for (part, health) in &parts {
        if let Health::Degraded(why) | Health::Down(why) = health {
            tracing::warn!(part, %why, "not ready");
        }
        shown.insert(*part, word(health));
    }
    let is = |word: &str| shown.values().any(|state| *state == word);
    let (status, state) = match (is("down"), is("degraded")) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "down"),
        (false, true) => (StatusCode::OK, "degraded"),
        (false, false) => (StatusCode::OK, "ok"),
    };
    answer::with_type(status, "application/json", serde_json::json!({ "status": state, "parts": shown }).to_string())
}

fn word(health: &Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Degraded(_) => "degraded",
        Health::Down(_) => "down",
    }
}

/// Prometheus' text format.
pub async fn metrics(State(gateway): State<Gateway>) -> Response {
    match &gateway.config.metrics {
        Some(handle) => answer::with_type(StatusCode::OK, "text/plain; version=0.0.4", handle.render()),
        None => answer::refused(tertulia_domain::Refusal::not_found()),
    }
}

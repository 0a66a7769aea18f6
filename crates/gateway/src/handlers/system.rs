use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tertulia_protocol::{VERSIONS, rest};

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

/// Ready: each part, and whether clients may come.
pub async fn ready(State(gateway): State<Gateway>) -> Response {
    let store = gateway.services.delivery.store_health().await;
    if let Err(why) = &store {
        tracing::warn!(%why, "store not ready");
    }
    let gateway_state = if gateway.hub.is_draining() { "down" } else { "ok" };
    let bus = gateway.services.delivery.bus_health();
    if let Err(why) = &bus {
        tracing::warn!(%why, "bus not ready");
    }
    let state = |health: Result<(), String>| if health.is_ok() { "ok" } else { "down" };
    let parts = BTreeMap::from([("store", state(store)), ("bus", state(bus)), ("gateway", gateway_state)]);
    let ok = parts.values().all(|state| *state == "ok");
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({ "status": if ok { "ok" } else { "down" }, "parts": parts });
    answer::with_type(status, "application/json", body.to_string())
}

/// Prometheus' text format.
pub async fn metrics(State(gateway): State<Gateway>) -> Response {
    match &gateway.config.metrics {
        Some(handle) => answer::with_type(StatusCode::OK, "text/plain; version=0.0.4", handle.render()),
        None => answer::refused(tertulia_domain::Refusal::not_found()),
    }
}

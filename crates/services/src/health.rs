//! Each part that the server stands on, and what it means for clients where one is away.

use std::collections::BTreeMap;

use crate::Services;

/// How a part is. The texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    Ok,
    /// Messaging goes on without it.
    Degraded(String),
    /// Nothing can be sent.
    Down(String),
}

impl Services {
    /// By name: `store`, `bus`, and in a cluster `presence`.
    pub async fn health(&self) -> BTreeMap<&'static str, Health> {
        let store = self.spine.store.log.health().await.map_or_else(Health::Down, |()| Health::Ok);
        let helper = |health: Result<(), String>| health.map_or_else(Health::Degraded, |()| Health::Ok);
        let mut parts = BTreeMap::from([("store", store), ("bus", helper(self.spine.bus.health()))]);
        parts.extend(self.presence.health().map(|presence| ("presence", helper(presence))));
        for (part, health) in &parts {
            metrics::gauge!("tertulia_part_up", "part" => *part).set(if *health == Health::Ok { 1.0 } else { 0.0 });
        }
        parts
    }
}

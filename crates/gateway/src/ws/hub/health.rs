//! Which parts are away, told to everybody who is connected.

use std::collections::BTreeSet;
use std::time::Duration;

use tertulia_protocol::v1::{ServerFrame, ServerHealth};
use tertulia_services::health::Health;

use super::{Command, Hub};
use crate::ws::encode;
use crate::ws::outgoing::Frame;

const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Hub {
    /// What a client is told that comes now; none where all is well.
    pub fn health_frame(&self) -> Option<Frame> {
        let away = self.0.away.lock();
        (!away.is_empty()).then(|| frame(&away))
    }

    pub(super) fn watch_health(&self) {
        let hub = self.clone();
        self.0.services.spine.tasks.every(LOOK_EVERY, move || {
            let hub = hub.clone();
            async move { hub.look().await }
        });
    }

    async fn look(&self) {
        let parts = self.0.services.health().await;
        let away: BTreeSet<&'static str> = parts.into_iter().filter(|(_, health)| *health != Health::Ok).map(|(part, _)| part).collect();
        let told = {
            let mut known = self.0.away.lock();
            if *known == away {
                return;
            }
            *known = away;
            frame(&known)
        };
        let handles = self.0.core.lock().handles();
        for handle in handles {
            self.tell(handle.shard, Command::ToConnection { slot: handle.slot, frame: told.clone() });
        }
    }
}

fn frame(away: &BTreeSet<&'static str>) -> Frame {
    let away = away.iter().map(|part| (*part).to_owned()).collect();
    Frame::durable(encode::server_frame(&ServerFrame::ServerHealth(ServerHealth { away })))
}

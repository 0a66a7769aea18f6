//! The proof that every node of a cluster works again: one that stays broken hides behind the others.

use std::time::Duration;

use serde_json::Value;
use tertulia_domain::ids::MessageId;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::Nemesis;
use crate::record::Record;
use crate::rest::Rest;
use crate::socket::{Heard, Socket};
use crate::target::process::Process;

/// What one node acknowledged, people on another see within so long, or it is tried with another message.
const LIVE_WITHIN: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(100);

impl Nemesis {
    /// A message can be sent through the balancer and to each node, and comes to who listens at another, without their asking.
    pub(super) async fn probe_nodes(&mut self, within: Duration) -> Result<(), String> {
        let end = Instant::now() + within;
        self.probe_until(within).await?;
        let nodes = self.target.cluster.iter().flat_map(|cluster| &cluster.nodes).map(Process::url);
        let nodes: Vec<Rest> = nodes.map(|url| self.rest.at(&url)).collect();
        for (place, node) in nodes.iter().enumerate() {
            let left = end.saturating_duration_since(Instant::now());
            let sent = self.through(node, left).await;
            sent.map_err(|why| format!("node{}: {why}", place + 1))?;
        }
        for (place, (listens, sends)) in nodes.iter().zip(nodes.iter().cycle().skip(1)).enumerate() {
            while !self.comes_through(listens, sends).await {
                if Instant::now() > end {
                    return Err(format!("what another node acknowledged does not come to who listens at node{}", place + 1));
                }
                sleep(AGAIN).await;
            }
        }
        Ok(())
    }

    async fn through(&mut self, node: &Rest, within: Duration) -> Result<(), String> {
        let balancer = std::mem::replace(&mut self.rest, node.clone());
        let sent = self.probe_until(within).await;
        self.rest = balancer;
        sent
    }

    async fn comes_through(&mut self, listens: &Rest, sends: &Rest) -> bool {
        let Ok(mut socket) = Socket::open(listens, None, false).await else { return false };
        let heard = self.hears(&mut socket, sends).await;
        socket.close().await;
        heard
    }

    async fn hears(&mut self, socket: &mut Socket, sends: &Rest) -> bool {
        if !timeout(LIVE_WITHIN, hear(socket, |frame| frame.get("type") == Some(&"connected".into()))).await.unwrap_or(false) {
            return false;
        }
        self.probes += 1;
        let (message, text) = (MessageId(Uuid::now_v7()), format!("{}:probe:{}", self.world.seed, self.probes));
        let balancer = std::mem::replace(&mut self.rest, sends.clone());
        let sent = self.send(message, text).await;
        self.rest = balancer;
        sent.is_ok() && timeout(LIVE_WITHIN, hear(socket, |frame| brings(frame, message))).await.unwrap_or(false)
    }
}

/// False: it ended before.
async fn hear(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> bool {
    loop {
        match socket.next().await {
            Heard::Frame(frame) if wanted(&frame) => return true,
            Heard::Frame(_) => {}
            Heard::Closed(_) => return false,
        }
    }
}

fn brings(frame: &Value, message: MessageId) -> bool {
    let (Some(kind), Some(payload)) = (frame.get("type").and_then(Value::as_str), frame.get("payload")) else { return false };
    kind == "message.new" && Record::read(kind, payload, payload).is_some_and(|record| record.message == Some(message))
}

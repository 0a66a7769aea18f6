//! Somebody comes back.

use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tertulia_tests::{Scene, Server, new_id, text};

use crate::report::{Report, micros, times};

const CONVERSATIONS: usize = 20;
const MISSED: usize = 1_000;
const ROUNDS: usize = 20;

pub async fn run(server: &Server, report: &mut Report) -> anyhow::Result<()> {
    let scene = Scene::new(server).await;
    let reader = scene.member("reader").await;
    let mut channels = Vec::new();
    for _ in 0..CONVERSATIONS {
        channels.push(scene.channel(&[&reader]).await);
    }
    let mut writer = scene.owner.socket().await;
    let mut took = times()?;
    for _ in 0..ROUNDS {
        let mut positions = Vec::new();
        for id in &channels {
            let view = reader.conversation(id).await;
            positions.push(json!({ "conversationId": id, "lastSeq": view["head"], "epoch": view["epoch"] }));
        }
        let mut asked = Vec::new();
        for (_, id) in (0..MISSED).zip(channels.iter().cycle()) {
            let body = json!({ "messageId": new_id(), "conversationId": id, "content": text("While you were away, something was said.") });
            asked.push(writer.send("message.send", body).await);
        }
        for id in asked {
            writer.ack(&id).await;
        }
        let started = Instant::now();
        let mut socket = reader.socket().await;
        let answer = socket.ok("sync.request", json!({ "conversations": positions })).await;
        let events = answer["conversations"].as_array().context("an answer")?;
        let events: usize = events.iter().filter_map(|missed: &Value| missed["events"].as_array().map(Vec::len)).sum();
        took.record(micros(started.elapsed()))?;
        ensure!(events == MISSED, "{events} events came, {MISSED} were missed");
        socket.close().await;
    }
    report.add_times(["connect to last of 1,000 missed, p50", "connect to last of 1,000 missed, p99"], &took);
    Ok(())
}

//! Many clients that each wait for the ack before they send again: their messages share commits.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::future::{join_all, try_join_all};
use hdrhistogram::Histogram;
use serde_json::json;
use tertulia_load::process::Process;
use tertulia_tests::{Client, RawSocket, Scene, Server, frame, new_id, text};

use crate::report::{Report, micros, times};

/// The size of what a chat message usually is.
const WORDS: &str = "Could somebody have a look at the release notes before noon? I moved the two open questions to the end, and the \
    screenshots are from yesterday's build, so they still show the old sidebar. Thanks!";

pub async fn run(server: &Server, clients: usize, lasting: Duration, report: &mut Report) -> anyhow::Result<()> {
    let bare = bare_sqlite(server.data(), lasting)?;
    report.add("bare SQLite, a commit for each row", bare, "rows/s");
    let scene = Scene::new(server).await;
    let people = join_all((0..clients).map(|_| scene.member("sender"))).await;
    let mut places = Vec::new();
    for person in &people {
        places.push((person, scene.channel(&[person]).await));
    }
    let (one, one_times) = load(places.get(..1).context("at least one client")?, lasting).await?;
    let cpu_seconds = || Process(server.pid()).usage().map(|used| used.seconds).context("the server has ended");
    let cpu_before = cpu_seconds()?;
    let (all, all_times) = load(&places, lasting).await?;
    let cpu_us = (cpu_seconds()? - cpu_before) * 1e6 / all_times.len() as f64;
    report.add("1 client", one, "acked/s");
    report.add_times(["1 client, ack p50", "1 client, ack p99"], &one_times);
    report.add("many clients", all, "acked/s");
    report.add_times(["many clients, ack p50", "many clients, ack p99"], &all_times);
    report.add("many clients, server's processor time", cpu_us, "us/message");
    report.add("many clients / 1 client", all / one, "times");
    report.add("many clients / bare SQLite", all / bare, "times");
    Ok(())
}

/// All at once for a while; answers acked messages a second, and how long each took.
async fn load(places: &[(&Client, String)], lasting: Duration) -> anyhow::Result<(f64, Histogram<u64>)> {
    let end = Instant::now() + lasting;
    let started = Instant::now();
    let done = try_join_all(places.iter().map(|(person, place)| send_until(end, person, place))).await?;
    let took = started.elapsed();
    let mut all = times()?;
    for times in &done {
        all.add(times)?;
    }
    Ok((all.len() as f64 / took.as_secs_f64(), all))
}

async fn send_until(end: Instant, person: &Client, place: &str) -> anyhow::Result<Histogram<u64>> {
    let mut socket = RawSocket::open(person).await;
    let mut times = times()?;
    while Instant::now() < end {
        let payload = json!({ "messageId": new_id(), "conversationId": place, "content": text(WORDS) });
        let bytes = frame(0x81, json!({ "type": "message.send", "id": "1", "payload": payload }).to_string().as_bytes());
        let started = Instant::now();
        socket.write(&bytes).await;
        loop {
            let (_, answer) = socket.read_frame().await.context("the server hung up")?;
            if answer.starts_with(b"{\"type\":\"ack\"") {
                let is_ok = answer.windows(13).any(|part| part == b"\"status\":\"ok\"");
                ensure!(is_ok, "refused: {}", String::from_utf8_lossy(&answer));
                break;
            }
        }
        times.record(micros(started.elapsed()))?;
    }
    Ok(times)
}

/// What this disk gives to who commits every row, with the server's own settings for durability.
fn bare_sqlite(beside: &Path, lasting: Duration) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir_in(beside)?;
    let db = rusqlite::Connection::open(folder.path().join("bare.sqlite"))?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT) STRICT")?;
    let mut insert = db.prepare("INSERT INTO rows (text) VALUES (?)")?;
    let (started, mut rows) = (Instant::now(), 0.0);
    while started.elapsed() < lasting {
        insert.execute([WORDS])?;
        rows += 1.0;
    }
    Ok(rows / started.elapsed().as_secs_f64())
}

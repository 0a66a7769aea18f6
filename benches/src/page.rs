//! A long channel, opened anywhere.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tertulia_tests::{Client, Scene, Server};

use crate::report::{Report, micros, times};

const PAGES: u64 = 2_000;
const MADE_UP: u64 = 200_000;

pub async fn run(server: &Server, history: Option<PathBuf>, report: &mut Report) -> anyhow::Result<()> {
    let scene = Scene::new(server).await;
    let file = match history {
        Some(file) => file.canonicalize().with_context(|| format!("cannot read {}", file.display()))?,
        None => make_up(server.data())?,
    };
    let started = Instant::now();
    let output = server.run(&["import", &file.display().to_string()]);
    ensure!(output.status.success(), "import: {}", String::from_utf8_lossy(&output.stderr));
    let took = started.elapsed().as_secs_f64();

    let list = scene.owner.get("conversations?limit=200").await.ok();
    let channels = list["items"].as_array().context("a list")?;
    let longest = channels.iter().max_by_key(|channel| channel["head"].as_u64()).context("a channel")?;
    let (id, head) = (longest["id"].as_str().context("an id")?, longest["head"].as_u64().context("a head")?);
    report.add("events in the channel", head as f64, "");
    report.add("import", head as f64 / took, "messages/s");
    open_pages(&scene.owner, id, head, report).await
}

async fn open_pages(reader: &Client, id: &str, head: u64, report: &mut Report) -> anyhow::Result<()> {
    let (mut anywhere, mut newest, mut before) = (times()?, times()?, times()?);
    for n in 0..PAGES {
        // A stride that is prime to any length visits everywhere without a dice.
        let seq = n * 1_000_003 % head + 1;
        let measure = async |query: String| -> anyhow::Result<u64> {
            let started = Instant::now();
            let page = reader.get(&format!("conversations/{id}/messages?limit=50{query}")).await;
            let took = micros(started.elapsed());
            ensure!(page.status == 200, "{}", page.status);
            Ok(took)
        };
        anywhere.record(measure(format!("&around={seq}")).await?)?;
        before.record(measure(format!("&before={seq}")).await?)?;
        newest.record(measure(String::new()).await?)?;
    }
    report.add_times(["page around anywhere, round trip p50", "page around anywhere, round trip p99"], &anywhere);
    report.add_times(["page before anywhere, round trip p50", "page before anywhere, round trip p99"], &before);
    report.add_times(["newest page, round trip p50", "newest page, round trip p99"], &newest);
    own_time(&reader.get("/metrics").await.body, report)
}

/// What the server measured of the same pages, without the network and this client.
fn own_time(metrics: &str, report: &mut Report) -> anyhow::Result<()> {
    let series = |suffix: &str| -> anyhow::Result<f64> {
        let of_pages =
            |line: &&str| line.contains("/conversations/{id}/messages\"") && line.contains("status=\"200\"") && line.contains(suffix);
        let line = metrics.lines().filter(|line| line.starts_with("tertulia_http_request_seconds_")).find(of_pages);
        Ok(line.and_then(|line| line.rsplit_once(' ')).with_context(|| format!("no {suffix} in the metrics"))?.1.parse()?)
    };
    let count = series("_count")?;
    report.add("server's own time, mean", series("_sum")? / count * 1_000.0, "ms");
    report.add("server's own time, within 2.5 ms", series("le=\"0.0025\"")? / count * 100.0, "%");
    report.add("server's own time, within 5 ms", series("le=\"0.005\"")? / count * 100.0, "%");
    Ok(())
}

/// A channel of many people and some threads, in the import's format.
fn make_up(folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join("history.jsonl.gz");
    let mut file = GzEncoder::new(std::fs::File::create(&path)?, Compression::fast());
    for n in 0..MADE_UP {
        let at = format!("2020-{:02}-{:02}T{:02}:{:02}:{:02}Z", n / 16_800 % 12 + 1, n / 600 % 28 + 1, n / 25 % 24, n * 2 % 60, n * 7 % 60);
        let mut line = json!({ "channel": "made-up", "at": at, "nick": format!("person-{}", n * 31 % 997), "id": n.to_string(),
            "text": format!("Message {n}: {}", "a few words that somebody might have written, ".repeat((n % 5 + 1) as usize)) });
        if n % 4 == 3 {
            line["replyTo"] = (n - 2).to_string().into();
        }
        writeln!(file, "{line}")?;
    }
    file.finish()?;
    Ok(path)
}

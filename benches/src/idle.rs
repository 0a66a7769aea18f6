//! What a server costs that nobody uses.

use std::time::{Duration, Instant};

use anyhow::Context;
use tertulia_tests::Server;

use crate::report::{Report, micros, times};

const STARTS: usize = 10;

pub async fn run(start: impl Fn() -> Server, report: &mut Report) -> anyhow::Result<()> {
    let mut ready = times()?;
    for _ in 1..STARTS {
        let started = Instant::now();
        drop(start());
        ready.record(micros(started.elapsed()))?;
    }
    let server = start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    report.add_times(["start to ready, p50", "start to ready, worst"], &ready);
    report.add("memory (RSS)", rss_mib(server.pid())?, "MiB");
    Ok(())
}

fn rss_mib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib / 1_024.0)
}

//! What a server costs that nobody uses.

use std::time::{Duration, Instant};

use anyhow::Context;
use tertulia_load::process::Process;
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
    let resident = Process(server.pid()).resident().context("the server has ended")?;
    report.add("memory (RSS)", resident as f64 / 1_048_576.0, "MiB");
    Ok(())
}

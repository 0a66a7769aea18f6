//! The same load on Tertulia, on what it has to cost at least, and on what others use: in turns, so that whatever
//! else happens on the machine happens to all.

mod candidate;
mod verdict;

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use tertulia_load::accounts::Accounts;
use tertulia_load::dialect::Dialect;
use tertulia_load::process::Process;
use tertulia_load::report::Report;
use tertulia_load::scenarios::fanout::{self, Load, Plan};

use self::candidate::{Candidate, Home};
use self::verdict::Results;

/// The server's core, and ours.
const SERVER_CORE: &str = "0";
const OWN_CORE: &str = "1";

#[derive(Debug, Args)]
pub struct Compare {
    #[command(subcommand)]
    what: What,
    /// Who takes part
    #[arg(long, global = true, value_delimiter = ',', default_value = "raw,shard,tertulia,bun,ws,socketio")]
    candidates: Vec<Candidate>,
    /// Turns of each
    #[arg(long, global = true, default_value_t = 5)]
    rounds: usize,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Everything sent reaches everybody
    Fanout {
        #[arg(long, default_value_t = 1_000)]
        members: usize,
        /// Messages a second
        #[arg(long, default_value_t = 20.0)]
        rate: f64,
        /// Messages due at the same moment
        #[arg(long, default_value_t = 1)]
        burst: u32,
        /// Instead of a rate: so many under way
        #[arg(long)]
        outstanding: Option<u32>,
        #[arg(long, default_value_t = 300)]
        size: usize,
    },
}

impl Compare {
    pub fn run(&self, bin: &std::path::Path, seconds: u64, as_json: bool) -> anyhow::Result<()> {
        let What::Fanout { members, rate, burst, outstanding, size } = self.what;
        pin_ourselves()?;
        let load = outstanding.map_or(Load::Paced { rate, burst }, Load::Outstanding);
        let home = Home::new(bin, members)?;
        let mut results = Results::new(load);
        for round in 1..=self.rounds {
            for candidate in &self.candidates {
                let report = one(&home, *candidate, members, load, size, Duration::from_secs(seconds))?;
                note(format_args!("round {round}, {}: {}", candidate.name(), brief(&report)));
                results.add(*candidate, &report);
            }
        }
        let mut out = std::io::stdout().lock();
        if as_json {
            let load = json!({ "members": members, "rate": rate, "burst": burst, "outstanding": outstanding, "payloadBytes": size });
            writeln!(out, "{}", json!({ "load": load, "rounds": self.rounds, "candidates": results.json(), "gates": results.gates() }))?;
        } else {
            write!(out, "{}", results.table())?;
        }
        Ok(())
    }
}

fn one(home: &Home, candidate: Candidate, members: usize, load: Load, size: usize, lasting: Duration) -> anyhow::Result<Report> {
    let running = home.start(candidate)?;
    let plan = Plan {
        target: running.target.clone(),
        dialect: candidate.dialect(),
        members,
        load,
        lasting,
        size,
        server: Some(Process(running.pid())),
    };
    let report = match candidate.dialect() {
        Dialect::Tertulia => fanout::run(&plan, &Accounts::read(&home.accounts())?),
        _ => fanout::run_peer(&plan),
    };
    report.with_context(|| format!("measuring {}", candidate.name()))
}

/// Two programs on one core measure each other.
fn pin_ourselves() -> anyhow::Result<()> {
    let own = std::process::id().to_string();
    let pinned = Command::new("taskset").args(["-cp", OWN_CORE, &own]).output().context("taskset (util-linux) is needed")?;
    ensure!(pinned.status.success(), "taskset: {}", String::from_utf8_lossy(&pinned.stderr));
    Ok(())
}

fn brief(report: &Report) -> String {
    let figure = |key: &str| report.get(key).unwrap_or(f64::NAN);
    let warnings: String = report.warnings().iter().map(|warning| format!("; {warning}")).collect();
    format!(
        "{:.2} us a delivery, {:.0}/s, p99 {:.1} ms, lost {}{warnings}",
        figure("usPerDelivery"),
        figure("deliveriesPerSecond"),
        figure("latencyP99Ms"),
        figure("lost")
    )
}

fn note(text: impl std::fmt::Display) {
    writeln!(std::io::stderr(), "{text}").ok();
}

/// Where the peers' programs are.
fn peers() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers")
}

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
use tertulia_load::scenarios::fanout::{self, Load};
use tertulia_load::scenarios::mix;

use self::candidate::{Candidate, Home};
use self::verdict::{Judged, Results};

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
    /// What people do: one message to four of typing, reading and presence, said to everybody in their room
    Mix {
        #[arg(long, default_value_t = 20)]
        rooms: usize,
        #[arg(long, default_value_t = 50)]
        members: usize,
        /// Events a second over all rooms, a fifth of them messages
        #[arg(long, default_value_t = 500.0)]
        rate: f64,
        #[arg(long, default_value_t = 300)]
        size: usize,
    },
}

impl Compare {
    pub fn run(&self, bin: &std::path::Path, seconds: u64, as_json: bool) -> anyhow::Result<()> {
        pin_ourselves()?;
        let lasting = Duration::from_secs(seconds);
        let (home, judged, load) = match self.what {
            What::Fanout { members, rate, burst, outstanding, size } => {
                let load = outstanding.map_or(Load::Paced { rate, burst }, Load::Outstanding);
                let told = json!({ "members": members, "rate": rate, "burst": burst, "outstanding": outstanding, "payloadBytes": size });
                (Home::new(bin, 1, members)?, Judged::FanOut(load), told)
            }
            What::Mix { rooms, members, rate, size } => {
                let told = json!({ "rooms": rooms, "members": members, "rate": rate, "payloadBytes": size });
                (Home::new(bin, rooms, members)?, Judged::Mix, told)
            }
        };
        let mut results = Results::new(judged);
        for round in 1..=self.rounds {
            for candidate in self.candidates.iter().filter(|candidate| judged.takes(**candidate)) {
                let report = self.one(&home, *candidate, lasting)?;
                note(format_args!("round {round}, {}: {}", candidate.name(), judged.brief(&report)));
                results.add(*candidate, &report);
            }
        }
        let mut out = std::io::stdout().lock();
        if as_json {
            writeln!(out, "{}", json!({ "load": load, "rounds": self.rounds, "candidates": results.json(), "gates": results.gates() }))?;
        } else {
            write!(out, "{}", results.table())?;
        }
        Ok(())
    }

    fn one(&self, home: &Home, candidate: Candidate, lasting: Duration) -> anyhow::Result<Report> {
        let running = home.start(candidate)?;
        let (target, dialect, server) = (running.target.clone(), candidate.dialect(), Some(Process(running.pid())));
        let accounts = || Accounts::read(&home.accounts());
        let report = match self.what {
            What::Fanout { members, rate, burst, outstanding, size } => {
                let load = outstanding.map_or(Load::Paced { rate, burst }, Load::Outstanding);
                let plan = fanout::Plan { target, dialect, members, load, lasting, size, server };
                if dialect == Dialect::Tertulia { fanout::run(&plan, &accounts()?) } else { fanout::run_peer(&plan) }
            }
            What::Mix { rooms, members, rate, size } => {
                let plan = mix::Plan { target, rooms, members, rate, lasting, size, server };
                if dialect == Dialect::Tertulia { mix::run(&plan, &accounts()?) } else { mix::run_peer(&plan, dialect) }
            }
        };
        report.with_context(|| format!("measuring {}", candidate.name()))
    }
}

/// Two programs on one core measure each other.
fn pin_ourselves() -> anyhow::Result<()> {
    let own = std::process::id().to_string();
    let pinned = Command::new("taskset").args(["-cp", OWN_CORE, &own]).output().context("taskset (util-linux) is needed")?;
    ensure!(pinned.status.success(), "taskset: {}", String::from_utf8_lossy(&pinned.stderr));
    Ok(())
}

fn note(text: impl std::fmt::Display) {
    writeln!(std::io::stderr(), "{text}").ok();
}

/// Where the peers' programs are.
fn peers() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers")
}

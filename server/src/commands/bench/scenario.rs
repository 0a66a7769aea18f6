//! What the scenarios are told.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tertulia_load::accounts::{Accounts, RoomPlan};
use tertulia_load::dialect::Dialect;
use tertulia_load::process::Process;
use tertulia_load::report::Report;
use tertulia_load::scenarios::fanout::{self, Load};
use tertulia_load::stamp;
use tertulia_load::target::Target;
use tertulia_load::{Fault, enroll};

use crate::exit::Failure;

/// What all scenarios share.
#[derive(Debug, Args)]
pub struct Common {
    /// Where the server is
    #[arg(long, default_value = "http://127.0.0.1:7070")]
    url: Target,
    /// Who takes part: the file that `bench prepare` wrote. Without one, accounts are registered and kept in bench-accounts.json
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// How long is measured, in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: u64,
    /// Bytes of a message's text
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(stamp::LENGTH as u64..=16_000))]
    size: u64,
    /// Connect from this address; may be repeated [default: on loopback one for each 10,000 connections]
    #[arg(long, value_name = "ADDRESS")]
    source: Vec<IpAddr>,
    /// The server's process [default: the one that listens at the address, if it is on this machine]
    #[arg(long)]
    pid: Option<u32>,
    /// One object of JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

impl Common {
    fn target(&self) -> Target {
        Target { sources: self.source.clone(), ..self.url.clone() }
    }

    fn lasting(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    fn server(&self) -> Option<Process> {
        self.pid.map(Process).or_else(|| self.url.is_local().then(|| Process::listening(self.url.address)).flatten())
    }

    /// Those named, or new ones by REST.
    async fn accounts(&self, people: usize, rooms: RoomPlan) -> Result<Accounts, Fault> {
        match &self.accounts {
            Some(file) if file.exists() => Accounts::read(file),
            Some(file) => enroll::accounts(&self.url, file, people, &rooms).await,
            None => enroll::accounts(&self.url, &PathBuf::from("bench-accounts.json"), people, &rooms).await,
        }
    }
}

#[derive(Debug, Args)]
pub struct Fanout {
    #[command(flatten)]
    pub common: Common,
    /// Members of the conversation, all connected and looking at it
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(2..))]
    members: u64,
    /// Messages a second, on a schedule that nothing delays
    #[arg(long, default_value_t = 20.0, value_parser = rate)]
    rate: f64,
    /// Messages that are due at the same moment
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    burst: u32,
    /// Instead of a schedule: so many under way, the next when one has reached everybody
    #[arg(long, value_name = "MESSAGES", conflicts_with_all = ["rate", "burst"], value_parser = clap::value_parser!(u32).range(1..=10_000))]
    outstanding: Option<u32>,
}

impl Fanout {
    pub async fn run(&self) -> Result<Report, Failure> {
        let members = self.members as usize;
        let accounts = self.common.accounts(members, RoomPlan(vec![(1, members)])).await?;
        let plan = fanout::Plan {
            target: self.common.target(),
            dialect: Dialect::Tertulia,
            members,
            load: self.outstanding.map_or(Load::Paced { rate: self.rate, burst: self.burst }, Load::Outstanding),
            lasting: self.common.lasting(),
            size: self.common.size as usize,
            server: self.common.server(),
        };
        Ok(tokio::task::block_in_place(|| fanout::run(&plan, &accounts))?)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number")?;
    if rate > 0.0 && rate <= 1e6 { Ok(rate) } else { Err("expected more than 0 and at most 1,000,000 a second".into()) }
}

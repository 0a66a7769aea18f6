//! What the scenarios are told.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tertulia_load::accounts::{Accounts, RoomPlan};
use tertulia_load::dialect::Dialect;
use tertulia_load::process::Process;
use tertulia_load::report::Report;
use tertulia_load::scenarios::fanout::Load;
use tertulia_load::scenarios::{chatter, fanout, idle, ingest, mix, storm, sync};
use tertulia_load::stamp;
use tertulia_load::target::Target;
use tertulia_load::{Fault, enroll};

use crate::exit::{Exit, Failure};

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

#[derive(Debug, Args)]
pub struct Chatter {
    #[command(flatten)]
    pub common: Common,
    /// Conversations
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    rooms: u64,
    /// Members of each
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..=100))]
    members: u64,
    /// Messages a second, over all conversations
    #[arg(long, default_value_t = 500.0, value_parser = rate)]
    rate: f64,
}

impl Chatter {
    pub async fn run(&self) -> Result<Report, Failure> {
        let (rooms, members) = (self.rooms as usize, self.members as usize);
        let accounts = self.common.accounts(rooms * members, RoomPlan(vec![(rooms, members)])).await?;
        let plan = chatter::Plan {
            target: self.common.target(),
            rooms,
            members,
            rate: self.rate,
            lasting: self.common.lasting(),
            size: self.common.size as usize,
            server: self.common.server(),
        };
        Ok(tokio::task::block_in_place(|| chatter::run(&plan, &accounts))?)
    }
}

#[derive(Debug, Args)]
pub struct Ingest {
    #[command(flatten)]
    pub common: Common,
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(2..))]
    connections: u64,
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    conversations: u64,
    /// Messages of each connection that wait for their ack
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    outstanding: u64,
}

impl Ingest {
    pub async fn run(&self) -> Result<Report, Failure> {
        let (connections, conversations) = (self.connections as usize, self.conversations as usize);
        let accounts = self.common.accounts(connections, RoomPlan(vec![(conversations, 2)])).await?;
        let plan = ingest::Plan {
            target: self.common.target(),
            connections,
            conversations,
            outstanding: self.outstanding as usize,
            lasting: self.common.lasting(),
            size: self.common.size as usize,
            server: self.common.server(),
        };
        Ok(tokio::task::block_in_place(|| ingest::run(&plan, &accounts))?)
    }
}

#[derive(Debug, Args)]
pub struct Idle {
    #[command(flatten)]
    pub common: Common,
    /// Where the slope begins
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// Where it ends
    #[arg(long, default_value_t = 18_000, value_parser = clap::value_parser!(u64).range(2..))]
    to: u64,
    /// Seconds of nothing before memory is read
    #[arg(long, default_value_t = 10)]
    settle: u64,
}

impl Idle {
    pub async fn run(&self) -> Result<Report, Failure> {
        let no_server =
            || Failure::new(Exit::Unavailable, "the server's memory can only be read on its own machine: name its process with --pid");
        let server = self.common.server().ok_or_else(no_server)?;
        let to = self.to as usize;
        let accounts = self.common.accounts(to, RoomPlan(vec![(to, 20.min(to))])).await?;
        let plan = idle::Plan {
            target: self.common.target(),
            from: self.from as usize,
            to,
            settle: Duration::from_secs(self.settle),
            lasting: self.common.lasting(),
            server,
        };
        Ok(tokio::task::block_in_place(|| idle::run(&plan, &accounts))?)
    }
}

#[derive(Debug, Args)]
pub struct Storm {
    #[command(flatten)]
    pub common: Common,
    /// How many are cut off
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    clients: u64,
    /// Messages a second between the two who stay
    #[arg(long, default_value_t = 10.0, value_parser = rate)]
    rate: f64,
}

impl Storm {
    pub async fn run(&self) -> Result<Report, Failure> {
        let clients = self.clients as usize;
        let accounts = self.common.accounts(clients + 2, RoomPlan(vec![(1, 2)])).await?;
        let plan = storm::Plan {
            target: self.common.target(),
            clients,
            rate: self.rate,
            size: self.common.size as usize,
            server: self.common.server(),
        };
        Ok(tokio::task::block_in_place(|| storm::run(&plan, &accounts))?)
    }
}

#[derive(Debug, Args)]
pub struct Mix {
    #[command(flatten)]
    pub common: Common,
    /// Conversations
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    rooms: u64,
    /// Members of each
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(2..=100))]
    members: u64,
    /// Events a second over all conversations, a fifth of them messages
    #[arg(long, default_value_t = 500.0, value_parser = rate)]
    rate: f64,
}

impl Mix {
    pub async fn run(&self) -> Result<Report, Failure> {
        let (rooms, members) = (self.rooms as usize, self.members as usize);
        let accounts = self.common.accounts(rooms * members, RoomPlan(vec![(rooms, members)])).await?;
        let plan = mix::Plan {
            target: self.common.target(),
            rooms,
            members,
            rate: self.rate,
            lasting: self.common.lasting(),
            size: self.common.size as usize,
            server: self.common.server(),
        };
        Ok(tokio::task::block_in_place(|| mix::run(&plan, &accounts))?)
    }
}

#[derive(Debug, Args)]
pub struct Sync {
    #[command(flatten)]
    pub common: Common,
    /// Conversations
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    rooms: u64,
    /// Members of each; all of them ask
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..))]
    members: u64,
    /// Messages that each has missed
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
    missed: u32,
}

impl Sync {
    pub async fn run(&self) -> Result<Report, Failure> {
        let (rooms, members) = (self.rooms as usize, self.members as usize);
        let accounts = self.common.accounts(rooms * members, RoomPlan(vec![(rooms, members)])).await?;
        let plan = sync::Plan {
            target: self.common.target(),
            rooms,
            members,
            missed: self.missed,
            size: self.common.size as usize,
            server: self.common.server(),
        };
        Ok(tokio::task::block_in_place(|| sync::run(&plan, &accounts))?)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number")?;
    if rate > 0.0 && rate <= 1e6 { Ok(rate) } else { Err("expected more than 0 and at most 1,000,000 a second".into()) }
}

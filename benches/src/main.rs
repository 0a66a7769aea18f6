//! What claims of performance are measured with: the real binary, over loopback, with fsync on.
//!
//! `cargo run --release -p tertulia-benches -- sends --bin target/release/tertulia`
// A JSON value answers null for a field that it lacks.
#![allow(clippy::indexing_slicing)]

mod compare;
mod idle;
mod page;
mod report;
mod sends;
mod sync;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tertulia_tests::{Options, Server};

use crate::report::Report;

#[derive(Debug, Parser)]
#[command(about = "Measures a Tertulia server that it starts itself, with rate limits off")]
struct Arguments {
    #[command(subcommand)]
    scenario: Scenario,
    /// The server's binary
    #[arg(long, global = true, default_value = "target/release/tertulia")]
    bin: PathBuf,
    /// How long each phase of a load lasts
    #[arg(long, global = true, default_value_t = 10)]
    seconds: u64,
    /// JSON instead of a table
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// Durable sends of many WebSocket clients, against one client and against bare SQLite on the same disk
    Sends {
        #[arg(long, default_value_t = 64)]
        clients: usize,
    },
    /// Import a history, then open pages of 50 messages anywhere in it
    Page {
        /// A file that `tertulia import` reads; without one, 200,000 made-up messages
        #[arg(long)]
        history: Option<PathBuf>,
    },
    /// From connecting to the last of 1,000 missed messages over 20 conversations
    Sync,
    /// One load on Tertulia, the references and the peers in turns; prints what was promised and whether it is kept
    Compare(compare::Compare),
    /// Start to ready, and memory when nothing happens
    Idle,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut report = Report::default();
    let lasting = Duration::from_secs(arguments.seconds);
    match arguments.scenario {
        Scenario::Sends { clients } => sends::run(&server(&arguments.bin), clients, lasting, &mut report).await?,
        Scenario::Page { history } => page::run(&server(&arguments.bin), history, &mut report).await?,
        Scenario::Sync => sync::run(&server(&arguments.bin), &mut report).await?,
        Scenario::Compare(compare) => {
            return tokio::task::block_in_place(|| compare.run(&arguments.bin, arguments.seconds, arguments.json));
        }
        Scenario::Idle => idle::run(|| server(&arguments.bin), &mut report).await?,
    }
    report.print(arguments.json)
}

fn server(bin: &std::path::Path) -> Server {
    Server::with(Options { binary: Some(bin.to_owned()), ..Options::default() })
}

//! `tertulia bench`: how fast is it? The load itself is `crates/load`.

mod prepare;
mod scenario;

use clap::{Args, Subcommand};
use tertulia_load::Fault;

use crate::exit::{Exit, Failure};
use crate::out;

#[derive(Debug, Args)]
#[command(
    after_help = "The server is to run with `serve --limits off`. Its processor time and memory are read where it runs on this machine; \
    pin it and this command to cores of their own (taskset) for figures that mean something. See docs/performance.md."
)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Fill an empty data folder with users, sessions and conversations, in seconds; the server must not run
    Prepare(prepare::Prepare),
    /// One conversation, everybody in it connected: what a delivery costs, and how long it takes
    Fanout(scenario::Fanout),
    /// Many small conversations: a delivery's cost with the durable path shared by few
    Chatter(scenario::Chatter),
    /// Messages in: how many are stored, synced and acknowledged for a second of processor time
    Ingest(scenario::Ingest),
    /// Connections on which nothing happens: memory as a slope, before and after all were busy; heartbeats
    Idle(scenario::Idle),
    /// All clients are cut off at once and come back
    Storm(scenario::Storm),
    /// What people do: one message to four of typing, reading and presence
    Mix(scenario::Mix),
    /// Everybody has missed something, and asks for it at the same moment
    Sync(scenario::Sync),
}

impl Bench {
    pub async fn run(self) -> Result<(), Failure> {
        let (report, json) = match self.what {
            What::Prepare(prepare) => return prepare.run().await,
            What::Fanout(it) => (it.run().await?, it.common.json),
            What::Chatter(it) => (it.run().await?, it.common.json),
            What::Ingest(it) => (it.run().await?, it.common.json),
            What::Idle(it) => (it.run().await?, it.common.json),
            What::Storm(it) => (it.run().await?, it.common.json),
            What::Mix(it) => (it.run().await?, it.common.json),
            What::Sync(it) => (it.run().await?, it.common.json),
        };
        if json {
            out::json(&report.json())?
        } else {
            out::line(report.table().trim_end())?
        }
        Ok(())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let exit = match fault {
            Fault::Usage(_) => Exit::Usage,
            Fault::Data(_) => Exit::Data,
            Fault::Unavailable(_) => Exit::Unavailable,
            Fault::Refused(_) | Fault::Io(_) => Exit::Failed,
        };
        Self::new(exit, fault.to_string())
    }
}

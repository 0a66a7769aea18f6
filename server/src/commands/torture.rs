//! `tertulia torture`: does it keep its promises, whatever happens?

use std::path::PathBuf;

use clap::Args;
use tertulia_torture::{Bus, Kind, Options, Trouble};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::{Exit, Failure};
use crate::out;

#[derive(Debug, Args)]
pub struct Torture {
    /// How long faults are made
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Decides the whole plan; the same again runs the same again [default: a new one]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Clients that talk at the same time
    #[arg(long, value_name = "C", default_value_t = 24, value_parser = clap::value_parser!(u64).range(4..=200))]
    clients: u64,
    /// A running server, with open registration and without limits [default: one of its own, in a process beside]
    #[arg(long, value_name = "URL", value_parser = http_url)]
    url: Option<String>,
    /// The process of that server, on this machine: it may be stopped and continued
    #[arg(long, value_name = "P", requires = "url")]
    pid: Option<u32>,
    /// Where the run's own folder is made and removed [default: the folder for temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Three nodes on PostgreSQL and Redis of its own, with this between them: redis or nats
    #[arg(long, value_name = "BUS", value_parser = bus, conflicts_with = "url")]
    cluster: Option<Bus>,
    /// What one node tells the others is lost now and then, or comes twice; needs a build with the feature sabotage
    #[arg(long, requires = "cluster")]
    lossy: bool,
    /// Only these, separated by commas: kill, power, pause, drain, cut, slow, replay, clock, full, sync, freeze; with --cluster:
    /// cut, slow, replay, kill-node, pause-node, rolling, kill-db, power-db, kill-redis, kill-nats, flush, and cut-, hang-
    /// and delay- with db, bus or redis
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = kind)]
    faults: Option<Vec<Kind>>,
    /// Go on after something was found, to find more
    #[arg(long)]
    keep_going: bool,
    /// Where what happened is written, line by line as JSON, if something was found [default: torture-SEED.jsonl, in --data]
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Torture {
    /// Fails on any violation.
    pub async fn run(self) -> Result<(), Failure> {
        let json = self.json;
        let options = self.options()?;
        let stop = CancellationToken::new();
        let run = tertulia_torture::run(options, stop.clone(), out::note);
        let report = stopping(run, &stop).await?;
        if stop.is_cancelled() {
            return Err(Failure::failed("stopped before its end; nothing was checked"));
        }
        if json {
            out::json(&report.json())?;
        } else {
            out::line(report.table())?;
        }
        match report.violations() {
            0 => Ok(()),
            _ => Err(Failure::failed(report.verdict())),
        }
    }

    fn options(self) -> Result<Options, Failure> {
        Ok(Options {
            seconds: self.seconds,
            seed: self.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0 >> 32),
            clients: usize::try_from(self.clients).unwrap_or(24),
            url: self.url,
            pid: self.pid,
            data: self.data,
            faults: self.faults,
            cluster: self.cluster,
            lossy: self.lossy,
            keep_going: self.keep_going,
            history: self.history,
            binary: std::env::current_exe()?,
        })
    }
}

/// Runs to the end, also when told to stop: what was mounted and started has to go.
async fn stopping<T>(run: impl Future<Output = Result<T, Trouble>>, stop: &CancellationToken) -> Result<T, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut run = std::pin::pin!(run);
    loop {
        tokio::select! {
            ended = &mut run => return ended.map_err(|trouble| Failure::new(Exit::Unavailable, trouble.to_string())),
            _ = terminate.recv() => stop.cancel(),
            _ = interrupt.recv() => {
                out::note("stopping, and cleaning up");
                stop.cancel();
            }
        }
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::named(name)
        .ok_or_else(|| format!("no such fault; there are {}", Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")))
}

fn bus(name: &str) -> Result<Bus, String> {
    Bus::named(name).ok_or_else(|| "there are redis and nats".into())
}

fn http_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").ok_or("expected http://HOST:PORT")?;
    let host = rest.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '@', ' ', '?', '#']) || !host.contains(':') {
        return Err("expected http://HOST:PORT".into());
    }
    Ok(format!("http://{host}"))
}

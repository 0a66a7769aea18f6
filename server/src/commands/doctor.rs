//! `tertulia doctor`: what would keep the server from running well.

use std::io::Write;
use std::path::Path;

use clap::Args;
use serde_json::json;
use tertulia_ports::Clock;
use tokio::net::TcpListener;

use crate::cli::Common;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::exit::Failure;
use crate::wiring::{House, need_store};
use crate::{out, process};

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    common: Common,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    /// It runs, but not as well as it could.
    Warning,
    Bad,
}

/// One thing looked at.
struct Finding {
    what: &'static str,
    verdict: Verdict,
    /// What was found, and what to do about it.
    why: String,
}

impl Finding {
    fn good(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, why: why.into() }
    }

    fn warning(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Warning, why: why.into() }
    }

    fn bad(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Bad, why: why.into() }
    }
}

impl Doctor {
    /// Fails when anything is bad; a warning is none.
    pub async fn run(self) -> Result<(), Failure> {
        let config = self.common.load([])?;
        let findings =
            [folder(&config.server.data), store(&config).await, address(&config).await, open_files(), clock(), exposure(&config)];
        if self.json {
            let shown =
                findings.iter().map(|finding| json!({ "what": finding.what, "verdict": word(finding.verdict), "why": finding.why }));
            out::json(&json!({ "findings": shown.collect::<Vec<_>>() }))?;
        } else {
            for finding in &findings {
                out::line(format_args!("{:<8} {:<12} {}", word(finding.verdict), finding.what, finding.why))?;
            }
        }
        match findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count() {
            0 => Ok(()),
            bad => Err(Failure::failed(format!("{bad} of {} are bad", findings.len()))),
        }
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Bad => "bad",
    }
}

/// Writes a file of its own and takes it away again.
fn folder(data: &Path) -> Finding {
    const WHAT: &str = "data folder";
    if !data.exists() {
        return Finding::good(WHAT, format!("{} does not exist yet; `tertulia serve` makes it", data.display()));
    }
    let probe = data.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::File::create(&probe).and_then(|mut file| file.write_all(b"tertulia").and_then(|()| file.sync_all()));
    std::fs::remove_file(&probe).ok();
    match written {
        Ok(()) => Finding::good(WHAT, format!("{} can be written to", data.display())),
        Err(error) => Finding::bad(WHAT, format!("{}: {error}", data.display())),
    }
}

async fn store(config: &Config) -> Finding {
    const WHAT: &str = "store";
    if need_store(config).is_err() {
        return Finding::good(WHAT, "none yet");
    }
    let house = match House::open_beside(config).await {
        Ok(house) => house,
        Err(failure) => return Finding::bad(WHAT, failure.message),
    };
    let health = house.services.spine.store.log.health().await;
    house.close().await;
    match health {
        Ok(()) => Finding::good(WHAT, "opens and takes writes; `tertulia check` reads all of it"),
        Err(why) => Finding::bad(WHAT, why),
    }
}

async fn address(config: &Config) -> Finding {
    const WHAT: &str = "address";
    let listen = config.server.listen;
    match TcpListener::bind(listen).await {
        Ok(_) => Finding::good(WHAT, format!("{listen} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Finding::warning(WHAT, format!("{listen} is in use: by a running Tertulia, or choose another with --listen"))
        }
        Err(error) => Finding::bad(WHAT, format!("{listen}: {error}")),
    }
}

/// Every connection is one open file.
const OPEN_FILES_GOOD: u64 = 65_536;

fn open_files() -> Finding {
    const WHAT: &str = "open files";
    match process::raise_open_files() {
        Some(limit) if limit < OPEN_FILES_GOOD => {
            let why = format!("at most {limit}, and every connection takes one; raise it (LimitNOFILE= of systemd, ulimit -n)");
            Finding::warning(WHAT, why)
        }
        Some(limit) => Finding::good(WHAT, format!("at most {limit}")),
        None => Finding::good(WHAT, "without limit"),
    }
}

/// When this was written; a clock before it is wrong.
const EARLIEST: &str = "2026-01-01T00:00:00Z";

fn clock() -> Finding {
    let now = SystemClock.now();
    match EARLIEST.parse() {
        Ok(earliest) if now < earliest => {
            Finding::bad("clock", format!("it says {now}, which is past; sign-ins and expiry need the right time"))
        }
        _ => Finding::good("clock", format!("it says {now}")),
    }
}

fn exposure(config: &Config) -> Finding {
    const WHAT: &str = "exposure";
    let public_is_plain = config.server.public_url.as_ref().is_some_and(|url| url.starts_with("http://"));
    match config.server.listen.ip().is_loopback() {
        _ if !config.limits.rate => Finding::warning(WHAT, "rate limits are off: for benches only"),
        _ if public_is_plain => Finding::warning(WHAT, "public_url is plain http: everybody on the way can read along"),
        true => Finding::good(WHAT, "this machine only"),
        false if config.server.public_url.is_none() => Finding::warning(
            WHAT,
            "other machines reach it, in plain http: fine in a trusted network; elsewhere put a TLS proxy before it and set public_url",
        ),
        false => Finding::good(WHAT, "other machines reach it"),
    }
}

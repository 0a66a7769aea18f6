//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::commands::{bench, check, doctor, import, serve, torture, user};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::out;

/// A self-hosted server for real-time messaging.
#[derive(Debug, Parser)]
#[command(name = "tertulia", version, propagate_version = true)]
#[command(
    after_help = "Every setting is also a variable in the environment: TERTULIA_LISTEN, TERTULIA_LOG_LEVEL …; `tertulia config` lists them.\n\
    Exit codes: 0 done, 1 failed, 2 wrong use, 65 bad input, 69 unavailable, 78 wrong configuration."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server. Without configuration: http://127.0.0.1:7070, data in ./data
    Serve(serve::Serve),
    /// Manage accounts
    #[command(subcommand)]
    User(user::User),
    /// Read a history in JSON lines, from a file or from standard input
    #[command(after_long_help = import::FORMAT)]
    Import(import::Import),
    /// Read everything stored and verify it: logs without a gap, derived state as the log says
    Check(check::Check),
    /// Make faults under load and check that every promise is kept; destroys nothing but what it made itself
    Torture(torture::Torture),
    /// Look for what would keep the server from running well
    Doctor(doctor::Doctor),
    /// Measure a server: what a delivery, a message, an idle connection costs it
    Bench(bench::Bench),
    /// Print the example configuration: every setting with its default
    Config,
}

/// What all commands that touch the data share.
#[derive(Debug, Args)]
pub struct Common {
    /// The configuration file; also TERTULIA_CONFIG
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the database [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Any setting, like log.level=debug; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

impl Common {
    /// The configuration, with `flags` (keys and values) on top.
    pub fn load(&self, flags: impl IntoIterator<Item = (String, String)>) -> Result<Config, Failure> {
        let data = self.data.as_ref().map(|path| ("data".to_owned(), path.display().to_string()));
        let flags = self.set.iter().cloned().chain(data).chain(flags).collect();
        let config = Config::load(self.config.as_deref(), flags)?;
        crate::logging::start(&config.log);
        Ok(config)
    }

    /// Whether anybody said where the data lies.
    pub fn names_data(&self, config: &Config) -> bool {
        self.data.is_some() || config.server.data != Config::default().server.data
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.to_owned())).ok_or_else(|| "expected KEY=VALUE".to_owned())
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Config => out::line(crate::config::example().trim_end()).map_err(Failure::from),
        command => block_on(command),
    };
    match ended {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            if !failure.message.is_empty() {
                out::note(format_args!("tertulia: {}", failure.message));
            }
            failure.exit.into()
        }
    }
}

fn block_on(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(serve) => serve.run().await,
            Command::User(user) => user.run().await,
            Command::Import(import) => import.run().await,
            Command::Check(check) => check.run().await,
            Command::Torture(torture) => torture.run().await,
            Command::Doctor(doctor) => doctor.run().await,
            Command::Bench(bench) => bench.run().await,
            Command::Config => Ok(()),
        }
    })
}

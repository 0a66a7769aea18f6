//! What an operator may set: a flag, else the environment, else the file, else the default.
//!
//! Every setting has one key (`log.level`), one variable (`TERTULIA_LOG_LEVEL`) and one flag
//! (`--set log.level=debug`; the common ones have their own). One file per concern, whose doc comments
//! are the text of `tertulia.example.toml`.

mod accounts;
mod cluster;
mod example;
mod file;
mod limits;
mod log;
#[cfg(feature = "sabotage")]
pub mod sabotage;
mod server;
mod setting;
mod suggest;

use std::path::Path;

pub use accounts::Accounts;
pub use cluster::{Bus, Node, Queue, Redis, Store, place_of};
pub use example::example;
pub use limits::Limits;
pub use log::{Log, LogFormat, LogLevel};
pub use server::Server;

use crate::exit::{Exit, Failure};
use setting::{Given, Key, Section};

/// Everything that may be set.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub server: Server,
    pub accounts: Accounts,
    pub limits: Limits,
    pub log: Log,
    pub store: Store,
    pub bus: Bus,
    pub redis: Redis,
    pub queue: Queue,
    pub node: Node,
}

/// Where settings come from, weakest first.
#[derive(Debug, Default)]
pub struct Sources<'a> {
    /// The file's name and text.
    pub file: Option<(&'a str, &'a str)>,
    /// Names and values.
    pub environment: Vec<(String, String)>,
    /// Keys and values.
    pub flags: Vec<(String, String)>,
}

const PREFIX: &str = "TERTULIA_";

impl Config {
    /// Reads the file (if one is named), the environment and the flags. Every mistake is reported, one a line.
    pub fn load(file: Option<&Path>, flags: Vec<(String, String)>) -> Result<Self, Failure> {
        let environment: Vec<(String, String)> = std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        let named = environment.iter().find(|(name, _)| name == "TERTULIA_CONFIG").map(|(_, path)| Path::new(path).to_owned());
        let text = match file.map(Path::to_owned).or(named) {
            Some(path) => Some((path.display().to_string(), read(&path)?)),
            None => None,
        };
        let file = text.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        Self::from_sources(Sources { file, environment, flags }).map_err(|wrong| Failure::new(Exit::Config, wrong.join("\n")))
    }

    /// As [`Config::load`], from memory. Answers what is wrong, one text per mistake.
    pub fn from_sources(sources: Sources<'_>) -> Result<Self, Vec<String>> {
        let mut config = Self::default();
        let mut wrong = Vec::new();
        if let Some((name, text)) = sources.file {
            file::apply(&mut config, name, text, &mut wrong);
        }
        for (variable, value) in &sources.environment {
            // Others may use the prefix too: Kubernetes does, for a service of our name.
            if let Some(key) = keys().find(|key| variable_of(key) == *variable)
                && let Err(expected) = config.set(&key, Given::Text(value))
            {
                wrong.push(format!("{variable}: expected {expected}"));
            }
        }
        for (key, value) in &sources.flags {
            match config.set(key, Given::Text(value)) {
                Err(expected) if is_key(key) => wrong.push(format!("{key}: expected {expected}")),
                Err(_) => wrong.push(format!("--set: {}", unknown(key))),
                Ok(()) => {}
            }
        }
        if wrong.is_empty() { Ok(config) } else { Err(wrong) }
    }

    /// Sets one; answers what was expected instead.
    fn set(&mut self, key: &str, given: Given<'_>) -> Result<(), String> {
        let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
        for section in self.sections_mut() {
            if section.table() == table {
                return section.set(name, given);
            }
        }
        Err("a known key".into())
    }

    fn sections_mut(&mut self) -> [&mut dyn Section; 9] {
        let Self { server, accounts, limits, log, store, bus, redis, queue, node } = self;
        [server, accounts, limits, log, store, bus, redis, queue, node]
    }

    fn sections(&self) -> [&dyn Section; 9] {
        let Self { server, accounts, limits, log, store, bus, redis, queue, node } = self;
        [server, accounts, limits, log, store, bus, redis, queue, node]
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(Exit::Config, format!("{}: {error}", path.display())))
}

/// Every key, as `table.name`.
fn keys() -> impl Iterator<Item = String> {
    let config = Config::default();
    let full = |section: &dyn Section| section.keys().iter().map(|key| full_key(section, key)).collect::<Vec<_>>();
    config.sections().into_iter().flat_map(full).collect::<Vec<_>>().into_iter()
}

fn full_key(section: &dyn Section, key: &Key) -> String {
    if section.table().is_empty() { key.name.to_owned() } else { format!("{}.{}", section.table(), key.name) }
}

fn is_key(key: &str) -> bool {
    keys().any(|known| known == key)
}

/// `log.level` → `TERTULIA_LOG_LEVEL`.
fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "_"))
}

fn unknown(key: &str) -> String {
    match suggest::nearest(key, keys()) {
        Some(near) => format!("unknown key \"{key}\" (did you mean \"{near}\"?)"),
        None => format!("unknown key \"{key}\""),
    }
}

#[cfg(test)]
mod tests;

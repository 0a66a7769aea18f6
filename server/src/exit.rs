//! How a command ends: an exit code, and what the operator is told.

use std::io::ErrorKind;
use std::process::ExitCode;

use tertulia_domain::Refusal;
use tertulia_ports::StoreError;

/// Exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    /// What was asked for makes no sense; mostly clap says so before we do.
    Usage = 2,
    /// The input is not what it should be.
    Data = 65,
    /// Something that is needed is not to be had: the address, the data folder.
    Unavailable = 69,
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// For the operator; empty: nothing is said.
    pub message: String,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal.field {
            Some(field) => format!("{field}: {}", refusal.message),
            None => refusal.message,
        };
        Self::failed(message)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::Down(_) => Self::new(Exit::Unavailable, error.to_string()),
            StoreError::Failed(_) => Self::failed(error.to_string()),
        }
    }
}

impl From<metrics_exporter_prometheus::BuildError> for Failure {
    fn from(error: metrics_exporter_prometheus::BuildError) -> Self {
        Self::failed(error.to_string())
    }
}

/// Nobody reads our output any more (`tertulia check | head`): that is no failure.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::new(Exit::Done, ""),
            _ => Self::failed(error.to_string()),
        }
    }
}

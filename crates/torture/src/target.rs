//! The server under torture, and the disk under it.

pub mod cluster;
pub mod disk;
pub mod folder;
pub mod process;
pub mod proxy;
pub mod service;

use std::process::{Command, Output, Stdio};

/// What was tried, and why it did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Runs a program of the system to its end.
pub fn run(program: &str, arguments: &[&str]) -> Result<Output, Trouble> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| Trouble(format!("{program}: {error}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Trouble(format!("{program} {}: {}", arguments.join(" "), said.trim())))
}

/// Whether a program is installed.
pub fn is_installed(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

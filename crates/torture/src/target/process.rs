//! The server's process.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Trouble;

const STARTS_WITHIN: Duration = Duration::from_secs(30);
const LIMITS: &[&str] = &["--limits", "off", "--set", "limits.connections_per_user=20", "--set", "drain_seconds=2"];

/// How it is started this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dressed {
    Plain,
    /// libfaketime tells it the time that stands in this file.
    Clock {
        library: PathBuf,
        file: PathBuf,
    },
    /// Some of its syncs fail, one in so many thousand.
    FailingSync {
        per_mille: u64,
    },
}

/// A server of ours; killed when it is dropped.
pub struct Process {
    binary: PathBuf,
    data: PathBuf,
    /// Where its log and its pid lie.
    folder: PathBuf,
    name: String,
    address: String,
    /// Beside those that every server of ours has.
    arguments: Vec<String>,
    sabotage: Option<&'static str>,
    child: Option<Child>,
}

impl Process {
    pub fn new(binary: &Path, folder: &Path, data: &Path) -> Self {
        Self {
            binary: binary.to_owned(),
            data: data.to_owned(),
            folder: folder.to_owned(),
            name: "server".into(),
            address: "127.0.0.1:0".into(),
            arguments: Vec::new(),
            sabotage: None,
            child: None,
        }
    }

    /// One of several: its name, the port of loopback that it gets, its settings, each KEY=VALUE.
    pub fn node(mut self, name: &str, port: u16, settings: &[String], sabotage: Option<&'static str>) -> Self {
        self.name = name.to_owned();
        self.address = format!("127.0.0.1:{port}");
        self.arguments = settings.iter().flat_map(|setting| ["--set".to_owned(), setting.clone()]).collect();
        self.sabotage = sabotage;
        self
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn log(&self) -> String {
        self.log_from(0)
    }

    /// How long its log is by now.
    pub fn logged(&self) -> u64 {
        fs::metadata(self.log_file()).map_or(0, |metadata| metadata.len())
    }

    pub fn log_from(&self, start: u64) -> String {
        let mut bytes = Vec::new();
        if let Ok(mut file) = fs::File::open(self.log_file())
            && file.seek(SeekFrom::Start(start)).is_ok()
        {
            file.read_to_end(&mut bytes).ok();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Writes that its storage failed to make durable, told in its log from `start` on.
    pub fn failures_from(&self, start: u64) -> u64 {
        let log = self.log_from(start);
        let fatal = log.lines().filter(|line| line.contains("the store could not write") && line.contains("\"fatal\":true"));
        fatal.count() as u64
    }

    /// Starts it, on the address that it had before, and waits until it listens.
    pub fn start(&mut self, dressed: &Dressed) -> Result<(), Trouble> {
        let log = OpenOptions::new().create(true).append(true).open(self.log_file())?;
        let before = self.logged();
        let mut command = self.command(dressed);
        command
            .args(["serve", "--open-registration", "--listen", &self.address, "--data"])
            .arg(&self.data)
            .args(LIMITS)
            .args(&self.arguments);
        if let Some(sabotage) = self.sabotage {
            command.env("TERTULIA_SABOTAGE", sabotage);
        }
        // Ctrl-C in a terminal is for us, not for it.
        command.process_group(0).current_dir(&self.folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().map_err(|error| Trouble(format!("{}: {error}", self.binary.display())))?;
        fs::write(self.folder.join(format!("{}.pid", self.name)), child.id().to_string())?;
        self.child = Some(child);
        self.wait_until_listening(before)
    }

    fn command(&self, dressed: &Dressed) -> Command {
        match dressed {
            Dressed::Plain => Command::new(&self.binary),
            Dressed::Clock { library, file } => {
                let mut command = Command::new(&self.binary);
                command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", file);
                command.env("FAKETIME_CACHE_DURATION", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
                command
            }
            Dressed::FailingSync { per_mille } => {
                let mut command = Command::new("fiu-run");
                let probability = *per_mille as f64 / 1_000.0;
                for point in ["fsync", "fdatasync"] {
                    command.args(["-c", &format!("enable_random name=posix/io/sync/{point},probability={probability}")]);
                }
                command.arg("-x").arg(&self.binary);
                command
            }
        }
    }

    fn wait_until_listening(&mut self, before: u64) -> Result<(), Trouble> {
        let end = Instant::now() + STARTS_WITHIN;
        loop {
            let said = self.log_from(before);
            if let Some(address) = listening_on(&said) {
                self.address = address;
                return Ok(());
            }
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
            if ended.is_some() || Instant::now() > end {
                self.kill();
                let last: Vec<&str> = said.lines().rev().take(5).collect();
                let last: Vec<&str> = last.into_iter().rev().collect();
                return Err(Trouble(format!("{} does not start: {}", self.name, last.join(" | "))));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    pub fn pid(&self) -> Option<Pid> {
        self.child.as_ref().map(Pid::from_child)
    }

    /// SIGKILL, without waiting for the end.
    pub fn strike(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
        }
    }

    /// SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // fiu-run's shell becomes the server by exec; there is one process only.
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// SIGTERM; true: it ended in order within the time.
    pub fn terminate(&mut self, within: Duration) -> bool {
        let Some(pid) = self.pid() else { return false };
        kill_process(pid, Signal::TERM).ok();
        let end = Instant::now() + within;
        while Instant::now() < end {
            if let Some(Ok(Some(status))) = self.child.as_mut().map(Child::try_wait) {
                self.child = None;
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill();
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Holds a process; when this answers, none of its threads runs code of its own any more: each has stopped, or waits in
/// the kernel for the disk and will stop before it comes back.
pub fn stop(pid: Pid) -> Result<(), Trouble> {
    kill_process(pid, Signal::STOP).map_err(|error| Trouble(error.to_string()))?;
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()))?;
        let states = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
        let mut held = states.map(|stat| stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with(['T', 't', 'D', 'Z', 'X']));
        if held.all(|held| held) {
            return Ok(());
        }
    }
    Err(Trouble("the server does not stop".into()))
}

pub fn go_on(pid: Pid) {
    kill_process(pid, Signal::CONT).ok();
}

fn listening_on(text: &str) -> Option<String> {
    let after = text.split("listening on http://").nth(1)?;
    let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '[' | ']')))?;
    after.get(..end).map(str::to_owned)
}

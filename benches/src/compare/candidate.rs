//! Who is compared, and how each is started.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use tertulia_load::dialect::Dialect;
use tertulia_load::target::Target;

use super::{SERVER_CORE, peers};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Candidate {
    /// One write for each delivery, and nothing else
    Raw,
    /// One write for each connection and turn, and nothing else
    Shard,
    Tertulia,
    /// Bun's WebSocket server, uWebSockets inside
    Bun,
    /// `ws` on Node
    Ws,
    Socketio,
}

impl Candidate {
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Shard => "shard",
            Self::Tertulia => "tertulia",
            Self::Bun => "bun",
            Self::Ws => "ws",
            Self::Socketio => "socket.io",
        }
    }

    pub fn dialect(self) -> Dialect {
        match self {
            Self::Tertulia => Dialect::Tertulia,
            Self::Socketio => Dialect::SocketIo,
            _ => Dialect::Plain,
        }
    }
}

/// Data that all turns of Tertulia share, and the programs.
pub struct Home {
    folder: tempfile::TempDir,
    bin: PathBuf,
}

/// A candidate at work; ends with this.
pub struct Running {
    pub target: Target,
    child: Child,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

const START_WITHIN: Duration = Duration::from_secs(20);

impl Home {
    /// Prepares so many conversations of so many.
    pub fn new(bin: &Path, rooms: usize, members: usize) -> anyhow::Result<Self> {
        let bin = bin.canonicalize().with_context(|| format!("{}: build it first", bin.display()))?;
        let home = Self { folder: tempfile::tempdir()?, bin };
        let (data, accounts) = (home.data(), home.accounts());
        let prepared = Command::new(&home.bin)
            .args(["bench", "prepare", "--users", &(rooms * members).to_string(), "--rooms", &format!("{rooms}x{members}")])
            .arg("--data")
            .arg(data)
            .arg("--accounts")
            .arg(accounts)
            .output()?;
        ensure!(prepared.status.success(), "prepare: {}", String::from_utf8_lossy(&prepared.stderr));
        Ok(home)
    }

    pub fn accounts(&self) -> PathBuf {
        self.folder.path().join("accounts.json")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn start(&self, candidate: Candidate) -> anyhow::Result<Running> {
        match candidate {
            Candidate::Tertulia => self.start_tertulia(),
            Candidate::Raw | Candidate::Shard => {
                let reference = std::env::current_exe()?.with_file_name("reference");
                ensure!(reference.exists(), "{}: build it first (cargo build --release -p tertulia-benches)", reference.display());
                start_with_port(pinned(&reference).arg(candidate.name()))
            }
            Candidate::Bun => start_with_port(pinned(&installed("bun/bin/bun.exe")?).arg(peers().join("bun.js"))),
            Candidate::Ws => installed("ws").and_then(|_| start_with_port(pinned(Path::new("node")).arg(peers().join("ws.js")))),
            Candidate::Socketio => {
                installed("socket.io").and_then(|_| start_with_port(pinned(Path::new("node")).arg(peers().join("socketio.js"))))
            }
        }
    }

    fn start_tertulia(&self) -> anyhow::Result<Running> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = pinned(&self.bin);
        command.args(["serve", "--limits", "off", "--set", "limits.connections=19900", "--listen", &address.to_string(), "--data"]);
        let child = command.arg(self.data()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut running = Running { target: target(address.port())?, child };
        let end = Instant::now() + START_WITHIN;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = running.child.try_wait()? {
                bail!("the server ended with {status}");
            }
            ensure!(Instant::now() < end, "the server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(running)
    }
}

/// On the server's core.
fn pinned(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER_CORE]).arg(program);
    command
}

/// A program that says its port first.
fn start_with_port(command: &mut Command) -> anyhow::Result<Running> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
    let port = line.trim().parse().with_context(|| format!("{command:?} did not say its port"));
    let mut running = Running { target: target(1)?, child };
    running.target = target(port?)?;
    Ok(running)
}

fn target(port: u16) -> anyhow::Result<Target> {
    format!("http://127.0.0.1:{port}").parse().map_err(anyhow::Error::msg)
}

fn installed(package: &str) -> anyhow::Result<PathBuf> {
    let path = peers().join("node_modules").join(package);
    ensure!(path.exists(), "{}: run `npm ci` in benches/peers first, or leave it out with --candidates", path.display());
    Ok(path)
}

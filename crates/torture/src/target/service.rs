//! PostgreSQL, Redis and NATS of the run's own.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::process::stop;
use super::proxy::free_port;
use super::{Trouble, is_installed, run};

/// After a crash PostgreSQL replays its log first, and waits until the last of its old processes has ended.
const STARTS_WITHIN: Duration = Duration::from_secs(40);
const ENDS_WITHIN: Duration = Duration::from_secs(10);
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Postgres,
    Redis,
    Nats,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis-server",
            Self::Nats => "nats-server",
        }
    }

    /// Says what to install where it is not there.
    pub fn need(self) -> Result<(), Trouble> {
        let (there, package) = match self {
            Self::Postgres => (postgres_bin().is_some() && is_installed("setpriv"), "postgresql (15 or newer)"),
            Self::Redis => (is_installed(self.name()), "redis-server"),
            Self::Nats => (is_installed(self.name()), "nats-server"),
        };
        if there { Ok(()) } else { Err(Trouble(format!("--cluster needs {}; Debian: apt install {package}", self.name()))) }
    }
}

/// A process of one; killed when it is dropped.
#[derive(Debug)]
pub struct Service {
    program: Program,
    folder: PathBuf,
    data: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Service {
    /// Starts it on a free port, with its data in `data`; its log and pid lie in `folder`.
    pub fn new(program: Program, folder: &Path, data: &Path) -> Result<Self, Trouble> {
        let mut service = Self { program, folder: folder.to_owned(), data: data.to_owned(), port: free_port()?, child: None };
        fs::create_dir_all(data)?;
        if program == Program::Postgres {
            service.make_database()?;
        }
        service.start()?;
        if program == Program::Postgres {
            service.sql("postgres", "CREATE DATABASE tertulia")?;
        }
        Ok(service)
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn make_database(&self) -> Result<(), Trouble> {
        let data = self.data.display().to_string();
        if geteuid().is_root() {
            run("chown", &["postgres:", &data])?;
        }
        let mut command = self.as_postgres("initdb")?;
        command.args(["--pgdata", &data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8"]);
        let output = command.stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(Trouble(format!("initdb: {}", said.trim()))) }
    }

    /// It refuses to run as root.
    fn as_postgres(&self, program: &str) -> Result<Command, Trouble> {
        let program = postgres_bin().ok_or_else(|| Trouble("PostgreSQL is gone".into()))?.join(program);
        if !geteuid().is_root() {
            return Ok(Command::new(program));
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]).arg(program);
        Ok(command)
    }

    fn command(&self) -> Result<Command, Trouble> {
        let (port, data) = (self.port.to_string(), self.data.display().to_string());
        Ok(match self.program {
            Program::Postgres => {
                let mut command = self.as_postgres("postgres")?;
                command.args(["-D", &data, "-p", &port, "-h", "127.0.0.1", "-k", "", "-c", "fsync=on"]);
                command.args(["-c", "full_page_writes=on", "-c", "synchronous_commit=on", "-c", "max_connections=300"]);
                command
            }
            Program::Redis => {
                let mut command = Command::new("redis-server");
                command.args(["--bind", "127.0.0.1", "--port", &port, "--dir", &data, "--save", "", "--appendonly", "no"]);
                command
            }
            Program::Nats => {
                let mut command = Command::new("nats-server");
                command.args(["--addr", "127.0.0.1", "--port", &port, "--jetstream", "--store_dir", &data]);
                command
            }
        })
    }

    /// On the port that it had before; waits until it answers.
    pub fn start(&mut self) -> Result<(), Trouble> {
        let end = Instant::now() + STARTS_WITHIN;
        while Instant::now() < end {
            let running = self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)));
            // What was left of its last life may still be in the way.
            if !running {
                self.spawn()?;
            }
            std::thread::sleep(Duration::from_millis(100));
            if self.answers() {
                return Ok(());
            }
        }
        let log = fs::read_to_string(self.folder.join(format!("{}.log", self.program.name()))).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(3).collect();
        Err(Trouble(format!("{} does not start: {}", self.program.name(), last.join(" | "))))
    }

    fn spawn(&mut self) -> Result<(), Trouble> {
        let name = self.program.name();
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join(format!("{name}.log")))?;
        let mut command = self.command()?;
        command.process_group(0).current_dir(&self.data).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().map_err(|error| Trouble(format!("{name}: {error}")))?;
        fs::write(self.folder.join(format!("{name}.pid")), child.id().to_string())?;
        self.child = Some(child);
        Ok(())
    }

    fn answers(&self) -> bool {
        match self.program {
            Program::Postgres => self.sql("postgres", "SELECT 1").is_ok(),
            Program::Redis => self.say(b"PING\r\n").is_ok_and(|said| said.starts_with("+PONG")),
            Program::Nats => self.say(b"").is_ok_and(|said| said.starts_with("INFO")),
        }
    }

    fn sql(&self, database: &str, sql: &str) -> Result<(), Trouble> {
        let psql = postgres_bin().unwrap_or_default().join("psql").display().to_string();
        run(&psql, &["-qXd", &format!("postgres://postgres@{}/{database}?connect_timeout=2", self.address()), "-c", sql]).map(drop)
    }

    fn say(&self, line: &[u8]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address(), ANSWERS_WITHIN)?;
        stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
        stream.write_all(line)?;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer)?;
        Ok(String::from_utf8_lossy(answer.get(..length).unwrap_or_default()).into_owned())
    }

    /// Redis forgets everything.
    pub fn flush(&self) -> Result<(), Trouble> {
        let said = self.say(b"FLUSHALL\r\n")?;
        if said.starts_with("+OK") { Ok(()) } else { Err(Trouble(format!("FLUSHALL: {said}"))) }
    }

    /// The process and those that it made, which for PostgreSQL are many.
    fn pids(&self) -> Vec<Pid> {
        let Some(first) = self.child.as_ref().map(Pid::from_child) else { return Vec::new() };
        let number = first.as_raw_nonzero();
        let children = fs::read_to_string(format!("/proc/{number}/task/{number}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        std::iter::once(first).chain(children).collect()
    }

    /// SIGSTOP, to the first before all others, so that it makes no new ones meanwhile.
    pub fn hold(&self) -> Result<(), Trouble> {
        self.pids().into_iter().take(1).try_for_each(stop)?;
        // One that has just ended answers nobody either.
        self.pids().into_iter().skip(1).for_each(|pid| drop(stop(pid)));
        Ok(())
    }

    /// SIGKILL to all its processes, and waits for the end of the first; the others end by themselves at once.
    pub fn kill(&mut self) {
        for pid in self.pids() {
            kill_process(pid, Signal::KILL).ok();
        }
        if let Some(mut child) = self.child.take() {
            child.wait().ok();
        }
    }
}

impl Drop for Service {
    /// PostgreSQL in order, so that nothing of it stays; then by force.
    fn drop(&mut self) {
        let end = Instant::now() + ENDS_WITHIN;
        if let Some(child) = &mut self.child {
            kill_process(Pid::from_child(child), Signal::INT).ok();
            while Instant::now() < end && matches!(child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self.kill();
    }
}

/// The newest that is installed, where Debian keeps it or where the path leads.
fn postgres_bin() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = installed.filter(|path| path.join("bin/postgres").exists()).filter_map(|path| Some((version(&path)?, path))).max();
    if let Some((_, path)) = newest.filter(|(version, _)| *version >= 15) {
        return Some(path.join("bin"));
    }
    let found = Command::new("sh").args(["-c", "readlink -f \"$(command -v postgres)\""]).output().ok()?;
    let path = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim());
    path.is_file().then(|| path.parent().map(Path::to_owned))?
}

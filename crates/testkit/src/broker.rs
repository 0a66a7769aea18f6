//! A server of somebody else's that a test may end, freeze and start again.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const STARTS_WITHIN: Duration = Duration::from_secs(10);

type Starter = Box<dyn Fn(u16, &Path) -> Command + Send + Sync>;

/// On a free port of loopback, with a folder that goes with it. Dropped, it is killed.
pub struct Broker {
    pub port: u16,
    command: Starter,
    folder: TempDir,
    child: Option<Child>,
}

impl Broker {
    /// `command`: how it is started, for a port and a folder.
    pub fn start(command: impl Fn(u16, &Path) -> Command + Send + Sync + 'static) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut broker = Self { port, command: Box::new(command), folder: tempfile::tempdir().unwrap(), child: None };
        broker.start_again();
        broker
    }

    /// `arguments`: beside those that every test needs.
    pub fn redis(arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self::start(move |port, folder| {
            let mut command = Command::new("redis-server");
            command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(folder).args(&arguments);
            command
        })
    }

    /// `configuration`: as nats-server reads it.
    pub fn nats(configuration: &str) -> Self {
        let configuration = configuration.to_owned();
        Self::start(move |port, folder| {
            let file = folder.join("nats.conf");
            std::fs::write(&file, &configuration).unwrap();
            let mut command = Command::new("nats-server");
            command.args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--config"]).arg(file);
            command
        })
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// On the same port.
    pub fn start_again(&mut self) {
        let mut command = (self.command)(self.port, self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let program = command.get_program().to_owned();
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("{program:?}: {error}; see scripts/with-services.sh")));
        let end = Instant::now() + STARTS_WITHIN;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < end, "{program:?} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `STOP` and `CONT`: a server that is there and says nothing, as behind a cut network.
    pub fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

//! The server in a process of its own, with a data directory that goes away with it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tempfile::TempDir;

use crate::log::Log;
use crate::{binary, new_id, service};

const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// How to start it. The default is what most tests want: open registration, no rate limits.
#[derive(Debug, Clone)]
pub struct Options {
    pub open: bool,
    pub limits: bool,
    pub more: Vec<String>,
    /// Another than the one that belongs to the tests.
    pub binary: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { open: true, limits: false, more: Vec::new(), binary: None }
    }
}

impl Options {
    /// As an operator gets it who sets nothing.
    pub fn plain() -> Self {
        Self { open: false, limits: true, ..Self::default() }
    }

    /// With rate limits, and registration open.
    pub fn limited() -> Self {
        Self { limits: true, ..Self::default() }
    }
}

/// A running server. Dropped, it is killed.
pub struct Server {
    child: Option<Child>,
    pub url: String,
    options: Options,
    data: TempDir,
    /// Where messages are kept, when it is not in the folder.
    store: Vec<String>,
    log: Log,
}

/// With TERTULIA_TEST_STORE=postgres, servers keep their messages there, each in a schema of its own, and are clusters of one.
#[allow(clippy::disallowed_methods)] // A switch for whole runs of the same tests.
fn store() -> Vec<String> {
    if std::env::var("TERTULIA_TEST_STORE").is_ok_and(|store| store == "postgres") {
        let schema = format!("s{}", new_id().replace('-', ""));
        let settings = [
            ("store.url", service("TERTULIA_TEST_POSTGRES")),
            ("store.schema", schema.clone()),
            ("store.connections", "8".into()),
            ("bus.url", service("TERTULIA_TEST_REDIS")),
            ("redis.url", service("TERTULIA_TEST_REDIS")),
            ("node.cluster", schema),
        ];
        return settings.into_iter().flat_map(|(key, value)| ["--set".to_owned(), format!("{key}={value}")]).collect();
    }
    Vec::new()
}

impl Server {
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    /// One for all tests that do it no harm. It ends with the last test that holds it.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    pub fn with(options: Options) -> Self {
        let data = tempfile::Builder::new().prefix("tertulia-e2e-").tempdir().unwrap();
        let mut server = Self { child: None, url: "http://127.0.0.1:0".into(), options, data, store: store(), log: Log::default() };
        server.launch();
        server
    }

    fn launch(&mut self) {
        let address = self.address().to_owned();
        let mut command = Command::new(self.binary());
        command.args(["serve", "--listen", &address, "--data"]).arg(self.data.path()).args(&self.store).args(&self.options.more);
        if self.options.open {
            command.arg("--open-registration");
        }
        if !self.options.limits {
            command.args(["--limits", "off"]);
        }
        // A working directory without a configuration file to find by chance.
        command.current_dir(self.data.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let before = self.log.text().len();
        self.log.follow(child.stdout.take().unwrap());
        self.log.follow(child.stderr.take().unwrap());
        self.child = Some(child);
        let url = self.log.wait_for(STARTS_WITHIN, |text| listening_on(text.get(before..)?));
        self.url = url.unwrap_or_else(|| panic!("the server did not start:\n{}", self.log.text()));
    }

    /// Stops it in the middle of whatever it does.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM: it drains, then ends.
    pub fn ask_to_stop(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// How it ended.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.take().expect("is running").wait().unwrap()
    }

    /// Asks it to stop and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.wait()
    }

    /// Kills it if it runs, and starts it again on the same port and data.
    pub fn restart(&mut self) {
        self.kill9();
        self.launch();
    }

    fn binary(&self) -> PathBuf {
        // The server's working directory is another than ours.
        self.options.binary.as_ref().map_or_else(binary, |path| path.canonicalize().expect("the server's binary"))
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    pub fn database(&self) -> PathBuf {
        let files = std::fs::read_dir(self.data()).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "db")).expect("a database file")
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("is running").id()
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The token of the link that a server without accounts prints.
    pub fn setup_token(&self) -> String {
        self.log.wait_for(STARTS_WITHIN, setup_token).expect("a setup link")
    }

    /// Runs another command of the binary on this server's data.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(self.binary())
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .args(&self.store)
            .current_dir(self.data())
            .output()
            .unwrap()
    }

    /// `tertulia check` finds nothing wrong.
    pub fn check(&self) {
        let output = self.run(&["check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "check: {said}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            let text = self.log.text();
            let lines: Vec<&str> = text.lines().collect();
            let worth: Vec<&&str> =
                lines.iter().filter(|line| line.contains("ERROR") || line.contains("WARN") || line.contains("panicked")).collect();
            eprintln!("the server's warnings and errors:\n{worth:#?}");
        }
    }
}

fn listening_on(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.contains("listening on http://"))?;
    let url = line.split("listening on ").nth(1)?;
    let end = url.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '[' | ']'))).unwrap_or(url.len());
    Some(url[..end].trim_end_matches('/').to_owned())
}

fn setup_token(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.contains("/setup"))?;
    let after = line.split("/setup").nth(1)?;
    let token = after.trim_start_matches(['?', '#', '/']).trim_start_matches("token=");
    let end = token.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(token.len());
    (!token[..end].is_empty()).then(|| token[..end].to_owned())
}

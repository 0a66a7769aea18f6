//! The binary as an operator meets it: exit codes, what it prints, how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

fn tertulia(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tertulia"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs a command to its end, with `input` on standard input.
fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = tertulia(folder, arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

/// Its exit code and what it said on standard error.
fn refused(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(folder, arguments, "");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// What it printed as JSON.
fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A server, killed when it is dropped.
struct Serving {
    child: Child,
    /// All it said until it was ready.
    said: String,
}

impl Serving {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = tertulia(folder, &[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        while !said.contains("listening on http://") {
            said += &(lines.next().expect("the server came up").unwrap() + "\n");
        }
        Self { child, said }
    }

    fn address(&self) -> &str {
        self.said.split("listening on http://").nth(1).unwrap().trim()
    }

    fn terminate(mut self) -> i32 {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_wrong_configuration_ends_with_78_and_names_file_and_line() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("t.toml"), "name = \"x\"\nlistn = \"127.0.0.1:1\"\n").unwrap();
    let (code, said) = refused(folder.path(), &["serve", "--config", "t.toml"]);
    assert_eq!((code, said.as_str()), (78, "tertulia: t.toml:2: unknown key \"listn\" (did you mean \"listen\"?)\n"));
    let (code, said) = refused(folder.path(), &["serve", "--listen", "everywhere"]);
    assert_eq!(code, 78, "{said}");
    let (code, said) = refused(folder.path(), &["serve", "--limits", "off", "--listen", "0.0.0.0:0"]);
    assert!(code == 78 && said.contains("loopback"), "{said}");
    assert_eq!(refused(folder.path(), &["serve", "--frobnicate"]).0, 2);
}

#[test]
fn what_is_not_to_be_had_ends_with_69_and_says_what() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = refused(folder.path(), &["serve", "--listen", &address]);
    assert!(code == 69 && said.contains(&format!("{address} is in use")), "{said}");
    assert!(!folder.path().join("data").exists(), "nothing is made before the address is ours");
    let (code, said) = refused(folder.path(), &["check"]);
    assert!(code == 69 && said.contains("no Tertulia store"), "{said}");
}

#[test]
fn a_new_server_prints_its_setup_link_and_ends_in_order() {
    let folder = TempDir::new().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    assert!(serving.said.contains(&format!("http://{}/setup#token=", serving.address())), "{}", serving.said);
    let (code, said) = refused(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(code == 69 && said.contains("used by another process"), "{said}");
    assert_eq!(serving.terminate(), 0);
}

#[test]
fn an_owner_a_history_and_a_check() {
    let folder = TempDir::new().unwrap();
    let added =
        run(folder.path(), &["user", "add", "Ada", "--owner", "--workspace", "Acme", "--password-stdin", "--json"], "a long password\n");
    assert_eq!(json(&added)["workspace"]["slug"], "acme");
    let guest = run(folder.path(), &["user", "add", "bob", "--password-stdin", "--json"], "another password");
    assert_eq!(json(&guest)["workspace"]["role"], "member");
    assert_eq!(run(folder.path(), &["user", "add", "ada", "--password-stdin"], "a long password\n").status.code(), Some(1));
    let serving = Serving::start(folder.path(), &[]);
    assert!(!serving.said.contains("/setup"), "an account exists");
    let line = "{\"channel\":\"c\",\"at\":\"2026-01-05T09:00:00Z\",\"nick\":\"zoë\",\"text\":\"hi\"}\n";
    let imported = run(folder.path(), &["import", "-", "--json"], line);
    assert_eq!(json(&imported)["written"], 1);
    assert_eq!(json(&run(folder.path(), &["import", "-", "--json"], line))["duplicates"], 1);
    assert_eq!(serving.terminate(), 0);
    let report = json(&run(folder.path(), &["check", "--json"], ""));
    assert_eq!((report["clean"].as_bool(), report["messages"].as_u64()), (Some(true), Some(1)));
    assert_eq!(run(folder.path(), &["import", "-"], "nonsense\n").status.code(), Some(65));
}

#[test]
fn the_demo_looks_lived_in_and_takes_its_folder_with_it() {
    let folder = TempDir::new().unwrap();
    let serving = Serving::start(folder.path(), &["--demo"]);
    assert!(serving.said.contains("sign in as ada") && serving.said.contains("demo-password"), "{}", serving.said);
    let data = serving.said.lines().find_map(|line| line.trim().strip_prefix("Data")).unwrap().trim().to_owned();
    let report = json(&run(folder.path(), &["check", "--json", "--data", &data], ""));
    assert_eq!(report["clean"], true);
    assert!(report["messages"].as_u64().unwrap() > 150);
    assert_eq!(serving.terminate(), 0);
    assert!(!Path::new(&data).exists());
    let kept = ["--demo", "--data", "kept"];
    assert_eq!(Serving::start(folder.path(), &kept).terminate(), 0);
    assert_eq!(Serving::start(folder.path(), &kept).terminate(), 0, "a second time it is taken as it is");
    run(folder.path(), &["user", "add", "ada", "--owner", "--password-stdin", "--data", "other"], "a long password\n");
    let (code, said) = refused(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--demo", "--data", "other"]);
    assert!(code == 78 && said.contains("empty data folder"), "{said}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let mut child = tertulia(folder.path(), &["config"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

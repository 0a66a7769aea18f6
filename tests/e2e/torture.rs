//! A short run of `tertulia torture`: it holds, and what it says can be believed and parsed.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tertulia_tests::{Options, Server, binary};

fn torture(folder: &TempDir, arguments: &[&str]) -> Output {
    Command::new(binary()).arg("torture").args(arguments).arg("--data").arg(folder.path()).current_dir(folder.path()).output().unwrap()
}

#[test]
fn killed_cut_and_sent_twice_it_keeps_its_promises() {
    let folder = TempDir::new().unwrap();
    let output = torture(&folder, &["--seconds", "12", "--seed", "7", "--clients", "8", "--faults", "kill,cut,replay", "--json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    assert!(output.status.success(), "{report:#}\n{said}");
    assert_eq!(report["violations"], Value::Array(Vec::new()));
    assert_eq!(report["seed"], 7);
    let faults = &report["faultsByKind"];
    assert!(report["faults"].as_u64().unwrap() >= 3 && faults["kill"].as_u64().unwrap() >= 1, "{report:#}");
    assert!(report["acked"].as_u64().unwrap() > 50 && report["duplicates"].as_u64().unwrap() > 5, "{report:#}");
    for (invariant, times) in report["checked"].as_object().unwrap() {
        assert!(times.as_u64().unwrap() > 0, "{invariant} was never put to the test: {report:#}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "nothing stays behind: {left:?}");
}

#[test]
fn three_nodes_keep_their_promises_together() {
    let folder = TempDir::new().unwrap();
    // PostgreSQL runs as a user of its own, who has to come through.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let faults = "kill-node,rolling,cut-bus,hang-redis,cut-db,flush,cut";
    let output =
        torture(&folder, &["--seconds", "18", "--seed", "7", "--clients", "8", "--cluster", "redis", "--faults", faults, "--json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    assert!(output.status.success(), "{report:#}\n{said}");
    assert!(report["replay"].as_str().unwrap().contains("--cluster redis"), "{report:#}");
    let struck = report["faultsByKind"].as_object().unwrap();
    assert!(struck.len() >= 3 && struck.keys().any(|kind| kind.contains('-')), "{report:#}");
    assert!(report["acked"].as_u64().unwrap() > 50 && report["deliveries"].as_u64().unwrap() > 200, "{report:#}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "nothing stays behind: {left:?}");
}

#[test]
fn a_cluster_is_its_own() {
    let folder = TempDir::new().unwrap();
    let output = torture(&folder, &["--seconds", "1", "--cluster", "redis", "--url", "http://127.0.0.1:1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("--cluster"), "{said}");
}

#[test]
fn where_no_server_answers_it_says_so() {
    let folder = TempDir::new().unwrap();
    let output = torture(&folder, &["--seconds", "1", "--url", "http://127.0.0.1:1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("nothing answers at http://127.0.0.1:1"), "{said}");
}

fn report_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_server_that_runs_already_is_tortured_from_outside_only() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(Options { more: vec!["--set".into(), "limits.connections_per_user=20".into()], ..Options::default() });
    let pid = server.pid().to_string();
    let output = torture(&folder, &["--seconds", "12", "--seed", "5", "--clients", "6", "--json", "--url", &server.url, "--pid", &pid]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = report_of(&output);
    assert!(output.status.success(), "{report:#}\n{said}");
    assert!(report["acked"].as_u64().unwrap() > 50 && report["events"].as_u64().unwrap() > 50, "{report:#}");
    let done = report["faultsByKind"].as_object().unwrap();
    assert!(done.keys().all(|kind| ["cut", "slow", "replay", "pause"].contains(&kind.as_str())) && !done.is_empty(), "{done:?}");
    for kind in ["kill", "power", "drain", "clock", "full", "sync", "freeze"] {
        assert_eq!(report["leftOut"][kind], "the server is not ours to restart");
        assert!(said.contains(&format!("left out: {kind}: the server is not ours to restart")), "{said}");
    }
}

#[test]
fn a_server_set_back_to_an_older_state_is_found_out_and_what_happened_is_told() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::with(Options { more: vec!["--set".into(), "limits.connections_per_user=20".into()], ..Options::default() });
    let mut command = Command::new(binary());
    command.args(["torture", "--seconds", "12", "--seed", "9", "--clients", "6", "--faults", "replay", "--json", "--url", &server.url]);
    command.arg("--data").arg(folder.path()).current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = command.spawn().unwrap();
    let mut said = BufReader::new(run.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("conversations, 6 clients")));
    std::thread::sleep(Duration::from_millis(1_500));
    server.kill9();
    let older = TempDir::new().unwrap();
    copy_files(server.data(), older.path());
    server.restart();
    std::thread::sleep(Duration::from_millis(3_000));
    server.kill9();
    std::fs::read_dir(server.data()).unwrap().flatten().for_each(|entry| drop(std::fs::remove_file(entry.path())));
    copy_files(older.path(), server.data());
    server.restart();
    let told: Vec<String> = said.collect();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{told:?}");
    let report = report_of(&output);
    assert!(report["violationsTotal"].as_u64().unwrap() > 0);
    let path = report["history"].as_str().unwrap();
    let verdict = told.join("\n");
    assert!(verdict.contains("seed 9") && verdict.contains(path) && verdict.contains("tertulia torture --seed 9 "), "{verdict}");
    let history = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = history.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for kind in ["run", "person", "fault", "violation", "operation", "seen", "log"] {
        assert!(lines.iter().any(|line| line["line"] == kind), "no {kind} among {} lines of {path}", lines.len());
    }
    let acked = |line: &&Value| line["line"] == "operation" && line["op"] == "send" && line["outcome"] == "ok";
    let stored: HashSet<&str> = lines.iter().filter(|line| line["line"] == "log").filter_map(|line| line["messageId"].as_str()).collect();
    let lost = lines.iter().filter(acked).filter(|line| !stored.contains(line["messageId"].as_str().unwrap()));
    assert!(lost.count() > 0, "what was acknowledged and is not in the log can be read from it");
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

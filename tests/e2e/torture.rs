//! A short run of `tertulia torture`: it holds, and what it says can be believed and parsed.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use tertulia_tests::binary;

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
fn where_no_server_answers_it_says_so() {
    let folder = TempDir::new().unwrap();
    let output = torture(&folder, &["--seconds", "1", "--url", "http://127.0.0.1:1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("nothing answers at http://127.0.0.1:1"), "{said}");
}

//! The load generator against the real server: what it reports is what happened.

use std::process::Command;

use serde_json::Value;
use tertulia_tests::{Server, binary};

/// Runs a scenario; its exit code, its report, and what it said.
fn bench(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = Command::new(binary()).arg("bench").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

#[test]
fn a_prepared_folder_is_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (data, accounts) = (folder.path().join("data"), folder.path().join("accounts.json"));
    let (data, accounts) = (data.to_str().unwrap(), accounts.to_str().unwrap());
    let (code, made, said) = bench(&["prepare", "--data", data, "--users", "30", "--rooms", "1x30,4x5", "--accounts", accounts, "--json"]);
    assert_eq!((code, &made["users"], &made["rooms"]), (Some(0), &Value::from(30), &Value::from(5)), "{said}");
    let known: Value = serde_json::from_slice(&std::fs::read(accounts).unwrap()).unwrap();
    assert_eq!(known["people"].as_array().unwrap().len(), 30);
    let checked = Command::new(binary()).args(["check", "--data", data]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let (code, _, said) = bench(&["prepare", "--data", data, "--users", "2", "--rooms", "1x2", "--accounts", accounts]);
    assert_eq!(code, Some(69), "a store that is there is left alone: {said}");
}

#[tokio::test]
async fn every_delivery_of_a_fan_out_is_counted() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let accounts = folder.path().join("accounts.json");
    let accounts = accounts.to_str().unwrap();
    let of = |members: &str| {
        bench(&["fanout", "--url", &server.url, "--accounts", accounts, "--members", members, "--rate", "50", "--seconds", "1", "--json"])
    };
    let (code, report, said) = of("12");
    assert_eq!(code, Some(0), "{said}");
    for (figure, value) in [("members", 12), ("sent", 50), ("acked", 50), ("deliveries", 600), ("lost", 0), ("late", 0), ("refused", 0)] {
        assert_eq!(report[figure], value, "{figure}: {report}");
    }
    for positive in ["latencyP50Ms", "latencyP99Ms", "serverRssMib", "deliveriesPerSecond"] {
        assert!(report[positive].as_f64().unwrap() > 0.0, "{positive}: {report}");
    }
    assert!(report["usPerDelivery"].is_number() && report["bytesPerDelivery"].as_f64().unwrap() > 300.0, "{report}");
    let (code, _, said) = of("13");
    assert_eq!(code, Some(2), "these accounts have no such room: {said}");
    assert!(said.contains("--rooms 1x13"), "{said}");
}

#[test]
fn what_cannot_be_measured_is_explained() {
    let (code, _, said) = bench(&["fanout", "--url", "nowhere"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("http://HOST:PORT"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let accounts = folder.path().join("accounts.json");
    let (code, _, said) = bench(&["fanout", "--url", "http://127.0.0.1:1", "--accounts", accounts.to_str().unwrap()]);
    assert_eq!(code, Some(69), "{said}");
    std::fs::write(&accounts, "not accounts").unwrap();
    let (code, _, said) = bench(&["fanout", "--url", "http://127.0.0.1:1", "--accounts", accounts.to_str().unwrap()]);
    assert_eq!(code, Some(65), "{said}");
}

//! The table in ARCHITECTURE.md, "Who may import whom", over `cargo metadata`.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

struct Rule {
    /// A crate of ours, or a folder whose crates all follow the rule.
    of: &'static str,
    /// Ours that it may import.
    may: &'static [&'static str],
    /// Others' that it never sees.
    never: &'static [&'static str],
}

const DRIVERS: &[&str] = &["rusqlite", "axum", "hyper", "tower", "tokio-tungstenite", "reqwest"];
const NO_IO: &[&str] = &["tokio", "async-trait", "futures-util", "rusqlite", "axum", "hyper", "tower", "reqwest", "tracing"];

const RULES: &[Rule] = &[
    Rule { of: "crates/domain", may: &[], never: NO_IO },
    Rule { of: "crates/protocol", may: &["domain"], never: NO_IO },
    Rule { of: "crates/ports", may: &["domain"], never: DRIVERS },
    Rule { of: "crates/services", may: &["domain", "ports"], never: DRIVERS },
    Rule { of: "crates/gateway", may: &["domain", "ports", "protocol", "services"], never: &["rusqlite"] },
    Rule { of: "crates/testkit", may: &["domain", "ports"], never: DRIVERS },
    Rule { of: "crates/load", may: &["domain", "protocol"], never: &["rusqlite", "axum", "tower"] },
    Rule { of: "crates/torture", may: &["domain", "protocol"], never: &["rusqlite", "axum", "hyper", "tower"] },
    Rule { of: "adapters/", may: &["domain", "ports"], never: &["axum", "hyper", "tower"] },
];

#[test]
fn crates_import_only_what_they_may() {
    let mut findings = Vec::new();
    for package in packages() {
        let folder = folder_of(&package);
        let Some(rule) = RULES.iter().find(|rule| folder.starts_with(rule.of)) else { continue };
        for import in imports(&package) {
            match import.strip_prefix("tertulia-") {
                Some(ours) if !rule.may.contains(&ours) => findings.push(format!("{folder} imports {ours}")),
                None if rule.never.contains(&import.as_str()) => findings.push(format!("{folder} imports {import}")),
                _ => {}
            }
        }
    }
    super::assert_none(&findings, "crates that import what they may not (ARCHITECTURE.md):");
}

#[test]
fn every_crate_has_a_rule() {
    let free = ["server", "tests", "benches"];
    let without = packages().into_iter().map(|package| folder_of(&package)).filter(|folder| !free.contains(&folder.as_str()));
    let without: Vec<String> = without.filter(|folder| !RULES.iter().any(|rule| folder.starts_with(rule.of))).collect();
    super::assert_none(&without, "crates without a rule in tests/structure/imports.rs:");
}

/// An adapter's name meets a service in one place.
#[test]
fn only_the_wiring_names_an_adapter() {
    let adapters: Vec<String> = packages().iter().filter(|package| folder_of(package).starts_with("adapters/")).map(crate_name).collect();
    assert!(!adapters.is_empty());
    let sources = super::our_files().into_iter().filter(|path| path.starts_with("server/src/") && path.ends_with(".rs"));
    let outside = sources.filter(|path| !path.starts_with("server/src/wiring"));
    let findings: Vec<String> = outside.filter(|path| adapters.iter().any(|name| super::read(path).contains(name.as_str()))).collect();
    super::assert_none(&findings, "adapters are named in server/src/wiring.rs only; also here:");
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(super::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn folder_of(package: &Value) -> String {
    let manifest = package["manifest_path"].as_str().unwrap();
    let root = super::root();
    manifest.strip_prefix(root.to_str().unwrap()).unwrap().trim_start_matches('/').trim_end_matches("/Cargo.toml").to_owned()
}

fn crate_name(package: &Value) -> String {
    package["name"].as_str().unwrap().replace('-', "_")
}

/// What it is built from. Its tests may import what they like.
fn imports(package: &Value) -> BTreeSet<String> {
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    dependencies.filter(|it| it["kind"].as_str() != Some("dev")).map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

//! Where the binary under test is.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// `TERTULIA_BIN`, or the one that belongs to this build of the tests, brought up to date first.
#[allow(clippy::disallowed_methods)] // The tests' own setting; no configuration of the product.
pub fn binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var("TERTULIA_BIN").map_or_else(|_| build(), PathBuf::from)).clone()
}

fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "tertulia", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")]);
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "the server does not compile");
    profile.join("tertulia")
}

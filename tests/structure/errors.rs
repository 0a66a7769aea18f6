//! docs/errors.md is written from the one table of codes.

use std::fmt::Write;

use tertulia_domain::error::{Code, Retry};

const INTRODUCTION: &str = "\
# Errors

Generated from `crates/domain/src/error.rs`: `make types`. Do not edit.

REST answers `{ \"error\": { code, message, retry, retryAfterMs?, details?, requestId } }` with the status; an `ack` or
`error` frame carries the same object without `requestId`. **`retry` is the contract**: a client that meets a code it does not know
acts by it. Codes may be added and are never reused. `message` is for developers.

";

#[test]
#[allow(clippy::disallowed_methods)] // The switch between writing and comparing, for `make types`.
fn error_codes_are_documented() {
    let fresh = page();
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(super::root().join("docs/errors.md"), &fresh).unwrap();
    }
    assert!(super::read("docs/errors.md") == fresh, "docs/errors.md is stale: run `make types`");
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for retry in [Retry::Never, Retry::Auth, Retry::After, Retry::SameId, Retry::Resync] {
        let (name, meaning) = explain(retry);
        write!(page, "## `{name}`\n\n{meaning}\n\n| code | status | when |\n|---|---|---|\n").unwrap();
        for code in Code::ALL.iter().filter(|code| code.retry() == retry) {
            writeln!(page, "| `{}` | {} | {} |", code.as_str(), code.status(), code.meaning()).unwrap();
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn explain(retry: Retry) -> (&'static str, &'static str) {
    match retry {
        Retry::Never => ("never", "The same request can't succeed."),
        Retry::Auth => ("auth", "Refresh the token or sign in, then send the same again."),
        Retry::After => ("after", "Send the same again, not before `retryAfterMs`."),
        Retry::SameId => {
            ("sameId", "The outcome is unknown, as after a lost connection: send again with the same `messageId`. That is safe for ever.")
        }
        Retry::Resync => ("resync", "The local copy is too old: fetch it anew."),
    }
}

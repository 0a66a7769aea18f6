//! Standard output and standard error. A reader that went away is an error here, not a panic.

use std::fmt::Display;
use std::io::{self, Write};

/// One line to standard output.
pub fn line(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// A value as one line of JSON to standard output.
pub fn json(value: &serde_json::Value) -> io::Result<()> {
    line(value)
}

/// One line to standard error, for people; nothing depends on it.
pub fn note(text: impl Display) {
    writeln!(io::stderr().lock(), "{text}").ok();
}

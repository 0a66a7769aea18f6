//! Several nodes on one database: what one does, all others tell.

// Helpers of tests, where a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod away;
mod setup;
mod together;

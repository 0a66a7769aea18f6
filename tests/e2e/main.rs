//! Black box: the binary runs, clients speak to it over HTTP and WebSocket, nothing is looked at from inside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod auth;
mod bad_rest;
mod bad_ws;
mod bench;
mod durability;
mod large;
mod limits;
mod logs;
mod matrix;
mod reference;
mod resume;
mod sync;
mod talk;
mod torture;

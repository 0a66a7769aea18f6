//! The binary `tertulia`: configuration, wiring, commands.

mod banner;
mod cli;
mod clock;
mod commands;
mod config;
mod demo;
mod exit;
mod logging;
mod out;
mod process;
mod wiring;

use std::process::ExitCode;

/// Least memory per idle connection of those measured.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run()
}

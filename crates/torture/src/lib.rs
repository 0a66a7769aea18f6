//! `tertulia torture`: clients with a model of what each must see, faults, and a checker of what came out.
//!
//! The plan (who does what, which fault comes when) follows from a seed; a run that finds something says how to run it
//! again. [`run`] is everything; `docs/reliability.md` tells what is promised and how this proves it.

mod check;
mod chronicle;
mod client;
mod dice;
mod findings;
mod history;
mod keeper;
mod ledger;
mod logs;
mod nemesis;
mod plan;
mod record;
mod report;
mod rest;
mod run;
mod setup;
mod socket;
mod target;
mod world;

pub use plan::Kind;
pub use report::Report;
pub use run::run;
pub use setup::Options;
pub use target::Trouble;
pub use target::cluster::Bus;

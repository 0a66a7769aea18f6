//! What tests stand on: one conformance suite per port, a clock that tests move, and builders.
//!
//! An adapter runs a suite with one macro: [`store_suite!`], [`carrier_suite!`] and their like, in a file under its `tests/`.
// All of this is test code, where a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

pub mod attendance_suite;
pub mod broker;
pub mod bus_suite;
pub mod carrier_scene;
pub mod carrier_suite;
pub mod clock;
pub mod fold;
pub mod handovers_suite;
pub mod limits_suite;
pub mod lossy;
pub mod plan;
pub mod queue_suite;
pub mod random;
pub mod store_suite;
pub mod world;

pub use broker::Broker;
pub use carrier_scene::{CarrierScene, soon};
pub use clock::ManualClock;
pub use fold::Folded;
pub use lossy::LossyBus;
pub use random::Random;
pub use world::World;

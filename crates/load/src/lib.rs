//! A load generator: many clients of any server that speaks the protocol, on one thread.
//!
//! [`engine`] holds the connections: one epoll loop, one buffer for all, no JSON where frames arrive. [`pace`]
//! says when a message is due, whatever became of the one before; the time that it was *due* travels in its text
//! ([`stamp`]), so that a server that stalls is charged for all who waited. [`fans`] counts what arrives.
//! [`scenarios`] put these together, one file each.

pub mod accounts;
pub mod crowd;
pub mod dialect;
pub mod ear;
pub mod engine;
pub mod enroll;
pub mod fans;
pub mod fault;
pub mod gather;
pub mod limits;
pub mod pace;
pub mod process;
pub mod progress;
pub mod report;
mod rest;
pub mod scenarios;
pub mod stamp;
pub mod target;

pub use fault::{Fault, Ran};

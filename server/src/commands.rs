//! What the binary does, a file per command.

pub mod bench;
pub mod check;
pub mod doctor;
pub mod import;
pub mod serve;
pub mod torture;
pub mod user;

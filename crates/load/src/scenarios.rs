//! What is measured, a file each.

pub mod chatter;
pub mod fanout;
pub mod idle;
pub mod ingest;
pub mod mix;
pub mod storm;
pub mod sync;

//! What is measured, a file each.

pub mod fanout;

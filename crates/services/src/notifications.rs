//! What reaches people beside the events: counts.

mod badge;
mod mention;

pub(crate) use badge::{Badges, GATHER, GATHER_OWN};
pub(crate) use mention::Mentions;

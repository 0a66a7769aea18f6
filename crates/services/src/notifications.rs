//! What reaches people beside the events: badges now.

mod badge;

pub(crate) use badge::{Badges, GATHER, GATHER_OWN};

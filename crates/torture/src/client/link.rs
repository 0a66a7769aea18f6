//! A connection and the requests that wait for an answer on it.

use std::collections::HashMap;

use tertulia_domain::ids::Seq;
use tokio::time::Instant;

use super::outbox::{Reaction, Unsent};
use crate::history::{Nanos, now};
use crate::socket::Socket;
use crate::world::Weather;

/// In clear weather, an answer takes no longer.
const ANSWERED_NS: u64 = 15_000_000_000;
/// A client with so many open requests waits.
const OPEN_MAX: usize = 64;

/// What is to be done with an answer.
#[derive(Debug)]
pub enum Purpose {
    /// To be sent again where the outcome is unknown.
    Send(Unsent),
    /// It has this place already.
    Again(Seq),
    React(Reaction),
    /// Copies of later generations are not meant.
    Sync {
        generation: u64,
    },
    Beat,
    /// Nothing but noting it.
    Note,
}

#[derive(Debug)]
pub struct Pending {
    /// In the history.
    pub entry: usize,
    pub kind: &'static str,
    pub since: Nanos,
    pub purpose: Purpose,
}

pub struct Link {
    pub socket: Socket,
    pub pending: HashMap<String, Pending>,
    /// `connected` has come.
    pub greeted: bool,
    /// Resumed, or synced.
    pub synced: bool,
    pub beat_at: Instant,
}

impl Link {
    pub fn new(socket: Socket) -> Self {
        Self { socket, pending: HashMap::new(), greeted: false, synced: false, beat_at: Instant::now() }
    }

    pub fn is_quiet(&self) -> bool {
        self.greeted && self.pending.is_empty()
    }

    pub fn is_full(&self) -> bool {
        !self.greeted || self.pending.len() >= OPEN_MAX
    }

    pub fn is_syncing(&self) -> bool {
        self.pending.values().any(|pending| matches!(pending.purpose, Purpose::Sync { .. }))
    }

    /// A request that should have had its answer.
    pub fn late(&self, weather: &Weather) -> Option<String> {
        let before = now().saturating_sub(ANSWERED_NS);
        let late = self.pending.values().find(|pending| pending.since < before && weather.is_clear_since(pending.since))?;
        Some(format!("{} had no answer for 15 s on an open connection", late.kind))
    }
}

//! What one client saw, as a plan for the SDK's own test: `sdk/typescript/tests/plans.md`.

use serde_json::Value;
use tertulia_domain::{ConversationId, Event, UserId};

use crate::client::{Heard, Logs};

/// The first client's.
#[derive(Default)]
pub struct Story {
    _seed: u64,
    steps: Vec<Value>,
}

impl Story {
    pub fn new(seed: u64, _me: UserId, _logs: &Logs) -> Self {
        Self { _seed: seed, steps: Vec::new() }
    }
    pub fn log(&mut self, _event: &Event) {}
    pub fn focus(&mut self, _client: usize, _id: Option<ConversationId>) {}
    pub fn heard(&mut self, _client: usize, _heard: &Heard) {}
    pub fn up(&mut self, _client: usize, _resumed: bool) {}
    pub fn down(&mut self, _client: usize, _code: u16) {}
    pub fn finish(self, _logs: &Logs) -> Option<String> {
        None
    }
}

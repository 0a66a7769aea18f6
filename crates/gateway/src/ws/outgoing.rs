//! A frame on its way out: encoded once, shared by everybody who gets it.

use bytes::Bytes;
use tertulia_domain::ids::Seq;

use super::deflate;
use super::hub::RoomNo;

/// How dear a frame is; earlier ones go first when there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Typing,
    Presence,
    /// Receipts and badges: a later one with the same key makes an earlier one worthless.
    State,
    /// That a log goes on, in place of its events: as [`Class::State`], but the newest is never dropped.
    Hint,
    /// Events, acks and everything else: never dropped.
    Durable,
}

impl Class {
    /// In the order in which they give way.
    pub const EXPENDABLE: [Self; 3] = [Self::Typing, Self::Presence, Self::State];

    /// Whether it may wait for company, and give its place to a later one.
    pub fn is_ephemeral(self) -> bool {
        self != Self::Durable
    }

    /// Whether it may be lost.
    pub fn is_expendable(self) -> bool {
        self < Self::Hint
    }
}

/// Bytes of one WebSocket frame, header included, and what the queues need to know of them.
#[derive(Debug, Clone)]
pub struct Frame {
    pub bytes: Bytes,
    pub class: Class,
    /// What an ephemeral frame is about: a later one about the same replaces it. 0: nothing else is.
    pub key: u128,
    /// Its place in a log, where it is an event.
    pub place: Option<(RoomNo, Seq)>,
}

impl Frame {
    /// As it goes to who agreed on compression.
    pub fn deflated(&self) -> Self {
        Self { bytes: deflate::deflate_frame(&self.bytes).unwrap_or_else(|| self.bytes.clone()), ..self.clone() }
    }

    pub fn durable(bytes: Bytes) -> Self {
        Self { bytes, class: Class::Durable, key: 0, place: None }
    }

    pub fn event(bytes: Bytes, room: RoomNo, seq: Seq) -> Self {
        Self { bytes, class: Class::Durable, key: 0, place: Some((room, seq)) }
    }

    pub fn ephemeral(bytes: Bytes, class: Class, key: u128) -> Self {
        Self { bytes, class, key, place: None }
    }
}

//! Who is there: a pure machine per user. Nothing of it is ever stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::UserId;
use crate::time::Timestamp;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    Online,
    Away,
    /// Do not disturb.
    Dnd,
    /// Be right back.
    Brb,
    #[default]
    Offline,
    /// It cannot be said now. Never chosen.
    Unknown,
}

/// What others may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Presence {
    pub user_id: UserId,
    pub status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// When the chosen status ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// While offline: the last sign of life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Timestamp>,
}

/// After this long without a frame a connection no longer counts as present.
pub const SILENCE_MS: i64 = 60_000;
pub const STATUS_TEXT_CHARS_MAX: usize = 100;

/// A status somebody chose; it outlives connections until `until`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    pub status: Status,
    pub text: Option<String>,
    pub emoji: Option<String>,
    pub until: Option<Timestamp>,
}

/// All that presence is decided from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresenceState {
    /// Connections that gave a sign of life within [`SILENCE_MS`].
    pub connections: u32,
    pub chosen: Option<Chosen>,
    pub last_seen_at: Option<Timestamp>,
}

/// What happened to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    Connected,
    Disconnected,
    Chose(Chosen),
    /// Time passed: a chosen status may have ended.
    Tick,
}

/// The state after `cause`. Pure: the same inputs always give the same state.
pub fn next(state: &PresenceState, cause: Cause, now: Timestamp) -> PresenceState {
    let mut next = state.clone();
    match cause {
        Cause::Connected => next.connections += 1,
        Cause::Disconnected => {
            next.connections = next.connections.saturating_sub(1);
            next.last_seen_at = Some(now);
        }
        Cause::Chose(chosen) => {
            next.chosen = (chosen.status != Status::Online || chosen.text.is_some() || chosen.emoji.is_some()).then_some(chosen)
        }
        Cause::Tick => {}
    }
    if next.chosen.as_ref().and_then(|chosen| chosen.until).is_some_and(|until| until <= now) {
        next.chosen = None;
    }
    next
}

/// What others see of it. Who chose `offline` cannot be told from who is.
pub fn seen_by_others(user_id: UserId, state: &PresenceState) -> Presence {
    let status = match (&state.chosen, state.connections) {
        (_, 0) => Status::Offline,
        (Some(chosen), _) => chosen.status,
        (None, _) => Status::Online,
    };
    let chosen = state.chosen.as_ref().filter(|_| status != Status::Offline);
    Presence {
        user_id,
        status,
        text: chosen.and_then(|c| c.text.clone()),
        emoji: chosen.and_then(|c| c.emoji.clone()),
        until: chosen.and_then(|c| c.until),
        last_seen_at: state.last_seen_at.filter(|_| status == Status::Offline),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    fn status(state: &PresenceState) -> Status {
        seen_by_others(UserId(Uuid::nil()), state).status
    }

    #[test]
    fn the_last_connection_decides_and_a_choice_wins_while_connected() {
        let mut state = PresenceState::default();
        assert_eq!(status(&state), Status::Offline);
        state = next(&state, Cause::Connected, at(1));
        state = next(&state, Cause::Connected, at(2));
        assert_eq!(status(&state), Status::Online);
        let dnd = Chosen { status: Status::Dnd, text: None, emoji: None, until: Some(at(100)) };
        state = next(&state, Cause::Chose(dnd), at(3));
        assert_eq!(status(&state), Status::Dnd);
        state = next(&state, Cause::Disconnected, at(4));
        assert_eq!(status(&state), Status::Dnd);
        state = next(&state, Cause::Disconnected, at(5));
        assert_eq!(status(&state), Status::Offline);
        state = next(&state, Cause::Connected, at(100));
        assert_eq!(status(&state), Status::Online);
    }

    #[test]
    fn appearing_offline_shows_nothing_else() {
        let chosen = Chosen { status: Status::Offline, text: Some("hiding".into()), emoji: None, until: None };
        let state = next(&next(&PresenceState::default(), Cause::Connected, at(1)), Cause::Chose(chosen), at(2));
        let seen = seen_by_others(UserId(Uuid::nil()), &state);
        assert_eq!((seen.status, seen.text), (Status::Offline, None));
    }
}

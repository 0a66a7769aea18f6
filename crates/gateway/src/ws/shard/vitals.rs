//! Signs of life of one connection, and what their absence means.

use std::time::Duration;

use bytes::Bytes;
use tertulia_domain::Timestamp;
use tertulia_domain::presence::SILENCE_MS;
use tertulia_protocol::v1::{ServerFrame, TokenRefresh};

use super::wheel::{FARTHEST, Tick, seconds};
use crate::ws::close::Close;
use crate::ws::encode;

/// What clients are asked to keep to.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(30);
/// Who does is never pinged.
const PING_AFTER: Tick = seconds(45);
/// What was sent is proven to have come by a ping after it, this often at most.
const PROVE_EVERY: Tick = seconds(20);
const SILENT_AFTER: Tick = seconds((SILENCE_MS / 1_000) as u32);
const DEAD_AFTER: Tick = seconds(90);
/// How long a client may not take what is sent.
const STALLED_AFTER: Tick = seconds(30);
/// A client is asked for a new token this long before its old one ends.
const REFRESH_BEFORE_MS: i64 = 60_000;
const MALFORMED_MAX: u16 = 10;
const MALFORMED_WITHIN: Tick = seconds(60);
/// Five times the limit on requests, for ten seconds.
const FLOOD_FRAMES: u16 = 2_500;
const FLOOD_WITHIN: Tick = seconds(10);

/// Counts within a window that begins with the first and is followed by another.
#[derive(Debug, Default)]
struct Window {
    since: Tick,
    count: u16,
}

impl Window {
    fn count_within(&mut self, span: Tick, now: Tick) -> u16 {
        if now - self.since >= span {
            *self = Self { since: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

#[derive(Debug)]
pub struct Vitals {
    heard: Tick,
    pinged: Tick,
    /// When it has to be looked at again; what the wheel brings up at another time is out of date.
    pub due: Tick,
    /// Since when the other end takes nothing of what waits.
    pub stalled_since: Option<Tick>,
    /// Told to presence.
    pub is_silent: bool,
    asked_to_refresh: bool,
    /// Of the access token, in milliseconds since 1970.
    expires_at_ms: i64,
    malformed: Window,
    frames: Window,
}

/// What time brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Check {
    Close(Close),
    /// Presence has to hear that it fell silent.
    Silent,
    Ping,
    /// A new token is needed.
    Refresh(Bytes),
}

impl Vitals {
    pub fn new(now: Tick, expires_at_ms: i64) -> Self {
        Self {
            heard: now,
            pinged: now,
            due: 0,
            stalled_since: None,
            is_silent: false,
            asked_to_refresh: false,
            expires_at_ms,
            malformed: Window::default(),
            frames: Window::default(),
        }
    }

    /// True: it had been silent, and presence thinks it gone.
    pub fn heard(&mut self, now: Tick) -> bool {
        self.heard = now;
        std::mem::take(&mut self.is_silent)
    }

    pub fn pinged(&mut self, now: Tick) {
        self.pinged = now;
    }

    /// Whether it is time to ask again whether everything came.
    pub fn may_prove(&self, now: Tick) -> bool {
        now - self.pinged >= PROVE_EVERY
    }

    pub fn extend(&mut self, expires_at_ms: i64) {
        (self.expires_at_ms, self.asked_to_refresh) = (expires_at_ms, false);
    }

    /// Counts a malformed frame.
    pub fn is_bad_client(&mut self, now: Tick) -> bool {
        self.malformed.count_within(MALFORMED_WITHIN, now) >= MALFORMED_MAX
    }

    /// Counts a frame of any kind.
    pub fn is_flood(&mut self, now: Tick) -> bool {
        self.frames.count_within(FLOOD_WITHIN, now) > FLOOD_FRAMES
    }

    /// The next of the things that time has brought; none: nothing until [`Vitals::due`]. `owes_proof`: something was
    /// sent that may not have come.
    pub fn check(&mut self, now: Tick, now_ms: i64, owes_proof: bool) -> Option<Check> {
        let silence = now.saturating_sub(self.heard);
        let left_ms = self.expires_at_ms.saturating_sub(now_ms);
        if silence >= DEAD_AFTER {
            return Some(Check::Close(Close::HEARTBEAT_TIMEOUT));
        }
        if self.stalled_since.is_some_and(|since| now.saturating_sub(since) >= STALLED_AFTER) {
            return Some(Check::Close(Close::SLOW_CONSUMER));
        }
        if left_ms <= 0 {
            return Some(Check::Close(Close::TOKEN_EXPIRED));
        }
        if silence >= SILENT_AFTER && !std::mem::replace(&mut self.is_silent, silence >= SILENT_AFTER) {
            return Some(Check::Silent);
        }
        let ping_at = if owes_proof { self.pinged + PROVE_EVERY } else { self.heard.max(self.pinged) + PING_AFTER };
        if now >= ping_at {
            self.pinged = now;
            return Some(Check::Ping);
        }
        let until_asked_ms = left_ms.saturating_sub(REFRESH_BEFORE_MS);
        if until_asked_ms <= 0 && !std::mem::replace(&mut self.asked_to_refresh, true) {
            let expires_at = Timestamp::from_millis(self.expires_at_ms).unwrap_or(Timestamp::EPOCH);
            return Some(Check::Refresh(encode::server_frame(&ServerFrame::TokenRefresh(TokenRefresh { expires_at }))));
        }
        let token_at = now + ticks(if self.asked_to_refresh { left_ms } else { until_asked_ms });
        let silent_at = self.heard + if self.is_silent { DEAD_AFTER } else { SILENT_AFTER };
        let stalled_at = self.stalled_since.map_or(Tick::MAX, |since| since + STALLED_AFTER);
        self.due = ping_at.min(token_at).min(silent_at).min(stalled_at).clamp(now + 1, now + FARTHEST);
        None
    }
}

/// Rounded up, so that it is over by then.
fn ticks(ms: i64) -> Tick {
    let steps = ms.max(0).saturating_mul(i64::from(seconds(1))) / 1_000 + 1;
    Tick::try_from(steps).map_or(FARTHEST, |steps| steps.min(FARTHEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: i64 = i64::MAX;

    fn run(vitals: &mut Vitals, until: Tick, owes_proof: bool) -> Vec<(u32, Check)> {
        let mut seen = Vec::new();
        let mut now = 0;
        while now < until {
            while let Some(check) = vitals.check(now, i64::from(now) * 250, owes_proof) {
                let is_end = matches!(check, Check::Close(_));
                seen.push((now / seconds(1), check));
                if is_end {
                    return seen;
                }
            }
            now = vitals.due;
        }
        seen
    }

    #[test]
    fn who_is_silent_is_pinged_then_offline_then_closed() {
        let seen = run(&mut Vitals::new(0, NEVER), seconds(200), false);
        assert_eq!(seen, [(45, Check::Ping), (60, Check::Silent), (90, Check::Close(Close::HEARTBEAT_TIMEOUT))]);
    }

    #[test]
    fn who_owes_a_proof_is_asked_for_it() {
        let seen = run(&mut Vitals::new(0, NEVER), seconds(50), true);
        assert_eq!(seen, [(20, Check::Ping), (40, Check::Ping)]);
    }

    #[test]
    fn a_token_is_asked_for_and_then_ends() {
        let mut vitals = Vitals::new(0, 80_000);
        let seen = run(&mut vitals, seconds(30), false);
        assert!(matches!(seen.as_slice(), [(20, Check::Refresh(_))]), "{seen:?}");
        vitals.heard(seconds(79));
        let seen = run(&mut vitals, seconds(89), false);
        assert_eq!(seen.last().map(|(at, check)| (*at, check)), Some((80, &Check::Close(Close::TOKEN_EXPIRED))));
    }

    #[test]
    fn who_takes_nothing_is_closed() {
        let mut vitals = Vitals::new(0, NEVER);
        vitals.stalled_since = Some(seconds(3));
        assert_eq!(run(&mut vitals, seconds(100), false).last(), Some(&(33, Check::Close(Close::SLOW_CONSUMER))));
    }
}

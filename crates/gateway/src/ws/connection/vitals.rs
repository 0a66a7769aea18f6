//! Signs of life of one connection, and what their absence means.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tertulia_domain::Timestamp;
use tertulia_domain::ids::UserId;
use tertulia_domain::presence::SILENCE_MS;
use tertulia_protocol::v1::{ServerFrame, TokenRefresh};
use tokio::time::{Instant, Sleep};

use super::socket::Socket;
use crate::gateway::Gateway;
use crate::ws::close::Close;
use crate::ws::hub::Member;
use crate::ws::send_queue::Class;
use crate::ws::{encode, frame};

pub(super) const PING_EVERY: Duration = Duration::from_secs(30);
const SILENT_AFTER: Duration = Duration::from_millis(SILENCE_MS as u64);
const DEAD_AFTER: Duration = Duration::from_secs(90);
/// How long a client may not take what is durable.
const STALLED_AFTER: Duration = Duration::from_secs(30);
/// A client is asked for a new token this long before its old one ends.
const REFRESH_BEFORE_MS: i64 = 60_000;
const MALFORMED_MAX: u32 = 10;
const MALFORMED_WITHIN: Duration = Duration::from_secs(60);
/// Five times the limit on requests, for ten seconds.
const FLOOD_FRAMES: u32 = 2_500;
const FLOOD_WITHIN: Duration = Duration::from_secs(10);

/// Counts within a window that begins with the first and is followed by another.
struct Window {
    since: Instant,
    count: u32,
}

impl Window {
    fn count_within(&mut self, span: Duration) -> u32 {
        if self.since.elapsed() >= span {
            *self = Self { since: Instant::now(), count: 0 };
        }
        self.count += 1;
        self.count
    }
}

pub(super) struct Vitals {
    timer: Pin<Box<Sleep>>,
    heard_at: Instant,
    pinged_at: Instant,
    /// Told to presence.
    silent: bool,
    asked_to_refresh: Option<i64>,
    malformed: Window,
    frames: Window,
}

impl Vitals {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            // At once: the token may be about to expire.
            timer: Box::pin(tokio::time::sleep_until(now)),
            heard_at: now,
            pinged_at: now,
            silent: false,
            asked_to_refresh: None,
            malformed: Window { since: now, count: 0 },
            frames: Window { since: now, count: 0 },
        }
    }

    /// Cancel-safe.
    pub(super) async fn due(&mut self) {
        self.timer.as_mut().await;
    }

    pub(super) fn heard(&mut self, gateway: &Gateway, user: UserId) {
        self.heard_at = Instant::now();
        if std::mem::take(&mut self.silent) {
            gateway.services.presence.connected(user);
        }
    }

    pub(super) fn end(&self, gateway: &Gateway, user: UserId) {
        if !self.silent {
            gateway.services.presence.disconnected(user);
        }
    }

    /// Counts a malformed frame.
    pub(super) fn is_bad_client(&mut self) -> bool {
        self.malformed.count_within(MALFORMED_WITHIN) >= MALFORMED_MAX
    }

    /// Counts a frame of any kind.
    pub(super) fn is_flood(&mut self) -> bool {
        self.frames.count_within(FLOOD_WITHIN) > FLOOD_FRAMES
    }

    /// Looks at everything that time brings, and sets the timer for the next.
    pub(super) fn check(&mut self, gateway: &Gateway, member: &Member, socket: &Socket) -> Option<Close> {
        let now = Instant::now();
        let silence = now.duration_since(self.heard_at);
        if silence >= DEAD_AFTER {
            return Some(Close::HEARTBEAT_TIMEOUT);
        }
        if socket.stalled_for() >= STALLED_AFTER {
            return Some(Close::SLOW_CONSUMER);
        }
        if silence >= SILENT_AFTER && !self.silent {
            self.silent = true;
            gateway.services.presence.disconnected(member.caller.user_id);
        }
        if now.duration_since(self.pinged_at) >= PING_EVERY {
            self.pinged_at = now;
            member.connection.queue.push(frame::encode_ping(), Class::Durable);
        }
        let token_in = match self.check_token(gateway, member) {
            Ok(left) => left,
            Err(close) => return Some(close),
        };
        let silent_in = if self.silent { DEAD_AFTER } else { SILENT_AFTER }.saturating_sub(silence);
        let ping_in = PING_EVERY.saturating_sub(now.duration_since(self.pinged_at));
        self.timer.as_mut().reset(now + token_in.min(silent_in).min(ping_in).max(Duration::from_millis(10)));
        None
    }

    /// How long until the token needs looking at again.
    fn check_token(&mut self, gateway: &Gateway, member: &Member) -> Result<Duration, Close> {
        let expires_at_ms = member.connection.expires_at_ms.load(Ordering::Acquire);
        let left_ms = expires_at_ms.saturating_sub(gateway.services.spine.clock.now().as_millis());
        if left_ms <= 0 {
            return Err(Close::TOKEN_EXPIRED);
        }
        let until_asked = left_ms.saturating_sub(REFRESH_BEFORE_MS);
        if until_asked > 0 {
            return Ok(millis(until_asked));
        }
        if self.asked_to_refresh != Some(expires_at_ms) {
            self.asked_to_refresh = Some(expires_at_ms);
            let expires_at = Timestamp::from_millis(expires_at_ms).unwrap_or(Timestamp::EPOCH);
            member.connection.queue.push(encode::server_frame(&ServerFrame::TokenRefresh(TokenRefresh { expires_at })), Class::Durable);
        }
        Ok(millis(left_ms))
    }
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

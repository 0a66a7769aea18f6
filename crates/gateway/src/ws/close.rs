//! Why a connection ends. 4000–4499: the client reconnects; 4500–4999: it does not.

/// A close code and the reason beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    pub code: u16,
    pub reason: &'static str,
}

impl Close {
    /// The client asked.
    pub const NORMAL: Self = Self::new(1000, "");
    /// A fault of ours.
    pub const INTERNAL: Self = Self::new(1011, "INTERNAL");
    pub const DRAIN: Self = Self::new(4400, "DRAIN");
    /// 90 s of silence.
    pub const HEARTBEAT_TIMEOUT: Self = Self::new(4402, "HEARTBEAT_TIMEOUT");
    /// Too far behind on durable events.
    pub const SLOW_CONSUMER: Self = Self::new(4408, "SLOW_CONSUMER");
    /// Not refreshed in time.
    pub const TOKEN_EXPIRED: Self = Self::new(4410, "TOKEN_EXPIRED");
    /// Five times a limit for ten seconds.
    pub const RATE_LIMITED: Self = Self::new(4429, "RATE_LIMITED;after=30000");
    pub const SESSION_REVOKED: Self = Self::new(4503, "SESSION_REVOKED");
    /// A subprotocol that is not spoken here.
    pub const UPGRADE_REQUIRED: Self = Self::new(4506, "UPGRADE_REQUIRED");
    /// One connection too many: the oldest goes.
    pub const REPLACED: Self = Self::new(4507, "REPLACED");
    /// Ten malformed frames in a minute.
    pub const BAD_CLIENT: Self = Self::new(4508, "BAD_CLIENT");

    /// Its client goes on with another connection.
    pub const RESUMED: Self = Self::new(1000, "RESUMED");

    /// Whether a client that was closed like this may go on where it was.
    pub fn is_resumable(self) -> bool {
        matches!(self.code, 1001 | 1006 | 1011 | 4400 | 4402 | 4409 | 4410 | 4429 | 4453) || self == Self::RESUMED
    }

    pub const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

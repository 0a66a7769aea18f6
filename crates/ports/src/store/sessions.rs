use async_trait::async_trait;
use tertulia_domain::Timestamp;
use tertulia_domain::ids::{SessionId, UserId};
use tertulia_domain::session::Session;

use super::StoreResult;

/// A device signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    pub id: SessionId,
    pub user_id: UserId,
    pub device_name: Option<String>,
    /// SHA-256 of the refresh token.
    pub refresh_hash: [u8; 32],
    pub at: Timestamp,
    /// The refresh token's.
    pub expires_at: Timestamp,
}

/// What came of presenting a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The successor counts now. Also the answer within the grace time after the first use, which is a
    /// retry whose answer was lost: the successor is the same.
    Rotated { session_id: SessionId, user_id: UserId },
    /// It had been used before: stolen or leaked. The session is revoked now.
    Reused { session_id: SessionId, user_id: UserId },
    /// Never made here, expired, or its session is revoked.
    Unknown,
}

/// Devices signed in.
#[async_trait]
pub trait Sessions: Send + Sync {
    async fn create(&self, session: NewSession) -> StoreResult<()>;
    /// Trades a refresh token for its successor, in one step. `grace_ms`: how long after its use the same
    /// token is a retry and no theft.
    async fn rotate(
        &self,
        used_hash: [u8; 32],
        successor_hash: [u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
        grace_ms: i64,
    ) -> StoreResult<Rotation>;
    /// Those not revoked and not expired, newest use first. `current` is false everywhere.
    async fn list(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>>;
    /// False where the user has no such session.
    async fn revoke(&self, user: UserId, session: SessionId) -> StoreResult<bool>;
    /// All but `keep`; answers those revoked.
    async fn revoke_all(&self, user: UserId, keep: Option<SessionId>) -> StoreResult<Vec<SessionId>>;
    /// Whether the session exists, belongs to the user, is not revoked, and the account is not disabled.
    async fn is_live(&self, user: UserId, session: SessionId) -> StoreResult<bool>;
    /// Those for which [`Sessions::is_live`] holds, in no order.
    async fn live(&self, sessions: &[(UserId, SessionId)]) -> StoreResult<Vec<(UserId, SessionId)>>;
    /// The server's own secret of this name, made by `fresh` when it is first asked for.
    async fn secret(&self, name: &str, fresh: Vec<u8>) -> StoreResult<Vec<u8>>;
}

use async_trait::async_trait;
use tertulia_domain::Timestamp;
use tertulia_domain::ids::ConnectionId;

use super::StoreResult;

/// Where a connection was when its process stopped, for the one that takes it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    pub id: ConnectionId,
    /// The gateway's own; opaque here.
    pub state: Vec<u8>,
    pub expires_at: Timestamp,
}

/// Connections that may go on elsewhere.
#[async_trait]
pub trait Resumes: Send + Sync {
    /// All or none. What has expired by then may be thrown away.
    async fn keep(&self, resumes: Vec<Resume>, now: Timestamp) -> StoreResult<()>;
    /// The state, once: who asks second gets none, and so does who comes after it expired.
    async fn take(&self, id: ConnectionId, now: Timestamp) -> StoreResult<Option<Vec<u8>>>;
}

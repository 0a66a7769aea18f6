//! What is left for whoever asks for it first, on whatever node: tickets, and where connections were.

use async_trait::async_trait;
use tertulia_domain::Timestamp;
use uuid::Uuid;

use crate::StoreResult;

/// Something left. Opaque here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    pub id: Uuid,
    pub state: Vec<u8>,
    pub expires_at: Timestamp,
}

/// Handed over once, or thrown away when its time is over.
#[async_trait]
pub trait Handovers: Send + Sync {
    /// All or none. What has expired by then may be thrown away.
    async fn keep(&self, handovers: Vec<Handover>, now: Timestamp) -> StoreResult<()>;
    /// The state, once: who asks second gets none, and so does who comes after it expired.
    async fn take(&self, id: Uuid, now: Timestamp) -> StoreResult<Option<Vec<u8>>>;
}

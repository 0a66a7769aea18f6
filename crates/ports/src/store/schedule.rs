use async_trait::async_trait;
use tertulia_domain::Timestamp;
use tertulia_domain::access::Grant;
use tertulia_domain::ids::{ConversationId, MessageId, UserId};

use super::StoreResult;
use super::messages::Draft;

/// A message waiting for its time. `draft.at` is that time.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    pub conversation_id: ConversationId,
    pub sender_id: UserId,
    pub draft: Draft,
    /// A lifetime that begins when it is written.
    pub expires_in_ms: Option<u64>,
}

/// Messages to be written later.
#[async_trait]
pub trait Schedule: Send + Sync {
    /// True where it was there already with the same content. Other content, or already in the log: `CONFLICT`.
    async fn put(&self, grant: Grant, scheduled: Scheduled) -> StoreResult<bool>;
    /// Due ones, soonest first. They stay until removed; the `messageId` makes writing them twice harmless.
    async fn due(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Scheduled>>;
    /// The actor's own of the conversation, soonest first.
    async fn list(&self, grant: Grant) -> StoreResult<Vec<Scheduled>>;
    /// False where the user has none of this id.
    async fn remove(&self, sender: UserId, id: MessageId) -> StoreResult<bool>;
}

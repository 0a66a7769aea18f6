use async_trait::async_trait;
use tertulia_domain::ids::{ConversationId, Seq};

use super::StoreResult;

/// A follower that has not come to the end of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    pub conversation_id: ConversationId,
    /// The last one it has done.
    pub seq: Seq,
    pub head: Seq,
}

/// How far what follows the logs has come. A follower begins to count in a conversation with its first
/// [`Cursors::advance`].
#[async_trait]
pub trait Cursors: Send + Sync {
    /// Where it is; none where it never was.
    async fn cursor(&self, follower: &str, conversation: ConversationId) -> StoreResult<Option<Seq>>;
    /// It has done everything up to `seq`. It never goes back.
    async fn advance(&self, follower: &str, conversation: ConversationId, seq: Seq) -> StoreResult<()>;
    /// Conversations whose log goes further than the follower, up to `limit`, in no order.
    async fn behind(&self, follower: &str, limit: u32) -> StoreResult<Vec<Behind>>;
}

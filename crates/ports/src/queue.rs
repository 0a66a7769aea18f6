//! Work that follows from an event and that nobody waits for: for whichever worker is free, on whatever node.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tertulia_domain::ids::{ConversationId, Seq};

/// A conversation that has something new, up to `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Work {
    pub conversation_id: ConversationId,
    pub seq: Seq,
}

/// Work that somebody does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub work: Work,
    /// The adapter's own.
    pub receipt: String,
}

/// There is no queue to be asked. The text is for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no queue: {0}")]
pub struct Away(pub String);

/// Work is divided into so many partitions, by conversation.
pub const PARTITIONS: u8 = 128;
/// What was taken and is not done after this long is given to somebody again.
pub const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// A queue for all workers. It may lose work, which the logs tell again, and give it twice.
#[async_trait]
pub trait Queue: Send + Sync {
    /// At the end, each of its partition. After an error they may be there or not.
    async fn push(&self, works: Vec<Work>) -> Result<(), Away>;
    /// The oldest ones, up to `most`; waits for the first for up to `within`. A partition is one worker's at a time: work
    /// in it is done in its order.
    async fn take(&self, most: usize, within: Duration) -> Result<Vec<Taken>, Away>;
    /// Not to be given again.
    async fn done(&self, taken: Vec<Taken>) -> Result<(), Away>;
    /// Work that is not done.
    async fn lag(&self) -> Result<u64, Away>;
}

/// Where the work about a conversation goes.
pub fn partition(conversation: ConversationId) -> u8 {
    u8::try_from(conversation.0.as_u128() % u128::from(PARTITIONS)).unwrap_or_default()
}

use async_trait::async_trait;
use tertulia_domain::Event;
use tertulia_domain::access::Grant;
use tertulia_domain::ids::{ConversationId, Seq};

use super::StoreResult;

/// A piece of a log, `seq` ascending without a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    pub events: Vec<Event>,
    pub head: Seq,
    pub epoch: String,
}

/// How long a log is, and for how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub conversation_id: ConversationId,
    pub seq: Seq,
    /// Members as of `seq`.
    pub member_count: u64,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    pub conversation_id: Option<ConversationId>,
    /// For the operator; no content.
    pub what: String,
}

/// What a check looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    pub conversations: u64,
    pub events: u64,
    pub messages: u64,
    pub drifts: Vec<Drift>,
}

/// The log itself.
#[async_trait]
pub trait Log: Send + Sync {
    /// Events with `seq` greater than `after`, at most `limit` (1–500). Past the head: none.
    async fn tail(&self, grant: Grant, after: Seq, limit: u32) -> StoreResult<Tail>;
    /// As `tail`, for the server's own repair of delivery; membership is the caller's to check.
    async fn repair(&self, id: ConversationId, after: Seq, limit: u32) -> StoreResult<Tail>;
    /// The heads of those that exist.
    async fn heads(&self, ids: &[ConversationId]) -> StoreResult<Vec<Head>>;
    /// Reads everything and compares: logs without a gap, derived state equal to what the log says. `progress`
    /// is told the number of conversations done.
    async fn check(&self, progress: Box<dyn Fn(u64, u64) + Send + Sync>) -> StoreResult<CheckReport>;
    /// Whether the store can be written to right now; why not, for the operator.
    async fn health(&self) -> Result<(), String>;
}

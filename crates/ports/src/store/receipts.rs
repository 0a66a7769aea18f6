use async_trait::async_trait;
use tertulia_domain::Timestamp;
use tertulia_domain::access::Grant;
use tertulia_domain::conversation::{Membership, Receipt, Unread};
use tertulia_domain::ids::{ConversationId, Seq, UserId};

use super::StoreResult;
use crate::bus::ReceiptKind;

/// Where a watermark is after a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    pub seq: Seq,
    /// False where it was there already, or further.
    pub moved: bool,
    pub unread: Unread,
}

/// One of a user's conversations, as a sync needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncState {
    pub conversation_id: ConversationId,
    pub head: Seq,
    pub epoch: String,
    pub member_count: u64,
    pub membership: Membership,
    pub unread: Unread,
}

/// Watermarks, and what is derived from them.
#[async_trait]
pub trait Receipts: Send + Sync {
    /// Moves the actor's watermark forward, clamped to the head. Reading implies delivery.
    async fn mark(&self, grant: Grant, kind: ReceiptKind, seq: Seq, at: Timestamp) -> StoreResult<Marked>;
    /// What [`Receipts::mark`] would answer now, `seq` clamped to the head; writes nothing, so nothing has `moved`.
    async fn foresee(&self, grant: Grant, kind: ReceiptKind, seq: Seq) -> StoreResult<Marked>;
    /// Moves the actor's read watermark back, on purpose.
    async fn mark_unread(&self, grant: Grant, seq: Seq) -> StoreResult<Marked>;
    /// Everybody's, by user. Up to `limit`.
    async fn list(&self, grant: Grant, limit: u32) -> StoreResult<Vec<Receipt>>;
    /// All conversations that the user is in.
    async fn sync_states(&self, user: UserId) -> StoreResult<Vec<SyncState>>;
    /// Of users in conversations, those who are members: as of one moment.
    async fn badges(&self, asked: Vec<(ConversationId, Vec<UserId>)>, now: Timestamp) -> StoreResult<Vec<Badge>>;
}

/// What is new to somebody in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    pub conversation_id: ConversationId,
    pub user_id: UserId,
    pub read_seq: Seq,
    pub unread: Unread,
    /// Over all conversations that are not muted.
    pub total_unread: u32,
}

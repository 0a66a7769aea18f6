use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tertulia_domain::access::Grant;
use tertulia_domain::content::Content;
use tertulia_domain::event::DeleteReason;
use tertulia_domain::ids::{ConversationId, MessageId, Seq, UserId};
use tertulia_domain::message::{MentionScope, Message, MessageVersion, Priority, Toggle};
use tertulia_domain::{Event, Timestamp};

use super::{Page, PageRequest, StoreResult};

/// A message to be written. Everything is checked but what only the store can know.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub id: MessageId,
    pub content: Content,
    /// Not in this conversation or deleted: `INVALID_PARENT`.
    pub reply_to: Option<MessageId>,
    /// Not in this conversation, deleted, or itself in a thread: `INVALID_PARENT`.
    pub thread_root: Option<MessageId>,
    pub mentions: Vec<UserId>,
    pub mention_scope: Option<MentionScope>,
    pub priority: Priority,
    pub at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Of what was first sent: content, and what it answers. The same in every store, for ever.
pub type Fingerprint = [u8; 16];

/// `parents`: the message answered, and the thread's root. `content`: as JSON.
pub fn fingerprint_of(parents: [Option<MessageId>; 2], content: &[u8]) -> Fingerprint {
    let parents = parents.map(|id| id.map_or([0; 16], |id| *id.as_bytes()));
    let hash = Sha256::new().chain_update(parents.as_flattened()).chain_update(content).finalize();
    let mut fingerprint = Fingerprint::default();
    for (byte, hashed) in fingerprint.iter_mut().zip(hash) {
        *byte = hashed;
    }
    fingerprint
}

/// A message in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Appended {
    pub seq: Seq,
    pub at: Timestamp,
    /// It was there already, by the same sender with the same content: nothing changed.
    pub duplicate: bool,
    /// None for a duplicate.
    pub event: Option<Event>,
}

/// Which messages of a conversation, threads left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    Latest,
    /// The nearest ones with a smaller `seq`.
    Before(Seq),
    /// The nearest ones with a greater `seq`.
    After(Seq),
    /// Half before, half from `seq` on.
    Around(Seq),
}

/// A window of messages, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageWindow {
    pub items: Vec<Message>,
    pub has_older: bool,
    pub has_newer: bool,
    pub head: Seq,
    pub epoch: String,
}

/// A message with what deciding about it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    pub message: Message,
    pub conversation_id: ConversationId,
}

/// Messages: written, changed, read.
#[async_trait]
pub trait Messages: Send + Sync {
    /// Dedup, next `seq`, and the message, in one step; the actor's read watermark moves to it when it was at
    /// the head before. Answers only when it is on disk; calls that wait while a commit runs share the next one.
    /// The same id with other content, sender or conversation: `CONFLICT`.
    async fn append(&self, grant: Grant, draft: Draft) -> StoreResult<Appended>;
    /// As `append` for each, in one commit; for import. Every draft brings its own sender, who need not be a
    /// member. One that is refused takes the rest of the batch with it.
    async fn append_all(&self, grant: Grant, drafts: Vec<(UserId, Draft)>) -> StoreResult<Vec<Appended>>;
    /// New content; the old one is kept as a version. None where content and mentions are the same. Deleted: `NOT_FOUND`.
    async fn edit(
        &self,
        grant: Grant,
        id: MessageId,
        content: Content,
        mentions: Vec<UserId>,
        scope: Option<MentionScope>,
        at: Timestamp,
    ) -> StoreResult<Option<Event>>;
    /// Leaves a tombstone; content, versions, reactions, mentions and pin go. None where it was deleted already.
    async fn delete(&self, grant: Grant, id: MessageId, reason: DeleteReason, at: Timestamp) -> StoreResult<Option<Event>>;
    /// None where it changes nothing. More than the limit of different emoji: `LIMIT_REACHED`. Deleted: `NOT_FOUND`.
    async fn react(&self, grant: Grant, id: MessageId, emoji: String, action: Toggle, at: Timestamp) -> StoreResult<Option<Event>>;
    /// None where it changes nothing. Deleted: `NOT_FOUND`.
    async fn pin(&self, grant: Grant, id: MessageId, action: Toggle, at: Timestamp) -> StoreResult<Option<Event>>;
    /// Wherever it is; the caller decides whether `viewer` may see it. Tombstones too.
    async fn find(&self, id: MessageId, viewer: UserId) -> StoreResult<Option<Located>>;
    /// 1–200 messages outside threads, tombstones included.
    async fn window(&self, grant: Grant, window: Window, limit: u32) -> StoreResult<MessageWindow>;
    /// The `seq` of the first message outside threads written at or after `at`; none when all are older.
    async fn seq_at(&self, grant: Grant, at: Timestamp) -> StoreResult<Option<Seq>>;
    /// Replies in a thread, oldest first, tombstones included.
    async fn thread(&self, grant: Grant, root: MessageId, page: PageRequest) -> StoreResult<Page<Message>>;
    /// Pinned messages, latest pin first.
    async fn pins(&self, grant: Grant) -> StoreResult<Vec<Message>>;
    /// Earlier wordings, oldest first; the present one is not among them.
    async fn versions(&self, grant: Grant, id: MessageId) -> StoreResult<Vec<MessageVersion>>;
    /// Messages whose time is over and that are not deleted: conversation, sender, id; soonest first.
    async fn expired(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<(ConversationId, UserId, MessageId)>>;
}

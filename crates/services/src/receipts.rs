//! Watermarks: how far each member has received and read.

mod gathered;

use std::sync::Arc;
use std::time::Duration;

use tertulia_domain::access::Action;
use tertulia_domain::conversation::Receipt;
use tertulia_domain::ids::{ConversationId, Seq};
use tertulia_ports::store::receipts::Marked;
use tertulia_ports::{ReceiptKind, Signal};

use crate::notifications::Badges;
use crate::spine::Spine;
use crate::spine::limits::Key;
use crate::{Answer, Caller, refuse};

/// Receipts listed at most; larger conversations get the first so many.
const LIST_MAX: u32 = 1_000;

/// How long a mark past the limit is put off at most, but for the time it takes to write.
const GATHER: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub struct Receipts {
    spine: Arc<Spine>,
    gathered: Arc<gathered::Gathered>,
    badges: Arc<Badges>,
}

impl Receipts {
    pub(crate) fn new(spine: Arc<Spine>, badges: Arc<Badges>) -> Self {
        Self { spine, gathered: Arc::default(), badges }
    }

    /// Applies what is put off, until the server stops.
    pub(crate) fn start(&self) {
        let receipts = self.clone();
        self.spine.tasks.every(GATHER, move || {
            let receipts = receipts.clone();
            async move { receipts.apply_gathered().await }
        });
    }

    /// Everything up to `seq` (clamped to the head) has been received or read. Never moves back. Past the limit the
    /// answer is the same, and the mark is put off by up to [`GATHER`], when the furthest one counts.
    pub async fn mark(&self, caller: Caller, id: ConversationId, kind: ReceiptKind, seq: Seq) -> Answer<Marked> {
        // What was answered already is not taken back by a later, lower mark.
        let seq = seq.max(self.gathered.furthest(caller.user_id, id, kind));
        if self.spine.limits.take(Key::Mark(caller.user_id)).is_ok() {
            return self.apply(caller, id, kind, seq).await;
        }
        let grant = self.spine.access.grant(Action::MarkRead, caller.user_id, id).await?;
        let foreseen = self.spine.store.receipts.foresee(grant, kind, seq).await.map_err(refuse)?;
        // Clamped to the head of now: what comes meanwhile has not been read.
        self.gathered.add(caller, id, kind, foreseen.seq);
        Ok(foreseen)
    }

    async fn apply(&self, caller: Caller, id: ConversationId, kind: ReceiptKind, seq: Seq) -> Answer<Marked> {
        let grant = self.spine.access.grant(Action::MarkRead, caller.user_id, id).await?;
        let at = self.spine.clock.now();
        let marked = self.spine.store.receipts.mark(grant, kind, seq, at).await.map_err(refuse)?;
        if marked.moved {
            let user_id = caller.user_id;
            self.spine.bus.publish(Signal::Receipt { conversation_id: id, user_id, kind, seq: marked.seq, at });
            if kind == ReceiptKind::Read {
                self.badges.note_own(id, user_id);
            }
        }
        Ok(marked)
    }

    /// Moves the read watermark back, so that what comes after `seq` is unread again.
    pub async fn mark_unread(&self, caller: Caller, id: ConversationId, seq: Seq) -> Answer<Marked> {
        let grant = self.spine.access.grant(Action::MarkRead, caller.user_id, id).await?;
        let marked = {
            let _turn = self.gathered.applying.read().await;
            self.gathered.forget(caller.user_id, id, ReceiptKind::Read);
            self.spine.store.receipts.mark_unread(grant, seq).await.map_err(refuse)?
        };
        self.badges.note_own(id, caller.user_id);
        Ok(marked)
    }

    /// "Seen by".
    pub async fn list(&self, caller: Caller, id: ConversationId) -> Answer<Vec<Receipt>> {
        let grant = self.spine.access.grant(Action::Read, caller.user_id, id).await?;
        self.spine.store.receipts.list(grant, LIST_MAX).await.map_err(refuse)
    }
}

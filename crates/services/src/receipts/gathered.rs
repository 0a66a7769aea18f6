//! Marks past the limit: answered at once, applied a moment later, the furthest one of each conversation and kind.

use std::collections::HashMap;

use futures_util::StreamExt;
use futures_util::stream::iter;
use parking_lot::Mutex;
use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::ids::{ConversationId, Seq, UserId};
use tertulia_ports::ReceiptKind;
use tokio::sync::RwLock;

use super::Receipts;
use crate::Caller;

/// Applied together: the store writes them in few commits.
const AT_ONCE: usize = 64;

type Place = (UserId, ConversationId, ReceiptKind);

/// What was answered and is still to be written. Bounded by what people are members of.
#[derive(Default)]
pub(super) struct Gathered {
    marks: Mutex<HashMap<Place, (Caller, Seq)>>,
    /// Held to write while marks that were taken out are applied, to read by who moves a watermark back: what was
    /// asked for before must not come after.
    pub(super) applying: RwLock<()>,
}

impl Gathered {
    pub(super) fn add(&self, caller: Caller, id: ConversationId, kind: ReceiptKind, seq: Seq) {
        let mut marks = self.marks.lock();
        let (_, furthest) = marks.entry((caller.user_id, id, kind)).or_insert((caller, seq));
        *furthest = seq.max(*furthest);
    }

    /// The furthest of what was answered, or nothing.
    pub(super) fn furthest(&self, user: UserId, id: ConversationId, kind: ReceiptKind) -> Seq {
        self.marks.lock().get(&(user, id, kind)).map_or(0, |(_, seq)| *seq)
    }

    /// Somebody wants it otherwise.
    pub(super) fn forget(&self, user: UserId, id: ConversationId, kind: ReceiptKind) {
        self.marks.lock().remove(&(user, id, kind));
    }
}

impl Receipts {
    /// Writes what was put off. What the store does not take now is tried again the next time.
    pub(crate) async fn apply_gathered(&self) {
        let gathered = &self.gathered;
        if gathered.marks.lock().is_empty() {
            return;
        }
        let _turn = gathered.applying.write().await;
        let marks = std::mem::take(&mut *gathered.marks.lock());
        let apply = |((_, id, kind), (caller, seq))| async move {
            match self.apply(caller, id, kind, seq).await {
                Err(refusal) if is_passing(&refusal) => gathered.add(caller, id, kind, seq),
                // Who is no member any more has no watermark.
                Err(refusal) => tracing::debug!(user = %caller.user_id, conversation = %id, code = ?refusal.code, "a mark lost its place"),
                Ok(_) => {}
            }
        };
        iter(marks).map(apply).buffer_unordered(AT_ONCE).collect::<()>().await;
    }
}

/// The store's fault, not the mark's.
fn is_passing(refusal: &Refusal) -> bool {
    matches!(refusal.code, Code::Unavailable | Code::Overloaded | Code::Internal | Code::Timeout)
}

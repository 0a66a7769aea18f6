//! Unread and mention counts for the connected members of a conversation, at most once a second for each; for who marks
//! something as read, sooner.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use parking_lot::Mutex;
use tertulia_domain::fanout::LARGE_MEMBERS;
use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_ports::store::receipts::Badge;
use tertulia_ports::{Signal, waking};

use crate::presence::Presences;
use crate::spine::Spine;
use crate::{Answer, refuse};

/// Changes are gathered for this long.
pub const GATHER: Duration = Duration::from_secs(1);
/// What people did themselves shows on their other devices within this.
pub const GATHER_OWN: Duration = Duration::from_millis(250);

/// Conversations read at once: many share the way to the store, and others are not kept waiting.
const AT_ONCE: usize = 200;

/// Whose counts changed since the last round.
#[derive(Default)]
pub struct Badges {
    /// For all who are in these.
    changed: Mutex<HashSet<ConversationId>>,
    /// For one who changed it themselves.
    own: Mutex<HashMap<ConversationId, HashSet<UserId>>>,
}

impl Badges {
    pub fn note(&self, conversation: ConversationId) {
        self.changed.lock().insert(conversation);
    }

    pub fn note_own(&self, conversation: ConversationId, user: UserId) {
        self.own.lock().entry(conversation).or_default().insert(user);
    }

    /// Sends what was noted. Above the size where events are pushed to all, clients count for themselves.
    pub async fn flush(&self, spine: &Spine, presence: &Presences) {
        let changed: Vec<ConversationId> = std::mem::take(&mut *self.changed.lock()).into_iter().collect();
        for changed in changed.chunks(AT_ONCE) {
            told(round(spine, presence, changed).await);
        }
    }

    pub async fn flush_own(&self, spine: &Spine) {
        let own = std::mem::take(&mut *self.own.lock());
        let asked = own.into_iter().map(|(id, users)| (id, users.into_iter().collect())).collect();
        told(send_badges(spine, asked, |signal| spine.bus.publish(signal)).await);
    }
}

/// Counts are told again with the next change.
fn told(answer: Answer<()>) {
    if let Err(refusal) = answer {
        tracing::debug!(code = %refusal.code, "badges left out");
    }
}

async fn round(spine: &Spine, presence: &Presences, changed: &[ConversationId]) -> Answer<()> {
    let small = spine.store.conversations.member_ids(changed, LARGE_MEMBERS - 1).await.map_err(refuse)?;
    let connected = small.into_iter().map(|(id, members)| (id, members.into_iter().filter(|user| presence.is_connected(*user)).collect()));
    let asked = connected.filter(|(_, users): &(_, Vec<UserId>)| !users.is_empty()).collect();
    // Every node heard of the message, and counts for its own.
    send_badges(spine, asked, |signal| spine.bus.publish_here(signal)).await
}

/// Reads the counts of these users and tells their connections.
pub(super) async fn send_badges(spine: &Spine, asked: Vec<(ConversationId, Vec<UserId>)>, tell: impl Fn(Signal)) -> Answer<()> {
    if asked.is_empty() {
        return Ok(());
    }
    let badges = spine.store.receipts.badges(asked, spine.clock.now()).await.map_err(refuse)?;
    waking::together(|| {
        for Badge { conversation_id, user_id, read_seq, unread, total_unread } in badges {
            tell(Signal::Badge { user_id, conversation_id, unread, read_seq, total_unread });
        }
    });
    Ok(())
}

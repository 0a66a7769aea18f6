//! Unread and mention counts for the connected members of a conversation, at most once a second for each.

use std::collections::HashSet;
use std::time::Duration;

use parking_lot::Mutex;
use tertulia_domain::fanout::LARGE_MEMBERS;
use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_ports::{Signal, waking};
use tertulia_ports::store::receipts::Badge;

use crate::presence::Presences;
use crate::spine::Spine;
use crate::{Answer, refuse};

/// Changes are gathered for this long.
pub const GATHER: Duration = Duration::from_secs(1);

/// Conversations read at once: many share the way to the store, and others are not kept waiting.
const AT_ONCE: usize = 200;

/// Conversations whose counts changed since the last round.
#[derive(Default)]
pub struct Badges(Mutex<HashSet<ConversationId>>);

impl Badges {
    pub fn note(&self, conversation: ConversationId) {
        self.0.lock().insert(conversation);
    }

    /// Sends what was noted. Above the size where events are pushed to all, clients count for themselves.
    pub async fn flush(&self, spine: &Spine, presence: &Presences) {
        let changed: Vec<ConversationId> = std::mem::take(&mut *self.0.lock()).into_iter().collect();
        for changed in changed.chunks(AT_ONCE) {
            if let Err(refusal) = round(spine, presence, changed).await {
                tracing::debug!(code = %refusal.code, "badges left out");
            }
        }
    }
}

async fn round(spine: &Spine, presence: &Presences, changed: &[ConversationId]) -> Answer<()> {
    let small = spine.store.conversations.member_ids(changed, LARGE_MEMBERS - 1).await.map_err(refuse)?;
    let connected = small.into_iter().map(|(id, members)| (id, members.into_iter().filter(|user| presence.is_connected(*user)).collect()));
    send_badges(spine, connected.filter(|(_, users): &(_, Vec<UserId>)| !users.is_empty()).collect()).await
}

/// Reads the counts of these users and tells their connections.
pub(crate) async fn send_badges(spine: &Spine, asked: Vec<(ConversationId, Vec<UserId>)>) -> Answer<()> {
    if asked.is_empty() {
        return Ok(());
    }
    let badges = spine.store.receipts.badges(asked, spine.clock.now()).await.map_err(refuse)?;
    waking::together(|| {
        for Badge { conversation_id, user_id, read_seq, unread, total_unread } in badges {
            spine.bus.publish(Signal::Badge { user_id, conversation_id, unread, read_seq, total_unread });
        }
    });
    Ok(())
}

//! Unread and mention counts for the connected members of a conversation, at most once a second for each.

use std::collections::HashSet;
use std::time::Duration;

use parking_lot::Mutex;
use tertulia_domain::fanout::{Plan, plan_fanout};
use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_ports::Signal;

use crate::presence::Presences;
use crate::spine::Spine;
use crate::{Answer, refuse};

/// Changes are gathered for this long.
pub const GATHER: Duration = Duration::from_secs(1);

/// Conversations whose counts changed since the last round.
#[derive(Default)]
pub struct Badges(Mutex<HashSet<ConversationId>>);

impl Badges {
    pub fn note(&self, conversation: ConversationId) {
        self.0.lock().insert(conversation);
    }

    /// Sends what was noted. Above the size where events are pushed to all, clients count for themselves.
    pub async fn flush(&self, spine: &Spine, presence: &Presences) {
        let changed = std::mem::take(&mut *self.0.lock());
        for conversation in changed {
            if let Err(refusal) = round(spine, presence, conversation).await {
                tracing::debug!(%conversation, code = %refusal.code, "badges left out");
            }
        }
    }
}

async fn round(spine: &Spine, presence: &Presences, conversation: ConversationId) -> Answer<()> {
    let members = spine.store.conversations.member_ids(conversation).await.map_err(refuse)?;
    if plan_fanout(members.len() as u64) != Plan::Direct {
        return Ok(());
    }
    let connected: Vec<UserId> = members.into_iter().filter(|user| presence.is_connected(*user)).collect();
    send_badges(spine, conversation, &connected).await
}

/// Reads the counts of these users and tells their connections.
pub(crate) async fn send_badges(spine: &Spine, conversation_id: ConversationId, users: &[UserId]) -> Answer<()> {
    if users.is_empty() {
        return Ok(());
    }
    let badges = spine.store.receipts.badges(conversation_id, users, spine.clock.now()).await.map_err(refuse)?;
    for (user_id, read_seq, unread, total_unread) in badges {
        spine.bus.publish(Signal::Badge { user_id, conversation_id, unread, read_seq, total_unread });
    }
    Ok(())
}

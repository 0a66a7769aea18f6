//! What the gateway's hub needs to deliver: who listens to what, what happened, and how to repair a gap.

use std::sync::Arc;

use tertulia_domain::conversation::ConversationView;
use tertulia_domain::ids::{ConversationId, Seq, UserId};
use tertulia_ports::Subscription;
use tertulia_ports::store::log::Tail;

use crate::spine::Spine;
use crate::{Answer, refuse};

#[derive(Clone)]
pub struct Delivery {
    spine: Arc<Spine>,
}

impl Delivery {
    pub(crate) fn new(spine: Arc<Spine>) -> Self {
        Self { spine }
    }

    /// Everything that happens from now on.
    pub fn subscribe(&self) -> Box<dyn Subscription> {
        self.spine.bus.subscribe()
    }

    /// The conversations that a user listens to.
    pub async fn conversations_of(&self, user: UserId) -> Answer<Vec<ConversationId>> {
        self.spine.store.conversations.ids_of(user).await.map_err(refuse)
    }

    /// The heads of those that exist.
    pub async fn heads(&self, ids: &[ConversationId]) -> Answer<Vec<(ConversationId, Seq)>> {
        self.spine.store.log.heads(ids).await.map_err(refuse)
    }

    /// Events after `after`, for connections that are known to listen.
    pub async fn repair(&self, id: ConversationId, after: Seq) -> Answer<Tail> {
        self.spine.store.log.repair(id, after, 500).await.map_err(refuse)
    }

    /// A conversation as one user sees it; none where they may not.
    pub async fn view(&self, user: UserId, id: ConversationId) -> Answer<Option<ConversationView>> {
        let mut views = self.spine.store.conversations.view(user, &[id]).await.map_err(refuse)?;
        Ok(views.pop().filter(|view| view.membership.is_some()))
    }

    /// Whether receipts are pushed there: not to conversations of more than 100.
    pub async fn is_small(&self, id: ConversationId) -> Answer<bool> {
        let members = self.spine.store.conversations.member_ids(id).await.map_err(refuse)?;
        Ok(members.len() as u64 <= tertulia_domain::fanout::LARGE_MEMBERS)
    }

    /// Whether the store takes writes; why not, for the operator.
    pub async fn store_health(&self) -> Result<(), String> {
        self.spine.store.log.health().await
    }
}

//! What the gateway's hub needs to deliver: who listens to what, what happened, and how to repair a gap.

use std::sync::Arc;

use tertulia_domain::conversation::ConversationView;
use tertulia_domain::ids::{ConnectionId, ConversationId, Seq, UserId};
use tertulia_ports::store::log::{Head, Tail};
use tertulia_ports::{Handover, Heard};

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

    /// Calls `hear` with everything that happens from now on: quickly, and in the thread of who publishes.
    pub fn listen(&self, hear: impl Fn(&Heard) + Send + Sync + 'static) {
        self.spine.listen(hear);
    }

    /// Whether the bus carries anything; why not, for the operator.
    pub fn bus_health(&self) -> Result<(), String> {
        self.spine.bus.health()
    }

    /// The conversations that a user may listen to, or whether they may to this one; as of one moment.
    pub async fn heads_of(&self, user: UserId, only: Option<ConversationId>) -> Answer<Vec<Head>> {
        self.spine.store.conversations.heads_of(user, only).await.map_err(refuse)
    }

    /// The heads of those that exist.
    pub async fn heads(&self, ids: &[ConversationId]) -> Answer<Vec<Head>> {
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

    /// Keeps where connections were, for the process after this one.
    pub async fn keep_resumes(&self, resumes: Vec<Handover>) -> Answer<()> {
        self.spine.store.handovers.keep(resumes, self.spine.clock.now()).await.map_err(refuse)
    }

    /// What was kept of a connection, once.
    pub async fn take_resume(&self, id: ConnectionId) -> Answer<Option<Vec<u8>>> {
        self.spine.store.handovers.take(id.0, self.spine.clock.now()).await.map_err(refuse)
    }

    /// Whether the store takes writes; why not, for the operator.
    pub async fn store_health(&self) -> Result<(), String> {
        self.spine.store.log.health().await
    }
}

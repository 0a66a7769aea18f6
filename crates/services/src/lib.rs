//! What the server does: a folder per feature, a file per use case. A use case calls the domain, the
//! ports and the spine, never another feature's use case; what follows from an event stands in
//! [`followers`].

pub mod auth;
pub mod conversations;
pub mod delivery;
pub mod followers;
pub mod health;
pub mod messages;
pub mod notifications;
pub mod presence;
pub mod receipts;
pub mod spine;
pub mod sync;
pub mod typing;
pub mod users;
pub mod workspaces;

use std::sync::Arc;

use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::ids::{SessionId, UserId};
use tertulia_ports::{Attendance, Bus, Clock, Handovers, Limits, Queue, Store, StoreError};

pub use spine::{Settings, Spine};

/// Who asks: a user on one of their devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub user_id: UserId,
    pub session_id: SessionId,
}

/// One of each port.
#[derive(Clone)]
pub struct Ports {
    pub store: Store,
    pub bus: Arc<dyn Bus>,
    pub limits: Arc<dyn Limits>,
    /// Tickets that were not used yet; for all nodes. What it cannot keep, the store does.
    pub tickets: Arc<dyn Handovers>,
    /// Where connections were, for all nodes. None: for this process, and the store has them when it stops.
    pub resumes: Option<Arc<dyn Handovers>>,
    /// None: this process is alone.
    pub attendance: Option<Arc<dyn Attendance>>,
    /// What workers do, of all nodes.
    pub queue: Arc<dyn Queue>,
    pub clock: Arc<dyn Clock>,
}

/// What a use case answers: done, or refused with a reason that the caller may know.
pub type Answer<T> = Result<T, Refusal>;

/// All use cases, by feature.
#[derive(Clone)]
pub struct Services {
    pub auth: auth::Auth,
    pub users: users::Users,
    pub workspaces: workspaces::Workspaces,
    pub conversations: conversations::Conversations,
    pub messages: messages::Messages,
    pub receipts: receipts::Receipts,
    pub presence: presence::Presences,
    pub typing: typing::Typing,
    pub sync: sync::Sync,
    pub delivery: delivery::Delivery,
    pub spine: Arc<Spine>,
    badges: Arc<notifications::Badges>,
    mentions: Arc<notifications::Mentions>,
}

impl Services {
    /// Wires the features over one of each port. Call [`Services::start`] to run the background work.
    pub async fn new(ports: Ports, settings: Settings) -> Answer<Self> {
        let Ports { store, bus, limits, tickets, resumes, attendance, queue, clock } = ports;
        let spine = Arc::new(Spine::new(store, bus, limits, clock, settings));
        spine.keep_true();
        let presence = presence::Presences::new(spine.clone(), attendance);
        let badges = Arc::new(notifications::Badges::default());
        let mentions = Arc::new(notifications::Mentions::new(spine.clone(), queue));
        Ok(Self {
            auth: auth::Auth::new(spine.clone(), tickets).await?,
            users: users::Users::new(spine.clone()),
            workspaces: workspaces::Workspaces::new(spine.clone()),
            conversations: conversations::Conversations::new(spine.clone()),
            messages: messages::Messages::new(spine.clone()),
            receipts: receipts::Receipts::new(spine.clone(), badges.clone()),
            presence,
            typing: typing::Typing::new(spine.clone()),
            sync: sync::Sync::new(spine.clone()),
            delivery: delivery::Delivery::new(spine.clone(), resumes),
            spine,
            badges,
            mentions,
        })
    }

    /// Starts what runs without being asked for the clients of this node: typing and presence that end, badges,
    /// watermarks that were gathered.
    pub fn start(&self) {
        followers::start(self);
        self.spine.pulse();
        self.mentions.start();
        self.presence.start();
        self.receipts.start();
        self.typing.start();
    }

    /// Starts what some node has to do for all of them, and several may: expiry, scheduled messages, what the queue brings.
    pub fn start_worker(&self) {
        self.messages.start_expiry();
        self.messages.start_schedule();
        self.mentions.start_worker();
    }

    /// Stops background work, waits for what is being committed, and commits what was put off.
    pub async fn stop(&self) {
        self.spine.tasks.stop().await;
        self.receipts.apply_gathered().await;
    }
}

/// A store's answer as the caller may see it; faults are logged here, once.
pub(crate) fn refuse(error: StoreError) -> Refusal {
    match error {
        StoreError::Refused(refusal) => refusal,
        StoreError::Down(why) => {
            tracing::error!(%why, "store down");
            metrics::counter!("tertulia_store_errors_total", "kind" => "down").increment(1);
            Refusal::unavailable("the store is unavailable; nothing was changed", 2_000)
        }
        StoreError::Failed(why) => {
            tracing::error!(%why, "store failed");
            metrics::counter!("tertulia_store_errors_total", "kind" => "failed").increment(1);
            Refusal::new(Code::Internal, "a fault of ours; the outcome is unknown")
        }
    }
}

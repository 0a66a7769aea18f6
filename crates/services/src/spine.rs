//! What every use case may call: access, limits, fan-out, tasks, secrets, and belonging to a workspace. A closed list.

pub mod access;
pub(crate) mod belonging;
pub mod fanout;
pub mod limits;
pub mod relay;
pub(crate) mod secrets;
pub mod tasks;

use std::sync::{Arc, OnceLock};

use tertulia_domain::Event;
use tertulia_domain::content::ContentLimits;
use tertulia_ports::{Bus, Clock, Limits, Store};

/// What an operator may set about the use cases.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Anybody may register.
    pub open_registration: bool,
    /// Rate limits count; off for benches on loopback only.
    pub limits: bool,
    pub rates: limits::Rates,
    pub content: ContentLimits,
    /// How long after writing an author may edit, in milliseconds; none = for ever.
    pub edit_window_ms: Option<i64>,
    /// How long an access token lives, in milliseconds.
    pub access_token_ms: i64,
    /// How long a refresh token lives, in milliseconds.
    pub refresh_token_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            open_registration: false,
            limits: true,
            rates: limits::Rates::default(),
            content: ContentLimits::default(),
            edit_window_ms: None,
            access_token_ms: 15 * 60_000,
            refresh_token_ms: 7 * 24 * 3_600_000,
        }
    }
}

type Committed = Box<dyn Fn(&Event) + Send + Sync>;

/// The common ground of all features.
pub struct Spine {
    pub store: Store,
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    pub settings: Settings,
    pub access: access::Access,
    pub limits: limits::Limits,
    pub tasks: tasks::Tasks,
    /// Told of every event that this node committed.
    committed: OnceLock<Committed>,
}

impl Spine {
    pub(crate) fn new(store: Store, bus: Arc<dyn Bus>, limits: Arc<dyn Limits>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        Self {
            access: access::Access::new(store.clone(), bus.clone()),
            limits: limits::Limits::new(limits, clock.clone(), settings.limits.then_some(settings.rates)),
            tasks: tasks::Tasks::default(),
            committed: OnceLock::new(),
            store,
            bus,
            clock,
            settings,
        }
    }
}

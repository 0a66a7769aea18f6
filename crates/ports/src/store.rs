//! The store: the log, and what is derived from it, on storage that survives a power cut.
//!
//! Promises of every adapter, checked by `crates/testkit`:
//! - **Durable**: a method that answers `Ok` after a change has it on fsynced storage. An adapter whose
//!   storage failed to sync refuses everything from then on ([`StoreError::Down`]).
//! - **Atomic**: a method does all that it says, or nothing.
//! - **Ordered**: the events of a conversation get `seq` 1, 2, 3 … without a gap; an event that is
//!   visible makes all before it visible.
//! - **Guarded**: a method that takes a [`Grant`] checks, in the same transaction, that the actor is
//!   still a member where [`Grant::needs_membership`] says so, and refuses with `NOT_FOUND` otherwise.
//! - Reads see every change that was answered before they began.

pub mod conversations;
pub mod cursors;
pub mod log;
pub mod messages;
pub mod paging;
pub mod receipts;
pub mod schedule;
pub mod sessions;
pub mod users;
pub mod workspaces;

use std::sync::Arc;

use tertulia_domain::error::Refusal;

use crate::Handovers;

pub use conversations::Conversations;
pub use cursors::Cursors;
pub use log::Log;
pub use messages::Messages;
pub use paging::PageCursors;
pub use receipts::Receipts;
pub use schedule::Schedule;
pub use sessions::Sessions;
pub use users::Users;
pub use workspaces::Workspaces;

#[cfg(doc)]
use tertulia_domain::access::Grant;

/// Everything that lasts.
#[derive(Clone)]
pub struct Store {
    pub users: Arc<dyn Users>,
    pub sessions: Arc<dyn Sessions>,
    pub workspaces: Arc<dyn Workspaces>,
    pub conversations: Arc<dyn Conversations>,
    pub messages: Arc<dyn Messages>,
    pub log: Arc<dyn Log>,
    pub cursors: Arc<dyn Cursors>,
    pub receipts: Arc<dyn Receipts>,
    /// On storage that a restart survives.
    pub handovers: Arc<dyn Handovers>,
    pub schedule: Arc<dyn Schedule>,
}

/// Why a store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// By its rules; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Out of order for now or for good; nothing was changed. The text is for our log only.
    #[error("store down: {0}")]
    Down(String),
    /// It may or may not have happened. The text is for our log only.
    #[error("store failed: {0}")]
    Failed(String),
}

pub type StoreResult<T> = Result<T, StoreError>;

/// A part of a list, and where the next one begins. Cursors are opaque to callers; one that the adapter
/// did not make is refused with `INVALID_CURSOR`.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

/// Where in a list to begin, and how many to take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    pub cursor: Option<String>,
    /// 1–200.
    pub limit: u32,
}

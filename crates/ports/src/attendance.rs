//! Who is connected, over all nodes together.

use async_trait::async_trait;
use tertulia_domain::ids::UserId;
use tertulia_domain::presence::{Chosen, PresenceState};
use tertulia_domain::time::Timestamp;

/// It cannot be said who is there. The text is for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("presence is not known: {0}")]
pub struct Unknown(pub String);

/// What a node knows anew of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub user_id: UserId,
    /// Connections that this node has of them, those that have been silent left out.
    pub connections: u32,
    /// Some: they chose this; `Some(None)`: what they chose has ended. It counts for all nodes.
    pub chosen: Option<Option<Chosen>>,
    /// When one of their connections here ended.
    pub last_seen_at: Option<Timestamp>,
}

/// What all nodes know of who is there. A node that is not heard of for [`FORGOTTEN_AFTER`] knows nobody any more.
#[async_trait]
pub trait Attendance: Send + Sync {
    /// Puts down what this node knows anew, or still: to be said of whoever is connected at least every third of
    /// [`FORGOTTEN_AFTER`]. Answers what all know of each then, in the order of the reports.
    async fn report(&self, reports: Vec<Report>) -> Result<Vec<PresenceState>, Unknown>;
    /// What all know of each: the connections of all nodes, what was chosen last, the last sign of life. In their order;
    /// whoever is not known is the default.
    async fn of(&self, users: &[UserId]) -> Result<Vec<PresenceState>, Unknown>;
    /// Whether it can be asked; why not, for the operator. Cheap.
    fn health(&self) -> Result<(), String>;
}

/// How long a node counts after it was heard of.
pub const FORGOTTEN_AFTER: std::time::Duration = std::time::Duration::from_secs(45);

//! Between nodes: a hint that something happened.
//!
//! At most once: a bus may lose, repeat and reorder what it carries. Who listens orders durable events
//! by `seq` and reads the log where one is missing, so delivery is lossless over a lossy bus.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tertulia_domain::conversation::Unread;
use tertulia_domain::event::Event;
use tertulia_domain::ids::{ConversationId, MessageId, Seq, SessionId, UserId};
use tertulia_domain::presence::Presence;
use tertulia_domain::time::Timestamp;

/// What is told to all nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Signal {
    /// Committed. For everybody who listens to its conversation.
    Event(Arc<Event>),
    /// A watermark moved. For the members of the conversation.
    Receipt { conversation_id: ConversationId, user_id: UserId, kind: ReceiptKind, seq: Seq, at: Timestamp },
    /// For the members of the conversation, the typist excepted.
    Typing { conversation_id: ConversationId, thread_root: Option<MessageId>, user_id: UserId, display_name: Arc<str>, active: bool },
    /// For those who subscribed to the user.
    Presence(Arc<Presence>),
    /// For all connections of one user.
    Badge { user_id: UserId, conversation_id: ConversationId, unread: Unread, read_seq: Seq, total_unread: u32 },
    /// One user may read a conversation from now on. Published after the event that let them in.
    Gained { user_id: UserId, conversation_id: ConversationId },
    /// One user may not read a conversation any more. Published after the event that put them out.
    Lost { user_id: UserId, conversation_id: ConversationId },
    /// Close the sockets of this session.
    SessionRevoked { user_id: UserId, session_id: SessionId },
    /// What a user may do in a workspace changed.
    RoleChanged { user_id: UserId },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReceiptKind {
    Delivered,
    Read,
}

/// What a listener hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Signal(Signal),
    /// The bus dropped an unknown number of signals: read the log of everything you listen to.
    Lost,
}

/// Called with everything that is heard, possibly by several threads at once and in the thread of who publishes: it has
/// to be quick and must not wait. It may publish itself.
pub type Ear = Arc<dyn Fn(&Heard) + Send + Sync>;

/// Tells all nodes, this one included.
pub trait Bus: Send + Sync {
    /// Never waits, never fails: what cannot be carried is lost, and listeners are told so. To be called without locks
    /// that an ear may want.
    fn publish(&self, signal: Signal);
    /// As `publish`, where every node says the same to its own: a network need not carry it.
    fn publish_here(&self, signal: Signal);
    /// To be called once a second: what keeps listeners sure that they hear everything.
    fn pulse(&self) {}
    /// Hears what is published from now on, for as long as the bus lives.
    fn listen(&self, ear: Ear);
    /// Whether it carries anything; why not, for the operator.
    fn health(&self) -> Result<(), String>;
}

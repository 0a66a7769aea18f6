//! What is true: ids, entities, events and the pure rules over them. No I/O, no async, no clock.
//!
//! Types that travel carry their wire shape (`serde`), so that the log, the REST answers and the
//! frames of protocol v1 are one vocabulary. See `docs/glossary.md` for the words.

pub mod access;
pub mod content;
pub mod conversation;
pub mod error;
pub mod event;
pub mod fanout;
pub mod ids;
pub mod mention;
pub mod message;
pub mod presence;
pub mod sequencer;
pub mod session;
pub mod time;
pub mod user;
pub mod workspace;

pub use content::{Content, ContentType, Format};
pub use conversation::{Conversation, ConversationType, Member, MemberRole, Visibility};
pub use error::{Code, Refusal};
pub use event::{Event, EventBody};
pub use ids::{ConversationId, InviteId, MessageId, Seq, SessionId, UserId, WorkspaceId};
pub use message::Message;
pub use time::Timestamp;
pub use user::User;
pub use workspace::{Workspace, WorkspaceRole};

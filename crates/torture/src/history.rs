//! What a client did and saw, with times: all that the checker knows of it.

use tertulia_domain::Code;
use tertulia_domain::error::Retry;
use tertulia_domain::ids::{ConversationId, MessageId, Seq, UserId};

/// Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
pub type Nanos = u64;

pub fn now() -> Nanos {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec).unwrap_or_default() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default()
}

/// What was asked of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Send {
        conversation: ConversationId,
        message: MessageId,
        text: String,
    },
    Edit {
        conversation: ConversationId,
        message: MessageId,
        text: String,
    },
    Delete {
        conversation: ConversationId,
        message: MessageId,
    },
    React {
        conversation: ConversationId,
        message: MessageId,
        emoji: &'static str,
        add: bool,
    },
    Read {
        conversation: ConversationId,
        seq: Seq,
    },
    Delivered {
        conversation: ConversationId,
        seq: Seq,
    },
    Unread {
        conversation: ConversationId,
        seq: Seq,
    },
    Add {
        conversation: ConversationId,
        user: UserId,
    },
    Remove {
        conversation: ConversationId,
        user: UserId,
    },
    /// Of a conversation's log or messages; answered with its head.
    Look {
        conversation: ConversationId,
    },
    /// Of one's own read watermark; answered with it.
    LookAtMark {
        conversation: ConversationId,
    },
    /// Whatever has no lasting effect.
    Other,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// `seq`: of the event, the watermark or the head; none where nothing changed.
    Ok { seq: Option<Seq>, duplicate: bool },
    /// Certainly not done.
    Refused(Code),
    /// No answer, or one that says so: done once, or never.
    Unknown,
}

impl Outcome {
    pub fn refused(code: Code) -> Self {
        if code.retry() == Retry::SameId { Self::Unknown } else { Self::Refused(code) }
    }
}

/// One request of one client.
#[derive(Debug, Clone)]
pub struct Entry {
    pub request: Request,
    pub invoked: Nanos,
    /// When the answer was read, or the connection's end was seen.
    pub answered: Nanos,
    pub outcome: Outcome,
}

impl Entry {
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ok { .. })
    }

    /// Whether the answer says that it was written now.
    pub fn is_written(&self) -> bool {
        matches!(self.outcome, Outcome::Ok { seq: Some(_), duplicate: false })
    }

    /// The answer's `seq`, if it was a success with one.
    pub fn seq(&self) -> Option<Seq> {
        match self.outcome {
            Outcome::Ok { seq, .. } => seq,
            _ => None,
        }
    }
}

/// An event that the client was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub conversation: ConversationId,
    pub seq: Seq,
    pub at: Nanos,
    /// Of what it was.
    pub print: u64,
    /// By the server, unasked; else in a page or a sync answer.
    pub pushed: bool,
}

/// A read watermark that the server told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkSeen {
    pub conversation: ConversationId,
    pub user: UserId,
    pub read: bool,
    pub seq: Seq,
}

/// Everything of one client.
#[derive(Debug, Clone)]
pub struct History {
    pub user: UserId,
    pub entries: Vec<Entry>,
    pub seen: Vec<Seen>,
    /// Of receipts, in the order of arrival; none = another connection begins.
    pub marks: Vec<Option<MarkSeen>>,
}

impl History {
    pub fn new(user: UserId) -> Self {
        Self { user, entries: Vec::new(), seen: Vec::new(), marks: Vec::new() }
    }

    /// Notes a request that is on its way; answers its place.
    pub fn invoke(&mut self, request: Request) -> usize {
        self.entries.push(Entry { request, invoked: now(), answered: Nanos::MAX, outcome: Outcome::Unknown });
        self.entries.len() - 1
    }

    pub fn answer(&mut self, place: usize, outcome: Outcome) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.answered = now();
            entry.outcome = outcome;
        }
    }

    /// It was asked earlier, as part of another request.
    pub fn date_back(&mut self, place: usize, invoked: Nanos) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.invoked = invoked;
        }
    }

    pub fn entry(&self, place: usize) -> Option<&Entry> {
        self.entries.get(place)
    }
}

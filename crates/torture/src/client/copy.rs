//! One client's copy of one log, kept as an SDK keeps it: events are applied in order, once; what comes too early waits.

use std::collections::BTreeMap;

use tertulia_domain::ids::Seq;

use crate::history::Nanos;
use crate::record::Record;

#[derive(Debug)]
pub struct Copy {
    /// Applied up to here.
    pub last: Seq,
    /// The highest `seq` known to exist.
    pub head: Seq,
    /// Came before what is to come first.
    held: BTreeMap<Seq, Record>,
    /// A page is on its way.
    pub fetching: bool,
    /// Since when something is known to be missing.
    pub behind_since: Option<Nanos>,
    /// It has reached the head on this connection: from then on, pushes alone keep it there.
    pub live: bool,
    /// The server tells only that something happened, not what.
    pub summarised: bool,
    /// Larger for copies made later.
    pub generation: u64,
}

impl Copy {
    pub fn new(generation: u64) -> Self {
        Self { last: 0, head: 0, held: BTreeMap::new(), fetching: false, behind_since: None, live: false, summarised: false, generation }
    }

    /// Takes an event, from a push or a page; answers those to be applied now, in order.
    pub fn hear(&mut self, record: Record, at: Nanos) -> Vec<Record> {
        self.head = self.head.max(record.seq);
        if record.seq > self.last {
            self.held.insert(record.seq, record);
        }
        let mut ready = Vec::new();
        while let Some(next) = self.held.remove(&(self.last + 1)) {
            self.last += 1;
            ready.push(next);
        }
        self.note_behind(at);
        ready
    }

    /// Somebody said that the log reaches so far.
    pub fn hear_of(&mut self, head: Seq, at: Nanos) {
        self.head = self.head.max(head);
        self.note_behind(at);
    }

    pub fn is_behind(&self) -> bool {
        self.last < self.head
    }

    fn note_behind(&mut self, at: Nanos) {
        self.behind_since = if self.is_behind() { self.behind_since.or(Some(at)) } else { None };
    }
}

#[cfg(test)]
mod tests {
    use tertulia_domain::ids::{ConversationId, UserId};
    use uuid::Uuid;

    use super::*;

    fn event(seq: Seq) -> Record {
        Record {
            conversation: ConversationId(Uuid::nil()),
            seq,
            kind: "message.new".into(),
            actor: UserId(Uuid::nil()),
            message: None,
            user: None,
            detail: String::new(),
            text: None,
        }
    }

    #[test]
    fn events_are_applied_in_order_and_once() {
        let mut copy = Copy::new(1);
        let mut seqs = |seq, at| copy.hear(event(seq), at).iter().map(|record| record.seq).collect::<Vec<_>>();
        assert_eq!(seqs(1, 1), [1]);
        let none = Vec::<Seq>::new();
        assert_eq!(seqs(3, 2), none);
        assert_eq!(seqs(3, 3), none);
        assert_eq!(seqs(1, 4), none);
        assert_eq!(seqs(2, 5), [2, 3]);
        assert_eq!(seqs(5, 6), none);
        assert_eq!(copy.behind_since, Some(6));
        assert!(copy.is_behind());
    }
}

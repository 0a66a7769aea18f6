//! One conversation that somebody on this node listens to.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tertulia_domain::event::Event;
use tertulia_domain::fanout::LARGE_MEMBERS;
use tertulia_domain::ids::{ConversationId, Seq};
use tertulia_domain::sequencer::Sequencer;
use tertulia_ports::store::log::Head;

/// For so long a room knows where it was when: longer than a dead connection goes unnoticed.
pub(super) const REMEMBERED: Duration = Duration::from_secs(150);
/// How exactly.
const MARK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: ConversationId,
    pub(super) order: Sequencer<Arc<Event>>,
    pub(super) repairing: bool,
    pub(super) began_at: Instant,
    /// Members, those elsewhere and offline included.
    pub(super) members: u64,
    /// Users on this node who listen.
    pub(super) users: u32,
    /// Shards where somebody listens; some may not any more.
    pub(super) shards: u64,
    pub(super) moved_at: Option<Instant>,
    /// `(at, seq)`: before `at`, everything up to `seq` had been handed on.
    marks: VecDeque<(Instant, Seq)>,
    /// There were older ones.
    forgot: bool,
    rate: Option<Box<Rate>>,
    pub(super) pulse: Option<Box<Pulse>>,
}

/// Messages of the second that began at `since`.
#[derive(Debug)]
struct Rate {
    since: Instant,
    count: u32,
    summary_until: Option<Instant>,
}

/// What those who don't get events in full have been told.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    pub(super) new_messages: u64,
    pub(super) told_at: Option<Instant>,
    /// Something to tell is waiting, and for whom.
    pub(super) owed: Option<Audience>,
    /// The first event of that: it counts as handed on when it is told.
    pub(super) untold: Option<Seq>,
}

/// Who gets a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    All,
    /// Only connections that look at the conversation.
    Focused,
    /// Only those that don't.
    Unfocused,
}

/// How an event goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Full,
    /// In full to who looks, a hint to the others.
    Large,
    /// A hint to everybody.
    Summary,
}

impl Room {
    /// Delivery begins after `head`.
    pub(super) fn new(head: Head, now: Instant) -> Self {
        Self {
            id: head.conversation_id,
            order: Sequencer::new(head.seq),
            repairing: false,
            began_at: now,
            members: head.member_count,
            users: 0,
            shards: 0,
            moved_at: None,
            marks: VecDeque::new(),
            forgot: false,
            rate: None,
            pulse: None,
        }
    }

    /// The newest `seq` handed on.
    pub(super) fn last(&self) -> Seq {
        self.order.last()
    }

    /// `seq` is handed on now, or put down to be told.
    pub(super) fn moved(&mut self, seq: Seq, now: Instant) {
        let seq = self.untold().map_or(seq, |untold| untold.min(seq));
        if self.marks.back().is_none_or(|(at, _)| now.saturating_duration_since(*at) >= MARK_EVERY) {
            while self.marks.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) > REMEMBERED) {
                self.marks.pop_front();
                self.forgot = true;
            }
            self.marks.push_back((now, seq.saturating_sub(1)));
        }
        self.moved_at = Some(now);
    }

    fn untold(&self) -> Option<Seq> {
        self.pulse.as_ref().and_then(|pulse| pulse.untold)
    }

    /// What had surely been handed on before `at`; none where that is forgotten.
    pub(super) fn position(&self, at: Instant) -> Option<Seq> {
        if self.moved_at.is_none_or(|moved_at| moved_at < at) {
            return Some(self.untold().map_or(self.last(), |untold| untold.saturating_sub(1)));
        }
        // Before the first mark ever nothing had been handed on that the first does not count.
        let first = self.marks.front().filter(|_| !self.forgot);
        self.marks.iter().rev().find(|(marked, _)| *marked <= at).or(first).map(|(_, seq)| *seq)
    }

    /// A quiet room remembers nothing.
    pub(super) fn rest(&mut self, now: Instant) {
        if self.moved_at.is_none_or(|at| now.saturating_duration_since(at) > REMEMBERED) {
            self.forgot |= !self.marks.is_empty();
            self.marks = VecDeque::new();
            self.rate = None;
            self.pulse.take_if(|pulse| pulse.owed.is_none());
        }
    }

    /// Counts a message and says how events go out now.
    pub(super) fn way(&mut self, is_message: bool, summary_messages: Option<u32>, now: Instant) -> Way {
        if is_message && let Some(most) = summary_messages {
            let rate = self.rate.get_or_insert_with(|| Box::new(Rate { since: now, count: 0, summary_until: None }));
            if now.saturating_duration_since(rate.since) >= Duration::from_secs(1) {
                (rate.since, rate.count) = (now, 0);
            }
            rate.count += 1;
            if rate.count > most {
                rate.summary_until = Some(now + Duration::from_secs(1));
            }
        }
        if self.rate.as_ref().and_then(|rate| rate.summary_until).is_some_and(|until| until > now) {
            Way::Summary
        } else if self.members > LARGE_MEMBERS {
            Way::Large
        } else {
            Way::Full
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn room() -> Room {
        Room::new(Head { conversation_id: ConversationId(Uuid::nil()), seq: 0, member_count: 2 }, Instant::now())
    }

    #[test]
    fn remembers_what_had_been_handed_on_never_too_much() {
        let (mut room, start) = (room(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        room.order = Sequencer::new(100);
        // Ten a second, numbers 1 to 100.
        (1..=100).for_each(|seq| room.moved(seq, at(seq * 100)));
        for asked in (200..10_000).step_by(37) {
            let known = room.position(at(asked)).unwrap();
            let handed_on = (asked - 1) / 100;
            assert!(known <= handed_on && known + 11 >= handed_on, "{asked}: {known}, {handed_on}");
        }
        assert_eq!(room.position(at(10_001)), Some(100), "everything, after the last");
    }

    #[test]
    fn a_storm_turns_into_hints_and_back() {
        let (mut room, start) = (room(), Instant::now());
        let mut way = |ms| room.way(true, Some(100), start + Duration::from_millis(ms));
        assert!((0..100).all(|n| way(n * 5) == Way::Full));
        assert_eq!(way(501), Way::Summary);
        assert_eq!(way(1_400), Way::Summary);
        assert_eq!(way(1_600), Way::Full);
        room.members = 101;
        assert_eq!(room.way(false, Some(100), start + Duration::from_secs(5)), Way::Large);
    }
}

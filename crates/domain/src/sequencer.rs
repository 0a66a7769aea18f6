//! Puts events of one conversation into the order of the log, over a bus that may lose, repeat and
//! reorder. Pure: who owns it decides when to wait and when to read the log.

use std::collections::BTreeMap;

use crate::ids::Seq;

/// Events held back while one before them is missing; past it the log is read at once.
pub const HELD_MAX: usize = 256;

/// The order of one conversation, from the point of view of one node.
#[derive(Debug)]
pub struct Sequencer<T> {
    last: Seq,
    held: BTreeMap<Seq, T>,
}

/// What to do after an event came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// Hand these on, in this order.
    Deliver(Vec<T>),
    /// Seen before.
    Duplicate,
    /// One before it is missing: wait briefly, then read the log after [`Sequencer::last`].
    Gap,
}

impl<T> Sequencer<T> {
    /// `last`: the newest `seq` that needs no delivery any more.
    pub fn new(last: Seq) -> Self {
        Self { last, held: BTreeMap::new() }
    }

    /// The newest `seq` handed on.
    pub fn last(&self) -> Seq {
        self.last
    }

    pub fn has_gap(&self) -> bool {
        !self.held.is_empty()
    }

    /// Too much is held to wait any longer.
    pub fn is_full(&self) -> bool {
        self.held.len() >= HELD_MAX
    }

    /// Takes an event from the bus or from the log.
    pub fn accept(&mut self, seq: Seq, event: T) -> Step<T> {
        if seq <= self.last {
            return Step::Duplicate;
        }
        if seq > self.last + 1 {
            self.held.insert(seq, event);
            return Step::Gap;
        }
        self.last = seq;
        let mut ready = vec![event];
        while let Some(next) = self.held.remove(&(self.last + 1)) {
            self.last += 1;
            ready.push(next);
        }
        self.held = self.held.split_off(&(self.last + 1));
        Step::Deliver(ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_the_missing_one_and_then_hands_on_all() {
        let mut order = Sequencer::new(41);
        assert_eq!(order.accept(42, 'a'), Step::Deliver(vec!['a']));
        assert_eq!(order.accept(44, 'c'), Step::Gap);
        assert_eq!(order.accept(42, 'a'), Step::Duplicate);
        assert!(order.has_gap());
        assert_eq!(order.accept(43, 'b'), Step::Deliver(vec!['b', 'c']));
        assert!(!order.has_gap());
        assert_eq!(order.last(), 44);
    }
}

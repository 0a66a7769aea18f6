//! How often what happened over all plans: a plan that stops trying something must fail.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Event,
    Resumed,
    Synced,
    /// Answered with what was true a while ago.
    OldSync,
    Lost,
    Repeated,
    Reordered,
    Repaired,
    Resynced,
    Cut,
    /// The server went on writing to who was gone.
    Unnoticed,
    /// Another connection while the first was there.
    TakenOver,
    Parked,
    /// Gone too long, or with too much under way.
    NotParked,
    Drained,
    ResumedAfterDrain,
    /// The wire took no more.
    Blocked,
    /// Closed with 4408, by bytes or by frames.
    Overflowed,
    BackAfterOverflow,
    Replaced,
    /// In full, in a large conversation.
    LargeInFull,
    LargeHint,
    SummaryHint,
    Focused,
    Removed,
    Added,
}

/// What it is called, and how often it has to happen in a thousand plans.
const FLOORS: &[(What, &str, u64)] = &[
    (What::Event, "events", 30_000),
    (What::Resumed, "resumed", 1_000),
    (What::Synced, "synced", 3_000),
    (What::OldSync, "old syncs", 200),
    (What::Lost, "signals lost", 2_000),
    (What::Repeated, "repeated", 1_500),
    (What::Reordered, "reordered", 3_000),
    (What::Repaired, "repairs", 2_000),
    (What::Resynced, "resyncs", 500),
    (What::Cut, "cuts", 1_000),
    (What::Unnoticed, "unnoticed", 500),
    (What::TakenOver, "taken over", 400),
    (What::Parked, "parked", 1_200),
    (What::NotParked, "not parked", 1_000),
    (What::Drained, "drains", 300),
    (What::ResumedAfterDrain, "resumed after a drain", 300),
    (What::Blocked, "wires full", 3_000),
    (What::Overflowed, "4408", 150),
    (What::BackAfterOverflow, "back after 4408", 100),
    (What::Replaced, "4507", 50),
    (What::LargeInFull, "large in full", 700),
    (What::LargeHint, "large as hints", 2_500),
    (What::SummaryHint, "summaries", 1_000),
    (What::Focused, "focused", 1_000),
    (What::Removed, "removed", 1_500),
    (What::Added, "added", 1_200),
];
const KINDS: usize = FLOORS.len();
/// Fewer plans than this may miss something by chance.
const ENOUGH: u64 = 500;

#[derive(Debug, Clone, Default)]
pub struct Counts([u64; KINDS]);

impl Counts {
    pub fn add(&mut self, what: What) {
        self.0[what as usize] += 1;
    }
}

#[derive(Default)]
pub struct Totals([AtomicU64; KINDS]);

impl Totals {
    pub fn add(&self, counts: &Counts) {
        for (total, count) in self.0.iter().zip(counts.0) {
            total.fetch_add(count, Ordering::Relaxed);
        }
    }

    fn of(&self, what: What) -> u64 {
        self.0[what as usize].load(Ordering::Relaxed)
    }

    /// A test that cannot fail is none: each kind of trouble has to have happened.
    pub fn assert_plans_do_something(&self, plans: u64) {
        if plans < ENOUGH {
            return;
        }
        for (what, name, floor) in FLOORS {
            assert!(self.of(*what) * 1_000 >= floor * plans, "too few: {name}, of {self}");
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = FLOORS.iter().map(|(what, name, _)| format!("{} {name}", self.of(*what))).collect();
        f.write_str(&all.join(", "))
    }
}

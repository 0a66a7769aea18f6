//! What was checked, and what was found.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::history::{Nanos, now};

/// Violations of each invariant kept with their text; further ones are counted.
const KEPT: u64 = 30;

/// What must hold, whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    Once,
    Phantom,
    Gap,
    Order,
    RealTime,
    Dedup,
    Watermark,
    Change,
    Access,
    Answer,
    Codes,
    Store,
    Process,
    Recovery,
}

impl Invariant {
    pub const ALL: &[Self] = &[
        Self::Once,
        Self::Phantom,
        Self::Gap,
        Self::Order,
        Self::RealTime,
        Self::Dedup,
        Self::Watermark,
        Self::Change,
        Self::Access,
        Self::Answer,
        Self::Codes,
        Self::Store,
        Self::Process,
        Self::Recovery,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Phantom => "phantom",
            Self::Gap => "gap",
            Self::Order => "order",
            Self::RealTime => "real-time",
            Self::Dedup => "dedup",
            Self::Watermark => "watermark",
            Self::Change => "change",
            Self::Access => "access",
            Self::Answer => "answer",
            Self::Codes => "codes",
            Self::Store => "store",
            Self::Process => "process",
            Self::Recovery => "recovery",
        }
    }

    pub fn meaning(self) -> &'static str {
        match self {
            Self::Once => "every acknowledged message is in the log once, with its seq, and in every reader's view",
            Self::Phantom => "what was refused is nowhere; nothing is stored that nobody sent",
            Self::Gap => "a log is 1, 2, 3 … without a gap",
            Self::Order => "everybody sees the same event at the same seq, in order, to the end",
            Self::RealTime => "what was acknowledged before is ordered and visible before",
            Self::Dedup => "a messageId writes once: the same again, the same answer; other content, CONFLICT",
            Self::Watermark => "read and delivered marks move forward only, and not past the head",
            Self::Change => "acknowledged edits, deletions and reactions are in the log, and the last one wins",
            Self::Access => "nothing reaches who may not read it then",
            Self::Answer => "a request is answered once, in time, or its connection ends",
            Self::Codes => "every error and close code is in the table",
            Self::Store => "`tertulia check` finds the data clean",
            Self::Process => "no panic, no unexpected end",
            Self::Recovery => "after a fault, the server works again; while its storage has failed, it acknowledges nothing",
        }
    }
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub invariant: Invariant,
    pub what: String,
    pub at: Nanos,
}

#[derive(Debug, Default, Clone)]
pub struct Found {
    /// How often each was put to the test.
    pub checked: BTreeMap<Invariant, u64>,
    pub broken: BTreeMap<Invariant, u64>,
    pub violations: Vec<Violation>,
}

/// Shared by everybody who checks.
#[derive(Debug, Default)]
pub struct Findings(Mutex<Found>);

impl Findings {
    /// It was looked at `times` times.
    pub fn checked(&self, invariant: Invariant, times: u64) {
        *self.0.lock().checked.entry(invariant).or_default() += times;
    }

    pub fn violated(&self, invariant: Invariant, what: impl Into<String>) {
        let mut found = self.0.lock();
        let count = found.broken.entry(invariant).or_default();
        *count += 1;
        if *count <= KEPT {
            found.violations.push(Violation { invariant, what: what.into(), at: now() });
        }
    }

    /// Notes a check and, where it failed, what is wrong.
    pub fn expect(&self, invariant: Invariant, holds: bool, otherwise: impl FnOnce() -> String) {
        self.checked(invariant, 1);
        if !holds {
            self.violated(invariant, otherwise());
        }
    }

    /// How many violations so far.
    pub fn broken(&self) -> u64 {
        self.0.lock().broken.values().sum()
    }

    pub fn all(&self) -> Found {
        self.0.lock().clone()
    }
}

//! Which faults come when: from the seed alone.

use std::fmt;
use std::time::Duration;

use crate::dice::Dice;

/// What is done to the server, its disk and its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Kill,
    Power,
    Pause,
    Drain,
    Cut,
    Slow,
    Replay,
    Clock,
    Full,
    Sync,
    Freeze,
}

impl Kind {
    pub const ALL: &[Self] = &[
        Self::Kill,
        Self::Power,
        Self::Pause,
        Self::Drain,
        Self::Cut,
        Self::Slow,
        Self::Replay,
        Self::Clock,
        Self::Full,
        Self::Sync,
        Self::Freeze,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Power => "power",
            Self::Pause => "pause",
            Self::Drain => "drain",
            Self::Cut => "cut",
            Self::Slow => "slow",
            Self::Replay => "replay",
            Self::Clock => "clock",
            Self::Full => "full",
            Self::Sync => "sync",
            Self::Freeze => "freeze",
        }
    }

    pub fn meaning(self) -> &'static str {
        match self {
            Self::Kill => "kill -9, and started again",
            Self::Power => "power cut: what is not synced is lost",
            Self::Pause => "SIGSTOP, later SIGCONT",
            Self::Drain => "SIGTERM under load, and started again",
            Self::Cut => "half of the connections reset, some in the middle of a frame",
            Self::Slow => "readers that stop reading during a burst",
            Self::Replay => "every client sends old messages again",
            Self::Clock => "the server's clock jumps",
            Self::Full => "the disk is full, then free again",
            Self::Sync => "fsync fails now and then",
            Self::Freeze => "the disk does not answer",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether it is done from the outside alone, to any server.
    pub fn is_of_clients(self) -> bool {
        matches!(self, Self::Cut | Self::Slow | Self::Replay)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One fault of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub kind: Kind,
    /// From the beginning of the load.
    pub at: Duration,
    /// How long it lasts, for those that last.
    pub lasts: Duration,
    /// Chance inside the fault: whom it hits, how far a clock jumps.
    pub dice: u64,
}

/// Rounds of all kinds, each round in another order, until the time is over.
pub fn plan(seed: u64, kinds: &[Kind], time: Duration) -> Vec<Fault> {
    let mut dice = Dice::new(seed, 2);
    let mut plan = Vec::new();
    let mut round: Vec<Kind> = Vec::new();
    let mut at = Duration::from_millis(dice.within(1_500, 3_000));
    while at < time && !kinds.is_empty() {
        if round.is_empty() {
            round = kinds.to_vec();
            // What destroys most comes twice.
            round.extend(kinds.iter().filter(|kind| matches!(kind, Kind::Kill | Kind::Power)));
            dice.shuffle(&mut round);
        }
        let Some(kind) = round.pop() else { break };
        let lasts = Duration::from_millis(match kind {
            Kind::Pause if dice.chance(15) => dice.within(8_000, 20_000),
            Kind::Pause => dice.within(1_000, 5_000),
            Kind::Full | Kind::Freeze | Kind::Clock | Kind::Sync => dice.within(2_000, 5_000),
            Kind::Slow => dice.within(3_000, 6_000),
            _ => 0,
        });
        plan.push(Fault { kind, at, lasts, dice: dice.next() });
        at += lasts + Duration::from_millis(dice.within(1_500, 4_500));
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_the_plan() {
        let time = Duration::from_secs(600);
        assert_eq!(plan(7, Kind::ALL, time), plan(7, Kind::ALL, time));
        assert_ne!(plan(7, Kind::ALL, time), plan(8, Kind::ALL, time));
    }

    #[test]
    fn ten_minutes_bring_fifty_faults_of_all_kinds() {
        for seed in 0..20 {
            let plan = plan(seed, Kind::ALL, Duration::from_secs(600));
            assert!(plan.len() >= 50, "seed {seed}: {}", plan.len());
            assert!(Kind::ALL.iter().all(|kind| plan.iter().any(|fault| fault.kind == *kind)), "seed {seed}");
            assert!(plan.is_sorted_by_key(|fault| fault.at));
        }
    }

    #[test]
    fn names_lead_back() {
        assert!(Kind::ALL.iter().all(|kind| Kind::named(kind.name()) == Some(*kind)));
    }
}

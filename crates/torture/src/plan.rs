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
    KillNode,
    PauseNode,
    Rolling,
    KillDatabase,
    PowerDatabase,
    KillRedis,
    KillNats,
    Flush,
    CutDatabase,
    HangDatabase,
    DelayDatabase,
    CutBus,
    HangBus,
    DelayBus,
    CutRedis,
    HangRedis,
    DelayRedis,
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
        Self::KillNode,
        Self::PauseNode,
        Self::Rolling,
        Self::KillDatabase,
        Self::PowerDatabase,
        Self::KillRedis,
        Self::KillNats,
        Self::Flush,
        Self::CutDatabase,
        Self::HangDatabase,
        Self::DelayDatabase,
        Self::CutBus,
        Self::HangBus,
        Self::DelayBus,
        Self::CutRedis,
        Self::HangRedis,
        Self::DelayRedis,
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
            Self::KillNode => "kill-node",
            Self::PauseNode => "pause-node",
            Self::Rolling => "rolling",
            Self::KillDatabase => "kill-db",
            Self::PowerDatabase => "power-db",
            Self::KillRedis => "kill-redis",
            Self::KillNats => "kill-nats",
            Self::Flush => "flush",
            Self::CutDatabase => "cut-db",
            Self::HangDatabase => "hang-db",
            Self::DelayDatabase => "delay-db",
            Self::CutBus => "cut-bus",
            Self::HangBus => "hang-bus",
            Self::DelayBus => "delay-bus",
            Self::CutRedis => "cut-redis",
            Self::HangRedis => "hang-redis",
            Self::DelayRedis => "delay-redis",
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
            Self::KillNode => "kill -9 of a node, and started again",
            Self::PauseNode => "SIGSTOP of a node for up to 30 s, later SIGCONT",
            Self::Rolling => "SIGTERM and start of one node after the other, under load",
            Self::KillDatabase => "kill -9 of PostgreSQL, and started again",
            Self::PowerDatabase => "power cut under PostgreSQL: what is not synced is lost",
            Self::KillRedis => "kill -9 of Redis, and started again, empty",
            Self::KillNats => "kill -9 of NATS, and started again",
            Self::Flush => "Redis forgets everything: FLUSHALL",
            Self::CutDatabase => "connections reset and refused between one node and PostgreSQL",
            Self::HangDatabase => "nothing is carried between one node and PostgreSQL",
            Self::DelayDatabase => "everything takes longer between one node and PostgreSQL",
            Self::CutBus => "connections reset and refused between one node and the bus",
            Self::HangBus => "nothing is carried between one node and the bus",
            Self::DelayBus => "everything takes longer between one node and the bus",
            Self::CutRedis => "connections reset and refused between one node and Redis",
            Self::HangRedis => "nothing is carried between one node and Redis",
            Self::DelayRedis => "everything takes longer between one node and Redis",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether there is such a thing where several nodes run, or where one does.
    pub fn fits(self, cluster: bool) -> bool {
        self.is_of_clients() || self.is_of_cluster() == cluster
    }

    fn is_of_cluster(self) -> bool {
        self.between().is_some()
            || matches!(
                self,
                Self::KillNode
                    | Self::PauseNode
                    | Self::Rolling
                    | Self::KillDatabase
                    | Self::PowerDatabase
                    | Self::KillRedis
                    | Self::KillNats
                    | Self::Flush
            )
    }

    /// What lies between a node and a service, and what is done to it.
    pub fn between(self) -> Option<(Service, Harm)> {
        Some(match self {
            Self::CutDatabase => (Service::Database, Harm::Cut),
            Self::HangDatabase => (Service::Database, Harm::Hang),
            Self::DelayDatabase => (Service::Database, Harm::Delay),
            Self::CutBus => (Service::Bus, Harm::Cut),
            Self::HangBus => (Service::Bus, Harm::Hang),
            Self::DelayBus => (Service::Bus, Harm::Delay),
            Self::CutRedis => (Service::Redis, Harm::Cut),
            Self::HangRedis => (Service::Redis, Harm::Hang),
            Self::DelayRedis => (Service::Redis, Harm::Delay),
            _ => return None,
        })
    }

    /// How long after it a message can be sent again, at the latest.
    pub fn recovers_within(self) -> Duration {
        Duration::from_secs(match (self, self.between()) {
            (_, Some((Service::Database, _))) | (Self::KillDatabase | Self::PowerDatabase, _) => 60,
            (_, Some(_)) | (Self::KillRedis | Self::KillNats | Self::Flush, _) => 10,
            (Self::KillNode | Self::PauseNode | Self::Rolling, _) => 30,
            _ => 20,
        })
    }

    /// Whether it is done from the outside alone, to any server.
    pub fn is_of_clients(self) -> bool {
        matches!(self, Self::Cut | Self::Slow | Self::Replay)
    }
}

/// What the nodes of a cluster share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Database,
    Bus,
    Redis,
}

/// What can be done to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    Cut,
    Hang,
    Delay,
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
            round.extend(kinds.iter().filter(|kind| matches!(kind, Kind::Kill | Kind::Power | Kind::KillNode | Kind::PowerDatabase)));
            dice.shuffle(&mut round);
        }
        let Some(kind) = round.pop() else { break };
        let lasts = Duration::from_millis(match kind {
            Kind::PauseNode if dice.chance(15) => dice.within(8_000, 30_000),
            kind if kind.between().is_some() => dice.within(2_000, 8_000),
            Kind::KillDatabase | Kind::KillRedis | Kind::KillNats => dice.within(200, 3_000),
            Kind::Pause if dice.chance(15) => dice.within(8_000, 20_000),
            Kind::Pause | Kind::PauseNode => dice.within(1_000, 5_000),
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
        let one: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.fits(false)).collect();
        for seed in 0..20 {
            let plan = plan(seed, &one, Duration::from_secs(600));
            assert!(plan.len() >= 50, "seed {seed}: {}", plan.len());
            assert!(one.iter().all(|kind| plan.iter().any(|fault| fault.kind == *kind)), "seed {seed}");
            assert!(plan.is_sorted_by_key(|fault| fault.at));
        }
    }

    #[test]
    fn a_cluster_has_faults_of_its_own_and_those_of_clients() {
        let of = |cluster: bool| -> Vec<Kind> { Kind::ALL.iter().copied().filter(|kind| kind.fits(cluster)).collect() };
        let (one, many) = (of(false), of(true));
        let both: Vec<Kind> = one.iter().copied().filter(|kind| many.contains(kind)).collect();
        assert_eq!(both, [Kind::Cut, Kind::Slow, Kind::Replay]);
        assert_eq!(one.len() + many.len() - both.len(), Kind::ALL.len());
        let plan = plan(3, &many, Duration::from_secs(600));
        assert!(many.iter().all(|kind| plan.iter().any(|fault| fault.kind == *kind)));
        assert!(plan.iter().all(|fault| fault.lasts <= Duration::from_secs(30)));
        assert!(plan.iter().filter(|fault| fault.kind.between().is_some()).all(|fault| fault.lasts >= Duration::from_secs(2)));
    }

    #[test]
    fn names_lead_back() {
        assert!(Kind::ALL.iter().all(|kind| Kind::named(kind.name()) == Some(*kind)));
    }
}

//! What is done to one of several nodes, to what they share, and to what lies between.

use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::sleep;

use super::{DRAINS_WITHIN, Nemesis, restart};
use crate::dice::Dice;
use crate::findings::Invariant;
use crate::plan::{Fault, Harm, Kind};
use crate::target::Trouble;
use crate::target::cluster::Cluster;
use crate::target::process::{Dressed, Process, go_on, stop};
use crate::target::proxy::Mode;
use crate::target::service::Service;

/// Between the restarts of two nodes.
const BETWEEN_NODES: Duration = Duration::from_millis(500);

impl Nemesis {
    pub(super) async fn trouble_cluster(&mut self, fault: Fault) -> Result<(), Trouble> {
        let mut dice = Dice::new(fault.dice, 0);
        let node = dice.below(self.cluster()?.nodes.len());
        match fault.kind {
            Kind::KillNode => block_in_place(|| restart(self.node(node)?, &Dressed::Plain)),
            Kind::PauseNode => self.pause_node(node, fault.lasts).await,
            Kind::Rolling => self.roll().await,
            Kind::KillDatabase => kill(&mut self.cluster()?.database, fault.lasts).await,
            Kind::KillRedis => kill(&mut self.cluster()?.redis, fault.lasts).await,
            Kind::KillNats => match &mut self.cluster()?.nats {
                Some(nats) => kill(nats, fault.lasts).await,
                None => Ok(()),
            },
            Kind::PowerDatabase => block_in_place(|| self.cut_power_of_database()),
            Kind::Flush => block_in_place(|| self.cluster()?.redis.flush()),
            _ => self.trouble_between(node, fault, &mut dice).await,
        }
    }

    fn cluster(&mut self) -> Result<&mut Cluster, Trouble> {
        self.target.cluster.as_mut().ok_or_else(|| Trouble("there is one server only".into()))
    }

    fn node(&mut self, node: usize) -> Result<&mut Process, Trouble> {
        self.told(format!("node{}", node + 1));
        self.cluster()?.nodes.get_mut(node).ok_or_else(|| Trouble("no such node".into()))
    }

    /// For the history: whom it hit.
    fn told(&mut self, note: String) {
        if let Some(struck) = self.struck.last_mut() {
            struck.note = note;
        }
    }

    async fn pause_node(&mut self, node: usize, lasts: Duration) -> Result<(), Trouble> {
        let pid = self.node(node)?.pid().ok_or_else(|| Trouble("the node is gone".into()))?;
        let stopped = stop(pid);
        sleep(lasts).await;
        go_on(pid);
        stopped
    }

    async fn roll(&mut self) -> Result<(), Trouble> {
        for node in 0..self.cluster()?.nodes.len() {
            let process = self.node(node)?;
            let orderly = block_in_place(|| process.terminate(DRAINS_WITHIN));
            let started = block_in_place(|| process.start(&Dressed::Plain));
            let otherwise = || format!("SIGTERM did not end node{} in order within 25 s", node + 1);
            self.world.findings.expect(Invariant::Process, orderly, otherwise);
            started?;
            sleep(BETWEEN_NODES).await;
        }
        Ok(())
    }

    /// All its processes are held first: whatever it has answered by then, it answered while there was power.
    fn cut_power_of_database(&mut self) -> Result<(), Trouble> {
        let cut = self.cluster()?.database.hold().and_then(|()| self.disk()?.cut_power());
        self.cluster()?.database.kill();
        self.disk()?.remount()?;
        self.cluster()?.database.start()?;
        cut
    }

    async fn trouble_between(&mut self, node: usize, fault: Fault, dice: &mut Dice) -> Result<(), Trouble> {
        let (service, harm) = fault.kind.between().ok_or_else(|| Trouble(format!("{} is not for a cluster", fault.kind)))?;
        let mode = match harm {
            Harm::Cut => Mode::Cut,
            Harm::Hang => Mode::Hang,
            Harm::Delay => Mode::Delay(Duration::from_millis(dice.within(20, 400))),
        };
        self.told(format!("node{}: {mode:?}", node + 1));
        self.cluster()?.between(node, service)?.set(mode);
        sleep(fault.lasts).await;
        self.cluster()?.between(node, service)?.set(Mode::Carry);
        Ok(())
    }
}

/// It stays away for a moment.
async fn kill(service: &mut Service, away: Duration) -> Result<(), Trouble> {
    block_in_place(|| service.kill());
    sleep(away).await;
    block_in_place(|| service.start())
}

//! Who does the harm: fault after fault, each followed by the proof that the server works again.

mod cluster;
mod nodes;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tertulia_domain::Code;
use tertulia_domain::ids::MessageId;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::chronicle::Struck;
use crate::client::Order;
use crate::dice::Dice;
use crate::findings::Invariant;
use crate::history::{History, Nanos, Outcome, Request, now};
use crate::plan::{Fault, Kind};
use crate::rest::{Failed, Rest};
use crate::target::Trouble;
use crate::target::cluster::Cluster;
use crate::target::disk::Disk;
use crate::target::process::{Dressed, Process, go_on, stop};
use crate::world::World;

/// After SIGTERM, a server ends within so long.
const DRAINS_WITHIN: Duration = Duration::from_secs(25);
/// Messages of a burst, per client.
const BURST: usize = 40;
const POLL: Duration = Duration::from_millis(50);
/// How long it is looked whether a server whose storage failed stays silent.
const SILENT_AT_LEAST: Duration = Duration::from_millis(800);
const HOUR_SECONDS: i64 = 3_600;

/// The server and what it stands on, as far as they are ours.
pub struct Target {
    pub process: Option<Process>,
    /// Several nodes instead.
    pub cluster: Option<Cluster>,
    pub disk: Option<Disk>,
    /// A server of somebody else's.
    pub pid: Option<rustix::process::Pid>,
    pub clock_library: Option<PathBuf>,
    pub folder: PathBuf,
}

pub struct Nemesis {
    world: Arc<World>,
    pub target: Target,
    orders: Vec<UnboundedSender<Order>>,
    /// What the probes sent.
    pub history: History,
    pub struck: Vec<Struck>,
    /// When the server's storage was known to have failed, until its end.
    pub silences: Vec<(Nanos, Nanos)>,
    pub failed_syncs: u64,
    probes: u64,
    rest: Rest,
}

impl Nemesis {
    pub fn new(world: Arc<World>, target: Target, orders: Vec<UnboundedSender<Order>>) -> Self {
        let rest = world.owner.clone();
        Self {
            history: History::new(rest.user),
            rest,
            world,
            target,
            orders,
            struck: Vec::new(),
            silences: Vec::new(),
            failed_syncs: 0,
            probes: 0,
        }
    }

    /// Does it, and waits until the server has recovered.
    pub async fn strike(&mut self, fault: Fault) -> Result<(), Trouble> {
        self.struck.push(Struck { kind: fault.kind, began: now(), ended: Nanos::MAX, note: String::new() });
        let done = if fault.kind.is_of_clients() {
            self.trouble_clients(fault).await;
            Ok(())
        } else {
            self.strike_server(fault).await
        };
        if let Some(struck) = self.struck.last_mut() {
            struck.ended = now();
        }
        done
    }

    async fn strike_server(&mut self, fault: Fault) -> Result<(), Trouble> {
        self.world.weather.worsen();
        let struck = self.trouble_server(fault).await;
        let limit = fault.kind.recovers_within();
        let recovered = self.probe_nodes(limit).await;
        self.world.weather.clear();
        let why = recovered.as_ref().err().cloned().unwrap_or_default();
        self.world.findings.expect(Invariant::Recovery, recovered.is_ok(), || {
            format!("{} s after {}, no message can be sent: {why}", limit.as_secs(), fault.kind)
        });
        struck
    }

    async fn trouble_clients(&mut self, fault: Fault) {
        let mut dice = Dice::new(fault.dice, 0);
        for (index, orders) in self.orders.iter().enumerate() {
            let order = match fault.kind {
                Kind::Cut if dice.chance(50) => Order::Cut { in_frame: dice.chance(50) },
                Kind::Slow if index < 2 || dice.chance(10) => Order::Pause(fault.lasts),
                Kind::Slow if dice.chance(40) => Order::Burst(BURST),
                Kind::Replay => Order::Replay(5),
                _ => continue,
            };
            orders.send(order).ok();
        }
        sleep(fault.lasts).await;
    }

    async fn trouble_server(&mut self, fault: Fault) -> Result<(), Trouble> {
        match fault.kind {
            Kind::Pause => self.pause(fault.lasts).await,
            Kind::Power => self.cut_power(),
            Kind::Full => self.fill(fault.lasts).await,
            Kind::Freeze => self.freeze(fault.lasts).await,
            Kind::Clock => self.jump(fault).await,
            Kind::Sync => self.fail_syncs(fault).await,
            Kind::Kill => self.kill(fault).await,
            Kind::Drain => self.drain(),
            Kind::Cut | Kind::Slow | Kind::Replay => Ok(()),
            _ => self.trouble_cluster(fault).await,
        }
    }

    fn process(&mut self) -> Result<&mut Process, Trouble> {
        self.target.process.as_mut().ok_or_else(|| Trouble("the server is not ours".into()))
    }

    fn disk(&self) -> Result<&Disk, Trouble> {
        self.target.disk.as_ref().ok_or_else(|| Trouble("there is no disk of our own".into()))
    }

    async fn pause(&mut self, lasts: Duration) -> Result<(), Trouble> {
        let pid = self.target.process.as_ref().and_then(Process::pid).or(self.target.pid);
        let pid = pid.ok_or_else(|| Trouble("which process?".into()))?;
        let stopped = stop(pid);
        sleep(lasts).await;
        go_on(pid);
        stopped
    }

    /// Every other time while the disk does not answer: what was acknowledged by then and is not there, was acknowledged
    /// too early.
    async fn kill(&mut self, fault: Fault) -> Result<(), Trouble> {
        let mut dice = Dice::new(fault.dice, 0);
        if self.target.disk.is_some() && dice.chance(50) {
            block_in_place(|| self.disk()?.freeze())?;
            sleep(Duration::from_millis(dice.within(100, 400))).await;
            // It ends when the disk lets it.
            self.process()?.strike();
            block_in_place(|| self.disk()?.thaw())?;
        }
        block_in_place(|| restart(self.process()?, &Dressed::Plain))
    }

    /// The server is held first: whatever it has answered by then, it answered while there was power.
    fn cut_power(&mut self) -> Result<(), Trouble> {
        let pid = self.process()?.pid().ok_or_else(|| Trouble("no server runs".into()))?;
        block_in_place(|| {
            stop(pid)?;
            self.disk()?.cut_power()?;
            self.process()?.kill();
            self.disk()?.remount()?;
            self.process()?.start(&Dressed::Plain)
        })
    }

    fn drain(&mut self) -> Result<(), Trouble> {
        let process = self.process()?;
        let orderly = block_in_place(|| process.terminate(DRAINS_WITHIN));
        let started = block_in_place(|| process.start(&Dressed::Plain));
        self.world.findings.expect(Invariant::Process, orderly, || "SIGTERM did not end the server in order within 25 s".into());
        started
    }

    /// While there is no room, sends are refused or stored, never lost; afterwards it recovers by itself.
    async fn fill(&mut self, lasts: Duration) -> Result<(), Trouble> {
        block_in_place(|| self.disk()?.fill())?;
        let end = Instant::now() + lasts;
        while Instant::now() < end {
            let refused = self.probe().await.err().and_then(|failed| failed.code());
            let honest = refused.is_none_or(|code| matches!(code, Code::Unavailable | Code::Internal | Code::Timeout));
            self.world.findings.expect(Invariant::Recovery, honest, || format!("with a full disk, a send was refused with {refused:?}"));
            sleep(Duration::from_millis(200)).await;
        }
        self.disk()?.free()
    }

    async fn freeze(&mut self, lasts: Duration) -> Result<(), Trouble> {
        block_in_place(|| self.disk()?.freeze())?;
        sleep(lasts).await;
        block_in_place(|| self.disk()?.thaw())
    }

    /// With a clock that can be moved, forth and back; then with the real one.
    async fn jump(&mut self, fault: Fault) -> Result<(), Trouble> {
        let library = self.target.clock_library.clone().ok_or_else(|| Trouble("libfaketime is missing".into()))?;
        let file = self.target.folder.join("clock");
        let mut dice = Dice::new(fault.dice, 0);
        std::fs::write(&file, "+0")?;
        let dressed = Dressed::Clock { library, file: file.clone() };
        block_in_place(|| restart(self.process()?, &dressed))?;
        for _ in 0..3 {
            let jumps = [HOUR_SECONDS, -HOUR_SECONDS, -48 * HOUR_SECONDS, 24 * 365 * HOUR_SECONDS, 5, -5];
            let jump = dice.pick(&jumps).copied().unwrap_or_default();
            std::fs::write(&file, format!("{jump:+}"))?;
            sleep(fault.lasts / 3).await;
        }
        block_in_place(|| restart(self.process()?, &Dressed::Plain))
    }

    /// A server whose syncs fail may refuse everything, or end; what it acknowledges must still be true.
    async fn fail_syncs(&mut self, fault: Fault) -> Result<(), Trouble> {
        let per_mille = Dice::new(fault.dice, 0).within(5, 100);
        let start = self.process()?.logged();
        // It may refuse to start like that, and is right to.
        if block_in_place(|| restart(self.process()?, &Dressed::FailingSync { per_mille })).is_ok() {
            self.outlast_failure(start, Instant::now() + fault.lasts).await?;
        }
        let process = self.process()?;
        process.kill();
        let failed = process.failures_from(start);
        self.failed_syncs += failed;
        if let Some(struck) = self.struck.last_mut() {
            struck.note = format!("{failed} syncs failed");
        }
        block_in_place(|| self.process()?.start(&Dressed::Plain))
    }

    /// From the moment when its storage has failed, nothing may be acknowledged.
    async fn outlast_failure(&mut self, start: u64, end: Instant) -> Result<(), Trouble> {
        while Instant::now() < end && self.process()?.failures_from(start) == 0 {
            sleep(POLL).await;
        }
        if self.process()?.failures_from(start) == 0 {
            return Ok(());
        }
        let failed = now();
        let until = end.max(Instant::now() + SILENT_AT_LEAST);
        while Instant::now() < until {
            self.probe().await.ok();
            sleep(POLL).await;
        }
        self.silences.push((failed, now()));
        Ok(())
    }

    /// One message of the owner's.
    async fn probe(&mut self) -> Result<(), Failed> {
        self.probes += 1;
        let text = format!("{}:probe:{}", self.world.seed, self.probes);
        self.send(MessageId(Uuid::now_v7()), text).await
    }

    async fn send(&mut self, message: MessageId, text: String) -> Result<(), Failed> {
        let Some(conversation) = self.world.places.first().map(|place| place.conversation) else { return Ok(()) };
        let body = json!({ "messageId": message, "content": { "type": "text", "text": text } });
        let entry = self.history.invoke(Request::Send { conversation, message, text });
        let answer = self.rest.post(&format!("conversations/{conversation}/messages"), body).await;
        let outcome = match &answer {
            Ok(body) => {
                Outcome::Ok { seq: body.get("seq").and_then(Value::as_u64), duplicate: body.get("duplicate") == Some(&Value::Bool(true)) }
            }
            Err(failed) => failed.code().map_or(Outcome::Unknown, Outcome::refused),
        };
        self.history.answer(entry, outcome);
        answer.map(drop)
    }

    /// Sends one message again and again until it is acknowledged.
    pub async fn probe_until(&mut self, within: Duration) -> Result<(), String> {
        self.probes += 1;
        let (message, text) = (MessageId(Uuid::now_v7()), format!("{}:probe:{}", self.world.seed, self.probes));
        let end = Instant::now() + within;
        loop {
            match self.send(message, text.clone()).await {
                Ok(()) => return Ok(()),
                Err(failed) if Instant::now() > end => return Err(failed.to_string()),
                Err(failed) => {
                    if matches!(failed.code(), Some(Code::TokenExpired | Code::TokenInvalid | Code::SessionRevoked)) {
                        self.rest.sign_in().await.ok();
                    }
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

fn restart(process: &mut Process, dressed: &Dressed) -> Result<(), Trouble> {
    process.kill();
    process.start(dressed)
}

//! Connections on which nothing happens: memory as a slope, before and after all were busy, and heartbeats.

use std::time::{Duration, Instant};

use tertulia_protocol::v1::{ClientFrame, Empty};

use crate::accounts::Accounts;
use crate::crowd::dials;
use crate::dialect::{self, Dialect};
use crate::ear::Ear;
use crate::engine::Engine;
use crate::fault::{Fault, Ran};
use crate::gather::{GENTLY, Gather};
use crate::limits::need_connections;
use crate::process::Process;
use crate::progress::Progress;
use crate::report::Report;
use crate::stamp::{RunClock, Stamp};
use crate::target::Target;

/// What is run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub target: Target,
    /// Where the slope begins and ends.
    pub from: usize,
    pub to: usize,
    /// After each step.
    pub settle: Duration,
    /// Heartbeats are measured for so long.
    pub lasting: Duration,
    pub server: Process,
}

const HEARTBEAT: Duration = Duration::from_secs(30);
/// Messages a second while all are busy.
const BUSY_RATE: f64 = 2_000.0;

pub fn run(plan: &Plan, accounts: &Accounts) -> Ran<Report> {
    if plan.from >= plan.to || accounts.people.len() < plan.to {
        let (to, have) = (plan.to, accounts.people.len());
        return Err(Fault::Usage(format!(
            "a slope to {to} needs as many accounts, and there are {have}: prepare with --users {to} --rooms {}x20 for 20 conversations each",
            to
        )));
    }
    let mut idle = Idle::open(plan, accounts)?;
    let resident = |what: &str| plan.server.resident().ok_or_else(|| Fault::Unavailable(format!("the server has ended: {what}")));
    let empty = resident("before")?;
    idle.connect_up_to(plan.from)?;
    // The store's caches fill when many conversations are busy, whoever is connected: that is no cost of a connection.
    idle.busy(accounts)?;
    let low = resident("connecting")?;
    idle.connect_up_to(plan.to)?;
    let high = resident("connecting")?;
    let gap = (plan.to - plan.from) as f64;
    let mut report = Report::new("idle");
    report
        .count("connections", "connections", plan.to as u64)
        .add("conversationsEach", "conversations of each", conversations(accounts, plan.to), "")
        .add("bytesPerConnection", "memory a connection, as a slope", (high as f64 - low as f64) / gap, "B")
        .add("rssEmptyMib", "memory without connections", empty as f64 / 1_048_576.0, "MiB")
        .add("rssMib", "memory with all", high as f64 / 1_048_576.0, "MiB");
    let cost = idle.heartbeats(plan)?;
    report.add("usPerConnectionSecond", "processor time a connection and second, with heartbeats", cost, "us/s");
    idle.busy(accounts)?;
    let after = resident("being busy")?;
    report.add("rssAfterBusyMib", "memory after all were busy", after as f64 / 1_048_576.0, "MiB");
    report.add("bytesPerConnectionAfterBusy", "memory a connection after that", (after as f64 - low as f64) / gap, "B");
    Ok(report)
}

/// On average.
fn conversations(accounts: &Accounts, people: usize) -> f64 {
    accounts.rooms.iter().flat_map(|room| &room.members).filter(|member| **member < people).count() as f64 / people as f64
}

struct Idle<'a> {
    plan: &'a Plan,
    target: Target,
    accounts: &'a Accounts,
    engine: Engine,
    ear: Ear,
    clock: RunClock,
    connected: usize,
}

impl<'a> Idle<'a> {
    fn open(plan: &'a Plan, accounts: &'a Accounts) -> Ran<Self> {
        need_connections(plan.to)?;
        let target = plan.target.clone().for_connections(plan.to)?;
        let clock = RunClock::start();
        let ear = Ear::new(plan.to, clock)?;
        Ok(Self { plan, target, accounts, engine: Engine::new(plan.to)?, ear, clock, connected: 0 })
    }

    /// The first so many; then nothing for a while.
    fn connect_up_to(&mut self, count: usize) -> Ran<()> {
        let people: Vec<usize> = (0..count).collect();
        let dials = dials(&self.target, self.accounts, &people)?;
        let gather = Gather::new(Dialect::Tertulia, &self.target, dials, GENTLY)?.already(self.connected);
        gather.run(&mut self.engine, &Progress::new("connecting"))?;
        self.connected = count;
        self.ear.listen_until(&mut self.engine, Instant::now() + self.plan.settle)
    }

    /// Everybody beats every 30 seconds, each at another moment; answers microseconds for a connection and second. A first
    /// round is not counted: after it nobody is silent.
    fn heartbeats(&mut self, plan: &Plan) -> Ran<f64> {
        self.beat("first heartbeats", plan.to, HEARTBEAT)?;
        let before = plan.server.usage();
        let began = Instant::now();
        self.beat("heartbeats", plan.to, plan.lasting)?;
        let used = before.zip(plan.server.usage()).map(|(before, after)| after.since(&before).exact());
        let used = used.ok_or_else(|| Fault::Unavailable("the server has ended".into()))?;
        Ok(used * 1e6 / plan.to as f64 / began.elapsed().as_secs_f64())
    }

    fn beat(&mut self, what: &'static str, connections: usize, lasting: Duration) -> Ran<()> {
        let beat = dialect::frame(&ClientFrame::Heartbeat(Empty {}), Some("1"));
        let progress = Progress::new(what);
        let began = Instant::now();
        let gap = HEARTBEAT.div_f64(connections as f64);
        let mut beats: u32 = 0;
        while began.elapsed() < lasting {
            self.ear.listen(&mut self.engine, began + gap * beats)?;
            self.ear.acked.clear();
            while began + gap * beats <= Instant::now() {
                self.engine.send(beats as usize % connections, beat.as_bytes());
                beats += 1;
            }
            progress.at(began.elapsed().as_secs(), lasting.as_secs());
        }
        Ok(())
    }

    /// One of those who are there speaks in every room; then nothing for a while.
    fn busy(&mut self, accounts: &Accounts) -> Ran<()> {
        let progress = Progress::new("everybody is busy");
        let began = Instant::now();
        let gap = Duration::from_secs_f64(1.0 / BUSY_RATE);
        for (number, room) in (0_u32..).zip(&accounts.rooms) {
            let Some(speaker) = room.members.iter().find(|member| **member < self.connected) else { continue };
            let stamp = Stamp { due_us: self.clock.micros(Instant::now()), stream: u32::MAX, number };
            self.engine.send(*speaker, dialect::send(room.id, &stamp.text(300), &number.to_string()).as_bytes());
            self.ear.listen_until(&mut self.engine, began + gap * number)?;
            progress.at(u64::from(number), accounts.rooms.len() as u64);
        }
        self.ear.listen_until(&mut self.engine, Instant::now() + self.plan.settle)
    }
}

//! Messages in: how many are stored, synced and acknowledged for a second of the server's processor time.

use std::time::{Duration, Instant};

use tertulia_domain::ConversationId;

use crate::accounts::Accounts;
use crate::crowd::connect;
use crate::dialect;
use crate::ear::Ear;
use crate::engine::Engine;
use crate::fault::{Fault, Ran};
use crate::process::Process;
use crate::progress::Progress;
use crate::report::Report;
use crate::stamp::{RunClock, Stamp};
use crate::target::Target;

/// What is run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub target: Target,
    pub connections: usize,
    pub conversations: usize,
    /// Messages of each connection that wait for their ack.
    pub outstanding: usize,
    pub lasting: Duration,
    pub size: usize,
    pub server: Option<Process>,
}

const WARM_UP: Duration = Duration::from_secs(1);
/// Frames under way over all connections; their ids are told apart by it.
const UNDER_WAY_MAX: usize = 1 << 16;

pub fn run(plan: &Plan, accounts: &Accounts) -> Ran<Report> {
    if plan.connections * plan.outstanding > UNDER_WAY_MAX {
        return Err(Fault::Usage(format!("at most {UNDER_WAY_MAX} messages may be under way")));
    }
    let mut writers = Writers::new(plan, accounts)?;
    let people: Vec<usize> = (0..plan.connections).collect();
    let mut engine = connect(&plan.target, accounts, &people)?;
    writers.start(&mut engine);
    writers.load(&mut engine, WARM_UP, "warming up")?;
    writers.ear.begin();
    let usage = || (plan.server.and_then(Process::usage), Process::own().usage());
    let (before, began) = (usage(), Instant::now());
    writers.load(&mut engine, plan.lasting, "measuring")?;
    let (after, wall) = (usage(), began.elapsed().as_secs_f64());
    let acked = writers.ear.acks.len();
    let mut report = Report::new("ingest");
    report
        .count("connections", "connections", plan.connections as u64)
        .count("conversations", "conversations", plan.conversations as u64)
        .count("outstanding", "under way on each connection", plan.outstanding as u64)
        .count("payloadBytes", "bytes of text", plan.size as u64)
        .add("seconds", "measured for", wall, "s")
        .count("acked", "stored, synced and acknowledged", acked)
        .add("ackedPerSecond", "acknowledged a second", acked as f64 / wall, "/s")
        .times("ack", "from sent to acknowledged", &writers.ear.acks);
    if let (Some(before), Some(after)) = (before.0, after.0) {
        let used = after.since(&before);
        report.add("serverCpuSeconds", "server's processor time", used.seconds, "s");
        report.add("ackedPerCpuSecond", "acknowledged a second of the server's processor time", acked as f64 / used.seconds, "/s");
        report.add("usPerMessage", "server's processor time a message", used.seconds * 1e6 / acked.max(1) as f64, "us");
        report.threads(&used).memory(plan.server);
    }
    if let (Some(before), Some(after)) = (before.1, after.1) {
        report.own_cost(&after.since(&before), wall, None);
    }
    Ok(report)
}

struct Writers<'a> {
    plan: &'a Plan,
    ear: Ear,
    /// Where each connection writes, in turn.
    places: Vec<Vec<ConversationId>>,
    clock: RunClock,
    next: u32,
}

impl<'a> Writers<'a> {
    fn new(plan: &'a Plan, accounts: &Accounts) -> Ran<Self> {
        let mut places = vec![Vec::new(); plan.connections];
        // Each conversation is written to by one of its members who are connected.
        let mut used = 0;
        for room in &accounts.rooms {
            let writers = room.members.iter().filter(|member| **member < plan.connections);
            let least = writers.min_by_key(|member| places.get(**member).map_or(usize::MAX, Vec::len));
            if let Some(places) = least.and_then(|member| places.get_mut(*member))
                && used < plan.conversations
            {
                places.push(room.id);
                used += 1;
            }
        }
        if used < plan.conversations || places.iter().any(Vec::is_empty) {
            let (connections, conversations) = (plan.connections, plan.conversations);
            return Err(Fault::Usage(format!(
                "not enough conversations among these accounts: prepare with --users {connections} --rooms {conversations}x2"
            )));
        }
        let clock = RunClock::start();
        Ok(Self { plan, ear: Ear::new(plan.connections, clock)?, places, clock, next: 0 })
    }

    fn start(&mut self, engine: &mut Engine) {
        for line in 0..self.plan.connections {
            (0..self.plan.outstanding).for_each(|_| self.write(engine, line));
        }
    }

    fn write(&mut self, engine: &mut Engine, line: usize) {
        let Some(places) = self.places.get_mut(line) else { return };
        places.rotate_left(1);
        let Some(place) = places.first() else { return };
        let stamp = Stamp { due_us: self.clock.micros(Instant::now()), stream: u32::MAX, number: self.next };
        self.ear.sending(self.next);
        engine.send(line, dialect::send(*place, &stamp.text(self.plan.size), &self.next.to_string()).as_bytes());
        self.next += 1;
    }

    /// Writes again wherever an ack has come.
    fn load(&mut self, engine: &mut Engine, lasting: Duration, doing: &'static str) -> Ran<()> {
        let progress = Progress::new(doing);
        let began = Instant::now();
        let end = began + lasting;
        let mut heard = Instant::now();
        while Instant::now() < end {
            self.ear.listen(engine, (Instant::now() + Duration::from_secs(1)).min(end))?;
            let acked = std::mem::take(&mut self.ear.acked);
            if !acked.is_empty() {
                heard = Instant::now();
            } else if heard.elapsed() > Duration::from_secs(15) {
                return Err(Fault::Unavailable("no ack for 15 seconds".into()));
            }
            acked.into_iter().for_each(|(line, _)| self.write(engine, line));
            progress.at(began.elapsed().as_secs(), lasting.as_secs());
        }
        Ok(())
    }
}

//! Everybody has missed something, and asks for it at the same moment.

use std::time::{Duration, Instant};

use tertulia_protocol::v1::{ClientFrame, SyncPosition, SyncRequest};

use crate::accounts::Accounts;
use crate::crowd::Crowd;
use crate::dialect::{self, Acked};
use crate::ear::Ear;
use crate::engine::{Ending, Engine, Sink};
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
    /// Conversations, and how many people are in each; each of them asks.
    pub rooms: usize,
    pub members: usize,
    /// Messages of each conversation that its members lack.
    pub missed: u32,
    pub size: usize,
    pub server: Option<Process>,
}

/// Writers' messages under way, over all rooms.
const OUTSTANDING: usize = 512;
const PATIENCE: Duration = Duration::from_secs(120);
const SYNC_ID: u32 = 1;

pub fn run(plan: &Plan, accounts: &Accounts) -> Ran<Report> {
    let crowd = Crowd::in_rooms(accounts, plan.rooms, plan.members)?;
    if crowd.people.len() != plan.rooms * plan.members {
        return Err(Fault::Usage("each client is to be in one of the conversations: prepare with as many users as seats".into()));
    }
    let mut engine = crowd.connect(&plan.target)?;
    let mut ear = Ear::new(crowd.people.len(), RunClock::start())?;
    let first_missed = write(plan, &crowd, &mut engine, &mut ear)?;
    ear.listen_until(&mut engine, Instant::now() + Duration::from_secs(2))?;
    ear.begin();
    let mut answers = Answers { ear, answered: 0, messages: 0 };
    let usage = || (plan.server.and_then(Process::usage), Process::own().usage());
    let (before, totals, began) = (usage(), engine.totals(), Instant::now());
    ask(&crowd, &first_missed, &mut engine);
    answers.ear.sending(SYNC_ID);
    let mut took = crate::fans::times()?;
    let progress = Progress::new("syncing");
    while answers.answered < crowd.people.len() {
        if began.elapsed() > PATIENCE {
            return Err(Fault::Unavailable(format!("{} of {} syncs answered within {PATIENCE:?}", answers.answered, crowd.people.len())));
        }
        let already = answers.answered;
        engine.turn(Instant::now() + Duration::from_millis(500), &mut answers)?;
        answers.ear.check()?;
        let now = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        took.saturating_record_n(now, (answers.answered - already) as u64);
        progress.at(answers.answered as u64, crowd.people.len() as u64);
    }
    let (after, wall, received) = (usage(), began.elapsed().as_secs_f64(), engine.totals() - totals);
    let expected = crowd.people.len() as u64 * u64::from(plan.missed);
    let mut report = Report::new("sync");
    report
        .count("clients", "clients that asked at once", crowd.people.len() as u64)
        .count("missed", "messages that each had missed", plan.missed.into())
        .count("messages", "messages answered", answers.messages)
        .add("seconds", "until all had their answer", wall, "s")
        .times("answer", "from asked to answered", &took)
        .add("megabytes", "answered in all", received.bytes as f64 / 1e6, "MB");
    if let (Some(before), Some(after)) = (before.0, after.0) {
        let used = after.since(&before);
        report.add("serverCpuSeconds", "server's processor time", used.seconds, "s");
        report.add("usPerClient", "server's processor time a client", used.seconds * 1e6 / crowd.people.len() as f64, "us");
        report.threads(&used).memory(plan.server);
    }
    if let (Some(before), Some(after)) = (before.1, after.1) {
        report.own_cost(&after.since(&before), wall, None);
    }
    if answers.messages < expected {
        report.warn(format!("{} messages were not in the answers", expected - answers.messages));
    }
    Ok(report)
}

/// Writes what will have been missed; answers the `seq` before it, by room.
fn write(plan: &Plan, crowd: &Crowd<'_>, engine: &mut Engine, ear: &mut Ear) -> Ran<Vec<u64>> {
    let progress = Progress::new("writing");
    let total = plan.rooms as u32 * plan.missed;
    let (mut sent, mut acked): (u32, u32) = (0, 0);
    while acked < total {
        while sent < total && ((sent - acked) as usize) < OUTSTANDING {
            if let Some(room) = crowd.rooms.get(sent as usize % plan.rooms)
                && let Some(writer) = room.members.first()
            {
                let stamp = Stamp { due_us: 0, stream: u32::MAX, number: sent };
                engine.send(crowd.line(*writer), dialect::send(room.id, &stamp.text(plan.size), &sent.to_string()).as_bytes());
            }
            sent += 1;
        }
        ear.listen(engine, Instant::now() + Duration::from_secs(1))?;
        acked += u32::try_from(ear.acked.drain(..).count()).unwrap_or_default();
        progress.at(acked.into(), total.into());
    }
    // Whoever is in a room joined it by an event of its own.
    Ok(vec![plan.members as u64; plan.rooms])
}

fn ask(crowd: &Crowd<'_>, after: &[u64], engine: &mut Engine) {
    for (room, last_seq) in crowd.rooms.iter().zip(after) {
        let position = SyncPosition { conversation_id: room.id, last_seq: *last_seq, epoch: None };
        let request = SyncRequest { conversations: vec![position], limit: None };
        let frame = dialect::frame(&ClientFrame::SyncRequest(request), Some(&SYNC_ID.to_string()));
        for member in &room.members {
            engine.send(crowd.line(*member), frame.as_bytes());
        }
    }
}

/// Counts what the answers hold.
struct Answers {
    ear: Ear,
    answered: usize,
    messages: u64,
}

impl Sink for Answers {
    fn opened(&mut self, _line: usize) {}

    fn text(&mut self, line: usize, text: &[u8]) {
        match dialect::ack(text) {
            Some(Acked::Ok(SYNC_ID)) => {
                self.answered += 1;
                self.messages += text.windows(2).filter(|pair| pair == b"~~").count() as u64;
            }
            _ => self.ear.text(line, text),
        }
    }

    fn closed(&mut self, line: usize, ending: Ending) {
        self.ear.lost_line(line, &ending);
    }
}

//! What people do: one message to four of typing, reading and presence, in rooms of fifty. Against a peer the same is said,
//! and relayed to the whole room as it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tertulia_domain::ConversationId;
use tertulia_domain::presence::Status;
use tertulia_protocol::v1::{ClientFrame, Mark, PresenceUpdate, Typing, UserIds};

use crate::accounts::{Accounts, Room};
use crate::crowd::Crowd;
use crate::dialect::{self, Dialect};
use crate::ear::Ear;
use crate::engine::{Ending, Engine, Sink};
use crate::fans::times;
use crate::fault::Ran;
use crate::gather::{Dial, GENTLY, Gather};
use crate::limits::need_connections;
use crate::pace::Pace;
use crate::process::Process;
use crate::progress::Progress;
use crate::report::Report;
use crate::stamp::{RunClock, Stamp};
use crate::target::Target;

/// What is run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub target: Target,
    pub rooms: usize,
    pub members: usize,
    /// Events a second over all rooms, a fifth of them messages.
    pub rate: f64,
    pub lasting: Duration,
    pub size: usize,
    pub server: Option<Process>,
}

/// A room, and the lines of who is in it.
struct Hall {
    id: ConversationId,
    lines: Vec<usize>,
}

const WARM_UP: Duration = Duration::from_secs(2);
/// What was sent last may take so long.
const SETTLE: Duration = Duration::from_secs(3);

pub fn run(plan: &Plan, accounts: &Accounts) -> Ran<Report> {
    let crowd = Crowd::in_rooms(accounts, plan.rooms, plan.members)?;
    let mut engine = crowd.connect(&plan.target)?;
    watch(&crowd, accounts, &mut engine)?;
    let lines = |room: &&Room| room.members.iter().map(|member| crowd.line(*member)).collect();
    let halls: Vec<Hall> = crowd.rooms.iter().map(|room| Hall { id: room.id, lines: lines(room) }).collect();
    measure(plan, Dialect::Tertulia, &halls, &mut engine)
}

/// Runs it against a peer: everybody is in one room.
pub fn run_peer(plan: &Plan, dialect: Dialect) -> Ran<Report> {
    let count = plan.rooms * plan.members;
    need_connections(count)?;
    let target = plan.target.clone().for_connections(count)?;
    let mut engine = Engine::new(count)?;
    let dial = |line: usize| Dial { from: target.source(line), request: dialect.upgrade_to_room(&target, line / plan.members, true) };
    Gather::new(dialect, &target, (0..count).map(dial).collect(), GENTLY)?.run(&mut engine, &Progress::new("connecting"))?;
    let hall = |place: usize| Hall {
        id: ConversationId(uuid::Uuid::now_v7()),
        lines: (place * plan.members..(place + 1) * plan.members).collect(),
    };
    let halls: Vec<Hall> = (0..plan.rooms).map(hall).collect();
    measure(plan, dialect, &halls, &mut engine)
}

fn measure(plan: &Plan, dialect: Dialect, halls: &[Hall], engine: &mut Engine) -> Ran<Report> {
    let clock = RunClock::start();
    let connections = 1 + halls.iter().flat_map(|hall| &hall.lines).max().copied().unwrap_or_default();
    let mut ear = Ear::new(connections, clock)?;
    for (stream, hall) in (0..).zip(halls) {
        hall.lines.iter().for_each(|line| ear.fans.expect(*line, stream));
    }
    let counts = Counts { dialect, ear, by_type: BTreeMap::new(), replies: Vec::new() };
    let mut mix = Mix { plan, halls, clock, counts, numbers: vec![0; plan.rooms], next: 0, lag: times()? };
    mix.load(engine, WARM_UP.min(plan.lasting), "warming up")?;
    mix.counts.ear.begin();
    mix.counts.by_type.clear();
    mix.lag.reset();
    let usage = || (plan.server.and_then(Process::usage), Process::own().usage());
    let (before, began, first, totals) = (usage(), Instant::now(), mix.next, engine.totals());
    mix.load(engine, plan.lasting, "measuring")?;
    let (after, wall, received) = (usage(), began.elapsed().as_secs_f64(), engine.totals() - totals);
    let Counts { ear, by_type, .. } = &mix.counts;
    let events: u64 = by_type.iter().filter(|(kind, _)| !NOT_SENT_BY_ANYBODY.contains(&kind.as_str())).map(|(_, count)| count).sum();
    let lost = ear.fans.lost(|stream| mix.numbers.get(stream as usize).copied().unwrap_or_default());
    let each = events.max(1) as f64;
    let mut report = Report::new("mix");
    report
        .count("connections", "connections", connections as u64)
        .count("members", "members of each room", plan.members as u64)
        .add("seconds", "measured for", wall, "s")
        .count("sent", "events sent, a fifth of them messages", u64::from(mix.next - first))
        .count("events", "events delivered", events)
        .count("deliveries", "messages among them", ear.fans.deliveries)
        .count("lost", "messages lost", lost)
        .add("bytesPerEvent", "bytes on the wire an event", received.bytes as f64 / each, "B")
        .add("receivesPerEvent", "receive calls an event", received.receives as f64 / each, "")
        .times("latency", "messages, from due to received", &ear.fans.latency);
    for (kind, count) in by_type {
        report.count(&format!("frames.{kind}"), &format!("frames of {kind}"), *count);
    }
    if let (Some(before), Some(after)) = (before.0, after.0) {
        let used = after.since(&before);
        report.add("serverCpuSeconds", "server's processor time", used.seconds, "s");
        report.add("usPerEvent", "server's processor time an event delivered", used.seconds * 1e6 / each, "us");
        report.add(
            "usPerEventSent",
            "server's processor time an event sent",
            used.seconds * 1e6 / f64::from((mix.next - first).max(1)),
            "us",
        );
        report.threads(&used).memory(plan.server);
    }
    if let (Some(before), Some(after)) = (before.1, after.1) {
        report.own_cost(&after.since(&before), wall, Some(&mix.lag));
    }
    Ok(report)
}

/// Answers, and what the server tells each for themselves.
const NOT_SENT_BY_ANYBODY: [&str; 2] = ["ack", "notification.badge"];

/// Everybody watches who is there in their room.
fn watch(crowd: &Crowd<'_>, accounts: &Accounts, engine: &mut Engine) -> Ran<()> {
    for room in &crowd.rooms {
        let user_ids = room.members.iter().map(|member| Ok(accounts.person(*member)?.id)).collect::<Ran<_>>()?;
        let frame = dialect::frame(&ClientFrame::PresenceSubscribe(UserIds { user_ids }), None);
        room.members.iter().for_each(|member| engine.send(crowd.line(*member), frame.as_bytes()));
    }
    Ok(())
}

/// What arrived, by type.
struct Counts {
    dialect: Dialect,
    ear: Ear,
    by_type: BTreeMap<String, u64>,
    /// What peers want answered to stay connected.
    replies: Vec<(usize, &'static [u8])>,
}

impl Counts {
    /// A peer relays frames as they are said; which they are is not looked at.
    fn kind<'a>(&self, text: &'a [u8]) -> &'a str {
        if self.dialect != Dialect::Tertulia {
            return "event";
        }
        let kind = text.strip_prefix(b"{\"type\":\"").and_then(|rest| rest.split(|byte| *byte == b'"').next());
        std::str::from_utf8(kind.unwrap_or_default()).unwrap_or_default()
    }
}

impl Sink for Counts {
    fn opened(&mut self, _line: usize) {}

    fn text(&mut self, line: usize, text: &[u8]) {
        if let Some(reply) = self.dialect.keepalive(text) {
            self.replies.push((line, reply));
            return;
        }
        let kind = self.kind(text);
        match self.by_type.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(self.by_type.insert(kind.to_owned(), 1)),
        }
        self.ear.hear(line, text);
    }

    fn closed(&mut self, line: usize, ending: Ending) {
        self.ear.lost_line(line, &ending);
    }
}

struct Mix<'a> {
    plan: &'a Plan,
    halls: &'a [Hall],
    clock: RunClock,
    counts: Counts,
    /// Of each room's next message.
    numbers: Vec<u32>,
    /// Events so far.
    next: u32,
    lag: Histogram<u64>,
}

impl Mix<'_> {
    fn load(&mut self, engine: &mut Engine, lasting: Duration, doing: &'static str) -> Ran<()> {
        let progress = Progress::new(doing);
        let mut pace = Pace::new(Instant::now(), self.plan.rate, 1, lasting);
        while let Some(next) = pace.next_at() {
            self.listen(engine, next)?;
            while let Some((number, due)) = pace.due(Instant::now()) {
                self.lag.saturating_record(u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX));
                self.act(engine, due);
                progress.at(number + 1, pace.total());
            }
        }
        let settled = Instant::now() + SETTLE;
        while Instant::now() < settled {
            self.listen(engine, settled)?;
        }
        Ok(())
    }

    fn listen(&mut self, engine: &mut Engine, until: Instant) -> Ran<()> {
        engine.turn(until, &mut self.counts)?;
        for (line, reply) in self.counts.replies.drain(..) {
            engine.send(line, reply);
        }
        self.counts.ear.acked.clear();
        self.counts.ear.check()
    }

    /// Five in a row in one room, by different people: typing, a message, two who read it, one who goes away or returns.
    fn act(&mut self, engine: &mut Engine, due: Instant) {
        let (round, step) = (self.next as usize / 5, self.next % 5);
        let place = round % self.plan.rooms;
        self.next += 1;
        let Some(hall) = self.halls.get(place) else { return };
        let visit = round / self.plan.rooms;
        let of = |nth: usize| hall.lines.get(nth % hall.lines.len()).copied();
        let (line, frame) = match step {
            0 => (of(0), typing(hall)),
            1 => (of(0), self.message(hall, place, due)),
            2 => (of(1 + 2 * visit), self.read(hall, place)),
            3 => (of(2 + 2 * visit), self.read(hall, place)),
            _ => (of(1 + visit), presence(visit)),
        };
        if let Some(line) = line {
            engine.send(line, self.counts.dialect.relayed(frame).as_bytes());
        }
    }

    fn message(&mut self, hall: &Hall, place: usize, due: Instant) -> String {
        let Some(number) = self.numbers.get_mut(place) else { return String::new() };
        let stamp = Stamp { due_us: self.clock.micros(due), stream: u32::try_from(place).unwrap_or_default(), number: *number };
        *number += 1;
        self.counts.ear.sending(self.next);
        dialect::send(hall.id, &stamp.text(self.plan.size), &self.next.to_string())
    }

    /// All that there is so far: those who joined, then the messages.
    fn read(&self, hall: &Hall, place: usize) -> String {
        let messages = self.numbers.get(place).copied().unwrap_or_default();
        let mark = Mark { conversation_id: hall.id, seq: self.plan.members as u64 + u64::from(messages) };
        dialect::frame(&ClientFrame::ReceiptRead(mark), None)
    }
}

fn typing(hall: &Hall) -> String {
    dialect::frame(&ClientFrame::TypingStart(Typing { conversation_id: hall.id, thread_root: None }), None)
}

fn presence(visit: usize) -> String {
    let status = if visit.is_multiple_of(2) { Status::Away } else { Status::Online };
    dialect::frame(&ClientFrame::PresenceUpdate(PresenceUpdate { status, text: None, emoji: None, until: None }), None)
}

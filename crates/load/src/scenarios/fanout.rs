//! One conversation, everybody in it connected: what a delivery costs, and how long it takes.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tertulia_domain::ConversationId;
use tertulia_protocol::v1::{ClientFrame, Focus};

use crate::accounts::Accounts;
use crate::dialect::{self, Dialect};
use crate::ear::Ear;
use crate::engine::{Ending, Engine, Sink, Totals};
use crate::fans::times;
use crate::fault::{Fault, Ran};
use crate::gather::{Dial, GENTLY, Gather};
use crate::limits::need_connections;
use crate::pace::Pace;
use crate::process::Process;
use crate::progress::Progress;
use crate::report::Report;
use crate::stamp::{RunClock, Stamp};
use crate::target::Target;

/// When the next message is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// On a schedule: so many a second, in bursts of so many.
    Paced { rate: f64, burst: u32 },
    /// So many under way; the next when one has reached everybody.
    Outstanding(u32),
}

/// What is run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub target: Target,
    pub dialect: Dialect,
    pub members: usize,
    pub load: Load,
    pub lasting: Duration,
    /// Bytes of text.
    pub size: usize,
    pub server: Option<Process>,
}

/// How long the load runs before it counts.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long the last message may take.
const GRACE: Duration = Duration::from_secs(20);
/// Past this, the rest of a connected crowd's cost is not the load's.
const IDLE: Duration = Duration::from_secs(1);

/// Runs it against Tertulia.
pub fn run(plan: &Plan, accounts: &Accounts) -> Ran<Report> {
    let room = accounts.room_of(plan.members)?;
    let mut requests = Vec::with_capacity(plan.members);
    for member in room.members.iter().take(plan.members) {
        requests.push(dialect::upgrade_as(&plan.target, &accounts.person(*member)?.access_token, None));
    }
    measure(plan, requests, room.id, 0)
}

/// Runs it against a reference or a peer: all in room 0, the publisher on a connection of its own.
pub fn run_peer(plan: &Plan) -> Ran<Report> {
    let mut requests: Vec<_> = (0..plan.members).map(|_| plan.dialect.upgrade_to_room(&plan.target, 0, true)).collect();
    requests.push(plan.dialect.upgrade_to_room(&plan.target, 0, false));
    measure(plan, requests, ConversationId(uuid::Uuid::nil()), plan.members)
}

/// `requests`: one for each connection, the first `plan.members` of which listen. `publisher`: which one speaks.
fn measure(plan: &Plan, requests: Vec<Vec<u8>>, room: ConversationId, publisher: usize) -> Ran<Report> {
    let count = requests.len();
    need_connections(count)?;
    let target = plan.target.clone().for_connections(count)?;
    let mut engine = Engine::new(count)?;
    let dials = requests.into_iter().enumerate().map(|(n, request)| Dial { from: target.source(n), request }).collect();
    Gather::new(plan.dialect, &target, dials, GENTLY)?.run(&mut engine, &Progress::new("connecting"))?;
    let mut fan_out = FanOut::new(plan, room, publisher)?;
    fan_out.focus(&mut engine)?;
    let idle = fan_out.idle(&mut engine)?;
    fan_out.load(&mut engine, WARM_UP.min(plan.lasting), "warming up")?;
    fan_out.begin(&engine);
    let (before, own_before, began) = (fan_out.usage(), Process::own().usage(), Instant::now());
    fan_out.load(&mut engine, plan.lasting, "measuring")?;
    let wall = began.elapsed();
    let mut report = fan_out.report(&engine, wall);
    if let (Some(before), Some(after)) = (before, fan_out.usage()) {
        let used = after.since(&before);
        let seconds = used.seconds - idle * wall.as_secs_f64();
        report.add("serverCpuSeconds", "server's processor time, idle part taken off", seconds, "s");
        report.add("serverIdleShare", "of a core, connected but idle", idle * 100.0, "%");
        report.add(
            "usPerDelivery",
            "server's processor time a delivery",
            seconds * 1e6 / fan_out.state.ear.fans.deliveries.max(1) as f64,
            "us",
        );
        report.threads(&used).memory(plan.server);
    }
    if let (Some(before), Some(after)) = (own_before, Process::own().usage()) {
        let paced = matches!(plan.load, Load::Paced { .. });
        report.own_cost(&after.since(&before), wall.as_secs_f64(), paced.then_some(&fan_out.lag));
    }
    Ok(report)
}

struct FanOut<'a> {
    plan: &'a Plan,
    room: ConversationId,
    publisher: usize,
    clock: RunClock,
    state: State,
    /// Of the next message.
    number: u32,
    /// The first that counts.
    first: u32,
    lag: Histogram<u64>,
    totals: Totals,
}

/// What arriving frames change.
struct State {
    dialect: Dialect,
    members: usize,
    ear: Ear,
    /// How many have message n, for those under way.
    reached: Vec<u32>,
    /// Messages that everybody has.
    complete: u32,
    focused: usize,
    replies: Vec<(usize, &'static [u8])>,
}

/// Messages under way at most.
const WINDOW: usize = 1 << 14;
const FOCUS_ID: u32 = u32::MAX - 1;

impl Sink for State {
    fn opened(&mut self, _line: usize) {}

    fn text(&mut self, line: usize, text: &[u8]) {
        if let Some(stamp) = self.ear.hear(line, text) {
            self.arrived(stamp.number);
            return;
        }
        let focused = self.ear.acked.drain(..).filter(|(_, id)| *id == FOCUS_ID).count();
        self.focused += focused;
        self.replies.extend(self.dialect.keepalive(text).map(|reply| (line, reply)));
    }

    fn closed(&mut self, line: usize, ending: Ending) {
        self.ear.lost_line(line, &ending);
    }
}

impl State {
    fn arrived(&mut self, number: u32) {
        if let Some(reached) = self.reached.get_mut(number as usize % WINDOW) {
            *reached += 1;
        }
        let everybody = u32::try_from(self.members).unwrap_or(u32::MAX);
        while let Some(reached) = self.reached.get_mut(self.complete as usize % WINDOW)
            && *reached >= everybody
        {
            *reached = 0;
            self.complete += 1;
        }
    }
}

impl<'a> FanOut<'a> {
    fn new(plan: &'a Plan, room: ConversationId, publisher: usize) -> Ran<Self> {
        let clock = RunClock::start();
        let mut ear = Ear::new(plan.members, clock)?;
        (0..plan.members).for_each(|member| ear.fans.expect(member, 0));
        let state = State {
            dialect: plan.dialect,
            members: plan.members,
            ear,
            reached: vec![0; WINDOW],
            complete: 0,
            focused: 0,
            replies: Vec::new(),
        };
        Ok(Self { plan, room, publisher, clock, state, number: 0, first: 0, lag: times()?, totals: Totals::default() })
    }

    fn usage(&self) -> Option<crate::process::Usage> {
        self.plan.server.and_then(Process::usage)
    }

    fn turn(&mut self, engine: &mut Engine, until: Instant) -> Ran<()> {
        engine.turn(until, &mut self.state)?;
        for (line, reply) in self.state.replies.drain(..) {
            engine.send(line, reply);
        }
        self.state.ear.check()
    }

    /// Large conversations are pushed in full only to those who look at them.
    fn focus(&mut self, engine: &mut Engine) -> Ran<()> {
        if self.plan.dialect != Dialect::Tertulia {
            return Ok(());
        }
        let focus = ClientFrame::ConversationFocus(Focus { conversation_id: Some(self.room) });
        let frame = dialect::frame(&focus, Some(&FOCUS_ID.to_string()));
        (0..self.plan.members).for_each(|line| engine.send(line, frame.as_bytes()));
        let end = Instant::now() + GRACE;
        while self.state.focused < self.plan.members {
            if Instant::now() > end {
                return Err(Fault::Unavailable(format!("conversation.focus was not acknowledged within {GRACE:?}")));
            }
            self.turn(engine, end)?;
        }
        Ok(())
    }

    /// The share of a core that the server uses when nothing happens.
    fn idle(&mut self, engine: &mut Engine) -> Ran<f64> {
        let settled = Instant::now() + IDLE;
        while Instant::now() < settled {
            self.turn(engine, settled)?;
        }
        let before = self.usage();
        let began = Instant::now();
        while began.elapsed() < IDLE {
            self.turn(engine, began + IDLE)?;
        }
        let used = before.zip(self.usage()).map(|(before, after)| after.since(&before).exact());
        Ok(used.unwrap_or_default().max(0.0) / began.elapsed().as_secs_f64())
    }

    fn begin(&mut self, engine: &Engine) {
        self.state.ear.begin();
        self.lag.reset();
        self.first = self.number;
        self.totals = engine.totals();
    }

    /// Sends as planned, then waits until all that was sent has arrived.
    fn load(&mut self, engine: &mut Engine, lasting: Duration, doing: &'static str) -> Ran<()> {
        let progress = Progress::new(doing);
        let began = Instant::now();
        match self.plan.load {
            Load::Paced { rate, burst } => self.paced(engine, Pace::new(began, rate, burst, lasting), &progress)?,
            Load::Outstanding(window) => self.closed(engine, window, began + lasting, &progress)?,
        }
        let end = Instant::now() + GRACE;
        while self.state.complete < self.number && Instant::now() < end {
            self.turn(engine, (Instant::now() + Duration::from_millis(100)).min(end))?;
        }
        Ok(())
    }

    fn paced(&mut self, engine: &mut Engine, mut pace: Pace, progress: &Progress) -> Ran<()> {
        while let Some(next) = pace.next_at() {
            self.turn(engine, next)?;
            while let Some((number, due)) = pace.due(Instant::now()) {
                self.lag.saturating_record(u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX));
                self.publish(engine, due);
                progress.at(number + 1, pace.total());
            }
        }
        Ok(())
    }

    fn closed(&mut self, engine: &mut Engine, window: u32, end: Instant, progress: &Progress) -> Ran<()> {
        while Instant::now() < end {
            while self.number - self.state.complete < window {
                self.publish(engine, Instant::now());
            }
            self.turn(engine, end)?;
            progress.at(u64::from(self.state.complete), u64::from(self.number));
        }
        Ok(())
    }

    fn publish(&mut self, engine: &mut Engine, due: Instant) {
        let stamp = Stamp { due_us: self.clock.micros(due), stream: 0, number: self.number };
        self.state.ear.sending(self.number);
        engine.send(self.publisher, self.plan.dialect.publish(self.room, stamp, self.plan.size).as_bytes());
        self.number += 1;
    }

    fn report(&self, engine: &Engine, wall: Duration) -> Report {
        let Ear { fans, acks, refusals, .. } = &self.state.ear;
        let sent = self.number - self.first;
        let received = engine.totals() - self.totals;
        let deliveries = fans.deliveries.max(1) as f64;
        let mut report = Report::new("fanout");
        report
            .count("members", "members, all connected", self.plan.members as u64)
            .count("payloadBytes", "bytes of text", self.plan.size as u64)
            .add("seconds", "measured for", wall.as_secs_f64(), "s")
            .count("sent", "messages sent", u64::from(sent))
            .count("acked", "acknowledged", acks.len())
            .count("refused", "refused", *refusals)
            .count("deliveries", "deliveries", fans.deliveries)
            .count("lost", "lost", fans.lost(|_| self.number))
            .count("late", "twice or out of order", fans.late)
            .add("deliveriesPerSecond", "deliveries a second", fans.deliveries as f64 / wall.as_secs_f64(), "/s")
            .add("bytesPerDelivery", "bytes on the wire a delivery", received.bytes as f64 / deliveries, "B")
            .add("receivesPerDelivery", "receive calls a delivery", received.receives as f64 / deliveries, "")
            .times("latency", "from due to received", &fans.latency);
        if !acks.is_empty() {
            report.times("ack", "from sent to acknowledged", acks);
        }
        if fans.lost(|_| self.number) > 0 {
            report.warn("messages were lost, or had not arrived when the patience ended");
        }
        report
    }
}

//! Many small conversations: what a delivery costs with the durable path shared by few.

use std::time::{Duration, Instant};

use crate::accounts::Accounts;
use crate::crowd::Crowd;
use crate::ear::Ear;
use crate::engine::Engine;
use crate::fans::times;
use crate::fault::Ran;
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
    /// Messages a second, over all rooms.
    pub rate: f64,
    pub lasting: Duration,
    pub size: usize,
    pub server: Option<Process>,
}

const WARM_UP: Duration = Duration::from_secs(2);
const GRACE: Duration = Duration::from_secs(10);

pub fn run(plan: &Plan, accounts: &Accounts) -> Ran<Report> {
    let crowd = Crowd::in_rooms(accounts, plan.rooms, plan.members)?;
    let mut engine = crowd.connect(&plan.target)?;
    let clock = RunClock::start();
    let mut talk = Talk {
        plan,
        crowd: &crowd,
        clock,
        ear: Ear::new(crowd.people.len(), clock)?,
        numbers: vec![0; plan.rooms],
        next: 0,
        lag: times()?,
    };
    crowd.expect_all(&mut talk.ear);
    talk.load(&mut engine, WARM_UP.min(plan.lasting), "warming up")?;
    talk.ear.begin();
    talk.lag.reset();
    let usage = || (plan.server.and_then(Process::usage), Process::own().usage());
    let (before, began, first, totals) = (usage(), Instant::now(), talk.next, engine.totals());
    talk.load(&mut engine, plan.lasting, "measuring")?;
    let (after, wall, received) = (usage(), began.elapsed().as_secs_f64(), engine.totals() - totals);
    let fans = &talk.ear.fans;
    let lost = fans.lost(|stream| talk.numbers.get(stream as usize).copied().unwrap_or_default());
    let deliveries = fans.deliveries.max(1) as f64;
    let mut report = Report::new("chatter");
    report
        .count("rooms", "rooms", plan.rooms as u64)
        .count("members", "members of each", plan.members as u64)
        .count("connections", "connections", crowd.people.len() as u64)
        .add("seconds", "measured for", wall, "s")
        .count("sent", "messages sent", u64::from(talk.next - first))
        .count("acked", "acknowledged", talk.ear.acks.len())
        .count("deliveries", "deliveries", fans.deliveries)
        .count("lost", "lost", lost)
        .count("late", "twice or out of order", fans.late)
        .add("deliveriesPerSecond", "deliveries a second", fans.deliveries as f64 / wall, "/s")
        .add("receivesPerDelivery", "receive calls a delivery", received.receives as f64 / deliveries, "")
        .add("framesPerDelivery", "frames of any kind a delivery", received.frames as f64 / deliveries, "")
        .times("latency", "from due to received", &fans.latency)
        .times("ack", "from sent to acknowledged", &talk.ear.acks);
    if let (Some(before), Some(after)) = (before.0, after.0) {
        let used = after.since(&before);
        report.add("serverCpuSeconds", "server's processor time", used.seconds, "s");
        report.add("usPerDelivery", "server's processor time a delivery, durable path included", used.seconds * 1e6 / deliveries, "us");
        report.threads(&used).memory(plan.server);
    }
    if let (Some(before), Some(after)) = (before.1, after.1) {
        report.own_cost(&after.since(&before), wall, Some(&talk.lag));
    }
    Ok(report)
}

struct Talk<'a> {
    plan: &'a Plan,
    crowd: &'a Crowd<'a>,
    clock: RunClock,
    ear: Ear,
    /// Of each room's next message.
    numbers: Vec<u32>,
    /// Messages so far.
    next: u32,
    lag: hdrhistogram::Histogram<u64>,
}

impl Talk<'_> {
    fn load(&mut self, engine: &mut Engine, lasting: Duration, doing: &'static str) -> Ran<()> {
        let progress = Progress::new(doing);
        let mut pace = Pace::new(Instant::now(), self.plan.rate, 1, lasting);
        while let Some(next) = pace.next_at() {
            self.ear.listen(engine, next)?;
            self.ear.acked.clear();
            while let Some((number, due)) = pace.due(Instant::now()) {
                self.lag.saturating_record(u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX));
                self.say(engine, due);
                progress.at(number + 1, pace.total());
            }
        }
        let wanted = self.ear.fans.deliveries;
        let end = Instant::now() + GRACE;
        // Until nothing has come for a while.
        let mut heard = wanted;
        while Instant::now() < end {
            self.ear.listen_until(engine, Instant::now() + Duration::from_millis(300))?;
            if self.ear.fans.deliveries == heard {
                break;
            }
            heard = self.ear.fans.deliveries;
        }
        Ok(())
    }

    /// In each room in turn, always by the same member, so that the order is known.
    fn say(&mut self, engine: &mut Engine, due: Instant) {
        let place = self.next as usize % self.plan.rooms;
        let (Some(room), Some(number)) = (self.crowd.rooms.get(place), self.numbers.get_mut(place)) else { return };
        let stamp = Stamp { due_us: self.clock.micros(due), stream: u32::try_from(place).unwrap_or_default(), number: *number };
        *number += 1;
        let Some(speaker) = room.members.first() else { return };
        let id = self.next;
        self.ear.sending(id);
        let text = stamp.text(self.plan.size);
        engine.send(self.crowd.line(*speaker), crate::dialect::send(room.id, &text, &id.to_string()).as_bytes());
        self.next += 1;
    }
}

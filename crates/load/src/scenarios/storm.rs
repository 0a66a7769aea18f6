//! Everybody is cut off at once and comes back: how long until all are there, and what those who stayed notice.

use std::time::{Duration, Instant};

use crate::accounts::Accounts;
use crate::crowd::{Crowd, dials};
use crate::dialect::{self, Dialect};
use crate::ear::Ear;
use crate::engine::{Ending, Engine, Sink};
use crate::fault::{Fault, Ran};
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
    /// Clients that are cut off.
    pub clients: usize,
    /// Messages a second between the two who stay.
    pub rate: f64,
    pub size: usize,
    pub server: Option<Process>,
}

/// It has to be over by then.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn run(plan: &Plan, accounts: &Accounts) -> Ran<Report> {
    let crowd = Crowd::in_rooms(accounts, 1, 2)?;
    let staying: Vec<usize> = crowd.people.clone();
    let mut people: Vec<usize> = (0..accounts.people.len()).filter(|person| !staying.contains(person)).take(plan.clients).collect();
    if people.len() < plan.clients {
        let (clients, needed) = (plan.clients, plan.clients + 2);
        return Err(Fault::Usage(format!("{clients} clients and two who stay: prepare with --users {needed} --rooms 1x2,…")));
    }
    // Line n is client n's; the last two stay.
    people.extend(&staying);
    need_connections(people.len())?;
    let target = plan.target.clone().for_connections(people.len())?;
    let mut engine = Engine::new(people.len())?;
    let first = Gather::new(Dialect::Tertulia, &target, dials(&target, accounts, &people)?, GENTLY)?;
    let first = first.run(&mut engine, &Progress::new("connecting"))?;
    let clock = RunClock::start();
    let mut ear = Ear::new(people.len(), clock)?;
    (plan.clients..people.len()).for_each(|line| ear.fans.expect(line, 0));

    let again = again(plan, &target, accounts, &people, &first)?;
    let before = plan.server.and_then(Process::usage);
    (0..plan.clients).for_each(|line| engine.cut(line));
    let mut storm = Storm { gather: Gather::new(Dialect::Tertulia, &target, again, plan.clients)?, ear, clients: plan.clients };
    let began = Instant::now();
    let sent = storm.ride(&mut engine, plan, &crowd, clock)?;
    let took = began.elapsed();
    let after = plan.server.and_then(Process::usage);
    storm.ear.listen_until(&mut engine, Instant::now() + Duration::from_secs(2))?;

    let resumed = storm.gather.welcomes().filter(|welcome| welcome.resumed).count();
    let mut report = Report::new("storm");
    report
        .count("clients", "clients cut off", plan.clients as u64)
        .add("seconds", "until all were back", took.as_secs_f64(), "s")
        .count("resumed", "of them resumed", resumed as u64)
        .count("turnedAway", "times told to come back later", storm.gather.turned_away)
        .times("handshake", "from connecting to connected", &storm.gather.took)
        .count("sent", "messages between those who stayed", u64::from(sent))
        .count("lost", "of those lost", storm.ear.fans.lost(|_| sent))
        .times("latency", "their latency", &storm.ear.fans.latency);
    if let (Some(before), Some(after)) = (before, after) {
        let used = after.since(&before);
        report.add("serverCpuSeconds", "server's processor time", used.seconds, "s");
        report.add("usPerReconnect", "server's processor time a client", used.seconds * 1e6 / plan.clients as f64, "us");
        report.threads(&used).memory(plan.server);
    }
    if resumed < plan.clients {
        report.warn(format!("{} clients were not resumed and would have to sync", plan.clients - resumed));
    }
    Ok(report)
}

/// How each client comes back: with its resume token.
fn again(plan: &Plan, target: &Target, accounts: &Accounts, people: &[usize], first: &Gather) -> Ran<Vec<Dial>> {
    let with_token = |(line, (person, welcome)): (usize, (&usize, &dialect::Welcome))| {
        let token = &accounts.person(*person)?.access_token;
        let request = dialect::upgrade_as(target, token, Some(&welcome.resume_token));
        Ok(Dial { from: target.source(line), request })
    };
    people.iter().zip(first.welcomes()).take(plan.clients).enumerate().map(with_token).collect()
}

/// Those who come back, and those who stayed.
struct Storm {
    gather: Gather,
    ear: Ear,
    clients: usize,
}

impl Storm {
    /// Until all are back; answers how many messages were sent meanwhile.
    fn ride(&mut self, engine: &mut Engine, plan: &Plan, crowd: &Crowd<'_>, clock: RunClock) -> Ran<u32> {
        let progress = Progress::new("coming back");
        let began = Instant::now();
        let mut pace = Pace::new(began, plan.rate, 1, PATIENCE);
        let mut sent = 0;
        while !self.gather.is_done() {
            if began.elapsed() > PATIENCE {
                let back = self.gather.ready();
                return Err(Fault::Unavailable(format!("only {back} of {} were back after {PATIENCE:?}", plan.clients)));
            }
            let until = self.gather.pump(engine)?;
            engine.turn(pace.next_at().map_or(until, |next| next.min(until)), self)?;
            self.ear.check()?;
            self.ear.acked.clear();
            while let Some((_, due)) = pace.due(Instant::now()) {
                let stamp = Stamp { due_us: clock.micros(due), stream: 0, number: sent };
                if let Some(room) = crowd.rooms.first() {
                    let text = stamp.text(plan.size);
                    engine.send(plan.clients, dialect::send(room.id, &text, &sent.to_string()).as_bytes());
                    sent += 1;
                }
            }
            progress.at(self.gather.ready() as u64, plan.clients as u64);
        }
        Ok(sent)
    }
}

impl Sink for Storm {
    fn opened(&mut self, line: usize) {
        self.gather.opened(line);
    }

    fn text(&mut self, line: usize, text: &[u8]) {
        if line < self.clients { self.gather.text(line, text) } else { self.ear.text(line, text) }
    }

    fn closed(&mut self, line: usize, ending: Ending) {
        if line < self.clients { self.gather.closed(line, ending) } else { self.ear.closed(line, ending) }
    }
}

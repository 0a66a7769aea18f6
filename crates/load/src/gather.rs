//! Getting many clients connected: some at a time, those turned away again when the server says so.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::Value;

use crate::dialect::{Dialect, Greeting, Welcome};
use crate::engine::{Ending, Engine, Sink};
use crate::fans::times;
use crate::fault::{Fault, Ran};
use crate::progress::Progress;
use crate::target::Target;

/// Somebody who is to connect.
#[derive(Debug, Clone)]
pub struct Dial {
    pub from: Option<IpAddr>,
    pub request: Vec<u8>,
}

/// Handshakes under way at once, unless a storm is wanted.
pub const GENTLY: usize = 128;
/// Without a single one more in this time, the server is stuck.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lost connections before we give up on one client.
const TRIES: u32 = 8;

/// Clients on their way; client n has line n.
pub struct Gather {
    dialect: Dialect,
    target: Target,
    dials: Vec<Dial>,
    at_once: usize,
    waiting: VecDeque<usize>,
    later: BinaryHeap<Reverse<(Instant, usize)>>,
    began: Vec<Option<Instant>>,
    lost: Vec<u32>,
    welcomes: Vec<Option<Welcome>>,
    say: Vec<(usize, &'static [u8])>,
    in_flight: usize,
    ready: usize,
    last: Instant,
    fault: Option<Fault>,
    /// From connecting to the greeting, of the try that succeeded.
    pub took: Histogram<u64>,
    /// Told to come back later.
    pub turned_away: u64,
}

impl Gather {
    pub fn new(dialect: Dialect, target: &Target, dials: Vec<Dial>, at_once: usize) -> Ran<Self> {
        let count = dials.len();
        Ok(Self {
            dialect,
            target: target.clone(),
            at_once,
            waiting: (0..count).collect(),
            later: BinaryHeap::new(),
            began: vec![None; count],
            lost: vec![0; count],
            welcomes: vec![None; count],
            say: Vec::new(),
            in_flight: 0,
            ready: 0,
            last: Instant::now(),
            fault: None,
            took: times()?,
            turned_away: 0,
            dials,
        })
    }

    /// The first so many are connected; they are left alone.
    pub fn already(mut self, count: usize) -> Self {
        self.waiting.drain(..count.min(self.waiting.len()));
        self.ready = count;
        self
    }

    /// All of them, then what the server said to each.
    pub fn run(mut self, engine: &mut Engine, progress: &Progress) -> Ran<Self> {
        let total = self.dials.len() as u64;
        while !self.is_done() {
            let until = self.pump(engine)?;
            engine.turn(until, &mut self)?;
            progress.at(self.ready as u64, total);
        }
        Ok(self)
    }

    pub fn is_done(&self) -> bool {
        self.ready == self.dials.len()
    }

    pub fn ready(&self) -> usize {
        self.ready
    }

    pub fn welcomes(&self) -> impl Iterator<Item = &Welcome> {
        self.welcomes.iter().flatten()
    }

    /// Whether a line is still this gathering's.
    pub fn awaits(&self, line: usize) -> bool {
        self.began.get(line).is_some_and(Option::is_some)
    }

    /// Dials as many as may be under way; answers when to come again.
    pub fn pump(&mut self, engine: &mut Engine) -> Ran<Instant> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let now = Instant::now();
        if now.duration_since(self.last) > PATIENCE {
            return Err(Fault::Unavailable(format!("{} of {} connected, and then none for {PATIENCE:?}", self.ready, self.dials.len())));
        }
        for (line, text) in self.say.drain(..) {
            engine.send(line, text);
        }
        while self.later.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            self.waiting.extend(self.later.pop().map(|Reverse((_, line))| line));
        }
        while self.in_flight < self.at_once
            && let Some(line) = self.waiting.pop_front()
        {
            let Some(dial) = self.dials.get(line) else { continue };
            engine
                .connect(line, self.target.address, dial.from, dial.request.clone())
                .map_err(|error| self.unreachable(&error.to_string()))?;
            if let Some(began) = self.began.get_mut(line) {
                *began = Some(now);
            }
            self.in_flight += 1;
        }
        let soon = now + Duration::from_millis(250);
        Ok(self.later.peek().map_or(soon, |Reverse((at, _))| soon.min(*at)))
    }

    fn unreachable(&self, why: &str) -> Fault {
        Fault::Unavailable(format!("{}: {why}", self.target.host))
    }

    fn step(&mut self, line: usize, greeting: Greeting) {
        match greeting {
            Greeting::NotYet => {}
            Greeting::Say(text) => self.say.push((line, text)),
            Greeting::Done(welcome) => self.arrived(line, welcome),
        }
    }

    fn arrived(&mut self, line: usize, welcome: Welcome) {
        let Some(began) = self.began.get_mut(line).and_then(Option::take) else { return };
        self.last = Instant::now();
        self.took.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
        self.in_flight -= 1;
        self.ready += 1;
        if let Some(place) = self.welcomes.get_mut(line) {
            *place = Some(welcome);
        }
    }

    /// Dials again after a while.
    fn again(&mut self, line: usize, after: Duration) {
        self.later.push(Reverse((Instant::now() + after, line)));
    }

    fn lost(&mut self, line: usize, why: &str) {
        let Some(lost) = self.lost.get_mut(line) else { return };
        *lost += 1;
        let lost = *lost;
        if lost >= TRIES || self.ready == 0 && why.contains("refused") {
            self.fault = Some(self.unreachable(why));
            return;
        }
        // Up to 0.5, 1, 2 … seconds, each client at another moment.
        let most = 500_u64 << (lost - 1).min(6);
        self.again(line, Duration::from_millis(spread(line, lost) % most));
    }
}

impl Sink for Gather {
    fn opened(&mut self, line: usize) {
        self.step(line, self.dialect.opened());
    }

    fn text(&mut self, line: usize, text: &[u8]) {
        if self.awaits(line) {
            self.step(line, self.dialect.greeting(text));
        }
    }

    fn closed(&mut self, line: usize, ending: Ending) {
        if self.began.get_mut(line).and_then(Option::take).is_none() {
            self.fault.get_or_insert(Fault::Unavailable(format!("client {line} was cut off while others connected: {ending:?}")));
            return;
        }
        self.in_flight -= 1;
        match retry_after(&ending) {
            Verdict::After(wait) => {
                self.turned_away += 1;
                self.last = Instant::now();
                self.again(line, wait);
            }
            Verdict::Never(code, message) => self.fault = Some(Fault::refused("connecting", &code, &message)),
            Verdict::Lost(why) => self.lost(line, &why),
        }
    }
}

enum Verdict {
    After(Duration),
    Never(String, String),
    Lost(String),
}

/// What the server wants of one whom it did not let in.
fn retry_after(ending: &Ending) -> Verdict {
    match ending {
        Ending::Refused { status, body } => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let error = body.get("error");
            let text = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str).unwrap_or_default().to_owned();
            let wait = error.and_then(|error| error.get("retryAfterMs")).and_then(Value::as_u64);
            match wait {
                Some(wait) if *status == 503 => Verdict::After(Duration::from_millis(wait)),
                _ if text("code").is_empty() => Verdict::Never(format!("HTTP {status}"), "no WebSocket of Tertulia's here".into()),
                _ => Verdict::Never(text("code"), text("message")),
            }
        }
        Ending::Closed { reason, code: 4453 | 4429 | 4400 } => {
            let wait = reason.split_once("after=").and_then(|(_, wait)| wait.parse().ok()).unwrap_or(1_000);
            Verdict::After(Duration::from_millis(wait))
        }
        Ending::Closed { code, reason } => Verdict::Never(code.to_string(), reason.clone()),
        Ending::Lost(why) => Verdict::Lost(why.clone()),
    }
}

/// A number that looks random, the same in every run.
fn spread(line: usize, round: u32) -> u64 {
    let mut mixed = (line as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(round) << 32;
    mixed ^= mixed >> 29;
    mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ mixed >> 32
}

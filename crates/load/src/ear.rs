//! What clients hear: stamped messages, acks, refusals.

use std::time::Instant;

use hdrhistogram::Histogram;

use crate::dialect::{self, Acked};
use crate::engine::{Ending, Engine, Sink};
use crate::fans::{Fans, times};
use crate::fault::{Fault, Ran};
use crate::stamp::{Finder, RunClock, Stamp};

/// Frames that may wait for an ack.
const WINDOW: usize = 1 << 16;

/// Listens on all lines.
pub struct Ear {
    pub fans: Fans,
    finder: Finder,
    /// When the frames that wait for an ack were sent, by the last digits of their id.
    sent_at: Vec<Option<Instant>>,
    pub acks: Histogram<u64>,
    /// Lines that an ack came to, and its id; for whoever waits for it.
    pub acked: Vec<(usize, u32)>,
    pub refusals: u64,
    refused: Option<String>,
    gone: Option<String>,
}

impl Ear {
    pub fn new(clients: usize, clock: RunClock) -> Ran<Self> {
        Ok(Self {
            fans: Fans::new(clients, clock)?,
            finder: Finder::default(),
            sent_at: vec![None; WINDOW],
            acks: times()?,
            acked: Vec::new(),
            refusals: 0,
            refused: None,
            gone: None,
        })
    }

    /// A stamped message that the client should see, in its turn; all else is noted here.
    pub fn hear(&mut self, line: usize, text: &[u8]) -> Option<Stamp> {
        if let Some(stamp) = self.finder.find(text) {
            return self.fans.take(line, stamp).then_some(stamp);
        }
        match dialect::ack(text) {
            Some(Acked::Ok(id)) => {
                if let Some(at) = self.sent_at.get_mut(id as usize % WINDOW).and_then(Option::take) {
                    self.acks.saturating_record(u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
                self.acked.push((line, id));
            }
            Some(Acked::Refused(code)) => {
                self.refusals += 1;
                self.refused = Some(code);
            }
            None => {}
        }
        None
    }

    /// A frame with this id is sent now.
    pub fn sending(&mut self, id: u32) {
        if let Some(place) = self.sent_at.get_mut(id as usize % WINDOW) {
            *place = Some(Instant::now());
        }
    }

    /// What came so far was for warming up.
    pub fn begin(&mut self) {
        self.fans.begin();
        self.acks.reset();
    }

    pub fn lost_line(&mut self, line: usize, ending: &Ending) {
        self.gone.get_or_insert_with(|| format!("client {line} was cut off: {ending:?}"));
    }

    /// Whether something ends the run.
    pub fn check(&mut self) -> Ran<()> {
        if let Some(why) = self.gone.take() {
            return Err(Fault::Unavailable(why));
        }
        match &self.refused {
            Some(code) => Err(Fault::refused("sending", code, "the load is more than the server allows")),
            None => Ok(()),
        }
    }

    /// Listens until then, or until there was something.
    pub fn listen(&mut self, engine: &mut Engine, until: Instant) -> Ran<()> {
        engine.turn(until, self)?;
        self.check()
    }

    /// Listens until then, whatever comes.
    pub fn listen_until(&mut self, engine: &mut Engine, until: Instant) -> Ran<()> {
        while Instant::now() < until {
            self.listen(engine, until)?;
            self.acked.clear();
        }
        Ok(())
    }
}

impl Sink for Ear {
    fn opened(&mut self, _line: usize) {}

    fn text(&mut self, line: usize, text: &[u8]) {
        self.hear(line, text);
    }

    fn closed(&mut self, line: usize, ending: Ending) {
        self.lost_line(line, &ending);
    }
}

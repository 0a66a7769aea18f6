//! The socket of one connection and what came from it. While it is idle it holds no buffer.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;

use bytes::Bytes;
use mio::net::TcpStream;

use super::proof::Proof;
use super::vitals::Vitals;
use super::wheel::Tick;
use crate::ws::close::Close;
use crate::ws::frame::{Decoder, Incoming};
use crate::ws::handshake::Place;
use crate::ws::outbox::Outbox;

/// Frames in one system call.
const SLICES: usize = 64;
/// Messages of one connection that may wait for the same commit.
const OVERLAP_MAX: usize = 32;
/// How clients begin a frame that sends a message; one that begins otherwise waits for those before it.
const MESSAGE_SEND: &str = "{\"type\":\"message.send\"";

/// A frame that is being carried out; its answer.
pub type InFlight = Pin<Box<dyn Future<Output = Option<Bytes>> + Send>>;

pub struct Link {
    pub stream: TcpStream,
    /// While a frame or message has come in part.
    pub decoder: Option<Box<Decoder>>,
    /// Frames that wait to be carried out, one after the other.
    pub inbox: VecDeque<Incoming>,
    pub in_flight: VecDeque<InFlight>,
    /// All that is in flight are messages that have their place in line: another may follow before they are answered.
    pub may_overlap: bool,
    /// What is in flight can go on.
    pub is_ready: bool,
    /// There may be something to read.
    pub is_readable: bool,
    /// The other end will send no more than what is there.
    pub is_half_closed: bool,
    /// The system takes no more for now.
    pub is_blocked: bool,
    pub stage: Stage,
    /// Decided by what was read; what was read before it is still carried out.
    pub ending: Option<Ending>,
    pub vitals: Vitals,
    pub proof: Proof,
    /// Given back with the socket.
    pub _place: Option<Place>,
}

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Open,
    /// It has left the hub; its last frames go out until then.
    Finishing(Tick),
    /// Everything is out; the other end may say goodbye until then.
    Goodbye(Tick),
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// We say why.
    Close(Close),
    /// The other side said why, and hears it back.
    Asked(Close),
    /// The other side is gone.
    Gone,
}

/// What a read brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Brought {
    Bytes(usize),
    Nothing,
    Gone,
}

impl Link {
    /// Reads once.
    pub fn read(&mut self, into: &mut [u8]) -> Brought {
        loop {
            match self.stream.read(into) {
                Ok(0) => return Brought::Gone,
                Ok(read) => {
                    // A short read took everything that was there. What comes later is a new event, unless the end of it
                    // has been announced already.
                    self.is_readable = read == into.len() || self.is_half_closed;
                    return Brought::Bytes(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.is_readable = false;
                    return Brought::Nothing;
                }
                Err(_) => return Brought::Gone,
            }
        }
    }

    /// Hands as much to the system as it takes now, many frames in one call. False: the other side is gone.
    pub fn write(&mut self, outbox: &mut Outbox, tick: Tick) -> bool {
        while !self.is_blocked && !outbox.is_empty() {
            let written = match outbox.only() {
                Some(one) => self.stream.write(one),
                None => {
                    let mut slices = [IoSlice::new(&[]); SLICES];
                    let taken = outbox.slices(&mut slices);
                    self.stream.write_vectored(slices.get(..taken).unwrap_or_default())
                }
            };
            match written {
                Ok(0) => return false,
                Ok(bytes) => {
                    outbox.advance(bytes);
                    self.vitals.stalled_since = None;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.is_blocked = true;
                    self.vitals.stalled_since.get_or_insert(tick);
                }
                Err(_) => return false,
            }
        }
        true
    }

    /// Whether `next` may be carried out now: one frame at a time, so that order needs no lock; but messages that
    /// follow each other share a commit.
    pub fn takes(&self, next: &Incoming) -> bool {
        match next {
            _ if self.in_flight.is_empty() => true,
            Incoming::Text(text) => self.overlaps() && text.starts_with(MESSAGE_SEND),
            _ => self.overlaps(),
        }
    }

    fn overlaps(&self) -> bool {
        self.may_overlap && self.in_flight.len() < OVERLAP_MAX
    }

    /// Whether it takes more from the other end.
    pub fn reads(&self) -> bool {
        self.is_readable
            && (self.in_flight.is_empty() || self.overlaps())
            && self.inbox.is_empty()
            && self.ending.is_none()
            && self.stage == Stage::Open
    }

    pub fn shut_down(&self) {
        // Fails only where the other side was faster.
        drop(self.stream.shutdown(Shutdown::Write));
    }
}

//! What waits to be written to one connection: bounded, and with an order of what may be lost. Pure.
//! Nothing durable is ever dropped in silence: a connection that is too slow for it is closed.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::rc::Rc;

use super::outgoing::{Class, Frame};

/// Bounds of one connection.
pub const FRAMES_MAX: usize = 1_000;
pub const BYTES_MAX: usize = 1024 * 1024;
/// Frames that an outbox has room for while it is kept in reserve.
const SLIM: usize = 64;

/// What became of a frame that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It waits for its turn.
    Waits,
    /// It took the place of an older one about the same.
    Replaced,
    /// Expendable, and there was no room.
    Dropped,
    /// Not expendable, and there was no room: the connection has to end.
    Overflowed,
}

/// The frames of one connection, oldest first. Shared within a thread, so that a push copies a pointer.
#[derive(Debug, Default)]
pub struct Outbox {
    frames: VecDeque<Rc<Frame>>,
    bytes: usize,
    ephemeral: usize,
    /// Bytes of the first frame that are written already.
    written: usize,
}

impl Outbox {
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether something waits that may not wait for company.
    pub fn has_durable(&self) -> bool {
        self.frames.len() > self.ephemeral
    }

    /// Whether it is worth keeping while it is empty.
    pub fn is_slim(&self) -> bool {
        self.frames.capacity() <= SLIM
    }

    /// Makes room at the cost of what is ephemeral.
    pub fn push(&mut self, frame: Rc<Frame>) -> Pushed {
        if frame.class.is_ephemeral() && frame.key != 0 && self.ephemeral > 0 && self.replace(&frame) {
            return Pushed::Replaced;
        }
        if !self.make_room(frame.bytes.len(), frame.class) {
            return if frame.class.is_expendable() { Pushed::Dropped } else { Pushed::Overflowed };
        }
        self.bytes += frame.bytes.len();
        self.ephemeral += usize::from(frame.class.is_ephemeral());
        self.frames.push_back(frame);
        Pushed::Waits
    }

    /// Puts `frames` before what waits, and drops of that what `is_known`. For what has to come first.
    pub fn begin_with(&mut self, frames: Vec<Frame>, is_known: impl Fn(&Frame) -> bool) {
        self.frames.retain(|frame| !is_known(frame));
        for frame in frames.into_iter().rev() {
            self.frames.push_front(Rc::new(frame));
        }
        self.recount();
    }

    /// What waits, where it is one frame.
    pub fn only(&self) -> Option<&[u8]> {
        let frame = self.frames.front().filter(|_| self.frames.len() == 1)?;
        frame.bytes.get(self.written..)
    }

    /// Points `slices` at what waits; answers how many it took.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut skip = self.written;
        let mut taken = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.frames) {
            *slice = IoSlice::new(frame.bytes.get(std::mem::take(&mut skip)..).unwrap_or_default());
            taken += 1;
        }
        taken
    }

    /// So many bytes have been handed to the system.
    pub fn advance(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.frames.front()
            && self.written >= first.bytes.len()
        {
            self.written -= first.bytes.len();
            self.bytes -= first.bytes.len();
            self.ephemeral -= usize::from(first.class.is_ephemeral());
            self.frames.pop_front();
        }
    }

    /// Forgets everything but the rest of a frame that is written in part.
    pub fn clear(&mut self) {
        self.frames.truncate(usize::from(self.written > 0));
        self.recount();
    }

    fn replace(&mut self, frame: &Rc<Frame>) -> bool {
        // What is written in part has to be written to its end.
        let first = usize::from(self.written > 0);
        let same = |old: &&mut Rc<Frame>| old.class == frame.class && old.key == frame.key;
        let Some(old) = self.frames.iter_mut().skip(first).find(same) else { return false };
        self.bytes = self.bytes - old.bytes.len() + frame.bytes.len();
        *old = frame.clone();
        true
    }

    fn fits(&self, bytes: usize) -> bool {
        // One frame alone may be larger than the bound: an answer is not refused for its size.
        self.frames.is_empty() || (self.frames.len() < FRAMES_MAX && self.bytes + bytes <= BYTES_MAX)
    }

    fn make_room(&mut self, bytes: usize, class: Class) -> bool {
        if self.ephemeral > 0 {
            for lesser in Class::EXPENDABLE.into_iter().filter(|lesser| *lesser <= class) {
                if self.fits(bytes) {
                    break;
                }
                let mut is_partial = self.written > 0;
                self.frames.retain(|frame| std::mem::take(&mut is_partial) || frame.class != lesser);
                self.recount();
            }
        }
        self.fits(bytes)
    }

    fn recount(&mut self) {
        self.bytes = self.frames.iter().map(|frame| frame.bytes.len()).sum();
        self.ephemeral = self.frames.iter().filter(|frame| frame.class.is_ephemeral()).count();
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;

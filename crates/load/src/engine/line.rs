//! One connection, as little as it takes: a socket, and what is half read or half written.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

use super::codec::{self, Next};
use super::{Ending, Sink, Totals};

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for TCP, then for the answer to the upgrade.
    Shaking,
    Open,
}

/// Answers to an upgrade are shorter than this.
const ANSWER_MAX: usize = 64 * 1024;

pub struct Line {
    pub stream: TcpStream,
    pub phase: Phase,
    /// Of a frame, or of the answer to the upgrade.
    partial: Vec<u8>,
    /// What the socket has not taken yet.
    unsent: Vec<u8>,
}

impl Line {
    /// `request`: what is said first.
    pub fn new(stream: TcpStream, request: Vec<u8>) -> Self {
        Self { stream, phase: Phase::Shaking, partial: Vec::new(), unsent: request }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let written = attempt(|| self.stream.write(bytes))?.unwrap_or_default();
        self.unsent.extend_from_slice(bytes.get(written..).unwrap_or_default());
        Ok(())
    }

    /// The socket takes more again.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let unsent = std::mem::take(&mut self.unsent);
        self.write(&unsent)
    }

    /// Reads all that is there; answers how the connection ended, if it did.
    pub fn read(&mut self, id: usize, buffer: &mut [u8], totals: &mut Totals, sink: &mut impl Sink) -> Option<Ending> {
        loop {
            let read = match attempt(|| self.stream.read(buffer)) {
                Ok(None) => return None,
                Ok(Some(0)) => return Some(Ending::Lost("the server hung up".into())),
                Ok(Some(read)) => read,
                Err(error) => return Some(Ending::Lost(error.to_string())),
            };
            totals.receives += 1;
            totals.bytes += read as u64;
            if let Some(ending) = self.take(id, buffer.get(..read).unwrap_or_default(), totals, sink) {
                return Some(ending);
            }
            // Less than was asked for: the socket is empty, and its next byte is a new edge.
            if read < buffer.len() {
                return None;
            }
        }
    }

    fn take(&mut self, id: usize, fresh: &[u8], totals: &mut Totals, sink: &mut impl Sink) -> Option<Ending> {
        if self.partial.is_empty() && self.phase == Phase::Open {
            let rest = match self.frames(id, fresh, totals, sink) {
                Ok(rest) => rest,
                Err(ending) => return Some(ending),
            };
            self.partial.extend_from_slice(rest);
            return None;
        }
        let mut whole = std::mem::take(&mut self.partial);
        whole.extend_from_slice(fresh);
        let from = match self.phase {
            Phase::Shaking => match answer(&whole) {
                Answer::Partial if whole.len() < ANSWER_MAX => {
                    self.partial = whole;
                    return None;
                }
                Answer::Partial => return Some(Ending::Lost("an endless answer to the upgrade".into())),
                Answer::Refused(status, body) => return Some(Ending::Refused { status, body }),
                Answer::Switching(at) => at,
            },
            Phase::Open => 0,
        };
        if self.phase == Phase::Shaking {
            self.phase = Phase::Open;
            sink.opened(id);
        }
        match self.frames(id, whole.get(from..).unwrap_or_default(), totals, sink) {
            Ok(rest) => self.partial.extend_from_slice(rest),
            Err(ending) => return Some(ending),
        }
        None
    }

    /// Tells the sink of every whole frame; answers what is left.
    fn frames<'a>(&mut self, id: usize, mut rest: &'a [u8], totals: &mut Totals, sink: &mut impl Sink) -> Result<&'a [u8], Ending> {
        loop {
            let broken = |broken: codec::Broken| Ending::Lost(format!("the server sent {}", broken.0));
            let Next::Frame(opcode, payload, after) = codec::next(rest).map_err(broken)? else { return Ok(rest) };
            rest = after;
            totals.frames += 1;
            match opcode {
                codec::TEXT => sink.text(id, payload),
                codec::PING => {
                    let mut pong = Vec::new();
                    codec::encode(codec::PONG, payload, &mut pong);
                    self.write(&pong).map_err(|error| Ending::Lost(error.to_string()))?;
                }
                codec::CLOSE => return Err(closed(payload)),
                _ => {}
            }
        }
    }
}

/// A read or write that may find nothing to do.
fn attempt(mut io: impl FnMut() -> io::Result<usize>) -> io::Result<Option<usize>> {
    loop {
        match io() {
            Ok(done) => return Ok(Some(done)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn closed(payload: &[u8]) -> Ending {
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) => Ending::Closed { code: u16::from_be_bytes(*code), reason: String::from_utf8_lossy(reason).into_owned() },
        None => Ending::Closed { code: 1005, reason: String::new() },
    }
}

enum Answer {
    Partial,
    /// Where the frames begin.
    Switching(usize),
    Refused(u16, Vec<u8>),
}

/// The answer to an upgrade.
fn answer(bytes: &[u8]) -> Answer {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Answer::Partial };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    if status == 101 {
        return Answer::Switching(end + 4);
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()).unwrap_or_default();
    match bytes.get(end + 4..end + 4 + length) {
        Some(body) => Answer::Refused(status, body.to_vec()),
        None => Answer::Partial,
    }
}

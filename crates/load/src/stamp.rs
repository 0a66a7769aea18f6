//! What a message says about itself: when it was due, and which one it is. At a fixed place in its text, so that
//! nothing has to be parsed to read it; the place within a frame is remembered.

use std::time::{Duration, Instant};

const MARK: &[u8] = b"~~";
const DIGITS: usize = 8;
/// The mark, the time, the stream and the number, each but the first in hexadecimal.
pub const LENGTH: usize = MARK.len() + 2 * DIGITS + DIGITS + DIGITS;

/// Which message of which stream, and when it was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Microseconds since the clock's beginning.
    pub due_us: u64,
    /// Who sent it: messages of one stream are numbered 0, 1, 2 …
    pub stream: u32,
    pub number: u32,
}

/// Microseconds since the run began.
#[derive(Debug, Clone, Copy)]
pub struct RunClock(Instant);

impl RunClock {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn micros(self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.0).as_micros()).unwrap_or(u64::MAX)
    }

    pub fn at(self, micros: u64) -> Instant {
        self.0 + Duration::from_micros(micros)
    }
}

impl Stamp {
    /// A text of `length` bytes that begins with the stamp.
    pub fn text(self, length: usize) -> String {
        let mut text = format!("~~{:016x}{:08x}{:08x}", self.due_us, self.stream, self.number);
        while text.len() < length {
            text.push_str(" and so on");
        }
        text.truncate(length.max(LENGTH));
        text
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(MARK)?;
        let (due, rest) = bytes.split_at_checked(2 * DIGITS)?;
        let (stream, rest) = rest.split_at_checked(DIGITS)?;
        let short = |digits: &[u8]| hex(digits).and_then(|value| u32::try_from(value).ok());
        Some(Self { due_us: hex(due)?, stream: short(stream)?, number: short(rest.get(..DIGITS)?)? })
    }
}

/// Finds stamps in frames, mostly where the last one was.
#[derive(Debug, Default)]
pub struct Finder {
    place: usize,
}

impl Finder {
    /// None in a frame that carries no stamped message.
    pub fn find(&mut self, frame: &[u8]) -> Option<Stamp> {
        if let Some(stamp) = frame.get(self.place..).and_then(Stamp::read) {
            return Some(stamp);
        }
        let place = frame.windows(MARK.len()).position(|pair| pair == MARK)?;
        let stamp = Stamp::read(frame.get(place..)?)?;
        self.place = place;
        Some(stamp)
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_found_wherever_they_stand() {
        let stamp = Stamp { due_us: 0x1234_5678_9abc, stream: 7, number: 0xffff_ffff };
        let mut finder = Finder::default();
        for before in ["{\"text\":\"", "{\"seq\":9,\"text\":\"", "{\"seq\":10,\"text\":\"", "42[\"m\",\""] {
            for _ in 0..2 {
                assert_eq!(finder.find(format!("{before}{}\"}}", stamp.text(300)).as_bytes()), Some(stamp));
            }
        }
        assert_eq!(finder.find(b"{\"type\":\"ack\"}"), None);
        assert_eq!(finder.find(b"me~~home.example"), None);
        assert_eq!(stamp.text(300).len(), 300);
        assert_eq!(stamp.text(1).len(), LENGTH);
    }
}

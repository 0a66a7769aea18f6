//! permessage-deflate (RFC 7692), without context between messages: a connection holds no window, and what is
//! compressed once is good for everybody. Off unless an operator wants it: it costs processor time, saves bytes.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use http::{HeaderMap, header};

use super::frame::Violation;

/// What a message compressed on its own ends with, and what is left out of it.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
const STEP_BYTES: usize = 16 * 1024;
/// Shorter payloads don't become shorter.
const WORTH_BYTES: usize = 64;
/// What is answered to an offer: every message stands alone, both ways.
pub const ACCEPTED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

thread_local! {
    static INFLATE: RefCell<Decompress> = RefCell::new(Decompress::new(false));
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// Whether a handshake offers it in a way that is spoken here: with the full window from us.
pub fn is_offered(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).into_iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(is_good)
}

fn is_good(offer: &str) -> bool {
    let mut parts = offer.split(';').map(str::trim);
    if parts.next() != Some("permessage-deflate") {
        return false;
    }
    let mut seen: Vec<&str> = Vec::new();
    parts.all(|part| {
        let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name.trim(), Some(value.trim().trim_matches('"'))));
        let is_new = !seen.contains(&name);
        seen.push(name);
        is_new
            && match (name, value) {
                ("server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits", None) => true,
                ("client_max_window_bits", Some(bits)) => is_window(bits),
                // A smaller one would be a compressor of its own for this connection.
                ("server_max_window_bits", Some(bits)) => bits == "15",
                _ => false,
            }
    })
}

fn is_window(bits: &str) -> bool {
    matches!(bits, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

/// A compressed message; of more than `bytes_max` nothing is kept.
pub fn inflate(compressed: &[u8], bytes_max: usize) -> Result<Vec<u8>, Violation> {
    INFLATE.with_borrow_mut(|inflate| {
        inflate.reset(false);
        let mut message = Vec::new();
        for mut input in [compressed, &TAIL] {
            loop {
                message.reserve(STEP_BYTES.min(bytes_max + 1 - message.len().min(bytes_max)));
                let before = inflate.total_in();
                let status = inflate.decompress_vec(input, &mut message, FlushDecompress::Sync);
                let status = status.map_err(|_| Violation::Protocol("not a compressed message"))?;
                if message.len() > bytes_max {
                    return Err(Violation::TooBig);
                }
                let taken = usize::try_from(inflate.total_in() - before).unwrap_or(usize::MAX);
                input = input.get(taken..).unwrap_or_default();
                let is_full = message.len() == message.capacity();
                if status == Status::StreamEnd || (input.is_empty() && !is_full) || (taken == 0 && !is_full) {
                    break;
                }
            }
        }
        message.shrink_to_fit();
        Ok(message)
    })
}

/// A server frame with its payload compressed; none where that gains nothing.
pub fn deflate_frame(frame: &Bytes) -> Option<Bytes> {
    let (first, second) = (*frame.first()?, *frame.get(1)?);
    let start = match second {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let payload = frame.get(start..)?;
    // Control frames never are.
    if first & 0x08 != 0 || payload.len() < WORTH_BYTES {
        return None;
    }
    let compressed = deflate(payload)?;
    (compressed.len() < payload.len()).then(|| super::frame::encode(first | 0x40, &compressed))
}

fn deflate(payload: &[u8]) -> Option<Vec<u8>> {
    DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        let mut compressed = Vec::with_capacity(payload.len() / 2 + 64);
        loop {
            let taken = usize::try_from(deflate.total_in()).ok()?;
            deflate.compress_vec(payload.get(taken..)?, &mut compressed, FlushCompress::Sync).ok()?;
            if compressed.len() < compressed.capacity() {
                break;
            }
            compressed.reserve(STEP_BYTES);
        }
        compressed.ends_with(&TAIL).then(|| compressed.truncate(compressed.len() - TAIL.len()))?;
        Some(compressed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deflated_inflates_to_the_same() {
        for length in [1, 63, 64, 500, 20_000, 70_000, 300_000] {
            let text: String = (0..length).map(|n| char::from(b'a' + (n * n % 23) as u8)).collect();
            let compressed = deflate(text.as_bytes()).unwrap();
            assert_eq!(inflate(&compressed, length).unwrap(), text.as_bytes(), "{length}");
            assert_eq!(inflate(&compressed, length - 1), Err(Violation::TooBig), "{length}");
        }
        assert_eq!(inflate(&[0], 10).unwrap(), b"", "an empty message");
    }

    #[test]
    fn a_bomb_is_refused_without_going_off() {
        let bomb = deflate(&vec![b'x'; 64 * 1024 * 1024]).unwrap();
        assert!(bomb.len() < 400 * 1024);
        assert_eq!(inflate(&bomb, 64 * 1024), Err(Violation::TooBig));
        assert!(matches!(inflate(&[0xff; 100], 1_000), Err(Violation::Protocol(_))));
    }

    #[test]
    fn only_offers_that_are_spoken_here_are_taken() {
        let offered = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, value.parse().unwrap());
            is_offered(&headers)
        };
        for good in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=\"10\"",
            "x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=15",
            "permessage-deflate; server_max_window_bits=9, permessage-deflate",
        ] {
            assert!(offered(good), "{good}");
        }
        for bad in [
            "deflate",
            "permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits; client_max_window_bits",
            "permessage-deflate; invented",
        ] {
            assert!(!offered(bad), "{bad}");
        }
    }

    #[test]
    fn a_frame_keeps_its_kind() {
        let text = "the same and the same and the same and ".repeat(20);
        let plain = super::super::frame::encode_text(&text);
        let small = deflate_frame(&plain).unwrap();
        assert_eq!((small[0], small.len() < plain.len() / 4), (0xc1, true));
        assert_eq!(inflate(&small[2..], text.len()).unwrap(), text.as_bytes());
        assert_eq!(deflate_frame(&super::super::frame::encode_text("short")), None);
        assert_eq!(deflate_frame(&super::super::frame::encode_ping(&[b'x'; 100])), None);
    }
}

//! However the bytes of a connection are cut, the same messages come out and the same violation ends it, and never
//! is more kept than a message may have.
//!
//! Input: a byte of flags, the number of cuts, the cuts, and what the client sends: as it stands, or (flag) as
//! pieces from which well-formed frames are made, which the fuzzer alone would seldom hit on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tertulia_gateway::ws::frame::{Decoder, Incoming, Rules, Violation};

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const MESSAGE_BYTES_MAX: usize = 1_024;
const CONTROL_BYTES_MAX: usize = 125;

type Outcome = (Vec<Incoming>, Result<(), Violation>, bool, bool);

fuzz_target!(|input: &[u8]| {
    let Some((&[flags, cuts], rest)) = input.split_first_chunk::<2>() else { return };
    let (cuts, sent) = rest.split_at(usize::from(cuts % 32).min(rest.len()));
    let rules = Rules { message_bytes_max: MESSAGE_BYTES_MAX, fragments_max: 16, binary: flags & 1 != 0, deflate: flags & 2 != 0 };
    let sent = if flags & 4 != 0 { frames(sent) } else { sent.to_vec() };
    let whole = decode(rules, [sent.as_slice()]);
    let pieces = cut(&sent, cuts);
    assert_eq!(
        decode(rules, pieces.iter().copied()),
        whole,
        "in pieces of {:?}",
        pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>()
    );
    assert_eq!(decode(rules, sent.chunks(1)), whole, "byte for byte");
    whole.0.iter().for_each(check);
});

fn decode<'a>(rules: Rules, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let (mut decoder, mut out, mut result) = (Decoder::new(rules), Vec::new(), Ok(()));
    for piece in pieces {
        result = decoder.push(piece, &mut out);
        assert!(decoder.held() <= MESSAGE_BYTES_MAX + CONTROL_BYTES_MAX, "{} bytes held", decoder.held());
        if result.is_err() {
            return (out, result, false, false);
        }
    }
    (out, result, decoder.is_inside(), decoder.is_used_up())
}

fn check(incoming: &Incoming) {
    match incoming {
        Incoming::Text(text) => assert!(text.len() <= MESSAGE_BYTES_MAX),
        Incoming::Binary(bytes) => assert!(bytes.len() <= MESSAGE_BYTES_MAX),
        Incoming::Ping(bytes) | Incoming::Pong(bytes) => assert!(bytes.len() <= CONTROL_BYTES_MAX),
        Incoming::Close(_) => {}
    }
}

/// Each cut is a length; the last one counts on to the end.
fn cut<'a>(mut bytes: &'a [u8], cuts: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in cuts {
        let (piece, rest) = bytes.split_at(usize::from(*length).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

/// From each piece — FIN and opcode, a length, the payload — a masked frame with its shortest header.
fn frames(mut pieces: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some((&[first, length], rest)) = pieces.split_first_chunk::<2>() {
        // Longer ones repeat what is there, so that headers of two lengths and the limit are reached.
        let (payload, rest) = rest.split_at(usize::from(length % 64).min(rest.len()));
        let payload = payload.repeat(usize::from(length / 64) * 8 + 1);
        bytes.push(first);
        match u16::try_from(payload.len()).unwrap_or(u16::MAX) {
            short @ 0..=125 => bytes.push(0x80 | short as u8),
            long => {
                bytes.push(0x80 | 126);
                bytes.extend(long.to_be_bytes());
            }
        }
        bytes.extend(MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        pieces = rest;
    }
    bytes
}

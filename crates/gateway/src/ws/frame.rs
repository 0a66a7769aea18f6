//! RFC 6455 for a server, without I/O: bytes in, messages or the reason to close out.
//! Strict: what the RFC forbids ends the connection with the code that it asks for.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use tertulia_protocol::FRAME_BYTES_MAX;

use super::deflate;

/// What a connection takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Of one message, after decompression.
    pub message_bytes_max: usize,
    /// A message of more pieces than this is an attack, not a message.
    pub fragments_max: u32,
    pub binary: bool,
    /// permessage-deflate was agreed on.
    pub deflate: bool,
}

impl Rules {
    /// What clients of the protocol keep to.
    pub const PROTOCOL: Self = Self { message_bytes_max: FRAME_BYTES_MAX, fragments_max: 1_024, binary: false, deflate: false };
    /// Whatever the RFC allows, up to 16 MiB and a bit, and back: for conformance suites.
    pub const ECHO: Self = Self { message_bytes_max: 17 * 1024 * 1024, fragments_max: u32::MAX, binary: true, deflate: false };
}

const CONTROL_BYTES_MAX: u64 = 125;
/// Room for the longest header of a server frame.
const HEADER_ROOM: usize = 10;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
/// The message is compressed.
const RSV1: u8 = 0x40;

/// What came from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    Text(String),
    Binary(Bytes),
    /// Answer with a pong of the same bytes.
    Ping(Bytes),
    /// The bytes of the ping that it answers.
    Pong(Bytes),
    /// The client's code, where it gave one. Nothing comes after it.
    Close(Option<u16>),
}

/// The client broke the protocol: close with [`Violation::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    Protocol(&'static str),
    Binary,
    Utf8,
    TooBig,
}

impl Violation {
    pub fn code(self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::Binary => 1003,
            Self::Utf8 => 1007,
            Self::TooBig => 1009,
        }
    }

    /// For the client's developer.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Protocol(reason) => reason,
            Self::Binary => "binary frames are not spoken here",
            Self::Utf8 => "text is not UTF-8",
            Self::TooBig => "over the limit",
        }
    }
}

/// A frame whose header was read and whose payload is still coming.
#[derive(Debug, Clone, Copy)]
struct Open {
    is_final: bool,
    opcode: u8,
    mask: [u8; 4],
    length: u64,
    seen: u64,
}

/// Reads one connection. Holds no buffer between messages.
#[derive(Debug)]
pub struct Decoder {
    pub rules: Rules,
    header: [u8; 14],
    header_len: usize,
    open: Option<Open>,
    control: Vec<u8>,
    message: Vec<u8>,
    /// How much of `message` is known to be UTF-8.
    checked: usize,
    /// Pieces of the unfinished message; 0: none is unfinished.
    fragments: u32,
    /// Of the unfinished message.
    is_binary: bool,
    is_compressed: bool,
    closed: bool,
}

impl Decoder {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            header: [0; 14],
            header_len: 0,
            open: None,
            control: Vec::new(),
            message: Vec::new(),
            checked: 0,
            fragments: 0,
            is_binary: false,
            is_compressed: false,
            closed: false,
        }
    }

    /// Whether the client is in the middle of a frame or message.
    pub fn is_inside(&self) -> bool {
        self.header_len > 0 || self.open.is_some() || self.fragments > 0
    }

    /// Bytes kept of what is unfinished: at most a message and a control frame.
    pub fn held(&self) -> usize {
        self.message.len() + self.control.len()
    }

    /// The client has said goodbye: nothing more is read.
    pub fn is_used_up(&self) -> bool {
        self.closed
    }

    /// Takes bytes as they come and adds what they complete to `out`, also when it then refuses the rest.
    pub fn push(&mut self, mut input: &[u8], out: &mut Vec<Incoming>) -> Result<(), Violation> {
        while !self.closed {
            let open = match self.open {
                Some(open) => open,
                None => match self.read_header(&mut input)? {
                    Some(open) => open,
                    None => return Ok(()),
                },
            };
            let missing = usize::try_from(open.length - open.seen).unwrap_or(usize::MAX);
            let (payload, rest) = input.split_at(missing.min(input.len()));
            input = rest;
            self.read_payload(open, payload)?;
            let seen = open.seen + payload.len() as u64;
            if seen < open.length {
                self.open = Some(Open { seen, ..open });
                return Ok(());
            }
            self.open = None;
            self.finish(open, out)?;
        }
        Ok(())
    }

    /// Collects header bytes; refuses a bad frame as early as its bytes allow.
    fn read_header(&mut self, input: &mut &[u8]) -> Result<Option<Open>, Violation> {
        while let Some((&byte, rest)) = input.split_first() {
            if let Some(place) = self.header.get_mut(self.header_len) {
                *place = byte;
            }
            self.header_len += 1;
            *input = rest;
            let [first, second, ..] = self.header;
            if self.header_len == 1 {
                self.check_first(first)?;
            }
            if self.header_len == 2 {
                check_second(first, second)?;
            }
            if self.header_len >= 2 && self.header_len == header_length(second) {
                return self.open_frame().map(Some);
            }
        }
        Ok(None)
    }

    fn check_first(&self, first: u8) -> Result<(), Violation> {
        // The first frame of a message says whether it is compressed.
        let may_compress = self.rules.deflate && matches!(first & 0x0f, TEXT | BINARY);
        if first & 0x30 != 0 || (first & RSV1 != 0 && !may_compress) {
            return Err(Violation::Protocol("reserved bit set"));
        }
        let is_final = first & 0x80 != 0;
        match first & 0x0f {
            CONTINUATION if self.fragments == 0 => Err(Violation::Protocol("continuation of nothing")),
            TEXT | BINARY if self.fragments > 0 => Err(Violation::Protocol("a message inside another")),
            CONTINUATION | TEXT | BINARY => Ok(()),
            CLOSE | PING | PONG if is_final => Ok(()),
            CLOSE | PING | PONG => Err(Violation::Protocol("fragmented control frame")),
            _ => Err(Violation::Protocol("unknown opcode")),
        }
    }

    /// The header is complete: what does it announce?
    fn open_frame(&mut self) -> Result<Open, Violation> {
        let [first, second, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12, h13] = self.header;
        self.header_len = 0;
        let (length, mask) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes([h2, h3])), [h4, h5, h6, h7]),
            127 => (u64::from_be_bytes([h2, h3, h4, h5, h6, h7, h8, h9]), [h10, h11, h12, h13]),
            short => (u64::from(short), [h2, h3, h4, h5]),
        };
        let shortest = match second & 0x7f {
            126 => length > CONTROL_BYTES_MAX,
            127 => length > u64::from(u16::MAX) && length <= i64::MAX as u64,
            _ => true,
        };
        if !shortest {
            return Err(Violation::Protocol("length not in its shortest form"));
        }
        let opcode = first & 0x0f;
        if opcode == BINARY && !self.rules.binary {
            return Err(Violation::Binary);
        }
        if matches!(opcode, TEXT | BINARY) {
            (self.is_binary, self.is_compressed) = (opcode == BINARY, first & RSV1 != 0);
        }
        if matches!(opcode, CONTINUATION | TEXT | BINARY) {
            self.fragments += 1;
            if self.fragments > self.rules.fragments_max || self.message.len() as u64 + length > self.rules.message_bytes_max as u64 {
                return Err(Violation::TooBig);
            }
        }
        Ok(Open { is_final: first & 0x80 != 0, opcode, mask, length, seen: 0 })
    }

    fn read_payload(&mut self, open: Open, payload: &[u8]) -> Result<(), Violation> {
        let is_data = matches!(open.opcode, CONTINUATION | TEXT | BINARY);
        let into = if is_data { &mut self.message } else { &mut self.control };
        // The mask goes on where the last piece of the payload left off.
        let start = (open.seen % 4) as usize;
        into.extend(payload.iter().zip(open.mask.iter().cycle().skip(start)).map(|(byte, mask)| byte ^ mask));
        if is_data && !self.is_binary && !self.is_compressed { self.check_utf8() } else { Ok(()) }
    }

    /// As far as it has come; a character may still be cut in two.
    fn check_utf8(&mut self) -> Result<(), Violation> {
        match std::str::from_utf8(self.message.get(self.checked..).unwrap_or_default()) {
            Ok(text) => self.checked += text.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(Violation::Utf8),
        }
        Ok(())
    }

    fn finish(&mut self, open: Open, out: &mut Vec<Incoming>) -> Result<(), Violation> {
        match open.opcode {
            CLOSE => {
                self.closed = true;
                out.push(Incoming::Close(close_code(&std::mem::take(&mut self.control))?));
            }
            PING => out.push(Incoming::Ping(std::mem::take(&mut self.control).into())),
            PONG => out.push(Incoming::Pong(std::mem::take(&mut self.control).into())),
            _ if open.is_final => {
                self.fragments = 0;
                self.checked = 0;
                let mut message = std::mem::take(&mut self.message);
                if std::mem::take(&mut self.is_compressed) {
                    message = deflate::inflate(&message, self.rules.message_bytes_max)?;
                }
                out.push(if self.is_binary {
                    Incoming::Binary(message.into())
                } else {
                    Incoming::Text(String::from_utf8(message).map_err(|_| Violation::Utf8)?)
                });
            }
            _ => {}
        }
        Ok(())
    }
}

fn check_second(first: u8, second: u8) -> Result<(), Violation> {
    if second & 0x80 == 0 {
        return Err(Violation::Protocol("client frames are masked"));
    }
    if first & 0x08 != 0 && u64::from(second & 0x7f) > CONTROL_BYTES_MAX {
        return Err(Violation::Protocol("control frame over 125 bytes"));
    }
    Ok(())
}

/// Of a client frame: two bytes, the extended length, the mask.
fn header_length(second: u8) -> usize {
    match second & 0x7f {
        126 => 8,
        127 => 14,
        _ => 6,
    }
}

/// The code of a close frame's payload.
fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() { Ok(None) } else { Err(Violation::Protocol("close frame of one byte")) };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Violation::Protocol("close code that nobody may send"));
    }
    std::str::from_utf8(reason).map_err(|_| Violation::Utf8)?;
    Ok(Some(code))
}

/// A text frame, header included: made once, shared by everybody who gets it.
pub fn encode_text(text: &str) -> Bytes {
    encode(0x80 | TEXT, text.as_bytes())
}

pub fn encode_binary(bytes: &[u8]) -> Bytes {
    encode(0x80 | BINARY, bytes)
}

/// `value` as JSON in a text frame, without a copy in between.
pub fn encode_json<T: Serialize>(value: &T) -> Result<Bytes, serde_json::Error> {
    let mut frame = BytesMut::with_capacity(512);
    frame.put_bytes(0, HEADER_ROOM);
    let mut writer = frame.writer();
    serde_json::to_writer(&mut writer, value)?;
    let mut frame = writer.into_inner();
    let header = header(0x80 | TEXT, frame.len() - HEADER_ROOM);
    let start = HEADER_ROOM - header.len();
    if let Some(place) = frame.get_mut(start..HEADER_ROOM) {
        place.copy_from_slice(&header);
    }
    Ok(frame.freeze().slice(start..))
}

/// `payload`: at most 125 bytes; the pong brings it back.
pub fn encode_ping(payload: &[u8]) -> Bytes {
    encode(0x80 | PING, payload)
}

/// `payload`: the ping's, at most 125 bytes.
pub fn encode_pong(payload: &[u8]) -> Bytes {
    encode(0x80 | PONG, payload)
}

/// `reason` is cut to what a close frame can carry.
pub fn encode_close(code: u16, reason: &str) -> Bytes {
    let mut end = reason.len().min(CONTROL_BYTES_MAX as usize - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = Vec::with_capacity(2 + end);
    payload.extend_from_slice(&code.to_be_bytes());
    payload.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
    encode(0x80 | CLOSE, &payload)
}

/// `first`: FIN, reserved bits and opcode.
pub(super) fn encode(first: u8, payload: &[u8]) -> Bytes {
    let header = header(first, payload.len());
    let mut frame = BytesMut::with_capacity(header.len() + payload.len());
    frame.put_slice(&header);
    frame.put_slice(payload);
    frame.freeze()
}

/// Of a server's unfragmented, unmasked frame.
fn header(first: u8, length: usize) -> Vec<u8> {
    let mut header = vec![first];
    match length {
        0..=125 => header.push(length as u8),
        126..=0xffff => {
            header.push(126);
            header.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            header.push(127);
            header.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    header
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;

//! Bytes by hand, for what no proper client would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::{Client, Closed, PATIENCE};

/// The answer to a request on a bare connection, or whatever came instead until the server closed it or fell silent.
pub async fn exchange(address: &str, bytes: &[u8]) -> String {
    exchange_until(address, bytes, is_complete).await
}

/// As [`exchange`], with all that comes after the answer.
pub async fn exchange_all(address: &str, bytes: &[u8]) -> String {
    exchange_until(address, bytes, |_| false).await
}

/// Whether head and body are there.
fn is_complete(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    length.is_some_and(|length: usize| answer.len() >= end + 4 + length)
}

async fn exchange_until(address: &str, bytes: &[u8], done: impl Fn(&[u8]) -> bool) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may refuse and close before it has read everything.
    let written = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(Ok(read @ 1..)) = timeout(Duration::from_millis(1_500), stream.read(&mut chunk)).await {
        answer.extend_from_slice(&chunk[..read]);
        if done(&answer) {
            break;
        }
    }
    assert!(written.is_ok() || !answer.is_empty(), "cut off without an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A client's frame: `first` holds FIN, reserved bits and opcode.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let mask = [0x11, 0x22, 0x33, 0x44];
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The lines of a WebSocket handshake, to be spoiled.
pub struct Handshake {
    pub request_line: String,
    pub headers: Vec<(String, String)>,
}

impl Handshake {
    /// A right one.
    pub fn of(client: &Client) -> Self {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            request_line: "GET /api/v1/ws HTTP/1.1".into(),
            headers: vec![
                header("Host", client.url.trim_start_matches("http://")),
                header("Connection", "Upgrade"),
                header("Upgrade", "websocket"),
                header("Sec-WebSocket-Version", "13"),
                header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                header("Authorization", &format!("Bearer {}", client.access_token())),
            ],
        }
    }

    /// Another value for a header; empty takes it away.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            self.headers.push((name.into(), value.into()));
        }
        self
    }

    pub fn line(self, line: &str) -> Self {
        Self { request_line: line.into(), ..self }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{}\r\n{headers}\r\n", self.request_line).into_bytes()
    }
}

/// A WebSocket whose bytes the test makes.
pub struct RawSocket {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl RawSocket {
    /// Handshake done, `connected` read.
    pub async fn open(client: &Client) -> Self {
        let (mut socket, _) = Self::shake(client, &Handshake::of(client)).await;
        socket.read_frame().await.expect("a first frame");
        socket
    }

    /// Handshake done, and what the server answered to it, in lower case.
    pub async fn shake(client: &Client, handshake: &Handshake) -> (Self, String) {
        Self::shake_on(TcpStream::connect(client.url.trim_start_matches("http://")).await.unwrap(), handshake).await
    }

    /// A socket that takes little before it blocks.
    pub async fn open_small(client: &Client) -> Self {
        let tcp = TcpSocket::new_v4().unwrap();
        tcp.set_recv_buffer_size(4 * 1024).unwrap();
        let stream = tcp.connect(client.url.trim_start_matches("http://").parse().unwrap()).await.unwrap();
        Self::shake_on(stream, &Handshake::of(client)).await.0
    }

    async fn shake_on(stream: TcpStream, handshake: &Handshake) -> (Self, String) {
        let mut socket = Self { stream, unread: Vec::new() };
        socket.write(&handshake.bytes()).await;
        while !socket.unread.windows(4).any(|end| end == b"\r\n\r\n") {
            assert!(socket.read_more().await, "no answer to the handshake");
        }
        let end = socket.unread.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(socket.unread.drain(..end).collect()).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 101"), "{head}");
        (socket, head)
    }

    /// A server that has already closed may not take everything: that is no failure.
    pub async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Opcode and payload; none when the connection is over.
    pub async fn read_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((opcode, start, length)) = server_header(&self.unread)
                && self.unread.len() >= start + length
            {
                let payload = self.unread[start..start + length].to_vec();
                self.unread.drain(..start + length);
                return Some((opcode, payload));
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    async fn read_more(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        match timeout(PATIENCE, self.stream.read(&mut chunk)).await {
            Ok(Ok(read @ 1..)) => {
                self.unread.extend_from_slice(&chunk[..read]);
                true
            }
            Ok(_) => false,
            Err(_) => panic!("the server said nothing and did not close"),
        }
    }

    /// Reads until the close frame.
    pub async fn closed(&mut self) -> Closed {
        while let Some((opcode, payload)) = self.read_frame().await {
            if opcode == 0x8 {
                let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                return Closed { code, reason: String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned() };
            }
        }
        Closed { code: 1006, reason: String::new() }
    }

    /// The connection without its owner: dropped, it ends with a reset rather than a goodbye.
    pub fn reset(self) {
        // Deprecated for blocking on close; a linger of zero does not block.
        #[allow(deprecated)]
        self.stream.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// The next text frame as JSON.
    pub async fn read_json(&mut self) -> serde_json::Value {
        loop {
            let (opcode, payload) = self.read_frame().await.expect("a frame");
            if opcode == 0x1 {
                return serde_json::from_slice(&payload).unwrap();
            }
            assert_ne!(opcode, 0x8, "closed: {:?}", String::from_utf8_lossy(&payload));
        }
    }
}

/// Opcode, where the payload begins, how long it is.
fn server_header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (start, length) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?) as usize),
        short => (2, usize::from(short)),
    };
    Some((first & 0x0f, start, length))
}

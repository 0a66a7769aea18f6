//! What a delivery has to cost: servers without accounts, storage or rules, on one thread.
//!
//! `reference raw` makes one write for each delivery, as soon as the message is read. `reference shard` reads all
//! that has come, then makes one write for each connection. `GET /?room=N&role=both` listens in a room and may
//! speak there, `role=pub` only speaks. Prints its port.
use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

#[derive(Debug, Parser)]
struct Arguments {
    mode: Mode,
    /// 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Raw,
    Shard,
}

const LISTENER: Token = Token(usize::MAX);
/// The answer to the one key that our generator sends.
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct Client {
    stream: TcpStream,
    /// None: has not said yet.
    room: Option<usize>,
    partial: Vec<u8>,
    unsent: Vec<u8>,
}

#[derive(Default)]
struct Room {
    listeners: Vec<usize>,
    /// Frames of this turn.
    inbox: Vec<u8>,
}

struct Server {
    mode: Mode,
    clients: Vec<Option<Client>>,
    rooms: Vec<Room>,
    /// Rooms whose inbox is not empty.
    busy: Vec<usize>,
    buffer: Vec<u8>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    raise_open_files();
    let mut listener = TcpListener::bind(([127, 0, 0, 1], arguments.port).into())?;
    writeln!(io::stdout(), "{}", listener.local_addr()?.port())?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1_024);
    let mut server = Server { mode: arguments.mode, clients: Vec::new(), rooms: Vec::new(), busy: Vec::new(), buffer: vec![0; 256 * 1024] };
    loop {
        poll.poll(&mut events, None::<Duration>)?;
        for event in &events {
            if event.token() == LISTENER {
                server.accept(&listener, &poll)?;
            } else {
                server.serve(event.token().0, event.is_writable());
            }
        }
        server.deliver();
    }
}

fn raise_open_files() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).ok();
}

impl Server {
    fn accept(&mut self, listener: &TcpListener, poll: &Poll) -> anyhow::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("accept"),
            };
            stream.set_nodelay(true)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(self.clients.len()), interest)?;
            self.clients.push(Some(Client { stream, room: None, partial: Vec::new(), unsent: Vec::new() }));
        }
    }

    fn serve(&mut self, id: usize, writable: bool) {
        let Some(Some(client)) = self.clients.get_mut(id) else { return };
        if writable {
            client.flush();
        }
        let mut fresh = Vec::new();
        let ended = loop {
            match client.stream.read(&mut self.buffer) {
                Ok(0) => break true,
                Ok(read) => {
                    fresh.extend_from_slice(self.buffer.get(..read).unwrap_or_default());
                    if read < self.buffer.len() {
                        break false;
                    }
                }
                Err(error) => break error.kind() != ErrorKind::WouldBlock,
            }
        };
        if ended {
            self.leave(id);
        } else if !fresh.is_empty() {
            self.take(id, &fresh);
        }
    }

    fn leave(&mut self, id: usize) {
        let client = self.clients.get_mut(id).and_then(Option::take);
        if let Some(room) = client.and_then(|client| client.room).and_then(|room| self.rooms.get_mut(room)) {
            room.listeners.retain(|listener| *listener != id);
        }
    }

    fn take(&mut self, id: usize, fresh: &[u8]) {
        let Some(Some(client)) = self.clients.get_mut(id) else { return };
        let mut whole = std::mem::take(&mut client.partial);
        whole.extend_from_slice(fresh);
        let Some(room) = client.room else {
            self.join(id, whole);
            return;
        };
        let mut rest = whole.as_slice();
        while let Some((opcode, payload, after)) = unmask(rest) {
            rest = after;
            match opcode {
                1 => self.publish(room, &payload),
                8 => return self.leave(id),
                _ => {}
            }
        }
        if let Some(Some(client)) = self.clients.get_mut(id) {
            client.partial = rest.to_vec();
        }
    }

    /// Answers the upgrade, once all of it is there.
    fn join(&mut self, id: usize, request: Vec<u8>) {
        let Some(Some(client)) = self.clients.get_mut(id) else { return };
        if !request.ends_with(b"\r\n\r\n") {
            client.partial = request;
            return;
        }
        let request = String::from_utf8_lossy(&request);
        let query = request.split(' ').nth(1).and_then(|path| path.split_once('?')).map_or("", |(_, query)| query);
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let room: usize = value("room").and_then(|room| room.parse().ok()).unwrap_or_default();
        client.room = Some(room);
        client.write(SWITCHING);
        if self.rooms.len() <= room {
            self.rooms.resize_with(room + 1, Room::default);
        }
        if value("role") != Some("pub")
            && let Some(room) = self.rooms.get_mut(room)
        {
            room.listeners.push(id);
        }
    }

    fn publish(&mut self, at: usize, payload: &[u8]) {
        let Some(room) = self.rooms.get_mut(at) else { return };
        if room.inbox.is_empty() {
            self.busy.push(at);
        }
        frame(payload, &mut room.inbox);
        if self.mode == Mode::Raw {
            self.deliver();
        }
    }

    /// What waits, in one write for each listener.
    fn deliver(&mut self) {
        for at in self.busy.drain(..) {
            let Some(room) = self.rooms.get_mut(at) else { continue };
            for listener in &room.listeners {
                if let Some(Some(client)) = self.clients.get_mut(*listener) {
                    client.write(&room.inbox);
                }
            }
            room.inbox.clear();
        }
    }
}

impl Client {
    fn write(&mut self, bytes: &[u8]) {
        if self.unsent.is_empty() {
            let written = self.stream.write(bytes).unwrap_or_default();
            self.unsent.extend_from_slice(bytes.get(written..).unwrap_or_default());
        } else {
            self.unsent.extend_from_slice(bytes);
        }
    }

    fn flush(&mut self) {
        if !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            self.write(&unsent);
        }
    }
}

/// As a server sends it.
fn frame(payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x81);
    match u8::try_from(payload.len()) {
        Ok(short @ 0..126) => out.push(short),
        _ => {
            out.push(126);
            out.extend_from_slice(&u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// The first of a client's frames, and what follows; none where it is not all there. Ours are shorter than 64 KiB.
fn unmask(bytes: &[u8]) -> Option<(u8, Vec<u8>, &[u8])> {
    let [first, second, rest @ ..] = bytes else { return None };
    let (length, rest) = match second & 0x7f {
        126 => rest.split_first_chunk::<2>().map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?,
        short => (usize::from(short), rest),
    };
    let (mask, rest) = rest.split_first_chunk::<4>()?;
    let (payload, rest) = rest.split_at_checked(length)?;
    Some((first & 0x0f, payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect(), rest))
}

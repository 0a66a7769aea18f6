//! Many WebSocket connections on one thread: one epoll loop, one read buffer, frames handed on as bytes.

pub mod codec;
mod line;
mod timer;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use line::Line;
use timer::Timer;

const TIMER: Token = Token(usize::MAX);
/// Connections served before what is due is looked at again.
const EVENTS_A_TURN: usize = 256;
const BUFFER: usize = 256 * 1024;

/// What is told of connections, by number.
pub trait Sink {
    /// The server has taken the upgrade.
    fn opened(&mut self, line: usize);
    /// A text frame, whole.
    fn text(&mut self, line: usize, text: &[u8]);
    /// It is over, and not because we ended it.
    fn closed(&mut self, line: usize, ending: Ending);
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The upgrade was answered with something else.
    Refused {
        status: u16,
        body: Vec<u8>,
    },
    /// By a close frame.
    Closed {
        code: u16,
        reason: String,
    },
    Lost(String),
}

/// What was received, over all connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// System calls that brought something.
    pub receives: u64,
    pub bytes: u64,
    pub frames: u64,
}

impl std::ops::Sub for Totals {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { receives: self.receives - before.receives, bytes: self.bytes - before.bytes, frames: self.frames - before.frames }
    }
}

/// The connections of one generator.
pub struct Engine {
    poll: Poll,
    events: Events,
    timer: Timer,
    lines: Lines,
}

struct Lines {
    /// None: closed.
    all: Vec<Option<Line>>,
    buffer: Box<[u8]>,
    frame: Vec<u8>,
    totals: Totals,
}

impl Engine {
    /// For connections 0 to `count` - 1, all closed.
    pub fn new(count: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let timer = Timer::register(poll.registry(), TIMER)?;
        let all = std::iter::repeat_with(|| None).take(count).collect();
        let lines = Lines { all, buffer: vec![0; BUFFER].into(), frame: Vec::new(), totals: Totals::default() };
        Ok(Self { poll, events: Events::with_capacity(EVENTS_A_TURN), timer, lines })
    }

    pub fn totals(&self) -> Totals {
        self.lines.totals
    }

    /// Begins a connection; [`Sink::opened`] or [`Sink::closed`] follows.
    pub fn connect(&mut self, line: usize, to: SocketAddr, from: Option<IpAddr>, request: Vec<u8>) -> io::Result<()> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(from) = from {
            socket.bind(&SocketAddr::new(from, 0).into())?;
        }
        if let Err(error) = socket.connect(&to.into())
            && error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error())
        {
            return Err(error);
        }
        let mut stream = TcpStream::from_std(socket.into());
        self.poll.registry().register(&mut stream, Token(line), Interest::READABLE | Interest::WRITABLE)?;
        if let Some(place) = self.lines.all.get_mut(line) {
            *place = Some(Line::new(stream, request));
        }
        Ok(())
    }

    /// Sends a text frame. What cannot be written is known by [`Sink::closed`] in the next turn.
    pub fn send(&mut self, line: usize, text: &[u8]) {
        let Lines { all, frame, .. } = &mut self.lines;
        if let Some(Some(line)) = all.get_mut(line) {
            frame.clear();
            codec::encode(codec::TEXT, text, frame);
            line.write(frame).ok();
        }
    }

    /// Ends a connection without a word, as a cable does that is pulled: with a reset, and no port left waiting.
    pub fn cut(&mut self, line: usize) {
        if let Some(Some(line)) = self.lines.all.get_mut(line).map(Option::take) {
            socket2::SockRef::from(&line.stream).set_linger(Some(Duration::ZERO)).ok();
        }
    }

    /// Waits until something comes or until then, and tells the sink. Answers whether something came.
    pub fn turn(&mut self, until: Instant, sink: &mut impl Sink) -> io::Result<bool> {
        let now = Instant::now();
        let timeout = if until <= now {
            Some(Duration::ZERO)
        } else {
            self.timer.wake_at(until, now)?;
            None
        };
        if let Err(error) = self.poll.poll(&mut self.events, timeout) {
            return if error.kind() == io::ErrorKind::Interrupted { Ok(false) } else { Err(error) };
        }
        let mut any = false;
        for event in &self.events {
            if event.token() == TIMER {
                self.timer.spent();
                continue;
            }
            any = true;
            self.lines.serve(event, sink);
        }
        Ok(any)
    }
}

impl Lines {
    fn serve(&mut self, event: &mio::event::Event, sink: &mut impl Sink) {
        let id = event.token().0;
        let Some(place) = self.all.get_mut(id) else { return };
        let Some(line) = place else { return };
        let flushed = if event.is_writable() { line.flush() } else { Ok(()) };
        let ending = match flushed {
            Err(error) => Some(Ending::Lost(error.to_string())),
            Ok(()) if event.is_readable() || event.is_error() => line.read(id, &mut self.buffer, &mut self.totals, sink),
            Ok(()) => None,
        };
        if let Some(ending) = ending {
            *place = None;
            sink.closed(id, ending);
        }
    }
}

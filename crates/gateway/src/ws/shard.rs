//! A thread that owns its share of the connections: one loop over one epoll, no task and no lock per connection.
//!
//! A turn takes all commands and all events first and only then looks at each connection that they concern, once: what
//! has gathered for it goes out in one system call. Where a frame goes to thousands, a turn is cut into pieces, so that
//! those in small rooms do not wait for it.

pub mod board;
pub mod inbox;
mod link;
pub mod proof;
mod serve;
mod vitals;
mod wheel;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use tertulia_domain::ids::Seq;
use tertulia_ports::waking;

pub use self::board::Board;
use self::inbox::Inbox;
use self::link::{Ending, Link, Stage};
use self::proof::Proof;
pub use self::vitals::HEARTBEAT_EVERY;
use self::vitals::Vitals;
use self::wheel::{Tick, Wheel};
use super::close::Close;
use super::command::Command;
use super::frame::{Decoder, Rules};
use super::handshake::Place;
use super::hub::RoomNo;
use super::outgoing::Frame;
use crate::gateway::Gateway;

const WAKE: Token = Token(usize::MAX);
const EVENTS: usize = 1_024;
const READ_BYTES: usize = 64 * 1024;
/// Connections looked at before commands and events are taken again.
const AT_ONCE: usize = 64;
/// How long what is ephemeral waits for something to ride along with.
const LINGER: Duration = Duration::from_millis(250);
/// For connections to end when the server does.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// A connection whose handshake is done.
#[derive(Debug)]
pub struct Adopted {
    pub slot: u32,
    pub stream: TcpStream,
    /// Bytes that came with the handshake.
    pub early: Vec<u8>,
    /// What it is sent before anything else.
    pub first: Vec<Frame>,
    /// What it went on with another connection's place: how far `first` goes in each room.
    pub resumed: Option<HashMap<RoomNo, Seq>>,
    pub expires_at_ms: i64,
    pub place: Option<Place>,
    /// permessage-deflate was agreed on.
    pub deflates: bool,
}

/// The ends of a shard that is not running yet.
pub struct Socket {
    poll: Poll,
    inbox: Arc<Inbox>,
}

impl Socket {
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let inbox = Arc::new(Inbox::new(Waker::new(poll.registry(), WAKE)?));
        Ok(Self { poll, inbox })
    }

    pub fn inbox(&self) -> Arc<Inbox> {
        self.inbox.clone()
    }

    /// Starts the thread. Frames are carried out in it, with the runtime of who calls this.
    pub fn run(self, number: u16, gateway: Gateway) -> io::Result<()> {
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new().name(format!("shard-{number}")).spawn(move || {
            let _context = runtime.enter();
            Shard::new(self, number, gateway).run();
        })?;
        Ok(())
    }
}

struct Shard {
    number: u16,
    gateway: Gateway,
    poll: Poll,
    inbox: Arc<Inbox>,
    board: Board<Link>,
    wheel: Wheel,
    /// For all connections: none of them keeps it.
    scratch: Vec<u8>,
    /// For connections that are between messages.
    decoder: Decoder,
    rules: Rules,
    commands: Vec<Command>,
    /// Connections looked at in this turn.
    attended: Vec<u32>,
    now: Instant,
    tick: Tick,
    stops_at: Option<Instant>,
}

impl Shard {
    fn new(socket: Socket, number: u16, gateway: Gateway) -> Self {
        let now = Instant::now();
        let rules = if gateway.config.echo { Rules::ECHO } else { Rules::PROTOCOL };
        Self {
            number,
            poll: socket.poll,
            inbox: socket.inbox,
            board: Board::new(now),
            wheel: Wheel::new(now),
            scratch: vec![0; READ_BYTES],
            decoder: Decoder::new(rules),
            rules,
            gateway,
            commands: Vec::new(),
            attended: Vec::with_capacity(AT_ONCE),
            now,
            tick: 0,
            stops_at: None,
        }
    }

    fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        while !self.is_over() {
            let timeout = self.sleeps_for();
            let polled = self.poll.poll(&mut events, Some(timeout));
            self.inbox.awake();
            if let Err(error) = polled
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "a shard cannot wait for events");
                std::thread::sleep(LINGER);
            }
            self.now = Instant::now();
            self.tick = self.wheel.tick_of(self.now);
            self.take_commands();
            events.iter().for_each(|event| self.note(event));
            self.pass_time();
            self.attend_some();
            self.count();
            if self.board.is_anybody_due() {
                // Those who store and order what comes next may share this core: without them there is nothing to gather.
                std::thread::yield_now();
            }
        }
    }

    /// Looks at some of the connections, in two rounds: what the frames of one bring about goes out with their answers.
    fn attend_some(&mut self) {
        let mut attended = std::mem::take(&mut self.attended);
        waking::together(|| {
            for _ in 0..AT_ONCE {
                let Some(slot) = self.board.next_due() else { break };
                self.attend(slot, Self::work);
                attended.push(slot);
            }
        });
        self.take_commands();
        attended.drain(..).for_each(|slot| self.attend(slot, Self::send));
        self.attended = attended;
    }

    fn is_over(&self) -> bool {
        self.stops_at.is_some_and(|at| self.now >= at || self.board.slots().next().is_none())
    }

    fn sleeps_for(&self) -> Duration {
        if self.board.is_anybody_due() || !self.inbox.fall_asleep() {
            return Duration::ZERO;
        }
        let now = Instant::now();
        let company = self.board.lingers_since().map(|since| (since + LINGER).saturating_duration_since(now));
        self.wheel.next_in(now).min(company.unwrap_or(Duration::MAX))
    }

    fn take_commands(&mut self) {
        let mut commands = std::mem::take(&mut self.commands);
        self.inbox.take(&mut commands);
        commands.drain(..).for_each(|command| self.carry_out(command));
        // A storm leaves no mountain behind.
        commands.shrink_to(EVENTS);
        self.commands = commands;
    }

    fn carry_out(&mut self, command: Command) {
        let now = self.now;
        match command {
            Command::Adopt(adopted) => self.adopt(*adopted),
            Command::Abandon { slot } => self.forget(slot),
            Command::Expires { slot, at_ms } => {
                if let Some(link) = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut()) {
                    link.vitals.extend(at_ms);
                }
            }
            Command::Poll { slot, generation } => {
                let Some(connection) = self.board.get_mut(slot).filter(|connection| connection.generation == generation) else { return };
                if let Some(link) = &mut connection.link {
                    link.is_ready = true;
                    self.board.make_due(slot, true);
                }
            }
            Command::Stop => {
                self.stops_at.get_or_insert(now + STOP_WITHIN);
                self.board.slots().collect::<Vec<_>>().into_iter().for_each(|slot| self.board.close(slot, Close::DRAIN));
            }
            command => self.board.apply(command, now),
        }
    }

    /// A socket comes to a connection that has been listening since its handshake.
    fn adopt(&mut self, adopted: Adopted) {
        let Adopted { slot, mut stream, early, first, resumed, expires_at_ms, place, deflates } = adopted;
        let registered = self.poll.registry().register(&mut stream, Token(slot as usize), Interest::READABLE | Interest::WRITABLE);
        let Some(connection) = self.board.get_mut(slot) else { return };
        let begins = resumed.is_none().then_some(connection.opened_at);
        let resumed = resumed.unwrap_or_default();
        connection.begin_with(first, |frame| frame.place.is_some_and(|(room, seq)| resumed.get(&room).is_some_and(|last| seq <= *last)));
        connection.deflates = deflates;
        connection.link = Some(Link {
            stream,
            decoder: None,
            inbox: Default::default(),
            in_flight: Default::default(),
            may_overlap: false,
            is_ready: false,
            // What came before it was registered makes no event.
            is_readable: true,
            is_half_closed: false,
            is_blocked: false,
            stage: Stage::Open,
            ending: registered.is_err().then_some(Ending::Gone),
            vitals: Vitals::new(self.tick, expires_at_ms),
            proof: Proof::new(begins),
            _place: place,
        });
        if begins.is_none() {
            self.prove(slot);
        }
        self.decode(slot, &early);
        // At once: the token may be about to expire.
        self.check(slot);
        self.board.make_due(slot, true);
    }

    fn note(&mut self, event: &Event) {
        let Ok(slot) = u32::try_from(event.token().0) else { return };
        let Some(link) = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut()) else { return };
        let unblocked = event.is_writable() && std::mem::take(&mut link.is_blocked);
        link.is_half_closed |= event.is_read_closed();
        link.is_readable |= event.is_readable() || event.is_read_closed();
        if unblocked || link.is_readable {
            self.board.make_due(slot, true);
        }
    }

    fn pass_time(&mut self) {
        while let Some((tick, slots)) = self.wheel.turn(self.now) {
            for slot in slots {
                let link = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut());
                match link.map(|link| (link.stage, link.vitals.due)) {
                    Some((Stage::Open, due)) if due == tick => self.check(slot),
                    Some((Stage::Finishing(until) | Stage::Goodbye(until), _)) if until <= tick => self.forget(slot),
                    _ => {}
                }
            }
        }
        if let Some(since) = self.now.checked_sub(LINGER) {
            self.board.end_lingering(since);
        }
    }

    fn count(&mut self) {
        if self.board.deliveries > 0 {
            metrics::counter!("tertulia_deliveries_total").increment(std::mem::take(&mut self.board.deliveries));
        }
        if self.board.dropped > 0 {
            metrics::counter!("tertulia_send_queue_dropped_total").increment(std::mem::take(&mut self.board.dropped));
        }
    }
}

//! A plan: one random thing after the other, then rest.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tertulia_domain::ids::ConnectionId;
use tertulia_domain::{ConversationId, Seq, UserId};
use tertulia_gateway::ws::hub::Handle;
use tertulia_gateway::ws::hub::core::Effect;
use tertulia_ports::Signal;
use tertulia_ports::store::log::Head;
use tertulia_testkit::Random;

use crate::client::{Client, Heard, Logs, State};
use crate::log::{Log, id};
use crate::server::{Server, added, caller, connected};

/// A client that is on its way in.
struct Opening {
    client: usize,
    handle: Handle,
    connection: ConnectionId,
    resumes: Option<ConnectionId>,
    at: Stage,
}

enum Stage {
    Listing,
    Listed(Vec<Head>),
    CatchUp(Vec<ConversationId>),
    Replay,
}

/// Whether somebody may listen to something: asked, and answered a little later.
struct Ask {
    user: UserId,
    id: ConversationId,
    /// As of then.
    answer: Option<(Option<Head>, u64)>,
}

/// Reading everything anew, after the bus said that it had lost something.
struct Resync {
    users: VecDeque<UserId>,
}

pub struct Sim {
    pub random: Random,
    now: Instant,
    aloud: bool,
    lossy: bool,
    users: Vec<UserId>,
    pub logs: Logs,
    pub clients: Vec<Client>,
    server: Server,
    bus: VecDeque<Signal>,
    openings: Vec<Opening>,
    repairs: Vec<(ConversationId, Seq)>,
    asks: Vec<Ask>,
    resync: Option<Resync>,
    owes_resync: bool,
    connections: usize,
    trace: Vec<String>,
    counts: [u64; 5],
}

const RESUMED: usize = 0;
const SYNCED: usize = 1;
const LOST: usize = 2;
const CUT: usize = 3;
const REPAIRED: usize = 4;

#[derive(Default)]
pub struct Totals {
    events: AtomicU64,
    counts: [AtomicU64; 5],
}

impl Totals {
    pub fn add(&self, sim: &Sim) {
        self.events.fetch_add(sim.clients.iter().map(|client| client.events).sum(), Ordering::Relaxed);
        for (total, count) in self.counts.iter().zip(sim.counts) {
            total.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// A test that cannot fail is none: each kind of trouble has to have happened.
    pub fn assert_plans_do_something(&self, plans: u64) {
        assert!(self.events.load(Ordering::Relaxed) > plans * 10, "{self}");
        for count in &self.counts {
            assert!(count.load(Ordering::Relaxed) * 4 > plans, "{self}");
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [resumed, synced, lost, cut, repaired] = self.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        let events = self.events.load(Ordering::Relaxed);
        write!(f, "{events} events delivered, {cut} cuts, {resumed} resumed, {synced} synced, {lost} signals lost, {repaired} repairs")
    }
}

impl Sim {
    pub fn new(seed: u64, aloud: bool) -> Self {
        let mut random = Random::new(seed.wrapping_mul(0x9e37_79b9));
        let now = Instant::now();
        let users: Vec<UserId> = (0..2 + random.below(4)).map(|n| id(1, n)).collect();
        let crowd: Vec<UserId> = (1_000..1_101).map(|n| id(1, n)).collect();
        let mut logs = Logs::new();
        for n in 0..1 + random.below(4) {
            let mut members: Vec<UserId> = users.iter().copied().filter(|_| !random.one_in(4)).collect();
            if random.one_in(4) {
                members.extend(&crowd);
            }
            let log = Log::new(id(2, n), &members);
            logs.insert(log.id, log);
        }
        let mut clients: Vec<Client> = users.iter().map(|user| Client::new(*user)).collect();
        if random.one_in(2) {
            clients.push(Client::new(users[0]));
        }
        let wire_bytes = if random.one_in(3) { 700 } else { 20_000 };
        let summary_messages = random.one_in(3).then_some(5);
        let shards = 1 + random.below(2);
        Self {
            lossy: random.one_in(2),
            server: Server::new(shards, wire_bytes, summary_messages, now),
            random,
            now,
            aloud,
            users,
            logs,
            clients,
            bus: VecDeque::new(),
            openings: Vec::new(),
            repairs: Vec::new(),
            asks: Vec::new(),
            resync: None,
            owes_resync: false,
            connections: 0,
            trace: Vec::new(),
            counts: [0; 5],
        }
    }

    fn tell(&mut self, what: impl FnOnce() -> String) {
        let what = what();
        if self.aloud {
            eprintln!("{what}");
        }
        self.trace.push(what);
    }

    pub fn fingerprint(&self) -> String {
        self.trace.join("\n")
    }

    pub fn step(&mut self) {
        match self.random.below(100) {
            0..=24 => self.commit(),
            25..=44 => self.hear(),
            45..=54 => self.work(),
            55..=69 => self.run_shard(),
            70..=84 => self.read_wire(),
            85..=88 => self.connect(),
            89..=91 => self.cut(),
            92..=94 => self.look(),
            95 => self.serve_syncs(),
            96 => self.check_tails(),
            _ => self.pass_time(),
        }
    }

    // ---- what people do -----------------------------------------------------------------------

    fn commit(&mut self) {
        let ids: Vec<ConversationId> = self.logs.keys().copied().collect();
        let conversation = *self.random.pick(&ids).expect("a conversation");
        let user = *self.random.pick(&self.users).expect("a user");
        let log = self.logs.get_mut(&conversation).expect("its log");
        let is_in = log.members.contains_key(&user);
        let (event, change) = match self.random.below(12) {
            0 if is_in => (Some(log.leave(user)), Some(Signal::Lost { user_id: user, conversation_id: conversation })),
            0..=2 if !is_in => (Some(log.join(user)), Some(Signal::Gained { user_id: user, conversation_id: conversation })),
            1..=2 if is_in => (log.pin(user), None),
            _ if is_in => (Some(log.write(user)), None),
            _ => (None, None),
        };
        let Some(event) = event else { return };
        self.tell(|| format!("commit {} {} {} by {}", event.conversation_id, event.seq, event.body.kind(), event.actor_id));
        self.bus.push_back(Signal::Event(event));
        self.bus.extend(change);
    }

    fn look(&mut self) {
        let place = self.random.below(self.clients.len());
        let ids: Vec<ConversationId> = self.logs.keys().copied().collect();
        let target = if self.random.one_in(3) { None } else { self.random.pick(&ids).copied() };
        let client = &mut self.clients[place];
        let State::Online(handle) = client.state else { return };
        let target = target.filter(|id| client.have.contains_key(id) && self.logs[id].members.contains_key(&client.user));
        let user = client.user;
        client.focus = target;
        self.server.with(|core| core.focus(user, handle, target));
        // It reads what it missed once the server knows that it looks.
        while self.server.take_command(usize::from(handle.shard), self.now) {}
        if let Some(id) = target {
            self.clients[place].fetch(id, &self.logs[&id]);
        }
        self.tell(|| format!("client {place} looks at {target:?}"));
    }

    // ---- the bus ------------------------------------------------------------------------------

    fn hear(&mut self) {
        if self.lossy && self.bus.len() > 1 && self.random.one_in(4) {
            let other = self.random.below(self.bus.len());
            self.bus.swap(0, other);
        }
        let Some(signal) = self.bus.pop_front() else { return };
        if self.lossy && self.random.one_in(6) {
            self.counts[LOST] += 1;
            // Events may be lost in silence; who gained and lost what, a bus admits to having lost.
            self.owes_resync |= !matches!(signal, Signal::Event(_)) || self.random.one_in(4);
            return self.tell(|| format!("lost: {signal:?}"));
        }
        if self.lossy && self.random.one_in(8) {
            self.bus.push_back(signal.clone());
        }
        let now = self.now;
        self.server.with(|core| core.signal(&signal, now));
    }

    fn work(&mut self) {
        if let Some(effect) = self.server.effects.pop_front() {
            match effect {
                Effect::Repair { id, .. } => self.repairs.push((id, 0)),
                Effect::Tell { user, id } => self.tell_added(user, id),
                Effect::Ask { user, id } => self.asks.push(Ask { user, id, answer: None }),
            }
        } else if !self.openings.is_empty() && self.random.one_in(2) {
            let place = self.random.below(self.openings.len());
            self.open_on(place);
        } else if !self.asks.is_empty() && self.random.one_in(2) {
            let place = self.random.below(self.asks.len());
            self.ask_on(place);
        } else if !self.repairs.is_empty() {
            let place = self.random.below(self.repairs.len());
            self.repair(place);
        } else if self.resync.is_some() || self.owes_resync {
            self.resync_on();
        } else if !self.asks.is_empty() {
            self.ask_on(0);
        } else if !self.openings.is_empty() {
            self.open_on(0);
        }
    }

    /// The view is read for who may see it.
    fn tell_added(&mut self, user: UserId, id: ConversationId) {
        let frame = self.logs[&id].members.contains_key(&user).then(|| added(id));
        let now = self.now;
        self.server.with(|core| core.tell_added(user, id, frame.as_ref(), now));
    }

    fn ask_on(&mut self, place: usize) {
        let what = format!("ask {} {} {:?}", self.asks[place].user, self.asks[place].id, self.asks[place].answer);
        self.tell(|| what);
        let Ask { user, id, answer } = &mut self.asks[place];
        let (user, id, now) = (*user, *id, self.now);
        let Some((head, asked)) = answer.take() else {
            let log = &self.logs[&id];
            match self.server.core.asking(user) {
                Some(asked) => *answer = Some((log.members.contains_key(&user).then(|| log.as_head()), asked)),
                None => drop(self.asks.swap_remove(place)),
            }
            return;
        };
        if self.server.with(|core| core.admit(user, id, head, asked, now)) {
            self.asks.swap_remove(place);
            self.catch_up(&[id]);
        }
    }

    fn repair(&mut self, place: usize) {
        let (id, head) = self.repairs[place];
        let now = self.now;
        let Some(last) = self.server.with(|core| core.behind(id, head)) else {
            self.repairs.swap_remove(place);
            return;
        };
        self.counts[REPAIRED] += 1;
        let log = &self.logs[&id];
        let events = log.after(last, 1 + self.random.below(20)).to_vec();
        self.repairs[place].1 = head.max(log.head());
        self.server.with(|core| events.into_iter().for_each(|event| core.accept(event, now)));
    }

    fn check_tails(&mut self) {
        let ids = self.server.core.conversations();
        self.catch_up(&ids);
    }

    fn catch_up(&mut self, ids: &[ConversationId]) {
        for id in ids {
            let head = self.logs[id].head();
            let lags = self.server.core.delivered(*id).is_some_and(|last| last < head);
            if lags && self.server.with(|core| core.catch_up(*id)) {
                self.repairs.push((*id, head));
            }
        }
    }

    /// One user after the other, and none while a client of theirs is on its way in.
    fn resync_on(&mut self) {
        if self.resync.is_none() {
            self.owes_resync = false;
            let mut users = self.server.core.users();
            users.sort();
            self.resync = Some(Resync { users: users.into() });
        }
        let Some(user) = self.resync.as_mut().and_then(|resync| resync.users.pop_front()) else {
            self.resync = None;
            return self.check_tails();
        };
        if self.openings.iter().any(|opening| self.clients[opening.client].user == user) {
            self.owes_resync = true;
            return;
        }
        let now = self.now;
        let heads = self.heads_of(user);
        self.tell(|| format!("reload {user}"));
        self.server.with(|core| core.loading(user, now));
        let fresh = self.server.with(|core| core.loaded(user, &heads, true, now));
        self.catch_up(&fresh);
    }

    fn heads_of(&self, user: UserId) -> Vec<Head> {
        self.logs.values().filter(|log| log.members.contains_key(&user)).map(Log::as_head).collect()
    }

    // ---- shards and wires ---------------------------------------------------------------------

    fn run_shard(&mut self) {
        let shard = self.random.below(self.server.boards.len());
        for _ in 0..self.random.below(12) {
            self.server.take_command(shard, self.now);
        }
        for _ in 0..self.random.below(6) {
            self.server.attend(shard, self.now);
        }
        self.bury();
    }

    /// Connections that the server closed.
    fn bury(&mut self) {
        for (client, last) in std::mem::take(&mut self.server.gone) {
            if matches!(self.clients[client].state, State::Online(_)) {
                self.take_bytes(client, &last);
                self.gone(client, 1006);
            }
        }
    }

    fn read_wire(&mut self) {
        let place = self.random.below(self.clients.len());
        let most = if self.random.one_in(3) { 300 } else { 100_000 };
        self.read(place, most);
    }

    fn read(&mut self, place: usize, most: usize) {
        let State::Online(handle) = self.clients[place].state else { return };
        let board = &mut self.server.boards[usize::from(handle.shard)];
        let Some(wire) = board.get_mut(handle.slot).and_then(|connection| connection.link.as_mut()) else { return };
        let bytes: Vec<u8> = wire.bytes.drain(..most.min(wire.bytes.len())).collect();
        self.server.has_room(handle);
        self.take_bytes(place, &bytes);
    }

    fn take_bytes(&mut self, place: usize, bytes: &[u8]) {
        for heard in self.clients[place].receive(bytes, &self.logs) {
            match &heard {
                Heard::Connected { resumed } => self.counts[if *resumed { RESUMED } else { SYNCED }] += 1,
                Heard::Ping(payload) => {
                    if let State::Online(handle) = self.clients[place].state {
                        self.server.answered_ping(handle, payload);
                    }
                }
                Heard::Closed(code) => self.gone(place, *code),
                Heard::Event(..) | Heard::Frame(_) => {}
            }
            self.tell(|| format!("client {place} hears {heard:?}"));
        }
    }

    fn serve_syncs(&mut self) {
        for place in 0..self.clients.len() {
            if let (State::Online(handle), true) = (self.clients[place].state, self.clients[place].wants_sync) {
                self.clients[place].wants_sync = false;
                let user = self.clients[place].user;
                self.server.synced(handle, user, &self.logs, self.now);
            }
        }
    }

    // ---- coming and going ---------------------------------------------------------------------

    fn cut(&mut self) {
        let place = self.random.below(self.clients.len());
        let State::Online(handle) = self.clients[place].state else { return };
        // Some of what is on the wire still comes.
        let most = if self.random.one_in(2) { 0 } else { 500 };
        self.read(place, most);
        if self.clients[place].state == State::Online(handle) {
            self.counts[CUT] += 1;
            // Who is told to go while the cable is cut has left already.
            self.server.leave(handle, true);
            self.gone(place, 1006);
        }
    }

    fn gone(&mut self, place: usize, code: u16) {
        self.tell(|| format!("client {place} is gone: {code}"));
        if code == 4408 || code == 4507 {
            self.clients[place].token = None;
        }
        self.clients[place].disconnected();
    }

    fn connect(&mut self) {
        let place = self.random.below(self.clients.len());
        self.start(place);
    }

    fn start(&mut self, place: usize) {
        let user = self.clients[place].user;
        let busy = self.openings.iter().any(|opening| self.clients[opening.client].user == user);
        if self.clients[place].state != State::Offline || busy {
            return;
        }
        self.connections += 1;
        let connection: ConnectionId = id(4, self.connections);
        let handle = self.server.with(|core| core.join(caller(user), connection));
        let at = if self.server.core.is_loaded(user) { Stage::Replay } else { Stage::Listing };
        let now = self.now;
        if matches!(at, Stage::Listing) {
            self.server.with(|core| core.loading(user, now));
        }
        let resumes = self.clients[place].token.take();
        self.clients[place].state = State::Opening;
        self.openings.push(Opening { client: place, handle, connection, resumes, at });
        self.tell(|| format!("client {place} comes"));
    }

    /// The next step of a handshake. Between two, anything may happen.
    fn open_on(&mut self, place: usize) {
        let client = self.openings[place].client;
        self.tell(|| format!("client {client} comes nearer"));
        let now = self.now;
        let user = self.clients[self.openings[place].client].user;
        let next = match &self.openings[place].at {
            Stage::Listing => Stage::Listed(self.heads_of(user)),
            Stage::Listed(heads) => {
                let heads = heads.clone();
                Stage::CatchUp(self.server.with(|core| core.loaded(user, &heads, false, now)))
            }
            Stage::CatchUp(fresh) => {
                let fresh = fresh.clone();
                self.catch_up(&fresh);
                Stage::Replay
            }
            Stage::Replay => return self.let_in(place),
        };
        self.openings[place].at = next;
    }

    fn let_in(&mut self, place: usize) {
        let Opening { client, handle, connection, resumes, .. } = self.openings.swap_remove(place);
        let user = self.clients[client].user;
        let parked = resumes.and_then(|old| self.server.parked.remove(&old));
        let focus = self.clients[client].focus;
        let replay = parked.and_then(|parked| {
            self.server.with(|core| core.focus(user, handle, focus));
            self.server.replay(&parked, &self.logs)
        });
        // Its commands come before its socket, as they do in one inbox.
        while self.server.take_command(usize::from(handle.shard), self.now) {}
        let resumed = replay.is_some();
        if !resumed {
            self.clients[client].focus = None;
            self.server.with(|core| core.focus(user, handle, None));
            while self.server.take_command(usize::from(handle.shard), self.now) {}
        }
        let mut first = vec![connected(resumed)];
        let replayed = replay.map(|(frames, replayed)| {
            first.extend(frames);
            replayed
        });
        self.server.adopt(handle, client, first, replayed, self.now);
        self.clients[client].state = State::Online(handle);
        self.clients[client].token = Some(connection);
        self.tell(|| format!("client {client} is in, resumed {resumed}"));
    }

    fn pass_time(&mut self) {
        self.now += Duration::from_millis([20, 200, 1_100, 9_000][self.random.below(4)]);
        let now = self.now;
        self.server.with(|core| {
            core.end_windows(now);
            core.pulse_due(now);
        });
        for board in &mut self.server.boards {
            board.end_lingering(now);
        }
    }

    // ---- the end ------------------------------------------------------------------------------

    /// The bus heals, everybody comes back, and all that is under way arrives. Then everybody has everything.
    pub fn come_to_rest(&mut self) {
        self.lossy = false;
        for round in 0..30 {
            (0..self.clients.len()).for_each(|place| self.start(place));
            self.serve_syncs();
            if round % 5 == 4 {
                self.check_tails();
            }
            self.now += Duration::from_millis(1_500);
            let now = self.now;
            self.server.with(|core| core.pulse_due(now));
            self.server.boards.iter_mut().for_each(|board| board.end_lingering(now));
            while !self.bus.is_empty() {
                self.hear();
            }
            for _ in 0..40 {
                self.work();
                for shard in 0..self.server.boards.len() {
                    while self.server.take_command(shard, self.now) {}
                    while self.server.attend(shard, self.now) {}
                }
                self.bury();
                (0..self.clients.len()).for_each(|place| self.read(place, usize::MAX));
            }
        }
        assert!(
            self.server.is_idle() && self.repairs.is_empty() && self.asks.is_empty() && self.openings.is_empty(),
            "something never ends"
        );
        for client in &self.clients {
            client.assert_at_rest(&self.logs);
        }
    }
}

//! A plan: one random thing after the other, then rest.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tertulia_domain::ids::ConnectionId;
use tertulia_domain::{ConversationId, Seq, UserId};
use tertulia_gateway::ws::hub::Handle;
use tertulia_gateway::ws::hub::core::{Effect, Ways};
use tertulia_gateway::ws::outbox::{BYTES_MAX, FRAMES_MAX};
use tertulia_ports::Signal;
use tertulia_ports::store::log::Head;
use tertulia_testkit::Random;

use crate::client::{Client, Heard, Logs, State};
use crate::coming::Opening;
use crate::counts::{Counts, What};
use crate::log::{Log, id};
use crate::server::{Gone, Server, added};
use crate::story::Story;

const TAILS_EVERY: Duration = Duration::from_secs(30);

/// Whether somebody may listen to something: asked, and answered a little later.
struct Ask {
    user: UserId,
    id: ConversationId,
    /// As of then.
    answer: Option<(Option<Head>, u64)>,
}

/// A sync that was asked, answered as of when it was read.
struct Syncing {
    client: usize,
    connection: ConnectionId,
    /// With whether it was listened to then.
    heads: Vec<(Head, bool)>,
}

/// Reading everything anew, after the bus said that it had lost something.
struct Resync {
    users: VecDeque<UserId>,
}

pub struct Sim {
    pub(crate) random: Random,
    pub(crate) now: Instant,
    aloud: bool,
    lossy: bool,
    users: Vec<UserId>,
    pub logs: Logs,
    pub clients: Vec<Client>,
    pub(crate) server: Server,
    bus: VecDeque<Signal>,
    pub(crate) openings: Vec<Opening>,
    /// Connections whose clients are gone without the server knowing.
    pub(crate) unnoticed: Vec<(Handle, ConnectionId)>,
    repairs: Vec<(ConversationId, Seq)>,
    asks: Vec<Ask>,
    syncs: Vec<Syncing>,
    resync: Option<Resync>,
    owes_resync: bool,
    rested_at: Instant,
    pub(crate) connections: usize,
    pub(crate) drained: usize,
    trace: Vec<String>,
    pub counts: Counts,
    pub story: Option<Story>,
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
        if random.one_in(2) {
            clients.iter_mut().for_each(|client| client.is_slow = random.one_in(3));
        }
        let wire_bytes = if random.one_in(3) { 700 } else { 20_000 };
        let summary_messages = random.one_in(2).then_some(3);
        let shards = 1 + random.below(2);
        // A second one and a socket that is not known to be dead are one too many.
        let connections_per_user = 2 + random.below(2);
        Self {
            lossy: random.one_in(2),
            server: Server::new(Ways { shards, connections_per_user, summary_messages }, wire_bytes, now),
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
            unnoticed: Vec::new(),
            syncs: Vec::new(),
            rested_at: now,
            connections: 0,
            drained: 0,
            trace: Vec::new(),
            counts: Counts::default(),
            story: None,
        }
    }

    /// From here on one client's story is written down.
    pub fn begin_story(&mut self, seed: u64) {
        let client = seed as usize % self.clients.len();
        self.story = Some(Story::new(client, self.clients[client].user, &self.logs));
    }

    pub fn counts(&self) -> [&Counts; 2] {
        [&self.counts, &self.server.counts]
    }

    pub(crate) fn tell(&mut self, what: impl FnOnce() -> String) {
        let what = what();
        if self.aloud {
            eprintln!("{what}");
        }
        self.trace.push(what);
    }

    pub fn fingerprint(&self) -> String {
        self.trace.join("\n")
    }

    /// Mostly, people are there before trouble begins.
    pub fn begin(&mut self) {
        if !self.random.one_in(4) {
            self.settle(3);
        }
    }

    pub fn step(&mut self) {
        match self.random.below(1_000) {
            0..=199 => self.commit(),
            200..=379 => self.hear(),
            380..=529 => drop(self.work()),
            530..=679 => self.run_shard(),
            680..=809 => self.read_wire(),
            810..=854 => self.connect(),
            855..=879 => self.cut(),
            880..=889 => self.take_over(),
            890..=914 => self.look(),
            915..=954 => self.sync(),
            955..=959 => self.ask_much(),
            960..=966 => self.check_tails(),
            967..=968 => self.drain(),
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
        if let Some(story) = &mut self.story {
            story.committed(&event);
        }
        self.bus.push_back(Signal::Event(event));
        self.bus.extend(change);
    }

    fn look(&mut self) {
        let place = self.random.below(self.clients.len());
        let ids: Vec<ConversationId> = self.logs.keys().copied().collect();
        let target = if self.random.one_in(3) { None } else { self.random.pick(&ids).copied() };
        let client = &mut self.clients[place];
        let State::Online(_) = client.state else { return };
        let target = target.filter(|id| client.have.contains_key(id) && self.logs[id].members.contains_key(&client.user));
        client.focus = target;
        self.tell_focus(place);
        self.tell(|| format!("client {place} looks at {target:?}"));
        if let Some(story) = self.story.as_mut().filter(|story| story.client == place) {
            story.focused(target);
        }
    }

    /// What it missed it reads once the server knows that it looks.
    fn tell_focus(&mut self, place: usize) {
        let Client { user, focus, state: State::Online(handle), .. } = self.clients[place] else { return };
        self.server.with(|core| core.focus(user, handle, focus));
        while self.server.take_command(usize::from(handle.shard), self.now) {}
        if let Some(id) = focus.filter(|id| self.clients[place].have.contains_key(id)) {
            self.counts.add(What::Focused);
            self.clients[place].fetch(id, &self.logs[&id]);
        }
    }

    /// Somebody asks for more than they read: nearly as much as may wait, in bytes or in frames.
    fn ask_much(&mut self) {
        let place = self.random.below(self.clients.len());
        let State::Online(handle) = self.clients[place].state else { return };
        self.clients[place].is_slow = true;
        let spare = self.random.below(5);
        let sizes = if self.random.one_in(2) { vec![(BYTES_MAX - spare * 1_000) / 8; 8] } else { vec![0; FRAMES_MAX - spare] };
        self.tell(|| format!("client {place} asks for much"));
        self.server.answer(handle, &sizes, self.now);
    }

    // ---- the bus ------------------------------------------------------------------------------

    fn hear(&mut self) {
        if self.lossy && self.bus.len() > 1 && self.random.one_in(4) {
            let other = self.random.below(self.bus.len());
            self.bus.swap(0, other);
            self.counts.add(What::Reordered);
        }
        let Some(signal) = self.bus.pop_front() else { return };
        if self.lossy && self.random.one_in(6) {
            self.counts.add(What::Lost);
            // Events may be lost in silence; who gained and lost what, a bus admits to having lost.
            self.owes_resync |= !matches!(signal, Signal::Event(_)) || self.random.one_in(4);
            return self.tell(|| format!("lost: {signal:?}"));
        }
        if self.lossy && self.random.one_in(8) {
            self.bus.push_back(signal.clone());
            self.counts.add(What::Repeated);
        }
        let now = self.now;
        self.server.with(|core| core.signal(signal, now));
    }

    /// What the owner of the core does by itself. False: nothing is left to do.
    fn work(&mut self) -> bool {
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
        } else {
            return false;
        }
        true
    }

    /// The view is read for who may see it.
    fn tell_added(&mut self, user: UserId, id: ConversationId) {
        let frame = self.logs[&id].members.contains_key(&user).then(|| added(id, self.logs[&id].head()));
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
        self.counts.add(What::Repaired);
        let log = &self.logs[&id];
        let events = log.after(last, 1 + self.random.below(20)).to_vec();
        self.repairs[place].1 = head.max(log.head());
        self.server.with(|core| events.into_iter().for_each(|event| core.accept(event, now)));
    }

    fn check_tails(&mut self) {
        // As often as in the real one, where nothing that is read takes that long.
        let is_quiet = self.openings.is_empty() && self.asks.is_empty() && self.repairs.is_empty() && self.resync.is_none();
        if is_quiet && self.now.saturating_duration_since(self.rested_at) >= TAILS_EVERY {
            self.rested_at = self.now;
            let now = self.now;
            self.server.with(|core| core.rest(now));
        }
        let ids = self.server.core.conversations();
        self.catch_up(&ids);
    }

    pub(crate) fn catch_up(&mut self, ids: &[ConversationId]) {
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
            self.counts.add(What::Resynced);
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

    pub(crate) fn heads_of(&self, user: UserId) -> Vec<Head> {
        self.logs.values().filter(|log| log.members.contains_key(&user)).map(Log::as_head).collect()
    }

    /// The process ends: nothing is under way any more.
    pub(crate) fn forget_work(&mut self) {
        self.bus.clear();
        self.repairs.clear();
        self.asks.clear();
        self.syncs.clear();
        (self.resync, self.owes_resync, self.rested_at) = (None, false, self.now);
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
    pub(crate) fn bury(&mut self) {
        for Gone { client, connection, last } in std::mem::take(&mut self.server.gone) {
            self.unnoticed.retain(|(_, other)| *other != connection);
            if self.clients[client].connection == Some(connection) && matches!(self.clients[client].state, State::Online(_)) {
                self.take_bytes(client, &last);
                self.gone(client, 1006);
            }
        }
    }

    fn read_wire(&mut self) {
        let place = self.random.below(self.clients.len());
        if self.clients[place].is_slow && !self.random.one_in(10) {
            return;
        }
        let most = if self.random.one_in(3) { 300 } else { 100_000 };
        self.read(place, most);
    }

    pub(crate) fn read(&mut self, place: usize, most: usize) {
        let State::Online(handle) = self.clients[place].state else { return };
        let board = &mut self.server.boards[usize::from(handle.shard)];
        let Some(wire) = board.get_mut(handle.slot).and_then(|connection| connection.link.as_mut()) else { return };
        let bytes: Vec<u8> = wire.bytes.drain(..most.min(wire.bytes.len())).collect();
        if bytes.is_empty() {
            return;
        }
        self.server.has_room(handle);
        self.take_bytes(place, &bytes);
    }

    pub(crate) fn take_bytes(&mut self, place: usize, bytes: &[u8]) {
        for heard in self.clients[place].receive(bytes, &self.logs) {
            if self.story.as_ref().is_some_and(|story| story.client == place) {
                self.story.iter_mut().for_each(|story| story.heard(&heard));
            }
            self.count(&heard);
            match &heard {
                Heard::Connected { .. } => {
                    self.clients[place].overflowed = false;
                    self.tell_focus(place);
                }
                Heard::Ping(payload) => {
                    if let State::Online(handle) = self.clients[place].state {
                        self.server.answered_ping(handle, payload);
                    }
                }
                Heard::Closed(code) => self.gone(place, *code),
                Heard::Event(..) | Heard::Frame(_) | Heard::Answer => {}
            }
            self.tell(|| format!("client {place} hears {heard:?}"));
        }
    }

    fn count(&mut self, heard: &Heard) {
        let is_large = |id: &ConversationId| self.logs[id].members.len() > 100;
        let what = match heard {
            Heard::Connected { resumed: true } => What::Resumed,
            Heard::Event(id, _) if is_large(id) => What::LargeInFull,
            Heard::Frame(frame) => match frame["type"].as_str().expect("a type") {
                "synced" => What::Synced,
                "conversation.added" => What::Added,
                "conversation.removed" => What::Removed,
                "conversation.activity" => {
                    let id = frame["payload"]["conversationId"].as_str().expect("a conversation").parse().expect("an id");
                    if is_large(&id) { What::LargeHint } else { What::SummaryHint }
                }
                other => panic!("{other}"),
            },
            _ => What::Event,
        };
        if !matches!(heard, Heard::Answer | Heard::Ping(_) | Heard::Closed(_) | Heard::Connected { resumed: false }) {
            self.counts.add(what);
        }
    }

    /// A sync is asked, and read; or, a while later, answered.
    fn sync(&mut self) {
        if !self.syncs.is_empty() && self.random.one_in(2) {
            let place = self.random.below(self.syncs.len());
            return self.answer_sync(place);
        }
        for place in 0..self.clients.len() {
            let (State::Online(_), true) = (self.clients[place].state, self.clients[place].wants_sync) else { continue };
            self.clients[place].ask_sync();
            let connection = self.clients[place].connection.expect("a connection");
            let user = self.clients[place].user;
            let heads = self.heads_of(user).into_iter().map(|head| (head, self.server.core.listens(user, head.conversation_id)));
            self.syncs.push(Syncing { client: place, connection, heads: heads.collect() });
            if let Some(story) = self.story.as_mut().filter(|story| story.client == place) {
                story.sync("read");
            }
        }
    }

    fn answer_sync(&mut self, place: usize) {
        let Syncing { client, connection, heads } = self.syncs.swap_remove(place);
        let Client { user, state: State::Online(handle), connection: Some(now_on), .. } = self.clients[client] else { return };
        // Nobody is there any more to hear it, or will hear it.
        let is_there = self.server.core.find(user, connection).is_some();
        if is_there && now_on == connection {
            self.server.synced(handle, user, &heads, self.now);
        }
    }

    fn pass_time(&mut self) {
        let ms = [20, 200, 1_100, 9_000][self.random.below(4)];
        self.wait(ms);
        let now = self.now;
        self.server.with(|core| {
            core.end_windows(now);
            core.pulse_due(now);
        });
        for board in &mut self.server.boards {
            board.end_lingering(now);
        }
        if self.random.one_in(6) {
            self.give_up_on_unnoticed();
        }
    }

    fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        if let Some(story) = &mut self.story {
            story.waited(ms);
        }
    }

    // ---- the end ------------------------------------------------------------------------------

    /// The bus heals, everybody comes back, and all that is under way arrives. Then everybody has everything.
    pub fn come_to_rest(&mut self) {
        self.lossy = false;
        self.server.wire_bytes = usize::MAX;
        self.give_up_on_unnoticed();
        self.settle(3);
        self.assert_no_gap_waits();
        self.settle(9);
        let is_over = self.server.is_idle() && self.repairs.is_empty() && self.asks.is_empty() && self.openings.is_empty();
        assert!(is_over && self.resync.is_none() && !self.owes_resync, "something never ends");
        for client in &self.clients {
            client.assert_at_rest(&self.logs);
            (0..client.old_syncs).for_each(|_| self.counts.add(What::OldSync));
        }
    }

    /// What came out of order has been read from the log, without waiting for tails to be compared.
    fn assert_no_gap_waits(&mut self) {
        for id in self.server.core.conversations() {
            let gap_after = self.server.with(|core| core.behind(id, 0));
            assert_eq!(gap_after, None, "a gap of {id} is left as it is");
        }
    }

    /// All that can happen by itself happens.
    fn settle(&mut self, rounds: usize) {
        for round in 1..=rounds {
            (0..self.clients.len()).for_each(|place| self.start(place));
            self.sync();
            while !self.syncs.is_empty() {
                self.answer_sync(0);
            }
            if round % 4 == 0 {
                self.check_tails();
            }
            self.wait(1_500);
            let now = self.now;
            self.server.with(|core| core.pulse_due(now));
            self.server.boards.iter_mut().for_each(|board| board.end_lingering(now));
            while !self.bus.is_empty() {
                self.hear();
            }
            while self.work() | self.serve_all() {}
        }
    }

    /// Whether there was anything.
    fn serve_all(&mut self) -> bool {
        let mut did = false;
        for shard in 0..self.server.boards.len() {
            while self.server.take_command(shard, self.now) | self.server.attend(shard, self.now) {
                did = true;
            }
        }
        self.bury();
        (0..self.clients.len()).for_each(|place| self.read(place, usize::MAX));
        did
    }
}

//! A plan: one random thing after the other, then rest.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tertulia_domain::ids::ConnectionId;
use tertulia_domain::{ConversationId, Seq, UserId};
use tertulia_gateway::ws::hub::Handle;
use tertulia_gateway::ws::hub::core::Ways;
use tertulia_gateway::ws::outbox::{BYTES_MAX, FRAMES_MAX};
use tertulia_ports::Signal;
use tertulia_testkit::Random;

use crate::bus::{Ask, Resync};
use crate::client::{Client, Logs, State};
use crate::coming::Opening;
use crate::counts::{Counts, What};
use crate::log::{Log, id};
use crate::server::Server;
use crate::story::Story;
use crate::wires::Syncing;

pub struct Sim {
    pub(crate) random: Random,
    pub(crate) now: Instant,
    aloud: bool,
    pub(crate) lossy: bool,
    users: Vec<UserId>,
    pub logs: Logs,
    pub clients: Vec<Client>,
    pub(crate) server: Server,
    pub(crate) bus: VecDeque<Signal>,
    pub(crate) openings: Vec<Opening>,
    /// Connections whose clients are gone without the server knowing.
    pub(crate) unnoticed: Vec<(Handle, ConnectionId)>,
    pub(crate) repairs: Vec<(ConversationId, Seq)>,
    pub(crate) asks: Vec<Ask>,
    pub(crate) syncs: Vec<Syncing>,
    pub(crate) resync: Option<Resync>,
    pub(crate) owes_resync: bool,
    pub(crate) rested_at: Instant,
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
    pub(crate) fn tell_focus(&mut self, place: usize) {
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

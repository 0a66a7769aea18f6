//! A client as it should be, and what it may rely on: each frame that comes is held against the promises.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tertulia_domain::ids::ConnectionId;
use tertulia_domain::{ConversationId, Seq, UserId};
use tertulia_gateway::ws::hub::Handle;

use crate::log::Log;

pub type Logs = BTreeMap<ConversationId, Log>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Offline,
    Opening,
    Online(Handle),
}

pub struct Client {
    pub user: UserId,
    pub state: State,
    /// Of the last connection that said so; good for its place.
    pub token: Option<ConnectionId>,
    /// How far its copy of each conversation goes, without a hole.
    pub have: BTreeMap<ConversationId, Seq>,
    /// What came early.
    early: BTreeMap<ConversationId, BTreeSet<Seq>>,
    /// Logs that it knows to go on, and does not follow.
    pub behind: BTreeMap<ConversationId, Seq>,
    pub focus: Option<ConversationId>,
    /// The connection that it is on, or was.
    pub connection: Option<ConnectionId>,
    /// Reads seldom.
    pub is_slow: bool,
    /// Closed with 4408, and not back yet.
    pub overflowed: bool,
    /// What it named in the sync that is under way.
    asked: BTreeSet<ConversationId>,
    /// Known of from a sync while the server did not know yet that they listen: it will tell them.
    unheard: BTreeSet<ConversationId>,
    /// Told to be lost, and not yet to be there again.
    lost: BTreeSet<ConversationId>,
    /// Its copies are those of the server, as of an answer to a sync.
    pub synced: bool,
    pub wants_sync: bool,
    /// The newest event of each conversation on this connection.
    last: BTreeMap<ConversationId, Seq>,
    /// Bytes that are no whole frame yet.
    bytes: Vec<u8>,
    /// A sync told it less than it knew.
    pub old_syncs: u64,
}

/// What a frame makes a client do.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Event(ConversationId, Seq),
    Connected {
        resumed: bool,
    },
    Ping(Vec<u8>),
    Closed(u16),
    /// To something that it asked for, and which is not in the logs.
    Answer,
    Frame(Value),
}

/// How such a frame begins.
pub const ANSWER: &str = "{\"type\":\"ack\"";

impl Client {
    pub fn new(user: UserId) -> Self {
        Self {
            user,
            state: State::Offline,
            token: None,
            have: BTreeMap::new(),
            early: BTreeMap::new(),
            behind: BTreeMap::new(),
            focus: None,
            connection: None,
            is_slow: false,
            overflowed: false,
            asked: BTreeSet::new(),
            unheard: BTreeSet::new(),
            lost: BTreeSet::new(),
            synced: false,
            wants_sync: false,
            last: BTreeMap::new(),
            bytes: Vec::new(),
            old_syncs: 0,
        }
    }

    /// The connection is gone, and with it what had not come.
    pub fn disconnected(&mut self) {
        self.state = State::Offline;
        self.bytes.clear();
        self.last.clear();
        self.early.clear();
        self.wants_sync = false;
    }

    /// Takes bytes off the wire; answers what whole frames say.
    pub fn receive(&mut self, bytes: &[u8], logs: &Logs) -> Vec<Heard> {
        self.bytes.extend_from_slice(bytes);
        let mut heard = Vec::new();
        while let Some((opcode, payload)) = self.next_frame() {
            heard.push(match opcode {
                9 => Heard::Ping(payload),
                8 => Heard::Closed(u16::from_be_bytes([payload[0], payload[1]])),
                _ if payload.starts_with(ANSWER.as_bytes()) => Heard::Answer,
                _ => self.take(serde_json::from_slice(&payload).expect("JSON"), logs),
            });
        }
        heard
    }

    fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, second) = (*self.bytes.first()?, *self.bytes.get(1)?);
        let (start, length) = match second {
            126 => (4, usize::from(u16::from_be_bytes([*self.bytes.get(2)?, *self.bytes.get(3)?]))),
            127 => (10, usize::try_from(u64::from_be_bytes(self.bytes.get(2..10)?.try_into().ok()?)).ok()?),
            short => (2, usize::from(short)),
        };
        let payload = self.bytes.get(start..start + length)?.to_vec();
        self.bytes.drain(..start + length);
        Some((first & 0x0f, payload))
    }

    fn take(&mut self, frame: Value, logs: &Logs) -> Heard {
        let payload = &frame["payload"];
        let conversation = || payload["conversationId"].as_str().expect("a conversation").parse::<ConversationId>().expect("an id");
        match frame["type"].as_str().expect("a type") {
            "connected" => {
                let resumed = payload["resumed"] == true;
                self.token = self.connection;
                self.lost.retain(|_| resumed);
                // Who had not synced to its end before has nothing to go on from.
                (self.wants_sync, self.synced) = (!(resumed && self.synced), resumed && self.synced);
                return Heard::Connected { resumed };
            }
            "synced" => self.sync(payload),
            "conversation.added" => {
                let id: ConversationId = payload["conversation"]["id"].as_str().expect("an id").parse().expect("an id");
                // It reads the log of what is new to it.
                if let Some(log) = logs.get(&id).filter(|log| log.may_read(self.user, log.head())) {
                    self.fetch(id, log);
                    self.unheard.remove(&id);
                    self.lost.remove(&id);
                }
            }
            "conversation.removed" => {
                let id = conversation();
                self.have.remove(&id);
                self.early.remove(&id);
                self.behind.remove(&id);
                self.focus.take_if(|focus| *focus == id);
                self.lost.insert(id);
            }
            "conversation.activity" => {
                let (id, last) = (conversation(), payload["lastSeq"].as_u64().expect("a seq"));
                assert!(logs[&id].may_read(self.user, last), "a hint of {id} {last}, which {} may not know of", self.user);
                let behind = self.behind.entry(id).or_default();
                *behind = last.max(*behind);
            }
            _ if payload["seq"].is_u64() => {
                let (id, seq) = (conversation(), payload["seq"].as_u64().expect("a seq"));
                self.event(id, seq, &frame, logs);
                return Heard::Event(id, seq);
            }
            other => panic!("{other}"),
        }
        Heard::Frame(frame)
    }

    /// It asks with what it has.
    pub fn ask_sync(&mut self) {
        self.wants_sync = false;
        self.asked = self.have.keys().copied().collect();
    }

    /// What it has read since it asked it keeps, and of what it did not name it is not told that it is gone.
    fn sync(&mut self, payload: &Value) {
        let heads = payload["heads"].as_object().expect("heads");
        let parsed = heads.iter().map(|(id, of)| (id.parse::<ConversationId>().expect("an id"), &of[0], of[1] == true));
        let told: BTreeMap<ConversationId, Seq> = parsed.clone().map(|(id, head, _)| (id, head.as_u64().expect("a seq"))).collect();
        self.old_syncs += u64::from(self.have.iter().any(|(id, have)| told.get(id).is_none_or(|head| head < have)));
        let asked = std::mem::take(&mut self.asked);
        self.have.retain(|id, _| told.contains_key(id) || !asked.contains(id));
        for (id, head) in told {
            let have = self.have.entry(id).or_default();
            *have = head.max(*have);
        }
        // An answer may be older than what it was told since: of what it lost it will be told anew, if it is there again.
        self.unheard = parsed.filter(|(id, _, is_live)| !is_live || self.lost.contains(id)).map(|(id, ..)| id).collect();
        self.behind.retain(|id, last| self.have.get(id).is_some_and(|have| have < last));
        (self.synced, self.wants_sync) = (true, false);
        self.drain();
    }

    fn event(&mut self, id: ConversationId, seq: Seq, frame: &Value, logs: &Logs) {
        let log = &logs[&id];
        assert!(log.may_read(self.user, seq), "{} got event {seq} of {id}, which is none of theirs", self.user);
        let truth = log.events.get(seq as usize - 1).expect("an event that is in the log");
        assert_eq!(frame["type"], truth.body.kind(), "event {seq} of {id}");
        let last = self.last.insert(id, seq).unwrap_or_default();
        assert!(seq > last, "event {seq} of {id} after {last} on one connection of {}", self.user);
        self.early.entry(id).or_default().insert(seq);
        if !self.synced || !self.have.contains_key(&id) {
            return;
        }
        self.drain();
        let have = self.have[&id];
        if self.known(id, have) < seq {
            let large = log.members.len() > 100;
            let is_new = self.unheard.contains(&id);
            assert!(is_new || large && self.focus != Some(id), "a hole: {} has {have} of {id} and got {seq}", self.user);
        }
        if have < seq {
            // What it was hinted at it reads when it gets there.
            self.fetch(id, log);
        }
    }

    /// How far it knows a log to go: what it was hinted at, and what came early after that, counts.
    fn known(&self, id: ConversationId, have: Seq) -> Seq {
        let mut known = have.max(self.behind.get(&id).copied().unwrap_or_default());
        while self.early.get(&id).is_some_and(|early| early.contains(&(known + 1))) {
            known += 1;
        }
        known
    }

    /// Reads the log to its end.
    pub fn fetch(&mut self, id: ConversationId, log: &Log) {
        self.have.insert(id, log.head());
        self.behind.remove(&id);
        self.drain();
    }

    fn drain(&mut self) {
        for (id, early) in &mut self.early {
            let Some(have) = self.have.get_mut(id) else { continue };
            while early.remove(&(*have + 1)) {
                *have += 1;
            }
            *early = early.split_off(&(*have + 1));
        }
    }

    /// When nothing is under way any more: it knows how far every log goes, and has what it follows.
    pub fn assert_at_rest(&self, logs: &Logs) {
        assert!(self.synced && matches!(self.state, State::Online(_)), "{} is not connected: {:?}", self.user, self.state);
        for log in logs.values() {
            if !log.members.contains_key(&self.user) {
                assert!(!self.have.contains_key(&log.id), "{} still has {}", self.user, log.id);
                continue;
            }
            let have = *self.have.get(&log.id).unwrap_or_else(|| panic!("{} does not know of {}", self.user, log.id));
            assert_eq!(self.known(log.id, have), log.head(), "{} has {have} of {}", self.user, log.id);
        }
    }
}

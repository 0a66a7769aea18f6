//! One node: the gateway's core and boards, with what surrounds them in the real one done step by step.

use std::collections::{HashMap, VecDeque};
use std::io::IoSlice;
use std::time::Instant;

use serde_json::json;
use tertulia_domain::ids::{ConnectionId, SessionId};
use tertulia_domain::{ConversationId, Seq, UserId};
use tertulia_gateway::ws::hub::core::{Core, Effect, Ways};
use tertulia_gateway::ws::hub::{Command, Handle, Parked, RoomNo};
use tertulia_gateway::ws::outbox::FRAMES_MAX;
use tertulia_gateway::ws::outgoing::Frame;
use tertulia_gateway::ws::shard::Board;
use tertulia_gateway::ws::shard::proof::Proof;
use tertulia_gateway::ws::{encode, frame};
use tertulia_ports::store::log::Head;
use tertulia_services::Caller;
use uuid::Uuid;

use crate::client::{ANSWER, Logs};
use crate::counts::{Counts, What};

/// The wire to a client.
pub struct Wire {
    pub client: usize,
    pub bytes: VecDeque<u8>,
    proof: Proof,
    pinged: Instant,
}

pub struct Server {
    pub core: Core,
    pub boards: Vec<Board<Wire>>,
    pub inboxes: Vec<VecDeque<Command>>,
    pub effects: VecDeque<Effect>,
    pub parked: HashMap<ConnectionId, Parked>,
    /// Closed connections whose last bytes may still come.
    pub gone: Vec<Gone>,
    pub counts: Counts,
    /// As much as a wire takes without being read from.
    pub wire_bytes: usize,
    ways: Ways,
    /// Every other goodbye is heard.
    is_in_time: bool,
}

pub struct Gone {
    pub client: usize,
    pub connection: ConnectionId,
    pub last: Vec<u8>,
}

pub fn caller(user: UserId) -> Caller {
    Caller { user_id: user, session_id: SessionId(Uuid::nil()) }
}

impl Server {
    pub fn new(ways: Ways, wire_bytes: usize, now: Instant) -> Self {
        let shards = ways.shards;
        Self {
            core: Core::new(ways),
            boards: (0..shards).map(|_| Board::new(now)).collect(),
            inboxes: (0..shards).map(|_| VecDeque::new()).collect(),
            effects: VecDeque::new(),
            parked: HashMap::new(),
            gone: Vec::new(),
            counts: Counts::default(),
            wire_bytes,
            ways,
            is_in_time: false,
        }
    }

    /// Another process takes this one's place; of the first one only what it had parked is left, as bytes.
    pub fn restart(&mut self, now: Instant) {
        let parked = std::mem::take(&mut self.parked).into_iter();
        let kept = parked.map(|(id, parked)| (id, serde_json::to_vec(&parked).expect("JSON")));
        let parked = kept.map(|(id, bytes)| (id, serde_json::from_slice(&bytes).expect("what was kept"))).collect();
        let counts = std::mem::take(&mut self.counts);
        *self = Self { parked, counts, ..Self::new(self.ways, self.wire_bytes, now) };
    }

    /// Changes the core; what follows waits for its turn, as it does between threads.
    pub fn with<T>(&mut self, change: impl FnOnce(&mut Core) -> T) -> T {
        let answer = change(&mut self.core);
        for (shard, command) in self.core.take_commands() {
            self.inboxes[usize::from(shard)].push_back(command);
        }
        self.effects.extend(self.core.take_effects());
        answer
    }

    /// A shard takes the next of its commands.
    pub fn take_command(&mut self, shard: usize, now: Instant) -> bool {
        match self.inboxes[shard].pop_front() {
            Some(command) => self.boards[shard].apply(command, now),
            None => return false,
        }
        true
    }

    /// A shard looks at the next connection that has something waiting.
    pub fn attend(&mut self, shard: usize, now: Instant) -> bool {
        let Some(slot) = self.boards[shard].next_due() else { return false };
        let board = &mut self.boards[shard];
        let (told_at, room) = (board.told_at, self.wire_bytes);
        let Some(connection) = board.get_mut(slot) else { return true };
        let is_unproven = connection.is_unproven && connection.has_waiting();
        let Some(wire) = &mut connection.link else { return true };
        if is_unproven && now.saturating_duration_since(wire.pinged).as_secs() >= 20 {
            wire.pinged = now;
            let ping = wire.proof.ask(told_at);
            connection.is_unproven = false;
            connection.push_last(Frame::durable(frame::encode_ping(&ping)));
        }
        let (Some(outbox), Some(wire)) = connection.parts() else { return self.end_if_told(shard, slot) };
        // As much as the wire takes, which may end inside a frame.
        while wire.bytes.len() < room && !outbox.is_empty() {
            let mut slices = [IoSlice::new(&[])];
            outbox.slices(&mut slices);
            let taken = slices[0].len().min(room - wire.bytes.len());
            wire.bytes.extend(&slices[0][..taken]);
            outbox.advance(taken);
        }
        let is_blocked = !outbox.is_empty();
        board.give_back(slot);
        if is_blocked {
            self.counts.add(What::Blocked);
        }
        self.end_if_told(shard, slot)
    }

    /// The wire of a connection was read from: there is room again.
    pub fn has_room(&mut self, handle: Handle) {
        self.boards[usize::from(handle.shard)].make_due(handle.slot, true);
    }

    fn end_if_told(&mut self, shard: usize, slot: u32) -> bool {
        let Some(connection) = self.boards[shard].get_mut(slot) else { return true };
        if let Some(close) = connection.close
            && connection.link.is_some()
        {
            let handle = Handle { shard: u16::try_from(shard).unwrap(), slot };
            match close.code {
                4408 => self.counts.add(What::Overflowed),
                4507 => self.counts.add(What::Replaced),
                _ => {}
            }
            let mut rest = Vec::new();
            if let Some(outbox) = connection.outbox() {
                let mut slices = vec![IoSlice::new(&[]); FRAMES_MAX + 1];
                let taken = outbox.slices(&mut slices);
                slices.iter().take(taken).for_each(|slice| rest.extend_from_slice(slice));
            }
            let mut gone = self.leave(handle, close.is_resumable());
            // What waits goes out before the goodbye, if the other end takes it in time.
            self.is_in_time = !self.is_in_time;
            if self.is_in_time {
                gone.last.extend(rest);
                gone.last.extend(frame::encode_close(close.code, close.reason));
            }
            self.gone.push(gone);
        }
        true
    }

    /// A connection ends, and is parked where it may go on. Answers what is still on the wire.
    pub fn leave(&mut self, handle: Handle, is_resumable: bool) -> Gone {
        let board = &mut self.boards[usize::from(handle.shard)];
        let told_at = board.told_at;
        let focus = board.unlisten_all(handle.slot);
        let connection = board.remove(handle.slot).expect("a connection");
        let wire = connection.link.expect("a wire");
        let confirmed = wire.proof.until(connection.is_unproven, told_at).filter(|_| is_resumable);
        if let Some(parked) = confirmed.and_then(|confirmed| self.core.park(connection.caller, handle, focus, confirmed)) {
            self.parked.insert(connection.id, parked);
            self.counts.add(What::Parked);
        } else if is_resumable {
            self.counts.add(What::NotParked);
        }
        self.with(|core| {
            core.leave(connection.caller.user_id, handle);
            core.release(handle);
        });
        Gone { client: wire.client, connection: connection.id, last: wire.bytes.into() }
    }

    pub fn answered_ping(&mut self, handle: Handle, payload: &[u8]) {
        if let Some(wire) = self.boards[usize::from(handle.shard)].get_mut(handle.slot).and_then(|connection| connection.link.as_mut()) {
            wire.proof.answered(payload);
        }
    }

    /// The rest of a handshake: what it goes on with first, then what has waited for it.
    pub fn adopt(&mut self, handle: Handle, client: usize, first: Vec<Frame>, resumed: Option<HashMap<RoomNo, Seq>>, now: Instant) {
        let board = &mut self.boards[usize::from(handle.shard)];
        let told_at = board.told_at;
        let connection = board.get_mut(handle.slot).expect("a slot");
        let begins = resumed.is_none().then_some(connection.opened_at);
        let resumed = resumed.unwrap_or_default();
        connection.begin_with(first, |frame| frame.place.is_some_and(|(room, seq)| resumed.get(&room).is_some_and(|last| seq <= *last)));
        let mut proof = Proof::new(begins);
        if begins.is_none() {
            let ping = proof.ask(told_at);
            connection.is_unproven = false;
            connection.push_last(Frame::durable(frame::encode_ping(&ping)));
        }
        connection.link = Some(Wire { client, bytes: VecDeque::new(), proof, pinged: now });
        board.make_due(handle.slot, true);
    }

    /// What a connection looked at that goes on.
    pub fn focus_of(parked: &Parked) -> Option<ConversationId> {
        let parked = serde_json::to_value(parked).expect("JSON");
        serde_json::from_value(parked["focus"].clone()).expect("a focus")
    }

    /// What a connection that goes on has missed, read from the logs.
    pub fn replay(&mut self, parked: &Parked, logs: &Logs) -> Option<(Vec<Frame>, HashMap<RoomNo, Seq>)> {
        let plan = self.core.plan_replay(parked)?;
        let mut frames = plan.frames;
        let mut replayed = HashMap::new();
        for missed in plan.missed {
            for event in logs[&missed.id].after(missed.after, (missed.head - missed.after) as usize) {
                if parked.comes_in_by(event) {
                    return None;
                }
                frames.push(Frame::event(encode::event(event), missed.room, event.seq));
                replayed.insert(missed.room, event.seq);
            }
        }
        frames.extend(plan.gained.into_iter().map(|id| added(id, logs[&id].head())));
        Some((frames, replayed))
    }

    /// The answer to a sync: everything up to these heads; and, which no client is told, whether they hear what comes after.
    pub fn synced(&mut self, handle: Handle, user: UserId, heads: &[(Head, bool)], now: Instant) {
        let told: serde_json::Map<_, _> = heads
            .iter()
            .map(|(head, listened)| (head.conversation_id, head.seq, *listened && self.core.listens(user, head.conversation_id)))
            .map(|(id, seq, is_live)| (id.to_string(), json!([seq, is_live])))
            .collect();
        self.with(|core| core.synced(user, heads.iter().map(|(head, _)| head.conversation_id)));
        let bytes = frame::encode_json(&json!({ "type": "synced", "payload": { "heads": told } })).expect("JSON");
        self.boards[usize::from(handle.shard)].tell(handle.slot, Frame::durable(bytes), now);
    }

    /// Answers of these sizes to something that a client asked for.
    pub fn answer(&mut self, handle: Handle, sizes: &[usize], now: Instant) {
        for size in sizes {
            let bytes = frame::encode_text(&format!("{ANSWER}{}}}", " ".repeat(*size)));
            self.boards[usize::from(handle.shard)].tell(handle.slot, Frame::durable(bytes), now);
        }
    }

    pub fn is_idle(&self) -> bool {
        self.effects.is_empty() && self.inboxes.iter().all(VecDeque::is_empty)
    }
}

/// The view is as of `head`.
pub fn added(id: ConversationId, head: Seq) -> Frame {
    Frame::durable(
        frame::encode_json(&json!({ "type": "conversation.added", "payload": { "conversation": { "id": id, "head": head } } }))
            .expect("JSON"),
    )
}

pub fn connected(resumed: bool) -> Frame {
    let bytes = frame::encode_json(&json!({ "type": "connected", "payload": { "resumed": resumed } })).expect("JSON");
    Frame::durable(bytes)
}

//! What shards put on wires, and what clients read from them.

use tertulia_domain::ConversationId;
use tertulia_domain::ids::ConnectionId;
use tertulia_ports::store::log::Head;

use crate::client::{Client, Heard, State};
use crate::counts::What;
use crate::server::Gone;
use crate::sim::Sim;

/// A sync that was asked, answered as of when it was read.
pub struct Syncing {
    pub client: usize,
    pub connection: ConnectionId,
    /// With whether it was listened to then.
    pub heads: Vec<(Head, bool)>,
}

impl Sim {
    pub(crate) fn run_shard(&mut self) {
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

    pub(crate) fn read_wire(&mut self) {
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

    pub(crate) fn count(&mut self, heard: &Heard) {
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
    pub(crate) fn sync(&mut self) {
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

    pub(crate) fn answer_sync(&mut self, place: usize) {
        let Syncing { client, connection, heads } = self.syncs.swap_remove(place);
        let Client { user, state: State::Online(handle), connection: Some(now_on), .. } = self.clients[client] else { return };
        // Nobody is there any more to hear it, or will hear it.
        let is_there = self.server.core.find(user, connection).is_some();
        if is_there && now_on == connection {
            self.server.synced(handle, user, &heads, self.now);
        }
    }
}

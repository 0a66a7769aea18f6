//! How clients come and go: handshakes step by step, cuts that the server notices or not, a second connection before the
//! first one ends, and a process that is replaced by another.

use tertulia_domain::ConversationId;
use tertulia_domain::ids::ConnectionId;
use tertulia_gateway::ws::close::Close;
use tertulia_gateway::ws::hub::Handle;
use tertulia_ports::store::log::Head;

use crate::client::{Client, State};
use crate::counts::What;
use crate::log::id;
use crate::server::{Server, caller, connected};
use crate::sim::Sim;

/// A client that is on its way in.
pub struct Opening {
    pub client: usize,
    pub handle: Handle,
    connection: ConnectionId,
    resumes: Option<ConnectionId>,
    at: Stage,
}

enum Stage {
    Listing,
    Listed(Vec<Head>),
    CatchUp(Vec<ConversationId>),
    /// The connection before still stands, as far as is known here.
    Handover,
    Replay,
}

impl Sim {
    pub(crate) fn cut(&mut self) {
        let place = self.random.below(self.clients.len());
        let State::Online(handle) = self.clients[place].state else { return };
        // Some of what is on the wire still comes.
        let most = if self.random.one_in(2) { 0 } else { 500 };
        self.read(place, most);
        if self.clients[place].state != State::Online(handle) {
            return;
        }
        if self.random.one_in(3) {
            self.counts.add(What::Unnoticed);
            self.unnoticed.push((handle, self.clients[place].connection.expect("a connection")));
        } else {
            self.counts.add(What::Cut);
            // Who is told to go while the cable is cut has left already.
            self.server.leave(handle, true);
        }
        self.gone(place, 1006);
    }

    pub(crate) fn gone(&mut self, place: usize, code: u16) {
        if self.clients[place].state == State::Offline {
            return;
        }
        self.tell(|| format!("client {place} is gone: {code}"));
        if code == 4408 || code == 4507 {
            self.clients[place].token = None;
        }
        self.clients[place].overflowed |= code == 4408;
        self.clients[place].disconnected();
        let is_coming = self.openings.iter().any(|opening| opening.client == place);
        if let Some(story) = self.story.as_mut().filter(|story| story.client == place && !is_coming) {
            story.gone(code);
        }
    }

    /// The server hears nothing of them for too long.
    pub(crate) fn give_up_on_unnoticed(&mut self) {
        for (handle, _) in std::mem::take(&mut self.unnoticed) {
            self.server.boards[usize::from(handle.shard)].close(handle.slot, Close::HEARTBEAT_TIMEOUT);
        }
    }

    pub(crate) fn connect(&mut self) {
        let place = self.random.below(self.clients.len());
        self.start(place);
    }

    pub(crate) fn start(&mut self, place: usize) {
        if self.clients[place].state == State::Offline && self.open(place) {
            self.clients[place].state = State::Opening;
        }
    }

    /// The network changes: a second connection goes on where the first one, still there, is.
    pub(crate) fn take_over(&mut self) {
        let place = self.random.below(self.clients.len());
        let Client { state: State::Online(_), synced: true, token: Some(_), .. } = self.clients[place] else { return };
        if self.open(place) {
            self.counts.add(What::TakenOver);
        }
    }

    fn open(&mut self, place: usize) -> bool {
        let user = self.clients[place].user;
        if self.openings.iter().any(|opening| self.clients[opening.client].user == user) {
            return false;
        }
        self.connections += 1;
        let connection: ConnectionId = id(4, self.connections);
        let handle = self.server.with(|core| core.join(caller(user), connection));
        let at = if self.server.core.is_loaded(user) { Stage::Handover } else { Stage::Listing };
        let now = self.now;
        if matches!(at, Stage::Listing) {
            self.server.with(|core| core.loading(user, now));
        }
        let resumes = self.clients[place].token;
        self.openings.push(Opening { client: place, handle, connection, resumes, at });
        self.tell(|| format!("client {place} comes"));
        true
    }

    /// The next step of a handshake. Between two, anything may happen.
    pub(crate) fn open_on(&mut self, place: usize) {
        let Opening { client, resumes, .. } = self.openings[place];
        self.tell(|| format!("client {client} comes nearer"));
        let now = self.now;
        let user = self.clients[client].user;
        let next = match &self.openings[place].at {
            Stage::Listing => Stage::Listed(self.heads_of(user)),
            Stage::Listed(heads) => {
                let heads = heads.clone();
                Stage::CatchUp(self.server.with(|core| core.loaded(user, &heads, false, now)))
            }
            Stage::CatchUp(fresh) => {
                let fresh = fresh.clone();
                self.catch_up(&fresh);
                Stage::Handover
            }
            Stage::Handover => match resumes.and_then(|old| self.server.core.find(user, old)) {
                Some(old) => {
                    self.server.boards[usize::from(old.shard)].close(old.slot, Close::RESUMED);
                    Stage::Handover
                }
                None => Stage::Replay,
            },
            Stage::Replay => return self.let_in(place),
        };
        self.openings[place].at = next;
    }

    fn let_in(&mut self, place: usize) {
        self.bury();
        let Opening { client, handle, connection, resumes, .. } = self.openings.swap_remove(place);
        let user = self.clients[client].user;
        let parked = resumes.and_then(|old| self.server.parked.remove(&old));
        let replay = parked.and_then(|parked| {
            self.server.with(|core| core.focus(user, handle, Server::focus_of(&parked)));
            self.server.replay(&parked, &self.logs)
        });
        // Its commands come before its socket, as they do in one inbox.
        while self.server.take_command(usize::from(handle.shard), self.now) {}
        let resumed = replay.is_some();
        self.count_return(client, resumes, resumed);
        let mut first = vec![connected(resumed)];
        let replayed = replay.map(|(frames, replayed)| {
            first.extend(frames);
            replayed
        });
        self.server.adopt(handle, client, first, replayed, self.now);
        self.clients[client].disconnected();
        self.clients[client].state = State::Online(handle);
        self.clients[client].connection = Some(connection);
        self.tell(|| format!("client {client} is in, resumed {resumed}"));
    }

    fn count_return(&mut self, client: usize, resumes: Option<ConnectionId>, resumed: bool) {
        if self.clients[client].overflowed {
            self.counts.add(What::BackAfterOverflow);
        }
        let before_drain = |old: ConnectionId| (1..=self.drained).any(|number| id::<ConnectionId>(4, number) == old);
        if resumed && resumes.is_some_and(before_drain) {
            self.counts.add(What::ResumedAfterDrain);
        }
    }

    /// The process ends, tells everybody to go, and keeps where they were for the next one.
    pub(crate) fn drain(&mut self) {
        self.counts.add(What::Drained);
        self.tell(|| "the process drains".into());
        let openings = std::mem::take(&mut self.openings);
        for board in &mut self.server.boards {
            let slots: Vec<u32> = board.slots().collect();
            slots.into_iter().for_each(|slot| board.close(slot, Close::DRAIN));
        }
        for shard in 0..self.server.boards.len() {
            while self.server.attend(shard, self.now) {}
        }
        self.bury();
        for Opening { client, .. } in openings {
            // Not let in. What it goes on from is still good.
            if self.clients[client].state == State::Opening {
                self.gone(client, 1006);
            }
        }
        self.unnoticed.clear();
        self.drained = self.connections;
        self.forget_work();
        self.server.restart(self.now);
    }
}

//! What the bus brings, or not, and what the owner of the core does by itself.

use std::collections::VecDeque;
use std::time::Duration;

use tertulia_domain::{ConversationId, UserId};
use tertulia_gateway::ws::hub::core::Effect;
use tertulia_ports::Signal;
use tertulia_ports::store::log::Head;

use crate::counts::What;
use crate::log::Log;
use crate::server::added;
use crate::sim::Sim;

const TAILS_EVERY: Duration = Duration::from_secs(30);

/// Whether somebody may listen to something: asked, and answered a little later.
pub struct Ask {
    pub user: UserId,
    pub id: ConversationId,
    /// As of then.
    pub answer: Option<(Option<Head>, u64)>,
}

/// Reading everything anew, after the bus said that it had lost something.
pub struct Resync {
    pub users: VecDeque<UserId>,
}

impl Sim {
    pub(crate) fn hear(&mut self) {
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
        self.server.with(|core| core.signal(&signal, now));
    }

    /// What the owner of the core does by itself. False: nothing is left to do.
    pub(crate) fn work(&mut self) -> bool {
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
    pub(crate) fn tell_added(&mut self, user: UserId, id: ConversationId) {
        let frame = self.logs[&id].members.contains_key(&user).then(|| added(id, self.logs[&id].head()));
        let now = self.now;
        self.server.with(|core| core.tell_added(user, id, frame.as_ref(), now));
    }

    pub(crate) fn ask_on(&mut self, place: usize) {
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

    pub(crate) fn repair(&mut self, place: usize) {
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

    pub(crate) fn check_tails(&mut self) {
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
    pub(crate) fn resync_on(&mut self) {
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
}

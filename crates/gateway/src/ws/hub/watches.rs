//! Who watches whose presence. The first change goes out at once, those of the next two seconds together.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use tertulia_domain::error::Refusal;
use tertulia_domain::ids::UserId;
use tertulia_domain::presence::Presence;
use tertulia_protocol::v1::{PresenceBulk, ServerFrame};
use tertulia_services::Answer;
use tertulia_services::presence::SUBSCRIPTIONS_MAX;

use super::Handle;
use super::core::Core;
use crate::ws::encode;
use crate::ws::outgoing::{Class, Frame};

const SUBSCRIBED_FOR: Duration = Duration::from_secs(600);
const WINDOW: Duration = Duration::from_secs(2);

/// Watchers by whom they watch, and the other way round.
#[derive(Debug, Default)]
pub(super) struct Watches {
    watchers: HashMap<UserId, Vec<Handle>>,
    watching: HashMap<Handle, Watching>,
    /// Batches under way: when each ends, soonest first.
    windows: VecDeque<(Instant, Handle)>,
}

/// What one connection watches, and what it has not been told yet.
#[derive(Debug, Default)]
struct Watching {
    users: HashMap<UserId, Instant>,
    window_open: bool,
    pending: Vec<Presence>,
}

impl Watches {
    pub(super) fn unwatch_all(&mut self, handle: Handle) {
        let watching = self.watching.remove(&handle);
        watching.iter().flat_map(|watching| watching.users.keys()).for_each(|user| forget(&mut self.watchers, handle, *user));
    }

    pub(super) fn users(&self, handle: Handle) -> Vec<UserId> {
        self.watching.get(&handle).map(|watching| watching.users.keys().copied().collect()).unwrap_or_default()
    }
}

impl Core {
    /// Watches `users` for ten minutes. All together at most 500.
    pub fn watch(&mut self, handle: Handle, users: &[UserId], now: Instant) -> Answer<()> {
        let Watches { watchers, watching, .. } = &mut self.watches;
        let watching = watching.entry(handle).or_default();
        watching.users.retain(|_, until| *until > now);
        let more = users.iter().filter(|user| !watching.users.contains_key(user)).count();
        if watching.users.len() + more > SUBSCRIPTIONS_MAX {
            return Err(Refusal::limit(SUBSCRIPTIONS_MAX as u64, "too many presence subscriptions"));
        }
        for user in users {
            if watching.users.insert(*user, now + SUBSCRIBED_FOR).is_none() {
                // One that expired may still stand there.
                let watchers = watchers.entry(*user).or_default();
                watchers.retain(|other| *other != handle);
                watchers.push(handle);
            }
        }
        Ok(())
    }

    pub fn unwatch(&mut self, handle: Handle, users: &[UserId]) {
        if let Some(watching) = self.watches.watching.get_mut(&handle) {
            watching.users.retain(|user, _| !users.contains(user));
        }
        users.iter().for_each(|user| forget(&mut self.watches.watchers, handle, *user));
    }

    pub(super) fn presence_changed(&mut self, presence: &Presence, now: Instant) {
        let user = presence.user_id;
        let Watches { watchers, watching, windows } = &mut self.watches;
        let Some(watchers) = watchers.get_mut(&user) else { return };
        let mut at_once = Vec::new();
        watchers.retain(|handle| {
            let Some(watching) = watching.get_mut(handle) else { return false };
            if watching.users.get(&user).is_none_or(|until| *until <= now) {
                watching.users.remove(&user);
                return false;
            }
            if watching.window_open {
                watching.pending.retain(|older| older.user_id != user);
                watching.pending.push(presence.clone());
            } else {
                watching.window_open = true;
                windows.push_back((now + WINDOW, *handle));
                at_once.push(*handle);
            }
            true
        });
        if !at_once.is_empty() {
            let bytes = encode::server_frame(&ServerFrame::PresenceChanged(presence.clone()));
            at_once.into_iter().for_each(|handle| self.send(handle, Frame::ephemeral(bytes.clone(), Class::Presence, user.0.as_u128())));
        }
    }

    /// Sends what windows that are over have gathered. A window with something in it is followed by another.
    pub fn end_windows(&mut self, now: Instant) {
        while self.watches.windows.front().is_some_and(|(ends, _)| *ends <= now) {
            let Some((_, handle)) = self.watches.windows.pop_front() else { return };
            let Some(watching) = self.watches.watching.get_mut(&handle) else { continue };
            let items = std::mem::take(&mut watching.pending);
            watching.window_open = !items.is_empty();
            if watching.window_open {
                self.watches.windows.push_back((now + WINDOW, handle));
                let bytes = encode::server_frame(&ServerFrame::PresenceBulk(PresenceBulk { items }));
                self.send(handle, Frame::ephemeral(bytes, Class::Presence, 0));
            }
        }
    }
}

fn forget(watchers: &mut HashMap<UserId, Vec<Handle>>, handle: Handle, user: UserId) {
    if let Some(of_user) = watchers.get_mut(&user) {
        of_user.retain(|other| *other != handle);
        if of_user.is_empty() {
            watchers.remove(&user);
        }
    }
}

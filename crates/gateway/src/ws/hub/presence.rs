//! Who watches whose presence. The first change goes out at once, those of the next two seconds together.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tertulia_domain::error::Refusal;
use tertulia_domain::ids::UserId;
use tertulia_domain::presence::Presence;
use tertulia_protocol::v1::{PresenceBulk, ServerFrame};
use tertulia_services::Answer;
use tertulia_services::presence::SUBSCRIPTIONS_MAX;

use super::{Connection, Hub};
use crate::ws::encode;
use crate::ws::send_queue::Class;

const SUBSCRIBED_FOR: Duration = Duration::from_secs(600);
const WINDOW: Duration = Duration::from_secs(2);
pub(super) const TICK: Duration = Duration::from_millis(200);

/// What one connection watches, and what it has not been told yet.
#[derive(Default)]
pub(super) struct Watching {
    users: HashMap<UserId, Instant>,
    window_open: bool,
    pending: Vec<Arc<Presence>>,
}

impl Hub {
    /// Watches `users` for ten minutes. All together at most 500.
    pub fn watch(&self, connection: &Arc<Connection>, users: &[UserId]) -> Answer<()> {
        let now = Instant::now();
        let mut fresh = Vec::new();
        {
            let mut watching = connection.watching.lock();
            let watching = watching.get_or_insert_default();
            watching.users.retain(|_, until| *until > now);
            let more = users.iter().filter(|user| !watching.users.contains_key(user)).count();
            if watching.users.len() + more > SUBSCRIPTIONS_MAX {
                return Err(Refusal::limit(SUBSCRIPTIONS_MAX as u64, "too many presence subscriptions"));
            }
            for user in users {
                if watching.users.insert(*user, now + SUBSCRIBED_FOR).is_none() {
                    fresh.push(*user);
                }
            }
        }
        for user in fresh {
            let mut shard = self.0.watchers.lock(user);
            let watchers = shard.entry(user).or_default();
            // One that expired may still stand there.
            watchers.retain(|other| other.strong_count() > 0 && !std::ptr::eq(other.as_ptr(), Arc::as_ptr(connection)));
            watchers.push(Arc::downgrade(connection));
        }
        Ok(())
    }

    pub fn unwatch(&self, connection: &Arc<Connection>, users: &[UserId]) {
        if let Some(watching) = connection.watching.lock().as_mut() {
            watching.users.retain(|user, _| !users.contains(user));
        }
        users.iter().for_each(|user| self.forget_watcher(connection, *user));
    }

    pub(super) fn unwatch_all(&self, connection: &Arc<Connection>) {
        let watching = connection.watching.lock().take();
        watching.iter().flat_map(|watching| watching.users.keys()).for_each(|user| self.forget_watcher(connection, *user));
    }

    fn forget_watcher(&self, connection: &Arc<Connection>, user: UserId) {
        let mut shard = self.0.watchers.lock(user);
        if let Some(watchers) = shard.get_mut(&user) {
            watchers.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(connection)));
            if watchers.is_empty() {
                shard.remove(&user);
            }
        }
    }

    pub(super) fn presence_changed(&self, presence: Arc<Presence>, now: Instant) {
        let user = presence.user_id;
        let mut shard = self.0.watchers.lock(user);
        let Some(watchers) = shard.get_mut(&user) else { return };
        let frame = encode::server_frame(&ServerFrame::PresenceChanged((*presence).clone()));
        watchers.retain(|watcher| {
            let Some(connection) = watcher.upgrade() else { return false };
            let mut watching = connection.watching.lock();
            let Some(watching) = watching.as_mut() else { return false };
            if watching.users.get(&user).is_none_or(|until| *until <= now) {
                watching.users.remove(&user);
                return false;
            }
            if watching.window_open {
                watching.pending.retain(|older| older.user_id != user);
                watching.pending.push(presence.clone());
            } else {
                watching.window_open = true;
                connection.queue.push(frame.clone(), Class::Presence);
                self.0.windows.lock().push_back((now + WINDOW, Weak::clone(watcher)));
            }
            true
        });
    }

    /// Sends what windows that are over have gathered. A window with something in it is followed by another.
    pub(super) fn end_windows(&self, now: Instant) {
        loop {
            let due = {
                let mut windows = self.0.windows.lock();
                match windows.front() {
                    Some((ends, _)) if *ends <= now => windows.pop_front(),
                    _ => return,
                }
            };
            let Some(connection) = due.and_then(|(_, connection)| connection.upgrade()) else { continue };
            let mut watching = connection.watching.lock();
            let Some(watching) = watching.as_mut() else { continue };
            let pending = std::mem::take(&mut watching.pending);
            watching.window_open = !pending.is_empty();
            if watching.window_open {
                let items = pending.iter().map(|presence| (**presence).clone()).collect();
                connection.queue.push(encode::server_frame(&ServerFrame::PresenceBulk(PresenceBulk { items })), Class::Presence);
                self.0.windows.lock().push_back((now + WINDOW, Arc::downgrade(&connection)));
            }
        }
    }
}

//! Who is there. Never in the store: after a restart it is rebuilt from the connections.

mod shared;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_domain::ids::UserId;
use tertulia_domain::presence::{Cause, Chosen, Presence, PresenceState, STATUS_TEXT_CHARS_MAX, Status, next, seen_by_others};
use tertulia_domain::{Refusal, Timestamp};
use tertulia_ports::{Attendance, Signal};

use self::shared::Shared;
use crate::spine::Spine;
use crate::spine::limits::Key;
use crate::{Answer, Caller, refuse};

/// Users subscribed to by one connection.
pub const SUBSCRIPTIONS_MAX: usize = 500;
const TICK: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Tracked {
    state: PresenceState,
    /// Chosen too soon after another: the last one, and when its time comes.
    waiting: Option<(Chosen, Instant)>,
}

/// Presence of everybody known to this node.
#[derive(Clone)]
pub struct Presences {
    spine: Arc<Spine>,
    users: Arc<Mutex<HashMap<UserId, Tracked>>>,
    /// None: this process is alone.
    shared: Option<Arc<Shared>>,
}

impl Presences {
    pub(crate) fn new(spine: Arc<Spine>, attendance: Option<Arc<dyn Attendance>>) -> Self {
        let shared = attendance.map(|attendance| Arc::new(Shared::new(attendance)));
        Self { spine, users: Arc::default(), shared }
    }

    /// A connection of the user's opened, or gave a sign of life after being silent.
    pub fn connected(&self, user: UserId) {
        self.apply(user, Cause::Connected);
    }

    /// A connection of the user's closed, or has been silent for [`tertulia_domain::presence::SILENCE_MS`].
    pub fn disconnected(&self, user: UserId) {
        self.apply(user, Cause::Disconnected);
    }

    pub fn is_connected(&self, user: UserId) -> bool {
        self.users.lock().get(&user).is_some_and(|tracked| tracked.state.connections > 0)
    }

    /// Chooses a status. More than one in ten seconds is coalesced: the last one wins.
    pub fn update(&self, caller: Caller, chosen: Chosen) -> Answer<()> {
        let too_long =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > STATUS_TEXT_CHARS_MAX || text.contains('\0'));
        if too_long(&chosen.text) || too_long(&chosen.emoji) {
            return Err(Refusal::field("text", format!("at most {STATUS_TEXT_CHARS_MAX} characters")));
        }
        if chosen.status == Status::Unknown {
            return Err(Refusal::field("status", "cannot be chosen"));
        }
        let now = self.spine.clock.instant();
        {
            // Held meanwhile: of two at once, the one that waits must not be taken for the earlier.
            let mut users = self.users.lock();
            let tracked = users.entry(caller.user_id).or_default();
            if let Some(due) = self.wait_for_turn(caller.user_id, now) {
                tracked.waiting = Some((chosen, due));
                return Ok(());
            }
            tracked.waiting = None;
        }
        self.apply(caller.user_id, Cause::Chose(chosen));
        Ok(())
    }

    /// Takes from the limits; if there is nothing to take, when there will be.
    fn wait_for_turn(&self, user: UserId, now: Instant) -> Option<Instant> {
        let refused = self.spine.limits.take(Key::Presence(user)).err()?;
        Some(now + Duration::from_millis(refused.retry_after_ms.unwrap_or_default()))
    }

    /// The present state of those among `users` (at most 500) that the caller may know of.
    pub async fn snapshot(&self, caller: Caller, users: &[UserId]) -> Answer<Vec<Presence>> {
        if users.len() > SUBSCRIPTIONS_MAX {
            return Err(Refusal::limit(SUBSCRIPTIONS_MAX as u64, "too many presence subscriptions"));
        }
        let visible = self.spine.store.users.visible(caller.user_id, users).await.map_err(refuse)?;
        if let Some(shared) = &self.shared {
            return Ok(shared.snapshot(self, &visible).await);
        }
        let known = self.users.lock();
        let nobody = PresenceState::default();
        Ok(visible.into_iter().map(|user| seen_by_others(user, known.get(&user).map_or(&nobody, |tracked| &tracked.state))).collect())
    }

    pub(crate) fn start(&self) {
        let presences = self.clone();
        self.spine.tasks.every(TICK, move || {
            presences.tick();
            std::future::ready(())
        });
        if let Some(shared) = &self.shared {
            shared.clone().start(self);
        }
    }

    /// Whether it is known who is there; why not, for the operator. None where this process is alone.
    pub fn health(&self) -> Option<Result<(), String>> {
        self.shared.as_ref().map(|shared| shared.health())
    }

    /// Ends what was chosen until now, and applies choices that waited.
    fn tick(&self) {
        let (wall, now) = (self.spine.clock.now(), self.spine.clock.instant());
        let mut due: Vec<(UserId, Cause)> = Vec::new();
        for (user, tracked) in self.users.lock().iter_mut() {
            if let Some((chosen, _)) = tracked.waiting.take_if(|(_, at)| *at <= now) {
                match self.wait_for_turn(*user, now) {
                    Some(later) => tracked.waiting = Some((chosen, later)),
                    None => due.push((*user, Cause::Chose(chosen))),
                }
            } else if ends_by(&tracked.state, wall) {
                due.push((*user, Cause::Tick));
            }
        }
        for (user, cause) in due {
            self.apply(user, cause);
        }
    }

    fn apply(&self, user: UserId, cause: Cause) {
        let wall = self.spine.clock.now();
        if let Some(shared) = &self.shared {
            let mut users = self.users.lock();
            let tracked = users.entry(user).or_default();
            let chose = matches!(cause, Cause::Chose(_));
            tracked.state = next(&tracked.state, cause, wall);
            // Under the lock, so that what is reported last is what is true.
            return shared.note(user, &tracked.state, chose);
        }
        let changed = {
            let mut users = self.users.lock();
            let tracked = users.entry(user).or_default();
            let before = seen_by_others(user, &tracked.state);
            tracked.state = next(&tracked.state, cause, wall);
            let after = seen_by_others(user, &tracked.state);
            (before != after).then_some(after)
        };
        if let Some(presence) = changed {
            self.spine.bus.publish(Signal::Presence(Arc::new(presence)));
        }
    }
}

fn ends_by(state: &PresenceState, now: Timestamp) -> bool {
    state.chosen.as_ref().and_then(|chosen| chosen.until).is_some_and(|until| until <= now)
}

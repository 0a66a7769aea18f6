//! Presence over several nodes: each reports its own users, and hears from the bus of the others'.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tertulia_domain::ids::UserId;
use tertulia_domain::presence::{Cause, Presence, PresenceState, Status, next, seen_by_others};
use tertulia_ports::attendance::{FORGOTTEN_AFTER, Report};
use tertulia_ports::{Attendance, Heard, Signal};

use super::Presences;
use crate::spine::Spine;

/// Changes are gathered for this long.
const REPORT_EVERY: Duration = Duration::from_millis(100);
/// Everybody is reported anew, and asked for anew, this often: nodes die without a word.
const RENEW_EVERY: Duration = Duration::from_secs(FORGOTTEN_AFTER.as_secs() / 3);
const AT_ONCE: usize = 500;
/// Users of whom is known what was told last; past it all are forgotten, which tells some twice.
const KNOWN_MAX: usize = 200_000;

/// What this node and the others know.
pub(super) struct Shared {
    attendance: Arc<dyn Attendance>,
    /// Changed here, not reported yet.
    unreported: Mutex<HashMap<UserId, Report>>,
    /// What was heard last of whoever is not offline.
    known: Mutex<HashMap<UserId, Presence>>,
    /// What this node told all others last, likewise.
    told: Mutex<HashMap<UserId, Presence>>,
}

impl Shared {
    pub(super) fn new(attendance: Arc<dyn Attendance>) -> Self {
        Self { attendance, unreported: Mutex::default(), known: Mutex::default(), told: Mutex::default() }
    }

    pub(super) fn health(&self) -> Result<(), String> {
        self.attendance.health()
    }

    /// Something changed here; `chose`: what they chose did.
    pub(super) fn note(&self, user_id: UserId, state: &PresenceState, chose: bool) {
        let mut unreported = self.unreported.lock();
        let fresh = Report { user_id, connections: 0, chosen: None, last_seen_at: None };
        let report = unreported.entry(user_id).or_insert(fresh);
        report.connections = state.connections;
        report.last_seen_at = state.last_seen_at.filter(|_| state.connections == 0);
        if chose {
            report.chosen = Some(state.chosen.clone());
        }
    }

    pub(super) fn start(self: Arc<Self>, presences: &Presences) {
        let tasks = &presences.spine.tasks;
        let (shared, spine) = (self.clone(), presences.spine.clone());
        tasks.every(REPORT_EVERY, move || {
            let (shared, spine) = (shared.clone(), spine.clone());
            async move { shared.report(&spine).await }
        });
        let (shared, renewing) = (self.clone(), presences.clone());
        tasks.every(RENEW_EVERY, move || {
            let (shared, presences) = (shared.clone(), renewing.clone());
            async move { shared.renew(&presences).await }
        });
        let hearing = Arc::downgrade(&self);
        presences.spine.listen(move |heard| {
            if let (Heard::Signal(Signal::Presence(presence)), Some(shared)) = (heard, hearing.upgrade()) {
                shared.learn(presence);
            }
        });
    }

    /// Whether it is news.
    fn learn(&self, presence: &Presence) -> bool {
        put_down(&mut self.known.lock(), presence)
    }

    /// Reports what changed here, and tells all nodes what others see of it now.
    async fn report(&self, spine: &Spine) {
        let mut reports: Vec<Report> = std::mem::take(&mut *self.unreported.lock()).into_values().collect();
        while !reports.is_empty() {
            let rest = reports.split_off(reports.len().min(AT_ONCE));
            let seen = match self.attendance.report(reports.clone()).await {
                Ok(states) => reports.iter().zip(states).map(|(report, state)| seen(spine, report.user_id, &state)).collect(),
                Err(error) => {
                    tracing::debug!(%error, "presence is not shared");
                    self.put_back(&reports);
                    reports.iter().map(alone).collect::<Vec<_>>()
                }
            };
            for presence in seen {
                // Who came and went within a round may have been seen here, by who asked.
                let is_over = presence.status == Status::Offline && self.learn(&presence);
                if put_down(&mut self.told.lock(), &presence) || is_over {
                    spine.bus.publish(Signal::Presence(Arc::new(presence)));
                }
            }
            reports = rest;
        }
    }

    /// For the next round. What has changed again meanwhile stays as it is.
    fn put_back(&self, reports: &[Report]) {
        let mut unreported = self.unreported.lock();
        for report in reports.iter().take(KNOWN_MAX.saturating_sub(unreported.len())) {
            let kept = unreported.entry(report.user_id).or_insert_with(|| report.clone());
            kept.chosen = kept.chosen.take().or_else(|| report.chosen.clone());
        }
    }

    /// Says again who is here, and looks for who went without a word.
    async fn renew(&self, presences: &Presences) {
        let mut here = HashSet::new();
        for (user, tracked) in presences.users.lock().iter() {
            if tracked.state.connections > 0 {
                self.note(*user, &tracked.state, false);
                here.insert(*user);
            }
        }
        let mut known: Vec<UserId> = self.known.lock().keys().copied().collect();
        known.retain(|user| !here.contains(user));
        for users in known.chunks(AT_ONCE) {
            for presence in self.ask(presences, users).await {
                if self.learn(&presence) {
                    presences.spine.bus.publish_here(Signal::Presence(Arc::new(presence)));
                }
            }
        }
    }

    /// What others see of each now. From here on changes are heard of, also of nodes that die.
    pub(super) async fn snapshot(&self, presences: &Presences, users: &[UserId]) -> Vec<Presence> {
        let seen = self.ask(presences, users).await;
        for presence in &seen {
            self.learn(presence);
        }
        seen
    }

    async fn ask(&self, presences: &Presences, users: &[UserId]) -> Vec<Presence> {
        let spine = &presences.spine;
        match self.attendance.of(users).await {
            Ok(mut states) => {
                let here = presences.users.lock();
                for (user, state) in users.iter().zip(&mut states) {
                    // Not reported yet.
                    if let Some(tracked) = here.get(user).filter(|_| state.connections == 0) {
                        state.connections = tracked.state.connections;
                        state.chosen = state.chosen.take().or_else(|| tracked.state.chosen.clone());
                    }
                }
                users.iter().zip(states).map(|(user, state)| seen(spine, *user, &state)).collect()
            }
            Err(error) => {
                tracing::debug!(%error, "presence is not shared");
                let here = presences.users.lock();
                let of = |user: &UserId| match here.get(user).filter(|tracked| tracked.state.connections > 0) {
                    Some(tracked) => seen(spine, *user, &tracked.state),
                    None => unknown(*user),
                };
                users.iter().map(of).collect()
            }
        }
    }
}

/// Whether it is news.
fn put_down(known: &mut HashMap<UserId, Presence>, presence: &Presence) -> bool {
    if presence.status == Status::Offline {
        return known.remove(&presence.user_id).is_some();
    }
    if known.len() >= KNOWN_MAX {
        known.clear();
    }
    known.insert(presence.user_id, presence.clone()).as_ref() != Some(presence)
}

fn seen(spine: &Spine, user: UserId, state: &PresenceState) -> Presence {
    seen_by_others(user, &next(state, Cause::Tick, spine.clock.now()))
}

/// As far as this node can tell by itself.
fn alone(report: &Report) -> Presence {
    if report.connections == 0 {
        return unknown(report.user_id);
    }
    let chosen = report.chosen.clone().flatten();
    seen_by_others(report.user_id, &PresenceState { connections: report.connections, chosen, last_seen_at: None })
}

fn unknown(user_id: UserId) -> Presence {
    Presence { user_id, status: Status::Unknown, text: None, emoji: None, until: None, last_seen_at: None }
}

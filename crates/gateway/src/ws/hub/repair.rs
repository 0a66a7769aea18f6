//! What the bus lost is read from the log.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use tertulia_domain::ids::{ConversationId, Seq, SessionId, UserId};
use tertulia_ports::store::log::Head;
use tertulia_services::Answer;

use super::Hub;
use crate::ws::close::Close;

/// How long an event out of order waits for the one before it.
const WAIT: Duration = Duration::from_millis(50);
/// Between attempts to read a log that cannot be read.
const AGAIN: Duration = Duration::from_secs(1);
const HEADS_AT_ONCE: usize = 500;
const SESSIONS_AT_ONCE: usize = 500;
/// How often the store is asked whether sessions are still good: what revoked them may not have been heard.
const SESSIONS_EVERY: Duration = Duration::from_secs(10);
/// Users whose conversations are read at the same time.
const USERS_AT_ONCE: usize = 8;

impl Hub {
    pub(super) fn start_repair(self, id: ConversationId, head: Seq, wait: bool) {
        self.0.services.spine.tasks.clone().run(async move {
            if wait {
                tokio::time::sleep(WAIT).await;
            }
            self.repair(id, head).await;
        });
    }

    /// Reads the log until there is no gap and everything up to `head` is delivered.
    async fn repair(&self, id: ConversationId, mut head: Seq) {
        let stopping = self.0.services.spine.tasks.stopping();
        while let Some(last) = self.with(|core, _| core.behind(id, head)) {
            metrics::counter!("tertulia_log_repairs_total").increment(1);
            match self.0.services.delivery.repair(id, last).await {
                Ok(tail) if tail.events.is_empty() => {
                    tracing::error!(conversation_id = %id, last, head = tail.head, "events beyond the log: delivery begins anew");
                    return self.with(|core, now| core.start_over(id, tail.head, now));
                }
                Ok(tail) => {
                    head = head.max(tail.head);
                    self.with(|core, now| tail.events.into_iter().for_each(|event| core.accept(Arc::new(event), now)));
                }
                Err(refusal) => {
                    tracing::warn!(conversation_id = %id, code = %refusal.code, "cannot repair from the log");
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        () = tokio::time::sleep(AGAIN) => {}
                    }
                }
            }
        }
    }

    /// Compares what was delivered with the heads of the logs, and repairs what lags behind.
    pub(super) async fn check_tails(&self) {
        let ids = self.with(|core, now| {
            core.rest(now);
            core.conversations()
        });
        self.catch_up(&ids).await;
    }

    /// Reads the logs of those that lag behind their heads.
    pub(super) async fn catch_up(&self, ids: &[ConversationId]) {
        for ids in ids.chunks(HEADS_AT_ONCE) {
            // Read before the heads: who is delivered meanwhile is not behind.
            let delivered: HashMap<ConversationId, Seq> = {
                let core = self.0.core.lock();
                ids.iter().filter_map(|id| Some((*id, core.delivered(*id)?))).collect()
            };
            let Ok(heads) = self.0.services.delivery.heads(ids).await else { return };
            for Head { conversation_id: id, seq: head, .. } in heads {
                let lags = delivered.get(&id).is_some_and(|last| *last < head);
                if lags && self.with(|core, _| core.catch_up(id)) {
                    self.clone().start_repair(id, head, true);
                }
            }
        }
    }

    /// The bus lost something: read anew who listens to what, then everything that may have been missed.
    pub(super) fn resync(&self) {
        if self.0.resyncing.swap(true, Ordering::AcqRel) {
            return;
        }
        metrics::counter!("tertulia_bus_losses_total").increment(1);
        let hub = self.clone();
        self.0.services.spine.tasks.run(async move {
            // From here on a further loss starts another round.
            hub.0.resyncing.store(false, Ordering::Release);
            let stopping = hub.0.services.spine.tasks.stopping();
            while hub.read_anew().await.is_err() {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = tokio::time::sleep(AGAIN) => {}
                }
            }
        });
    }

    /// Reads who listens to what, then what they may have missed. Where the store cannot be read, nothing new is
    /// committed either, and who listens goes on: it has to be tried again.
    pub(super) async fn read_anew(&self) -> Answer<()> {
        let users = self.0.core.lock().users();
        let reading = users.into_iter().map(|user| self.read_user_anew(user));
        let read: Vec<Answer<()>> = futures_util::stream::iter(reading).buffer_unordered(USERS_AT_ONCE).collect().await;
        self.check_tails().await;
        read.into_iter().collect()
    }

    async fn read_user_anew(&self, user: UserId) -> Answer<()> {
        let _loading = self.loading(user).await;
        self.load(user, true).await
    }

    /// Looks now and then whether the sessions of all connections are still good.
    pub fn watch_sessions(&self) {
        let hub = self.clone();
        self.0.services.spine.tasks.every(SESSIONS_EVERY, move || {
            let hub = hub.clone();
            async move { hub.check_sessions().await }
        });
    }

    /// Closes the connections of sessions that are over.
    async fn check_sessions(&self) {
        let sessions: Vec<(UserId, SessionId)> = self.0.core.lock().sessions().into_iter().collect();
        for asked in sessions.chunks(SESSIONS_AT_ONCE) {
            let Ok(live) = self.0.services.delivery.live_sessions(asked).await else { return };
            let live: HashSet<_> = live.into_iter().collect();
            for (user, session) in asked.iter().filter(|session| !live.contains(session)) {
                self.with(|core, _| core.close_session(*user, *session, Close::SESSION_REVOKED));
            }
        }
    }
}

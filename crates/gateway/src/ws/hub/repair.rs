//! What the bus lost is read from the log.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tertulia_domain::ids::{ConversationId, Seq};
use tertulia_ports::store::log::Head;
use tertulia_services::Answer;

use super::Hub;
use crate::ws::close::Close;

/// How long an event out of order waits for the one before it.
const WAIT: Duration = Duration::from_millis(50);
/// Between attempts to read a log that cannot be read.
const AGAIN: Duration = Duration::from_secs(1);
const HEADS_AT_ONCE: usize = 500;

impl Hub {
    /// Reads where delivery begins in rooms that are new here. What was committed before then, clients fetch.
    pub(super) async fn begin(&self, fresh: &[ConversationId]) -> Answer<()> {
        for ids in fresh.chunks(HEADS_AT_ONCE) {
            let mut heads = self.0.services.delivery.heads(ids).await?;
            // What was deleted meanwhile has an empty log.
            let gone = ids.iter().filter(|id| !heads.iter().any(|head| head.conversation_id == **id)).copied().collect::<Vec<_>>();
            heads.extend(gone.into_iter().map(|conversation_id| Head { conversation_id, seq: 0, member_count: 0 }));
            self.with(|core, now| core.begun(&heads, now));
        }
        Ok(())
    }

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
        for ids in ids.chunks(HEADS_AT_ONCE) {
            // Read before the heads: who is delivered meanwhile is not behind.
            let delivered: HashMap<ConversationId, Seq> = {
                let core = self.0.core.lock();
                ids.iter().filter_map(|id| Some((*id, core.delivered(*id)?))).collect()
            };
            let Ok(heads) = self.0.services.delivery.heads(ids).await else { return };
            for head in heads {
                let id = head.conversation_id;
                match delivered.get(&id) {
                    None => self.with(|core, now| core.begun(&[head], now)),
                    Some(last) if *last < head.seq && self.with(|core, _| core.catch_up(id)) => {
                        self.clone().start_repair(id, head.seq, true)
                    }
                    Some(_) => {}
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
            let users = hub.0.core.lock().users();
            for user in users {
                let _loading = hub.loading(user).await;
                if let Err(refusal) = hub.load(user, true).await {
                    tracing::warn!(code = %refusal.code, "cannot read who listens to what");
                    // Better to connect anew than to listen to the wrong things.
                    hub.with(|core, _| core.close(user, Close::INTERNAL));
                }
            }
            hub.check_tails().await;
        });
    }
}

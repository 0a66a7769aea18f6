//! Counts for those whom a message in a large conversation names: done by workers, from the log.
//!
//! A queue says where there is something to do, and the cursor in the store what was done. Counts are derived, so that
//! doing it twice changes nothing; what the queue loses is found by looking which logs go further than the cursor.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tertulia_domain::event::{Event, EventBody};
use tertulia_domain::fanout::LARGE_MEMBERS;
use tertulia_domain::ids::{ConversationId, Seq, UserId};
use tertulia_ports::queue::{Taken, Work};
use tertulia_ports::{Queue, Signal};

use super::badge::send_badges;
use crate::spine::Spine;
use crate::{Answer, refuse};

/// The name of its cursor.
const FOLLOWER: &str = "mentions";
/// People counted for at once.
const BATCH: usize = 100;
const TAKEN_AT_ONCE: usize = 32;
const WAITS: Duration = Duration::from_secs(1);
/// What was noted is pushed this often.
const PUSH_EVERY: Duration = Duration::from_millis(100);
/// How often it is looked for what the queue lost.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
const SWEPT_AT_ONCE: u32 = 500;
const EVENTS_AT_ONCE: u32 = 500;
/// Noted and not pushed yet; past it the sweep has to find them.
const NOTED_MAX: usize = 10_000;

/// From messages that name somebody to the counts of who is named.
pub struct Mentions {
    spine: Arc<Spine>,
    queue: Arc<dyn Queue>,
    noted: Mutex<Vec<Work>>,
}

/// Whom an event is about.
enum Named {
    Nobody,
    These(Vec<UserId>),
    Everybody,
}

impl Mentions {
    pub fn new(spine: Arc<Spine>, queue: Arc<dyn Queue>) -> Self {
        Self { spine, queue, noted: Mutex::default() }
    }

    /// An event that this node committed.
    pub fn note(&self, event: &Event) {
        if matches!(named_by(&event.body), Named::Nobody) {
            return;
        }
        let mut noted = self.noted.lock();
        if noted.len() < NOTED_MAX {
            noted.push(Work { conversation_id: event.conversation_id, seq: event.seq });
        }
    }

    /// Hands on what is noted.
    pub fn start(self: &Arc<Self>) {
        let mentions = self.clone();
        self.spine.tasks.every(PUSH_EVERY, move || {
            let mentions = mentions.clone();
            async move {
                let noted = std::mem::take(&mut *mentions.noted.lock());
                if !noted.is_empty()
                    && let Err(error) = mentions.queue.push(noted).await
                {
                    tracing::debug!(%error, "the sweep will find it");
                }
            }
        });
    }

    /// Does the work, until the server stops.
    pub fn start_worker(self: &Arc<Self>) {
        let mentions = self.clone();
        self.spine.tasks.every(Duration::from_millis(1), move || {
            let mentions = mentions.clone();
            async move { mentions.work().await }
        });
        let mentions = self.clone();
        self.spine.tasks.every(SWEEP_EVERY, move || {
            let mentions = mentions.clone();
            async move {
                if let Err(refusal) = mentions.sweep().await {
                    tracing::debug!(code = %refusal.code, "what the queue lost is looked for later");
                }
            }
        });
    }

    async fn work(&self) {
        let stopping = self.spine.tasks.stopping();
        let taken = tokio::select! {
            taken = self.queue.take(TAKEN_AT_ONCE, WAITS) => taken,
            () = stopping.cancelled() => return,
        };
        match taken {
            Ok(taken) => {
                for taken in taken {
                    self.finish(taken).await;
                }
                if let Ok(lag) = self.queue.lag().await {
                    metrics::gauge!("tertulia_queue_lag").set(u32::try_from(lag).unwrap_or(u32::MAX));
                }
            }
            Err(error) => {
                tracing::debug!(%error, "workers have nothing to take from");
                tokio::time::sleep(WAITS).await;
            }
        }
    }

    async fn finish(&self, taken: Taken) {
        let Work { conversation_id, seq } = taken.work;
        match self.follow(conversation_id, seq).await {
            Ok(()) => drop(self.queue.done(vec![taken]).await),
            // It comes again.
            Err(refusal) => tracing::debug!(%conversation_id, code = %refusal.code, "counts of who was named wait"),
        }
    }

    async fn sweep(&self) -> Answer<()> {
        for behind in self.spine.store.cursors.behind(FOLLOWER, SWEPT_AT_ONCE).await.map_err(refuse)? {
            self.follow(behind.conversation_id, behind.head).await?;
        }
        Ok(())
    }

    /// Goes on from the cursor up to `seq`, and further where the log does.
    async fn follow(&self, id: ConversationId, seq: Seq) -> Answer<()> {
        let store = &self.spine.store;
        let heads = store.log.heads(&[id]).await.map_err(refuse)?;
        // In small ones, everybody's counts are kept up anyway.
        let Some(head) = heads.first().filter(|head| head.member_count >= LARGE_MEMBERS) else { return Ok(()) };
        let start = store.cursors.cursor(FOLLOWER, id).await.map_err(refuse)?.unwrap_or(seq.saturating_sub(1));
        let mut last = start;
        let (mut named, mut everybody) = (Vec::new(), false);
        while last < head.seq {
            let tail = store.log.repair(id, last, EVENTS_AT_ONCE).await.map_err(refuse)?;
            let Some(newest) = tail.events.last() else { break };
            last = newest.seq;
            for event in &tail.events {
                match named_by(&event.body) {
                    Named::Nobody => {}
                    Named::These(users) => named.extend(users),
                    Named::Everybody => everybody = true,
                }
            }
        }
        if everybody {
            named = store
                .conversations
                .member_ids(&[id], u64::MAX)
                .await
                .map_err(refuse)?
                .pop()
                .map(|(_, members)| members)
                .unwrap_or_default();
        }
        named.sort_unstable();
        named.dedup();
        for users in named.chunks(BATCH) {
            send_badges(&self.spine, vec![(id, users.to_vec())], |signal: Signal| self.spine.bus.publish(signal)).await?;
        }
        if last > start {
            store.cursors.advance(FOLLOWER, id, last).await.map_err(refuse)?;
        }
        Ok(())
    }
}

fn named_by(body: &EventBody) -> Named {
    let (mentions, scope) = match body {
        EventBody::MessageNew(new) => (&new.message.mentions, new.message.mention_scope),
        EventBody::MessageUpdated(updated) => (&updated.mentions, updated.mention_scope),
        _ => return Named::Nobody,
    };
    match scope {
        Some(_) => Named::Everybody,
        None if mentions.is_empty() => Named::Nobody,
        None => Named::These(mentions.clone()),
    }
}

//! Work: a stream for each partition, and an index of the partitions that have some.
//!
//! `work:waiting` scores a partition with the moment, in ms by the clock of Redis, from which it may be taken: that is how
//! long a worker has it. `work:workers` says by `TOKEN:COUNT` who has it, and how much of it that one has not done yet.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use tertulia_domain::ConversationId;
use tertulia_ports::Queue;
use tertulia_ports::queue::{AGAIN_AFTER, Away, Taken, Work, partition};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use crate::Redis;
use crate::link::Link;
use crate::script::{Call, Script};

/// Who waits for work asks so often; what this node pushed itself wakes it at once.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// In one call.
const PUSHED_MAX: usize = 500;
/// In one call. More is not worth to keep others waiting.
const TAKEN_MAX: usize = 1_000;
/// Of a partition, roughly: past it the oldest is lost. The logs tell it again.
const WAITING_MAX: usize = 10_000;

static PUSH: LazyLock<Script> = LazyLock::new(|| Script::new(&[NOW, include_str!("scripts/work_push.lua")]));
static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(&[NOW, include_str!("scripts/work_take.lua")]));
static DONE: LazyLock<Script> = LazyLock::new(|| Script::new(&[NOW, include_str!("scripts/work_done.lua")]));
static LAG: LazyLock<Script> = LazyLock::new(|| Script::new(&[NOW, include_str!("scripts/work_lag.lua")]));
const NOW: &str = include_str!("scripts/now.lua");

pub(crate) struct Streams {
    link: Arc<Link>,
    /// What all keys begin with.
    prefix: String,
    pushed: Notify,
}

impl Streams {
    pub(crate) fn new(redis: &Redis) -> Self {
        Self { link: redis.link.clone(), prefix: redis.names.of("work", ""), pushed: Notify::new() }
    }

    fn call(&self, args: Vec<String>) -> Call<Vec<String>> {
        Call { key: self.prefix.clone(), args }
    }

    async fn take_now(&self, most: usize) -> Result<Vec<Taken>, Away> {
        let token = Uuid::new_v4();
        let args = vec![token.to_string(), AGAIN_AFTER.as_millis().to_string(), most.min(TAKEN_MAX).to_string()];
        let given: Vec<Vec<(String, String)>> = TAKE.run(&self.link, &[self.call(args)]).await.map_err(Away)?;
        let taken = |(entry, text): (String, String)| Some(Taken { work: read(&text)?, receipt: format!("{token}/{entry}") });
        Ok(given.into_iter().flatten().filter_map(taken).collect())
    }
}

#[async_trait]
impl Queue for Streams {
    async fn push(&self, works: Vec<Work>) -> Result<(), Away> {
        let call = |works: &[Work]| {
            let args = works.iter().flat_map(|work| [partition(work.conversation_id).to_string(), write(*work)]);
            self.call(std::iter::once(WAITING_MAX.to_string()).chain(args).collect())
        };
        let calls: Vec<_> = works.chunks(PUSHED_MAX).map(call).collect();
        PUSH.run::<_, ()>(&self.link, &calls).await.map_err(Away)?;
        self.pushed.notify_one();
        Ok(())
    }

    async fn take(&self, most: usize, within: Duration) -> Result<Vec<Taken>, Away> {
        let deadline = Instant::now() + within;
        loop {
            let taken = self.take_now(most).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !taken.is_empty() || left.is_zero() {
                return Ok(taken);
            }
            // Either way it is asked.
            drop(tokio::time::timeout(left.min(ASK_EVERY), self.pushed.notified()).await);
        }
    }

    async fn done(&self, taken: Vec<Taken>) -> Result<(), Away> {
        let mut entries: HashMap<(u8, &str), Vec<String>> = HashMap::new();
        for Taken { work, receipt } in &taken {
            if let Some((token, entry)) = receipt.split_once('/') {
                entries.entry((partition(work.conversation_id), token)).or_default().push(entry.into());
            }
        }
        let call = |((partition, token), entries): ((u8, &str), Vec<String>)| {
            self.call([partition.to_string(), token.into()].into_iter().chain(entries).collect())
        };
        let calls: Vec<_> = entries.into_iter().map(call).collect();
        DONE.run::<_, ()>(&self.link, &calls).await.map(drop).map_err(Away)
    }

    async fn lag(&self) -> Result<u64, Away> {
        let lags: Vec<u64> = LAG.run(&self.link, &[self.call(Vec::new())]).await.map_err(Away)?;
        Ok(lags.into_iter().sum())
    }
}

fn write(work: Work) -> String {
    format!("{} {}", work.conversation_id, work.seq)
}

/// What another version wrote, and this one can't read, is left until its stream is cut: none has written anything else.
fn read(text: &str) -> Option<Work> {
    let (id, seq) = text.split_once(' ')?;
    Some(Work { conversation_id: ConversationId(id.parse().ok()?), seq: seq.parse().ok()? })
}

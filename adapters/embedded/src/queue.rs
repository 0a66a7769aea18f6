//! The queue of a process whose workers are its own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use tertulia_ports::queue::{AGAIN_AFTER, Away, Queue, Taken, Work, partition};
use tokio::sync::Notify;

/// Past it the oldest is lost: the logs tell it again.
const WAITING_MAX: usize = 100_000;

/// Work in this process's memory.
#[derive(Default)]
pub struct MemoryQueue {
    state: Mutex<State>,
    pushed: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    /// By receipt.
    taken: HashMap<u64, (Work, Instant)>,
    receipts: u64,
}

impl State {
    fn take(&mut self, most: usize) -> Vec<Taken> {
        let late: Vec<u64> = self.taken.iter().filter(|(_, (_, at))| at.elapsed() > AGAIN_AFTER).map(|(receipt, _)| *receipt).collect();
        for receipt in late {
            self.waiting.extend(self.taken.remove(&receipt).map(|(work, _)| work));
        }
        let busy: HashSet<u8> = self.taken.values().map(|(work, _)| partition(work.conversation_id)).collect();
        let mut given = Vec::new();
        let mut left = VecDeque::with_capacity(self.waiting.len());
        for work in self.waiting.drain(..) {
            if given.len() == most || busy.contains(&partition(work.conversation_id)) {
                left.push_back(work);
            } else {
                self.receipts += 1;
                self.taken.insert(self.receipts, (work, Instant::now()));
                given.push(Taken { work, receipt: self.receipts.to_string() });
            }
        }
        self.waiting = left;
        given
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn push(&self, works: Vec<Work>) -> Result<(), Away> {
        let mut state = self.state.lock();
        state.waiting.extend(works);
        let over = state.waiting.len().saturating_sub(WAITING_MAX);
        state.waiting.drain(..over);
        drop(state);
        self.pushed.notify_waiters();
        Ok(())
    }

    async fn take(&self, most: usize, within: Duration) -> Result<Vec<Taken>, Away> {
        let pushed = self.pushed.notified();
        let taken = self.state.lock().take(most);
        if !taken.is_empty() {
            return Ok(taken);
        }
        // Nothing within the time is an answer, too.
        drop(tokio::time::timeout(within, pushed).await);
        Ok(self.state.lock().take(most))
    }

    async fn done(&self, taken: Vec<Taken>) -> Result<(), Away> {
        let mut state = self.state.lock();
        for receipt in taken.iter().filter_map(|taken| taken.receipt.parse().ok()) {
            let receipt: u64 = receipt;
            state.taken.remove(&receipt);
        }
        Ok(())
    }

    async fn lag(&self) -> Result<u64, Away> {
        let state = self.state.lock();
        Ok(u64::try_from(state.waiting.len() + state.taken.len()).unwrap_or(u64::MAX))
    }
}

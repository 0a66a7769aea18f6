//! Where a shard is told what to do, from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_ports::waking;

use crate::ws::command::Command;

pub struct Inbox {
    waiting: Mutex<Waiting>,
    len: AtomicUsize,
    /// The longest that a command has waited since somebody asked, in microseconds.
    lateness_us: AtomicU64,
    /// The shard waits for events and has to be woken.
    asleep: AtomicBool,
    waker: Waker,
}

#[derive(Default)]
struct Waiting {
    commands: Vec<Command>,
    /// When the first of them came.
    since: Option<Instant>,
}

impl Inbox {
    pub fn new(waker: mio::Waker) -> Self {
        let waker = Waker::from(Arc::new(Sleeper(waker)));
        Self { waiting: Mutex::default(), len: AtomicUsize::new(0), lateness_us: AtomicU64::new(0), asleep: AtomicBool::new(false), waker }
    }

    pub fn push(&self, command: Command) {
        {
            let mut waiting = self.waiting.lock();
            if waiting.commands.is_empty() {
                waiting.since = Some(Instant::now());
            }
            waiting.commands.push(command);
        }
        self.len.fetch_add(1, Ordering::Relaxed);
        if self.asleep.swap(false, Ordering::SeqCst) {
            waking::wake(&self.waker);
        }
    }

    /// Commands that wait.
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything that waits, in order. `into` is empty.
    pub(super) fn take(&self, into: &mut Vec<Command>) {
        let since = {
            let mut waiting = self.waiting.lock();
            std::mem::swap(&mut waiting.commands, into);
            waiting.since.take()
        };
        self.len.fetch_sub(into.len(), Ordering::Relaxed);
        if let Some(since) = since {
            let waited = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.lateness_us.fetch_max(waited, Ordering::Relaxed);
        }
    }

    /// How late commands were taken since this was asked last.
    pub fn lateness(&self) -> Duration {
        Duration::from_micros(self.lateness_us.swap(0, Ordering::Relaxed))
    }

    /// Whether the shard may sleep: from here on a push wakes it.
    pub(super) fn fall_asleep(&self) -> bool {
        self.asleep.store(true, Ordering::SeqCst);
        let may = self.waiting.lock().commands.is_empty();
        if !may {
            self.asleep.store(false, Ordering::SeqCst);
        }
        may
    }

    pub(super) fn awake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }
}

/// A shard that waits for events.
struct Sleeper(mio::Waker);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        if let Err(error) = self.0.wake() {
            tracing::error!(%error, "a shard cannot be woken");
        }
    }
}

/// Says that a frame that is being carried out can go on.
pub(super) struct FrameWaker {
    pub(super) inbox: Arc<Inbox>,
    pub(super) slot: u32,
    pub(super) generation: u32,
}

impl Wake for FrameWaker {
    fn wake(self: Arc<Self>) {
        self.inbox.push(Command::Poll { slot: self.slot, generation: self.generation });
    }
}

//! Where a shard is told what to do, from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use parking_lot::Mutex;
use tertulia_ports::waking;

use crate::ws::command::Command;

pub struct Inbox {
    commands: Mutex<Vec<Command>>,
    len: AtomicUsize,
    /// The shard waits for events and has to be woken.
    asleep: AtomicBool,
    waker: Waker,
}

impl Inbox {
    pub fn new(waker: mio::Waker) -> Self {
        let waker = Waker::from(Arc::new(Sleeper(waker)));
        Self { commands: Mutex::default(), len: AtomicUsize::new(0), asleep: AtomicBool::new(false), waker }
    }

    pub fn push(&self, command: Command) {
        self.commands.lock().push(command);
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
        std::mem::swap(&mut *self.commands.lock(), into);
        self.len.fetch_sub(into.len(), Ordering::Relaxed);
    }

    /// Whether the shard may sleep: from here on a push wakes it.
    pub(super) fn fall_asleep(&self) -> bool {
        self.asleep.store(true, Ordering::SeqCst);
        let may = self.commands.lock().is_empty();
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

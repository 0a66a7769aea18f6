//! What waits to be written to one connection: bounded, and with an order of what may be lost.
//! Nothing durable is ever dropped in silence: a connection that is too slow for it is closed.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::close::Close;

/// Bounds of one connection.
pub const FRAMES_MAX: usize = 1_000;
pub const BYTES_MAX: usize = 1024 * 1024;

/// How dear a frame is; earlier ones go first when there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Typing,
    Presence,
    /// Receipts and badges: a later one with the same key makes an earlier one worthless.
    State,
    /// Events, acks and everything else: never dropped.
    Durable,
}

const DROPPABLE: [Class; 3] = [Class::Typing, Class::Presence, Class::State];

#[derive(Debug)]
struct Waiting {
    frame: Bytes,
    class: Class,
    /// What a [`Class::State`] frame is about.
    key: u128,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    droppable: usize,
    close: Option<Close>,
}

/// The frames of one connection. Pushed to by anybody, drained by the connection's task.
#[derive(Debug, Default)]
pub struct SendQueue {
    inner: Mutex<Inner>,
    changed: Notify,
}

impl SendQueue {
    /// Never waits. Where there is no room: drops what is ephemeral, else closes with 4408.
    pub fn push(&self, frame: Bytes, class: Class) {
        self.push_keyed(frame, class, 0);
    }

    /// As `push`, for [`Class::State`]: `key` says what the frame is about.
    pub fn push_keyed(&self, frame: Bytes, class: Class, key: u128) {
        let mut inner = self.inner.lock();
        if inner.close.is_some() {
            return;
        }
        if !inner.make_room(frame.len(), class) {
            metrics::counter!("tertulia_send_queue_dropped_total").increment(1);
            if class == Class::Durable {
                inner.close = Some(Close::SLOW_CONSUMER);
                inner.clear();
                self.changed.notify_one();
            }
            return;
        }
        inner.bytes += frame.len();
        inner.droppable += usize::from(class != Class::Durable);
        inner.waiting.push_back(Waiting { frame, class, key });
        self.changed.notify_one();
    }

    /// After what is already waiting, the connection ends. The first reason counts.
    pub fn close(&self, close: Close) {
        self.inner.lock().close.get_or_insert(close);
        self.changed.notify_one();
    }

    /// Whether the connection has been told to end.
    pub fn is_closing(&self) -> bool {
        self.inner.lock().close.is_some()
    }

    /// Everything that waits, and why to end after it, if so.
    pub fn take(&self, into: &mut VecDeque<Bytes>) -> Option<Close> {
        let mut inner = self.inner.lock();
        into.extend(inner.waiting.drain(..).map(|waiting| waiting.frame));
        inner.clear();
        inner.close
    }

    /// Waits until there is something to take. Cancel-safe; for one waiter.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl Inner {
    fn fits(&self, bytes: usize) -> bool {
        // One frame alone may be larger than the bound: an answer is not refused for its size.
        self.waiting.is_empty() || (self.waiting.len() < FRAMES_MAX && self.bytes + bytes <= BYTES_MAX)
    }

    fn make_room(&mut self, bytes: usize, class: Class) -> bool {
        if self.fits(bytes) {
            return true;
        }
        if self.droppable > 0 {
            self.drop_superseded();
            for lesser in DROPPABLE.into_iter().filter(|lesser| *lesser <= class) {
                if self.fits(bytes) {
                    break;
                }
                self.waiting.retain(|waiting| waiting.class != lesser);
                self.recount();
            }
        }
        self.fits(bytes)
    }

    fn drop_superseded(&mut self) {
        let mut seen = HashSet::new();
        let mut kept: VecDeque<Waiting> = VecDeque::with_capacity(self.waiting.len());
        while let Some(waiting) = self.waiting.pop_back() {
            if waiting.class != Class::State || seen.insert(waiting.key) {
                kept.push_front(waiting);
            }
        }
        self.waiting = kept;
        self.recount();
    }

    fn recount(&mut self) {
        self.bytes = self.waiting.iter().map(|waiting| waiting.frame.len()).sum();
        self.droppable = self.waiting.iter().filter(|waiting| waiting.class != Class::Durable).count();
    }

    /// An idle connection holds no memory for frames.
    fn clear(&mut self) {
        self.waiting = VecDeque::new();
        self.bytes = 0;
        self.droppable = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(queue: &SendQueue) -> (Vec<Bytes>, Option<Close>) {
        let mut into = VecDeque::new();
        let close = queue.take(&mut into);
        (into.into(), close)
    }

    fn fill(queue: &SendQueue, class: Class, count: usize) {
        for _ in 0..count {
            queue.push(Bytes::from_static(b"x"), class);
        }
    }

    #[test]
    fn keeps_the_order_and_is_empty_after() {
        let queue = SendQueue::default();
        queue.push(Bytes::from_static(b"a"), Class::Durable);
        queue.push(Bytes::from_static(b"b"), Class::Typing);
        assert_eq!(frames(&queue), (vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")], None));
        assert_eq!(frames(&queue), (vec![], None));
    }

    #[test]
    fn the_ephemeral_gives_way_to_the_durable_in_order() {
        let queue = SendQueue::default();
        fill(&queue, Class::Durable, FRAMES_MAX - 3);
        for class in DROPPABLE {
            queue.push(
                Bytes::from_static(match class {
                    Class::Typing => b"t",
                    Class::Presence => b"p",
                    _ => b"s",
                }),
                class,
            );
        }
        for expected in [&b"ps"[..], b"s", b""] {
            queue.push(Bytes::from_static(b"x"), Class::Durable);
            let inner = queue.inner.lock();
            let left: Vec<u8> = inner.waiting.iter().flat_map(|w| w.frame.to_vec()).filter(|b| *b != b'x').collect();
            assert_eq!((left.as_slice(), inner.waiting.len()), (expected, FRAMES_MAX));
        }
        queue.push(Bytes::from_static(b"x"), Class::Typing);
        assert!(!queue.is_closing(), "what is ephemeral never closes");
        queue.push(Bytes::from_static(b"x"), Class::Durable);
        assert_eq!(frames(&queue), (vec![], Some(Close::SLOW_CONSUMER)));
    }

    #[test]
    fn the_last_state_of_a_thing_wins_under_pressure() {
        let queue = SendQueue::default();
        fill(&queue, Class::Durable, FRAMES_MAX - 2);
        queue.push_keyed(Bytes::from_static(b"1"), Class::State, 7);
        queue.push_keyed(Bytes::from_static(b"2"), Class::State, 7);
        queue.push_keyed(Bytes::from_static(b"3"), Class::State, 8);
        let (left, close) = frames(&queue);
        assert_eq!((&left[FRAMES_MAX - 2..], close), (&[Bytes::from_static(b"2"), Bytes::from_static(b"3")][..], None));
    }

    #[test]
    fn bytes_are_bounded_too_but_one_large_answer_passes() {
        let queue = SendQueue::default();
        queue.push(Bytes::from(vec![b'x'; 2 * BYTES_MAX]), Class::Durable);
        assert!(!queue.is_closing());
        queue.push(Bytes::from_static(b"x"), Class::Durable);
        assert!(queue.is_closing());
    }

    #[test]
    fn the_first_reason_to_close_counts_and_what_waits_goes_before() {
        let queue = SendQueue::default();
        queue.push(Bytes::from_static(b"last"), Class::Durable);
        queue.close(Close::REPLACED);
        queue.close(Close::DRAIN);
        queue.push(Bytes::from_static(b"late"), Class::Durable);
        assert_eq!(frames(&queue), (vec![Bytes::from_static(b"last")], Some(Close::REPLACED)));
    }
}

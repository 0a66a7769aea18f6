//! What waits to be sent: bounded, whatever the network does.

use bytes::Bytes;
use parking_lot::Mutex;
use tertulia_ports::carrier::TOPICS;
use tokio::sync::Notify;

const PAYLOADS_MAX: usize = 8_192;
const BYTES_MAX: usize = 8 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Default)]
struct Waiting {
    payloads: Vec<(u8, Bytes)>,
    bytes: usize,
}

impl Queue {
    /// False: too much waits, or there is no such topic.
    pub(crate) fn push(&self, topic: u8, payload: Bytes) -> bool {
        let mut waiting = self.waiting.lock();
        let bytes = waiting.bytes + payload.len();
        if topic >= TOPICS || waiting.payloads.len() >= PAYLOADS_MAX || bytes > BYTES_MAX {
            return false;
        }
        waiting.bytes = bytes;
        waiting.payloads.push((topic, payload));
        let first = waiting.payloads.len() == 1;
        drop(waiting);
        if first {
            self.filled.notify_one();
        }
        true
    }

    /// Waits for something; then all of it, topic by topic.
    pub(crate) async fn take(&self) -> Vec<(u8, Vec<Bytes>)> {
        loop {
            self.filled.notified().await;
            let payloads = std::mem::take(&mut *self.waiting.lock()).payloads;
            if !payloads.is_empty() {
                return by_topic(payloads);
            }
        }
    }

    pub(crate) fn clear(&self) {
        *self.waiting.lock() = Waiting::default();
    }
}

fn by_topic(payloads: Vec<(u8, Bytes)>) -> Vec<(u8, Vec<Bytes>)> {
    let mut topics: [Vec<Bytes>; TOPICS as usize] = Default::default();
    for (topic, payload) in payloads {
        if let Some(of_topic) = topics.get_mut(usize::from(topic)) {
            of_topic.push(payload);
        }
    }
    (0..TOPICS).zip(topics).filter(|(_, payloads)| !payloads.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_so_many_and_so_many_bytes() {
        let queue = Queue::default();
        assert!(!queue.push(TOPICS, Bytes::new()));
        assert_eq!((0..10_000).filter(|_| queue.push(1, Bytes::from_static(b"x"))).count(), PAYLOADS_MAX);
        queue.clear();
        let large = Bytes::from(vec![0; 128 * 1024]);
        assert_eq!((0..100).filter(|_| queue.push(2, large.clone())).count(), 64);
    }

    #[tokio::test]
    async fn what_waits_is_taken_topic_by_topic_in_order() {
        let queue = Queue::default();
        for (topic, text) in [(3, "a"), (1, "b"), (3, "c")] {
            assert!(queue.push(topic, Bytes::from(text)));
        }
        assert_eq!(queue.take().await, [(1, vec![Bytes::from("b")]), (3, vec![Bytes::from("a"), Bytes::from("c")])]);
        assert!(queue.push(0, Bytes::new()));
        assert_eq!(queue.take().await.len(), 1);
    }
}

//! The bus of a cluster: what is said on a node is heard there at once, and by the others as a payload of the carrier.
//!
//! Payloads are numbered for each node and topic, and every second a node says how far it has come. Who finds a number
//! missing tells its listeners that something was lost, within a second: the carrier may lose what it likes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tertulia_domain::ids::ConversationId;
use tertulia_ports::carrier::{Carried, TOPICS};
use tertulia_ports::sabotage::{Sabotage, is_on};
use tertulia_ports::{Bus, Carrier, Ear, Heard, Signal};
use uuid::Uuid;

/// Node, number and kind come before what is said.
const HEADER_BYTES: usize = 16 + 8 + 1;
const SIGNAL: u8 = 1;
/// Says only how far its node has come.
const BEAT: u8 = 0;
/// A node that is silent for so long is gone.
const GONE_AFTER: Duration = Duration::from_secs(30);

/// Tells all nodes of a cluster.
pub struct Relay {
    node: Uuid,
    carrier: Arc<dyn Carrier>,
    /// Behind an `Arc`, so that a listener can publish: nothing is locked while it hears.
    ears: RwLock<Arc<Vec<Ear>>>,
    /// Payloads of this node, by topic.
    sent: Vec<Mutex<u64>>,
    /// How far each node was heard, by topic.
    heard: Mutex<HashMap<Uuid, Peer>>,
    /// Something was, and listeners don't know yet.
    lost: AtomicBool,
}

struct Peer {
    seen_at: Instant,
    /// None: nothing yet.
    last: [Option<u64>; TOPICS as usize],
}

/// What a payload says of itself.
struct Header {
    node: Uuid,
    number: u64,
    kind: u8,
}

impl Relay {
    /// Begins to hear the other nodes. `node`: another one for each process.
    pub fn start(carrier: Arc<dyn Carrier>, node: Uuid) -> Arc<Self> {
        let sent = (0..TOPICS).map(|_| Mutex::default()).collect();
        let (ears, heard) = (RwLock::default(), Mutex::default());
        let relay = Arc::new(Self { node, carrier, ears, sent, heard, lost: AtomicBool::new(false) });
        let hearing = Arc::downgrade(&relay);
        relay.carrier.receive(Arc::new(move |carried| {
            if let Some(relay) = hearing.upgrade() {
                relay.receive(carried);
            }
        }));
        relay
    }

    fn tell(&self, heard: &Heard) {
        let ears = self.ears.read().clone();
        ears.iter().for_each(|ear| ear(heard));
    }

    fn send(&self, topic: u8, kind: u8, said: &[u8]) {
        let Some(sent) = self.sent.get(usize::from(topic)) else { return };
        // Held meanwhile, so that numbers go out in their order. What is not sent has its number too: it will be missed.
        let mut sent = sent.lock();
        *sent += u64::from(kind == SIGNAL);
        let mut payload = Vec::with_capacity(HEADER_BYTES + said.len());
        payload.extend_from_slice(self.node.as_bytes());
        payload.extend_from_slice(&sent.to_be_bytes());
        payload.push(kind);
        payload.extend_from_slice(said);
        if !self.carrier.send(topic, Bytes::from(payload)) {
            metrics::counter!("tertulia_bus_unsent_total").increment(1);
        }
    }

    fn receive(&self, carried: Carried<'_>) {
        let Carried::Payload(topic, payload) = carried else { return self.lose() };
        let Some((header, said)) = Header::read(payload) else {
            return tracing::warn!("the bus carries what no node of ours says");
        };
        if header.node == self.node {
            return;
        }
        let times = if is_on(Sabotage::LossyBus) { spoiled(header.number) } else { 1 };
        for _ in 0..times {
            self.note(topic, &header);
            if header.kind == SIGNAL {
                self.hear(said);
            }
        }
    }

    fn hear(&self, said: &[u8]) {
        match serde_json::from_slice(said) {
            Ok(signal) => self.tell(&Heard::Signal(signal)),
            // A node of another version says what this one does not know.
            Err(error) => {
                tracing::debug!(%error, "not understood");
                self.lose();
            }
        }
    }

    /// Whether the numbers of a node follow each other.
    fn note(&self, topic: u8, header: &Header) {
        let mut heard = self.heard.lock();
        let seen_at = Instant::now();
        let peer = heard.entry(header.node).or_insert(Peer { seen_at, last: [None; TOPICS as usize] });
        peer.seen_at = seen_at;
        let Some(last) = peer.last.get_mut(usize::from(topic)) else { return };
        let expected = last.map(|last| last + u64::from(header.kind == SIGNAL));
        let is_gap = expected.is_some_and(|expected| header.number > expected);
        *last = Some(header.number.max(last.unwrap_or_default()));
        drop(heard);
        if is_gap {
            self.lose();
        }
    }

    fn lose(&self) {
        self.lost.store(true, Ordering::Release);
    }
}

impl Bus for Relay {
    fn publish(&self, signal: Signal) {
        let topic = topic_of(&signal);
        match serde_json::to_vec(&signal) {
            Ok(said) => self.send(topic, SIGNAL, &said),
            Err(error) => tracing::error!(%error, "a signal cannot be written"),
        }
        self.publish_here(signal);
    }

    fn publish_here(&self, signal: Signal) {
        self.tell(&Heard::Signal(signal));
    }

    fn pulse(&self) {
        for topic in 0..TOPICS {
            self.send(topic, BEAT, &[]);
        }
        let mut heard = self.heard.lock();
        heard.retain(|_, peer| peer.seen_at.elapsed() < GONE_AFTER);
        metrics::gauge!("tertulia_bus_peers").set(u32::try_from(heard.len()).unwrap_or(u32::MAX));
        drop(heard);
        if self.lost.swap(false, Ordering::AcqRel) {
            self.tell(&Heard::Lost);
        }
    }

    fn listen(&self, ear: Ear) {
        let mut ears = self.ears.write();
        *ears = Arc::new(ears.iter().cloned().chain([ear]).collect());
    }

    fn health(&self) -> Result<(), String> {
        self.carrier.health()
    }
}

impl Header {
    fn read(payload: &[u8]) -> Option<(Self, &[u8])> {
        let (node, rest) = payload.split_first_chunk::<16>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (&kind, said) = rest.split_first()?;
        Some((Self { node: Uuid::from_bytes(*node), number: u64::from_be_bytes(*number), kind }, said))
    }
}

/// What belongs together goes the same way: the events of a conversation keep their order, mostly.
fn topic_of(signal: &Signal) -> u8 {
    let of = |id: Uuid| u8::try_from(id.as_u128() % u128::from(TOPICS)).unwrap_or_default();
    let at = |ConversationId(id): ConversationId| of(id);
    match signal {
        Signal::Event(event) => at(event.conversation_id),
        Signal::Receipt { conversation_id, .. }
        | Signal::Typing { conversation_id, .. }
        | Signal::Badge { conversation_id, .. }
        | Signal::Gained { conversation_id, .. }
        | Signal::Lost { conversation_id, .. } => at(*conversation_id),
        Signal::Presence(presence) => of(presence.user_id.0),
        Signal::SessionRevoked { user_id, .. } | Signal::RoleChanged { user_id } => of(user_id.0),
    }
}

/// How often a payload comes on a bus that loses one of ten and repeats another.
fn spoiled(number: u64) -> u32 {
    match number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32 & 0xFFFF {
        0..6_554 => 0,
        6_554..13_108 => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use tertulia_domain::ids::{SessionId, UserId};
    use tertulia_ports::carrier::Receiver;

    use super::*;

    /// Hands everything to all who receive, until it is cut.
    #[derive(Default)]
    struct Wire {
        receivers: Mutex<Vec<Receiver>>,
        is_cut: AtomicBool,
    }

    impl Wire {
        fn bring(&self, topic: u8, payload: &[u8]) -> bool {
            let receivers = self.receivers.lock().clone();
            receivers.iter().for_each(|receiver| receiver(Carried::Payload(topic, payload)));
            true
        }
    }

    struct End(Arc<Wire>);

    impl Carrier for End {
        fn send(&self, topic: u8, payload: Bytes) -> bool {
            !self.0.is_cut.load(Ordering::Relaxed) && self.0.bring(topic, &payload)
        }
        fn receive(&self, receiver: Receiver) {
            self.0.receivers.lock().push(receiver);
        }
        fn health(&self) -> Result<(), String> {
            Ok(())
        }
    }

    fn node(wire: &Arc<Wire>) -> (Arc<Relay>, Arc<Mutex<Vec<Heard>>>) {
        let relay = Relay::start(Arc::new(End(wire.clone())), Uuid::new_v4());
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let noting = heard.clone();
        relay.listen(Arc::new(move |next| noting.lock().push(next.clone())));
        (relay, heard)
    }

    fn signal(n: u128) -> Signal {
        let id = Uuid::from_u128(n);
        Signal::SessionRevoked { user_id: UserId(id), session_id: SessionId(id) }
    }

    #[test]
    fn all_nodes_hear_once_what_one_says() {
        let wire = Arc::default();
        let ((one, here), (_other, there)) = (node(&wire), node(&wire));
        one.publish(signal(1));
        one.publish_here(signal(2));
        assert_eq!(*here.lock(), [1, 2].map(|n| Heard::Signal(signal(n))));
        assert_eq!(*there.lock(), [Heard::Signal(signal(1))]);
    }

    #[test]
    fn what_did_not_come_is_missed_by_the_next_beat() {
        let wire: Arc<Wire> = Arc::default();
        let ((one, _), (other, there)) = (node(&wire), node(&wire));
        one.pulse();
        wire.is_cut.store(true, Ordering::Relaxed);
        one.publish(signal(1));
        wire.is_cut.store(false, Ordering::Relaxed);
        other.pulse();
        assert_eq!(*there.lock(), [], "nothing tells yet");
        one.pulse();
        other.pulse();
        other.pulse();
        assert_eq!(*there.lock(), [Heard::Lost], "once");
        one.publish(signal(17));
        one.pulse();
        other.pulse();
        assert_eq!(*there.lock(), [Heard::Lost, Heard::Signal(signal(17))]);
    }

    #[test]
    fn what_is_no_payload_of_ours_does_no_harm() {
        let wire: Arc<Wire> = Arc::default();
        let (relay, heard) = node(&wire);
        for payload in [&b""[..], b"short", &[7; 24], &[7; 25], &[1; 200], b"0123456789abcdef01234567\x01{\"Nonsense\":{}}"] {
            wire.bring(3, payload);
            wire.bring(200, payload);
        }
        assert_eq!(*heard.lock(), []);
        relay.pulse();
        assert_eq!(*heard.lock(), [Heard::Lost]);
    }
}

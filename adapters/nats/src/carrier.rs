//! Payloads on core NATS: a subject for each topic, and one on which nodes say that they are there.
//!
//! That one is also how a node knows that it hears: what it says of itself comes back behind its subscription. Until
//! then the carrier is not well, and afterwards everybody knows that something of this node may be missing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_nats::{Client, Event, Message, ServerError, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use parking_lot::Mutex;
use tertulia_ports::Carrier;
use tertulia_ports::carrier::{Carried, Receiver, TOPICS};
use tokio::sync::broadcast::Receiver as Events;
use tokio::sync::broadcast::error::RecvError;

use crate::Nats;
use crate::open::{OpenError, check_server};
use crate::task::Task;

/// How long it may take until a node hears itself for the first time.
const HEARD_WITHIN: Duration = Duration::from_secs(2);
/// As long as a node does not hear itself, it says so often that it is there. What is missed in between is told once.
const LOOKED_AFTER_EVERY: Duration = Duration::from_millis(100);

pub(crate) struct Subjects {
    way: Arc<Way>,
    topics: Vec<Subject>,
    _hearing: Task,
}

/// What the task that hears shares with those who send.
struct Way {
    client: Client,
    up: AtomicBool,
    trouble: Mutex<String>,
    receiver: OnceLock<Receiver>,
    /// Where nodes say that they are there.
    nodes: Subject,
    node: [u8; 16],
}

/// What the task that hears knows.
#[derive(Default)]
struct State {
    /// How often the connection was cut. Something of what was sent before may be missing then.
    cuts: u32,
    missed: bool,
}

impl Subjects {
    pub(crate) async fn open(nats: &Nats) -> Result<Self, OpenError> {
        let subject = |name: &str| Subject::from(format!("tertulia.{}.{name}", nats.cluster));
        let way = Arc::new(Way {
            client: nats.client.clone(),
            up: AtomicBool::new(false),
            trouble: Mutex::new("NATS has not answered yet".into()),
            receiver: OnceLock::new(),
            nodes: subject("nodes"),
            node: nats.node.into_bytes(),
        });
        let events = nats.events.subscribe();
        let messages = nats.client.subscribe(subject("*")).await.map_err(|error| OpenError::Refused(error.to_string()))?;
        let hearing = Task::start(hear(way.clone(), messages, events));
        let opened = Self { way, topics: (0..TOPICS).map(|topic| subject(&topic.to_string())).collect(), _hearing: hearing };
        match opened.wait_until_heard(nats.events.subscribe()).await {
            Err(error) if nats.may_be_away && error.is_passing() => tracing::warn!(%error, "NATS carries nothing yet"),
            heard => heard?,
        }
        Ok(opened)
    }

    /// Who may not publish, or subscribe, is told so by an event.
    async fn wait_until_heard(&self, mut events: Events<Event>) -> Result<(), OpenError> {
        if self.way.client.connection_state() != async_nats::connection::State::Connected {
            return Err(OpenError::Unreachable("it is looked for".into()));
        }
        let waited = tokio::time::timeout(HEARD_WITHIN, async {
            while !self.way.up.load(Ordering::Relaxed) {
                let event = tokio::time::timeout(Duration::from_millis(5), events.recv()).await;
                if let Ok(Ok(Event::ServerError(ServerError::Other(text)))) = event {
                    return Err(OpenError::Refused(text));
                }
            }
            Ok(())
        });
        waited.await.unwrap_or_else(|_| Err(OpenError::Unreachable("it does not send back what it is sent".into())))
    }
}

impl Carrier for Subjects {
    fn send(&self, topic: u8, payload: Bytes) -> bool {
        let Some(subject) = self.topics.get(usize::from(topic)) else { return false };
        self.way.up.load(Ordering::Relaxed) && self.way.publish(subject, payload)
    }

    fn receive(&self, receiver: Receiver) {
        if self.way.receiver.set(receiver).is_err() {
            tracing::error!("a carrier was given a second receiver, which hears nothing");
        }
    }

    fn health(&self) -> Result<(), String> {
        if self.way.up.load(Ordering::Relaxed) { Ok(()) } else { Err(self.way.trouble.lock().clone()) }
    }
}

impl Way {
    /// False where it would have to wait. Outside of the task's budget, by which it would seem so now and then.
    fn publish(&self, subject: &Subject, payload: Bytes) -> bool {
        let publish = tokio::task::unconstrained(self.client.publish(subject.clone(), payload));
        publish.now_or_never().is_some_and(|published| published.is_ok())
    }

    /// Who it is, and how often it was cut off.
    fn say_that_it_is_there(&self, cuts: u32) {
        let said = [self.node.as_slice(), &cuts.to_be_bytes()].concat();
        if !self.publish(&self.nodes, said.into()) {
            tracing::debug!("NATS takes nothing yet");
        }
    }

    fn down(&self, trouble: String) {
        *self.trouble.lock() = trouble;
        self.up.store(false, Ordering::Relaxed);
    }

    fn tell(&self, carried: Carried<'_>) {
        if let Some(receive) = self.receiver.get() {
            receive(carried);
        }
    }
}

/// Whatever ends the task, nothing is heard any more: a panic of the receiver too.
struct Ending(Arc<Way>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.down("what NATS sends is not read any more".into());
    }
}

/// Until the client is gone.
async fn hear(way: Arc<Way>, mut messages: Subscriber, mut events: Events<Event>) {
    let _ending = Ending(way.clone());
    let mut state = State::default();
    let mut tick = tokio::time::interval(LOOKED_AFTER_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let up = way.up.load(Ordering::Relaxed);
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => state.heard(&way, &message),
                None => return,
            },
            event = events.recv() => match event {
                Ok(event) => state.happened(&way, event),
                Err(RecvError::Lagged(_)) => state.missed = true,
                Err(RecvError::Closed) => return,
            },
            _ = tick.tick(), if !up || state.missed => {
                if !up {
                    way.say_that_it_is_there(state.cuts);
                }
                if std::mem::take(&mut state.missed) {
                    way.tell(Carried::Lost);
                }
            }
        }
    }
}

impl State {
    fn heard(&mut self, way: &Way, message: &Message) {
        match message.subject.rsplit('.').next().and_then(|name| name.parse().ok()) {
            Some(topic) if topic < TOPICS => way.tell(Carried::Payload(topic, &message.payload)),
            _ if message.subject == way.nodes => self.node_is_there(way, &message.payload),
            _ => self.missed = true,
        }
    }

    /// What it said before the last cut may come late, and says nothing of the connection as it is now.
    fn node_is_there(&mut self, way: &Way, said: &[u8]) {
        let (cuts, own) = (self.cuts.to_be_bytes(), said.strip_prefix(&way.node));
        self.missed |= !said.ends_with(&0_u32.to_be_bytes());
        if own.is_none_or(|own| own != cuts) || way.up.load(Ordering::Relaxed) {
            return;
        }
        // Another may be there than the one that was checked, or it was away then.
        if let Err(error) = check_server(&way.client.server_info()) {
            return way.down(error.to_string());
        }
        way.up.store(true, Ordering::Relaxed);
        if self.cuts > 0 {
            tracing::info!("found NATS again");
        }
    }

    fn happened(&mut self, way: &Way, event: Event) {
        match event {
            Event::Disconnected | Event::Closed => {
                if way.up.load(Ordering::Relaxed) {
                    tracing::warn!("lost NATS");
                }
                self.cuts = self.cuts.saturating_add(1);
                way.down("the connection to NATS was lost".into());
            }
            Event::ClientError(error) => way.trouble.lock().clone_from(&format!("NATS is not found again: {error}")),
            // This node did not keep up.
            Event::SlowConsumer(_) | Event::ServerError(ServerError::SlowConsumer(_)) => self.missed = true,
            Event::ServerError(error) => tracing::warn!(%error, "NATS refused something"),
            Event::Connected | Event::LameDuckMode | Event::Draining => {}
        }
    }
}

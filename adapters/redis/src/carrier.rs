//! Payloads on Redis's publish and subscribe, many to a message.
//!
//! Plain channels, not sharded ones: those would serve a Redis Cluster only, which nothing else here supports.

mod batch;
mod queue;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, RedisResult, Value};
use tertulia_ports::Carrier;
use tertulia_ports::carrier::{Carried, Receiver, TOPICS};

use crate::Redis;
use crate::carrier::queue::Queue;
use crate::link::{Link, Pushed, SetUp};
use crate::open::OpenError;
use crate::task::Task;

/// What is published has this form ([`batch`]); nodes of another do not hear it.
const FORM: &str = "carrier-1";

pub(crate) struct PubSub {
    queue: Arc<Queue>,
    sending: Arc<Link>,
    receiving: Arc<Link>,
    receiver: Arc<OnceLock<Receiver>>,
    _sender: Task,
}

impl PubSub {
    pub(crate) async fn open(Redis { client, names, may_be_away, .. }: &Redis) -> Result<Self, OpenError> {
        let channels: Arc<[String]> = (0..TOPICS).map(|topic| names.of(FORM, topic)).collect();
        let queue = Arc::new(Queue::default());
        let receiver = Arc::new(OnceLock::new());
        let sending = Link::open("sending", client.clone(), set_up_sending(channels.clone(), queue.clone()), None, *may_be_away).await?;
        let set_up = set_up_receiving(channels.clone(), receiver.clone());
        let receiving = Link::open("receiving", client.clone(), set_up, Some(hand_over(receiver.clone())), *may_be_away).await?;
        let sender = Task::start(send_all(queue.clone(), sending.clone(), channels));
        Ok(Self { queue, sending, receiving, receiver, _sender: sender })
    }
}

impl Carrier for PubSub {
    fn send(&self, topic: u8, payload: Bytes) -> bool {
        self.sending.is_up() && self.queue.push(topic, payload)
    }

    fn receive(&self, receiver: Receiver) {
        if self.receiver.set(receiver).is_err() {
            tracing::error!("a carrier was given a second receiver, which hears nothing");
        }
    }

    fn health(&self) -> Result<(), String> {
        self.sending.health().and_then(|()| self.receiving.health())
    }
}

/// What was meant for the connection before is lost, which the other nodes are told; and who may not publish learns it
/// here, since answers to what is published are not waited for.
fn set_up_sending(channels: Arc<[String]>, queue: Arc<Queue>) -> SetUp {
    let lost = Arc::new(AtomicBool::new(false));
    Box::new(move |mut connection| {
        let (channels, queue, lost) = (channels.clone(), queue.clone(), lost.clone());
        Box::pin(async move {
            let mut pipeline = redis::pipe();
            for (topic, channel) in channels.iter().enumerate() {
                let told = topic == 0 && lost.load(Ordering::Relaxed);
                pipeline.cmd("PUBLISH").arg(channel).arg(if told { batch::LOST } else { &[] });
            }
            pipeline.exec_async(&mut connection).await?;
            queue.clear();
            lost.store(true, Ordering::Relaxed);
            Ok(())
        })
    })
}

fn set_up_receiving(channels: Arc<[String]>, receiver: Arc<OnceLock<Receiver>>) -> SetUp {
    Box::new(move |mut connection| {
        let (channels, receiver) = (channels.clone(), receiver.clone());
        Box::pin(async move {
            connection.subscribe(&*channels).await?;
            // Nobody listens yet when it is the first time.
            if let Some(receive) = receiver.get() {
                receive(Carried::Lost);
            }
            Ok(())
        })
    })
}

fn hand_over(receiver: Arc<OnceLock<Receiver>>) -> Pushed {
    Arc::new(move |info: PushInfo| {
        let (PushKind::Message, [Value::BulkString(channel), Value::BulkString(message)]) = (&info.kind, info.data.as_slice()) else {
            return;
        };
        let Some(receive) = receiver.get() else { return };
        match topic_of(channel) {
            Some(topic) => {
                batch::payloads(message).for_each(|payload| receive(payload.map_or(Carried::Lost, |it| Carried::Payload(topic, it))))
            }
            None => receive(Carried::Lost),
        }
    })
}

fn topic_of(channel: &[u8]) -> Option<u8> {
    let name = channel.rsplit(|byte| *byte == b':').next()?;
    std::str::from_utf8(name).ok()?.parse().ok().filter(|topic| *topic < TOPICS)
}

/// Publishes what waits, whenever something does. More comes together while the last is written.
async fn send_all(queue: Arc<Queue>, link: Arc<Link>, channels: Arc<[String]>) {
    loop {
        for (topic, payloads) in queue.take().await {
            let (Some(channel), Ok(mut connection)) = (channels.get(usize::from(topic)), link.connection()) else { break };
            if let Err(error) = publish(&mut connection, channel, &payloads).await {
                tracing::debug!(%error, "payloads lost");
                link.replace();
                break;
            }
        }
    }
}

async fn publish(connection: &mut MultiplexedConnection, channel: &str, payloads: &[Bytes]) -> RedisResult<()> {
    for message in batch::messages(payloads) {
        let mut command = redis::Cmd::with_capacity(3, channel.len() + message.len() + 16);
        command.arg("PUBLISH").arg(channel).arg(message).set_no_response(true);
        connection.send_packed_command(&command).await?;
    }
    Ok(())
}

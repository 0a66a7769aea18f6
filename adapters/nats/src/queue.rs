//! Work in a stream of JetStream's, from which it is removed once it is done.
//!
//! A consumer for each partition would be 128 of them; here sixteen serve eight partitions each. Each hands out one piece
//! of work at a time, so that what holds for partitions holds for its eight together. All are made by whoever needs
//! them first, and again after the server lost them.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, Message, Request, RequestErrorKind, StatusCode};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{join_all, try_join_all};
use tertulia_domain::ConversationId;
use tertulia_ports::Queue;
use tertulia_ports::queue::{AGAIN_AFTER, Away, Taken, Work, partition};
use tokio::time::Instant;
use uuid::Uuid;

use crate::Nats;

const CONSUMERS: u8 = 16;
/// Past it the oldest is lost: the logs tell it again.
const WAITING_MAX: i64 = 100_000;
/// Who waits for work asks so often.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// How long the server may take for each answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Whose acknowledgements are waited for together.
const AT_ONCE: usize = 256;
const ONE_NOW: &[u8] = br#"{"batch":1,"no_wait":true}"#;

pub(crate) struct WorkStream {
    client: Client,
    context: Context,
    /// Of the stream.
    name: String,
    /// What the subjects begin with.
    prefix: String,
    /// Stream and consumers are there, as far as is known.
    ready: AtomicBool,
    /// Which consumer is asked first.
    next: AtomicU8,
}

impl WorkStream {
    pub(crate) fn new(nats: &Nats) -> Self {
        let mut context = jetstream::new(nats.client.clone());
        context.set_timeout(ANSWER_WITHIN);
        let (name, prefix) = (format!("tertulia-{}-work", nats.cluster), format!("work.tertulia.{}", nats.cluster));
        Self { client: nats.client.clone(), context, name, prefix, ready: AtomicBool::new(false), next: AtomicU8::new(0) }
    }

    /// Whatever went wrong, the stream may be gone.
    fn away(&self, error: impl std::fmt::Display) -> Away {
        self.ready.store(false, Ordering::Relaxed);
        Away(format!("NATS: {error}"))
    }

    async fn prepare(&self) -> Result<(), Away> {
        if self.client.connection_state() != async_nats::connection::State::Connected {
            return Err(self.away("the connection was lost"));
        }
        if self.ready.load(Ordering::Relaxed) {
            return Ok(());
        }
        let config = Config {
            name: self.name.clone(),
            subjects: vec![format!("{}.*.*", self.prefix)],
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::Old,
            max_messages: WAITING_MAX,
            storage: StorageType::File,
            ..Config::default()
        };
        self.context.get_or_create_stream(config).await.map_err(|error| self.away(error))?;
        let create = |consumer| self.context.create_consumer_on_stream(self.consumer(consumer), &*self.name);
        try_join_all((0..CONSUMERS).map(create)).await.map_err(|error| self.away(error))?;
        self.ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn consumer(&self, consumer: u8) -> pull::Config {
        pull::Config {
            durable_name: Some(format!("of-{consumer}")),
            filter_subject: format!("{}.{consumer}.*", self.prefix),
            ack_policy: AckPolicy::Explicit,
            ack_wait: AGAIN_AFTER,
            max_ack_pending: 1,
            ..pull::Config::default()
        }
    }

    fn subject(&self, work: Work) -> String {
        let partition = partition(work.conversation_id);
        format!("{}.{}.{partition}", self.prefix, partition % CONSUMERS)
    }

    async fn request(&self, subject: String, payload: Bytes) -> Result<Message, async_nats::RequestError> {
        let request = Request::new().payload(payload).timeout(Some(ANSWER_WITHIN));
        self.client.send_request(subject, request).await
    }

    /// What this consumer has to give now.
    async fn ask(&self, consumer: u8) -> Result<Option<Taken>, Away> {
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.of-{consumer}", self.name);
        let message = self.request(subject, Bytes::from_static(ONE_NOW)).await.map_err(|error| self.away(error))?;
        let Some(receipt) = message.reply.filter(|_| message.status.is_none()) else {
            // There is none, or none that may be given now.
            return match message.status {
                Some(StatusCode::NO_RESPONDERS) => Err(self.away("JetStream does not know the stream, or is not enabled")),
                _ => Ok(None),
            };
        };
        let work = read(&message.payload);
        if work.is_none() {
            // Somebody else's: it would come again for ever.
            drop(self.request(receipt.to_string(), Bytes::from_static(b"+TERM")).await);
        }
        Ok(work.map(|work| Taken { work, receipt: receipt.to_string() }))
    }

    async fn take_now(&self, most: usize) -> Result<Vec<Taken>, Away> {
        self.prepare().await?;
        let mut taken = Vec::new();
        // Begins with another each time: a small `most` would pass over some for ever.
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut consumers = (0..CONSUMERS).map(|consumer| consumer.wrapping_add(first) % CONSUMERS);
        while taken.len() < most {
            let asked: Vec<u8> = consumers.by_ref().take(most - taken.len()).collect();
            if asked.is_empty() {
                break;
            }
            for answer in join_all(asked.into_iter().map(|consumer| self.ask(consumer))).await {
                match answer {
                    Ok(given) => taken.extend(given),
                    Err(away) if taken.is_empty() => return Err(away),
                    Err(_) => return Ok(taken),
                }
            }
        }
        Ok(taken)
    }

    async fn push_now(&self, works: &[Work]) -> Result<(), Away> {
        let mut acknowledged = Vec::with_capacity(works.len());
        for work in works {
            let published = self.context.publish(self.subject(*work), write(*work)).await;
            acknowledged.push(published.map_err(|error| self.away(error))?.into_future());
        }
        try_join_all(acknowledged).await.map(drop).map_err(|error| self.away(error))
    }
}

#[async_trait]
impl Queue for WorkStream {
    async fn push(&self, works: Vec<Work>) -> Result<(), Away> {
        for works in works.chunks(AT_ONCE) {
            self.prepare().await?;
            self.push_now(works).await?;
        }
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
            tokio::time::sleep(left.min(ASK_EVERY)).await;
        }
    }

    async fn done(&self, taken: Vec<Taken>) -> Result<(), Away> {
        for taken in taken.chunks(AT_ONCE) {
            let acknowledge = |taken: &Taken| self.request(taken.receipt.clone(), Bytes::from_static(b"+ACK"));
            for answer in join_all(taken.iter().map(acknowledge)).await {
                match answer {
                    // The stream is gone, and the work with it.
                    Err(error) if error.kind() == RequestErrorKind::NoResponders => self.ready.store(false, Ordering::Relaxed),
                    answer => drop(answer.map_err(|error| self.away(error))?),
                }
            }
        }
        Ok(())
    }

    async fn lag(&self) -> Result<u64, Away> {
        self.prepare().await?;
        let stream = self.context.get_stream(&self.name).await.map_err(|error| self.away(error))?;
        Ok(stream.cached_info().state.messages)
    }
}

/// The conversation's sixteen bytes, and eight of the number.
fn write(work: Work) -> Bytes {
    [work.conversation_id.0.as_bytes().as_slice(), &work.seq.to_be_bytes()].concat().into()
}

fn read(payload: &[u8]) -> Option<Work> {
    let (id, seq) = payload.split_first_chunk::<16>()?;
    Some(Work { conversation_id: ConversationId(Uuid::from_bytes(*id)), seq: u64::from_be_bytes(seq.try_into().ok()?) })
}

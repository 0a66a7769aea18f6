//! Group commit: what waits while a commit runs shares the next one. A conversation has its lane, so its messages keep their order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use parking_lot::Mutex;
use tertulia_domain::access::Grant;
use tertulia_domain::{ConversationId, Refusal};
use tertulia_ports::sabotage::{Sabotage, is_on};
use tertulia_ports::store::messages::{Appended, Draft};
use tertulia_ports::{StoreError, StoreResult, waking};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::Item;
use super::batch::Rows;
use super::decide::{Known, decide};
use crate::db::months::Months;
use crate::db::trouble;
use crate::sql::{Fault, Ran, Tx};

/// Messages that share one commit at most.
const BATCH_MAX: usize = 256;
/// Messages that wait in a lane at most.
const WAITING_MAX: usize = 10_000;
/// After which a caller is told that nobody knows.
const PATIENCE: Duration = Duration::from_secs(30);
/// In which a batch has to be done; the server gives up on a statement earlier.
const BATCH_TIMEOUT: Duration = Duration::from_secs(20);
const TRIES: u32 = 4;
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// The way of messages into the log.
pub(crate) struct Lanes {
    lanes: Mutex<Arc<[Lane]>>,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
    pool: Pool,
}

#[derive(Clone)]
struct Lane {
    queue: mpsc::Sender<Waiting>,
    is_up: Arc<AtomicBool>,
}

/// A draft and who waits for it.
struct Waiting {
    item: Item,
    reply: oneshot::Sender<StoreResult<Appended>>,
}

impl Lanes {
    /// `pool`: a connection for each.
    pub(crate) fn start(pool: Pool, count: usize, months: &Arc<Months>) -> Self {
        let mut tasks = JoinSet::new();
        let lanes = (0..count.max(1)).map(|_| {
            let (queue, waiting) = mpsc::channel(WAITING_MAX);
            let is_up = Arc::new(AtomicBool::new(true));
            tasks.spawn(Desk { pool: pool.clone(), months: months.clone(), is_up: is_up.clone() }.run(waiting));
            Lane { queue, is_up }
        });
        let lanes = lanes.collect();
        Self { lanes: Mutex::new(lanes), tasks: tokio::sync::Mutex::new(tasks), pool }
    }

    /// Answers once it is on disk.
    pub(crate) async fn append(&self, grant: Grant, draft: Draft) -> StoreResult<Appended> {
        let item = Item::new(grant, grant.actor(), draft, true)?;
        let answer = self.enqueue(item)?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(StoreError::Failed("the lane ended".into()))),
            Err(_) => Err(StoreError::Failed("no answer in time".into())),
        }
    }

    fn enqueue(&self, item: Item) -> StoreResult<oneshot::Receiver<StoreResult<Appended>>> {
        let lanes = self.lanes.lock().clone();
        let lane = lane_of(&lanes, item.grant.conversation()).ok_or_else(|| StoreError::Down("the store is closed".into()))?;
        if !lane.is_up.load(Ordering::Relaxed) {
            return Err(StoreError::Down("no connection to the database".into()));
        }
        let (reply, answer) = oneshot::channel();
        let full = |_| StoreError::Down("too many messages wait".into());
        lane.queue.try_send(Waiting { item, reply }).map_err(full)?;
        Ok(answer)
    }

    /// Whether every lane has its connection.
    pub(crate) fn health(&self) -> Result<(), String> {
        let all_up = self.lanes.lock().iter().all(|lane| lane.is_up.load(Ordering::Relaxed));
        if all_up { Ok(()) } else { Err("the connections that messages are written by are lost".into()) }
    }

    /// Writes what waits, then ends.
    pub(crate) async fn close(&self) {
        *self.lanes.lock() = Arc::new([]);
        let mut tasks = self.tasks.lock().await;
        while tasks.join_next().await.is_some() {}
        self.pool.close();
    }
}

fn lane_of(lanes: &[Lane], conversation: ConversationId) -> Option<&Lane> {
    let (_, low) = conversation.0.as_u64_pair();
    let index = low.checked_rem(u64::try_from(lanes.len()).ok()?)?;
    lanes.get(usize::try_from(index).ok()?)
}

/// A lane's own task.
struct Desk {
    pool: Pool,
    months: Arc<Months>,
    is_up: Arc<AtomicBool>,
}

impl Desk {
    async fn run(self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
            // Who went away wants nothing any more.
            batch.retain(|one: &Waiting| !one.reply.is_closed());
            if let Err(Fault::Down(why)) = self.serve(std::mem::take(&mut batch)).await {
                self.wait_for_connection(&mut waiting, &why).await;
            }
        }
    }

    /// Carries out a batch and tells everybody. An error: there is no connection to be had.
    async fn serve(&self, batch: Vec<Waiting>) -> Ran<()> {
        let started = Instant::now();
        let (items, replies): (Vec<Item>, Vec<_>) = batch.into_iter().map(|one| (one.item, one.reply)).unzip();
        let mut replies: Vec<Option<_>> = replies.into_iter().map(Some).collect();
        let outcome = self.persist(&items, &mut replies).await;
        metrics::histogram!("tertulia_store_commit_seconds").record(started.elapsed().as_secs_f64());
        metrics::histogram!("tertulia_store_commit_batch").record(u32::try_from(items.len()).map_or(f64::MAX, f64::from));
        match outcome {
            Ok(answers) => {
                tell(replies, answers.into_iter().map(|answer| answer.map_err(StoreError::Refused)));
                Ok(())
            }
            Err(Fault::Sql(error)) if items.len() > 1 && trouble::gravity(&error) != trouble::Gravity::Down => {
                // One of them is to blame: the others need not suffer.
                for (item, reply) in items.into_iter().zip(replies) {
                    let one = [item];
                    let answer = self.persist(&one, &mut [None]).await.map_err(|fault| trouble::answer(&fault));
                    let answer = answer.and_then(|mut answers| answers.pop().ok_or_else(lost)?.map_err(StoreError::Refused));
                    tell(vec![reply], [answer]);
                }
                Ok(())
            }
            Err(fault) => {
                tracing::error!(error = %trouble::answer(&fault), messages = items.len(), "messages could not be written");
                tell(replies, items.iter().map(|_| Err(trouble::answer(&fault))));
                Err(fault)
            }
        }
    }

    /// Again where others were in the way or the connection was lost before the commit was sent.
    async fn persist(&self, items: &[Item], replies: &mut [Option<Reply>]) -> Ran<Vec<Result<Appended, Refusal>>> {
        let mut tries = 1;
        loop {
            let sent = AtomicBool::new(false);
            let attempt = tokio::time::timeout(BATCH_TIMEOUT, self.attempt(items, replies, &sent)).await;
            let outcome = attempt.unwrap_or_else(|_| Err(out_of_time(sent.into_inner())));
            match outcome {
                Err(fault) if tries < TRIES && self.may_go_better(&fault) => {
                    metrics::counter!("tertulia_store_retries_total").increment(1);
                    tokio::time::sleep(trouble::pause(tries)).await;
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Two messages under one id from two nodes are told apart one by one, not by trying all of them again.
    fn may_go_better(&self, fault: &Fault) -> bool {
        if let Fault::Sql(error) = fault
            && error.code().is_some_and(|code| code.code() == "23514")
        {
            self.months.forget();
        }
        trouble::may_go_better(fault)
    }

    async fn attempt(&self, items: &[Item], replies: &mut [Option<Reply>], sent: &AtomicBool) -> Ran<Vec<Result<Appended, Refusal>>> {
        let tx = Tx::new(self.pool.get().await.map_err(trouble::no_connection)?);
        let known = tx.begin("BEGIN ISOLATION LEVEL READ COMMITTED", Known::read(&tx, items)).await?;
        let decided = decide(items, known)?;
        if is_on(Sabotage::EarlyAck) {
            for (reply, answer) in replies.iter_mut().zip(decided.answers.clone()) {
                tell(vec![reply.take()], [answer.map_err(StoreError::Refused)]);
            }
        }
        sent.store(!decided.rows.is_empty(), Ordering::Relaxed);
        Rows::write(&decided.rows, &tx, true).await?;
        Ok(decided.answers)
    }

    /// Until there is a connection again, callers hear at once that there is none.
    async fn wait_for_connection(&self, waiting: &mut mpsc::Receiver<Waiting>, why: &str) {
        self.is_up.store(false, Ordering::Relaxed);
        tracing::warn!(why, "no connection to write messages by");
        let mut next = RECONNECT.0;
        loop {
            let pause = next;
            let turn = async move {
                tokio::time::sleep(pause).await;
                self.pool.get().await.is_ok()
            };
            tokio::pin!(turn);
            let connected = loop {
                tokio::select! {
                    connected = &mut turn => break connected,
                    Some(one) = waiting.recv() => tell(vec![Some(one.reply)], [Err(StoreError::Down(why.to_owned()))]),
                }
            };
            if connected || (waiting.is_closed() && waiting.is_empty()) {
                break;
            }
            next = (pause * 2).min(RECONNECT.1);
        }
        self.is_up.store(true, Ordering::Relaxed);
    }
}

type Reply = oneshot::Sender<StoreResult<Appended>>;

/// Everybody's answer; threads that wait for several are woken once.
fn tell(replies: Vec<Option<Reply>>, answers: impl IntoIterator<Item = StoreResult<Appended>>) {
    waking::together(|| {
        for (reply, answer) in replies.into_iter().zip(answers) {
            if let Some(reply) = reply {
                // Who went away does not hear it.
                drop(reply.send(answer));
            }
        }
    });
}

fn out_of_time(sent: bool) -> Fault {
    let why = "the database gave no answer in time".to_owned();
    if sent { Fault::Unknown(why) } else { Fault::Down(why) }
}

fn lost() -> StoreError {
    StoreError::Failed("an answer was lost".into())
}

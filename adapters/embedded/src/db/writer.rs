//! The one thread that writes. Everything that waits when a commit has finished shares the next one.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::{Connection, Error};
use tertulia_ports::{StoreError, StoreResult, waking};
use tokio::sync::{mpsc, oneshot};

use super::job::{Job, Pending, Uncommitted, Undo, Verdict};
use super::trouble::{self, Gravity};
use crate::sql::{Ran, exec};

/// Operations that share one commit at most.
const BATCH_MAX: usize = 512;
/// Operations that wait at most; who comes then waits to be let in.
const WAITING_MAX: usize = 4_096;
/// How long what can wait does so for something to share a commit with.
const PATIENCE: Duration = Duration::from_millis(50);
/// Rows changed, or commits made, between two checkpoints.
const CHECKPOINT_CHANGES: u64 = 20_000;
const CHECKPOINT_COMMITS: u64 = 1_000;

/// Callers' end of the writer thread.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Work>>,
    patient: Patient,
    condition: Arc<Mutex<Condition>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What shares the commit of whatever comes next: it wakes nobody by itself.
type Patient = Arc<Mutex<Vec<Box<dyn Job>>>>;

enum Work {
    Job(Box<dyn Job>),
    /// What is patient has waited long enough.
    Hurry,
    /// Finish what waits, then end.
    Stop,
}

/// Whether commits succeed.
enum Condition {
    Good,
    /// The last one did not, for a reason that may pass.
    Strained,
    /// Never again: the storage failed.
    Broken(String),
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let condition = Arc::new(Mutex::new(Condition::Good));
        let patient = Patient::default();
        let desk = Desk { db: connection, patient: patient.clone(), condition: condition.clone(), commits: 0, checkpointed_at: 0 };
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || desk.run(waiting));
        if let Err(error) = &thread {
            *condition.lock() = Condition::Broken(error.to_string());
        }
        Self { jobs: Some(jobs), patient, condition, thread: Mutex::new(thread.ok()) }
    }

    pub(super) async fn run<T, F>(&self, op: F, undo: Undo) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Ran<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Work::Job(Box::new(Pending::new(op, undo, reply)))).await?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// As [`Writer::run`], for what is in no hurry: it costs no commit of its own where others come within [`PATIENCE`].
    pub(super) async fn run_patiently<T, F>(&self, op: F, undo: Undo) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Ran<T> + Send + 'static,
    {
        let (reply, mut answer) = oneshot::channel();
        let job = Box::new(Pending::new(op, undo, reply));
        let refused = {
            let mut patient = self.patient.lock();
            if patient.len() < WAITING_MAX {
                patient.push(job);
                None
            } else {
                Some(job)
            }
        };
        if let Some(job) = refused {
            self.send(Work::Job(job)).await?;
        }
        match tokio::time::timeout(PATIENCE, &mut answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(ended())),
            Err(_) => {
                self.send(Work::Hurry).await?;
                answer.await.unwrap_or_else(|_| Err(ended()))
            }
        }
    }

    /// The sabotage `early-ack`: what `op` answers leaves before the commit.
    pub(super) async fn run_early<T, F>(&self, op: F) -> StoreResult<T>
    where
        T: Clone + Send + 'static,
        F: FnOnce(&Connection) -> Ran<T> + Send + 'static,
    {
        let (early, answer) = oneshot::channel();
        let (reply, committed) = oneshot::channel();
        let telling = move |db: &Connection| op(db).inspect(|done| drop(early.send(done.clone())));
        self.send(Work::Job(Box::new(Pending::new(telling, Undo::Nothing, reply)))).await?;
        match answer.await {
            Ok(done) => Ok(done),
            Err(_) => committed.await.unwrap_or_else(|_| Err(ended())),
        }
    }

    async fn send(&self, work: Work) -> StoreResult<()> {
        let closed = || StoreError::Down("the store is closed".into());
        self.jobs.as_ref().ok_or_else(closed)?.send(work).await.map_err(|_| closed())
    }

    pub(super) async fn health(&self) -> Result<(), String> {
        match &*self.condition.lock() {
            Condition::Good => return Ok(()),
            Condition::Broken(why) => return Err(why.clone()),
            Condition::Strained => {}
        }
        // Only a commit can tell whether the reason has passed.
        self.run(|db| exec(db, "UPDATE secrets SET value = value WHERE name = 'cursors'", []), Undo::Nothing)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }

    pub(super) async fn close(&self) {
        // Refused only where it is closed already.
        drop(self.send(Work::Stop).await);
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.lock().take() {
            drop(thread.join());
        }
    }
}

fn ended() -> StoreError {
    StoreError::Failed("the writer ended".into())
}

/// The writer thread's own.
struct Desk {
    db: Connection,
    patient: Patient,
    condition: Arc<Mutex<Condition>>,
    commits: u64,
    /// `total_changes` then.
    checkpointed_at: u64,
}

impl Desk {
    fn run(mut self, mut waiting: mpsc::Receiver<Work>) {
        let mut batch: Vec<Box<dyn Job>> = Vec::new();
        while let Some(first) = waiting.blocking_recv() {
            // First, so that nothing overtakes what its sender sent before.
            batch.append(&mut self.patient.lock());
            let mut next = Some(first);
            while let Some(work) = next {
                match work {
                    Work::Job(job) => batch.push(job),
                    Work::Hurry => {}
                    Work::Stop => waiting.close(),
                }
                next = if batch.len() < BATCH_MAX { waiting.try_recv().ok() } else { None };
            }
            if !batch.is_empty() {
                self.commit(std::mem::take(&mut batch));
                self.checkpoint_if_due();
            }
        }
        // Others may read on; then the next start has the log to read.
        drop(self.db.busy_timeout(Duration::from_secs(1)));
        self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let broken = match &*self.condition.lock() {
            Condition::Broken(why) => Some(Uncommitted { why: why.clone(), unknown: false }),
            _ => None,
        };
        let started = Instant::now();
        let uncommitted = broken.or_else(|| self.transact(&mut batch).err());
        metrics::histogram!("tertulia_store_commit_seconds").record(started.elapsed().as_secs_f64());
        metrics::histogram!("tertulia_store_commit_batch").record(u32::try_from(batch.len()).map_or(f64::MAX, f64::from));
        waking::together(|| batch.into_iter().for_each(|job| job.settle(uncommitted.as_ref())));
    }

    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), Uncommitted> {
        self.run_all(batch).map_err(|error| self.give_up(&error, false))?;
        self.statement("COMMIT").map_err(|error| self.give_up(&error, true))?;
        self.commits += 1;
        *self.condition.lock() = Condition::Good;
        Ok(())
    }

    fn run_all(&self, batch: &mut [Box<dyn Job>]) -> Result<(), Error> {
        self.statement("BEGIN IMMEDIATE")?;
        batch.iter_mut().try_for_each(|job| match job.undo() {
            Undo::Changes => self.run_alone(&mut **job),
            Undo::Nothing => self.run_plain(&mut **job),
        })
    }

    fn run_alone(&self, job: &mut dyn Job) -> Result<(), Error> {
        self.statement("SAVEPOINT op")?;
        match job.run(&self.db) {
            Verdict::Keep => {}
            Verdict::Undo => self.statement("ROLLBACK TO op")?,
            Verdict::Abort(error) => return Err(error),
        }
        self.statement("RELEASE op")
    }

    fn run_plain(&self, job: &mut dyn Job) -> Result<(), Error> {
        let before = self.db.total_changes();
        match job.run(&self.db) {
            Verdict::Keep => Ok(()),
            Verdict::Undo if self.db.total_changes() == before => Ok(()),
            // A bug of ours; nothing of this batch is kept.
            Verdict::Undo => Err(trouble::aborted("an operation changed something before it was refused")),
            Verdict::Abort(error) => Err(error),
        }
    }

    fn statement(&self, sql: &str) -> Result<(), Error> {
        self.db.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// Undoes the batch and remembers how bad it was.
    fn give_up(&self, error: &Error, in_commit: bool) -> Uncommitted {
        if !self.db.is_autocommit() {
            // Where this fails, the next BEGIN will say so.
            drop(self.statement("ROLLBACK"));
        }
        let why = error.to_string();
        let fatal = trouble::gravity(error) == Gravity::Fatal;
        self.note(fatal, &why);
        Uncommitted { why, unknown: in_commit && fatal }
    }

    fn note(&self, fatal: bool, why: &str) {
        tracing::error!(fatal, error = why, "the store could not write");
        *self.condition.lock() = if fatal { Condition::Broken(why.to_owned()) } else { Condition::Strained };
    }

    fn checkpoint_if_due(&mut self) {
        if self.commits >= CHECKPOINT_COMMITS || self.db.total_changes() - self.checkpointed_at >= CHECKPOINT_CHANGES {
            self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)");
        }
    }

    fn checkpoint(&mut self, pragma: &str) {
        self.commits = 0;
        self.checkpointed_at = self.db.total_changes();
        if let Err(error) = self.db.query_row(pragma, [], |_| Ok(()))
            && trouble::gravity(&error) == Gravity::Fatal
        {
            self.note(true, &error.to_string());
        }
    }
}

#[cfg(test)]
mod tests;

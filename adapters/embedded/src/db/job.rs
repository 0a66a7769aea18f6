//! An operation on its way through the writer thread: it runs in a batch and is answered after the commit.

use rusqlite::{Connection, Error};
use tertulia_ports::{StoreError, StoreResult};
use tokio::sync::oneshot;

use super::trouble::{self, Gravity};
use crate::sql::{Fault, Ran};

/// An operation and who waits for it, its types forgotten.
pub(super) trait Job: Send {
    fn undo(&self) -> Undo;
    /// Runs it in the batch's transaction; the answer waits for the commit.
    fn run(&mut self, db: &Connection) -> Verdict;
    /// Tells the outcome; `uncommitted` when there was no commit.
    fn settle(self: Box<Self>, uncommitted: Option<&Uncommitted>);
}

/// What there is to undo where an operation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undo {
    /// What it changed until then: it runs in a savepoint, which copies every page that it touches.
    Changes,
    /// It is refused before it changes anything, or not at all.
    Nothing,
}

/// What becomes of an operation's changes.
pub(super) enum Verdict {
    Keep,
    Undo,
    /// The whole batch cannot go on.
    Abort(Error),
}

/// Why there was no commit.
pub(super) struct Uncommitted {
    pub(super) why: String,
    /// It failed in the commit itself, so that its changes may come to light after a restart.
    pub(super) unknown: bool,
}

pub(super) struct Pending<T, F> {
    op: Option<F>,
    undo: Undo,
    result: Option<StoreResult<T>>,
    reply: oneshot::Sender<StoreResult<T>>,
}

impl<T, F> Pending<T, F> {
    pub(super) fn new(op: F, undo: Undo, reply: oneshot::Sender<StoreResult<T>>) -> Self {
        Self { op: Some(op), undo, result: None, reply }
    }
}

impl<T: Send, F: FnOnce(&Connection) -> Ran<T> + Send> Job for Pending<T, F> {
    fn undo(&self) -> Undo {
        self.undo
    }

    fn run(&mut self, db: &Connection) -> Verdict {
        let Some(op) = self.op.take().filter(|_| !self.reply.is_closed()) else { return Verdict::Undo };
        match op(db) {
            Ok(value) => {
                self.result = Some(Ok(value));
                Verdict::Keep
            }
            Err(Fault::Sql(error)) if trouble::gravity(&error) != Gravity::Operation => Verdict::Abort(error),
            Err(fault) => {
                self.result = Some(Err(trouble::answer(fault)));
                Verdict::Undo
            }
        }
    }

    fn settle(self: Box<Self>, uncommitted: Option<&Uncommitted>) {
        let answer = match uncommitted {
            None => self.result.unwrap_or_else(|| Err(StoreError::Down("not run".into()))),
            Some(Uncommitted { why, unknown: true }) => Err(StoreError::Failed(why.clone())),
            Some(Uncommitted { why, .. }) => Err(StoreError::Down(why.clone())),
        };
        // Who went away does not hear it.
        drop(self.reply.send(answer));
    }
}

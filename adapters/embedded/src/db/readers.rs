//! Reads run on threads that may block, each on a connection and a snapshot of its own.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use tertulia_ports::{StoreError, StoreResult};
use tokio::sync::Semaphore;

use super::open;
use super::trouble;
use crate::OpenError;
use crate::sql::{Ran, exec};

const READERS: usize = 4;

pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    /// One for each connection.
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let idle = (0..READERS).map(|_| open::for_reading(path)).collect::<Result<_, _>>()?;
        Ok(Self { idle: Mutex::new(idle), turns: Arc::new(Semaphore::new(READERS)) })
    }

    pub(super) async fn run<T, F>(self: Arc<Self>, op: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Ran<T> + Send + 'static,
    {
        let closed = || StoreError::Down("the store is closed".into());
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| closed())?;
        let read = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let db = self.idle.lock().pop().ok_or_else(closed)?;
            let found = snapshot(&db, op);
            if !self.turns.is_closed() {
                self.idle.lock().push(db);
            }
            found.map_err(trouble::answer)
        });
        read.await.map_err(|error| StoreError::Failed(error.to_string()))?
    }

    /// Reads that run finish; none begins.
    pub(super) fn close(&self) {
        self.turns.close();
        self.idle.lock().clear();
    }
}

fn snapshot<T>(db: &Connection, op: impl FnOnce(&Connection) -> Ran<T>) -> Ran<T> {
    exec(db, "BEGIN", [])?;
    let found = op(db);
    // Nothing to keep. On a damaged file a COMMIT would fail.
    exec(db, "ROLLBACK", [])?;
    found
}

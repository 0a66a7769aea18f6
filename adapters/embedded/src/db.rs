//! One writer thread, a few readers, one file.

mod job;
mod open;
mod readers;
mod trouble;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use tertulia_ports::StoreResult;
use tertulia_ports::sabotage::{Sabotage, is_on};

use crate::OpenError;
use crate::sql::Ran;
use job::Undo;
use readers::Readers;
use tertulia_ports::store::PageCursors;
use writer::Writer;

/// The open store. Each area of the port is implemented on it, in the module of its name.
pub(crate) struct Db {
    writer: Writer,
    readers: Arc<Readers>,
    pub(crate) cursors: PageCursors,
    /// Keeps other servers out until the writer has ended.
    lock: Mutex<Option<File>>,
}

impl Db {
    pub(crate) fn open(path: &Path, lock: Option<File>) -> Result<Self, OpenError> {
        let (connection, cursor_key) = open::for_writing(path)?;
        let readers = Readers::open(path)?;
        Ok(Self {
            writer: Writer::start(connection),
            readers: Arc::new(readers),
            cursors: PageCursors::new(cursor_key),
            lock: Mutex::new(lock),
        })
    }

    /// Runs `op` with others in one transaction; whatever it changed is on disk when this answers `Ok`, and
    /// undone when it answers an error. `op` must not begin or end transactions.
    pub(crate) async fn write<T, F>(&self, op: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Ran<T> + Send + 'static,
    {
        self.writer.run(op, Undo::Changes).await
    }

    /// As [`Db::write`], for what is in no hurry: it waits a moment for others to share a commit with.
    pub(crate) async fn write_patiently<T, F>(&self, op: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Ran<T> + Send + 'static,
    {
        self.writer.run_patiently(op, Undo::Nothing).await
    }

    /// As [`Db::write`], at less cost, for an `op` that is refused before it changes anything, or not at all. The sabotage
    /// `early-ack` answers it before the commit.
    pub(crate) async fn write_message<T, F>(&self, op: F) -> StoreResult<T>
    where
        T: Clone + Send + 'static,
        F: FnOnce(&Connection) -> Ran<T> + Send + 'static,
    {
        if is_on(Sabotage::EarlyAck) { self.writer.run_early(op).await } else { self.writer.run(op, Undo::Nothing).await }
    }

    /// Runs `op` on one consistent view, which shows all that was answered before.
    pub(crate) async fn read<T, F>(&self, op: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Ran<T> + Send + 'static,
    {
        self.readers.clone().run(op).await
    }

    /// Why the store cannot be written to right now.
    pub(crate) async fn health(&self) -> Result<(), String> {
        self.writer.health().await
    }

    pub(crate) async fn close(&self) {
        self.readers.close();
        self.writer.close().await;
        self.lock.lock().take();
    }
}

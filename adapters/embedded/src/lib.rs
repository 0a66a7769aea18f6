//! The default store, bus and limits: one SQLite file and this process's memory; no service to install.
//!
//! [`open`] takes a data folder for one server; [`open_beside`] lets a command-line tool work on it
//! while the server runs. The schema is in `migrations/`, the map of the log in `src/log.rs`.

mod bus;
mod codes;
mod conversations;
mod db;
mod followers;
mod handovers;
mod limits;
mod log;
mod messages;
mod migrate;
mod queue;
mod receipts;
mod rows;
mod schedule;
mod sessions;
mod sql;
mod users;
mod workspaces;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tertulia_ports::{Bus, Limits, Store};

pub use bus::MemoryBus;
pub use handovers::MemoryHandovers;
pub use limits::MemoryLimits;
pub use queue::MemoryQueue;

use crate::db::Db;

/// Why a data folder could not be opened. The texts are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{} is used by another process", .0.display())]
    InUse(PathBuf),
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: std::io::Error },
    #[error("{}: {error}", path.display())]
    Sqlite { path: PathBuf, error: rusqlite::Error },
    /// A downgrade: this program would not understand what the newer one wrote.
    #[error("the store is of version {found}, this program knows versions up to {known}: use a newer one")]
    Newer { found: i64, known: i64 },
    #[error("migration {0} of this store is not the one that this program has")]
    Altered(i64),
    /// An acknowledged message could be lost in a power cut.
    #[error("SQLite did not accept {pragma} = {wanted}: it says {found}")]
    Weak { pragma: &'static str, wanted: &'static str, found: String },
}

/// An open data folder.
pub struct Embedded {
    pub store: Store,
    /// In process: with [`open_beside`] the server does not hear it.
    pub bus: Arc<dyn Bus>,
    /// Of this process alone.
    pub limits: Arc<dyn Limits>,
    db: Arc<Db>,
}

impl Embedded {
    /// Finishes what is waiting to be written and gives the folder free. Afterwards every call answers
    /// [`tertulia_ports::StoreError::Down`].
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// Opens the store of a server, making it where there is none. A second process is refused.
pub fn open(data_dir: &Path) -> Result<Embedded, OpenError> {
    make_folder(data_dir)?;
    let path = data_dir.join("lock");
    let lock = File::create(&path).map_err(|error| OpenError::Io { path: path.clone(), error })?;
    match lock.try_lock() {
        Ok(()) => assemble(data_dir, Some(lock)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(data_dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(OpenError::Io { path, error }),
    }
}

/// Opens the store for a tool, whether or not a server has it open. Writes wait for each other.
pub fn open_beside(data_dir: &Path) -> Result<Embedded, OpenError> {
    make_folder(data_dir)?;
    assemble(data_dir, None)
}

fn assemble(data_dir: &Path, lock: Option<File>) -> Result<Embedded, OpenError> {
    let db = Arc::new(Db::open(&data_dir.join("tertulia.db"), lock)?);
    let store = Store {
        users: db.clone(),
        sessions: db.clone(),
        workspaces: db.clone(),
        conversations: db.clone(),
        messages: db.clone(),
        log: db.clone(),
        cursors: db.clone(),
        receipts: db.clone(),
        handovers: db.clone(),
        schedule: db.clone(),
    };
    Ok(Embedded { store, bus: Arc::new(MemoryBus::default()), limits: Arc::new(MemoryLimits::default()), db })
}

/// For its owner only: password hashes and signing keys lie in it.
fn make_folder(data_dir: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data_dir).map_err(|error| OpenError::Io { path: data_dir.to_owned(), error })
}

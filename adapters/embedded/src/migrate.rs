//! Forward-only migrations: a file each, run once, in order, all in one transaction.

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::OpenError;

const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_core.sql"),
    include_str!("../migrations/0002_resumes.sql"),
    include_str!("../migrations/0003_seek_by_seq.sql"),
    include_str!("../migrations/0004_cursors.sql"),
];

/// Why it stopped; the caller knows the path.
pub(crate) enum Stopped {
    Sqlite(rusqlite::Error),
    Refused(OpenError),
}

impl From<rusqlite::Error> for Stopped {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Brings the store to the newest version. Refuses one that is newer, or whose past differs from ours.
pub(crate) fn migrate(db: &mut Connection) -> Result<(), Stopped> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(Stopped::Refused(OpenError::Newer { found, known }));
    }
    tx.execute_batch("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, checksum BLOB NOT NULL) STRICT")?;
    for (version, text) in (1..).zip(MIGRATIONS) {
        let checksum = Sha256::digest(text);
        if version > found {
            tx.execute_batch(text)?;
            tx.execute("INSERT INTO migrations VALUES (?, ?)", (version, checksum.as_slice()))?;
        } else {
            let stored: Vec<u8> = tx.query_row("SELECT checksum FROM migrations WHERE version = ?", [version], |row| row.get(0))?;
            if stored != checksum.as_slice() {
                return Err(Stopped::Refused(OpenError::Altered(version)));
            }
        }
    }
    if found < known {
        tx.pragma_update(None, "user_version", known)?;
    }
    Ok(tx.commit()?)
}

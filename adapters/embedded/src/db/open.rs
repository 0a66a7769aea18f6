//! Connections, and the settings that durability rests on.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tertulia_ports::sabotage::{Sabotage, is_on};
use uuid::Uuid;

use crate::OpenError;
use crate::migrate::{Stopped, migrate};

/// How long a write waits for another process.
const BUSY_MS: u64 = 10_000;
const STATEMENTS_KEPT: usize = 256;

/// Read back after they are set: SQLite ignores what it cannot do.
const DEMANDED: &[(&str, &str)] = &[("journal_mode", "wal"), ("synchronous", "2"), ("secure_delete", "1")];

/// The connection that writes, and the key of cursors. Makes and migrates the file.
pub(super) fn for_writing(path: &Path) -> Result<(Connection, [u8; 16]), OpenError> {
    let failed = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE).map_err(failed)?;
    settings(&db).map_err(failed)?;
    let sabotaged = is_on(Sabotage::Synchronous);
    if sabotaged {
        db.execute_batch("PRAGMA synchronous = NORMAL").map_err(failed)?;
    }
    for &(pragma, wanted) in DEMANDED.iter().filter(|(pragma, _)| !sabotaged || *pragma != "synchronous") {
        let found = pragma_text(&db, pragma).map_err(failed)?;
        if found != wanted {
            return Err(OpenError::Weak { pragma, wanted, found });
        }
    }
    migrate(&mut db).map_err(|stopped| match stopped {
        Stopped::Sqlite(error) => failed(error),
        Stopped::Refused(error) => error,
    })?;
    let key = cursor_key(&db).map_err(failed)?;
    Ok((db, key))
}

/// A connection that only reads.
pub(super) fn for_reading(path: &Path) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    db.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY").map_err(failed)?;
    Ok(db)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(Duration::from_millis(BUSY_MS))?;
    // Plans that depend on the values bound would be made anew for every execution, at many times the cost of running them.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(db)
}

fn settings(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        // The writer makes its own checkpoints: an automatic one would swallow errors.
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY",
    )
}

fn pragma_text(db: &Connection, pragma: &str) -> rusqlite::Result<String> {
    db.pragma_query_value(None, pragma, |row| {
        row.get_ref(0).map(|value| match value.as_i64() {
            Ok(number) => number.to_string(),
            Err(_) => value.as_str().unwrap_or_default().to_owned(),
        })
    })
}

fn cursor_key(db: &Connection) -> rusqlite::Result<[u8; 16]> {
    let select = "SELECT value FROM secrets WHERE name = 'cursors'";
    if let Some(key) = db.query_row(select, [], |row| row.get(0)).optional()? {
        return Ok(key);
    }
    db.execute("INSERT OR IGNORE INTO secrets VALUES ('cursors', ?)", [Uuid::new_v4().as_bytes()])?;
    db.query_row(select, [], |row| row.get(0))
}

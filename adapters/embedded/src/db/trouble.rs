//! What an error of SQLite means for those who wait.

use rusqlite::ffi::{SQLITE_ABORT, SQLITE_IOERR_SHMSIZE};
use rusqlite::{Error, ErrorCode};
use tertulia_ports::StoreError;

use crate::sql::Fault;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gravity {
    /// The statement's own fault: only its operation fails.
    Operation,
    /// No room, or another process is writing: the batch fails, the next may succeed.
    Passing,
    /// What is on disk is not known any more. A retried fsync can falsely succeed, so there is none.
    Fatal,
}

pub(super) fn gravity(error: &Error) -> Gravity {
    let Error::SqliteFailure(failure, _) = error else { return Gravity::Operation };
    match failure.code {
        ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory => Gravity::Passing,
        _ if failure.extended_code == SQLITE_IOERR_SHMSIZE => Gravity::Passing,
        ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::CannotOpen | ErrorCode::ReadOnly => {
            Gravity::Fatal
        }
        _ => Gravity::Operation,
    }
}

/// What the caller of a single operation hears. Texts of SQLite never contain values.
pub(super) fn answer(fault: Fault) -> StoreError {
    match fault {
        Fault::Refused(refusal) => StoreError::Refused(refusal),
        Fault::Sql(error) => StoreError::Failed(error.to_string()),
        Fault::Broken(what) => StoreError::Failed(what),
    }
}

/// For a batch that cannot go on, for a reason of ours.
pub(super) fn aborted(why: &str) -> Error {
    Error::SqliteFailure(rusqlite::ffi::Error::new(SQLITE_ABORT), Some(why.to_owned()))
}

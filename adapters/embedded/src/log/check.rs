//! Whether everything derived equals what the log says.

use rusqlite::Connection;
use tertulia_ports::store::log::CheckReport;

use crate::sql::Ran;

pub(super) fn check(_db: &Connection, progress: &(dyn Fn(u64, u64) + Send + Sync)) -> Ran<CheckReport> {
    progress(0, 0);
    Ok(CheckReport::default())
}

//! Forward-only migrations: a file each, run once, in order, all in one transaction.

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use super::open::broken;
use crate::OpenError;

const MIGRATIONS: &[&str] = &[include_str!("../../migrations/0001_core.sql")];

/// Brings the schema to the newest version; nodes that start together wait for each other. Refuses one that is newer, or whose past
/// differs from ours, or that belongs to something else.
pub(crate) async fn migrate(db: &Client) -> Result<(), OpenError> {
    // Another node may be at it for a while.
    const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '5min'; SET LOCAL statement_timeout = 0;
        SELECT pg_advisory_xact_lock(hashtext('tertulia schema ' || current_schema()))";
    db.batch_execute(BEGIN).await.map_err(broken)?;
    let outcome = run(db).await;
    db.batch_execute(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" }).await.map_err(broken)?;
    outcome
}

async fn run(db: &Client) -> Result<(), OpenError> {
    const TABLES: &str =
        "SELECT to_regclass('migrations') IS NOT NULL, to_regclass('messages') IS NOT NULL OR to_regclass('users') IS NOT NULL";
    let row = db.query_one(TABLES, &[]).await.map_err(broken)?;
    if !row.get::<_, bool>(0) {
        if row.get::<_, bool>(1) {
            return Err(OpenError::Foreign);
        }
        db.batch_execute("CREATE TABLE migrations (version bigint PRIMARY KEY, checksum bytea NOT NULL)").await.map_err(broken)?;
    }
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let done = db.query("SELECT version, checksum FROM migrations ORDER BY version", &[]).await.map_err(broken)?;
    let done: Vec<(i64, Vec<u8>)> = done.iter().map(|row| (row.get(0), row.get(1))).collect();
    let found = done.last().map_or(0, |(version, _)| *version);
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for (version, text) in (1..).zip(MIGRATIONS) {
        let checksum = Sha256::digest(text);
        match done.iter().find(|(number, _)| *number == version) {
            Some((_, stored)) if stored.as_slice() == checksum.as_slice() => {}
            None if version > found => {
                db.batch_execute(text).await.map_err(broken)?;
                let row: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&version, &checksum.as_slice()];
                db.execute("INSERT INTO migrations VALUES ($1, $2)", &row).await.map_err(broken)?;
            }
            _ => return Err(OpenError::Altered(version)),
        }
    }
    Ok(())
}

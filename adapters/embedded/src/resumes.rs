//! Connections that may go on with the next process.

use async_trait::async_trait;
use tertulia_domain::Timestamp;
use tertulia_domain::ids::ConnectionId;
use tertulia_ports::StoreResult;
use tertulia_ports::store::Resumes;
use tertulia_ports::store::resumes::Resume;

use crate::db::Db;
use crate::rows::first;
use crate::sql::{exec, one};

#[async_trait]
impl Resumes for Db {
    async fn keep(&self, resumes: Vec<Resume>, now: Timestamp) -> StoreResult<()> {
        self.write(move |db| {
            exec(db, "DELETE FROM resumes WHERE expires_at <= ?", [now.as_millis()])?;
            for Resume { id, state, expires_at } in &resumes {
                exec(db, "INSERT OR REPLACE INTO resumes VALUES (?, ?, ?)", (id.as_bytes(), state, expires_at.as_millis()))?;
            }
            Ok(())
        })
        .await
    }

    async fn take(&self, id: ConnectionId, now: Timestamp) -> StoreResult<Option<Vec<u8>>> {
        // Most who ask left nothing here: they need not wait for the writer.
        let known = self.read(move |db| one(db, "SELECT 1 FROM resumes WHERE id = ?", [id.as_bytes()], first::<i64>)).await?;
        if known.is_none() {
            return Ok(None);
        }
        self.write(move |db| {
            const SQL: &str = "DELETE FROM resumes WHERE id = ? RETURNING state, expires_at";
            let taken = one(db, SQL, [id.as_bytes()], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)))?;
            Ok(taken.filter(|(_, expires_at)| *expires_at > now.as_millis()).map(|(state, _)| state))
        })
        .await
    }
}

//! What is handed over once: on disk, and in memory for what need not outlive the process.

use std::collections::HashMap;

use async_trait::async_trait;
use parking_lot::Mutex;
use tertulia_domain::Timestamp;
use tertulia_ports::{Handover, Handovers, StoreResult};
use uuid::Uuid;

use crate::db::Db;
use crate::rows::first;
use crate::sql::{exec, one};

/// Kept in memory at the same time; past it all are thrown away.
const KEPT_MAX: usize = 100_000;

#[async_trait]
impl Handovers for Db {
    async fn keep(&self, handovers: Vec<Handover>, now: Timestamp) -> StoreResult<()> {
        self.write(move |db| {
            exec(db, "DELETE FROM resumes WHERE expires_at <= ?", [now.as_millis()])?;
            for Handover { id, state, expires_at } in &handovers {
                exec(db, "INSERT OR REPLACE INTO resumes VALUES (?, ?, ?)", (id.as_bytes(), state, expires_at.as_millis()))?;
            }
            Ok(())
        })
        .await
    }

    async fn take(&self, id: Uuid, now: Timestamp) -> StoreResult<Option<Vec<u8>>> {
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

/// For one process, and no longer than it.
#[derive(Default)]
pub struct MemoryHandovers(Mutex<HashMap<Uuid, (Vec<u8>, Timestamp)>>);

#[async_trait]
impl Handovers for MemoryHandovers {
    async fn keep(&self, handovers: Vec<Handover>, now: Timestamp) -> StoreResult<()> {
        let mut kept = self.0.lock();
        kept.retain(|_, (_, expires_at)| *expires_at > now);
        if kept.len() + handovers.len() > KEPT_MAX {
            kept.clear();
        }
        kept.extend(handovers.into_iter().map(|handover| (handover.id, (handover.state, handover.expires_at))));
        Ok(())
    }

    async fn take(&self, id: Uuid, now: Timestamp) -> StoreResult<Option<Vec<u8>>> {
        let taken = self.0.lock().remove(&id);
        Ok(taken.filter(|(_, expires_at)| *expires_at > now).map(|(state, _)| state))
    }
}

//! What is handed over once.

use async_trait::async_trait;
use tertulia_domain::Timestamp;
use tertulia_ports::{Handover, Handovers, StoreResult};
use uuid::Uuid;

use crate::db::Db;
use crate::rows::get;
use crate::sql::{Ran, Tx, exec, one};

#[async_trait]
impl Handovers for Db {
    async fn keep(&self, handovers: Vec<Handover>, now: Timestamp) -> StoreResult<()> {
        self.write(|db| keep(db, &handovers, now)).await
    }

    async fn take(&self, id: Uuid, now: Timestamp) -> StoreResult<Option<Vec<u8>>> {
        const SQL: &str = "DELETE FROM handovers WHERE id = $1 RETURNING state, expires_at";
        let taken = self.write(async |db| one(&db, SQL, &[&id], |row| Ok((get::<Vec<u8>>(row, 0)?, get::<i64>(row, 1)?))).await).await?;
        Ok(taken.filter(|(_, expires_at)| *expires_at > now.as_millis()).map(|(state, _)| state))
    }
}

async fn keep(db: Tx, handovers: &[Handover], now: Timestamp) -> Ran<()> {
    const SQL: &str = "INSERT INTO handovers (id, state, expires_at) SELECT DISTINCT ON (id) id, state, expires_at
        FROM unnest($1::uuid[], $2::bytea[], $3::bigint[]) WITH ORDINALITY AS given(id, state, expires_at, n) ORDER BY id, n DESC
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at";
    let ids: Vec<Uuid> = handovers.iter().map(|handover| handover.id).collect();
    let states: Vec<&[u8]> = handovers.iter().map(|handover| handover.state.as_slice()).collect();
    let ends: Vec<i64> = handovers.iter().map(|handover| handover.expires_at.as_millis()).collect();
    exec(&db, "DELETE FROM handovers WHERE expires_at <= $1", &[&now.as_millis()]).await?;
    exec(&db, SQL, &[&ids, &states, &ends]).await?;
    Ok(())
}

//! Connections that may go on with another process.

use async_trait::async_trait;
use tertulia_domain::Timestamp;
use tertulia_domain::ids::ConnectionId;
use tertulia_ports::StoreResult;
use tertulia_ports::store::Resumes;
use tertulia_ports::store::resumes::Resume;
use uuid::Uuid;

use crate::db::Db;
use crate::rows::get;
use crate::sql::{Ran, Tx, exec, one};

#[async_trait]
impl Resumes for Db {
    async fn keep(&self, resumes: Vec<Resume>, now: Timestamp) -> StoreResult<()> {
        self.write(|db| keep(db, &resumes, now)).await
    }

    async fn take(&self, id: ConnectionId, now: Timestamp) -> StoreResult<Option<Vec<u8>>> {
        const SQL: &str = "DELETE FROM resumes WHERE id = $1 RETURNING state, expires_at";
        let taken = self.write(async |db| one(&db, SQL, &[&id.0], |row| Ok((get::<Vec<u8>>(row, 0)?, get::<i64>(row, 1)?))).await).await?;
        Ok(taken.filter(|(_, expires_at)| *expires_at > now.as_millis()).map(|(state, _)| state))
    }
}

async fn keep(db: Tx, resumes: &[Resume], now: Timestamp) -> Ran<()> {
    const SQL: &str = "INSERT INTO resumes (id, state, expires_at) SELECT DISTINCT ON (id) id, state, expires_at
        FROM unnest($1::uuid[], $2::bytea[], $3::bigint[]) WITH ORDINALITY AS given(id, state, expires_at, n) ORDER BY id, n DESC
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at";
    let ids: Vec<Uuid> = resumes.iter().map(|resume| resume.id.0).collect();
    let states: Vec<&[u8]> = resumes.iter().map(|resume| resume.state.as_slice()).collect();
    let ends: Vec<i64> = resumes.iter().map(|resume| resume.expires_at.as_millis()).collect();
    exec(&db, "DELETE FROM resumes WHERE expires_at <= $1", &[&now.as_millis()]).await?;
    exec(&db, SQL, &[&ids, &states, &ends]).await?;
    Ok(())
}

//! Devices signed in, and the server's secrets.

use async_trait::async_trait;
use tertulia_domain::session::Session;
use tertulia_domain::{Code, Refusal, SessionId, Timestamp, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::store::Sessions;
use tertulia_ports::store::sessions::{NewSession, Rotation};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::Db;
use crate::rows::{get, id, maybe_time, need_user, time};
use crate::sql::{Ran, Tx, all, exec, is_there, one, single};

#[async_trait]
impl Sessions for Db {
    async fn create(&self, session: NewSession) -> StoreResult<()> {
        self.write(|db| create(db, &session)).await
    }

    async fn rotate(
        &self,
        used_hash: [u8; 32],
        successor_hash: [u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
        grace_ms: i64,
    ) -> StoreResult<Rotation> {
        self.write(|db| rotate(db, used_hash, successor_hash, now, expires_at, grace_ms)).await
    }

    async fn list(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
        const SQL: &str = "SELECT id, device_name, created_at, last_used_at FROM sessions
            WHERE user_id = $1 AND NOT revoked AND expires_at > $2 ORDER BY last_used_at DESC, number DESC";
        self.glance(async |db| all(&db, SQL, &[&user.0, &now.as_millis()], session).await).await
    }

    async fn revoke(&self, user: UserId, session: SessionId) -> StoreResult<bool> {
        const SQL: &str = "UPDATE sessions SET revoked = true WHERE id = $1 AND NOT revoked AND user_id = $2";
        self.write(async |db| Ok(exec(&db, SQL, &[&session.0, &user.0]).await? > 0)).await
    }

    async fn revoke_all(&self, user: UserId, keep: Option<SessionId>) -> StoreResult<Vec<SessionId>> {
        const SQL: &str = "UPDATE sessions SET revoked = true WHERE user_id = $1 AND NOT revoked AND id IS DISTINCT FROM $2 RETURNING id";
        let keep: Option<Uuid> = keep.map(|session| session.0);
        self.write(async |db| all(&db, SQL, &[&user.0, &keep], |row| id(row, 0)).await).await
    }

    async fn is_live(&self, user: UserId, session: SessionId) -> StoreResult<bool> {
        const SQL: &str = "SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id
            WHERE s.id = $1 AND s.user_id = $2 AND NOT s.revoked AND NOT u.disabled";
        self.glance(async |db| is_there(&db, SQL, &[&session.0, &user.0]).await).await
    }

    async fn live(&self, sessions: &[(UserId, SessionId)]) -> StoreResult<Vec<(UserId, SessionId)>> {
        const SQL: &str = "SELECT s.user_id, s.id FROM unnest($1::uuid[], $2::uuid[]) AS asked(user_id, id)
            JOIN sessions s ON s.id = asked.id AND s.user_id = asked.user_id JOIN users u ON u.id = s.user_id
            WHERE NOT s.revoked AND NOT u.disabled";
        let (users, ids): (Vec<Uuid>, Vec<Uuid>) = sessions.iter().map(|(user, session)| (user.0, session.0)).unzip();
        self.glance(async |db| all(&db, SQL, &[&users, &ids], |row| Ok((id(row, 0)?, id(row, 1)?))).await).await
    }

    async fn secret(&self, name: &str, fresh: Vec<u8>) -> StoreResult<Vec<u8>> {
        self.write(async |db| {
            exec(&db, "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", &[&name, &fresh]).await?;
            single(&db, "SELECT value FROM secrets WHERE name = $1", &[&name], |row| get(row, 0)).await
        })
        .await
    }
}

fn session(row: &Row) -> Ran<Session> {
    Ok(Session { id: id(row, 0)?, device_name: get(row, 1)?, current: false, created_at: time(row, 2)?, last_used_at: time(row, 3)? })
}

async fn create(db: Tx, session: &NewSession) -> Ran<()> {
    const SQL: &str =
        "INSERT INTO sessions (id, user_id, device_name, created_at, last_used_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)";
    need_user(&db, session.user_id).await?;
    if is_there(&db, "SELECT 1 FROM sessions WHERE id = $1", &[&session.id.0]).await? {
        return Err(Refusal::new(Code::Conflict, "the session exists already").into());
    }
    let (at, expires_at) = (session.at.as_millis(), session.expires_at.as_millis());
    exec(&db, SQL, &[&session.id.0, &session.user_id.0, &session.device_name, &at, &expires_at]).await?;
    issue(&db, session.id, session.refresh_hash, session.expires_at).await
}

/// A refresh token, and the session that it belongs to.
struct Token {
    session_id: SessionId,
    user_id: UserId,
    used_at: Option<Timestamp>,
}

async fn rotate(
    db: Tx,
    used_hash: [u8; 32],
    successor_hash: [u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
    grace_ms: i64,
) -> Ran<Rotation> {
    let Some(token) = live_token(&db, used_hash, now).await? else { return Ok(Rotation::Unknown) };
    let Token { session_id, user_id, used_at } = token;
    if used_at.is_some_and(|used_at| now.millis_since(used_at) > grace_ms) {
        exec(&db, "UPDATE sessions SET revoked = true WHERE id = $1", &[&session_id.0]).await?;
        return Ok(Rotation::Reused { session_id, user_id });
    }
    if used_at.is_none() {
        let now = now.as_millis();
        exec(&db, "UPDATE tokens SET used_at = $1 WHERE hash = $2", &[&now, &used_hash.as_slice()]).await?;
        exec(&db, "DELETE FROM tokens WHERE session = $1 AND expires_at <= $2", &[&session_id.0, &now]).await?;
        let change = "UPDATE sessions SET last_used_at = $1, expires_at = $2 WHERE id = $3";
        exec(&db, change, &[&now, &expires_at.as_millis(), &session_id.0]).await?;
    }
    issue(&db, session_id, successor_hash, expires_at).await?;
    Ok(Rotation::Rotated { session_id, user_id })
}

/// Locked, so that a token that comes twice at once is used by one and found used by the other.
async fn live_token(db: &Tx, hash: [u8; 32], now: Timestamp) -> Ran<Option<Token>> {
    const SQL: &str = "SELECT s.id, s.user_id, t.used_at FROM tokens t JOIN sessions s ON s.id = t.session JOIN users u ON u.id = s.user_id
        WHERE t.hash = $1 AND t.expires_at > $2 AND NOT s.revoked AND NOT u.disabled FOR UPDATE OF t, s";
    one(db, SQL, &[&hash.as_slice(), &now.as_millis()], |row| {
        Ok(Token { session_id: id(row, 0)?, user_id: id(row, 1)?, used_at: maybe_time(row, 2)? })
    })
    .await
}

/// Known already where a retry asks for the same successor.
async fn issue(db: &Tx, session: SessionId, hash: [u8; 32], expires_at: Timestamp) -> Ran<()> {
    const SQL: &str = "INSERT INTO tokens (hash, session, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    exec(db, SQL, &[&hash.as_slice(), &session.0, &expires_at.as_millis()]).await?;
    Ok(())
}

//! Devices signed in, and the server's secrets.

use async_trait::async_trait;
use rusqlite::Connection;
use tertulia_domain::session::Session;
use tertulia_domain::{Code, Refusal, SessionId, Timestamp, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::store::Sessions;
use tertulia_ports::store::sessions::{NewSession, Rotation};

use crate::db::Db;
use crate::rows::{RowNo, first, id, maybe_time, need_user, time};
use crate::sql::{Ran, all, exec, insert, one, single};

#[async_trait]
impl Sessions for Db {
    async fn create(&self, session: NewSession) -> StoreResult<()> {
        self.write(move |db| create(db, &session)).await
    }

    async fn rotate(
        &self,
        used_hash: [u8; 32],
        successor_hash: [u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
        grace_ms: i64,
    ) -> StoreResult<Rotation> {
        self.write(move |db| rotate(db, used_hash, successor_hash, now, expires_at, grace_ms)).await
    }

    async fn list(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
        const SQL: &str = "SELECT s.id, s.device_name, s.created_at, s.last_used_at FROM users u JOIN sessions s ON s.user = u.row
            WHERE u.id = ? AND NOT s.revoked AND s.expires_at > ? ORDER BY s.last_used_at DESC, s.row DESC";
        let session = |row: &rusqlite::Row<'_>| {
            Ok(Session {
                id: id(row, 0)?,
                device_name: row.get(1)?,
                current: false,
                created_at: time(row, 2)?,
                last_used_at: time(row, 3)?,
            })
        };
        self.read(move |db| all(db, SQL, (user.as_bytes(), now.as_millis()), session)).await
    }

    async fn revoke(&self, user: UserId, session: SessionId) -> StoreResult<bool> {
        const SQL: &str = "UPDATE sessions SET revoked = 1 WHERE id = ? AND NOT revoked AND user = (SELECT row FROM users WHERE id = ?)";
        self.write(move |db| Ok(exec(db, SQL, (session.as_bytes(), user.as_bytes()))? > 0)).await
    }

    async fn revoke_all(&self, user: UserId, keep: Option<SessionId>) -> StoreResult<Vec<SessionId>> {
        const SQL: &str = "UPDATE sessions SET revoked = 1 WHERE user = (SELECT row FROM users WHERE id = ?) AND NOT revoked AND id IS NOT ? RETURNING id";
        self.write(move |db| all(db, SQL, (user.as_bytes(), keep.as_ref().map(SessionId::as_bytes)), |row| id(row, 0))).await
    }

    async fn is_live(&self, user: UserId, session: SessionId) -> StoreResult<bool> {
        self.read(move |db| is_live(db, user, session)).await
    }

    async fn live(&self, sessions: &[(UserId, SessionId)]) -> StoreResult<Vec<(UserId, SessionId)>> {
        let mut sessions = sessions.to_owned();
        self.read(move |db| {
            let mut live = Vec::with_capacity(sessions.len());
            for (user, session) in sessions.drain(..) {
                if is_live(db, user, session)? {
                    live.push((user, session));
                }
            }
            Ok(live)
        })
        .await
    }

    async fn secret(&self, name: &str, fresh: Vec<u8>) -> StoreResult<Vec<u8>> {
        let name = name.to_owned();
        self.write(move |db| {
            exec(db, "INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)", (&name, fresh))?;
            single(db, "SELECT value FROM secrets WHERE name = ?", [&name], first)
        })
        .await
    }
}

fn is_live(db: &Connection, user: UserId, session: SessionId) -> Ran<bool> {
    const SQL: &str =
        "SELECT 1 FROM sessions s JOIN users u ON u.row = s.user WHERE s.id = ? AND u.id = ? AND NOT s.revoked AND NOT u.disabled";
    Ok(one(db, SQL, (session.as_bytes(), user.as_bytes()), first::<i64>)?.is_some())
}

fn create(db: &Connection, session: &NewSession) -> Ran<()> {
    let user = need_user(db, session.user_id)?;
    if one(db, "SELECT 1 FROM sessions WHERE id = ?", [session.id.as_bytes()], first::<i64>)?.is_some() {
        return Err(Refusal::new(Code::Conflict, "the session exists already").into());
    }
    let at = session.at.as_millis();
    let row = insert(
        db,
        "INSERT INTO sessions (id, user, device_name, created_at, last_used_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (session.id.as_bytes(), user, &session.device_name, at, at, session.expires_at.as_millis()),
    )?;
    issue(db, row, session.refresh_hash, session.expires_at)
}

/// A refresh token, and the session that it belongs to.
struct Token {
    session: RowNo,
    session_id: SessionId,
    user_id: UserId,
    used_at: Option<Timestamp>,
}

fn rotate(
    db: &Connection,
    used_hash: [u8; 32],
    successor_hash: [u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
    grace_ms: i64,
) -> Ran<Rotation> {
    let Some(token) = live_token(db, used_hash, now)? else { return Ok(Rotation::Unknown) };
    let Token { session, session_id, user_id, used_at } = token;
    if used_at.is_some_and(|used_at| now.millis_since(used_at) > grace_ms) {
        exec(db, "UPDATE sessions SET revoked = 1 WHERE row = ?", [session])?;
        return Ok(Rotation::Reused { session_id, user_id });
    }
    if used_at.is_none() {
        exec(db, "UPDATE tokens SET used_at = ? WHERE hash = ?", (now.as_millis(), used_hash))?;
        exec(db, "DELETE FROM tokens WHERE session = ? AND expires_at <= ?", (session, now.as_millis()))?;
        let change = (now.as_millis(), expires_at.as_millis(), session);
        exec(db, "UPDATE sessions SET last_used_at = ?, expires_at = ? WHERE row = ?", change)?;
    }
    issue(db, session, successor_hash, expires_at)?;
    Ok(Rotation::Rotated { session_id, user_id })
}

fn live_token(db: &Connection, hash: [u8; 32], now: Timestamp) -> Ran<Option<Token>> {
    const SQL: &str =
        "SELECT s.row, s.id, u.id, t.used_at FROM tokens t JOIN sessions s ON s.row = t.session JOIN users u ON u.row = s.user
        WHERE t.hash = ? AND t.expires_at > ? AND NOT s.revoked AND NOT u.disabled";
    one(db, SQL, (hash, now.as_millis()), |row| {
        Ok(Token { session: row.get(0)?, session_id: id(row, 1)?, user_id: id(row, 2)?, used_at: maybe_time(row, 3)? })
    })
}

/// Known already where a retry asks for the same successor.
fn issue(db: &Connection, session: RowNo, hash: [u8; 32], expires_at: Timestamp) -> Ran<()> {
    exec(db, "INSERT OR IGNORE INTO tokens (hash, session, expires_at) VALUES (?, ?, ?)", (hash, session, expires_at.as_millis()))?;
    Ok(())
}

//! New accounts.

use rusqlite::Connection;
use tertulia_domain::{Code, Refusal, User, UserId};
use tertulia_ports::store::users::{Admission, NewUser, Registered};

use crate::rows::{RowNo, first, id};
use crate::sql::{Ran, insert, one};
use crate::workspaces::invites;

pub(super) fn register(db: &Connection, user: &NewUser, admission: Admission) -> Ran<Registered> {
    let invite = match admission {
        Admission::Open => None,
        Admission::First if any(db)? => return Err(Refusal::new(Code::Conflict, "the first account exists already").into()),
        Admission::First => None,
        Admission::Invite(token_hash) => Some(invites::usable(db, &token_hash, user.at)?),
    };
    if named(db, &user.username)?.is_some() {
        return Err(Refusal::new(Code::Conflict, "the name is taken").into());
    }
    let row = add(db, user)?;
    let joined = invite.map(|invite| invites::spend(db, &invite, row, user.at)).transpose()?;
    Ok(Registered { user: account(user), joined })
}

/// An author of imported messages: made, or found by name.
pub(super) fn import(db: &Connection, user: &NewUser) -> Ran<UserId> {
    match named(db, &user.username)? {
        Some(id) => Ok(id),
        None => add(db, user).map(|_| user.id),
    }
}

/// Whether an account exists that can sign in.
pub(super) fn any(db: &Connection) -> Ran<bool> {
    Ok(one(db, "SELECT 1 FROM users WHERE password_hash IS NOT NULL LIMIT 1", [], first::<i64>)?.is_some())
}

fn named(db: &Connection, username: &str) -> Ran<Option<UserId>> {
    one(db, "SELECT id FROM users WHERE username = ?", [username], |row| id(row, 0))
}

fn add(db: &Connection, user: &NewUser) -> Ran<RowNo> {
    let name_key = user.display_name.to_lowercase();
    insert(
        db,
        "INSERT INTO users (id, username, display_name, name_key, email, password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (user.id.as_bytes(), &user.username, &user.display_name, name_key, &user.email, &user.password_hash, user.at.as_millis()),
    )
}

fn account(user: &NewUser) -> User {
    User {
        id: user.id,
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        avatar_url: None,
        imported: user.password_hash.is_none(),
        created_at: user.at,
    }
}

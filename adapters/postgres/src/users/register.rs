//! New accounts.

use tertulia_domain::{Code, Refusal, User, UserId};
use tertulia_ports::store::users::{Admission, NewUser, Registered};

use crate::rows::id;
use crate::sql::{Ran, Tx, exec, is_there, one, single};
use crate::workspaces::invites;

pub(super) async fn register(db: Tx, user: &NewUser, admission: Admission) -> Ran<Registered> {
    let invite = match admission {
        Admission::Open => None,
        Admission::First => {
            // Two that come first wait for each other.
            single(&db, "SELECT pg_advisory_xact_lock(hashtext('tertulia first ' || current_schema()))", &[], |_| Ok(())).await?;
            if any(&db).await? {
                return Err(Refusal::new(Code::Conflict, "the first account exists already").into());
            }
            None
        }
        Admission::Invite(token_hash) => Some(invites::usable(&db, &token_hash, user.at, true).await?),
    };
    if named(&db, &user.username).await?.is_some() {
        return Err(Refusal::new(Code::Conflict, "the name is taken").into());
    }
    add(&db, user).await?;
    let joined = match invite {
        Some(invite) => Some(invites::spend(&db, &invite, user.id, user.at).await?),
        None => None,
    };
    Ok(Registered { user: account(user), joined })
}

/// Authors of imported messages: made, or found by name.
pub(super) async fn import(db: Tx, users: &[NewUser]) -> Ran<Vec<UserId>> {
    let mut ids = Vec::with_capacity(users.len());
    for user in users {
        match named(&db, &user.username).await? {
            Some(id) => ids.push(id),
            None => {
                add(&db, user).await?;
                ids.push(user.id);
            }
        }
    }
    Ok(ids)
}

/// Whether an account exists that can sign in.
pub(super) async fn any(db: &Tx) -> Ran<bool> {
    is_there(db, "SELECT 1 FROM users WHERE password_hash IS NOT NULL LIMIT 1", &[]).await
}

async fn named(db: &Tx, username: &str) -> Ran<Option<UserId>> {
    one(db, "SELECT id FROM users WHERE username = $1", &[&username], |row| id(row, 0)).await
}

async fn add(db: &Tx, user: &NewUser) -> Ran<()> {
    const SQL: &str = "INSERT INTO users (id, username, display_name, name_key, email, password_hash, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (name_key, at) = (user.display_name.to_lowercase(), user.at.as_millis());
    exec(db, SQL, &[&user.id.0, &user.username, &user.display_name, &name_key, &user.email, &user.password_hash, &at]).await?;
    Ok(())
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

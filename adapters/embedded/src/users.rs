//! Accounts.

mod find;
mod register;

use async_trait::async_trait;
use rusqlite::Connection;
use tertulia_domain::{ConversationId, User, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::store::Users;
use tertulia_ports::store::users::{Admission, Credentials, NewUser, Registered, UserPatch};

use crate::db::Db;
use crate::rows::{self, USER_COLUMNS, missing, nonempty};
use crate::sql::{Ran, exec, one};

#[async_trait]
impl Users for Db {
    async fn register(&self, user: NewUser, admission: Admission) -> StoreResult<Registered> {
        self.write(move |db| register::register(db, &user, admission)).await
    }

    async fn import(&self, users: Vec<NewUser>) -> StoreResult<Vec<UserId>> {
        self.write(move |db| users.iter().map(|user| register::import(db, user)).collect()).await
    }

    async fn any(&self) -> StoreResult<bool> {
        self.read(register::any).await
    }

    async fn credentials_by_name(&self, username: &str) -> StoreResult<Option<Credentials>> {
        let username = username.to_owned();
        self.read(move |db| one(db, &credentials_sql("username"), [username], credentials)).await
    }

    async fn credentials(&self, id: UserId) -> StoreResult<Option<Credentials>> {
        self.read(move |db| one(db, &credentials_sql("id"), [id.as_bytes()], credentials)).await
    }

    async fn get_many(&self, ids: &[UserId]) -> StoreResult<Vec<User>> {
        let ids = ids.to_owned();
        self.read(move |db| ids.iter().filter_map(|id| get(db, *id).transpose()).collect()).await
    }

    async fn mentionable(&self, conversation: ConversationId, usernames: &[String]) -> StoreResult<Vec<UserId>> {
        let usernames = usernames.to_owned();
        self.read(move |db| find::mentionable(db, conversation, &usernames)).await
    }

    async fn search(&self, viewer: UserId, query: &str, limit: u32) -> StoreResult<Vec<User>> {
        let query = query.to_lowercase();
        self.read(move |db| find::search(db, viewer, &query, limit)).await
    }

    async fn update(&self, id: UserId, patch: UserPatch) -> StoreResult<User> {
        self.write(move |db| update(db, id, patch)).await
    }

    async fn set_password(&self, id: UserId, password_hash: String) -> StoreResult<()> {
        self.write(move |db| {
            let changed = exec(db, "UPDATE users SET password_hash = ? WHERE id = ?", (password_hash, id.as_bytes()))?;
            if changed == 0 { Err(missing()) } else { Ok(()) }
        })
        .await
    }

    async fn set_disabled(&self, id: UserId, disabled: bool) -> StoreResult<()> {
        self.write(move |db| {
            let changed = exec(db, "UPDATE users SET disabled = ? WHERE id = ?", (disabled, id.as_bytes()))?;
            if changed == 0 { Err(missing()) } else { Ok(()) }
        })
        .await
    }

    async fn profiles(&self, viewer: UserId, ids: &[UserId]) -> StoreResult<Vec<User>> {
        let ids = ids.to_vec();
        self.read(move |db| find::profiles(db, viewer, &ids)).await
    }

    async fn visible(&self, viewer: UserId, others: &[UserId]) -> StoreResult<Vec<UserId>> {
        let others = others.to_owned();
        self.read(move |db| find::visible(db, viewer, &others)).await
    }
}

fn credentials_sql(key: &str) -> String {
    format!("SELECT {USER_COLUMNS}, u.password_hash, u.disabled FROM users u WHERE u.{key} = ?")
}

fn credentials(row: &rusqlite::Row<'_>) -> rusqlite::Result<Credentials> {
    Ok(Credentials { user: rows::user(row, 0)?, password_hash: row.get(6)?, disabled: row.get(7)? })
}

pub(crate) fn get(db: &Connection, id: UserId) -> Ran<Option<User>> {
    one(db, &format!("SELECT {USER_COLUMNS} FROM users u WHERE u.id = ?"), [id.as_bytes()], |row| rows::user(row, 0))
}

fn update(db: &Connection, id: UserId, patch: UserPatch) -> Ran<User> {
    if let Some(name) = patch.display_name {
        let change = (name.as_str(), name.to_lowercase(), id.as_bytes());
        exec(db, "UPDATE users SET display_name = ?, name_key = ? WHERE id = ?", change)?;
    }
    if let Some(url) = patch.avatar_url {
        exec(db, "UPDATE users SET avatar_url = ? WHERE id = ?", (nonempty(url), id.as_bytes()))?;
    }
    get(db, id)?.ok_or_else(missing)
}

//! Accounts.

mod find;
mod register;

use async_trait::async_trait;
use tertulia_domain::{ConversationId, User, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::store::Users;
use tertulia_ports::store::users::{Admission, Credentials, NewUser, Registered, UserPatch};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::Db;
use crate::rows::{self, USER_COLUMNS, get, missing, nonempty};
use crate::sql::{Ran, Tx, all, exec, one};

#[async_trait]
impl Users for Db {
    async fn register(&self, user: NewUser, admission: Admission) -> StoreResult<Registered> {
        self.write(|db| register::register(db, &user, admission)).await
    }

    async fn import(&self, users: Vec<NewUser>) -> StoreResult<Vec<UserId>> {
        self.write(|db| register::import(db, &users)).await
    }

    async fn any(&self) -> StoreResult<bool> {
        self.glance(async |db| register::any(&db).await).await
    }

    async fn credentials_by_name(&self, username: &str) -> StoreResult<Option<Credentials>> {
        let sql = credentials_sql("username");
        self.glance(async |db| one(&db, &sql, &[&username], credentials).await).await
    }

    async fn credentials(&self, id: UserId) -> StoreResult<Option<Credentials>> {
        let sql = credentials_sql("id");
        self.glance(async |db| one(&db, &sql, &[&id.0], credentials).await).await
    }

    async fn get_many(&self, ids: &[UserId]) -> StoreResult<Vec<User>> {
        let sql = format!("SELECT {USER_COLUMNS} FROM users u WHERE u.id = ANY($1)");
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        self.glance(async |db| all(&db, &sql, &[&ids], |row| rows::user(row, 0)).await).await
    }

    async fn mentionable(&self, conversation: ConversationId, usernames: &[String]) -> StoreResult<Vec<UserId>> {
        self.glance(|db| find::mentionable(db, conversation, usernames)).await
    }

    async fn search(&self, viewer: UserId, query: &str, limit: u32) -> StoreResult<Vec<User>> {
        let query = query.to_lowercase();
        self.read_stale(|db| find::search(db, viewer, &query, limit)).await
    }

    async fn update(&self, id: UserId, patch: UserPatch) -> StoreResult<User> {
        self.write(|db| update(db, id, patch.clone())).await
    }

    async fn set_password(&self, id: UserId, password_hash: String) -> StoreResult<()> {
        const SQL: &str = "UPDATE users SET password_hash = $1 WHERE id = $2";
        let changed = self.write(async |db| exec(&db, SQL, &[&password_hash, &id.0]).await).await?;
        if changed == 0 { Err(crate::rows::not_found()) } else { Ok(()) }
    }

    async fn set_disabled(&self, id: UserId, disabled: bool) -> StoreResult<()> {
        const SQL: &str = "UPDATE users SET disabled = $1 WHERE id = $2";
        let changed = self.write(async |db| exec(&db, SQL, &[&disabled, &id.0]).await).await?;
        if changed == 0 { Err(crate::rows::not_found()) } else { Ok(()) }
    }

    async fn profiles(&self, viewer: UserId, ids: &[UserId]) -> StoreResult<Vec<User>> {
        self.glance(|db| find::profiles(db, viewer, ids)).await
    }

    async fn visible(&self, viewer: UserId, others: &[UserId]) -> StoreResult<Vec<UserId>> {
        self.glance(|db| find::visible(db, viewer, others)).await
    }
}

fn credentials_sql(key: &str) -> String {
    format!("SELECT {USER_COLUMNS}, u.password_hash, u.disabled FROM users u WHERE u.{key} = $1")
}

fn credentials(row: &Row) -> Ran<Credentials> {
    Ok(Credentials { user: rows::user(row, 0)?, password_hash: get(row, 6)?, disabled: get(row, 7)? })
}

async fn update(db: Tx, id: UserId, patch: UserPatch) -> Ran<User> {
    const SQL: &str = "UPDATE users SET display_name = coalesce($2, display_name), name_key = coalesce($3, name_key),
        avatar_url = CASE WHEN $4 THEN $5 ELSE avatar_url END WHERE id = $1";
    let name_key = patch.display_name.as_ref().map(|name| name.to_lowercase());
    let (touched, url) = (patch.avatar_url.is_some(), patch.avatar_url.and_then(nonempty));
    exec(&db, SQL, &[&id.0, &patch.display_name, &name_key, &touched, &url]).await?;
    let sql = format!("SELECT {USER_COLUMNS} FROM users u WHERE u.id = $1");
    one(&db, &sql, &[&id.0], |row| rows::user(row, 0)).await?.ok_or_else(missing)
}

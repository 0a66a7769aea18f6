//! The log of a conversation lies in two tables: `messages` holds its `message.new` events, `events` all
//! others. Together their `seq` is 1, 2, 3 … up to `conversations.head`.

mod check;
mod tail;

use async_trait::async_trait;
use tertulia_domain::access::Grant;
use tertulia_domain::{ConversationId, Seq};
use tertulia_ports::StoreResult;
use tertulia_ports::store::Log;
use tertulia_ports::store::log::{CheckReport, Tail};

use crate::db::Db;
use crate::rows::seq;
use crate::sql::one;

#[async_trait]
impl Log for Db {
    async fn tail(&self, grant: Grant, after: Seq, limit: u32) -> StoreResult<Tail> {
        self.read(move |db| tail::granted(db, grant, after, limit)).await
    }

    async fn repair(&self, id: ConversationId, after: Seq, limit: u32) -> StoreResult<Tail> {
        self.read(move |db| tail::repair(db, id, after, limit)).await
    }

    async fn heads(&self, ids: &[ConversationId]) -> StoreResult<Vec<(ConversationId, Seq)>> {
        let ids = ids.to_owned();
        self.read(move |db| {
            let head = |&id: &ConversationId| {
                one(db, "SELECT head FROM conversations WHERE id = ?", [id.as_bytes()], |row| Ok((id, seq(row, 0)?)))
            };
            ids.iter().filter_map(|id| head(id).transpose()).collect()
        })
        .await
    }

    async fn check(&self, progress: Box<dyn Fn(u64, u64) + Send + Sync>) -> StoreResult<CheckReport> {
        self.read(move |db| check::check(db, &*progress)).await
    }

    async fn health(&self) -> Result<(), String> {
        Db::health(self).await
    }
}

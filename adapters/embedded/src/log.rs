//! The log of a conversation lies in two tables: `messages` holds its `message.new` events, `events` all
//! others. Together their `seq` is 1, 2, 3 … up to `conversations.head`.

mod check;
mod tail;

use async_trait::async_trait;
use tertulia_domain::access::Grant;
use tertulia_domain::{ConversationId, Seq};
use tertulia_ports::StoreResult;
use tertulia_ports::store::Log;
use tertulia_ports::store::log::{CheckReport, Head, Tail};

use crate::db::Db;
use crate::rows::{count, seq};
use crate::sql::one;

#[async_trait]
impl Log for Db {
    async fn tail(&self, grant: Grant, after: Seq, limit: u32) -> StoreResult<Tail> {
        self.read(move |db| tail::granted(db, grant, after, limit)).await
    }

    async fn repair(&self, id: ConversationId, after: Seq, limit: u32) -> StoreResult<Tail> {
        self.read(move |db| tail::repair(db, id, after, limit)).await
    }

    async fn heads(&self, ids: &[ConversationId]) -> StoreResult<Vec<Head>> {
        let ids = ids.to_owned();
        self.read(move |db| {
            const SQL: &str = "SELECT head, member_count FROM conversations WHERE id = ?";
            let head = |&conversation_id: &ConversationId| {
                one(db, SQL, [conversation_id.as_bytes()], |row| {
                    Ok(Head { conversation_id, seq: seq(row, 0)?, member_count: count(row, 1)? })
                })
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

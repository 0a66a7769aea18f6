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
use uuid::Uuid;

use crate::conversations::head;
use crate::db::Db;
use crate::sql::all;

#[async_trait]
impl Log for Db {
    async fn tail(&self, grant: Grant, after: Seq, limit: u32) -> StoreResult<Tail> {
        self.read(|db| tail::granted(db, grant, after, limit)).await
    }

    async fn repair(&self, id: ConversationId, after: Seq, limit: u32) -> StoreResult<Tail> {
        self.read(|db| tail::repair(db, id, after, limit)).await
    }

    async fn heads(&self, ids: &[ConversationId]) -> StoreResult<Vec<Head>> {
        const SQL: &str = "SELECT c.id, c.head, c.member_count FROM unnest($1::uuid[]) WITH ORDINALITY AS asked(id, n)
            JOIN conversations c ON c.id = asked.id ORDER BY asked.n";
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        self.glance(async |db| all(&db, SQL, &[&ids], head).await).await
    }

    async fn check(&self, progress: Box<dyn Fn(u64, u64) + Send + Sync>) -> StoreResult<CheckReport> {
        self.read(|db| check::check(db, &*progress)).await
    }

    async fn health(&self) -> Result<(), String> {
        Db::health(self).await
    }
}

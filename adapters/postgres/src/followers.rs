//! How far what follows the logs has come.

use async_trait::async_trait;
use tertulia_domain::{ConversationId, Seq};
use tertulia_ports::StoreResult;
use tertulia_ports::store::Cursors;
use tertulia_ports::store::cursors::Behind;

use crate::db::Db;
use crate::rows::{id, seq, stored_seq};
use crate::sql::{all, exec, one};

#[async_trait]
impl Cursors for Db {
    async fn cursor(&self, follower: &str, conversation: ConversationId) -> StoreResult<Option<Seq>> {
        const SQL: &str = "SELECT seq FROM cursors WHERE follower = $1 AND conversation = $2";
        self.glance(async |db| one(&db, SQL, &[&follower, &conversation.0], |row| seq(row, 0)).await).await
    }

    async fn advance(&self, follower: &str, conversation: ConversationId, seq: Seq) -> StoreResult<()> {
        const SQL: &str = "INSERT INTO cursors (follower, conversation, seq) SELECT $1, id, $3 FROM conversations WHERE id = $2
            ON CONFLICT (follower, conversation) DO UPDATE SET seq = greatest(cursors.seq, excluded.seq)";
        self.write(async |db| exec(&db, SQL, &[&follower, &conversation.0, &stored_seq(seq)]).await.map(drop)).await
    }

    async fn behind(&self, follower: &str, limit: u32) -> StoreResult<Vec<Behind>> {
        const SQL: &str = "SELECT c.id, f.seq, c.head FROM cursors f JOIN conversations c ON c.id = f.conversation
            WHERE f.follower = $1 AND c.head > f.seq LIMIT $2";
        let limit = i64::from(limit);
        let behind = |row: &tokio_postgres::Row| Ok(Behind { conversation_id: id(row, 0)?, seq: seq(row, 1)?, head: seq(row, 2)? });
        self.glance(async |db| all(&db, SQL, &[&follower, &limit], behind).await).await
    }
}

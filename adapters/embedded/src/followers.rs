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
        const SQL: &str = "SELECT f.seq FROM conversations c JOIN cursors f ON f.conversation = c.row WHERE c.id = ? AND f.follower = ?";
        let follower = follower.to_owned();
        self.read(move |db| one(db, SQL, (conversation.as_bytes(), follower), |row| seq(row, 0))).await
    }

    async fn advance(&self, follower: &str, conversation: ConversationId, seq: Seq) -> StoreResult<()> {
        const SQL: &str = "INSERT INTO cursors (follower, conversation, seq) SELECT ?, row, ? FROM conversations WHERE id = ?
            ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)";
        let follower = follower.to_owned();
        self.write_patiently(move |db| exec(db, SQL, (follower, stored_seq(seq), conversation.as_bytes())).map(drop)).await
    }

    async fn behind(&self, follower: &str, limit: u32) -> StoreResult<Vec<Behind>> {
        const SQL: &str = "SELECT c.id, f.seq, c.head FROM cursors f JOIN conversations c ON c.row = f.conversation
            WHERE f.follower = ? AND c.head > f.seq LIMIT ?";
        let follower = follower.to_owned();
        self.read(move |db| {
            all(db, SQL, (follower, limit), |row| Ok(Behind { conversation_id: id(row, 0)?, seq: seq(row, 1)?, head: seq(row, 2)? }))
        })
        .await
    }
}

//! Watermarks.

pub(crate) mod unread;

use std::collections::HashMap;

use async_trait::async_trait;
use tertulia_domain::access::Grant;
use tertulia_domain::conversation::{Receipt, Unread};
use tertulia_domain::{ConversationId, Seq, Timestamp, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::bus::ReceiptKind;
use tertulia_ports::store::Receipts;
use tertulia_ports::store::receipts::{Badge, Marked, SyncState};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::conversations::membership;
use crate::db::Db;
use crate::rows::{Here, count, get, id, maybe_time, missing, seq, seq_of, stored_seq};
use crate::sql::{Ran, Tx, all, exec, one};

#[async_trait]
impl Receipts for Db {
    async fn mark(&self, grant: Grant, kind: ReceiptKind, seq: Seq, at: Timestamp) -> StoreResult<Marked> {
        self.write(|db| mark(db, grant, kind, seq, at)).await
    }

    async fn foresee(&self, grant: Grant, kind: ReceiptKind, seq: Seq) -> StoreResult<Marked> {
        self.read(|db| foresee(db, grant, kind, seq)).await
    }

    async fn mark_unread(&self, grant: Grant, seq: Seq) -> StoreResult<Marked> {
        self.write(|db| mark_unread(db, grant, seq)).await
    }

    async fn list(&self, grant: Grant, limit: u32) -> StoreResult<Vec<Receipt>> {
        self.read(|db| list(db, grant, limit)).await
    }

    async fn sync_states(&self, user: UserId) -> StoreResult<Vec<SyncState>> {
        self.read(|db| sync_states(db, user)).await
    }

    async fn badges(&self, asked: Vec<(ConversationId, Vec<UserId>)>, now: Timestamp) -> StoreResult<Vec<Badge>> {
        self.read(|db| badges(db, &asked, now)).await
    }
}

/// A member's watermarks, and where the log ends.
struct Position {
    conversation: ConversationId,
    user: UserId,
    head: i64,
    read: i64,
    delivered: i64,
}

/// `NOT_FOUND` where they are no member. `lock`: nobody else moves them until the transaction ends.
async fn position(db: &Tx, grant: Grant, lock: bool) -> Ran<Position> {
    let (conversation, user) = (grant.conversation(), grant.actor());
    let sql = format!(
        "SELECT c.head, m.read_seq, m.delivered_seq FROM members m JOIN conversations c ON c.id = m.conversation
         WHERE m.conversation = $1 AND m.user_id = $2{}",
        if lock { " FOR UPDATE OF m" } else { "" }
    );
    let found = one(db, &sql, &[&conversation.0, &user.0], |row| {
        Ok(Position { conversation, user, head: get(row, 0)?, read: get(row, 1)?, delivered: get(row, 2)? })
    })
    .await?;
    found.ok_or_else(missing)
}

async fn mark(db: Tx, grant: Grant, kind: ReceiptKind, seq: Seq, at: Timestamp) -> Ran<Marked> {
    const READ: &str = "UPDATE members SET read_seq = $3, read_at = $4,
        delivered_at = CASE WHEN delivered_seq < $3 THEN $4 ELSE delivered_at END, delivered_seq = greatest(delivered_seq, $3)
        WHERE conversation = $1 AND user_id = $2";
    const DELIVERED: &str = "UPDATE members SET delivered_seq = $3, delivered_at = $4 WHERE conversation = $1 AND user_id = $2";
    let here = position(&db, grant, true).await?;
    let wanted = stored_seq(seq).min(here.head);
    let (before, sql) = match kind {
        ReceiptKind::Read => (here.read, READ),
        ReceiptKind::Delivered => (here.delivered, DELIVERED),
    };
    let moved = wanted > before;
    if moved {
        exec(&db, sql, &[&here.conversation.0, &here.user.0, &wanted, &at.as_millis()]).await?;
    }
    let read = if kind == ReceiptKind::Read { here.read.max(wanted) } else { here.read };
    marked(&db, &here, before.max(wanted), read, moved).await
}

async fn foresee(db: Tx, grant: Grant, kind: ReceiptKind, seq: Seq) -> Ran<Marked> {
    let here = position(&db, grant, false).await?;
    let wanted = stored_seq(seq).min(here.head);
    match kind {
        ReceiptKind::Read => marked(&db, &here, here.read.max(wanted), here.read.max(wanted), false).await,
        ReceiptKind::Delivered => marked(&db, &here, here.delivered.max(wanted), here.read, false).await,
    }
}

async fn mark_unread(db: Tx, grant: Grant, seq: Seq) -> Ran<Marked> {
    const SQL: &str = "UPDATE members SET read_seq = $3 WHERE conversation = $1 AND user_id = $2";
    let here = position(&db, grant, true).await?;
    let wanted = stored_seq(seq);
    let moved = wanted < here.read;
    if moved {
        exec(&db, SQL, &[&here.conversation.0, &here.user.0, &wanted]).await?;
    }
    let read = here.read.min(wanted);
    marked(&db, &here, read, read, moved).await
}

async fn marked(db: &Tx, here: &Position, watermark: i64, read: i64, moved: bool) -> Ran<Marked> {
    let unread = if read >= here.head {
        Unread::default()
    } else {
        unread::counts(db, &[(here.conversation, here.user, seq_of(read)?)]).await?.pop().unwrap_or_default()
    };
    Ok(Marked { seq: seq_of(watermark)?, moved, unread })
}

async fn list(db: Tx, grant: Grant, limit: u32) -> Ran<Vec<Receipt>> {
    const SQL: &str = "SELECT user_id, delivered_seq, read_seq, delivered_at, read_at FROM members
        WHERE conversation = $1 ORDER BY user_id LIMIT $2";
    let here = Here::look(&db, grant).await?;
    all(&db, SQL, &[&here.id.0, &i64::from(limit)], receipt).await
}

fn receipt(row: &Row) -> Ran<Receipt> {
    Ok(Receipt {
        user_id: id(row, 0)?,
        delivered_seq: seq(row, 1)?,
        read_seq: seq(row, 2)?,
        delivered_at: maybe_time(row, 3)?,
        read_at: maybe_time(row, 4)?,
    })
}

async fn sync_states(db: Tx, user: UserId) -> Ran<Vec<SyncState>> {
    const SQL: &str =
        "SELECT c.id, c.head, c.epoch, c.member_count, m.role, m.read_seq, m.delivered_seq, m.notification_level, m.muted_until,
        m.pinned, m.joined_at FROM members m JOIN conversations c ON c.id = m.conversation WHERE m.user_id = $1";
    let mut states = all(&db, SQL, &[&user.0], |row| {
        Ok(SyncState {
            conversation_id: id(row, 0)?,
            head: seq(row, 1)?,
            epoch: get(row, 2)?,
            member_count: count(row, 3)?,
            membership: membership(row, 4)?.ok_or_else(missing)?,
            unread: Unread::default(),
        })
    })
    .await?;
    let mut behind: Vec<&mut SyncState> = states.iter_mut().filter(|state| state.membership.read_seq < state.head).collect();
    let asked: Vec<_> = behind.iter().map(|state| (state.conversation_id, user, state.membership.read_seq)).collect();
    for (state, unread) in behind.iter_mut().zip(unread::counts(&db, &asked).await?) {
        state.unread = unread;
    }
    Ok(states)
}

/// Users who are no members are left out.
async fn badges(db: Tx, asked: &[(ConversationId, Vec<UserId>)], now: Timestamp) -> Ran<Vec<Badge>> {
    const SQL: &str =
        "SELECT w.conversation, w.user_id, m.read_seq FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS w(conversation, user_id, n)
        JOIN members m ON m.conversation = w.conversation AND m.user_id = w.user_id ORDER BY w.n";
    let pairs = asked.iter().flat_map(|(id, users)| users.iter().map(|user| (id.0, user.0)));
    let (conversations, users): (Vec<Uuid>, Vec<Uuid>) = pairs.unzip();
    let members: Vec<(ConversationId, UserId, Seq)> =
        all(&db, SQL, &[&conversations, &users], |row| Ok((id(row, 0)?, id(row, 1)?, seq(row, 2)?))).await?;
    // Who is asked for in many conversations has one total.
    let mut people: Vec<UserId> = members.iter().map(|(_, user, _)| *user).collect();
    people.sort_unstable();
    people.dedup();
    let counts = unread::counts(&db, &members).await?;
    let totals: HashMap<UserId, u32> = people.iter().copied().zip(unread::totals(&db, &people, now).await?).collect();
    let badge = |((conversation_id, user_id, read_seq), unread)| {
        let total_unread = totals.get(&user_id).copied().unwrap_or_default();
        Badge { conversation_id, user_id, read_seq, unread, total_unread }
    };
    Ok(members.into_iter().zip(counts).map(badge).collect())
}

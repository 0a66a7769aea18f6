//! Watermarks.

pub(crate) mod unread;

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::{Connection, Row};
use tertulia_domain::access::Grant;
use tertulia_domain::conversation::{Receipt, Unread};
use tertulia_domain::{ConversationId, Seq, Timestamp, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::bus::ReceiptKind;
use tertulia_ports::store::Receipts;
use tertulia_ports::store::receipts::{Badge, Marked, SyncState};

use crate::conversations::membership;
use crate::db::Db;
use crate::rows::{Here, RowNo, count, id, maybe_time, missing, seq, stored_seq, user_row};
use crate::sql::{Ran, all, exec, one};
use unread::Counts;

#[async_trait]
impl Receipts for Db {
    async fn mark(&self, grant: Grant, kind: ReceiptKind, seq: Seq, at: Timestamp) -> StoreResult<Marked> {
        self.write_patiently(move |db| mark(db, grant, kind, seq, at)).await
    }

    async fn foresee(&self, grant: Grant, kind: ReceiptKind, seq: Seq) -> StoreResult<Marked> {
        self.read(move |db| foresee(db, grant, kind, seq)).await
    }

    async fn mark_unread(&self, grant: Grant, seq: Seq) -> StoreResult<Marked> {
        self.write(move |db| mark_unread(db, grant, seq)).await
    }

    async fn list(&self, grant: Grant, limit: u32) -> StoreResult<Vec<Receipt>> {
        self.read(move |db| list(db, grant, limit)).await
    }

    async fn sync_states(&self, user: UserId) -> StoreResult<Vec<SyncState>> {
        self.read(move |db| sync_states(db, user)).await
    }

    async fn badges(&self, asked: Vec<(ConversationId, Vec<UserId>)>, now: Timestamp) -> StoreResult<Vec<Badge>> {
        self.read(move |db| badges(db, &asked, now)).await
    }
}

/// The actor's read and delivered watermarks. `NOT_FOUND` where they are no member.
fn watermarks(db: &Connection, here: &Here) -> Ran<(i64, i64)> {
    const SQL: &str = "SELECT read_seq, delivered_seq FROM members WHERE conversation = ? AND user = ?";
    one(db, SQL, (here.row, here.actor), |row| Ok((row.get(0)?, row.get(1)?)))?.ok_or_else(missing)
}

fn mark(db: &Connection, grant: Grant, kind: ReceiptKind, seq: Seq, at: Timestamp) -> Ran<Marked> {
    const READ: &str = "UPDATE members SET read_seq = ?3, read_at = ?4,
        delivered_at = iif(delivered_seq < ?3, ?4, delivered_at), delivered_seq = max(delivered_seq, ?3) WHERE conversation = ?1 AND user = ?2";
    const DELIVERED: &str = "UPDATE members SET delivered_seq = ?3, delivered_at = ?4 WHERE conversation = ?1 AND user = ?2";
    let here = Here::enter(db, grant)?;
    let (read, delivered) = watermarks(db, &here)?;
    let wanted = stored_seq(seq).min(here.head);
    let (before, sql) = match kind {
        ReceiptKind::Read => (read, READ),
        ReceiptKind::Delivered => (delivered, DELIVERED),
    };
    let moved = wanted > before;
    if moved {
        exec(db, sql, (here.row, here.actor, wanted, at.as_millis()))?;
    }
    let read = if kind == ReceiptKind::Read { read.max(wanted) } else { read };
    marked(db, &here, before.max(wanted), read, moved)
}

fn foresee(db: &Connection, grant: Grant, kind: ReceiptKind, seq: Seq) -> Ran<Marked> {
    let here = Here::enter(db, grant)?;
    let (read, delivered) = watermarks(db, &here)?;
    let wanted = stored_seq(seq).min(here.head);
    match kind {
        ReceiptKind::Read => marked(db, &here, read.max(wanted), read.max(wanted), false),
        ReceiptKind::Delivered => marked(db, &here, delivered.max(wanted), read, false),
    }
}

fn mark_unread(db: &Connection, grant: Grant, seq: Seq) -> Ran<Marked> {
    let here = Here::enter(db, grant)?;
    let (read, _) = watermarks(db, &here)?;
    let wanted = stored_seq(seq);
    let moved = wanted < read;
    if moved {
        exec(db, "UPDATE members SET read_seq = ? WHERE conversation = ? AND user = ?", (wanted, here.row, here.actor))?;
    }
    marked(db, &here, read.min(wanted), read.min(wanted), moved)
}

fn marked(db: &Connection, here: &Here, watermark: i64, read: i64, moved: bool) -> Ran<Marked> {
    let seq_of = |number: i64| Seq::try_from(number).unwrap_or_default();
    let unread = if read >= here.head { Unread::default() } else { unread::count(db, here.row, here.actor, seq_of(read))? };
    Ok(Marked { seq: seq_of(watermark), moved, unread })
}

fn list(db: &Connection, grant: Grant, limit: u32) -> Ran<Vec<Receipt>> {
    const SQL: &str = "SELECT u.id, m.delivered_seq, m.read_seq, m.delivered_at, m.read_at FROM members m JOIN users u ON u.row = m.user
        WHERE m.conversation = ? ORDER BY u.id LIMIT ?";
    let here = Here::enter(db, grant)?;
    all(db, SQL, (here.row, limit), receipt)
}

fn receipt(row: &Row<'_>) -> rusqlite::Result<Receipt> {
    Ok(Receipt {
        user_id: id(row, 0)?,
        delivered_seq: seq(row, 1)?,
        read_seq: seq(row, 2)?,
        delivered_at: maybe_time(row, 3)?,
        read_at: maybe_time(row, 4)?,
    })
}

fn sync_states(db: &Connection, user: UserId) -> Ran<Vec<SyncState>> {
    const SQL: &str = "SELECT c.row, c.id, c.head, c.epoch, c.member_count FROM members m JOIN conversations c ON c.row = m.conversation WHERE m.user = ?";
    let Some(user) = user_row(db, user)? else { return Ok(Vec::new()) };
    let mut states = Vec::new();
    let mine = all(db, SQL, [user], |row| {
        let row_no: RowNo = row.get(0)?;
        Ok((row_no, id(row, 1)?, seq(row, 2)?, row.get(3)?, count(row, 4)?))
    })?;
    for (row, conversation_id, head, epoch, member_count) in mine {
        let membership = membership(db, row, user)?.ok_or_else(missing)?;
        let unread = if membership.read_seq >= head { Unread::default() } else { unread::count(db, row, user, membership.read_seq)? };
        states.push(SyncState { conversation_id, head, epoch, member_count, membership, unread });
    }
    Ok(states)
}

/// Users who are no members are left out.
fn badges(db: &Connection, asked: &[(ConversationId, Vec<UserId>)], now: Timestamp) -> Ran<Vec<Badge>> {
    const MEMBER: &str = "SELECT c.row, m.user, m.read_seq FROM conversations c, users u, members m
        WHERE c.id = ? AND u.id = ? AND m.conversation = c.row AND m.user = u.row";
    let mut members = Vec::new();
    let mut counts = Counts::default();
    for (id, user_id) in asked.iter().flat_map(|(id, users)| users.iter().map(|user| (*id, *user))) {
        let found = one(db, MEMBER, (id.as_bytes(), user_id.as_bytes()), |row| Ok((row.get(0)?, row.get(1)?, seq(row, 2)?)))?;
        if let Some((conversation, user, read_seq)) = found {
            counts.expect(conversation, read_seq);
            members.push((id, user_id, conversation, user, read_seq));
        }
    }
    counts.read(db)?;
    // Who is asked for in many conversations has one total.
    let mut totals: HashMap<RowNo, u32> = HashMap::new();
    let badge = |(conversation_id, user_id, conversation, user, read_seq)| {
        let unread = counts.unread(db, conversation, user, read_seq)?;
        let total_unread = match totals.get(&user) {
            Some(total) => *total,
            None => *totals.entry(user).or_insert(counts.total(db, user, now)?),
        };
        Ok(Badge { conversation_id, user_id, read_seq, unread, total_unread })
    };
    members.into_iter().map(badge).collect()
}

//! Pages of messages. Which rows are on a page is found by an index; then each row is read once.

use rusqlite::{Connection, Params};
use tertulia_domain::access::Grant;
use tertulia_domain::message::MessageVersion;
use tertulia_domain::{ConversationId, Message, MessageId, Seq, Timestamp, UserId};
use tertulia_ports::store::messages::{Located, MessageWindow, Window};
use tertulia_ports::store::{Page, PageRequest};

use super::load;
use crate::rows::{Here, RowNo, first, id, stored_seq, time, user_row};
use crate::sql::{Fault, Ran, all, one};
use tertulia_ports::store::PageCursors;

pub(super) fn find(db: &Connection, id: MessageId, viewer: UserId) -> Ran<Option<Located>> {
    let Some(row) = one(db, "SELECT row FROM messages WHERE id = ?", [id.as_bytes()], first)? else { return Ok(None) };
    let message = load::full(db, row, user_row(db, viewer)?)?;
    Ok(Some(Located { conversation_id: message.conversation_id, message }))
}

const BEFORE: &str = "SELECT row FROM messages INDEXED BY messages_by_seq WHERE conversation = ? AND seq < ? AND thread_root IS NULL ORDER BY seq DESC LIMIT ?";
const FROM: &str =
    "SELECT row FROM messages INDEXED BY messages_by_seq WHERE conversation = ? AND seq >= ? AND thread_root IS NULL ORDER BY seq LIMIT ?";

pub(super) fn window(db: &Connection, grant: Grant, window: Window, limit: u32) -> Ran<MessageWindow> {
    let here = Here::enter(db, grant)?;
    let limit = limit.clamp(1, 200);
    let (before, from) = match window {
        Window::Latest => (Some((Seq::MAX, limit)), None),
        Window::Before(seq) => (Some((seq, limit)), None),
        Window::After(seq) => (None, Some((seq.saturating_add(1), limit))),
        Window::Around(seq) => (Some((seq, limit / 2)), Some((seq, limit - limit / 2))),
    };
    // Asked for or not, one row on each side tells whether there is more.
    let pivot_before = before.or(from.map(|(seq, _)| (seq, 0))).unwrap_or_default();
    let pivot_from = from.or(before.map(|(seq, _)| (seq, 0))).unwrap_or_default();
    let (mut rows, has_older) = side(db, BEFORE, &here, pivot_before)?;
    rows.reverse();
    let (newer, has_newer) = side(db, FROM, &here, pivot_from)?;
    rows.extend(newer);
    let items = load::all_full(db, &rows, here.actor)?;
    Ok(MessageWindow { items, has_older, has_newer, head: here.seq()?, epoch: here.epoch })
}

/// Up to `limit` rows on one side of a `seq`, and whether there are more.
fn side(db: &Connection, sql: &str, here: &Here, (seq, limit): (Seq, u32)) -> Ran<(Vec<RowNo>, bool)> {
    let mut rows = all(db, sql, (here.row, stored_seq(seq), limit + 1), first)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok((rows, more))
}

/// By halves in the order of `seq`: where a clock went back, it is one of the places that the time could mean.
pub(super) fn seq_at(db: &Connection, grant: Grant, at: Timestamp) -> Ran<Option<Seq>> {
    const NEXT: &str = "SELECT seq, created_at FROM messages INDEXED BY messages_by_seq
        WHERE conversation = ? AND seq >= ? AND thread_root IS NULL ORDER BY seq LIMIT 1";
    let here = Here::enter(db, grant)?;
    let (mut from, mut until, mut found) = (1, here.head, None);
    while from <= until {
        let middle = from + (until - from) / 2;
        match one(db, NEXT, (here.row, middle), |row| Ok((row.get::<_, i64>(0)?, time(row, 1)?)))? {
            Some((seq, created)) if created < at => from = seq + 1,
            next => {
                found = next.map(|(seq, _)| seq).or(found);
                until = middle - 1;
            }
        }
    }
    found.map(|seq| Seq::try_from(seq).map_err(|_| Fault::Broken(format!("a message {seq} in {}", here.id)))).transpose()
}

pub(super) fn thread(db: &Connection, cursors: PageCursors, grant: Grant, root: MessageId, page: &PageRequest) -> Ran<Page<Message>> {
    const SQL: &str = "SELECT row, seq FROM messages WHERE thread_root = ? AND seq > ? ORDER BY seq LIMIT ?";
    let here = Here::enter(db, grant)?;
    let root_row = load::target(db, &here, root)?.row;
    let name = format!("thread {root}");
    let after: i64 = cursors.open(&name, page.cursor.as_deref())?.unwrap_or_default();
    let limit = page.limit.clamp(1, 200);
    let found = all(db, SQL, (root_row, after, limit + 1), |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    let rows = cursors.page::<RowNo, _>(&name, found, limit)?;
    Ok(Page { items: load::all_full(db, &rows.items, here.actor)?, next_cursor: rows.next_cursor })
}

pub(super) fn pins(db: &Connection, grant: Grant) -> Ran<Vec<Message>> {
    const SQL: &str = "SELECT row FROM messages WHERE conversation = ? AND pinned_at IS NOT NULL ORDER BY pinned_at DESC, seq DESC";
    let here = Here::enter(db, grant)?;
    load_rows(db, SQL, [here.row], here.actor)
}

fn load_rows(db: &Connection, sql: &str, params: impl Params, viewer: RowNo) -> Ran<Vec<Message>> {
    load::all_full(db, &all(db, sql, params, first)?, viewer)
}

pub(super) fn versions(db: &Connection, grant: Grant, id: MessageId) -> Ran<Vec<MessageVersion>> {
    let here = Here::enter(db, grant)?;
    let row = load::target(db, &here, id)?.row;
    let found = all(db, "SELECT content, at FROM versions WHERE message = ? ORDER BY number", [row], |row| {
        Ok((row.get::<_, String>(0)?, time(row, 1)?))
    })?;
    found
        .into_iter()
        .map(|(content, at)| Ok(MessageVersion { content: serde_json::from_str(&content).map_err(Fault::from)?, at }))
        .collect()
}

pub(super) fn expired(db: &Connection, now: Timestamp, limit: u32) -> Ran<Vec<(ConversationId, UserId, MessageId)>> {
    const SQL: &str =
        "SELECT c.id, u.id, m.id FROM messages m JOIN conversations c ON c.row = m.conversation JOIN users u ON u.row = m.sender
        WHERE m.expires_at <= ? AND m.deleted_at IS NULL ORDER BY m.expires_at LIMIT ?";
    all(db, SQL, (now.as_millis(), limit), |row| Ok((id(row, 0)?, id(row, 1)?, id(row, 2)?)))
}

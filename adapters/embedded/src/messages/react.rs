//! Emoji under messages.

use rusqlite::Connection;
use tertulia_domain::access::Grant;
use tertulia_domain::event::{EventBody, MessageReaction};
use tertulia_domain::message::{REACTIONS_PER_MESSAGE_MAX, Toggle};
use tertulia_domain::{Event, MessageId, Refusal, Timestamp};

use super::load;
use crate::rows::{Here, RowNo, count, first};
use crate::sql::{Ran, exec, insert, one, single};

pub(super) fn react(db: &Connection, grant: Grant, id: MessageId, emoji: String, action: Toggle, at: Timestamp) -> Ran<Option<Event>> {
    let mut here = Here::enter(db, grant)?;
    let message = load::live_target(db, &here, id)?.row;
    let changed = match action {
        Toggle::Add => put_on(db, message, here.actor, &emoji)?,
        Toggle::Remove => {
            exec(db, "DELETE FROM reactions WHERE message = ? AND emoji = ? AND user = ?", (message, &emoji, here.actor))? > 0
        }
    };
    if !changed {
        return Ok(None);
    }
    let count = single(db, "SELECT count(*) FROM reactions WHERE message = ? AND emoji = ?", (message, &emoji), |row| count(row, 0))?;
    here.record(db, Some(message), at, EventBody::MessageReaction(MessageReaction { message_id: id, emoji, action, count })).map(Some)
}

/// False where it was there.
fn put_on(db: &Connection, message: RowNo, user: RowNo, emoji: &str) -> Ran<bool> {
    if one(db, "SELECT 1 FROM reactions WHERE message = ? AND emoji = ? AND user = ?", (message, emoji, user), first::<i64>)?.is_some() {
        return Ok(false);
    }
    let place = one(db, "SELECT place FROM reactions WHERE message = ? AND emoji = ?", (message, emoji), first::<RowNo>)?;
    if place.is_none() {
        check_room(db, message)?;
    }
    let row = insert(
        db,
        "INSERT INTO reactions (message, emoji, user, place) VALUES (?, ?, ?, ?)",
        (message, emoji, user, place.unwrap_or_default()),
    )?;
    if place.is_none() {
        exec(db, "UPDATE reactions SET place = row WHERE row = ?", [row])?;
    }
    Ok(true)
}

fn check_room(db: &Connection, message: RowNo) -> Ran<()> {
    let emoji: usize = single(db, "SELECT count(DISTINCT emoji) FROM reactions WHERE message = ?", [message], |row| count(row, 0))?;
    if emoji < REACTIONS_PER_MESSAGE_MAX {
        return Ok(());
    }
    let max = u64::try_from(REACTIONS_PER_MESSAGE_MAX).unwrap_or(u64::MAX);
    Err(Refusal::limit(max, format!("at most {max} different emoji")).into())
}

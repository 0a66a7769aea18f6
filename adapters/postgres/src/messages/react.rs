//! Emoji under messages.

use tertulia_domain::access::Grant;
use tertulia_domain::event::{EventBody, MessageReaction};
use tertulia_domain::message::{REACTIONS_PER_MESSAGE_MAX, Toggle};
use tertulia_domain::{Event, MessageId, Refusal, Timestamp};

use super::load;
use crate::rows::{Here, count, get};
use crate::sql::{Ran, Tx, exec, is_there, one, single};

pub(super) async fn react(db: Tx, grant: Grant, id: MessageId, emoji: &str, action: Toggle, at: Timestamp) -> Ran<Option<Event>> {
    const OFF: &str = "DELETE FROM reactions WHERE conversation = $1 AND seq = $2 AND emoji = $3 AND user_id = $4";
    const COUNT: &str = "SELECT count(*) FROM reactions WHERE conversation = $1 AND seq = $2 AND emoji = $3";
    let mut here = Here::enter(&db, grant).await?;
    let seq = load::live_target(&db, &here, id).await?.seq;
    let changed = match action {
        Toggle::Add => put_on(&db, &here, seq, emoji).await?,
        Toggle::Remove => exec(&db, OFF, &[&here.id.0, &seq, &emoji, &here.actor.0]).await? > 0,
    };
    if !changed {
        return Ok(None);
    }
    let count = single(&db, COUNT, &[&here.id.0, &seq, &emoji], |row| count(row, 0)).await?;
    let body = MessageReaction { message_id: id, emoji: emoji.to_owned(), action, count };
    here.record(&db, Some(seq), at, EventBody::MessageReaction(body)).await.map(Some)
}

/// False where it was there.
async fn put_on(db: &Tx, here: &Here, seq: i64, emoji: &str) -> Ran<bool> {
    const THERE: &str = "SELECT 1 FROM reactions WHERE conversation = $1 AND seq = $2 AND emoji = $3 AND user_id = $4";
    const PLACE: &str = "SELECT place FROM reactions WHERE conversation = $1 AND seq = $2 AND emoji = $3 LIMIT 1";
    const ON: &str = "INSERT INTO reactions (conversation, seq, emoji, user_id, since, place) VALUES ($1, $2, $3, $4, $5, $6)";
    let conversation = here.id.0;
    if is_there(db, THERE, &[&conversation, &seq, &emoji, &here.actor.0]).await? {
        return Ok(false);
    }
    let place = one(db, PLACE, &[&conversation, &seq, &emoji], |row| get::<i64>(row, 0)).await?;
    if place.is_none() {
        check_room(db, here, seq).await?;
    }
    // The event that tells of it comes next.
    let since = here.head + 1;
    exec(db, ON, &[&conversation, &seq, &emoji, &here.actor.0, &since, &place.unwrap_or(since)]).await?;
    Ok(true)
}

async fn check_room(db: &Tx, here: &Here, seq: i64) -> Ran<()> {
    const SQL: &str = "SELECT count(DISTINCT emoji) FROM reactions WHERE conversation = $1 AND seq = $2";
    let emoji: usize = single(db, SQL, &[&here.id.0, &seq], |row| count(row, 0)).await?;
    if emoji < REACTIONS_PER_MESSAGE_MAX {
        return Ok(());
    }
    let max = u64::try_from(REACTIONS_PER_MESSAGE_MAX).unwrap_or(u64::MAX);
    Err(Refusal::limit(max, format!("at most {max} different emoji")).into())
}
